#include "store/deliveries.h"

#include <string.h>

#include "store/ledger.h"
#include "store/ledger_tx.h"
#include "store/reader.h"
#include "store/tx.h"

void deliveries_state_free(DeliveryState *state)
{
    if (!state)
        return;
    g_free(state->origin);
    g_free(state);
}

/* Rows of (entry, granted_by, receipt, party), ascending by entry; an entry may come twice. */
static GArray *read_rows(Sqlite *db, sqlite3_stmt *statement, guint max, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Delivery));
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&list);
        const Delivery delivery = {.entry = (guint64)sqlite3_column_int64(statement, 0),
                                   .granted_by = sqlite_column_index(statement, 1),
                                   .receipt = sqlite_column_index(statement, 2),
                                   .is_public =
                                       sqlite3_column_int64(statement, 3) == LEDGER_EVERYBODY};
        if (list->len == max) {
            sqlite3_reset(statement);
            return g_steal_pointer(&list);
        }
        g_array_append_val(list, delivery);
    }
}

GArray *deliveries_between(Store *store, const char *origin, guint64 from, guint64 end, guint max,
                           GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT entry, granted_by, receipt, party FROM delivery"
                       " WHERE party = (SELECT number FROM party WHERE origin = ?1)"
                       " AND granted_by IS NULL AND entry >= ?2 AND entry < ?3"
                       " UNION ALL SELECT entry, NULL, NULL, 0 FROM delivery"
                       " WHERE party = 0 AND entry >= ?2 AND entry < ?3 ORDER BY entry",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, (gint64)MIN(from, (guint64)G_MAXINT64));
    sqlite3_bind_int64(statement, 3, (gint64)MIN(end, (guint64)G_MAXINT64));
    return read_rows(reader.db, statement, max, error);
}

char **deliveries_concerned(Store *store, guint64 from, guint64 end, gboolean *ret_public,
                            GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db,
        "SELECT origin FROM party WHERE number IN (SELECT party FROM delivery INDEXED BY"
        " delivery_entry WHERE entry >= ?1 AND entry < ?2)",
        error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (gint64)MIN(from, (guint64)G_MAXINT64));
    sqlite3_bind_int64(statement, 2, (gint64)MIN(end, (guint64)G_MAXINT64));
    g_autoptr(GPtrArray) origins = g_ptr_array_new_with_free_func(g_free);
    gboolean is_public = FALSE;
    for (gboolean row;;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return NULL;
        if (!row)
            break;
        g_autofree char *origin = sqlite_dup_text(statement, 0);
        if (*origin == '\0')
            is_public = TRUE;
        else
            g_ptr_array_add(origins, g_steal_pointer(&origin));
    }
    g_ptr_array_add(origins, NULL);
    *ret_public = is_public;
    return (char **)g_ptr_array_free(g_steal_pointer(&origins), FALSE);
}

GArray *deliveries_all(Store *store, const char *origin, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT entry, granted_by, receipt, party FROM delivery"
                       " WHERE party = (SELECT number FROM party WHERE origin = ?1)"
                       " UNION ALL SELECT entry, NULL, NULL, 0 FROM delivery"
                       " WHERE party = 0 ORDER BY entry",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, origin);
    return read_rows(reader.db, statement, G_MAXUINT, error);
}

gboolean deliveries_grant(StoreTx *tx, const char *origin, guint64 of, guint64 grant,
                          GError **error)
{
    gint64 party;
    if (!ledger_tx_write(tx, error) || !tx_party(tx, origin, &party, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR IGNORE INTO delivery (party, entry, granted_by) VALUES (?1, ?2, ?3)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, party);
    sqlite3_bind_int64(statement, 2, (gint64)of);
    sqlite3_bind_int64(statement, 3, (gint64)grant);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

char **deliveries_granted(StoreTx *tx, guint64 of, GError **error)
{
    if (!ledger_tx_write(tx, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT p.origin FROM delivery d INDEXED BY delivery_entry JOIN party p"
                       " ON p.number = d.party WHERE d.entry = ?1 AND d.granted_by IS NOT NULL"
                       " ORDER BY p.origin",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (gint64)MIN(of, (guint64)G_MAXINT64));
    return sqlite_collect_texts(tx->db, statement, error);
}

gboolean deliveries_confirm(StoreTx *tx, const char *origin, const guint64 *indices,
                            guint n_indices, guint64 receipt, GError **error)
{
    gint64 party;
    if (!ledger_tx_write(tx, error) || !tx_party(tx, origin, &party, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "UPDATE delivery SET receipt = ?3 WHERE party = ?1"
                                             " AND entry = ?2 AND receipt IS NULL",
                                             error);
    if (!statement)
        return FALSE;
    for (guint i = 0; i < n_indices; i++) {
        sqlite3_bind_int64(statement, 1, party);
        sqlite3_bind_int64(statement, 2, (gint64)MIN(indices[i], (guint64)G_MAXINT64));
        sqlite3_bind_int64(statement, 3, (gint64)receipt);
        if (!sqlite_run(tx->db, statement, error))
            return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

gboolean deliveries_includes(Store *store, const char *origin, guint64 entry,
                             gboolean *ret_includes, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT 1 FROM delivery d JOIN party p ON p.number = d.party"
                       " WHERE d.entry = ?2 AND (p.number = 0 OR p.origin = ?1)",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, (gint64)MIN(entry, (guint64)G_MAXINT64));
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    *ret_includes = row;
    return TRUE;
}

static gpointer read_state(sqlite3_stmt *statement)
{
    DeliveryState *state = g_new0(DeliveryState, 1);
    state->origin = sqlite_dup_text(statement, 0);
    state->granted_by = sqlite_column_index(statement, 1);
    state->receipt = sqlite_column_index(statement, 2);
    return state;
}

GPtrArray *deliveries_states(Store *store, guint64 entry, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT p.origin, d.granted_by, d.receipt FROM delivery d JOIN party p"
                       " ON p.number = d.party WHERE d.entry = ?1 ORDER BY p.origin",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, (gint64)MIN(entry, (guint64)G_MAXINT64));
    return sqlite_collect(reader.db, statement, read_state, (GDestroyNotify)deliveries_state_free,
                          error);
}

char **deliveries_audience(Store *store, guint64 entry, gboolean *ret_public, GError **error)
{
    g_autoptr(GPtrArray) states = deliveries_states(store, entry, error);
    if (!states)
        return NULL;
    g_autoptr(GPtrArray) origins = g_ptr_array_new_with_free_func(g_free);
    gboolean is_public = FALSE;
    for (guint i = 0; i < states->len; i++) {
        DeliveryState *state = states->pdata[i];
        if (*state->origin == '\0')
            is_public = TRUE;
        else
            g_ptr_array_add(origins, g_steal_pointer(&state->origin));
    }
    g_ptr_array_add(origins, NULL);
    if (ret_public)
        *ret_public = is_public;
    return (char **)g_ptr_array_free(g_steal_pointer(&origins), FALSE);
}

gboolean deliveries_digest(Store *store, const char *origin, guint64 end, guint64 *ret_count,
                           guint8 ret_digest[SHA256_SIZE], GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT e.number, e.entry FROM entry e WHERE e.number IN (SELECT entry"
                       " FROM delivery WHERE party IN (0, (SELECT number FROM party"
                       " WHERE origin = ?1)) AND granted_by IS NULL AND entry < ?2)"
                       " ORDER BY e.number",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    sqlite3_bind_int64(statement, 2, (gint64)MIN(end, (guint64)G_MAXINT64));
    return sqlite_digest_entries(reader.db, statement, ret_count, ret_digest, error);
}

gboolean deliveries_waiting(Store *store, const char *origin, guint64 *ret_count, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT count(*) FROM delivery d JOIN entry e ON e.number = d.entry"
                       " WHERE d.party = (SELECT number FROM party WHERE origin = ?1)"
                       " AND d.receipt IS NULL AND length(e.header) > 0"
                       " AND json_extract(CAST(e.header AS TEXT), '$.kind') <> 'receipt'",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_count = row ? (guint64)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return TRUE;
}
