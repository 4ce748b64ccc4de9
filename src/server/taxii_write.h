/* taxii_write.h - what changes a collection: adding objects and taking them out (TAXII 2.1 sections
 * 5.5, 5.7). Both run on a worker and are answered when they are durable. */
#pragma once

#include "server/api.h"

/* 202 with the status resource, finished already: each object of the envelope is read and checked
 * by itself, and what is good is stored whatever its neighbours are. */
Reply *taxii_write_add(ApiCall *call, GError **error);

Reply *taxii_write_remove(ApiCall *call, GError **error);
