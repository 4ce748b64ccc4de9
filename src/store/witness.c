/* witness.c - the logs that are watched, and what was cosigned of them. */
#include "store/witness.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/reader.h"
#include "store/witness_evidence.h"
#include "store/witness_row.h"

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

GPtrArray *witness_logs(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT " WITNESS_ROW_COLUMNS " FROM watched_log l ORDER BY l.origin", error);
    return sqlite_collect(reader.db, statement, witness_row_read_log,
                          (GDestroyNotify)witness_log_free, error);
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
    g_auto(WitnessRow) row = {0};
    if (!check_origin(origin, error) || !witness_row_load(tx->db, origin, &row, error))
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

gboolean witness_unwatch(StoreTx *tx, const char *origin, GError **error)
{
    g_auto(WitnessRow) row = {0};
    if (!witness_row_load_watched(tx->db, origin, &row, error))
        return FALSE;
    if (row.log->frozen) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "the log %s is frozen; decide with `concert ledger witness settle`", origin);
        return FALSE;
    }
    return witness_row_stop_watching(tx, origin, error);
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
static char *again(const WitnessRow *row, const WitnessRequest *request, const WitnessState *next,
                   const WitnessOffice *office)
{
    const NoteVerifier *key = note_signer_verifier(office->cosigner);
    if (!row->line || !row->vow.is_known || next->size != row->vow.size)
        return NULL;
    return witness_read_cosignatures(row->line, strlen(row->line), request->note, &key, 1, NULL);
}

/* @ret_answer is what is to be cosigned with DEED_COSIGN; else the verdict is complete. */
static Deed decide(const WitnessRow *row, const WitnessRequest *request,
                   const WitnessOffice *office, gint64 now, WitnessAnswer *ret_answer,
                   WitnessVerdict *ret_verdict)
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
    g_auto(WitnessRow) row = {0};
    {
        g_auto(Reader) reader = {0};
        if (!reader_begin(store, &reader, error) ||
            !witness_row_load(reader.db, request->checkpoint.origin, &row, error))
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

static gboolean keep_cosigned(StoreTx *tx, const WitnessRow *row, const WitnessRequest *request,
                              const WitnessAnswer *answer, gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE watched_log SET size = ?2, root = ?3, note = ?4, vow_size = ?2,"
                       " vow_root = ?3, cosigned_at = ?5, line = ?6 WHERE origin = ?1",
                       error);
    if (!statement)
        return FALSE;
    g_autofree char *note = witness_row_signed(request->note, row->keys);
    sqlite_bind_text(statement, 1, row->log->origin);
    sqlite3_bind_int64(statement, 2, (gint64)answer->next.size);
    sqlite3_bind_blob(statement, 3, answer->next.root.bytes, SHA256_SIZE, SQLITE_STATIC);
    sqlite_bind_text(statement, 4, note);
    sqlite3_bind_int64(statement, 5, now);
    sqlite_bind_text(statement, 6, answer->body);
    return sqlite_run(tx->db, statement, error);
}

/* What is known and what came are kept; the proof too when they are of two sizes. */
static gboolean convict(StoreTx *tx, const WitnessRow *row, const WitnessRequest *request,
                        GError **error)
{
    g_autofree char *second = witness_row_signed(request->note, row->keys);
    gboolean same = request->checkpoint.size == row->log->state.size;
    return witness_evidence_put(tx, row->log->origin, row->log->note, second,
                                same ? NULL : &request->proof, error);
}

gboolean witness_judge(StoreTx *tx, const WitnessRequest *request, const WitnessOffice *office,
                       WitnessVerdict *ret_verdict, GError **error)
{
    gint64 now = timestamp_now();
    g_auto(WitnessRow) row = {0};
    if (!witness_row_load(tx->db, request->checkpoint.origin, &row, error))
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
