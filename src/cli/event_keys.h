/* event_keys.h - the keys that verify events, as this node knows them. */
#pragma once

#include "dossier/event.h"
#include "node/node.h"

/* The vkeys of the message keys that the authors of @events (elements: const Event *) have or had:
 * those of this node's own cards, of the cards of its peers, and of
 * those that peers introduced. Sorted, NULL-terminated; caller
 * frees. */
char **event_keys_known(Node *node, const GPtrArray *events, GError **error);
