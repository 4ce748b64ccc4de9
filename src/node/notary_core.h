/* notary_core.h - what the files of the notary share. Private to them. */
#pragma once

#include <yyjson.h>

#include "node/notary.h"

struct Notary {
    char *node;      /* the node's directory */
    char *directory; /* of the keys */
    Writer *writer;
    Store *store;
    GMutex changing;          /* one change of keys at a time */
    GMutex lock;              /* guards what follows */
    Keyring *keyring;         /* NULL: there are no keys */
    const char *origin;       /* of the ledger; interned */
    const NoteSigner *staged; /* a ledger key that may be announced by now */
};

/* Sets @error and returns FALSE. */
gboolean notary_core_no_keys(GError **error);

/* The key files follow the ledger. Only that of @wanted must be the present one, the others may be
 * missing; KEYRING_ROLES: all must. */
gboolean notary_core_settle(Notary *notary, KeyringRole wanted, GError **error);

G_STATIC_ASSERT((int)LEDGER_KEY == KEYRING_LEDGER && (int)LEDGER_COSIGN_KEY == KEYRING_COSIGN &&
                (int)LEDGER_RECOVERY_KEY == KEYRING_RECOVERY);

/* The same; whatever is wrong with a key is told by what needs it: the node reads and serves
 * without. */
void notary_core_settle_quietly(Notary *notary);

/* From now on @keyring, of which it takes ownership, signs. */
void notary_core_take_keyring(Notary *notary, Keyring *keyring);

/* An entry on its way to the writer. */
typedef struct {
    Opening *opening;
    LedgerEntry entry;
    LedgerItem *items;
    guint64 index; /* when it is appended */
} NotaryAppend;

void notary_core_append_clear(NotaryAppend *append);

/* Builds the opening, of now and of this ledger unless @spec names another origin. */
gboolean notary_core_begin(Notary *notary, const OpeningSpec *spec, NotaryAppend *ret_append,
                           GError **error);

/* A WriterApply: appends a NotaryAppend to the ledger that its opening is of. */
gboolean notary_core_apply_append(StoreTx *tx, gpointer append, GError **error);

/* Keys as they stand in a header and at /ledger/keys. */
void notary_core_add_keys(yyjson_mut_doc *doc, yyjson_mut_val *root,
                          const char *const vkeys[LEDGER_KEYS]);
