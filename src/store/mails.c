#include "store/mails.h"

#include "store/reader.h"
#include "store/tx.h"

#define SECOND (gint64) G_USEC_PER_SEC

void mails_free(Mail *mail)
{
    if (!mail)
        return;
    g_free(mail->dossier);
    g_free(mail->token);
    g_free(mail->to);
    g_free(mail->message_id);
    g_clear_pointer(&mail->bytes, g_bytes_unref);
    g_free(mail->failure);
    g_free(mail);
}

gboolean mails_add(StoreTx *tx, const Mail *mail, GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(mail->bytes, &length);
    if (length > MAILS_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "a mail of %" G_GSIZE_FORMAT " bytes is larger than %d", length,
                    MAILS_BYTES_MAX);
        return FALSE;
    }
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO mail (dossier, token, recipient, message_id, bytes,"
                       " made, next, urgent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, mail->dossier);
    sqlite_bind_text(statement, 2, mail->token);
    sqlite_bind_text(statement, 3, mail->to);
    sqlite_bind_text(statement, 4, mail->message_id);
    sqlite3_bind_blob64(statement, 5, bytes, length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, mail->made);
    sqlite3_bind_int(statement, 7, mail->is_urgent ? 1 : 0);
    return sqlite_run(tx->db, statement, error);
}

gboolean mails_set_sent(StoreTx *tx, gint64 number, gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE mail SET sent = ?2, next = 0, tries = tries + 1, failure = NULL"
                       " WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, now);
    return sqlite_run(tx->db, statement, error);
}

gboolean mails_set_failed(StoreTx *tx, gint64 number, gint64 now, const char *why, gboolean final,
                          GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE mail SET tries = tries + 1, failure = ?3,"
        " next = CASE WHEN ?4 OR ?2 - made > ?5 THEN 0"
        " ELSE ?2 + min(?6 << min(tries, 10), ?7) END WHERE number = ?1 AND sent = 0",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, now);
    sqlite_bind_text(statement, 3, why);
    sqlite3_bind_int(statement, 4, final ? 1 : 0);
    sqlite3_bind_int64(statement, 5, MAILS_GIVE_UP * SECOND);
    sqlite3_bind_int64(statement, 6, MAILS_WAIT_FIRST * SECOND);
    sqlite3_bind_int64(statement, 7, MAILS_WAIT_MAX * SECOND);
    return sqlite_run(tx->db, statement, error);
}

gboolean mails_retry(StoreTx *tx, const char *dossier, gint64 now, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE mail SET next = ?2 WHERE dossier = ?1 AND sent = 0", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, dossier);
    sqlite3_bind_int64(statement, 2, now);
    return sqlite_run(tx->db, statement, error);
}

/* --- reading -----------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
    "number, dossier, token, recipient, message_id, made, next, sent, tries, failure, urgent"

static gpointer read_mail(sqlite3_stmt *statement)
{
    Mail *mail = g_new0(Mail, 1);
    mail->number = sqlite3_column_int64(statement, 0);
    mail->dossier = sqlite_dup_text(statement, 1);
    mail->token = sqlite_dup_text(statement, 2);
    mail->to = sqlite_dup_text(statement, 3);
    mail->message_id = sqlite_dup_text(statement, 4);
    mail->made = sqlite3_column_int64(statement, 5);
    mail->next = sqlite3_column_int64(statement, 6);
    mail->sent = sqlite3_column_int64(statement, 7);
    mail->tries = (guint)sqlite3_column_int(statement, 8);
    mail->failure = sqlite_dup_text(statement, 9);
    mail->is_urgent = sqlite3_column_int(statement, 10) != 0;
    if (sqlite3_column_type(statement, 11) == SQLITE_BLOB)
        mail->bytes = g_bytes_new(sqlite3_column_blob(statement, 11),
                                  (gsize)sqlite3_column_bytes(statement, 11));
    return mail;
}

static GPtrArray *read_all(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_mail, (GDestroyNotify)mails_free, error);
}

GPtrArray *mails_due(Store *store, gint64 now, gboolean urgent, gint64 after, guint limit,
                     GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT " COLUMNS ", bytes FROM mail"
        " WHERE next > 0 AND next <= ?1 AND number > ?2 AND urgent = ?4 ORDER BY number"
        " LIMIT ?3",
        error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, after);
    sqlite3_bind_int64(statement, 3, limit);
    sqlite3_bind_int(statement, 4, urgent ? 1 : 0);
    return read_all(reader.db, statement, error);
}

gboolean mails_next(Store *store, gboolean only_urgent, gint64 *ret_next, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           sqlite_get_int(reader.db,
                          only_urgent ? "SELECT min(next) FROM mail WHERE next > 0 AND urgent = 1"
                                      : "SELECT min(next) FROM mail WHERE next > 0",
                          G_MAXINT64, ret_next, error);
}

GPtrArray *mails_of(Store *store, const char *dossier, gboolean whole, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT " COLUMNS ", CASE WHEN ?2 THEN bytes END FROM mail"
                       " WHERE dossier = ?1 AND urgent = 0 ORDER BY number",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, dossier);
    sqlite3_bind_int(statement, 2, whole ? 1 : 0);
    return read_all(reader.db, statement, error);
}

/* The first text that @sql gives for one parameter; NULL: none. */
static gboolean read_text(Sqlite *db, const char *sql, const char *parameter, char **ret_text,
                          GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, parameter);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    *ret_text = row ? sqlite_dup_text(statement, 0) : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

gboolean mails_find(Store *store, const char *token, const char *message_id, char **ret_dossier,
                    GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    return token
               ? read_text(reader.db,
                           "SELECT dossier FROM mail WHERE token = ?1 AND urgent = 0 LIMIT 1",
                           token, ret_dossier, error)
               : read_text(reader.db,
                           "SELECT dossier FROM mail WHERE message_id = ?1 AND urgent = 0 LIMIT 1",
                           message_id, ret_dossier, error);
}

gboolean mails_token(Store *store, const char *dossier, char **ret_token, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           read_text(reader.db, "SELECT token FROM mail WHERE dossier = ?1 AND urgent = 0 LIMIT 1",
                     dossier, ret_token, error);
}

gboolean mails_count_sent(Store *store, const char *to, gint64 since, guint64 *ret_count,
                          GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        to ? sqlite_prepare(reader.db,
                            "SELECT count(*) FROM mail WHERE sent > ?1 AND recipient = ?2", error)
           : sqlite_prepare(reader.db, "SELECT count(*) FROM mail WHERE sent > ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, since);
    if (to)
        sqlite_bind_text(statement, 2, to);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_count = (guint64)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return TRUE;
}

gboolean mails_summary(Store *store, MailsSummary *ret_summary, GError **error)
{
    g_auto(Reader) reader = {0};
    gint64 waiting, failed, sent;
    if (!reader_begin(store, &reader, error) ||
        !sqlite_get_int(reader.db, "SELECT count(*) FROM mail WHERE next > 0", 0, &waiting,
                        error) ||
        !sqlite_get_int(reader.db, "SELECT count(*) FROM mail WHERE next = 0 AND sent = 0", 0,
                        &failed, error) ||
        !sqlite_get_int(reader.db, "SELECT count(*) FROM mail WHERE sent > 0", 0, &sent, error))
        return FALSE;
    *ret_summary = (MailsSummary){(guint64)waiting, (guint64)failed, (guint64)sent};
    return TRUE;
}
