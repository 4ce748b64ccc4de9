/* witness_asked.c - the witnesses of the own log, and what they have cosigned of it. */
#include <string.h>

#include "store/ledger_rows.h"
#include "store/reader.h"
#include "store/tx.h"
#include "store/witness.h"

#define URL_MAX 2048
#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)

void witness_asked_free(WitnessAsked *asked)
{
    if (!asked)
        return;
    g_free(asked->name);
    g_free(asked->vkey);
    g_free(asked->url);
    g_free(asked->peer);
    g_free(asked->failure);
    g_free(asked);
}

void witness_served_clear(WitnessServed *served)
{
    g_clear_pointer(&served->newest, g_free);
    g_clear_pointer(&served->trusted, g_free);
    g_clear_pointer(&served->earlier, g_free);
}

/* --- which witnesses ---------------------------------------------------------------------------
 */

static gboolean check_url(const char *url, GError **error)
{
    gsize length = strlen(url);
    gboolean good = (g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://")) &&
                    length <= URL_MAX && !strpbrk(url, "?#");
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_isgraph(url[i]) || (guchar)url[i] >= 0x80;
    if (!good)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is no http or https URL below which add-checkpoint can stand", url);
    return good;
}

/* The key that a witness cosigns with. */
static NoteVerifier *read_key(const char *vkey, GError **error)
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(vkey, error);
    if (!key || key->algorithm == NOTE_COSIGNATURE)
        return g_steal_pointer(&key);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s is no key that a witness cosigns with and that can be verified here "
                "(cosignature/v1)",
                vkey);
    return NULL;
}

static gboolean check_room(StoreTx *tx, const char *sql, gint64 max, GError **error)
{
    gint64 count;
    if (!sqlite_get_int(tx->db, sql, 0, &count, error))
        return FALSE;
    if (count < max)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%" G_GINT64_FORMAT " witnesses are enough", max);
    return FALSE;
}

/* @peer 0: a person says so. */
static gboolean put_witness(StoreTx *tx, const NoteVerifier *key, const char *vkey, const char *url,
                            gint64 peer, GError **error)
{
    if (!check_room(tx, "SELECT count(*) FROM witness", WITNESS_ASKED_MAX, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "INSERT OR IGNORE INTO witness (name, vkey, url, peer)"
                                             " VALUES (?1, ?2, ?3, nullif(?4, 0))",
                                             error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, key->name);
    sqlite_bind_text(statement, 2, vkey);
    sqlite_bind_text(statement, 3, url);
    sqlite3_bind_int64(statement, 4, peer);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "there is a witness %s already",
                    key->name);
        return FALSE;
    }
    return TRUE;
}

/* Whether the witness of that name is asked because a peering began. */
static gboolean is_through_peering(StoreTx *tx, const char *name, gboolean *ret_is, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT 1 FROM witness WHERE name = ?1 AND peer IS NOT NULL", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (!sqlite_step(tx->db, statement, ret_is, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean witness_add(StoreTx *tx, const char *vkey, const char *url, GError **error)
{
    g_autoptr(NoteVerifier) key = read_key(vkey, error);
    gboolean replaces;
    if (!key || !check_url(url, error) || !is_through_peering(tx, key->name, &replaces, error) ||
        (replaces && !witness_remove(tx, key->name, error)))
        return FALSE;
    g_autofree char *prefix = g_strdup(url);
    for (gsize end = strlen(prefix); end > 0 && prefix[end - 1] == '/'; end--)
        prefix[end - 1] = '\0';
    return put_witness(tx, key, vkey, prefix, 0, error);
}

gboolean witness_add_peer(StoreTx *tx, const char *vkey, gint64 peer, GError **error)
{
    g_autoptr(NoteVerifier) key = read_key(vkey, error);
    return key &&
           check_room(tx, "SELECT count(*) FROM witness WHERE peer IS NOT NULL", WITNESS_PEERS_MAX,
                      error) &&
           put_witness(tx, key, vkey, "", peer, error);
}

gboolean witness_remove(StoreTx *tx, const char *name, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "DELETE FROM cosignature WHERE witness IN"
                                             " (SELECT number FROM witness WHERE name = ?1)",
                                             error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    statement = sqlite_prepare(tx->db, "DELETE FROM witness WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no witness %s is asked", name);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

static gpointer read_asked(sqlite3_stmt *statement)
{
    WitnessAsked *asked = g_new0(WitnessAsked, 1);
    asked->number = sqlite3_column_int64(statement, 0);
    asked->name = sqlite_dup_text(statement, 1);
    asked->vkey = sqlite_dup_text(statement, 2);
    asked->url = sqlite_dup_text(statement, 3);
    asked->size = (guint64)sqlite3_column_int64(statement, 4);
    asked->asked = sqlite3_column_int64(statement, 5);
    asked->cosigned = sqlite3_column_int64(statement, 6);
    asked->status = (guint)sqlite3_column_int64(statement, 7);
    asked->failure = sqlite_dup_text(statement, 8);
    asked->peer = sqlite_dup_text(statement, 9);
    return asked;
}

GPtrArray *witness_asked(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT w.number, w.name, w.vkey, w.url, w.size, w.asked, w.cosigned,"
                       " w.status, w.failure, p.node"
                       " FROM witness w LEFT JOIN peer p ON p.number = w.peer ORDER BY w.number",
                       error);
    return sqlite_collect(reader.db, statement, read_asked, (GDestroyNotify)witness_asked_free,
                          error);
}

gboolean witness_summary(Store *store, WitnessSummary *ret_summary, GError **error)
{
    static const char *const counts[] = {
        "SELECT count(*) FROM watched_log WHERE watched",
        "SELECT count(DISTINCT origin) FROM evidence WHERE settled = 0",
        "SELECT count(*) FROM witness",
        "SELECT count(*) FROM witness WHERE failure IS NOT NULL",
        "SELECT max(size) FROM cosigned",
        "SELECT count(*) FROM watched_log WHERE watched AND peer IS NOT NULL",
        "SELECT count(*) FROM witness WHERE peer IS NOT NULL",
    };
    g_auto(Reader) reader = {0};
    g_auto(LedgerRowsState) rows = {0};
    gint64 numbers[G_N_ELEMENTS(counts)];
    if (!reader_begin(store, &reader, error) || !ledger_rows_state(reader.db, &rows, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        if (!sqlite_get_int(reader.db, counts[i], 0, &numbers[i], error))
            return FALSE;
    *ret_summary = (WitnessSummary){.watched = (guint)numbers[0],
                                    .frozen = (guint)numbers[1],
                                    .asked = (guint)numbers[2],
                                    .failing = (guint)numbers[3],
                                    .newest = rows.frontier.size,
                                    .agreed = (guint64)numbers[4],
                                    .watched_peers = (guint)numbers[5],
                                    .asked_peers = (guint)numbers[6]};
    return TRUE;
}

/* --- a checkpoint with its cosignatures --------------------------------------------------------
 */

/* A policy's witnesses, as they are compared with those that are asked: what is kept of these was
 * verified when it came. */
typedef struct {
    const Quorum *quorum; /* NULL: none */
    char **vkeys;         /* in its order */
    guint count;
} Policy;

static void policy_init(Policy *policy, const Quorum *quorum)
{
    *policy = (Policy){.quorum = quorum, .count = quorum ? quorum_n_witnesses(quorum) : 0};
    policy->vkeys = g_new0(char *, policy->count + 1);
    for (guint i = 0; i < policy->count; i++)
        policy->vkeys[i] = note_verifier_format(quorum_witness(quorum, i).key);
}

static void policy_clear(Policy *policy)
{
    g_clear_pointer(&policy->vkeys, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Policy, policy_clear)

/* Whether what is kept at @size is of the same tree as @note. */
static gboolean is_kept(Sqlite *db, guint64 size, const Note *note, gboolean *ret_kept,
                        GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT note FROM cosigned WHERE size = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)size);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    *ret_kept = FALSE;
    if (row) {
        const char *kept = (const char *)sqlite3_column_text(statement, 0);
        *ret_kept = strncmp(kept, note->bytes, note->text_length + 1) == 0;
        sqlite3_reset(statement);
    }
    return TRUE;
}

/* Reads the cosignatures of @size into @lines, which begins with a place for each witness of the
 * policy; those of others follow. */
static gboolean read_lines(Sqlite *db, guint64 size, const Policy *policy, GPtrArray *lines,
                           GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT w.vkey, c.line FROM cosignature c JOIN witness w"
                       " ON w.number = c.witness WHERE c.size = ?1 ORDER BY w.number",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)size);
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        const char *vkey = (const char *)sqlite3_column_text(statement, 0);
        guint place = 0;
        while (place < policy->count && !g_str_equal(policy->vkeys[place], vkey))
            place++;
        if (place == policy->count)
            g_ptr_array_add(lines, sqlite_dup_text(statement, 1));
        else if (!lines->pdata[place])
            lines->pdata[place] = sqlite_dup_text(statement, 1);
    }
}

static gboolean is_met(const Policy *policy, const GPtrArray *lines)
{
    if (!policy->quorum)
        return TRUE;
    g_autofree gboolean *has_cosigned = g_new0(gboolean, policy->count + 1);
    for (guint i = 0; i < policy->count; i++)
        has_cosigned[i] = lines->pdata[i] != NULL;
    return quorum_is_met(policy->quorum, has_cosigned);
}

/* The checkpoint with its cosignatures. *ret_met: the policy is content with them. */
static char *dress(Sqlite *db, const char *checkpoint, const Policy *policy, guint64 *ret_size,
                   gboolean *ret_met, GError **error)
{
    g_autoptr(Note) note = note_parse(checkpoint, strlen(checkpoint), error);
    g_auto(Checkpoint) parsed = {0};
    gboolean kept;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(lines, (gint)policy->count);
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &parsed, error) ||
        !is_kept(db, parsed.size, note, &kept, error) ||
        (kept && !read_lines(db, parsed.size, policy, lines, error)))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    guint count = 0;
    for (guint i = 0; i < lines->len && count < WITNESS_COSIGNATURES_MAX; i++) {
        if (!lines->pdata[i])
            continue;
        g_string_append(text, lines->pdata[i]);
        count++;
    }
    *ret_size = parsed.size;
    *ret_met = is_met(policy, lines);
    return count > 0 ? note_append(note, text->str, error) : g_strdup(checkpoint);
}

char *witness_cosigned(Store *store, const char *checkpoint, const Quorum *policy, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(Policy) rules = {0};
    guint64 size;
    gboolean met;
    policy_init(&rules, policy);
    return reader_begin(store, &reader, error)
               ? dress(reader.db, checkpoint, &rules, &size, &met, error)
               : NULL;
}

/* --- what is kept and served -------------------------------------------------------------------
 */

/* Finds the newest kept checkpoint that meets the policy, and the newest such that was first
 * cosigned before @before. Where nothing is found the outputs stay as they are. */
static gboolean find_trusted(Sqlite *db, const Policy *policy, gint64 before, WitnessServed *served,
                             GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT note, kept FROM cosigned ORDER BY size DESC", error);
    if (!statement)
        return FALSE;
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        gboolean early = sqlite3_column_int64(statement, 1) < before, met;
        guint64 size;
        g_autofree char *note =
            dress(db, (const char *)sqlite3_column_text(statement, 0), policy, &size, &met, error);
        if (!note) {
            sqlite3_reset(statement);
            return FALSE;
        }
        if (met && !served->trusted) {
            served->trusted = g_strdup(note);
            served->trusted_size = size;
        }
        if (met && early) {
            served->earlier = g_steal_pointer(&note);
            served->earlier_size = size;
            sqlite3_reset(statement);
            return TRUE;
        }
    }
}

gboolean witness_served_checkpoint(Store *store, const Quorum *policy, gint64 before,
                                   WitnessServed *ret_served, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(LedgerRowsState) rows = {0};
    g_auto(Policy) rules = {0};
    g_auto(WitnessServed) served = {0};
    gboolean met = FALSE;
    policy_init(&rules, policy);
    if (!reader_begin(store, &reader, error) || !ledger_rows_state(reader.db, &rows, error))
        return FALSE;
    if (!rows.origin) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "the node has no ledger");
        return FALSE;
    }
    if (rows.checkpoint) {
        served.newest = dress(reader.db, rows.checkpoint, &rules, &served.newest_size, &met, error);
        if (!served.newest)
            return FALSE;
    }
    if (met) {
        served.trusted = g_strdup(served.newest);
        served.trusted_size = served.newest_size;
    }
    if (!find_trusted(reader.db, &rules, before, &served, error))
        return FALSE;
    *ret_served = served;
    served = (WitnessServed){0};
    return TRUE;
}

/* Forgets what will not be served any more: all that is older than what the policy accepts now and
 * accepted when the hour began; and where there is much that it does not accept, the oldest. */
static gboolean trim(StoreTx *tx, const Quorum *quorum, gint64 now, GError **error)
{
    g_auto(Policy) policy = {0};
    g_auto(WitnessServed) served = {0};
    policy_init(&policy, quorum);
    if (!find_trusted(tx->db, &policy, now - now % HOUR_US, &served, error))
        return FALSE;
    guint64 oldest = served.earlier ? served.earlier_size : served.trusted_size;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "DELETE FROM cosigned WHERE size < ?1 OR (size NOT IN (?1, ?2)"
                       " AND size NOT IN (SELECT size FROM cosigned ORDER BY size DESC LIMIT ?3))",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)oldest);
    sqlite3_bind_int64(statement, 2, (gint64)served.trusted_size);
    sqlite3_bind_int(statement, 3, WITNESS_CHECKPOINTS_MAX);
    return sqlite_run(tx->db, statement, error) &&
           sqlite_exec(tx->db,
                       "DELETE FROM cosignature WHERE size NOT IN (SELECT size FROM cosigned)",
                       error);
}

static gboolean put_line(StoreTx *tx, gint64 witness, const char *checkpoint, const char *line,
                         gint64 now, GError **error)
{
    g_autoptr(Note) note = note_parse(checkpoint, strlen(checkpoint), error);
    g_auto(Checkpoint) parsed = {0};
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &parsed, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR IGNORE INTO cosigned (size, note, kept) VALUES (?1, ?2, ?3)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)parsed.size);
    sqlite_bind_text(statement, 2, checkpoint);
    sqlite3_bind_int64(statement, 3, now);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    statement = sqlite_prepare(
        tx->db, "INSERT OR REPLACE INTO cosignature (size, witness, line) VALUES (?1, ?2, ?3)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, (gint64)parsed.size);
    sqlite3_bind_int64(statement, 2, witness);
    sqlite_bind_text(statement, 3, line);
    return sqlite_run(tx->db, statement, error);
}

gboolean witness_put_answer(StoreTx *tx, const WitnessAsked *asked, const char *checkpoint,
                            const char *line, const Quorum *policy, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE witness SET size = ?2, asked = ?3, cosigned = ?4, status = ?5,"
                       " failure = ?6 WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, asked->number);
    sqlite3_bind_int64(statement, 2, (gint64)asked->size);
    sqlite3_bind_int64(statement, 3, asked->asked);
    sqlite3_bind_int64(statement, 4, asked->cosigned);
    sqlite3_bind_int64(statement, 5, asked->status);
    sqlite_bind_text(statement, 6, asked->failure);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (!line || sqlite3_changes(tx->db->handle) == 0)
        return TRUE;
    tx->changed = TRUE;
    return put_line(tx, asked->number, checkpoint, line, asked->cosigned, error) &&
           trim(tx, policy, asked->cosigned, error);
}
