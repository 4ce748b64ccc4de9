/* ledger_read.h - the node's ledger as readers see it: state, entries and their openings, tiles,
 * proofs. Each call reads one committed moment. */
#pragma once

#include "ledger/tile.h"
#include "store/ledger.h"

typedef struct {
    char *origin;
    guint64 size; /* entries */
    MerkleHash root;
    char *checkpoint; /* the newest, a signed note; NULL while the ledger is empty */
    gboolean held;    /* nothing is signed: see ledger_hold() */
    char *keys[LEDGER_KEYS];
} LedgerReadState;

void ledger_read_state_clear(LedgerReadState *state);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerReadState, ledger_read_state_clear)

/* Fails with CONCERT_ERROR_NOT_FOUND when the node has no ledger. */
gboolean ledger_read_state(Store *store, LedgerReadState *ret_state, GError **error);

/* An item of an entry; both NULL when it was erased. */
typedef struct {
    GBytes *nonce, *bytes;
} LedgerReadItem;

/* An entry and what is left of its opening. */
typedef struct {
    guint64 index;
    guint8 entry[LEDGER_ENTRY_SIZE];
    GBytes *nonce;    /* NULL: erased */
    char *header;     /* NULL: erased */
    gboolean is_lost; /* of what is not here: nobody erased it, a restore did not bring it back */
    LedgerReadItem *items;
    guint n_items;
} LedgerReadEntry;

void ledger_read_entry_free(LedgerReadEntry *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerReadEntry, ledger_read_entry_free)

/* Entry @index; its items only when @with_items. CONCERT_ERROR_NOT_FOUND when there is none. */
LedgerReadEntry *ledger_read_entry(Store *store, guint64 index, gboolean with_items,
                                   GError **error);

/* The bytes of a tile (hashes or entries) at the width asked for. CONCERT_ERROR_NOT_FOUND when the
 * ledger has not come that far. */
GBytes *ledger_read_tile(Store *store, const Tile *tile, GError **error);

/* Proofs in the tree as it was at @size (@new_size). CONCERT_ERROR_INPUT when it was never that
 * large. */
gboolean ledger_read_inclusion(Store *store, guint64 index, guint64 size, MerkleProof *ret_proof,
                               GError **error);
gboolean ledger_read_consistency(Store *store, guint64 old_size, guint64 new_size,
                                 MerkleProof *ret_proof, GError **error);

/* The root of the tree as it was at @size. */
gboolean ledger_read_root(Store *store, guint64 size, MerkleHash *ret_root, GError **error);

/* The right edge of the tree as it was at @from, and the leaf hashes from there to before @end:
 * whoever has them can go on from any size between. Elements: MerkleHash. Caller unrefs. */
GArray *ledger_read_leaves(Store *store, guint64 from, guint64 end, MerkleFrontier *ret_frontier,
                           GError **error);

/* The checkpoint that was the newest at the last full hour before @now, or of a ledger that was not
 * there then the first: what the ledger's outsiders may see. CONCERT_ERROR_NOT_FOUND when there is
 * none yet. Caller frees. */
char *ledger_read_hourly(Store *store, gint64 now, GError **error);

/* The state and the key changes, see below, of one moment. */
gboolean ledger_read_history(Store *store, LedgerReadState *ret_state, char ***ret_changes,
                             GError **error);

/* The first @max indexes, from @from to before @end, of entries whose opening is there and may be
 * meant for everybody: no other is, but the header decides. Elements: guint64. Caller unrefs. */
GArray *ledger_read_public(Store *store, guint64 from, guint64 end, guint max, GError **error);

/* The ledger's key changes, signed notes, oldest first; NULL-terminated. Caller frees. */
char **ledger_read_key_changes(Store *store, GError **error);
