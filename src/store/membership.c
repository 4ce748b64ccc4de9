#include "store/membership.h"

#include "base/timestamp.h"
#include "store/pending.h"

gboolean membership_begin(StoreTx *tx, gint64 collection, Membership *ret_membership,
                          GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT last_added FROM collection WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "no collection with number %" G_GINT64_FORMAT, collection);
        return FALSE;
    }
    *ret_membership =
        (Membership){.collection = collection, .last_added = sqlite3_column_int64(statement, 0)};
    sqlite3_reset(statement);
    return TRUE;
}

/* The member of the object nearest to a `modified`; *ret_found says whether there is one. */
static gboolean find_neighbour(StoreTx *tx, const char *sql, gint64 collection,
                               const MembershipItem *item, gboolean *ret_found, gint64 *ret_date,
                               gint64 *ret_modified, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, item->object);
    sqlite3_bind_int(statement, 3, item->spec21);
    sqlite3_bind_int64(statement, 4, item->modified);
    if (!sqlite_step(tx->db, statement, ret_found, error))
        return FALSE;
    if (*ret_found) {
        *ret_date = sqlite3_column_int64(statement, 0);
        *ret_modified = sqlite3_column_int64(statement, 1);
        sqlite3_reset(statement);
    }
    return TRUE;
}

#define NEIGHBOUR                                                                                  \
    "SELECT added, modified FROM member INDEXED BY member_object"                                  \
    " WHERE collection = ?1 AND object = ?2 AND spec = ?3 AND modified "

static const char next_sql[] = NEIGHBOUR ">= ?4 ORDER BY modified ASC LIMIT 1";
static const char previous_sql[] = NEIGHBOUR "< ?4 ORDER BY modified DESC LIMIT 1";

static gboolean take_over(StoreTx *tx, const char *sql, gint64 collection, gint64 date_of_old,
                          gint64 date, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, date_of_old);
    sqlite3_bind_int64(statement, 3, date);
    return sqlite_run(tx->db, statement, error);
}

static const char last_sql[] =
    "UPDATE member SET last_until = ?3 WHERE collection = ?1 AND added = ?2";
static const char first_sql[] =
    "UPDATE member SET first_until = ?3 WHERE collection = ?1 AND added = ?2";

gboolean membership_add(StoreTx *tx, Membership *membership, const MembershipItem *item,
                        gboolean *ret_added, gint64 *ret_date, GError **error)
{
    gint64 collection = membership->collection;
    gboolean later = FALSE, earlier = FALSE;
    gint64 later_date = 0, earlier_date = 0, later_modified = 0, earlier_modified = 0;
    if (!item->first_ever && !pending_settle(tx, item->object, error))
        return FALSE;
    if (!item->first_ever && !find_neighbour(tx, next_sql, collection, item, &later, &later_date,
                                             &later_modified, error))
        return FALSE;
    if (later && later_modified == item->modified) {
        *ret_added = FALSE;
        *ret_date = later_date;
        return TRUE;
    }
    if (!item->first_ever && !find_neighbour(tx, previous_sql, collection, item, &earlier,
                                             &earlier_date, &earlier_modified, error))
        return FALSE;

    gint64 date = MAX(timestamp_now(), membership->last_added + 1);
    if (!pending_add_member(tx, collection, item, date, !later, !earlier, error))
        return FALSE;
    /* Without a later one, the one before was the last until now; likewise the first. */
    if (!later && earlier && !take_over(tx, last_sql, collection, earlier_date, date, error))
        return FALSE;
    if (!earlier && later && !take_over(tx, first_sql, collection, later_date, date, error))
        return FALSE;
    membership->last_added = date;
    membership->count++;
    tx->changed = TRUE;
    *ret_added = TRUE;
    *ret_date = date;
    return TRUE;
}

gboolean membership_remove(StoreTx *tx, Membership *membership, gint64 date, GError **error)
{
    if (!pending_flush(tx, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM member WHERE collection = ?1 AND added = ?2", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, membership->collection);
    sqlite3_bind_int64(statement, 2, date);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    membership->count -= sqlite3_changes(tx->db->handle);
    tx->changed = TRUE;
    return TRUE;
}

typedef struct {
    gint64 date, modified, last_until, first_until; /* until: 0 for "still" */
} Standing;

static gboolean read_standings(StoreTx *tx, gint64 collection, gint64 object, gboolean spec21,
                               GArray *standings, GError **error)
{
    if (!pending_settle(tx, object, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT added, modified FROM member INDEXED BY member_object"
                       " WHERE collection = ?1 AND object = ?2 AND spec = ?3 ORDER BY added",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, object);
    sqlite3_bind_int(statement, 3, spec21);
    gboolean row;
    for (;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        Standing standing = {.date = sqlite3_column_int64(statement, 0),
                             .modified = sqlite3_column_int64(statement, 1)};
        g_array_append_val(standings, standing);
    }
}

gboolean membership_settle(StoreTx *tx, gint64 collection, gint64 object, gboolean spec21,
                           GError **error)
{
    g_autoptr(GArray) standings = g_array_new(FALSE, TRUE, sizeof(Standing));
    if (!read_standings(tx, collection, object, spec21, standings, error))
        return FALSE;
    Standing *last = NULL, *first = NULL;
    for (guint i = 0; i < standings->len; i++) {
        Standing *standing = &g_array_index(standings, Standing, i);
        if (!last || standing->modified > last->modified) {
            if (last)
                last->last_until = standing->date;
            last = standing;
        } else {
            standing->last_until = standing->date;
        }
        if (!first || standing->modified < first->modified) {
            if (first)
                first->first_until = standing->date;
            first = standing;
        } else {
            standing->first_until = standing->date;
        }
    }
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE member SET last_until = nullif(?3, 0), first_until = nullif(?4, 0)"
                       " WHERE collection = ?1 AND added = ?2",
                       error);
    if (!statement)
        return FALSE;
    for (guint i = 0; i < standings->len; i++) {
        const Standing *standing = &g_array_index(standings, Standing, i);
        sqlite3_bind_int64(statement, 1, collection);
        sqlite3_bind_int64(statement, 2, standing->date);
        sqlite3_bind_int64(statement, 3, standing->last_until);
        sqlite3_bind_int64(statement, 4, standing->first_until);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
    }
    return TRUE;
}

gboolean membership_end(StoreTx *tx, const Membership *membership, GError **error)
{
    if (!pending_flush(tx, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE collection SET last_added = ?2, members = members + ?3 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, membership->collection);
    sqlite3_bind_int64(statement, 2, membership->last_added);
    sqlite3_bind_int64(statement, 3, membership->count);
    return sqlite_run(tx->db, statement, error);
}
