/* ledger.h - the node's ledger in the store, as the writer grows it.
 *
 * Entries are appended inside the transaction of a batch. Before the batch is committed it is
 * sealed: the tree is extended, its tiles and its root are worked out, and one checkpoint is signed
 * for all that the batch brought. So whoever is told that an entry is durable finds it integrated
 * under a signed checkpoint, and a signature leaves the writer only after the commit: two trees of
 * one size are never signed, whatever crashes.
 *
 * Reading is in ledger_read.h; what an entry is in docs/protocol.md. */
#pragma once

#include "ledger/merkle.h"
#include "store/store.h"

#define LEDGER_ENTRY_SIZE 33 /* version byte and commitment */
#define LEDGER_NONCE_SIZE 32
#define LEDGER_ITEMS_MAX  4096

/* An item as it is to be kept. */
typedef struct {
    const guint8 *nonce; /* LEDGER_NONCE_SIZE bytes; NULL: the item was erased */
    const void *bytes;
    gsize length;
} LedgerItem;

/* An entry with its opening. All it points to must live until the request is done. */
typedef struct {
    const guint8 *entry; /* LEDGER_ENTRY_SIZE bytes */
    const guint8
        *nonce; /* LEDGER_NONCE_SIZE bytes; NULL: the opening is lost, see ledger_regain() */
    const char *header;
    gsize header_length;
    const LedgerItem *items;
    guint n_items;
    gboolean is_public;          /* who it is for: everybody, or */
    const char *const *audience; /* origins, NULL-terminated; NULL: nobody */
} LedgerEntry;

/* The node's public keys, as verifier keys (vkeys) in text. */
typedef enum { LEDGER_KEY, LEDGER_COSIGN_KEY, LEDGER_RECOVERY_KEY, LEDGER_KEYS } LedgerKey;

/* Signs the checkpoint of a tree of @size entries with the key whose vkey is @vkey: a signed note,
 * or NULL with @error. Called on the writer's thread inside a transaction that may yet fail;
 * nothing may be told to anybody. */
typedef char *(*LedgerSign)(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                            GError **error);

/* Makes the empty ledger of that origin. Fails with CONCERT_ERROR_CONFLICT when there is one. */
gboolean ledger_create(StoreTx *tx, const char *origin, const char *const vkeys[LEDGER_KEYS],
                       GError **error);

/* The ledger as this transaction has it: the origin (valid until the next call that changes the
 * ledger) and how many entries there are. CONCERT_ERROR_NOT_FOUND when there is no ledger. */
gboolean ledger_look(StoreTx *tx, const char **ret_origin, guint64 *ret_size, GError **error);

/* The present key, as ledger_look(). NULL with @error. */
const char *ledger_key(StoreTx *tx, LedgerKey key, GError **error);

/* Keeps the key change @note, which entry @index announces; from now on @vkey is the present one.
 */
gboolean ledger_change_key(StoreTx *tx, guint64 index, LedgerKey key, const char *vkey,
                           const char *note, GError **error);

/* Appends an entry; *ret_index is its index. Fails with CONCERT_ERROR_NOT_FOUND when there is no
 * ledger, CONCERT_ERROR_CONFLICT while it is held. */
gboolean ledger_append(StoreTx *tx, const LedgerEntry *entry, guint64 *ret_index, GError **error);

/* Destroys the opening of an entry, or of it only the items whose places are given; the pages they
 * stood on are overwritten. Fails with CONCERT_ERROR_NOT_FOUND when there is no such entry or item.
 * What is erased already stays so: *ret_erased says whether anything was. The caller appends the
 * entry that says it. */
gboolean ledger_erase(StoreTx *tx, guint64 index, const guint *places, guint n_places,
                      gboolean *ret_erased, GError **error);

/* A held ledger signs nothing: after a restore, until it is known how far it had come. */
gboolean ledger_hold(StoreTx *tx, gboolean held, GError **error);

/* Appends to a held ledger an entry that it had before, got back from elsewhere; an opening that is
 * not to be had is lost, which is told apart from erased. ledger_adopt() must follow in the same
 * transaction. CONCERT_ERROR_CONFLICT when the ledger is not held. */
gboolean ledger_regain(StoreTx *tx, const LedgerEntry *entry, guint64 *ret_index, GError **error);

/* Integrates what was regained under @checkpoint: a note that the ledger's key has signed before,
 * as the caller has verified, on @size entries with the root @root. Signs nothing.
 * CONCERT_ERROR_CONFLICT when the entries do not lead there. */
gboolean ledger_adopt(StoreTx *tx, const char *checkpoint, guint64 size, const MerkleHash *root,
                      GError **error);

/* Puts a new, empty ledger of another origin in the place of a held one, of which nothing stays,
 * what witnesses said of it included. CONCERT_ERROR_CONFLICT when it is not held. */
gboolean ledger_replace(StoreTx *tx, const char *origin, const char *const vkeys[LEDGER_KEYS],
                        GError **error);

/* Integrates what the transaction appended and signs it. @sign may be NULL as long as nothing was
 * appended. Called by the writer before each commit. */
gboolean ledger_seal(StoreTx *tx, LedgerSign sign, gpointer user, GError **error);
