/* exchange_peering.h - POST /exchange/v1/peering: the steps of peerings, from anybody
 * (docs/protocol.md, "Peering"). What counts is who signed the step; the request itself may be
 * signed, and then is answered with this node's own step. */
#pragma once

#include "server/api.h"

Reply *exchange_peering_post(ApiCall *call, GError **error);
