/* docket_relay.h - events for nodes that their author is no peer of.
 *
 * An event names whom its author could not send it to ("untold"). Every participant that gets it
 * and is a peer of these sends it on, as it is: it is signed, so it does not matter who brings it.
 * With it goes the card of who made it, once to each: the peer that brings a card vouches for it
 * (store/introductions.h). The files that they name follow (node/attachment_sender.h). */
#pragma once

#include "node/notary.h"

/* The cards (GBytes) of those of @authors (names of nodes) that are peers of this node and that
 * some of @told have not got from here yet; remembers that they have. Caller frees. */
GPtrArray *docket_relay_cards(StoreTx *tx, const GPtrArray *authors, char **told, GError **error);

/* Adds @bytes (GBytes, which outlive them) as items of @type to @items (OpeningItemSpec). */
void docket_relay_items(const GPtrArray *bytes, const char *type, GArray *items);

/* Sends on what is to be sent on. On any thread but the writer's. Returns how many were. */
guint docket_relay_run(Notary *notary);
