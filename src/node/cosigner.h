/* cosigner.h - gets the node's ledger cosigned by its witnesses (c2sp.org/tlog-witness).
 *
 * A thread watches the ledger, and each witness is asked on another, so that a slow one holds up
 * nobody. A witness is asked when the ledger has grown since its cosignature, once an hour anyway,
 * and never more often than [ledger] cosign_ask_interval; after a failure with growing patience.
 * What it says is kept by store/witness.h.
 *
 * A witness that has cosigned more entries than the ledger has says that the ledger was rolled
 * back: the ledger is held then (store/ledger.h), and nothing is signed until a person has looked.
 */
#pragma once

#include "node/config.h"
#include "store/witness.h"
#include "store/writer.h"

typedef struct Cosigner Cosigner;

/* What is wrong with a witness, on a thread of its own; @message NULL: all is well again. Told when
 * it changes. */
typedef void (*CosignerTell)(const char *witness, const char *message, gpointer user);

/* Starts asking. @config, @store and @writer must outlive it. CONCERT_ERROR_INPUT when [ledger]
 * policy is no policy. */
Cosigner *cosigner_start(const Config *config, Store *store, Writer *writer, CosignerTell tell,
                         gpointer user, GError **error);

/* Waits for requests that are under way, at most some seconds, and forgets those that are not. */
void cosigner_stop(Cosigner *cosigner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cosigner, cosigner_stop)

/* Asks one witness now, on this thread, whatever has been before: *asked is brought up to date and
 * kept. *ret_wait is for how many seconds it wants to be left alone; 0: it did not say. FALSE only
 * when the store fails. */
gboolean cosigner_ask(const Config *config, Store *store, Writer *writer, const Quorum *policy,
                      WitnessAsked *asked, guint *ret_wait, GError **error);
