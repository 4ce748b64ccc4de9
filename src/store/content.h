/* content.h - what a reader that keeps something made from all objects of a store has to know: the
 * secret to make it with, and whether the objects are still the same. */
#pragma once

#include "store/store.h"

#define CONTENT_SECRET 32

/* A secret for @purpose: the same for the store's whole life, and known to nobody else. */
gboolean content_secret(Store *store, const char *purpose, guint8 ret_secret[CONTENT_SECRET],
                        GError **error);

/* A text that is another one when any object was stored, adopted, taken back or has expired, or
 * has joined or left a collection, since. Cheap, whatever the store holds. Caller frees; NULL on
 * failure. */
char *content_state(Store *store, GError **error);
