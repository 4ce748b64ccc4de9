/* objects_find.c - objects_find() and objects_stats() of objects.h.
 *
 * A query is one SQL text of fixed parameters, with a condition for each part of the query that was
 * given. It runs in slices, each its own short read transaction, so that a slow consumer never
 * keeps the write-ahead log from being cut back. */
#include "store/objects.h"

#include <string.h>

#include "store/keyed.h"
#include "store/pack.h"
#include "store/reader.h"
#include "store/row.h"

/* A slice ends at so many rows or bytes. */
#define SLICE_ROWS  512
#define SLICE_BYTES (4 * 1024 * 1024)

typedef struct {
    Store *store;
    const ObjectsQuery *query;
    const char *sql;
    char *value_keys; /* JSON array of hash keys, or NULL */
    gint64 position;  /* number of the last version looked at */
    gint64 bound;     /* number of the newest version when the call began */
    gboolean at_end;  /* nothing remains behind position */
} Search;

#define EFFECTIVE(alias) "(" alias ".flags & " G_STRINGIFY(12) ") = 0"
G_STATIC_ASSERT(ROW_WITHOUT_EFFECT == 12);

static const char *build_sql(const ObjectsQuery *query)
{
    g_autoptr(GString) sql = g_string_new(
        "SELECT v.number, o.id, t.name, s.name, v.flags, v.version, v.stored_at, v.sha256, v.pack,"
        " v.offset, v.length FROM version v CROSS JOIN object o ON o.number = v.object"
        " CROSS JOIN type t ON t.number = v.type CROSS JOIN source s ON s.number = v.source"
        " WHERE v.number > ?1 AND v.number <= ?2");
    if (query->id)
        g_string_append(sql, " AND v.object = (SELECT number FROM object WHERE number IN"
                             " " KEYED_OBJECTS_SQL("?3") " AND id = ?4)");
    if (query->type)
        g_string_append(sql, " AND v.type = (SELECT number FROM type WHERE name = ?5)");
    if (query->source)
        g_string_append(sql, " AND v.source = (SELECT number FROM source WHERE name = ?6)");
    if (query->value)
        g_string_append(sql, " AND v.number IN (SELECT version FROM value WHERE key IN"
                             " (SELECT value FROM json_each(?7)) UNION ALL"
                             " SELECT version FROM value_recent WHERE key IN"
                             " (SELECT value FROM json_each(?7)))");
    if (query->collection)
        g_string_append(sql, " AND EXISTS (SELECT 1 FROM member m INDEXED BY member_object"
                             " WHERE m.collection = ?8 AND m.object = v.object"
                             " AND m.version = v.number)");
    if (query->modified_after != G_MININT64)
        g_string_append(sql, " AND v.version > ?9");
    if (!query->variants)
        g_string_append(sql, " AND " EFFECTIVE("v"));
    if (!query->variants && !query->all_versions)
        g_string_append(sql, " AND NOT EXISTS (SELECT 1 FROM version w INDEXED BY version_object"
                             " WHERE w.object = v.object AND w.version > v.version"
                             " AND w.number <= ?2 AND " EFFECTIVE("w") ")");
    g_string_append(sql, " ORDER BY v.number");
    return g_intern_string(sql->str);
}

/* The keys under which the query's value may lie. */
static char *value_keys(const Hashkey *hashkey, const ObjectsQuery *query)
{
    GString *keys = g_string_new("[");
    for (int kind = OBSERVABLE_IPV4; kind <= OBSERVABLE_OTHER; kind++)
        if (query->kind == OBSERVABLE_NONE || query->kind == (ObservableKind)kind)
            g_string_append_printf(keys, "%s%" G_GINT64_FORMAT, keys->len > 1 ? "," : "",
                                   hashkey_value(hashkey, (ObservableKind)kind, query->value));
    g_string_append_c(keys, ']');
    return g_string_free(keys, FALSE);
}

/* Neighbours lie in one pack mostly, so that @packs is used for all. */
static GBytes *read_bytes(PackReader *packs, const PackSpan *span, GError **error)
{
    packs->into = g_string_sized_new((gsize)span->length + 1);
    if (pack_reader_add(packs, span, error) && pack_reader_finish(packs, error))
        return g_string_free_to_bytes(g_steal_pointer(&packs->into));
    g_string_free(g_steal_pointer(&packs->into), TRUE);
    return NULL;
}

static ObjectsRow *read_row(PackReader *packs, sqlite3_stmt *statement, GError **error)
{
    g_autoptr(ObjectsRow) row = g_new0(ObjectsRow, 1);
    row->number = sqlite3_column_int64(statement, 0);
    row->id = sqlite_dup_text(statement, 1);
    row->type = sqlite_dup_text(statement, 2);
    row->source = sqlite_dup_text(statement, 3);
    gint64 flags = sqlite3_column_int64(statement, 4);
    row->spec = flags & ROW_SPEC_21 ? OBJECT_SPEC_21 : OBJECT_SPEC_20;
    row->revoked = (flags & ROW_REVOKED) != 0;
    row->variant = (flags & ROW_VARIANT) != 0;
    row->claim = (flags & ROW_CLAIM) != 0;
    row->version_digits = (guint)(flags >> ROW_DIGITS_SHIFT) & 0xff;
    row->version = sqlite3_column_int64(statement, 5);
    row->stored_at = sqlite3_column_int64(statement, 6);
    if (sqlite3_column_bytes(statement, 7) == SHA256_SIZE)
        memcpy(row->sha256, sqlite3_column_blob(statement, 7), SHA256_SIZE);

    PackSpan span = {.pack = sqlite3_column_int64(statement, 8),
                     .offset = sqlite3_column_int64(statement, 9),
                     .length = sqlite3_column_int64(statement, 10)};
    row->bytes = read_bytes(packs, &span, error);
    return row->bytes ? g_steal_pointer(&row) : NULL;
}

static void bind(const Search *search, sqlite3_stmt *statement, const Hashkey *hashkey)
{
    const ObjectsQuery *query = search->query;
    sqlite3_bind_int64(statement, 1, search->position);
    sqlite3_bind_int64(statement, 2, search->bound);
    if (query->id) {
        sqlite3_bind_int64(statement, 3, hashkey_text(hashkey, query->id));
        sqlite_bind_text(statement, 4, query->id);
    }
    if (query->type)
        sqlite_bind_text(statement, 5, query->type);
    if (query->source)
        sqlite_bind_text(statement, 6, query->source);
    if (query->value)
        sqlite_bind_text(statement, 7, search->value_keys);
    if (query->collection)
        sqlite3_bind_int64(statement, 8, query->collection);
    if (query->modified_after != G_MININT64)
        sqlite3_bind_int64(statement, 9, query->modified_after);
}

/* The index only narrows down: does the object really name the value? */
static gboolean names_value(const ObjectsRow *row, const ObjectsQuery *query)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(Object) object = object_read(bytes, length, row->spec, OBJECT_LENIENT, NULL);
    if (!object || !object->values)
        return FALSE;
    for (guint i = 0; i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        if ((query->kind == OBSERVABLE_NONE || query->kind == value->kind) &&
            g_str_equal(value->text, query->value))
            return TRUE;
    }
    return FALSE;
}

static gboolean matches(const ObjectsRow *row, const ObjectsQuery *query)
{
    if (query->value && !names_value(row, query))
        return FALSE;
    /* g_string_free_to_bytes() keeps the NUL behind the bytes. */
    return !query->text || strcasestr(g_bytes_get_data(row->bytes, NULL), query->text);
}

/* Reads the next rows into @rows. */
static gboolean read_slice(Search *search, GPtrArray *rows, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(search->store, &reader, error))
        return FALSE;
    const Hashkey *hashkey = reader_hashkey(&reader);
    if (search->bound < 0 &&
        !sqlite_get_int(reader.db, "SELECT max(number) FROM version", 0, &search->bound, error))
        return FALSE;
    if (search->query->value && !search->value_keys)
        search->value_keys = value_keys(hashkey, search->query);
    sqlite3_stmt *statement = sqlite_prepare(reader.db, search->sql, error);
    if (!statement)
        return FALSE;
    bind(search, statement, hashkey);

    g_auto(PackReader) packs = {.db = reader.db};
    gsize bytes = 0;
    for (guint looked_at = 0; looked_at < SLICE_ROWS && bytes < SLICE_BYTES; looked_at++) {
        gboolean found;
        if (!sqlite_step(reader.db, statement, &found, error))
            return FALSE;
        if (!found) {
            search->at_end = TRUE;
            return TRUE;
        }
        search->position = sqlite3_column_int64(statement, 0);
        g_autoptr(ObjectsRow) row = read_row(&packs, statement, error);
        if (!row) {
            sqlite3_reset(statement);
            return FALSE;
        }
        bytes += g_bytes_get_size(row->bytes);
        if (matches(row, search->query))
            g_ptr_array_add(rows, g_steal_pointer(&row));
    }
    sqlite3_reset(statement);
    return TRUE;
}

/* Rows that are shown together. */
typedef struct {
    Search *search;
    GPtrArray *rows;
    GError *error; /* NULL: all is well */
    GThread *thread;
} Slice;

static gpointer fill(gpointer user)
{
    Slice *slice = user;
    g_ptr_array_set_size(slice->rows, 0);
    read_slice(slice->search, slice->rows, &slice->error);
    return NULL;
}

/* Begins to fill @next, while others are shown. */
static void fill_ahead(Slice *next)
{
    if (!next->search->at_end)
        next->thread = g_thread_try_new("objects", fill, next, NULL);
}

/* Has @next filled; FALSE when nothing remains. */
static gboolean fill_now(Slice *next)
{
    if (next->thread) {
        g_thread_join(g_steal_pointer(&next->thread));
        return TRUE;
    }
    if (next->search->at_end)
        return FALSE;
    fill(next);
    return TRUE;
}

/* Shows @each the rows; FALSE when it wants no more. */
static gboolean show(const Slice *slice, const ObjectsQuery *query, ObjectsEach each, gpointer user,
                     guint64 *count)
{
    for (guint i = 0; i < slice->rows->len; i++) {
        ++*count;
        if (!each(slice->rows->pdata[i], user) || (query->limit > 0 && *count >= query->limit))
            return FALSE;
    }
    return TRUE;
}

static void slice_clear(Slice *slice)
{
    if (slice->thread)
        g_thread_join(slice->thread);
    g_ptr_array_unref(slice->rows);
    g_clear_error(&slice->error);
}

gboolean objects_find(Store *store, const ObjectsQuery *query, ObjectsEach each, gpointer user,
                      guint64 *ret_count, GError **error)
{
    Search search = {.store = store, .query = query, .sql = build_sql(query), .bound = -1};
    Slice slices[2];
    guint64 count = 0;
    gboolean good = TRUE, wanted = TRUE;

    for (guint i = 0; i < G_N_ELEMENTS(slices); i++)
        slices[i] =
            (Slice){.search = &search,
                    .rows = g_ptr_array_new_with_free_func((GDestroyNotify)objects_row_free)};
    for (guint turn = 0; good && wanted && fill_now(&slices[turn]); turn = !turn) {
        Slice *slice = &slices[turn];
        good = slice->error == NULL;
        if (!good) {
            g_propagate_error(error, g_steal_pointer(&slice->error));
            break;
        }
        if (query->ahead)
            fill_ahead(&slices[!turn]);
        wanted = show(slice, query, each, user, &count);
    }
    for (guint i = 0; i < G_N_ELEMENTS(slices); i++)
        slice_clear(&slices[i]);
    g_free(search.value_keys);
    if (good && ret_count)
        *ret_count = count;
    return good;
}

gboolean objects_stats(Store *store, ObjectsStats *ret_stats, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT (SELECT count(*) FROM object_key)"
        " + (SELECT count(*) FROM object_key_recent), count(*), total((flags & 4) <> 0),"
        " total((flags & 12) = 8), total(length) FROM version",
        error);
    gboolean row;
    if (!statement || !sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_stats = (ObjectsStats){
        .objects = (guint64)sqlite3_column_int64(statement, 0),
        .versions = (guint64)sqlite3_column_int64(statement, 1),
        .variants = (guint64)sqlite3_column_int64(statement, 2),
        .claims = (guint64)sqlite3_column_int64(statement, 3),
        .bytes = (guint64)sqlite3_column_int64(statement, 4),
    };
    sqlite3_reset(statement);
    return TRUE;
}
