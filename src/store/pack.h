/* pack.h - where the objects' bytes lie: rows of many objects joined by commas.
 * Private to the store. */
#pragma once

#include "store/tx.h"

/* A pack is closed when it has reached this many bytes. */
#define PACK_SIZE (64 * 1024)

typedef struct {
    gint64 pack;
    gint64 offset, length;
} PackSpan;

/* Packs being filled by one request. */
typedef struct {
    GString *data;
    gint64 number; /* of the pack being filled; 0: none */
} PackWriter;

#define PACK_WRITER_INIT                                                                           \
    {                                                                                              \
        .data = NULL                                                                               \
    }

/* Appends @length bytes; *ret_span says where they will be. */
gboolean pack_append(StoreTx *tx, PackWriter *writer, const char *bytes, gsize length,
                     PackSpan *ret_span, GError **error);

/* Writes what is not written yet. */
gboolean pack_flush(StoreTx *tx, PackWriter *writer, GError **error);

void pack_writer_clear(PackWriter *writer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackWriter, pack_writer_clear)

/* Reads spans, joining neighbours within a pack into one read. */
typedef struct {
    Sqlite *db;
    sqlite3_blob *blob; /* open on pack `pack` */
    gint64 pack;
    PackSpan waiting; /* not read yet; length 0: none */
    GString *into;
} PackReader;

/* Appends the bytes of @span to reader->into, a comma between spans; what is asked for may be there
 * only after pack_reader_finish(). */
gboolean pack_reader_add(PackReader *reader, const PackSpan *span, GError **error);

gboolean pack_reader_finish(PackReader *reader, GError **error);

void pack_reader_clear(PackReader *reader);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackReader, pack_reader_clear)
