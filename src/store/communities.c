#include "store/communities.h"

#include <string.h>

#include "store/reader.h"
#include "store/tx.h"

static const char *const step_names[] = {"admitted", "left", "removed", "leaving"};

const char *communities_step_name(CommunityStep step)
{
    return step_names[step];
}

gboolean communities_step_parse(const char *name, CommunityStep *ret_step)
{
    for (guint i = COMMUNITY_ADMITTED; i <= COMMUNITY_REMOVED; i++) {
        if (g_str_equal(name, step_names[i])) {
            *ret_step = (CommunityStep)i;
            return TRUE;
        }
    }
    return FALSE;
}

static void member_free(CommunityMember *member)
{
    g_free(member->origin);
    g_free(member);
}

void communities_free(Community *community)
{
    if (!community)
        return;
    g_free(community->name);
    g_free(community->owner);
    g_free(community->title);
    g_clear_pointer(&community->rules, g_bytes_unref);
    g_free(community->complaint);
    g_clear_pointer(&community->members, g_ptr_array_unref);
    g_free(community);
}

const CommunityMember *communities_member(const Community *community, const char *origin)
{
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (g_str_equal(member->origin, origin))
            return member;
    }
    return NULL;
}

gboolean communities_has(const Community *community, const char *origin)
{
    const CommunityMember *member = communities_member(community, origin);
    return member && member->step == COMMUNITY_ADMITTED;
}

char **communities_members(const Community *community)
{
    GPtrArray *origins = g_ptr_array_new();
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (member->step == COMMUNITY_ADMITTED)
            g_ptr_array_add(origins, g_strdup(member->origin));
    }
    g_ptr_array_add(origins, NULL);
    return (char **)g_ptr_array_free(origins, FALSE);
}

/* --- reading -----------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
    "c.name, c.owner, c.title, c.rules_number, c.rules, c.records, c.complaint, m.member, m.step," \
    " m.votes, m.record, m.since"
#define TABLES "community c LEFT JOIN community_member m ON m.community = c.number"

static Community *read_community(sqlite3_stmt *statement)
{
    Community *community = g_new0(Community, 1);
    community->name = sqlite_dup_text(statement, 0);
    community->owner = sqlite_dup_text(statement, 1);
    community->title = sqlite_dup_text(statement, 2);
    community->rules_number = (guint64)sqlite3_column_int64(statement, 3);
    community->rules =
        g_bytes_new(sqlite3_column_blob(statement, 4), (gsize)sqlite3_column_bytes(statement, 4));
    community->records = (guint64)sqlite3_column_int64(statement, 5);
    community->complaint = sqlite_dup_text(statement, 6);
    community->members = g_ptr_array_new_with_free_func((GDestroyNotify)member_free);
    return community;
}

static CommunityMember *read_member(sqlite3_stmt *statement)
{
    CommunityMember *member = g_new0(CommunityMember, 1);
    member->origin = sqlite_dup_text(statement, 7);
    member->step = (CommunityStep)sqlite3_column_int(statement, 8);
    member->votes = sqlite3_column_int(statement, 9) != 0;
    member->record = (guint64)sqlite3_column_int64(statement, 10);
    member->since = sqlite3_column_int64(statement, 11);
    return member;
}

/* @name NULL: all. */
static GPtrArray *read_all(Sqlite *db, const char *name, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT " COLUMNS " FROM " TABLES
                       " WHERE ?1 IS NULL OR c.name = ?1 ORDER BY c.name, m.member",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, name);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)communities_free);
    Community *last = NULL;
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&list);
        if (!last || strcmp(last->name, (const char *)sqlite3_column_text(statement, 0)) != 0)
            g_ptr_array_add(list, last = read_community(statement));
        if (sqlite3_column_type(statement, 7) != SQLITE_NULL)
            g_ptr_array_add(last->members, read_member(statement));
    }
}

static Community *read_one(Sqlite *db, const char *name, GError **error)
{
    g_autoptr(GPtrArray) list = read_all(db, name, error);
    if (!list)
        return NULL;
    if (list->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no community %s is known here",
                    name);
        return NULL;
    }
    return g_ptr_array_steal_index(list, 0);
}

GPtrArray *communities_list(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_all(reader.db, NULL, error) : NULL;
}

Community *communities_get(Store *store, const char *name, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_one(reader.db, name, error) : NULL;
}

Community *communities_get_tx(StoreTx *tx, const char *name, GError **error)
{
    return read_one(tx->db, name, error);
}

static char **read_of(Sqlite *db, const char *origin, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT c.name FROM community_member m JOIN community c"
                       " ON c.number = m.community WHERE m.member = ?1 AND m.step = 0"
                       " ORDER BY c.name",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, origin);
    return sqlite_collect_texts(db, statement, error);
}

char **communities_of(Store *store, const char *origin, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_of(reader.db, origin, error) : NULL;
}

char **communities_of_tx(StoreTx *tx, const char *origin, GError **error)
{
    return read_of(tx->db, origin, error);
}

/* --- writing -----------------------------------------------------------------------------------
 */

/* Fails when @sql, of the texts @key and @but, counts as many as @max. */
static gboolean check_room(StoreTx *tx, const char *sql, const char *key, const char *but,
                           gint64 max, const char *what, GError **error)
{
    gboolean row;
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, key);
    sqlite_bind_text(statement, 2, but);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    gint64 count = row ? sqlite3_column_int64(statement, 0) : 0;
    if (row)
        sqlite3_reset(statement);
    if (count < max)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%" G_GINT64_FORMAT " %s of %s are enough", max, what, key);
    return FALSE;
}

static gboolean insert_community(StoreTx *tx, const char *name, const char *owner, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT OR IGNORE INTO community (name, owner, title, rules_number, rules, records)"
        " SELECT ?1, ?2, '', 0, x'', 0",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite_bind_text(statement, 2, owner);
    return sqlite_run(tx->db, statement, error);
}

gboolean communities_put(StoreTx *tx, const char *name, const char *owner, const char *title,
                         guint64 rules_number, GBytes *rules, guint64 records, GError **error)
{
    g_autoptr(GError) none = NULL;
    g_autoptr(Community) known = communities_get_tx(tx, name, &none);
    if (!known && (!check_room(tx, "SELECT count(*) FROM community WHERE owner = ?1 AND name != ?2",
                               owner, name, COMMUNITIES_OF_OWNER_MAX, "communities", error) ||
                   !insert_community(tx, name, owner, error)))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "UPDATE community SET owner = ?2, title = ?3, rules_number = ?4, rules = ?5, records = ?6,"
        " complaint = NULL WHERE name = ?1",
        error);
    if (!statement)
        return FALSE;
    gsize length;
    const void *text = g_bytes_get_data(rules, &length);
    sqlite_bind_text(statement, 1, name);
    sqlite_bind_text(statement, 2, owner);
    sqlite_bind_text(statement, 3, title);
    sqlite3_bind_int64(statement, 4, (gint64)rules_number);
    sqlite3_bind_blob64(statement, 5, text ? text : "", length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, (gint64)records);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean communities_set_member(StoreTx *tx, const char *name, const CommunityMember *member,
                                GError **error)
{
    if (!check_room(tx,
                    "SELECT count(*) FROM community_member m JOIN community c"
                    " ON c.number = m.community WHERE c.name = ?1 AND m.member != ?2",
                    name, member->origin, COMMUNITIES_MEMBERS_MAX, "members", error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "INSERT OR REPLACE INTO community_member (community, member, step, votes, record, since)"
        " SELECT number, ?2, ?3, ?4, ?5, ?6 FROM community WHERE name = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite_bind_text(statement, 2, member->origin);
    sqlite3_bind_int64(statement, 3, member->step);
    sqlite3_bind_int64(statement, 4, member->votes);
    sqlite3_bind_int64(statement, 5, (gint64)member->record);
    sqlite3_bind_int64(statement, 6, member->since);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

static gboolean run_named(StoreTx *tx, const char *sql, const char *name, const char *text,
                          GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    if (sqlite3_bind_parameter_count(statement) > 1)
        sqlite_bind_text(statement, 2, text);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean communities_clear_members(StoreTx *tx, const char *name, GError **error)
{
    return run_named(tx,
                     "DELETE FROM community_member WHERE community ="
                     " (SELECT number FROM community WHERE name = ?1)",
                     name, NULL, error);
}

gboolean communities_set_complaint(StoreTx *tx, const char *name, const char *complaint,
                                   GError **error)
{
    return run_named(tx, "UPDATE community SET complaint = ?2 WHERE name = ?1", name, complaint,
                     error);
}
