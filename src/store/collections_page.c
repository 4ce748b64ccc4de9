/* collections_page.c - the pages of collections.h: collections_objects(), collections_manifest().
 *
 * A page is one SQL query over `member`, in the order of date_added, with a condition for each part
 * of the filter. What it selects depends on nothing but its parameters and the members up to
 * `until`, see collections.h. */
#include "store/collections.h"

#include "store/keyed.h"
#include "store/pack.h"
#include "store/reader.h"

void collection_page_free(CollectionPage *page)
{
    if (!page)
        return;
    g_clear_pointer(&page->ids, g_ptr_array_unref);
    g_clear_pointer(&page->members, g_array_unref);
    if (page->objects)
        g_string_free(page->objects, TRUE);
    g_free(page);
}

/* The filter's lists as JSON arrays of numbers, for json_each(); NULL where not given. */
typedef struct {
    char *objects;
    char *types;
    char *versions;
    gint64 only_type; /* when there is just one; 0: several or none */
} Lists;

static void lists_clear(Lists *lists)
{
    g_free(lists->objects);
    g_free(lists->types);
    g_free(lists->versions);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lists, lists_clear)

static void append_number(GString *json, gint64 number)
{
    g_string_append_printf(json, "%s%" G_GINT64_FORMAT, json->len > 1 ? "," : "", number);
}

/* Runs @sql for each of @names and gathers the numbers; @ret_count of them. */
static char *look_up_all(const Reader *reader, const char *sql, char **names, guint *ret_count,
                         gint64 *ret_last, GError **error)
{
    g_autoptr(GString) json = g_string_new("[");
    sqlite3_stmt *statement = sqlite_prepare(reader->db, sql, error);
    guint count = 0;
    for (; statement && *names; names++) {
        sqlite3_reset(statement);
        sqlite_bind_text(statement, 1, *names);
        if (sqlite3_bind_parameter_count(statement) > 1)
            sqlite3_bind_int64(statement, 2, hashkey_text(reader_hashkey(reader), *names));
        for (gboolean row;;) {
            if (!sqlite_step(reader->db, statement, &row, error))
                return NULL;
            if (!row)
                break;
            *ret_last = sqlite3_column_int64(statement, 0);
            append_number(json, *ret_last);
            count++;
        }
    }
    if (!statement)
        return NULL;
    *ret_count = count;
    return g_string_free(g_string_append_c(g_steal_pointer(&json), ']'), FALSE);
}

static gboolean resolve_lists(const Reader *reader, const CollectionFilter *filter,
                              Lists *ret_lists, GError **error)
{
    g_auto(Lists) lists = {0};
    guint count;
    gint64 last = -1; /* the number of nothing */
    if (filter->ids) {
        lists.objects = look_up_all(reader,
                                    "SELECT number FROM object WHERE number IN"
                                    " " KEYED_OBJECTS_SQL("?2") " AND id = ?1",
                                    filter->ids, &count, &last, error);
        if (!lists.objects)
            return FALSE;
    }
    if (filter->types) {
        lists.types = look_up_all(reader, "SELECT number FROM type WHERE name = ?1", filter->types,
                                  &count, &last, error);
        if (!lists.types)
            return FALSE;
        lists.only_type = count == 1 ? last : 0;
    }
    if (filter->versions) {
        GString *json = g_string_new("[");
        for (guint i = 0; i < filter->versions->len; i++)
            append_number(json, g_array_index(filter->versions, gint64, i));
        lists.versions = g_string_free(g_string_append_c(json, ']'), FALSE);
    }
    *ret_lists = lists;
    lists = (Lists){0};
    return TRUE;
}

/* First and last are kept for each specification version by itself. When the filter asks for both
 * of them, an object still has only one first and one last version (section 3.4.1); of equal ones
 * that of STIX 2.1. */
static void append_across_specs(GString *sql, gboolean both, const char *beyond)
{
    if (both)
        g_string_append_printf(sql,
                               " AND NOT EXISTS (SELECT 1 FROM member h INDEXED BY member_object"
                               " WHERE h.collection = ?1 AND h.object = m.object"
                               " AND h.spec = 1 - m.spec AND h.added <= ?3"
                               " AND (h.modified %s m.modified"
                               " OR (h.modified = m.modified AND h.spec > m.spec)))",
                               beyond);
    g_string_append_c(sql, ')');
}

static void append_version_filter(GString *sql, const CollectionFilter *filter)
{
    gboolean given = filter->first || filter->last || filter->versions;
    if (filter->all)
        return;
    gboolean both = filter->spec20 && filter->spec21;
    g_string_append(sql, " AND (0");
    if (filter->last || !given) {
        g_string_append(sql, " OR ((m.last_until IS NULL OR m.last_until > ?3)");
        append_across_specs(sql, both, ">");
    }
    if (filter->first) {
        g_string_append(sql, " OR ((m.first_until IS NULL OR m.first_until > ?3)");
        append_across_specs(sql, both, "<");
    }
    /* An object that says no version has its date_added for one (TAXII 2.1, section 3.4.1). */
    if (filter->versions)
        g_string_append(sql, " OR iif(m.modified <> 0, m.modified, m.added) IN"
                             " (SELECT value FROM json_each(?6))");
    g_string_append_c(sql, ')');
}

static void append_spec_filter(GString *sql, const CollectionFilter *filter)
{
    if (filter->spec20 && filter->spec21)
        return;
    if (filter->spec20)
        g_string_append(sql, " AND m.spec = 0");
    else if (filter->spec21)
        g_string_append(sql, " AND m.spec = 1");
    else
        g_string_append(sql, " AND (m.spec = 1 OR NOT EXISTS (SELECT 1 FROM member h"
                             " INDEXED BY member_object WHERE h.collection = ?1"
                             " AND h.object = m.object AND h.spec = 1 AND h.added <= ?3))");
}

static const char *build_sql(const char *columns, const char *join, const CollectionFilter *filter,
                             const Lists *lists)
{
    g_autoptr(GString) sql = g_string_new("SELECT m.added, ");
    g_string_append_printf(sql, "%s FROM member m", columns);
    if (lists->objects)
        g_string_append(sql, " INDEXED BY member_object");
    else if (lists->only_type)
        g_string_append(sql, " INDEXED BY member_type");
    g_string_append_printf(sql,
                           "%s WHERE m.collection = ?1 AND m.added > ?2"
                           " AND m.added <= ?3",
                           join);
    if (lists->objects)
        g_string_append(sql, " AND m.object IN (SELECT value FROM json_each(?5))");
    if (lists->only_type)
        g_string_append(sql, " AND m.type = ?4");
    else if (lists->types)
        g_string_append(sql, " AND +m.type IN (SELECT value FROM json_each(?4))");
    append_version_filter(sql, filter);
    append_spec_filter(sql, filter);
    g_string_append(sql, " ORDER BY m.added LIMIT ?7");
    return g_intern_string(sql->str);
}

/* The newest date_added of the collection, so that later pages end where this one's set ended. */
static gboolean resolve_until(const Reader *reader, const CollectionQuery *query, gint64 *ret_until,
                              GError **error)
{
    if (query->until != G_MAXINT64) {
        *ret_until = query->until;
        return TRUE;
    }
    sqlite3_stmt *statement =
        sqlite_prepare(reader->db, "SELECT last_added FROM collection WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, query->number);
    gboolean row;
    if (!sqlite_step(reader->db, statement, &row, error))
        return FALSE;
    *ret_until = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return TRUE;
}

/* Prepares and binds the page's statement; @lists must outlive its run. */
static sqlite3_stmt *begin_page(const Reader *reader, const CollectionQuery *query,
                                const char *columns, const char *join, const Lists *lists,
                                gint64 until, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(reader->db, build_sql(columns, join, &query->filter, lists), error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, query->number);
    sqlite3_bind_int64(statement, 2, query->after);
    sqlite3_bind_int64(statement, 3, until);
    if (lists->only_type)
        sqlite3_bind_int64(statement, 4, lists->only_type);
    else if (lists->types)
        sqlite_bind_text(statement, 4, lists->types);
    if (lists->objects)
        sqlite_bind_text(statement, 5, lists->objects);
    if (lists->versions)
        sqlite_bind_text(statement, 6, lists->versions);
    sqlite3_bind_int64(statement, 7, (gint64)query->limit + 1);
    return statement;
}

static void count_member(CollectionPage *page, gint64 date)
{
    if (page->count++ == 0)
        page->first = date;
    page->last = date;
}

static gboolean read_objects(const Reader *reader, sqlite3_stmt *statement,
                             const CollectionQuery *query, CollectionPage *page, GError **error)
{
    g_auto(PackReader) packs = {.db = reader->db, .into = page->objects};
    gsize bytes = 0;
    for (gboolean row;;) {
        if (!sqlite_step(reader->db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        PackSpan span = {.pack = sqlite3_column_int64(statement, 1),
                         .offset = sqlite3_column_int64(statement, 2),
                         .length = sqlite3_column_int64(statement, 3)};
        if (page->count == query->limit ||
            (page->count > 0 && bytes + (gsize)span.length > query->max_bytes)) {
            page->more = TRUE;
            sqlite3_reset(statement);
            break;
        }
        count_member(page, sqlite3_column_int64(statement, 0));
        bytes += (gsize)span.length + 1;
        if (!pack_reader_add(&packs, &span, error)) {
            sqlite3_reset(statement);
            return FALSE;
        }
    }
    return pack_reader_finish(&packs, error);
}

static gboolean read_members(const Reader *reader, sqlite3_stmt *statement,
                             const CollectionQuery *query, CollectionPage *page, GError **error)
{
    for (gboolean row;;) {
        if (!sqlite_step(reader->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        if (page->count == query->limit) {
            page->more = TRUE;
            sqlite3_reset(statement);
            return TRUE;
        }
        CollectionMember member = {
            .id = sqlite_dup_text(statement, 1),
            .date_added = sqlite3_column_int64(statement, 0),
            .spec = sqlite3_column_int(statement, 2) ? OBJECT_SPEC_21 : OBJECT_SPEC_20,
            .version = sqlite3_column_int64(statement, 3),
            .version_digits = (guint)sqlite3_column_int(statement, 4),
        };
        g_ptr_array_add(page->ids, (gpointer)member.id);
        g_array_append_val(page->members, member);
        count_member(page, member.date_added);
    }
}

typedef gboolean (*ReadPage)(const Reader *reader, sqlite3_stmt *statement,
                             const CollectionQuery *query, CollectionPage *page, GError **error);

static gboolean fill_page(Store *store, const CollectionQuery *query, const char *columns,
                          const char *join, ReadPage read, CollectionPage *page, GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(Lists) lists = {0};
    if (!reader_begin(store, &reader, error) ||
        !resolve_lists(&reader, &query->filter, &lists, error) ||
        !resolve_until(&reader, query, &page->until, error))
        return FALSE;
    sqlite3_stmt *statement = begin_page(&reader, query, columns, join, &lists, page->until, error);
    return statement && read(&reader, statement, query, page, error);
}

CollectionPage *collections_objects(Store *store, const CollectionQuery *query, GString *into,
                                    GError **error)
{
    g_autoptr(CollectionPage) page = g_new0(CollectionPage, 1);
    page->objects = into ? g_string_truncate(into, 0) : g_string_new(NULL);
    if (!fill_page(store, query, "m.pack, m.offset, m.length", "", read_objects, page, error))
        return NULL;
    return g_steal_pointer(&page);
}

CollectionPage *collections_manifest(Store *store, const CollectionQuery *query, GError **error)
{
    g_autoptr(CollectionPage) page = g_new0(CollectionPage, 1);
    page->ids = g_ptr_array_new_with_free_func(g_free);
    page->members = g_array_new(FALSE, FALSE, sizeof(CollectionMember));
    if (!fill_page(store, query, "o.id, m.spec, m.modified, m.digits",
                   " CROSS JOIN object o ON o.number = m.object", read_members, page, error))
        return NULL;
    return g_steal_pointer(&page);
}

gboolean collections_contains(Store *store, gint64 number, const char *id, gboolean *ret_contains,
                              GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT 1 FROM object o JOIN member m INDEXED BY member_object"
                       " ON m.collection = ?1 AND m.object = o.number"
                       " WHERE o.number IN " KEYED_OBJECTS_SQL("?2") " AND o.id = ?3 LIMIT 1",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, hashkey_text(reader_hashkey(&reader), id));
    sqlite_bind_text(statement, 3, id);
    if (!sqlite_step(reader.db, statement, ret_contains, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}
