#include "store/outbox.h"

#include "base/timestamp.h"
#include "store/messages.h"
#include "store/reader.h"
#include "store/tx.h"

void outbox_post_free(OutboxPost *post)
{
    if (!post)
        return;
    g_free(post->path);
    g_free(post->type);
    g_free(post->title);
    g_clear_pointer(&post->body, g_bytes_unref);
    g_free(post->failure);
    g_free(post);
}

static gboolean check_room(StoreTx *tx, gint64 peer, gboolean urgent, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT count(*) FROM outbox WHERE peer = ?1 AND urgent = ?2 AND next != 0", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer);
    sqlite3_bind_int(statement, 2, urgent ? 1 : 0);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 waiting = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (waiting < OUTBOX_PEER_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%d posts wait for that peer already; it cannot be reached", OUTBOX_PEER_MAX);
    return FALSE;
}

static gboolean add(StoreTx *tx, gint64 peer, const char *path, const char *type, const char *title,
                    GBytes *body, gint64 next, gboolean urgent, gint64 *ret_number, GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(body, &length);
    if (length > OUTBOX_BODY_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a post has more than %d bytes",
                    OUTBOX_BODY_MAX);
        return FALSE;
    }
    if (!check_room(tx, peer, urgent, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO outbox (peer, path, type, title, body, made, next, urgent)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                       error);
    if (!statement)
        return FALSE;
    gint64 now = timestamp_now();
    sqlite3_bind_int64(statement, 1, peer);
    sqlite_bind_text(statement, 2, path);
    sqlite_bind_text(statement, 3, type);
    sqlite_bind_text(statement, 4, title);
    sqlite3_bind_blob64(statement, 5, bytes ? bytes : "", length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, now);
    sqlite3_bind_int64(statement, 7, next ? next : now);
    sqlite3_bind_int(statement, 8, urgent ? 1 : 0);
    tx->changed = TRUE;
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (ret_number)
        *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

gboolean outbox_add(StoreTx *tx, gint64 peer, const char *path, const char *type, const char *title,
                    GBytes *body, gint64 next, gint64 *ret_number, GError **error)
{
    return add(tx, peer, path, type, title, body, next, FALSE, ret_number, error);
}

gboolean outbox_add_urgent(StoreTx *tx, gint64 peer, const char *path, const char *type,
                           const char *title, GBytes *body, gint64 *ret_number, GError **error)
{
    return add(tx, peer, path, type, title, body, 0, TRUE, ret_number, error);
}

#define COLUMNS "number, peer, path, type, title, body, made, tries, next, failure, urgent"

static gpointer read_post(sqlite3_stmt *statement)
{
    OutboxPost *post = g_new0(OutboxPost, 1);
    post->number = sqlite3_column_int64(statement, 0);
    post->peer = sqlite3_column_int64(statement, 1);
    post->path = sqlite_dup_text(statement, 2);
    post->type = sqlite_dup_text(statement, 3);
    post->title = sqlite_dup_text(statement, 4);
    post->body =
        g_bytes_new(sqlite3_column_blob(statement, 5), (gsize)sqlite3_column_bytes(statement, 5));
    post->made = sqlite3_column_int64(statement, 6);
    post->tries = (guint)sqlite3_column_int(statement, 7);
    post->next = sqlite3_column_int64(statement, 8);
    post->failure = sqlite_dup_text(statement, 9);
    post->urgent = sqlite3_column_int(statement, 10) != 0;
    return post;
}

static GPtrArray *read_posts(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_post, (GDestroyNotify)outbox_post_free, error);
}

GPtrArray *outbox_due(Store *store, gint64 now, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT " COLUMNS " FROM outbox WHERE number IN"
                       " (SELECT min(number) FROM outbox WHERE next != 0 GROUP BY peer, urgent)"
                       " AND next <= ?1 ORDER BY urgent DESC, next LIMIT ?2",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, max);
    return read_posts(reader.db, statement, error);
}

gboolean outbox_next(Store *store, gint64 *ret_next, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           sqlite_get_int(reader.db,
                          "SELECT min(next) FROM outbox WHERE number IN"
                          " (SELECT min(number) FROM outbox WHERE next != 0 GROUP BY peer, urgent)",
                          G_MAXINT64, ret_next, error);
}

GPtrArray *outbox_list(Store *store, gint64 peer, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT " COLUMNS " FROM outbox WHERE ?1 = 0 OR peer = ?1 ORDER BY number",
        error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, peer);
    return read_posts(reader.db, statement, error);
}

gboolean outbox_done(StoreTx *tx, gint64 number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, "DELETE FROM outbox WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error) && messages_delivered(tx, number, error);
}

/* Microseconds until the try after the one numbered @tries: doubling, three quarters of it at
 * least. */
static gint64 wait_after(guint tries, gboolean urgent, guint retry_after)
{
    gint64 max = !urgent ? OUTBOX_WAIT_MAX : tries < OUTBOX_URGENT_TRIES ? OUTBOX_URGENT_WAIT : 60;
    gint64 seconds = tries < 16 ? MIN(1 << tries, max) : max;
    gint64 wait = seconds * G_USEC_PER_SEC;
    wait -= (gint64)(g_random_double() * (double)wait / 4);
    return MAX(wait, (gint64)MIN(retry_after, OUTBOX_WAIT_MAX) * G_USEC_PER_SEC);
}

gboolean outbox_failed(StoreTx *tx, gint64 number, gint64 now, const char *failure,
                       guint retry_after, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT tries, urgent FROM outbox WHERE number = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) /* delivered by somebody else meanwhile */
        return TRUE;
    guint tries = (guint)sqlite3_column_int(statement, 0);
    gboolean urgent = sqlite3_column_int(statement, 1) != 0;
    sqlite3_reset(statement);
    statement = sqlite_prepare(
        tx->db, "UPDATE outbox SET tries = ?2, next = ?3, failure = ?4 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, tries + 1);
    sqlite3_bind_int64(statement, 3, now + wait_after(tries, urgent, retry_after));
    sqlite_bind_text(statement, 4, failure);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean outbox_give_up(StoreTx *tx, gint64 number, const char *failure, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE outbox SET tries = tries + 1, next = 0, failure = ?2 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, failure);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    statement = sqlite_prepare(tx->db,
                               "DELETE FROM outbox WHERE number IN (SELECT number FROM outbox"
                               " WHERE next = 0 AND peer = (SELECT peer FROM outbox WHERE number ="
                               " ?1) ORDER BY number DESC LIMIT -1 OFFSET ?2)",
                               error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, OUTBOX_PEER_MAX);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean outbox_wake(StoreTx *tx, gint64 peer, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE outbox SET next = ?2 WHERE peer = ?1 AND next > ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer);
    sqlite3_bind_int64(statement, 2, timestamp_now());
    return sqlite_run(tx->db, statement, error);
}
