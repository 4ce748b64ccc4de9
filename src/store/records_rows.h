/* records_rows.h - rows of records as Records. Private to the store. */
#pragma once

#include "store/records.h"
#include "store/sqlite.h"

/* Of "record r LEFT JOIN party p ON p.number = r.party". */
#define RECORDS_ROWS_COLUMNS_BUT_HEADER                                                            \
    "r.number, p.origin, r.entry, r.kind, r.made, r.stored, r.items, r.granted_by, r.title,"       \
    " r.tlp, r.pap, r.community, r.exercise, r.expires, r.state, r.retracted_by, r.reason,"        \
    " (SELECT count(*) FROM record_item x WHERE x.number BETWEEN r.number * 4096"                  \
    " AND r.number * 4096 + 4095 AND x.refusal IS NOT NULL),"                                      \
    " (SELECT count(*) FROM record_item x WHERE x.number BETWEEN r.number * 4096"                  \
    " AND r.number * 4096 + 4095 AND x.retracted IS NOT NULL), r.held, r.hold_reason"
#define RECORDS_ROWS_COLUMNS RECORDS_ROWS_COLUMNS_BUT_HEADER ", r.header"

/* Runs @statement to its end. Elements: Record *. */
GPtrArray *records_rows_read(Sqlite *db, sqlite3_stmt *statement, GError **error);

GPtrArray *records_rows_carrying(Sqlite *db, gint64 version, GError **error);
Record *records_rows_get(Sqlite *db, const char *origin, guint64 entry, GError **error);
