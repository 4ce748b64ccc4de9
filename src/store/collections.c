#include "store/collections.h"

#include <string.h>

#include "store/membership.h"
#include "store/placed.h"
#include "store/reader.h"
#include "store/tx.h"

void collection_free(Collection *collection)
{
    if (!collection)
        return;
    g_free(collection->id);
    g_free(collection->root);
    g_free(collection->name);
    g_free(collection->title);
    g_free(collection->description);
    g_free(collection->reach);
    g_free(collection);
}

void collection_reach_free(CollectionReach *reach)
{
    if (!reach)
        return;
    g_free(reach->reach);
    g_free(reach);
}

void collection_root_free(CollectionRoot *root)
{
    if (!root)
        return;
    g_free(root->name);
    g_free(root->title);
    g_free(root->description);
    g_free(root);
}

void collection_grant_free(CollectionGrant *grant)
{
    if (!grant)
        return;
    g_free(grant->account);
    g_free(grant);
}

/* Names of roots and collections stand in URLs. */
static gboolean check_name(const char *what, const char *name, GError **error)
{
    gsize length = strlen(name);
    static const char *const taken[] = {"taxii2", "health", "metrics", "ledger", NULL};
    gboolean good = length >= 1 && length <= 64 && name[0] != '-' &&
                    !g_strv_contains(taken, name) &&
                    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
    if (!good)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s \"%s\": a name is 1 to 64 of a-z, 0-9 and '-', does not begin with '-' "
                    "and is not \"taxii2\", \"health\", \"metrics\" or \"ledger\"",
                    what, name);
    return good;
}

/* Runs an INSERT; a name that is taken already is CONCERT_ERROR_CONFLICT. */
static gboolean insert_unique(StoreTx *tx, sqlite3_stmt *statement, const char *what,
                              const char *name, GError **error)
{
    if (sqlite_run(tx->db, statement, error)) {
        tx->changed = TRUE;
        return TRUE;
    }
    if (sqlite3_errcode(tx->db->handle) == SQLITE_CONSTRAINT) {
        g_clear_error(error);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s \"%s\" exists already", what,
                    name);
    }
    return FALSE;
}

gboolean collections_add_root(StoreTx *tx, const char *name, const char *title,
                              const char *description, GError **error)
{
    if (!check_name("API root", name, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT INTO root (name, title, description) VALUES (?1, ?2, ?3)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite_bind_text(statement, 2, title ? title : name);
    sqlite_bind_text(statement, 3, description);
    return insert_unique(tx, statement, "API root", name, error);
}

static gboolean find_root(StoreTx *tx, const char *name, gint64 *ret_number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT number FROM root WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no API root \"%s\"", name);
        return FALSE;
    }
    *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return TRUE;
}

gboolean collections_add(StoreTx *tx, const char *root, const char *id, const char *name,
                         const char *title, const char *description, gint64 *ret_number,
                         GError **error)
{
    gint64 root_number;
    if (!check_name("collection", name, error) || !find_root(tx, root, &root_number, error))
        return FALSE;
    if (id && !g_uuid_string_is_valid(id)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is no UUID", id);
        return FALSE;
    }
    g_autofree char *lower = id ? g_ascii_strdown(id, -1) : g_uuid_string_random();
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO collection (id, root, name, title, description)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, lower);
    sqlite3_bind_int64(statement, 2, root_number);
    sqlite_bind_text(statement, 3, name);
    sqlite_bind_text(statement, 4, title ? title : name);
    sqlite_bind_text(statement, 5, description);
    if (!insert_unique(tx, statement, "collection", name, error))
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

gboolean collections_find_number(StoreTx *tx, const char *id_or_name, gint64 *ret_number,
                                 GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT number FROM collection WHERE id = lower(?1) OR name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, id_or_name);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no collection \"%s\"",
                    id_or_name);
        return FALSE;
    }
    *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return TRUE;
}

gboolean collections_grant(StoreTx *tx, gint64 number, const char *account, gboolean read,
                           gboolean write, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        read || write ? "INSERT OR REPLACE INTO access (collection, account, can_read, can_write)"
                        " VALUES (?1, ?2, ?3, ?4)"
                      : "DELETE FROM access WHERE collection = ?1 AND account = ?2"
                        " AND ?3 = 0 AND ?4 = 0",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, account);
    sqlite3_bind_int(statement, 3, read != FALSE);
    sqlite3_bind_int(statement, 4, write != FALSE);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

static gpointer read_root(sqlite3_stmt *statement)
{
    CollectionRoot *root = g_new0(CollectionRoot, 1);
    root->name = sqlite_dup_text(statement, 0);
    root->title = sqlite_dup_text(statement, 1);
    root->description = sqlite_dup_text(statement, 2);
    return root;
}

GPtrArray *collections_roots(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT name, title, description FROM root ORDER BY number", error);
    return sqlite_collect(reader.db, statement, read_root, (GDestroyNotify)collection_root_free,
                          error);
}

static gpointer read_collection(sqlite3_stmt *statement)
{
    Collection *collection = g_new0(Collection, 1);
    collection->number = sqlite3_column_int64(statement, 0);
    collection->id = sqlite_dup_text(statement, 1);
    collection->root = sqlite_dup_text(statement, 2);
    collection->name = sqlite_dup_text(statement, 3);
    collection->title = sqlite_dup_text(statement, 4);
    collection->description = sqlite_dup_text(statement, 5);
    collection->members = sqlite3_column_int64(statement, 6);
    collection->last_added = sqlite3_column_int64(statement, 7);
    collection->reach = sqlite_dup_text(statement, 8);
    return collection;
}

/* Collections of root ?1 (NULL: any) with UUID or name ?2 (NULL: any). */
static GPtrArray *select_collections(Store *store, const char *root, const char *id_or_name,
                                     GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT c.number, c.id, r.name, c.name, c.title, c.description, c.members, c.last_added,"
        " c.reach"
        " FROM collection c JOIN root r ON r.number = c.root"
        " WHERE (?1 IS NULL OR r.name = ?1) AND (?2 IS NULL OR c.id = lower(?2) OR c.name = ?2)"
        " ORDER BY c.number",
        error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, root);
    sqlite_bind_text(statement, 2, id_or_name);
    return sqlite_collect(reader.db, statement, read_collection, (GDestroyNotify)collection_free,
                          error);
}

GPtrArray *collections_list(Store *store, const char *root, GError **error)
{
    return select_collections(store, root, NULL, error);
}

Collection *collections_lookup(Store *store, const char *root, const char *id_or_name,
                               GError **error)
{
    g_autoptr(GPtrArray) list = select_collections(store, root, id_or_name, error);
    if (!list)
        return NULL;
    if (list->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no collection \"%s\"",
                    id_or_name);
        return NULL;
    }
    return g_ptr_array_steal_index(list, 0);
}

static gpointer read_grant(sqlite3_stmt *statement)
{
    CollectionGrant *grant = g_new0(CollectionGrant, 1);
    grant->account = sqlite_dup_text(statement, 0);
    grant->read = sqlite3_column_int(statement, 1) != 0;
    grant->write = sqlite3_column_int(statement, 2) != 0;
    return grant;
}

GPtrArray *collections_grants(Store *store, gint64 number, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db,
                                             "SELECT account, can_read, can_write FROM access"
                                             " WHERE collection = ?1 ORDER BY account",
                                             error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    return sqlite_collect(reader.db, statement, read_grant, (GDestroyNotify)collection_grant_free,
                          error);
}

gboolean collections_rights(Store *store, gint64 number, const char *account, gboolean *ret_read,
                            gboolean *ret_write, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT total(can_read), total(can_write) FROM access"
                       " WHERE collection = ?1 AND account IN (?2, '" COLLECTIONS_ANYONE "')",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, account);
    gboolean row;
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_read = sqlite3_column_int(statement, 0) != 0;
    *ret_write = sqlite3_column_int(statement, 1) != 0;
    sqlite3_reset(statement);
    return TRUE;
}

/* --- reach -------------------------------------------------------------------------------------
 */

static gpointer read_reach(sqlite3_stmt *statement)
{
    CollectionReach *reach = g_new0(CollectionReach, 1);
    reach->number = sqlite3_column_int64(statement, 0);
    reach->reach = sqlite_dup_text(statement, 1);
    return reach;
}

GPtrArray *collections_reaches(StoreTx *tx, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT number, reach FROM collection WHERE reach IS NOT NULL ORDER BY number",
        error);
    if (!statement)
        return NULL;
    return sqlite_collect(tx->db, statement, read_reach, (GDestroyNotify)collection_reach_free,
                          error);
}

static gboolean has_reach(StoreTx *tx, gint64 number, gboolean *ret_has, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT 1 FROM collection WHERE number = ?1 AND reach IS NOT NULL", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    *ret_has = row;
    return TRUE;
}

gboolean collections_set_reach(StoreTx *tx, gint64 number, const char *reach, GError **error)
{
    gboolean had;
    if (!has_reach(tx, number, &had, error) || (!had && !placed_add_all(tx, number, error)))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE collection SET reach = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite_bind_text(statement, 2, reach);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- removing ----------------------------------------------------------------------------------
 */

/* A member that collections_remove() is to take out. */
typedef struct {
    gint64 date, modified;
    gboolean spec21, is_last, is_first;
} Candidate;

static gboolean read_candidates(StoreTx *tx, gint64 number, gint64 object, GArray *candidates,
                                GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT added, modified, spec, last_until IS NULL, first_until IS NULL"
                       " FROM member INDEXED BY member_object"
                       " WHERE collection = ?1 AND object = ?2",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, object);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        Candidate candidate = {.date = sqlite3_column_int64(statement, 0),
                               .modified = sqlite3_column_int64(statement, 1),
                               .spec21 = sqlite3_column_int(statement, 2) != 0,
                               .is_last = sqlite3_column_int(statement, 3) != 0,
                               .is_first = sqlite3_column_int(statement, 4) != 0};
        g_array_append_val(candidates, candidate);
    }
}

static gboolean has_spec(const Candidate *candidate, const CollectionFilter *filter)
{
    return candidate->spec21 ? filter->spec21 : filter->spec20;
}

/* Is it the first or last version of those in the specification versions asked for? Of equal ones
 * that of STIX 2.1 is, as on pages. */
static gboolean is_outermost(const Candidate *candidate, const GArray *candidates,
                             const CollectionFilter *filter, gboolean last)
{
    if (!(last ? candidate->is_last : candidate->is_first))
        return FALSE;
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *other = &g_array_index(candidates, Candidate, i);
        if (!has_spec(other, filter))
            continue;
        if (last ? other->modified > candidate->modified : other->modified < candidate->modified)
            return FALSE;
        if (other->modified == candidate->modified && other->spec21 && !candidate->spec21)
            return FALSE;
    }
    return TRUE;
}

static gboolean is_chosen(const Candidate *candidate, const GArray *candidates,
                          const CollectionFilter *filter)
{
    if (!has_spec(candidate, filter))
        return FALSE;
    if (filter->all || (!filter->first && !filter->last && !filter->versions))
        return TRUE;
    if ((filter->first && is_outermost(candidate, candidates, filter, FALSE)) ||
        (filter->last && is_outermost(candidate, candidates, filter, TRUE)))
        return TRUE;
    for (guint i = 0; filter->versions && i < filter->versions->len; i++) {
        gint64 wanted = g_array_index(filter->versions, gint64, i);
        if (wanted == (candidate->modified ? candidate->modified : candidate->date))
            return TRUE;
    }
    return FALSE;
}

/* Makes the filter say which specification versions it is about. Who names versions means those
 * that a page with the same filter shows: of the newest specification version that there is. Who
 * names none means the object, in whatever shape. */
static CollectionFilter settle_specs(const CollectionFilter *filter, const GArray *candidates)
{
    CollectionFilter settled = *filter;
    if (filter->spec20 || filter->spec21)
        return settled;
    for (guint i = 0; i < candidates->len; i++)
        settled.spec21 |= g_array_index(candidates, Candidate, i).spec21;
    gboolean named = filter->first || filter->last || filter->versions;
    settled.spec20 = !settled.spec21 || !named;
    return settled;
}

gboolean collections_remove(StoreTx *tx, gint64 number, const char *id,
                            const CollectionFilter *filter, guint *ret_removed, GError **error)
{
    TxObject object = {.id = id};
    Membership membership;
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    if (!tx_objects(tx, &object, 1, error) || !membership_begin(tx, number, &membership, error) ||
        !read_candidates(tx, number, object.number, candidates, error))
        return FALSE;
    CollectionFilter settled = settle_specs(filter, candidates);
    guint removed = 0;
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);
        if (!is_chosen(candidate, candidates, &settled))
            continue;
        if (!membership_remove(tx, &membership, candidate->date, error))
            return FALSE;
        removed++;
    }
    if (removed > 0 && (!membership_settle(tx, number, object.number, FALSE, error) ||
                        !membership_settle(tx, number, object.number, TRUE, error) ||
                        !membership_end(tx, &membership, error) ||
                        !placed_settle(tx, number, object.number, error)))
        return FALSE;
    *ret_removed = removed;
    return TRUE;
}
