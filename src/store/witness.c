/* witness.c - the logs that are watched: what was cosigned of them, and evidence against them. */
#include "store/witness.h"

#include <string.h>

#include "base/timestamp.h"
#include "ledger/line.h"
#include "store/reader.h"
#include "store/tx.h"

void witness_log_free(WitnessLog *log)
{
    if (!log)
        return;
    g_free(log->origin);
    g_strfreev(log->vkeys);
    g_free(log->note);
    g_free(log->peer);
    g_free(log);
}

void witness_verdict_clear(WitnessVerdict *verdict)
{
    g_clear_pointer(&verdict->body, g_free);
    g_clear_pointer(&verdict->known, g_free);
}

/* --- rows --------------------------------------------------------------------------------------
 */

/* A log with what only this file has to know of it. */
typedef struct {
    WitnessLog *log;  /* NULL: never heard of */
    WitnessState vow; /* the largest tree that was ever cosigned; no smaller one will be, and no
                         other of that size */
    char *line;       /* the cosignature of that tree */
    GPtrArray *keys;  /* NoteVerifier * */
} Row;

static void row_clear(Row *row)
{
    g_clear_pointer(&row->log, witness_log_free);
    g_clear_pointer(&row->line, g_free);
    g_clear_pointer(&row->keys, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

#define LOG_COLUMNS                                                                                \
    "l.origin, l.vkeys, l.watched, l.size, l.root, l.note, l.cosigned_at,"                         \
    " EXISTS (SELECT 1 FROM evidence e WHERE e.origin = l.origin AND e.settled = 0),"              \
    " l.vow_size, l.vow_root, l.line, (SELECT p.node FROM peer p WHERE p.number = l.peer)"

static WitnessState read_state(sqlite3_stmt *statement, int column)
{
    WitnessState state = {0};
    if (sqlite3_column_bytes(statement, column + 1) != SHA256_SIZE)
        return state;
    state.is_known = TRUE;
    state.size = (guint64)sqlite3_column_int64(statement, column);
    memcpy(state.root.bytes, sqlite3_column_blob(statement, column + 1), SHA256_SIZE);
    return state;
}

static gpointer read_log(sqlite3_stmt *statement)
{
    WitnessLog *log = g_new0(WitnessLog, 1);
    log->origin = sqlite_dup_text(statement, 0);
    log->vkeys = g_strsplit((const char *)sqlite3_column_text(statement, 1), "\n", -1);
    log->watched = sqlite3_column_int(statement, 2) != 0;
    log->state = read_state(statement, 3);
    log->note = sqlite_dup_text(statement, 5);
    log->cosigned_at = sqlite3_column_int64(statement, 6);
    log->frozen = sqlite3_column_int(statement, 7) != 0;
    log->peer = log->watched ? sqlite_dup_text(statement, 11) : NULL;
    return log;
}

static GPtrArray *parse_keys(char **vkeys, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    for (guint i = 0; vkeys[i]; i++) {
        NoteVerifier *key = note_verifier_parse(vkeys[i], error);
        if (!key)
            return NULL;
        g_ptr_array_add(keys, key);
    }
    return g_steal_pointer(&keys);
}

static gboolean load_row(Sqlite *db, const char *origin, Row *ret_row, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT " LOG_COLUMNS " FROM watched_log l WHERE l.origin = ?1", error);
    gboolean found;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    if (!sqlite_step(db, statement, &found, error))
        return FALSE;
    g_auto(Row) row = {0};
    if (found) {
        row.log = read_log(statement);
        row.vow = read_state(statement, 8);
        row.line = sqlite_dup_text(statement, 10);
        sqlite3_reset(statement);
        row.keys = parse_keys(row.log->vkeys, error);
        if (!row.keys)
            return FALSE;
    }
    *ret_row = row;
    row = (Row){0};
    return TRUE;
}

/* As load_row(), for what is about one log that has to be watched. */
static gboolean load_watched(Sqlite *db, const char *origin, Row *ret_row, GError **error)
{
    g_auto(Row) row = {0};
    if (!load_row(db, origin, &row, error))
        return FALSE;
    if (!row.log || !row.log->watched) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the log %s is not watched here",
                    origin);
        return FALSE;
    }
    *ret_row = row;
    row = (Row){0};
    return TRUE;
}

GPtrArray *witness_logs(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT " LOG_COLUMNS " FROM watched_log l ORDER BY l.origin", error);
    return sqlite_collect(reader.db, statement, read_log, (GDestroyNotify)witness_log_free, error);
}

/* --- which logs --------------------------------------------------------------------------------
 */

static gboolean check_origin(const char *origin, GError **error)
{
    Checkpoint empty = {.origin = (char *)origin};
    merkle_empty_root(&empty.root);
    g_autofree char *text = checkpoint_format(&empty, error);
    return text != NULL;
}

static gboolean check_room(StoreTx *tx, const char *sql, gint64 max, const char *what,
                           GError **error)
{
    gint64 count;
    if (!sqlite_get_int(tx->db, sql, 0, &count, error))
        return FALSE;
    if (count < max)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%" G_GINT64_FORMAT " %s are enough",
                max, what);
    return FALSE;
}

static gboolean put_keys(StoreTx *tx, const char *origin, const char *vkeys, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO watched_log (origin, vkeys, watched) VALUES (?1, ?2, 1)"
                       " ON CONFLICT (origin) DO UPDATE SET vkeys = excluded.vkeys, watched = 1,"
                       " peer = NULL",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite_bind_text(statement, 2, vkeys);
    return sqlite_run(tx->db, statement, error);
}

gboolean witness_watch(StoreTx *tx, const char *origin, const char *vkey, GError **error)
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(vkey, error);
    if (!key)
        return FALSE;
    if (key->algorithm != NOTE_ED25519) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s is no key that a log signs with (Ed25519)", vkey);
        return FALSE;
    }
    origin = origin ? origin : key->name;
    g_auto(Row) row = {0};
    if (!check_origin(origin, error) || !load_row(tx->db, origin, &row, error))
        return FALSE;
    if (!row.log)
        return check_room(tx, "SELECT count(*) FROM watched_log", WITNESS_LOGS_MAX, "logs",
                          error) &&
               put_keys(tx, origin, vkey, error);
    if (!row.log->watched) /* the keys of those days are no longer trusted */
        return put_keys(tx, origin, vkey, error);
    if (g_strv_contains((const char *const *)row.log->vkeys, vkey)) {
        if (row.log->peer)
            return put_keys(tx, origin, vkey, error);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the log %s is watched with that key already", origin);
        return FALSE;
    }
    if (row.keys->len >= WITNESS_KEYS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the log %s has %u keys: enough",
                    origin, row.keys->len);
        return FALSE;
    }
    g_autofree char *before = g_strjoinv("\n", row.log->vkeys);
    g_autofree char *vkeys = g_strconcat(before, "\n", vkey, NULL);
    return put_keys(tx, origin, vkeys, error);
}

static gboolean stop_watching(StoreTx *tx, const char *origin, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE watched_log SET watched = 0 WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    return sqlite_run(tx->db, statement, error);
}

gboolean witness_unwatch(StoreTx *tx, const char *origin, GError **error)
{
    g_auto(Row) row = {0};
    if (!load_watched(tx->db, origin, &row, error))
        return FALSE;
    if (row.log->frozen) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the log %s is frozen; decide with `concert ledger witness settle`", origin);
        return FALSE;
    }
    return stop_watching(tx, origin, error);
}

/* --- evidence ----------------------------------------------------------------------------------
 */

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

/* The note with those signatures only that are of the log: anybody can add others. */
static char *only_signed(const Note *note, const GPtrArray *keys)
{
    GString *text = g_string_new_len(note->bytes, (gssize)note->text_length);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < keys->len; i++) {
        const NoteVerifier *key = keys->pdata[i];
        for (guint j = 0; j < note->n_signatures; j++) {
            const NoteSignature *signature = &note->signatures[j];
            if (!note_signature_is_of(signature, key))
                continue;
            g_string_append_len(text, signature->line, (gssize)signature->line_length);
            g_string_append_c(text, '\n');
            break; /* note_verify() found that none of them is wrong */
        }
    }
    return g_string_free(text, FALSE);
}

static gboolean keep_evidence(StoreTx *tx, const char *origin, const char *first,
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
                                Checkpoint *ret_checkpoint, Row *ret_row, GError **error)
{
    g_autoptr(Note) note = note_parse(text, length, error);
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(Row) row = {0};
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, error) ||
        !load_watched(db, checkpoint.origin, &row, error) ||
        !note_verify(note, (const NoteVerifier *const *)row.keys->pdata, row.keys->len, NULL,
                     error))
        return FALSE;
    *ret_note = g_steal_pointer(&note);
    *ret_checkpoint = checkpoint;
    checkpoint = (Checkpoint){0};
    *ret_row = row;
    row = (Row){0};
    return TRUE;
}

gboolean witness_learn(StoreTx *tx, const char *note, gsize length, gboolean *ret_fork,
                       GError **error)
{
    g_autoptr(Note) parsed = NULL;
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(Row) row = {0};
    if (!open_checkpoint(tx->db, note, length, &parsed, &checkpoint, &row, error))
        return FALSE;
    const WitnessState *state = &row.log->state;
    gboolean fork = state->is_known && checkpoint.size == state->size &&
                    !merkle_hash_equal(&checkpoint.root, &state->root);
    if (fork && !row.log->frozen) {
        g_autofree char *second = only_signed(parsed, row.keys);
        if (!keep_evidence(tx, row.log->origin, row.log->note, second, NULL, error))
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
    return row || keep_evidence(tx, origin, first, second, proof, error);
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
    g_auto(Row) row = {0}, again = {0};
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
    g_autofree char *one = only_signed(earlier, row.keys);
    g_autofree char *two = only_signed(later, row.keys);
    return keep_evidence(tx, row.log->origin, one, two, proof, error);
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
            ? stop_watching(tx, origin, error)
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

/* --- add-checkpoint ----------------------------------------------------------------------------
 */

/* What is to be done about a request. */
typedef enum {
    DEED_NONE, /* the verdict says all */
    DEED_COSIGN,
    DEED_CONVICT,
} Deed;

static void say(WitnessVerdict *verdict, guint status, const char *text)
{
    *verdict = (WitnessVerdict){.status = status, .content_type = WITNESS_TEXT_TYPE};
    verdict->body = g_strconcat(text, "\n", NULL);
}

static void say_answer(WitnessVerdict *verdict, WitnessAnswer *answer)
{
    *verdict = (WitnessVerdict){.status = answer->status,
                                .content_type = answer->content_type,
                                .body = g_steal_pointer(&answer->body),
                                .is_fork = answer->is_fork};
}

/* Whether the answer is the size from which the log has to go on. */
static gboolean is_size(const WitnessVerdict *verdict)
{
    return g_strcmp0(verdict->content_type, WITNESS_SIZE_TYPE) == 0;
}

/* Whether cosigning @next would break what was cosigned before; only what a person decided about a
 * frozen log leads there. */
static gboolean breaks_vow(const WitnessState *vow, const WitnessState *next)
{
    if (!vow->is_known || next->size > vow->size)
        return FALSE;
    return next->size < vow->size || !merkle_hash_equal(&next->root, &vow->root);
}

/* Microseconds until the log may be cosigned again. A clock that was put back is believed. */
static gint64 to_wait(const WitnessLog *log, const WitnessOffice *office, gint64 now)
{
    gint64 since = now - log->cosigned_at;
    return log->cosigned_at == 0 || since < 0 ? 0 : MAX(office->interval_us - since, 0);
}

/* The cosignature that is there already, if it is one of the key that cosigns now. */
static char *again(const Row *row, const WitnessRequest *request, const WitnessState *next,
                   const WitnessOffice *office)
{
    const NoteVerifier *key = note_signer_verifier(office->cosigner);
    if (!row->line || !row->vow.is_known || next->size != row->vow.size)
        return NULL;
    return witness_read_cosignatures(row->line, strlen(row->line), request->note, &key, 1, NULL);
}

/* @ret_answer is what is to be cosigned with DEED_COSIGN; else the verdict is complete. */
static Deed decide(const Row *row, const WitnessRequest *request, const WitnessOffice *office,
                   gint64 now, WitnessAnswer *ret_answer, WitnessVerdict *ret_verdict)
{
    const WitnessState none = {0};
    gboolean watched = row->log && row->log->watched;
    if (watched && row->log->frozen) {
        say(ret_verdict, WITNESS_FORBIDDEN,
            "the log is frozen here: it has signed two trees, and a person has to decide");
        return DEED_NONE;
    }
    witness_decide(request, watched ? &row->log->state : &none,
                   watched ? (const NoteVerifier *const *)row->keys->pdata : NULL,
                   watched ? row->keys->len : 0, ret_answer);
    if (ret_answer->status != WITNESS_COSIGN) {
        say_answer(ret_verdict, ret_answer);
        if (is_size(ret_verdict))
            ret_verdict->known = g_strdup(row->log->note);
        return ret_verdict->is_fork ? DEED_CONVICT : DEED_NONE;
    }
    if (breaks_vow(&row->vow, &ret_answer->next)) {
        g_autofree char *text = g_strdup_printf(
            "another tree of the log was cosigned up to size %" G_GUINT64_FORMAT, row->vow.size);
        say(ret_verdict, WITNESS_CONFLICT, text);
        return DEED_NONE;
    }
    if (!office->cosigner) {
        say(ret_verdict, 503, "the key that cosigns is not unlocked");
        return DEED_NONE;
    }
    gint64 wait = to_wait(row->log, office, now);
    if (wait == 0)
        return DEED_COSIGN;
    char *line = again(row, request, &ret_answer->next, office);
    if (line) {
        *ret_verdict = (WitnessVerdict){
            .status = WITNESS_COSIGN, .content_type = WITNESS_TEXT_TYPE, .body = line};
    } else {
        say(ret_verdict, WITNESS_TOO_MANY_REQUESTS, "the log was cosigned a moment ago");
        ret_verdict->retry_after = (guint)((wait + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
    }
    return DEED_NONE;
}

gboolean witness_preview(Store *store, const WitnessRequest *request, const WitnessOffice *office,
                         WitnessVerdict *ret_verdict, gboolean *ret_final, GError **error)
{
    g_auto(Row) row = {0};
    {
        g_auto(Reader) reader = {0};
        if (!reader_begin(store, &reader, error) ||
            !load_row(reader.db, request->checkpoint.origin, &row, error))
            return FALSE;
    }
    g_auto(WitnessAnswer) answer = {0};
    g_auto(WitnessVerdict) verdict = {0};
    *ret_final = decide(&row, request, office, timestamp_now(), &answer, &verdict) == DEED_NONE;
    *ret_verdict = *ret_final ? verdict : (WitnessVerdict){0};
    if (*ret_final)
        verdict = (WitnessVerdict){0};
    return TRUE;
}

static gboolean keep_cosigned(StoreTx *tx, const Row *row, const WitnessRequest *request,
                              const WitnessAnswer *answer, gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE watched_log SET size = ?2, root = ?3, note = ?4, vow_size = ?2,"
                       " vow_root = ?3, cosigned_at = ?5, line = ?6 WHERE origin = ?1",
                       error);
    if (!statement)
        return FALSE;
    g_autofree char *note = only_signed(request->note, row->keys);
    sqlite_bind_text(statement, 1, row->log->origin);
    sqlite3_bind_int64(statement, 2, (gint64)answer->next.size);
    sqlite3_bind_blob(statement, 3, answer->next.root.bytes, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 4, note);
    sqlite3_bind_int64(statement, 5, now);
    sqlite_bind_text(statement, 6, answer->body);
    return sqlite_run(tx->db, statement, error);
}

/* What is known and what came are kept; the proof too when they are of two sizes. */
static gboolean convict(StoreTx *tx, const Row *row, const WitnessRequest *request, GError **error)
{
    g_autofree char *second = only_signed(request->note, row->keys);
    gboolean same = request->checkpoint.size == row->log->state.size;
    return keep_evidence(tx, row->log->origin, row->log->note, second,
                         same ? NULL : &request->proof, error);
}

gboolean witness_judge(StoreTx *tx, const WitnessRequest *request, const WitnessOffice *office,
                       WitnessVerdict *ret_verdict, GError **error)
{
    gint64 now = timestamp_now();
    g_auto(Row) row = {0};
    if (!load_row(tx->db, request->checkpoint.origin, &row, error))
        return FALSE;
    g_auto(WitnessAnswer) answer = {0};
    g_auto(WitnessVerdict) verdict = {0};
    switch (decide(&row, request, office, now, &answer, &verdict)) {
    case DEED_NONE:
        break;
    case DEED_COSIGN:
        if (!witness_cosign(&answer, request, office->cosigner, (guint64)(now / G_USEC_PER_SEC),
                            error) ||
            !keep_cosigned(tx, &row, request, &answer, now, error))
            return FALSE;
        say_answer(&verdict, &answer);
        break;
    case DEED_CONVICT:
        if (!convict(tx, &row, request, error))
            return FALSE;
        break;
    }
    *ret_verdict = verdict;
    verdict = (WitnessVerdict){0};
    return TRUE;
}
