/* docket_post.h - posting events to peers whose peering is suspended, and taking those that they
 * post: of the procedures that go on then (dossier/procedure.h). */
#pragma once

#include "node/notary.h"

/* In the transaction that commits an event of @dossier told to the nodes @told: to those whose
 * peering is suspended a post waits in the outbox, with what they were told in the dossier; nothing
 * for the others, nor of a procedure that waits as all else does. */
gboolean docket_post_queue(StoreTx *tx, const char *dossier, char **told, GError **error);

/* Takes the events of a post of the peer @node, and lets machines do what follows.
 * CONCERT_ERROR_INPUT or _LIMIT says what is wrong with the post, _DENIED that it has what waits
 * until the peering is resumed: then nothing of it is taken; _CONFLICT what was wrong with one of
 * the events, when the others are kept. */
gboolean docket_post_take(Notary *notary, const char *node, const char *body, gsize length,
                          GError **error);
