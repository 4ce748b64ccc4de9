/* reader.h - the pool of reading connections behind a Store. Private to the store. */
#pragma once

#include "store/hashkey.h"
#include "store/sqlite.h"
#include "store/store.h"

/* A connection inside a read transaction: one consistent snapshot. */
typedef struct {
    Sqlite *db;
    Store *store;
} Reader;

/* Takes a connection and begins a snapshot; waits while all are taken. */
gboolean reader_begin(Store *store, Reader *ret_reader, GError **error);

/* Ends the snapshot and gives the connection back. */
void reader_end(Reader *reader);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_end)

const Hashkey *reader_hashkey(const Reader *reader);
