/* gossip.h - telling peers which trees others' ledgers have shown here, and comparing what they
 * tell (docs/protocol.md, "What is asked: follow"): who shows different ledgers to different peers
 * is found out as soon as two of them talk.
 *
 * Told is the newest verified checkpoint of each peer, with its own signatures, once after it
 * changed; heard is what is signed by the ledger of a peer of ours. Of the same size another root
 * convicts; a larger tree than the peer shows here is remembered, until it shows one as large. The
 * memory is that of the process: after a restart all is told once more. Any thread may call. */
#pragma once

#include "store/writer.h"

#define GOSSIP_AT_ONCE     8
#define GOSSIP_INTERVAL_US (G_GINT64_CONSTANT(600) * G_USEC_PER_SEC) /* to one peer */
#define GOSSIP_NOTE_MAX    4096                                      /* bytes */

typedef struct Gossip Gossip;

Gossip *gossip_new(void);
void gossip_free(Gossip *gossip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Gossip, gossip_free)

/* The checkpoints to tell the peer @to at @now (monotonic, microseconds): signed notes,
 * NULL-terminated, caller frees. NULL without @error: none. They count as told, until
 * gossip_untold() says that they did not arrive. */
char **gossip_tell(Gossip *gossip, Store *store, const char *to, gint64 now, GError **error);
void gossip_untold(Gossip *gossip, const char *to);

/* What the peer @from told: @notes may be NULL, hostile, or of ledgers that nobody here knows. A
 * peer that is convicted by one is followed no further (peers_set_fork()), and both checkpoints are
 * kept as evidence. Returns how many were convicted; FALSE only when the store fails. */
gboolean gossip_hear(Gossip *gossip, Store *store, Writer *writer, const char *from,
                     const char *const *notes, guint *ret_convicted, GError **error);

/* The largest tree of the ledger @origin that others were shown, 0: none larger than what it showed
 * here; *ret_from (caller frees, may be NULL) is who told. */
guint64 gossip_expected(Gossip *gossip, const char *origin, char **ret_from);

/* The ledger @origin shows a tree of @size entries here. */
void gossip_shown(Gossip *gossip, const char *origin, guint64 size);
