#include "store/event_proofs.h"

#include <string.h>

#include "store/reader.h"
#include "store/tx.h"

void event_proof_clear(EventProof *proof)
{
    g_clear_pointer(&proof->origin, g_free);
    g_clear_pointer(&proof->checkpoint, g_free);
}

gboolean event_proofs_put(StoreTx *tx, const guint8 hash[SHA256_SIZE], gint64 record, guint place,
                          const MerkleProof *path, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "INSERT OR IGNORE INTO event_proof (event, record,"
                                             " place, path) VALUES (?1, ?2, ?3, ?4)",
                                             error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, hash, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, record);
    sqlite3_bind_int64(statement, 3, place);
    sqlite3_bind_blob(statement, 4, path->count > 0 ? (const void *)path->hashes : "",
                      (int)(path->count * sizeof(MerkleHash)), SQLITE_STATIC);
    return sqlite_run(tx->db, statement, error);
}

static gboolean read_path(sqlite3_stmt *statement, int column, MerkleProof *ret_path)
{
    gsize length = (gsize)sqlite3_column_bytes(statement, column);
    guint count = (guint)(length / sizeof(MerkleHash));
    if (length % sizeof(MerkleHash) != 0 || count > G_N_ELEMENTS(ret_path->hashes))
        return FALSE;
    ret_path->count = count;
    if (count > 0)
        memcpy(ret_path->hashes, sqlite3_column_blob(statement, column), length);
    return TRUE;
}

gboolean event_proofs_get(Store *store, const guint8 hash[SHA256_SIZE], EventProof *ret_proof,
                          GError **error)
{
    g_auto(Reader) reader = {0};
    g_auto(EventProof) proof = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT o.origin, r.entry, p.place, p.path, a.checkpoint"
                             " FROM event_proof p JOIN record r ON r.number = p.record"
                             " JOIN party o ON o.number = r.party"
                             " JOIN answer a ON a.number = r.answer WHERE p.event = ?1",
                             error)
            : NULL;
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, hash, SHA256_SIZE, SQLITE_TRANSIENT);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    if (row && read_path(statement, 3, &proof.path)) {
        proof.origin = sqlite_dup_text(statement, 0);
        proof.entry = (guint64)sqlite3_column_int64(statement, 1);
        proof.place = (guint)sqlite3_column_int64(statement, 2);
        proof.checkpoint = sqlite_dup_text(statement, 4);
    }
    if (row)
        sqlite3_reset(statement);
    *ret_proof = proof;
    proof = (EventProof){0};
    return TRUE;
}
