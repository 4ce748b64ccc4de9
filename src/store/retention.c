#include "store/retention.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/ledger.h"
#include "store/pack.h"
#include "store/records_rows.h"
#include "store/tx.h"

/* --- due ---------------------------------------------------------------------------------------
 */

/* Of a record r: it is another's, nothing holds it, all of it is STIX objects, and none of them was
 * sent on by a dispatch that stands. */
#define MAY_GO                                                                                     \
    "r.party <> 0 AND r.held IS NULL AND r.title IS NOT NULL"                                      \
    " AND NOT EXISTS (SELECT 1 FROM json_each(CAST(r.header AS TEXT), '$.items') j"                \
    " WHERE json_extract(j.value, '$.type') NOT LIKE 'application/stix+json%')"                    \
    " AND NOT EXISTS (SELECT 1 FROM record_item i CROSS JOIN record_item x"                        \
    " INDEXED BY record_item_version ON x.version = i.version CROSS JOIN record o"                 \
    " ON o.number = x.number / 4096 WHERE i.number BETWEEN r.number * 4096"                        \
    " AND r.number * 4096 + 4095 AND o.party = 0 AND o.state = 0 AND x.retracted IS NULL)"

static const char due_sql[] =
    "SELECT r.number FROM record r WHERE r.expires IS NOT NULL AND r.state <> 4"
    " AND r.expires <= ?1 AND " MAY_GO " UNION SELECT r.number FROM record r"
    " WHERE r.title IS NOT NULL AND r.state <> 4 AND r.stored <= ?2 AND " MAY_GO " LIMIT ?3";

/* Runs @statement to its end: the numbers of its first column. */
static GArray *read_numbers(StoreTx *tx, sqlite3_stmt *statement, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (gboolean row;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&numbers);
        gint64 number = sqlite3_column_int64(statement, 0);
        g_array_append_val(numbers, number);
    }
}

static GArray *numbers_of(StoreTx *tx, const char *sql, gint64 number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    return read_numbers(tx, statement, error);
}

static gboolean run_numbered(StoreTx *tx, const char *sql, gint64 number, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    return sqlite_run(tx->db, statement, error);
}

static gint64 before(gint64 now, gint64 span)
{
    return span >= now ? G_MININT64 : now - span;
}

static GArray *find_due(StoreTx *tx, const RetentionTerms *terms, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, due_sql, error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, before(terms->now, terms->expired_us));
    sqlite3_bind_int64(statement, 2, before(terms->now, terms->kept_us));
    sqlite3_bind_int64(statement, 3, terms->max);
    return read_numbers(tx, statement, error);
}

/* --- records -----------------------------------------------------------------------------------
 */

#define ITEMS_OF " WHERE number BETWEEN ?1 * 4096 AND ?1 * 4096 + 4095"

static gboolean take_record(StoreTx *tx, gint64 number, GArray *versions, GError **error)
{
    g_autoptr(GArray) carried = numbers_of(
        tx, "SELECT version FROM record_item" ITEMS_OF " AND version IS NOT NULL", number, error);
    if (!carried)
        return FALSE;
    g_array_append_vals(versions, carried->data, carried->len);
    return run_numbered(tx, "DELETE FROM record_item" ITEMS_OF, number, error) &&
           run_numbered(tx,
                        "UPDATE record SET state = 4, nonce = NULL, header = NULL,"
                        " item_nonces = NULL, title = '', community = NULL, reason = NULL"
                        " WHERE number = ?1",
                        number, error);
}

/* What was there is overwritten in the file, not merely no longer referred to. */
static gboolean overwrite(StoreTx *tx, gboolean on, GError **error)
{
    tx->changed = tx->erased = TRUE;
    return sqlite_exec(tx->db, on ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = OFF",
                       error);
}

gboolean retention_take(StoreTx *tx, const RetentionTerms *terms, guint *ret_count,
                        GArray **ret_versions, GError **error)
{
    g_autoptr(GArray) due = find_due(tx, terms, error);
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (!due || (due->len > 0 && !overwrite(tx, TRUE, error)))
        return FALSE;
    gboolean good = TRUE;
    for (guint i = 0; good && i < due->len; i++)
        good = take_record(tx, g_array_index(due, gint64, i), versions, error);
    if (due->len > 0)
        overwrite(tx, FALSE, NULL);
    if (!good)
        return FALSE;
    *ret_count = due->len;
    *ret_versions = g_steal_pointer(&versions);
    return TRUE;
}

/* --- versions ----------------------------------------------------------------------------------
 */

/* A version that no record carries and no collection has, and all of whose sources are nodes whose
 * ledgers are followed: what they sent is in records, and none is left. */
static const char unwanted_sql[] =
    "SELECT v.number FROM version v WHERE v.number = ?1"
    " AND NOT EXISTS (SELECT 1 FROM record_item i WHERE i.version = v.number)"
    " AND NOT EXISTS (SELECT 1 FROM collection c WHERE EXISTS (SELECT 1 FROM member m"
    " INDEXED BY member_object WHERE m.collection = c.number AND m.object = v.object"
    " AND m.version = v.number))"
    " AND NOT EXISTS (SELECT 1 FROM source s WHERE (s.number = v.source OR s.number IN"
    " (SELECT p.source FROM provenance p WHERE p.version = v.number))"
    " AND NOT EXISTS (SELECT 1 FROM party p WHERE p.number <> 0"
    " AND substr(p.origin, 1, length(s.name) + 1) = s.name || '/'))";

static gboolean find_span(StoreTx *tx, gint64 version, PackSpan *ret_span, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT pack, offset, length FROM version WHERE number = ?1", error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, version);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_span = (PackSpan){0};
    if (row)
        *ret_span = (PackSpan){.pack = sqlite3_column_int64(statement, 0),
                               .offset = sqlite3_column_int64(statement, 1),
                               .length = sqlite3_column_int64(statement, 2)};
    sqlite3_reset(statement);
    return TRUE;
}

/* Blanks where the object stood: its neighbours keep their places. A pack of nothing else goes. */
static gboolean blank(StoreTx *tx, const PackSpan *span, GError **error)
{
    sqlite3_blob *blob = NULL;
    g_autofree char *bytes = NULL;
    gboolean is_empty = FALSE;
    int code = sqlite3_blob_open(tx->db->handle, "main", "pack", "data", span->pack, 1, &blob);
    int size = code == SQLITE_OK ? sqlite3_blob_bytes(blob) : 0;
    if (code == SQLITE_OK && span->offset + span->length <= size) {
        bytes = g_malloc0((gsize)size + 1);
        code = sqlite3_blob_read(blob, bytes, size, 0);
        if (code == SQLITE_OK) {
            memset(bytes + span->offset, ' ', (gsize)span->length);
            code = sqlite3_blob_write(blob, bytes + span->offset, (int)span->length,
                                      (int)span->offset);
            is_empty = strspn(bytes, " ,") >= (gsize)size;
        }
    }
    if (code != SQLITE_OK)
        sqlite_fail(tx->db, error);
    sqlite3_blob_close(blob);
    return code == SQLITE_OK &&
           (!is_empty || run_numbered(tx, "DELETE FROM pack WHERE number = ?1", span->pack, error));
}

/* Rows that find it by its values lead nowhere then, unless its number is given anew: so that of
 * the newest version stays taken. */
static gboolean drop_version(StoreTx *tx, gint64 version, GError **error)
{
    gint64 newest;
    if (!sqlite_get_int(tx->db, "SELECT max(number) FROM version", 0, &newest, error))
        return FALSE;
    g_autoptr(GArray) object =
        numbers_of(tx, "SELECT object FROM version WHERE number = ?1", version, error);
    return object &&
           run_numbered(tx, "DELETE FROM provenance WHERE version = ?1", version, error) &&
           run_numbered(tx,
                        version == newest
                            ? "UPDATE version SET object = 0, version = 0, flags = 0, type = 0,"
                              " source = 0, pack = 0, offset = 0, length = 0,"
                              " sha256 = zeroblob(32) WHERE number = ?1"
                            : "DELETE FROM version WHERE number = ?1",
                        version, error) &&
           run_numbered(tx,
                        "DELETE FROM object WHERE number = ?1"
                        " AND NOT EXISTS (SELECT 1 FROM version WHERE object = ?1)",
                        g_array_index(object, gint64, 0), error);
}

static gboolean erase_version(StoreTx *tx, gint64 version, GError **error)
{
    PackSpan span;
    g_autoptr(GArray) unwanted = numbers_of(tx, unwanted_sql, version, error);
    if (!unwanted || unwanted->len == 0)
        return unwanted != NULL;
    return find_span(tx, version, &span, error) && (span.length == 0 || blank(tx, &span, error)) &&
           drop_version(tx, version, error);
}

gboolean retention_erase(StoreTx *tx, const GArray *versions, GError **error)
{
    if (versions->len == 0)
        return TRUE;
    if (!overwrite(tx, TRUE, error))
        return FALSE;
    gboolean good = TRUE;
    for (guint i = 0; good && i < versions->len; i++)
        good = erase_version(tx, g_array_index(versions, gint64, i), error);
    overwrite(tx, FALSE, NULL);
    return good;
}

/* --- holds -------------------------------------------------------------------------------------
 */

gboolean retention_hold(StoreTx *tx, const char *origin, guint64 entry, const char *reason,
                        GError **error)
{
    if (reason && (*reason == '\0' || strlen(reason) > RETENTION_REASON_MAX)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "the reason of a hold has 1 to %d bytes", RETENTION_REASON_MAX);
        return FALSE;
    }
    g_autoptr(Record) record = records_rows_get(tx->db, origin, entry, error);
    if (!record)
        return FALSE;
    const char *fault = record->state == RECORD_ERASED ? "is erased"
                        : reason && record->held != 0  ? "is under a hold already"
                        : !reason && record->held == 0 ? "is under no hold"
                                                       : NULL;
    if (fault) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "entry %" G_GUINT64_FORMAT " %s",
                    entry, fault);
        return FALSE;
    }
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "UPDATE record SET held = ?2, hold_reason = ?3 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, record->number);
    if (reason)
        sqlite3_bind_int64(statement, 2, timestamp_now());
    else
        sqlite3_bind_null(statement, 2);
    sqlite_bind_text(statement, 3, reason);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean retention_check(StoreTx *tx, guint64 entry, GError **error)
{
    g_autoptr(GError) none = NULL;
    g_autoptr(Record) record = records_rows_get(tx->db, NULL, entry, &none);
    if (!record && !g_error_matches(none, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&none));
        return FALSE;
    }
    if (!record || record->held == 0)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "entry %" G_GUINT64_FORMAT " is under a legal hold: %s", entry,
                record->hold_reason);
    return FALSE;
}
