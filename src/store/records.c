#include "store/records.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/ledger.h"
#include "store/ledger_tx.h"
#include "store/records_rows.h"
#include "store/tx.h"

const char *record_state_name(RecordState state)
{
    static const char *const names[] = {"live", "withdrawn", "recalled", "expired", "erased"};
    return names[state];
}

void record_free(Record *record)
{
    if (!record)
        return;
    g_free(record->origin);
    g_free(record->kind);
    g_free(record->title);
    g_free(record->community);
    g_free(record->reason);
    g_free(record->hold_reason);
    g_free(record->header);
    g_free(record);
}

void record_item_free(RecordItem *item)
{
    if (!item)
        return;
    g_free(item->id);
    g_free(item->refusal);
    g_free(item);
}

gboolean records_add_answer(StoreTx *tx, const RecordsAnswer *answer, gint64 *ret_number,
                            GError **error)
{
    gint64 party;
    if (!tx_party(tx, answer->origin, &party, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO answer (party, first, end, size, arrived, statement,"
                       " checkpoint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, party);
    sqlite3_bind_int64(statement, 2, (gint64)answer->from);
    sqlite3_bind_int64(statement, 3, (gint64)answer->end);
    sqlite3_bind_int64(statement, 4, (gint64)answer->size);
    sqlite3_bind_int64(statement, 5, timestamp_now());
    sqlite_bind_text(statement, 6, answer->statement);
    sqlite_bind_text(statement, 7, answer->checkpoint);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    tx->changed = TRUE;
    return TRUE;
}

/* --- keeping -----------------------------------------------------------------------------------
 */

/* 0 is this node. */
static gboolean find_party(StoreTx *tx, const char *origin, gint64 *ret_party, GError **error)
{
    *ret_party = 0;
    return !origin || tx_party(tx, origin, ret_party, error);
}

static gboolean find_record(StoreTx *tx, gint64 party, guint64 entry, gint64 *ret_number,
                            RecordState *ret_state, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "SELECT number, state FROM record WHERE party = ?1 AND entry = ?2", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, party);
    sqlite3_bind_int64(statement, 2, (gint64)MIN(entry, (guint64)G_MAXINT64));
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_number = 0;
    if (!row)
        return TRUE;
    *ret_number = sqlite3_column_int64(statement, 0);
    *ret_state = (RecordState)sqlite3_column_int(statement, 1);
    sqlite3_reset(statement);
    return TRUE;
}

/* The nonces of all items, one after the other; zeros where an item was erased. */
static GByteArray *join_nonces(const Opening *opening)
{
    GByteArray *nonces = g_byte_array_sized_new(opening->n_items * OPENING_NONCE_SIZE);
    for (guint i = 0; i < opening->n_items; i++)
        g_byte_array_append(nonces, opening->items[i].nonce, OPENING_NONCE_SIZE);
    return nonces;
}

static void bind_opening(sqlite3_stmt *statement, const Opening *opening, const GByteArray *nonces)
{
    sqlite3_bind_blob(statement, 7, opening->entry, OPENING_ENTRY_SIZE, SQLITE_STATIC);
    if (opening->is_erased)
        return;
    sqlite3_bind_blob(statement, 8, opening->nonce, OPENING_NONCE_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 9, opening->header, opening->header_length, SQLITE_STATIC);
    if (nonces->len > 0)
        sqlite3_bind_blob64(statement, 10, nonces->data, nonces->len, SQLITE_STATIC);
}

static const char insert_sql[] =
    "INSERT INTO record (party, entry, kind, made, stored, items, bytes, nonce, header,"
    " item_nonces, granted_by, answer, title, tlp, pap, community, exercise, expires)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

static gboolean insert_record(StoreTx *tx, const RecordsSpec *spec, gint64 party,
                              gint64 *ret_number, GError **error)
{
    const Opening *opening = spec->opening;
    g_autoptr(GByteArray) nonces = join_nonces(opening);
    sqlite3_stmt *statement = sqlite_prepare(tx->db, insert_sql, error);
    if (!statement)
        return FALSE;
    for (int i = 1; i <= 18; i++)
        sqlite3_bind_null(statement, i);
    sqlite3_bind_int64(statement, 1, party);
    sqlite3_bind_int64(statement, 2, (gint64)spec->entry);
    sqlite_bind_text(statement, 3, opening->is_erased ? "" : opening->kind);
    sqlite3_bind_int64(statement, 4, opening->time_us);
    sqlite3_bind_int64(statement, 5, timestamp_now());
    sqlite3_bind_int64(statement, 6, opening->n_items);
    if (spec->origin)
        bind_opening(statement, opening, nonces);
    sqlite_bind_index(statement, 11, spec->granted_by);
    if (spec->answer > 0)
        sqlite3_bind_int64(statement, 12, spec->answer);
    sqlite3_bind_int(statement, 17, spec->title && spec->exercise);
    if (spec->title) {
        sqlite_bind_text(statement, 13, spec->title);
        sqlite3_bind_int64(statement, 14, spec->tlp);
        sqlite3_bind_int64(statement, 15, spec->pap);
        sqlite_bind_text(statement, 16, spec->community);
        if (spec->expires != G_MAXINT64)
            sqlite3_bind_int64(statement, 18, spec->expires);
    }
    gboolean good = sqlite_run(tx->db, statement, error);
    sqlite3_clear_bindings(statement);
    if (!good)
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

static gboolean insert_items(StoreTx *tx, const RecordsSpec *spec, gint64 number, GError **error)
{
    g_auto(Bulk) rows;
    bulk_init(&rows, 4);
    for (guint i = 0; spec->items && i < spec->opening->n_items; i++) {
        const RecordsItem *item = &spec->items[i];
        gsize length = 0;
        const void *bytes = item->bytes ? g_bytes_get_data(item->bytes, &length) : NULL;
        bulk_add(&rows,
                 (BulkCell[]){
                     {.number = number * LEDGER_ITEMS_MAX + i},
                     {.number = item->version, .kind = item->version > 0 ? BULK_INT : BULK_NULL},
                     {.bytes = item->bytes && !bytes ? "" : bytes,
                      .length = (guint32)length,
                      .kind = item->bytes ? BULK_BLOB : BULK_NULL},
                     {.bytes = item->refusal, .kind = item->refusal ? BULK_TEXT : BULK_NULL}});
    }
    return bulk_run(&rows, tx->db,
                    "INSERT OR FAIL INTO record_item (number, version, data, refusal)"
                    " SELECT c0, c1, c2, c3 FROM bulk(?1)",
                    error);
}

gboolean records_add(StoreTx *tx, const RecordsSpec *spec, gint64 *ret_number, gboolean *ret_new,
                     GError **error)
{
    gint64 party, number;
    RecordState state;
    if (!find_party(tx, spec->origin, &party, error) ||
        !find_record(tx, party, spec->entry, &number, &state, error))
        return FALSE;
    gboolean is_new = number == 0;
    if (is_new &&
        (!insert_record(tx, spec, party, &number, error) || !insert_items(tx, spec, number, error)))
        return FALSE;
    tx->changed = TRUE;
    *ret_number = number;
    *ret_new = is_new;
    return TRUE;
}

/* --- taking out of use -------------------------------------------------------------------------
 */

/* Adds the versions of a record's items, those of @place or all, to @versions. */
static gboolean collect_versions(StoreTx *tx, gint64 number, gint64 first, gint64 last,
                                 GArray *versions, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT version FROM record_item WHERE number BETWEEN ?1 AND ?2"
                       " AND version IS NOT NULL",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number * LEDGER_ITEMS_MAX + first);
    sqlite3_bind_int64(statement, 2, number * LEDGER_ITEMS_MAX + last);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        gint64 version = sqlite3_column_int64(statement, 0);
        g_array_append_val(versions, version);
    }
}

static gboolean set_state(StoreTx *tx, gint64 number, RecordState state, guint64 by,
                          const char *reason, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE record SET state = ?2, retracted_by = ?3, reason = ?4 WHERE number = ?1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int(statement, 2, (int)state);
    sqlite_bind_index(statement, 3, by);
    sqlite_bind_text(statement, 4, reason);
    return sqlite_run(tx->db, statement, error);
}

static gboolean retract_item(StoreTx *tx, gint64 number, guint place, guint64 by, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE record_item SET retracted = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number * LEDGER_ITEMS_MAX + place);
    sqlite_bind_index(statement, 2, by);
    return sqlite_run(tx->db, statement, error);
}

gboolean records_retract(StoreTx *tx, const char *origin, guint64 entry, const guint *places,
                         guint n_places, guint64 by, RecordState state, const char *reason,
                         GArray **ret_versions, GError **error)
{
    gint64 party, number;
    RecordState before = RECORD_LIVE;
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (!find_party(tx, origin, &party, error) ||
        !find_record(tx, party, entry, &number, &before, error))
        return FALSE;
    /* A recall is stronger than a withdrawal that came before it. */
    if (number > 0 && (before == RECORD_LIVE || before == RECORD_EXPIRED ||
                       (before == RECORD_WITHDRAWN && state == RECORD_RECALLED))) {
        if (!places && (!set_state(tx, number, state, by, reason, error) ||
                        !collect_versions(tx, number, 0, LEDGER_ITEMS_MAX - 1, versions, error)))
            return FALSE;
        for (guint i = 0; places && i < n_places; i++)
            if (!retract_item(tx, number, places[i], by, error) ||
                !collect_versions(tx, number, places[i], places[i], versions, error))
                return FALSE;
        tx->changed = TRUE;
    }
    *ret_versions = g_steal_pointer(&versions);
    return TRUE;
}

gboolean records_expire(StoreTx *tx, gint64 now, guint max, GArray **ret_versions, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "SELECT number FROM record WHERE expires <= ?1"
                                             " AND state = 0 AND expires IS NOT NULL LIMIT ?2",
                                             error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, max);
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        gint64 number = sqlite3_column_int64(statement, 0);
        g_array_append_val(numbers, number);
    }
    for (guint i = 0; i < numbers->len; i++) {
        gint64 number = g_array_index(numbers, gint64, i);
        if (!set_state(tx, number, RECORD_EXPIRED, RECORDS_NO_INDEX, NULL, error) ||
            !collect_versions(tx, number, 0, LEDGER_ITEMS_MAX - 1, versions, error))
            return FALSE;
        tx->changed = TRUE;
    }
    *ret_versions = g_steal_pointer(&versions);
    return TRUE;
}

/* --- looking, inside a transaction -------------------------------------------------------------
 */

GPtrArray *records_of_version(StoreTx *tx, gint64 version, GError **error)
{
    return ledger_tx_write(tx, error) ? records_rows_carrying(tx->db, version, error) : NULL;
}

gboolean records_was_received(StoreTx *tx, gint64 version, gboolean *ret_received, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db,
        "SELECT 1 FROM record_item i CROSS JOIN record r ON r.number = i.number / 4096"
        " WHERE i.version = ?1 AND r.party <> 0 LIMIT 1",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, version);
    if (!sqlite_step(tx->db, statement, ret_received, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

GArray *records_carried(StoreTx *tx, const char *origin, guint64 entry, GError **error)
{
    gint64 party, number;
    RecordState state;
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    return find_party(tx, origin, &party, error) &&
                   find_record(tx, party, entry, &number, &state, error) &&
                   (number == 0 ||
                    collect_versions(tx, number, 0, LEDGER_ITEMS_MAX - 1, versions, error))
               ? g_steal_pointer(&versions)
               : NULL;
}

GArray *records_versions(StoreTx *tx, gint64 after, guint max, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "SELECT DISTINCT version FROM record_item"
                                             " WHERE version > ?1 ORDER BY version LIMIT ?2",
                                             error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, max);
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&versions);
        gint64 version = sqlite3_column_int64(statement, 0);
        g_array_append_val(versions, version);
    }
}
