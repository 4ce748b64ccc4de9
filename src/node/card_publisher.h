/* card_publisher.h - the node's own card: put together of its settings, keys and certificate, and
 * published as an entry of the ledger whenever it would say something new. */
#pragma once

#include "node/config.h"
#include "node/notary.h"

/* Publishes a card if what it would say differs from the newest one, or, with @force, in any case.
 * *ret_published (may be NULL) says whether it did. Errors name the setting that is wrong; those of
 * notary_append() and of keys that are locked. */
gboolean card_publisher_update(Notary *notary, gboolean force, gboolean *ret_published,
                               GError **error);

/* The same if the node publishes its card by itself: once it has published one, or [card] url is
 * set. */
gboolean card_publisher_refresh(Notary *notary, gboolean *ret_published, GError **error);

/* The newest card, signed JSON, published now if there is none. Caller frees. */
char *card_publisher_get(Notary *notary, GError **error);
