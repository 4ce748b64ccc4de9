#include "store/pack.h"

gboolean pack_append(StoreTx *tx, PackWriter *writer, const char *bytes, gsize length,
                     PackSpan *ret_span, GError **error)
{
    if (writer->number != 0 && writer->data->len + 1 + length > PACK_SIZE &&
        !pack_flush(tx, writer, error))
        return FALSE;
    if (writer->number == 0) {
        if (!tx_next(tx, &tx->next_pack, "SELECT max(number) FROM pack", &writer->number, error))
            return FALSE;
        if (!writer->data)
            writer->data = g_string_sized_new(PACK_SIZE);
    } else {
        g_string_append_c(writer->data, ',');
    }
    *ret_span = (PackSpan){
        .pack = writer->number, .offset = (gint64)writer->data->len, .length = (gint64)length};
    g_string_append_len(writer->data, bytes, (gssize)length);
    return TRUE;
}

gboolean pack_flush(StoreTx *tx, PackWriter *writer, GError **error)
{
    if (writer->number == 0)
        return TRUE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "INSERT INTO pack (number, data) VALUES (?1, ?2)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, writer->number);
    sqlite3_bind_blob64(statement, 2, writer->data->str, writer->data->len, SQLITE_STATIC);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    g_string_truncate(writer->data, 0);
    writer->number = 0;
    return TRUE;
}

void pack_writer_clear(PackWriter *writer)
{
    if (writer->data)
        g_string_free(writer->data, TRUE);
    writer->data = NULL;
}

static gboolean open_pack(PackReader *reader, gint64 pack, GError **error)
{
    if (reader->blob && reader->pack == pack)
        return TRUE;
    reader->pack = pack;
    if (reader->blob && sqlite3_blob_reopen(reader->blob, pack) == SQLITE_OK)
        return TRUE;
    g_clear_pointer(&reader->blob, sqlite3_blob_close);
    if (sqlite3_blob_open(reader->db->handle, "main", "pack", "data", pack, 0, &reader->blob) !=
        SQLITE_OK)
        return sqlite_fail(reader->db, error);
    return TRUE;
}

static gboolean read_waiting(PackReader *reader, GError **error)
{
    const PackSpan *span = &reader->waiting;
    if (span->length == 0)
        return TRUE;
    if (!open_pack(reader, span->pack, error))
        return FALSE;
    gsize start = reader->into->len;
    if (start > 0)
        g_string_append_c(reader->into, ',');
    start = reader->into->len;
    g_string_set_size(reader->into, start + (gsize)span->length);
    if (sqlite3_blob_read(reader->blob, reader->into->str + start, (int)span->length,
                          (int)span->offset) != SQLITE_OK)
        return sqlite_fail(reader->db, error);
    reader->waiting.length = 0;
    return TRUE;
}

gboolean pack_reader_add(PackReader *reader, const PackSpan *span, GError **error)
{
    PackSpan *waiting = &reader->waiting;
    if (waiting->length > 0 && waiting->pack == span->pack &&
        waiting->offset + waiting->length + 1 == span->offset) {
        waiting->length += 1 + span->length;
        return TRUE;
    }
    if (!read_waiting(reader, error))
        return FALSE;
    *waiting = *span;
    return TRUE;
}

gboolean pack_reader_finish(PackReader *reader, GError **error)
{
    return read_waiting(reader, error);
}

void pack_reader_clear(PackReader *reader)
{
    g_clear_pointer(&reader->blob, sqlite3_blob_close);
}
