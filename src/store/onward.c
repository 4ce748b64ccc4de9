#include "store/onward.h"

#include "store/ledger.h"
#include "store/reader.h"

void onward_free(Onward *onward)
{
    if (!onward)
        return;
    g_free(onward->origin);
    g_free(onward);
}

/* From the few that were taken back to the own dispatches that carry the same version. `source` is
 * the author's node, whose name begins that of its ledger. */
static const char retracted_sql[] =
    "WITH taken (version, party, state) AS ("
    " SELECT i.version, r.party, r.state FROM record r CROSS JOIN record_item i"
    " ON i.number BETWEEN r.number * 4096 AND r.number * 4096 + 4095"
    " WHERE r.party <> 0 AND r.state IN (1, 2) AND i.version IS NOT NULL"
    " UNION SELECT i.version, r.party, 1 FROM record_item i CROSS JOIN record r"
    " ON r.number = i.number / 4096 WHERE i.retracted IS NOT NULL AND r.party <> 0"
    " AND i.version IS NOT NULL)"
    " SELECT o.entry, i.number % 4096, max(t.state), p.origin FROM taken t"
    " CROSS JOIN record_item i INDEXED BY record_item_version ON i.version = t.version"
    " CROSS JOIN record o ON o.number = i.number / 4096 CROSS JOIN party p ON p.number = t.party"
    " CROSS JOIN version v ON v.number = t.version CROSS JOIN source s ON s.number = v.source"
    " WHERE o.party = 0 AND o.state = 0 AND i.retracted IS NULL"
    " AND substr(p.origin, 1, length(s.name) + 1) = s.name || '/'"
    " AND NOT EXISTS (SELECT 1 FROM record_item x CROSS JOIN record xr ON xr.number ="
    " x.number / 4096 WHERE x.version = t.version AND x.retracted IS NULL AND xr.party <> 0"
    " AND xr.state = 0)"
    " GROUP BY i.number ORDER BY i.number LIMIT ?1";

static gpointer read_onward(sqlite3_stmt *statement)
{
    Onward *onward = g_new0(Onward, 1);
    onward->entry = (guint64)sqlite3_column_int64(statement, 0);
    onward->place = (guint)sqlite3_column_int(statement, 1);
    onward->state = (RecordState)sqlite3_column_int(statement, 2);
    onward->origin = sqlite_dup_text(statement, 3);
    return onward;
}

GPtrArray *onward_retracted(Store *store, guint max, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db, retracted_sql, error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, max);
    return sqlite_collect(reader.db, statement, read_onward, (GDestroyNotify)onward_free, error);
}
