#include "node/audit.h"

#include <string.h>

#include "ledger/keychange.h"
#include "store/openings.h"

#define PROGRESS_EVERY 4096 /* entries */

typedef struct {
    Store *store;
    LedgerReadState state; /* when the audit began */
    AuditReport report;
    MerkleFrontier frontier;
    GByteArray *leaves;     /* hashes of the tile being read */
    GHashTable *said;       /* indices that entries say were erased, whole or in part */
    GHashTable *found;      /* indices of which something is erased */
    GHashTable *lost;       /* indices of which nobody here can tell */
    GPtrArray *key_changes; /* notes, as the entries have them */
    KeyHistory *history;    /* NULL: the first entry does not tell the keys */
} Audit;

void audit_report_clear(AuditReport *report)
{
    g_clear_pointer(&report->problems, g_ptr_array_unref);
}

static void problem(Audit *audit, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(Audit *audit, const char *format, ...)
{
    if (audit->report.problems->len >= AUDIT_PROBLEMS_MAX) {
        audit->report.gave_up = TRUE;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(audit->report.problems, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static guint64 *new_index(guint64 index)
{
    return g_memdup2(&index, sizeof index);
}

/* The keys that all others lead back to. */
static void read_opened(Audit *audit, yyjson_val *header)
{
    static const char *const names[LEDGER_KEYS] = {"ledger", "cosign", "recovery"};
    NoteVerifier *keys[LEDGER_KEYS] = {NULL};
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < LEDGER_KEYS && !error; i++) {
        const char *vkey = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(header, "keys"), names[i]));
        keys[i] = note_verifier_parse(vkey ? vkey : "", &error);
    }
    if (!error)
        audit->history = keychange_history_new(keys[LEDGER_KEY], keys[LEDGER_COSIGN_KEY],
                                               keys[LEDGER_RECOVERY_KEY], &error);
    if (!audit->history)
        problem(audit, "entry 0: the keys of \"ledger.opened\": %s", error->message);
    for (guint i = 0; i < LEDGER_KEYS; i++)
        note_verifier_free(keys[i]);
}

static void read_change(Audit *audit, guint64 index, yyjson_val *header)
{
    g_autoptr(GError) error = NULL;
    const char *note = yyjson_get_str(yyjson_obj_get(header, "change"));
    g_autoptr(KeyChange) change = note ? keychange_parse(note, strlen(note), &error) : NULL;
    audit->report.key_changes++;
    if (note)
        g_ptr_array_add(audit->key_changes, g_strdup(note));
    if (!change || (audit->history && !keychange_history_add(audit->history, change, NULL, &error)))
        problem(audit, "entry %" G_GUINT64_FORMAT ": key change: %s", index,
                error ? error->message : "there is none in it");
}

/* What an entry of that kind says about others. */
static void read_kind(Audit *audit, guint64 index, const Opening *opening)
{
    yyjson_doc *doc = opening_header(opening);
    yyjson_val *header = yyjson_doc_get_root(doc);
    gboolean opens = g_str_equal(opening->kind, "ledger.opened");
    if (opens != (index == 0))
        problem(audit, "entry %" G_GUINT64_FORMAT ": %s", index,
                opens ? "\"ledger.opened\" is the first entry's alone"
                      : "the first entry must be \"ledger.opened\"");
    if (opens && index == 0)
        read_opened(audit, header);
    else if (g_str_equal(opening->kind, "key.changed"))
        read_change(audit, index, header);
    else if (g_str_equal(opening->kind, "opening.erased"))
        g_hash_table_add(audit->said, new_index(yyjson_get_uint(yyjson_obj_get(header, "erased"))));
    yyjson_doc_free(doc);
}

static void count_items(Audit *audit, guint64 index, const Opening *opening)
{
    gboolean erased = opening->is_erased;
    audit->report.items += opening->n_items;
    for (guint i = 0; i < opening->n_items; i++) {
        if (opening->items[i].state != OPENING_ERASED)
            continue;
        audit->report.items_erased++;
        erased = TRUE;
    }
    if (erased)
        g_hash_table_add(audit->found, new_index(index));
}

static gboolean read_entry(Audit *audit, guint64 index, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(LedgerReadEntry) entry = ledger_read_entry(audit->store, index, FALSE, error);
    if (!entry)
        return FALSE;
    MerkleHash leaf;
    merkle_leaf_hash(entry->entry, LEDGER_ENTRY_SIZE, &leaf);
    merkle_frontier_append(&audit->frontier, &leaf);
    g_byte_array_append(audit->leaves, leaf.bytes, SHA256_SIZE);
    audit->report.entries++;

    g_autoptr(Opening) opening = openings_read(audit->store, index, &local);
    if (opening)
        opening_verify(opening, audit->state.origin, entry->entry, LEDGER_ENTRY_SIZE, &local);
    if (local) {
        problem(audit, "entry %" G_GUINT64_FORMAT ": %s", index, local->message);
        return TRUE;
    }
    if (opening->is_lost) {
        audit->report.lost++;
        g_hash_table_add(audit->lost, new_index(index));
        return TRUE;
    }
    count_items(audit, index, opening);
    if (opening->is_erased) {
        audit->report.erased++;
    } else {
        audit->report.opened++;
        read_kind(audit, index, opening);
    }
    return TRUE;
}

/* A stored tile must have the hashes that the level below gives. */
static void check_tile(Audit *audit, const Tile *tile, const guint8 *expected)
{
    char path[TILE_PATH_MAX];
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = ledger_read_tile(audit->store, tile, &error);
    if (!bytes) {
        problem(audit, "%s: %s", tile_path(tile, path), error->message);
        return;
    }
    const guint8 *hashes = g_bytes_get_data(bytes, NULL);
    for (guint i = 0; i < tile->width; i++) {
        if (memcmp(hashes + i * SHA256_SIZE, expected + i * SHA256_SIZE, SHA256_SIZE) != 0) {
            problem(audit, "%s: hash %u is not that of what it stands for", tile_path(tile, path),
                    i);
            return;
        }
    }
}

/* The hashes of a level, each the root of a full tile of the level below. */
static GByteArray *next_level(Audit *audit, guint level, guint64 count, GError **error)
{
    g_autoptr(GByteArray) hashes = g_byte_array_new();
    for (guint64 i = 0; i < count; i++) {
        const Tile tile = {.level = level, .index = i, .width = TILE_WIDTH};
        g_autoptr(GBytes) bytes = ledger_read_tile(audit->store, &tile, error);
        if (!bytes)
            return NULL;
        MerkleHash root;
        tile_root(g_bytes_get_data(bytes, NULL), &root);
        g_byte_array_append(hashes, root.bytes, SHA256_SIZE);
    }
    return g_steal_pointer(&hashes);
}

/* The tiles above the lowest level. A hash of the lowest that is wrong was told already. */
static void check_upper_tiles(Audit *audit)
{
    guint64 size = audit->state.size;
    for (guint level = 1; level < TILE_LEVELS && size >> (level * TILE_HEIGHT); level++) {
        g_autoptr(GError) error = NULL;
        guint64 count = size >> (level * TILE_HEIGHT);
        g_autoptr(GByteArray) hashes = next_level(audit, level - 1, count, &error);
        if (!hashes) {
            problem(audit, "tiles of level %u: %s", level - 1, error->message);
            return;
        }
        for (guint64 i = 0; i < tile_count(level, size); i++) {
            const Tile tile = {.level = level, .index = i, .width = tile_width(level, i, size)};
            check_tile(audit, &tile, hashes->data + i * TILE_BYTES_MAX);
        }
    }
}

static gboolean read_entries(Audit *audit, AuditProgress progress, gpointer user, GError **error)
{
    guint64 size = audit->state.size;
    for (guint64 i = 0; i < size; i++) {
        if (!read_entry(audit, i, error))
            return FALSE;
        if (audit->leaves->len == TILE_BYTES_MAX) {
            const Tile tile = {.index = i / TILE_WIDTH, .width = TILE_WIDTH};
            check_tile(audit, &tile, audit->leaves->data);
            g_byte_array_set_size(audit->leaves, 0);
        }
        if (progress && (i + 1) % PROGRESS_EVERY == 0)
            progress(i + 1, size, user);
    }
    return TRUE;
}

static void check_erasures(Audit *audit)
{
    GHashTableIter iter;
    guint64 *index;
    g_hash_table_iter_init(&iter, audit->found);
    while (g_hash_table_iter_next(&iter, (gpointer *)&index, NULL))
        if (!g_hash_table_contains(audit->said, index) && g_hash_table_size(audit->lost) == 0)
            problem(audit, "entry %" G_GUINT64_FORMAT ": erased, and no entry says so", *index);
    g_hash_table_iter_init(&iter, audit->said);
    while (g_hash_table_iter_next(&iter, (gpointer *)&index, NULL))
        if (!g_hash_table_contains(audit->found, index) &&
            !g_hash_table_contains(audit->lost, index))
            problem(audit,
                    "entry %" G_GUINT64_FORMAT
                    ": an entry says that it was erased, and it is there",
                    *index);
}

static void check_checkpoint(Audit *audit)
{
    g_autoptr(GError) error = NULL;
    MerkleHash root;
    merkle_frontier_root(&audit->frontier, &root);
    if (!merkle_hash_equal(&root, &audit->state.root))
        problem(audit, "the tree: its root is not that of the entries");
    const char *text = audit->state.checkpoint ? audit->state.checkpoint : "";
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    g_auto(Checkpoint) checkpoint = {0};
    if (!note ||
        (audit->history && !keychange_history_verify(audit->history, note, &checkpoint, &error)))
        problem(audit, "checkpoint: %s", error->message);
    else if (audit->history &&
             (checkpoint.size != audit->state.size || !merkle_hash_equal(&checkpoint.root, &root)))
        problem(audit, "checkpoint: it is not of the entries that are here");
}

/* What is served as key changes must be what the entries say. */
static gboolean check_keys(Audit *audit, GError **error)
{
    g_auto(GStrv) notes = ledger_read_key_changes(audit->store, error);
    if (!notes)
        return FALSE;
    gboolean same = g_strv_length(notes) >= audit->key_changes->len;
    for (guint i = 0; same && i < audit->key_changes->len; i++)
        same = g_str_equal(notes[i], audit->key_changes->pdata[i]);
    if (!same)
        problem(audit, "key changes: those that are served are not those of the entries");
    return TRUE;
}

static void audit_free_parts(Audit *audit)
{
    ledger_read_state_clear(&audit->state);
    audit_report_clear(&audit->report);
    g_byte_array_unref(audit->leaves);
    g_hash_table_unref(audit->said);
    g_hash_table_unref(audit->found);
    g_hash_table_unref(audit->lost);
    g_ptr_array_unref(audit->key_changes);
    keychange_history_free(audit->history);
}

gboolean audit_ledger(Store *store, AuditProgress progress, gpointer user, AuditReport *ret_report,
                      GError **error)
{
    LedgerReadState state = {0};
    if (!ledger_read_state(store, &state, error))
        return FALSE;
    Audit audit = {.store = store, .state = state};
    audit.report.problems = g_ptr_array_new_with_free_func(g_free);
    audit.leaves = g_byte_array_new();
    audit.said = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    audit.found = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    audit.lost = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    audit.key_changes = g_ptr_array_new_with_free_func(g_free);
    merkle_frontier_init(&audit.frontier);
    gboolean good = read_entries(&audit, progress, user, error) && check_keys(&audit, error);
    if (good) {
        check_upper_tiles(&audit);
        check_erasures(&audit);
        check_checkpoint(&audit);
        *ret_report = audit.report;
        audit.report.problems = NULL;
    }
    audit_free_parts(&audit);
    return good;
}
