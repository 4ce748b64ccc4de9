#include <string.h>

#include "store/ledger.h"
#include "store/pack.h"
#include "store/reader.h"
#include "store/records_rows.h"

static gpointer read_record(sqlite3_stmt *statement)
{
    Record *record = g_new0(Record, 1);
    record->number = sqlite3_column_int64(statement, 0);
    record->origin = sqlite_dup_text(statement, 1);
    if (record->origin && *record->origin == '\0')
        g_clear_pointer(&record->origin, g_free);
    record->entry = (guint64)sqlite3_column_int64(statement, 2);
    record->kind = sqlite_dup_text(statement, 3);
    record->made = sqlite3_column_int64(statement, 4);
    record->stored = sqlite3_column_int64(statement, 5);
    record->n_items = (guint)sqlite3_column_int64(statement, 6);
    record->granted_by = sqlite_column_index(statement, 7);
    record->title = sqlite_dup_text(statement, 8);
    record->tlp = (guint)sqlite3_column_int(statement, 9);
    record->pap = (guint)sqlite3_column_int(statement, 10);
    record->community = sqlite_dup_text(statement, 11);
    record->exercise = sqlite3_column_int(statement, 12) != 0;
    record->expires = sqlite3_column_type(statement, 13) == SQLITE_NULL
                          ? G_MAXINT64
                          : sqlite3_column_int64(statement, 13);
    record->state = (RecordState)sqlite3_column_int(statement, 14);
    record->retracted_by = sqlite_column_index(statement, 15);
    record->reason = sqlite_dup_text(statement, 16);
    record->refused = (guint64)sqlite3_column_int64(statement, 17);
    record->taken_back = (guint64)sqlite3_column_int64(statement, 18);
    record->held = sqlite3_column_int64(statement, 19);
    record->hold_reason = sqlite_dup_text(statement, 20);
    if (sqlite3_column_type(statement, 21) != SQLITE_NULL)
        record->header = g_strndup(sqlite3_column_blob(statement, 21),
                                   (gsize)sqlite3_column_bytes(statement, 21));
    return record;
}

GPtrArray *records_rows_read(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_record, (GDestroyNotify)record_free, error);
}

static gboolean refuse_missing(const char *origin, guint64 entry, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                "there is no entry %" G_GUINT64_FORMAT " of %s here", entry,
                origin ? origin : "this node among its dispatches");
    return FALSE;
}

/* Binds ?1 and ?2 of "p.origin = ?1 AND r.entry = ?2". */
static void bind_place(sqlite3_stmt *statement, const char *origin, guint64 entry)
{
    sqlite_bind_text(statement, 1, origin ? origin : "");
    sqlite3_bind_int64(statement, 2, (gint64)MIN(entry, (guint64)G_MAXINT64));
}

#define PLACE                                                                                      \
    " FROM party p CROSS JOIN record r ON r.party = p.number"                                      \
    " WHERE p.origin = ?1 AND r.entry = ?2"

Record *records_rows_get(Sqlite *db, const char *origin, guint64 entry, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, "SELECT " RECORDS_ROWS_COLUMNS PLACE, error);
    if (!statement)
        return NULL;
    bind_place(statement, origin, entry);
    g_autoptr(GPtrArray) list = records_rows_read(db, statement, error);
    if (list && list->len == 0)
        refuse_missing(origin, entry, error);
    return list && list->len > 0 ? g_ptr_array_steal_index(list, 0) : NULL;
}

GPtrArray *records_rows_carrying(Sqlite *db, gint64 version, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT " RECORDS_ROWS_COLUMNS_BUT_HEADER
                       ", CASE r.party WHEN 0 THEN (SELECT nullif(e.header, x'') FROM entry e"
                       " WHERE e.number = r.entry) ELSE r.header END"
                       " FROM record_item i CROSS JOIN record r"
                       " ON r.number = i.number / 4096 LEFT JOIN party p ON p.number = r.party"
                       " WHERE i.version = ?1 AND i.retracted IS NULL AND r.state = 0",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, version);
    return records_rows_read(db, statement, error);
}

GPtrArray *records_carrying(Store *store, gint64 version, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? records_rows_carrying(reader.db, version, error)
                                               : NULL;
}

/* The kind of the entry that took an item back: of another's ledger it is a record, of ours not. */
#define RETRACTED_BY_RECALL                                                                        \
    "coalesce((SELECT x.kind FROM record x WHERE x.party = r.party AND x.entry = i.retracted),"    \
    " (SELECT json_extract(CAST(e.header AS TEXT), '$.kind') FROM entry e WHERE r.party = 0"       \
    " AND e.number = i.retracted AND length(e.header) > 0)) = 'recall'"

GPtrArray *records_bearing(Store *store, gint64 version, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT " RECORDS_ROWS_COLUMNS ", i.retracted, " RETRACTED_BY_RECALL
        " FROM record_item i CROSS JOIN record r ON r.number = i.number / 4096 LEFT JOIN party p"
        " ON p.number = r.party WHERE i.version = ?1 ORDER BY r.number DESC",
        error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, version);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
    for (gboolean row;;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&list);
        Record *record = read_record(statement);
        g_ptr_array_add(list, record);
        guint64 by = sqlite_column_index(statement, 22);
        if (by == RECORDS_NO_INDEX || record->retracted_by != RECORDS_NO_INDEX)
            continue;
        record->retracted_by = by;
        record->state = sqlite3_column_int(statement, 23) ? RECORD_RECALLED : RECORD_WITHDRAWN;
    }
}

GHashTable *records_retired(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT v.number FROM (SELECT version FROM record_item WHERE retracted IS NOT NULL UNION"
        " SELECT i.version FROM record r CROSS JOIN record_item i ON i.number"
        " BETWEEN r.number * 4096 AND r.number * 4096 + 4095 WHERE r.state != 0) gone"
        " CROSS JOIN version v ON v.number = gone.version"
        " WHERE NOT EXISTS (SELECT 1 FROM record_item i CROSS JOIN record r"
        " ON r.number = i.number / 4096 WHERE i.version = v.number AND i.retracted IS NULL"
        " AND r.state = 0)"
        " AND NOT EXISTS (SELECT 1 FROM collection c CROSS JOIN member m INDEXED BY member_object"
        " ON m.collection = c.number AND m.object = v.object WHERE m.version = v.number)",
        error);
    if (!statement)
        return NULL;
    g_autoptr(GHashTable) versions =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (gboolean row;;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&versions);
        gint64 version = sqlite3_column_int64(statement, 0);
        g_hash_table_add(versions, g_memdup2(&version, sizeof(version)));
    }
}

/* @sql gives versions and levels; @text is its parameter. */
static GHashTable *read_levels(Store *store, const char *sql, const char *text, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error) ? sqlite_prepare(reader.db, sql, error) : NULL;
    g_autoptr(GHashTable) levels = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (statement && text)
        sqlite_bind_text(statement, 1, text);
    for (gboolean row; statement;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&levels);
        gpointer version = GSIZE_TO_POINTER((gsize)sqlite3_column_int64(statement, 0));
        guint level = (guint)sqlite3_column_int(statement, 1);
        if (level > GPOINTER_TO_UINT(g_hash_table_lookup(levels, version)))
            g_hash_table_insert(levels, version, GUINT_TO_POINTER(level));
    }
    return NULL;
}

#define LEVELS(column)                                                                             \
    "SELECT i.version, r." column " FROM record r CROSS JOIN record_item i"                        \
    " ON i.number BETWEEN r.number * 4096 AND r.number * 4096 + 4095"                              \
    " WHERE r.party <> 0 AND r." column " > 0 AND i.version IS NOT NULL"

GHashTable *records_levels(Store *store, GError **error)
{
    return read_levels(store, LEVELS("tlp"), NULL, error);
}

GHashTable *records_pap_levels(Store *store, GError **error)
{
    /* What came as an exercise is never blocked by: no level is stricter than RED. */
    return read_levels(store,
                       "SELECT i.version, CASE WHEN r.exercise THEN 4 ELSE r.pap END"
                       " FROM record r CROSS JOIN record_item i"
                       " ON i.number BETWEEN r.number * 4096 AND r.number * 4096 + 4095"
                       " WHERE r.party <> 0 AND (r.pap > 0 OR r.exercise)"
                       " AND i.version IS NOT NULL",
                       NULL, error);
}

GHashTable *records_of_community(Store *store, const char *community, GError **error)
{
    return read_levels(store,
                       "SELECT i.version, 1 FROM record r CROSS JOIN record_item i"
                       " ON i.number BETWEEN r.number * 4096 AND r.number * 4096 + 4095"
                       " WHERE r.community = ?1 AND r.state = 0 AND i.retracted IS NULL"
                       " AND i.version IS NOT NULL",
                       community, error);
}

Record *records_get(Store *store, const char *origin, guint64 entry, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? records_rows_get(reader.db, origin, entry, error)
                                               : NULL;
}

GPtrArray *records_list(Store *store, const RecordsQuery *query, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT " RECORDS_ROWS_COLUMNS " FROM record r LEFT JOIN party p"
                       " ON p.number = r.party WHERE (?1 IS NULL OR p.origin = ?1)"
                       " AND (?2 IS NULL OR r.kind = ?2) AND r.stored >= ?3"
                       " AND (NOT ?5 OR coalesce(json_extract(CAST(CASE r.party WHEN 0 THEN"
                       " (SELECT nullif(e.header, x'') FROM entry e WHERE e.number = r.entry)"
                       " ELSE r.header END AS TEXT), '$.items[0].type'), '')"
                       " NOT LIKE 'application/vnd.concert.%')"
                       " ORDER BY r.number DESC LIMIT ?4",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, query->own ? "" : query->origin);
    sqlite_bind_text(statement, 2, query->kind);
    sqlite3_bind_int64(statement, 3, query->since);
    sqlite3_bind_int64(statement, 4, query->limit > 0 ? (gint64)query->limit : -1);
    sqlite3_bind_int(statement, 5, query->objects);
    return records_rows_read(reader.db, statement, error);
}

GPtrArray *records_page(Store *store, const char *origin, guint64 from, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT " RECORDS_ROWS_COLUMNS
                             " FROM party p CROSS JOIN record r ON r.party = p.number"
                             " WHERE p.origin = ?1 AND r.entry >= ?2 ORDER BY r.entry LIMIT ?3",
                             error)
            : NULL;
    if (!statement)
        return NULL;
    bind_place(statement, origin, from);
    sqlite3_bind_int64(statement, 3, max);
    return records_rows_read(reader.db, statement, error);
}

gboolean records_next_expiry(Store *store, gint64 *ret_when, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) &&
           sqlite_get_int(reader.db,
                          "SELECT min(expires) FROM record WHERE expires IS NOT NULL"
                          " AND state = 0",
                          G_MAXINT64, ret_when, error);
}

/* --- openings ----------------------------------------------------------------------------------
 */

/* What is kept of an opening, besides its items. */
typedef struct {
    gint64 number;
    guint n_items;
    GBytes *entry, *nonce, *nonces;
    char *header;
    gsize header_length;
} Kept;

static void kept_clear(Kept *kept)
{
    g_clear_pointer(&kept->entry, g_bytes_unref);
    g_clear_pointer(&kept->nonce, g_bytes_unref);
    g_clear_pointer(&kept->nonces, g_bytes_unref);
    g_clear_pointer(&kept->header, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kept, kept_clear)

static GBytes *column_bytes(sqlite3_stmt *statement, int column)
{
    return g_bytes_new(sqlite3_column_blob(statement, column),
                       (gsize)sqlite3_column_bytes(statement, column));
}

static gboolean read_kept(Sqlite *db, const char *origin, guint64 entry, Kept *ret_kept,
                          GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT r.number, r.items, r.bytes, r.nonce, r.header, r.item_nonces" PLACE
                       " AND r.bytes IS NOT NULL",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    bind_place(statement, origin, entry);
    if (!sqlite_step(db, statement, &row, error))
        return FALSE;
    if (!row)
        return refuse_missing(origin, entry, error);
    ret_kept->number = sqlite3_column_int64(statement, 0);
    ret_kept->n_items = (guint)sqlite3_column_int64(statement, 1);
    ret_kept->entry = column_bytes(statement, 2);
    ret_kept->nonce = column_bytes(statement, 3);
    ret_kept->header_length = (gsize)sqlite3_column_bytes(statement, 4);
    ret_kept->header = g_strndup(sqlite3_column_blob(statement, 4), ret_kept->header_length);
    ret_kept->nonces = column_bytes(statement, 5);
    sqlite3_reset(statement);
    gboolean good =
        g_bytes_get_size(ret_kept->entry) == OPENING_ENTRY_SIZE &&
        (ret_kept->header_length == 0 ||
         (g_bytes_get_size(ret_kept->nonce) == OPENING_NONCE_SIZE &&
          g_bytes_get_size(ret_kept->nonces) == (gsize)ret_kept->n_items * OPENING_NONCE_SIZE));
    if (!good)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                    "what is kept of entry %" G_GUINT64_FORMAT " of %s is damaged", entry, origin);
    return good;
}

/* The bytes of an item: of a version, or its own. NULL without @error: it was erased. */
static GBytes *read_item(Sqlite *db, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT v.pack, v.offset, v.length, i.data FROM record_item i"
                       " LEFT JOIN version v ON v.number = i.version WHERE i.number = ?1",
                       error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(db, statement, &row, error) || !row)
        return NULL;
    PackSpan span = {.pack = sqlite3_column_int64(statement, 0),
                     .offset = sqlite3_column_int64(statement, 1),
                     .length = sqlite3_column_int64(statement, 2)};
    GBytes *own =
        sqlite3_column_type(statement, 3) != SQLITE_NULL ? column_bytes(statement, 3) : NULL;
    sqlite3_reset(statement);
    if (own || span.pack == 0)
        return own;
    g_auto(PackReader) reader = {.db = db, .into = g_string_sized_new((gsize)span.length + 1)};
    gboolean good = pack_reader_add(&reader, &span, error) && pack_reader_finish(&reader, error);
    GBytes *bytes = g_string_free_to_bytes(reader.into);
    if (!good)
        g_clear_pointer(&bytes, g_bytes_unref);
    return bytes;
}

Opening *records_opening(Store *store, const char *origin, guint64 entry, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(Kept) kept = {0};
    if (!reader_begin(store, &reader, error) || !read_kept(reader.db, origin, entry, &kept, error))
        return NULL;
    if (kept.header_length == 0)
        return opening_new_erased(g_bytes_get_data(kept.entry, NULL));
    g_autofree OpeningPart *parts = g_new0(OpeningPart, kept.n_items + 1);
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const guint8 *nonces = g_bytes_get_data(kept.nonces, NULL);
    for (guint i = 0; i < kept.n_items; i++) {
        GError *local = NULL;
        GBytes *bytes = read_item(reader.db, kept.number * LEDGER_ITEMS_MAX + i, &local);
        if (local) {
            g_propagate_error(error, local);
            return NULL;
        }
        if (bytes)
            g_ptr_array_add(items, bytes);
        parts[i] = (OpeningPart){.state = bytes ? OPENING_PRESENT : OPENING_ERASED,
                                 .nonce = bytes ? nonces + (gsize)i * OPENING_NONCE_SIZE : NULL,
                                 .bytes = bytes};
    }
    return opening_new(g_bytes_get_data(kept.nonce, NULL), kept.header, kept.header_length, parts,
                       kept.n_items, error);
}

gboolean records_evidence(Store *store, const char *origin, guint64 entry, char **ret_statement,
                          char **ret_checkpoint, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT a.statement, a.checkpoint FROM party p CROSS JOIN record r"
                       " ON r.party = p.number JOIN answer a ON a.number = r.answer"
                       " WHERE p.origin = ?1 AND r.entry = ?2",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    bind_place(statement, origin, entry);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    if (!row)
        return refuse_missing(origin, entry, error);
    *ret_statement = sqlite_dup_text(statement, 0);
    *ret_checkpoint = sqlite_dup_text(statement, 1);
    sqlite3_reset(statement);
    return TRUE;
}

/* Trees grow with where answers end, and the few that end before a tree of that size, but show a
 * larger one, are those of one catching up. */
#define ANSWERS_LOOKED_AT "64"

gboolean records_checkpoint(Store *store, const char *origin, guint64 size, char **ret_checkpoint,
                            GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT checkpoint FROM (SELECT size, checkpoint FROM answer"
        " WHERE party = (SELECT number FROM party WHERE origin = ?1)"
        " AND end <= ?2 ORDER BY end DESC LIMIT " ANSWERS_LOOKED_AT ") WHERE size = ?2",
        error);
    gboolean row;
    if (!statement)
        return FALSE;
    bind_place(statement, origin, size);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_checkpoint = row ? sqlite_dup_text(statement, 0) : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

static gpointer read_listed(sqlite3_stmt *statement)
{
    RecordItem *item = g_new0(RecordItem, 1);
    item->place = (guint)(sqlite3_column_int64(statement, 0) % LEDGER_ITEMS_MAX);
    item->id = sqlite_dup_text(statement, 1);
    item->version = sqlite3_column_int64(statement, 4);
    item->refusal = sqlite_dup_text(statement, 2);
    item->retracted_by = sqlite_column_index(statement, 3);
    item->retracted = item->retracted_by != RECORDS_NO_INDEX;
    return item;
}

GPtrArray *records_items(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT i.number, o.id, i.refusal, i.retracted, i.version FROM record_item i"
                       " LEFT JOIN version v ON v.number = i.version"
                       " LEFT JOIN object o ON o.number = v.object"
                       " WHERE i.number BETWEEN ?1 * 4096 AND ?1 * 4096 + 4095 ORDER BY i.number",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    return sqlite_collect(reader.db, statement, read_listed, (GDestroyNotify)record_item_free,
                          error);
}

gboolean records_digest(Store *store, const char *origin, guint64 end, guint64 *ret_count,
                        guint8 ret_digest[SHA256_SIZE], GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT r.entry, r.bytes FROM party p CROSS JOIN record r"
                       " ON r.party = p.number WHERE p.origin = ?1 AND r.entry < ?2"
                       " AND r.granted_by IS NULL ORDER BY r.entry",
                       error);
    if (!statement)
        return FALSE;
    bind_place(statement, origin, end);
    return sqlite_digest_entries(reader.db, statement, ret_count, ret_digest, error);
}
