/* witness_row.h - the row of a log that is watched. Private to the store. */
#pragma once

#include "store/row.h"
#include "store/tx.h"
#include "store/witness.h"

/* A log with what only the store has to know of it. */
typedef struct {
    WitnessLog *log;  /* NULL: never heard of */
    WitnessState vow; /* the largest tree that was ever cosigned; no smaller one will be, and no
                         other of that size */
    char *line;       /* the cosignature of that tree */
    GPtrArray *keys;  /* NoteVerifier * */
} WitnessRow;

void witness_row_clear(WitnessRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WitnessRow, witness_row_clear)

/* What witness_row_read_log() reads, of "watched_log l". */
#define WITNESS_ROW_COLUMNS                                                                        \
    "l.origin, l.vkeys, l.watched, l.size, l.root, l.note, l.cosigned_at,"                         \
    " EXISTS (SELECT 1 FROM evidence e WHERE e.origin = l.origin AND e.settled = 0),"              \
    " l.vow_size, l.vow_root, l.line, (SELECT p.node FROM peer p WHERE p.number = l.peer)"

/* A WitnessLog. */
gpointer witness_row_read_log(sqlite3_stmt *statement);

/* The log of that origin; without `log` if it was never heard of. */
gboolean witness_row_load(Sqlite *db, const char *origin, WitnessRow *ret_row, GError **error);

/* The same for what is about one log that has to be watched: CONCERT_ERROR_NOT_FOUND. */
gboolean witness_row_load_watched(Sqlite *db, const char *origin, WitnessRow *ret_row,
                                  GError **error);

gboolean witness_row_stop_watching(StoreTx *tx, const char *origin, GError **error);

/* The note, which note_verify() found good, with those signatures only that are by @keys
 * (NoteVerifier *): anybody can add others. Caller frees. */
char *witness_row_signed(const Note *note, const GPtrArray *keys);
