#include "store/witness_evidence.h"

#include <string.h>

#include "base/timestamp.h"
#include "ledger/line.h"
#include "store/reader.h"
#include "store/witness_row.h"

void witness_evidence_free(WitnessEvidence *evidence)
{
    if (!evidence)
        return;
    g_free(evidence->origin);
    g_free(evidence->first);
    g_free(evidence->second);
    g_free(evidence->proof);
    g_free(evidence->decision);
    g_free(evidence);
}

gboolean witness_evidence_put(StoreTx *tx, const char *origin, const char *first,
                              const char *second, const MerkleProof *proof, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO evidence (origin, found, first, second, proof)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    g_autoptr(GString) hashes = g_string_new(NULL);
    if (proof)
        line_append_proof(hashes, proof);
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, timestamp_now());
    sqlite_bind_text(statement, 3, first);
    sqlite_bind_text(statement, 4, second);
    sqlite_bind_text(statement, 5, proof ? hashes->str : NULL);
    return sqlite_run(tx->db, statement, error);
}

/* Reads a signed checkpoint; *ret_row is its log, which has to be watched and have signed it. */
static gboolean open_checkpoint(Sqlite *db, const char *text, gsize length, Note **ret_note,
                                Checkpoint *ret_checkpoint, WitnessRow *ret_row, GError **error)
{
    g_autoptr(Note) note = note_parse(text, length, error);
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(WitnessRow) row = {0};
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, error) ||
        !witness_row_load_watched(db, checkpoint.origin, &row, error) ||
        !note_verify(note, (const NoteVerifier *const *)row.keys->pdata, row.keys->len, NULL,
                     error))
        return FALSE;
    *ret_note = g_steal_pointer(&note);
    *ret_checkpoint = checkpoint;
    checkpoint = (Checkpoint){0};
    *ret_row = row;
    row = (WitnessRow){0};
    return TRUE;
}

gboolean witness_learn(StoreTx *tx, const char *note, gsize length, gboolean *ret_fork,
                       GError **error)
{
    g_autoptr(Note) parsed = NULL;
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(WitnessRow) row = {0};
    if (!open_checkpoint(tx->db, note, length, &parsed, &checkpoint, &row, error))
        return FALSE;
    const WitnessState *state = &row.log->state;
    gboolean fork = state->is_known && checkpoint.size == state->size &&
                    !merkle_hash_equal(&checkpoint.root, &state->root);
    if (fork && !row.log->frozen) {
        g_autofree char *second = witness_row_signed(parsed, row.keys);
        if (!witness_evidence_put(tx, row.log->origin, row.log->note, second, NULL, error))
            return FALSE;
    }
    *ret_fork = fork;
    return TRUE;
}

gboolean witness_keep(StoreTx *tx, const char *origin, const char *first, const char *second,
                      const MerkleProof *proof, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM evidence WHERE origin = ?1 AND settled = 0 LIMIT 1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    return row || witness_evidence_put(tx, origin, first, second, proof, error);
}

/* Whether no honest log can have signed both. */
static gboolean contradict(const Checkpoint *first, const Checkpoint *second,
                           const MerkleProof *proof)
{
    MerkleHash old;
    if (!g_str_equal(first->origin, second->origin))
        return FALSE;
    if (!proof)
        return first->size == second->size && !merkle_hash_equal(&first->root, &second->root);
    return merkle_consistency_root(first->size, second->size, &second->root, proof, &old) &&
           !merkle_hash_equal(&old, &first->root);
}

gboolean witness_report(StoreTx *tx, const char *first, const char *second,
                        const MerkleProof *proof, GError **error)
{
    g_autoptr(Note) earlier = NULL, later = NULL;
    g_auto(Checkpoint) a = {0}, b = {0};
    g_auto(WitnessRow) row = {0}, again = {0};
    if (!open_checkpoint(tx->db, first, strlen(first), &earlier, &a, &row, error) ||
        !open_checkpoint(tx->db, second, strlen(second), &later, &b, &again, error))
        return FALSE;
    if (!contradict(&a, &b, proof)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the two checkpoints can both be of one log");
        return FALSE;
    }
    if (row.log->frozen) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "the log %s is frozen already",
                    row.log->origin);
        return FALSE;
    }
    g_autofree char *one = witness_row_signed(earlier, row.keys);
    g_autofree char *two = witness_row_signed(later, row.keys);
    return witness_evidence_put(tx, row.log->origin, one, two, proof, error);
}

static gpointer read_evidence(sqlite3_stmt *statement)
{
    WitnessEvidence *evidence = g_new0(WitnessEvidence, 1);
    evidence->number = sqlite3_column_int64(statement, 0);
    evidence->origin = sqlite_dup_text(statement, 1);
    evidence->found = sqlite3_column_int64(statement, 2);
    evidence->first = sqlite_dup_text(statement, 3);
    evidence->second = sqlite_dup_text(statement, 4);
    evidence->proof = sqlite_dup_text(statement, 5);
    evidence->settled = sqlite3_column_int64(statement, 6);
    evidence->decision = sqlite_dup_text(statement, 7);
    return evidence;
}

static GPtrArray *list_evidence(Sqlite *db, const char *origin, gboolean is_open, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT number, origin, found, first, second, proof, settled, decision"
                       " FROM evidence WHERE (?1 IS NULL OR origin = ?1)"
                       " AND (NOT ?2 OR settled = 0) ORDER BY number",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int(statement, 2, is_open);
    return sqlite_collect(db, statement, read_evidence, (GDestroyNotify)witness_evidence_free,
                          error);
}

GPtrArray *witness_evidence(Store *store, const char *origin, gboolean is_open, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? list_evidence(reader.db, origin, is_open, error)
                                               : NULL;
}

/* The log goes on from a checkpoint that was kept as evidence. */
static gboolean go_on_from(StoreTx *tx, const char *origin, const char *text, GError **error)
{
    g_autoptr(Note) note = note_parse(text, strlen(text), error);
    g_auto(Checkpoint) checkpoint = {0};
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE watched_log SET size = ?2, root = ?3, note = ?4 WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, (gint64)checkpoint.size);
    sqlite3_bind_blob(statement, 3, checkpoint.root.bytes, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 4, text);
    return sqlite_run(tx->db, statement, error);
}

gboolean witness_settle(StoreTx *tx, const char *origin, WitnessDecision decision, GError **error)
{
    static const char *const names[] = {"first", "second", "drop"};
    g_autoptr(GPtrArray) open = list_evidence(tx->db, origin, TRUE, error);
    if (!open)
        return FALSE;
    if (open->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the log %s is not frozen",
                    origin);
        return FALSE;
    }
    const WitnessEvidence *evidence = open->pdata[open->len - 1];
    gboolean good =
        decision == WITNESS_DROP
            ? witness_row_stop_watching(tx, origin, error)
            : go_on_from(tx, origin,
                         decision == WITNESS_KEEP_FIRST ? evidence->first : evidence->second,
                         error);
    if (!good)
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "UPDATE evidence SET settled = ?2, decision = ?3"
                                             " WHERE origin = ?1 AND settled = 0",
                                             error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, timestamp_now());
    sqlite_bind_text(statement, 3, names[decision]);
    return sqlite_run(tx->db, statement, error);
}
