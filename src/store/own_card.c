#include "store/own_card.h"

#include "store/reader.h"
#include "store/tx.h"

gboolean own_card_put(StoreTx *tx, const char *text, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('own_card', ?1)", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, text);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

gboolean own_card_get(Store *store, char **ret_text, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db, "SELECT value FROM meta WHERE name = 'own_card'", error)
            : NULL;
    if (!statement || !sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_text = row ? sqlite_dup_text(statement, 0) : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}
