/* attachments_send.c - which chunks wait to be sent to whom. */
#include <string.h>

#include "store/attachments.h"
#include "store/ledger_tx.h"
#include "store/reader.h"
#include "store/tx.h"

#define FIRST_CHUNK(number) ((number) << 20)
#define TOGETHER_MAX        64 /* peers that get a chunk in one dispatch */

void attachment_send_clear(AttachmentSend *send)
{
    g_clear_pointer(&send->origins, g_strfreev);
}

void attachment_sending_free(AttachmentSending *sending)
{
    if (!sending)
        return;
    g_free(sending->origin);
    g_free(sending->failure);
    g_free(sending);
}

/* What could not be sent is tried again; *ret_known: it was sent, or waits. */
static gboolean renew(StoreTx *tx, const AttachmentsWanted *wanted, gint64 party,
                      gboolean *ret_known, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE attachment_peer SET failure = NULL WHERE party = ?2 AND attachment IN"
        " (SELECT number FROM attachment WHERE sha256 = ?1 AND size = ?3)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, wanted->sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, party);
    sqlite3_bind_int64(statement, 3, (gint64)wanted->size);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *ret_known = sqlite3_changes(tx->db->handle) > 0;
    return TRUE;
}

/* The copy that is sent: one that came from the peer itself need not be. */
static gboolean choose(StoreTx *tx, const AttachmentsWanted *wanted, gint64 party,
                       gint64 *ret_number, gboolean *ret_has, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT number, party = ?3 FROM attachment WHERE sha256 = ?1 AND size = ?2"
                       " AND state IN (1, 2) ORDER BY party = ?3 DESC, state DESC, party LIMIT 1",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, wanted->sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (gint64)wanted->size);
    sqlite3_bind_int64(statement, 3, party);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) {
        char hex[2 * SHA256_SIZE + 1];
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the attachment %s is not here whole: add the file first",
                    sha256_hex(wanted->sha256, hex));
        return FALSE;
    }
    *ret_number = sqlite3_column_int64(statement, 0);
    *ret_has = sqlite3_column_int(statement, 1) != 0;
    sqlite3_reset(statement);
    return TRUE;
}

/* The copy waits for that peer from now on. */
static gboolean add_wait(StoreTx *tx, const AttachmentsWanted *wanted, gint64 party, gint64 number,
                         GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO attachment_peer (attachment, party, count, tlp, pap, exercise)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, party);
    sqlite3_bind_int64(statement, 3, chunk_count(wanted->size));
    sqlite3_bind_int64(statement, 4, wanted->tlp);
    sqlite3_bind_int64(statement, 5, wanted->pap);
    sqlite3_bind_int(statement, 6, wanted->is_exercise ? 1 : 0);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean attachments_want(StoreTx *tx, const AttachmentsWanted *wanted, GError **error)
{
    gint64 party, number;
    gboolean is_known, has;
    if (!tx_party(tx, wanted->origin, &party, error) || !renew(tx, wanted, party, &is_known, error))
        return FALSE;
    if (is_known)
        return TRUE;
    return choose(tx, wanted, party, &number, &has, error) &&
           (has || add_wait(tx, wanted, party, number, error));
}

/* --- passing on --------------------------------------------------------------------------------
 */

/* A file that somebody named, for somebody. */
typedef struct {
    AttachmentsWanted wanted; /* without `origin` */
    gint64 party, author;
    char *dossier;
    guint8 sha256[SHA256_SIZE]; /* of `wanted`, when it was read back */
} Passing;

static void passing_clear(gpointer data)
{
    g_free(((Passing *)data)->dossier);
}

static void bind_passing(sqlite3_stmt *statement, const Passing *passing)
{
    sqlite3_bind_blob(statement, 1, passing->wanted.sha256, SHA256_SIZE, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, (gint64)passing->wanted.size);
    sqlite3_bind_int64(statement, 3, passing->party);
    sqlite_bind_text(statement, 4, passing->dossier);
    sqlite3_bind_int64(statement, 5, passing->author);
}

/* The copy that may go on, 0: there is none yet; *ret_has: it came from whom it is for. */
static gboolean choose_passing(StoreTx *tx, const Passing *passing, gint64 *ret_number,
                               gboolean *ret_has, GError **error)
{
    static const char sql[] =
        "SELECT a.number, a.party = ?3 FROM attachment a WHERE a.sha256 = ?1 AND a.size = ?2"
        " AND a.state = 2 AND (a.party IN (?3, ?5)"
        "  OR EXISTS (SELECT 1 FROM attachment b WHERE b.sha256 = ?1 AND b.size = ?2"
        "   AND b.party = ?5 AND b.state = 2)"
        "  OR EXISTS (SELECT 1 FROM attachment b JOIN attachment_peer w ON w.attachment = b.number"
        "   WHERE b.sha256 = ?1 AND b.size = ?2 AND w.party = ?5 AND w.failure IS NULL)"
        "  OR (a.party > 0 AND NOT EXISTS (SELECT 1 FROM attachment_mention m"
        "   WHERE m.sha256 = ?1 AND m.dossier <> ?4)))"
        " ORDER BY a.party = ?3 DESC, a.party LIMIT 1";
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    gboolean row;
    if (!statement)
        return FALSE;
    bind_passing(statement, passing);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_number = row ? sqlite3_column_int64(statement, 0) : 0;
    *ret_has = row && sqlite3_column_int(statement, 1) != 0;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

/* *ret_done FALSE: it cannot go on yet. */
static gboolean pass(StoreTx *tx, const Passing *passing, gboolean *ret_done, GError **error)
{
    gint64 number;
    gboolean is_known, has;
    *ret_done = TRUE;
    if (!renew(tx, &passing->wanted, passing->party, &is_known, error))
        return FALSE;
    if (is_known)
        return TRUE;
    if (!choose_passing(tx, passing, &number, &has, error))
        return FALSE;
    *ret_done = number != 0;
    return has || number == 0 || add_wait(tx, &passing->wanted, passing->party, number, error);
}

static gboolean has_room(StoreTx *tx, gint64 author, gboolean *ret_room, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT count(*) FROM attachment_wanted WHERE author = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, author);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_room = sqlite3_column_int64(statement, 0) < ATTACHMENTS_WANTED_MAX;
    sqlite3_reset(statement);
    return TRUE;
}

static gboolean remember(StoreTx *tx, const Passing *passing, GError **error)
{
    gboolean has = FALSE;
    if (!has_room(tx, passing->author, &has, error))
        return FALSE;
    if (!has)
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO attachment_wanted (sha256, size, party, dossier,"
                       " author, tlp, pap, exercise) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                       error);
    if (!statement)
        return FALSE;
    bind_passing(statement, passing);
    sqlite3_bind_int64(statement, 6, passing->wanted.tlp);
    sqlite3_bind_int64(statement, 7, passing->wanted.pap);
    sqlite3_bind_int(statement, 8, passing->wanted.is_exercise ? 1 : 0);
    return sqlite_run(tx->db, statement, error);
}

gboolean attachments_pass_on(StoreTx *tx, const AttachmentsWanted *wanted, const char *dossier,
                             const char *author, GError **error)
{
    Passing passing = {.wanted = *wanted, .dossier = (char *)dossier};
    gboolean is_done;
    if (!tx_party(tx, wanted->origin, &passing.party, error) ||
        !tx_party(tx, author, &passing.author, error))
        return FALSE;
    if (passing.party == passing.author)
        return TRUE;
    return pass(tx, &passing, &is_done, error) && (is_done || remember(tx, &passing, error));
}

/* All that wait for the file of which @number is a copy. Elements: Passing. */
static GArray *read_waiting(StoreTx *tx, gint64 number, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Passing));
    g_array_set_clear_func(list, passing_clear);
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT w.sha256, w.size, w.party, w.dossier, w.author, w.tlp, w.pap,"
                       " w.exercise FROM attachment a JOIN attachment_wanted w"
                       " ON w.sha256 = a.sha256 AND w.size = a.size WHERE a.number = ?1",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&list);
        Passing passing = {
            .wanted = {.size = (guint64)sqlite3_column_int64(statement, 1),
                       .tlp = (guint)sqlite3_column_int(statement, 5),
                       .pap = (guint)sqlite3_column_int(statement, 6),
                       .is_exercise = sqlite3_column_int(statement, 7) != 0},
            .party = sqlite3_column_int64(statement, 2),
            .author = sqlite3_column_int64(statement, 4),
        };
        if (sqlite3_column_bytes(statement, 0) != SHA256_SIZE)
            continue;
        memcpy(passing.sha256, sqlite3_column_blob(statement, 0), SHA256_SIZE);
        passing.dossier = sqlite_dup_text(statement, 3);
        g_array_append_val(list, passing);
    }
}

static gboolean forget(StoreTx *tx, const Passing *passing, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "DELETE FROM attachment_wanted WHERE sha256 = ?1 AND size = ?2"
                       " AND party = ?3 AND dossier = ?4 AND author = ?5",
                       error);
    if (!statement)
        return FALSE;
    bind_passing(statement, passing);
    return sqlite_run(tx->db, statement, error);
}

gboolean attachments_pass_waiting(StoreTx *tx, gint64 number, GError **error)
{
    g_autoptr(GArray) list = read_waiting(tx, number, error);
    for (guint i = 0; list && i < list->len; i++) {
        Passing *passing = &g_array_index(list, Passing, i);
        gboolean is_done;
        passing->wanted.sha256 = passing->sha256;
        if (!pass(tx, passing, &is_done, error) || (is_done && !forget(tx, passing, error)))
            return FALSE;
    }
    return list != NULL;
}

/* --- sending -----------------------------------------------------------------------------------
 */

static gboolean read_first(Sqlite *db, AttachmentSend *send, gboolean *ret_row, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT w.attachment, w.sent, w.count, w.tlp, w.pap, w.exercise, a.sha256,"
                       " c.entry FROM attachment_peer w INDEXED BY attachment_waiting"
                       " JOIN attachment a ON a.number = w.attachment"
                       " LEFT JOIN chunk c ON c.number = (w.attachment << 20) + w.sent"
                       " WHERE w.sent < w.count AND w.failure IS NULL"
                       " ORDER BY w.attachment, w.sent LIMIT 1",
                       error);
    if (!statement || !sqlite_step(db, statement, ret_row, error))
        return FALSE;
    if (!*ret_row)
        return TRUE;
    send->number = sqlite3_column_int64(statement, 0);
    send->place = (guint)sqlite3_column_int64(statement, 1);
    send->count = (guint)sqlite3_column_int64(statement, 2);
    send->tlp = (guint)sqlite3_column_int(statement, 3);
    send->pap = (guint)sqlite3_column_int(statement, 4);
    send->is_exercise = sqlite3_column_int(statement, 5) != 0;
    if (sqlite3_column_bytes(statement, 6) == SHA256_SIZE)
        memcpy(send->sha256, sqlite3_column_blob(statement, 6), SHA256_SIZE);
    send->entry = sqlite_column_index(statement, 7);
    sqlite3_reset(statement);
    return TRUE;
}

/* All who wait for the same chunk, marked alike. */
static gboolean read_origins(Sqlite *db, AttachmentSend *send, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT p.origin FROM attachment_peer w JOIN party p ON p.number = w.party"
                       " WHERE w.attachment = ?1 AND w.sent = ?2 AND w.sent < w.count"
                       " AND w.failure IS NULL AND w.tlp = ?3 AND w.pap = ?4 AND w.exercise = ?5"
                       " ORDER BY p.origin LIMIT ?6",
                       error);
    g_autoptr(GStrvBuilder) origins = g_strv_builder_new();
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, send->number);
    sqlite3_bind_int64(statement, 2, send->place);
    sqlite3_bind_int64(statement, 3, send->tlp);
    sqlite3_bind_int64(statement, 4, send->pap);
    sqlite3_bind_int(statement, 5, send->is_exercise ? 1 : 0);
    sqlite3_bind_int(statement, 6, TOGETHER_MAX);
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        g_strv_builder_add(origins, (const char *)sqlite3_column_text(statement, 0));
    }
    send->origins = g_strv_builder_end(origins);
    return TRUE;
}

static gboolean read_next(Sqlite *db, AttachmentSend *ret_send, GError **error)
{
    AttachmentSend send = {0};
    gboolean row;
    if (!read_first(db, &send, &row, error) || (row && !read_origins(db, &send, error)))
        return FALSE;
    *ret_send = send;
    return TRUE;
}

gboolean attachments_next(Store *store, AttachmentSend *ret_send, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) && read_next(reader.db, ret_send, error);
}

gboolean attachments_next_tx(StoreTx *tx, AttachmentSend *ret_send, GError **error)
{
    return ledger_tx_write(tx, error) && read_next(tx->db, ret_send, error);
}

/* For each of whom the chunk was for. */
static gboolean update_each(StoreTx *tx, const AttachmentSend *send, const char *sql,
                            const char *text, GError **error)
{
    for (guint i = 0; send->origins[i]; i++) {
        gint64 party;
        sqlite3_stmt *statement = tx_party(tx, send->origins[i], &party, error)
                                      ? sqlite_prepare(tx->db, sql, error)
                                      : NULL;
        if (!statement)
            return FALSE;
        sqlite3_bind_int64(statement, 1, send->number);
        sqlite3_bind_int64(statement, 2, party);
        sqlite3_bind_int64(statement, 3, send->place);
        if (text)
            sqlite_bind_text(statement, 4, text);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

gboolean attachments_sent(StoreTx *tx, const AttachmentSend *send, guint64 entry, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE chunk SET entry = ?2, data = NULL WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, FIRST_CHUNK(send->number) + send->place);
    sqlite3_bind_int64(statement, 2, (gint64)entry);
    return sqlite_run(tx->db, statement, error) &&
           update_each(tx, send,
                       "UPDATE attachment_peer SET sent = ?3 + 1"
                       " WHERE attachment = ?1 AND party = ?2 AND sent = ?3",
                       NULL, error);
}

gboolean attachments_give_up(StoreTx *tx, const AttachmentSend *send, const char *why,
                             GError **error)
{
    return update_each(tx, send,
                       "UPDATE attachment_peer SET failure = ?4"
                       " WHERE attachment = ?1 AND party = ?2 AND sent = ?3",
                       why, error);
}

static gpointer read_sending(sqlite3_stmt *statement)
{
    AttachmentSending *sending = g_new0(AttachmentSending, 1);
    sending->origin = sqlite_dup_text(statement, 0);
    sending->sent = (guint)sqlite3_column_int64(statement, 1);
    sending->failure = sqlite_dup_text(statement, 2);
    return sending;
}

GPtrArray *attachments_sendings(Store *store, const guint8 sha256[SHA256_SIZE], GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT p.origin, w.sent, w.failure FROM attachment a"
                             " JOIN attachment_peer w ON w.attachment = a.number"
                             " JOIN party p ON p.number = w.party WHERE a.sha256 = ?1"
                             " ORDER BY p.origin",
                             error)
            : NULL;
    if (!statement)
        return NULL;
    sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_TRANSIENT);
    return sqlite_collect(reader.db, statement, read_sending,
                          (GDestroyNotify)attachment_sending_free, error);
}
