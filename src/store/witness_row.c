#include "store/witness_row.h"

#include <string.h>

void witness_row_clear(WitnessRow *row)
{
    g_clear_pointer(&row->log, witness_log_free);
    g_clear_pointer(&row->line, g_free);
    g_clear_pointer(&row->keys, g_ptr_array_unref);
}

static WitnessState read_state(sqlite3_stmt *statement, int column)
{
    WitnessState state = {0};
    if (sqlite3_column_bytes(statement, column + 1) != SHA256_SIZE)
        return state;
    state.is_known = TRUE;
    state.size = (guint64)sqlite3_column_int64(statement, column);
    memcpy(state.root.bytes, sqlite3_column_blob(statement, column + 1), SHA256_SIZE);
    return state;
}

gpointer witness_row_read_log(sqlite3_stmt *statement)
{
    WitnessLog *log = g_new0(WitnessLog, 1);
    log->origin = sqlite_dup_text(statement, 0);
    log->vkeys = g_strsplit((const char *)sqlite3_column_text(statement, 1), "\n", -1);
    log->watched = sqlite3_column_int(statement, 2) != 0;
    log->state = read_state(statement, 3);
    log->note = sqlite_dup_text(statement, 5);
    log->cosigned_at = sqlite3_column_int64(statement, 6);
    log->frozen = sqlite3_column_int(statement, 7) != 0;
    log->peer = log->watched ? sqlite_dup_text(statement, 11) : NULL;
    return log;
}

static GPtrArray *parse_keys(char **vkeys, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    for (guint i = 0; vkeys[i]; i++) {
        NoteVerifier *key = note_verifier_parse(vkeys[i], error);
        if (!key)
            return NULL;
        g_ptr_array_add(keys, key);
    }
    return g_steal_pointer(&keys);
}

gboolean witness_row_load(Sqlite *db, const char *origin, WitnessRow *ret_row, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        db, "SELECT " WITNESS_ROW_COLUMNS " FROM watched_log l WHERE l.origin = ?1", error);
    gboolean found;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    if (!sqlite_step(db, statement, &found, error))
        return FALSE;
    g_auto(WitnessRow) row = {0};
    if (found) {
        row.log = witness_row_read_log(statement);
        row.vow = read_state(statement, 8);
        row.line = sqlite_dup_text(statement, 10);
        sqlite3_reset(statement);
        row.keys = parse_keys(row.log->vkeys, error);
        if (!row.keys)
            return FALSE;
    }
    *ret_row = row;
    row = (WitnessRow){0};
    return TRUE;
}

gboolean witness_row_load_watched(Sqlite *db, const char *origin, WitnessRow *ret_row,
                                  GError **error)
{
    g_auto(WitnessRow) row = {0};
    if (!witness_row_load(db, origin, &row, error))
        return FALSE;
    if (!row.log || !row.log->watched) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the log %s is not watched here",
                    origin);
        return FALSE;
    }
    *ret_row = row;
    row = (WitnessRow){0};
    return TRUE;
}

gboolean witness_row_stop_watching(StoreTx *tx, const char *origin, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE watched_log SET watched = 0 WHERE origin = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, origin);
    return sqlite_run(tx->db, statement, error);
}

char *witness_row_signed(const Note *note, const GPtrArray *keys)
{
    GString *text = g_string_new_len(note->bytes, (gssize)note->text_length);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < keys->len; i++) {
        const NoteVerifier *key = keys->pdata[i];
        for (guint j = 0; j < note->n_signatures; j++) {
            const NoteSignature *signature = &note->signatures[j];
            if (!note_signature_is_of(signature, key))
                continue;
            g_string_append_len(text, signature->line, (gssize)signature->line_length);
            g_string_append_c(text, '\n');
            break; /* note_verify() found that none of them is wrong */
        }
    }
    return g_string_free(text, FALSE);
}
