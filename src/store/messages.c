#include "store/messages.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/reader.h"
#include "store/tx.h"

#define PREFIX_MIN 4  /* characters of an id that name a message */
#define ID_MAX     64 /* bytes */

const char *message_kind_name(MessageKind kind)
{
    static const char *const names[] = {"emergency", "note", "acknowledgement"};
    return names[kind];
}

const char *message_state_name(MessageState state)
{
    static const char *const names[] = {"new", "waiting", "failed", "delivered", "acknowledged"};
    return names[state];
}

void message_record_free(MessageRecord *record)
{
    if (!record)
        return;
    g_free(record->node);
    g_free(record->id);
    g_free(record->text);
    g_free(record->reply_to);
    g_free(record->acknowledged_by);
    g_free(record->acknowledgement);
    g_free(record->failure);
    g_free(record);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* What came of one kind from one peer, and nobody looked at, is bounded. */
static gboolean check_room(StoreTx *tx, const MessageRecord *record, GError **error)
{
    if (!record->incoming)
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT count(*) FROM message WHERE peer = ?1 AND kind = ?2"
                       " AND incoming = 1 AND acknowledged = 0 AND text IS NOT NULL",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, record->peer);
    sqlite3_bind_int(statement, 2, (int)record->kind);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 count = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (count < MESSAGES_OPEN_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%d messages of this peer wait for somebody to look at them already",
                MESSAGES_OPEN_MAX);
    return FALSE;
}

/* The number, text and acknowledgement of what messages_add() knows a message by; *ret_number 0:
 * there is none. */
static gboolean look_up(StoreTx *tx, gint64 peer, gboolean incoming, MessageKind kind,
                        const char *id, gint64 *ret_number, gint64 *ret_acknowledged,
                        GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT number, acknowledged FROM message"
                       " WHERE peer = ?1 AND incoming = ?2 AND kind = ?3 AND id = ?4",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, peer);
    sqlite3_bind_int(statement, 2, incoming ? 1 : 0);
    sqlite3_bind_int(statement, 3, (int)kind);
    sqlite_bind_text(statement, 4, id);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_number = row ? sqlite3_column_int64(statement, 0) : 0;
    *ret_acknowledged = row ? sqlite3_column_int64(statement, 1) : 0;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

static gboolean insert(StoreTx *tx, const MessageRecord *record, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT INTO message (peer, incoming, kind, id, made, kept, text, exercise, reply_to)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, record->peer);
    sqlite3_bind_int(statement, 2, record->incoming ? 1 : 0);
    sqlite3_bind_int(statement, 3, (int)record->kind);
    sqlite_bind_text(statement, 4, record->id);
    sqlite3_bind_int64(statement, 5, record->made);
    sqlite3_bind_int64(statement, 6, timestamp_now());
    sqlite_bind_text(statement, 7, record->text);
    sqlite3_bind_int(statement, 8, record->exercise ? 1 : 0);
    sqlite_bind_text(statement, 9, record->reply_to);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean messages_add(StoreTx *tx, const MessageRecord *record, gboolean *ret_new,
                      gint64 *ret_number, GError **error)
{
    gint64 number, acknowledged;
    if (!look_up(tx, record->peer, record->incoming, record->kind, record->id, &number,
                 &acknowledged, error))
        return FALSE;
    gboolean is_new = number == 0;
    if (is_new) {
        if (!check_room(tx, record, error) || !insert(tx, record, error))
            return FALSE;
        number = sqlite3_last_insert_rowid(tx->db->handle);
    }
    *ret_new = is_new;
    if (ret_number)
        *ret_number = number;
    return TRUE;
}

gboolean messages_set_post(StoreTx *tx, gint64 number, gint64 post, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE message SET post = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, post);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean messages_delivered(StoreTx *tx, gint64 post, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE message SET delivered = ?2 WHERE post = ?1 AND delivered = 0", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, post);
    sqlite3_bind_int64(statement, 2, timestamp_now());
    return sqlite_run(tx->db, statement, error);
}

static gboolean set_acknowledged(StoreTx *tx, gint64 number, gint64 when, const char *by,
                                 const char *text, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE message SET acknowledged = ?2, acknowledged_by = ?3,"
                       " acknowledgement = ?4 WHERE number = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, when);
    sqlite_bind_text(statement, 3, by);
    sqlite_bind_text(statement, 4, text);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean messages_acknowledge(StoreTx *tx, gint64 peer, gboolean incoming, const char *id,
                              gint64 when, const char *by, const char *text, gboolean *ret_new,
                              GError **error)
{
    gint64 number, acknowledged, note, ignored;
    if (!look_up(tx, peer, incoming, MESSAGE_EMERGENCY, id, &number, &acknowledged, error))
        return FALSE;
    if (number == 0) {
        if (!look_up(tx, peer, incoming, MESSAGE_NOTE, id, &note, &ignored, error))
            return FALSE;
        g_set_error(error, CONCERT_ERROR, note ? CONCERT_ERROR_CONFLICT : CONCERT_ERROR_NOT_FOUND,
                    note ? "%s is a note, which nobody acknowledges" : "there is no message %s",
                    id);
        return FALSE;
    }
    if (acknowledged == 0 && !set_acknowledged(tx, number, MAX(when, 1), by, text, error))
        return FALSE;
    if (ret_new)
        *ret_new = acknowledged == 0;
    return TRUE;
}

gboolean messages_remove(StoreTx *tx, gint64 number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE message SET text = NULL, acknowledgement = NULL WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    tx->changed = TRUE;
    tx->erased = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- Reading --------------------------------------------------------------------------------- */

/* Of ?1 a kind, ?2 a direction (-1: both), ?3 a peer (0: all). */
#define SELECT                                                                                     \
    "SELECT m.number, m.kind, m.incoming, m.peer, p.node, m.id, m.made, m.kept, m.text,"           \
    " m.exercise, m.reply_to, m.delivered, m.acknowledged, m.acknowledged_by, m.acknowledgement,"  \
    " o.next, o.tries, o.failure FROM message m LEFT JOIN peer p ON p.number = m.peer"             \
    " LEFT JOIN outbox o ON o.number = m.post"                                                     \
    " WHERE m.kind = ?1 AND (?2 < 0 OR m.incoming = ?2) AND (?3 = 0 OR m.peer = ?3)"               \
    " AND m.text IS NOT NULL"

/* Of an emergency message: until a person acknowledged it, and who wrote it knows. Of a note: until
 * it is delivered. */
#define OPEN " AND (m.post IS NOT NULL AND m.delivered = 0 OR m.kind = 0 AND m.acknowledged = 0)"

/* What becomes of a post that is not there any more and was not delivered: the peer refused it, and
 * it was not kept. @waits: its next try lies ahead. */
static MessageState state_of(const MessageRecord *record, gboolean waits)
{
    if (record->acknowledged)
        return MESSAGE_ACKNOWLEDGED;
    if (record->incoming)
        return MESSAGE_NEW;
    if (record->delivered)
        return MESSAGE_DELIVERED;
    return waits ? MESSAGE_WAITING : MESSAGE_FAILED;
}

static gpointer read_record(sqlite3_stmt *statement)
{
    MessageRecord *record = g_new0(MessageRecord, 1);
    int column = 0;
    record->number = sqlite3_column_int64(statement, column++);
    record->kind = (MessageKind)sqlite3_column_int(statement, column++);
    record->incoming = sqlite3_column_int(statement, column++) != 0;
    record->peer = sqlite3_column_int64(statement, column++);
    record->node = sqlite_dup_text(statement, column++);
    record->id = sqlite_dup_text(statement, column++);
    record->made = sqlite3_column_int64(statement, column++);
    record->kept = sqlite3_column_int64(statement, column++);
    record->text = sqlite_dup_text(statement, column++);
    record->exercise = sqlite3_column_int(statement, column++) != 0;
    record->reply_to = sqlite_dup_text(statement, column++);
    record->delivered = sqlite3_column_int64(statement, column++);
    record->acknowledged = sqlite3_column_int64(statement, column++);
    record->acknowledged_by = sqlite_dup_text(statement, column++);
    record->acknowledgement = sqlite_dup_text(statement, column++);
    gboolean waits = sqlite3_column_int64(statement, column++) != 0;
    record->tries = (guint)sqlite3_column_int(statement, column++);
    record->failure = sqlite_dup_text(statement, column++);
    record->state = state_of(record, waits);
    record->acknowledgement_waits = record->incoming && record->acknowledged && waits;
    return record;
}

static GPtrArray *read_records(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_record, (GDestroyNotify)message_record_free, error);
}

static void bind_filter(sqlite3_stmt *statement, const MessagesFilter *filter)
{
    gboolean both = filter->incoming == filter->outgoing;
    sqlite3_bind_int(statement, 1, (int)filter->kind);
    sqlite3_bind_int(statement, 2, both ? -1 : filter->incoming ? 1 : 0);
    sqlite3_bind_int64(statement, 3, filter->peer);
}

static void reverse(GPtrArray *records)
{
    for (guint i = 0; i < records->len / 2; i++) {
        gpointer record = records->pdata[i];
        records->pdata[i] = records->pdata[records->len - 1 - i];
        records->pdata[records->len - 1 - i] = record;
    }
}

GPtrArray *messages_list(Store *store, const MessagesFilter *filter, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       filter->open ? SELECT OPEN " ORDER BY m.number DESC LIMIT ?4"
                                    : SELECT " ORDER BY m.number DESC LIMIT ?4",
                       error);
    if (!statement)
        return NULL;
    bind_filter(statement, filter);
    sqlite3_bind_int64(statement, 4, filter->max ? (gint64)filter->max : -1);
    GPtrArray *records = read_records(reader.db, statement, error);
    if (records)
        reverse(records);
    return records;
}

MessageRecord *messages_find(Store *store, const MessagesFilter *filter, const char *id,
                             GError **error)
{
    gsize length = strnlen(id, ID_MAX + 1);
    g_autofree char *end = g_strconcat(id, "~", NULL); /* after whatever an id is made of */
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, SELECT " AND m.id >= ?4 AND m.id < ?5 LIMIT 2", error);
    if (!statement)
        return NULL;
    bind_filter(statement, filter);
    sqlite_bind_text(statement, 4, id);
    sqlite_bind_text(statement, 5, end);
    g_autoptr(GPtrArray) records = length >= PREFIX_MIN && length <= ID_MAX
                                       ? read_records(reader.db, statement, error)
                                       : g_ptr_array_new();
    if (!records)
        return NULL;
    if (records->len == 1)
        return g_ptr_array_steal_index(records, 0);
    g_set_error(error, CONCERT_ERROR,
                records->len == 0 ? CONCERT_ERROR_NOT_FOUND : CONCERT_ERROR_CONFLICT,
                records->len == 0 ? "there is no such message \"%s\""
                                  : "several messages have an id that begins with \"%s\"",
                id);
    return NULL;
}

gboolean messages_count(Store *store, MessagesCounts *ret_counts, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT total(incoming = 1 AND acknowledged = 0 AND exercise = 0),"
        " total(incoming = 1 AND acknowledged = 0 AND exercise != 0),"
        " total(incoming = 0 AND acknowledged = 0 AND delivered = 0 AND exercise = 0),"
        " min(CASE WHEN incoming = 1 AND acknowledged = 0 AND exercise = 0 THEN kept END)"
        " FROM message WHERE kind = 0 AND text IS NOT NULL",
        error);
    gboolean row;
    if (!statement || !sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_counts = (MessagesCounts){0};
    if (row) {
        ret_counts->emergencies = (guint)sqlite3_column_int64(statement, 0);
        ret_counts->exercises = (guint)sqlite3_column_int64(statement, 1);
        ret_counts->undelivered = (guint)sqlite3_column_int64(statement, 2);
        ret_counts->oldest = sqlite3_column_int64(statement, 3);
        sqlite3_reset(statement);
    }
    return TRUE;
}
