/* batch.h - some objects on their way into the store, in this process or over the control socket.
 *
 * A batch owns a copy of the objects' bytes. It is filled, read (checked; on any thread), and
 * stored by the writer in one request; every object then knows what became of it. */
#pragma once

#include "store/objects.h"
#include "store/writer.h"

typedef enum {
    BATCH_OBJECT,
    BATCH_NOTE, /* no object: a remark that keeps its place among them */
} BatchEntryKind;

typedef struct {
    BatchEntryKind kind;
    gsize offset, length; /* of the bytes in the batch */
    ObjectSpec spec;
    gboolean made; /* by a reader of another format: held to every MUST, spared every SHOULD */
    char *where;
    Object *object;         /* NULL: not read yet, or rejected */
    char *message;          /* of a note, or why it was rejected */
    int note;               /* an IntakeNote */
    ObjectsOutcome outcome; /* of an object that was stored */
} BatchEntry;

typedef struct {
    char *source;
    gint64 collection; /* 0: none */
    ObjectLevel level;
    GString *bytes;
    GArray *entries; /* BatchEntry */
    guint objects;   /* entries that are objects */
} Batch;

Batch *batch_new(const char *source, gint64 collection, ObjectLevel level);
void batch_free(Batch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Batch, batch_free)

void batch_add_object(Batch *batch, const char *bytes, gsize length, ObjectSpec spec, gboolean made,
                      const char *where);
void batch_add_note(Batch *batch, int note, const char *where, const char *message);

/* Reads and checks every object. Nothing may be added afterwards. */
void batch_read(Batch *batch);

/* A WriterApply: stores what batch_read() found good. @batch is a Batch. */
gboolean batch_apply(StoreTx *tx, gpointer batch, GError **error);

/* For the control socket: the bytes of the objects read as good, as one block, and back. Fails with
 * CONCERT_ERROR_INPUT when @data is no such block. */
GBytes *batch_encode(const Batch *batch);
gboolean batch_decode(Batch *batch, const char *data, gsize length, GError **error);

/* What became of each object, as one block, and back into the batch that was sent. */
GBytes *batch_encode_results(const Batch *batch);
gboolean batch_decode_results(Batch *batch, const char *data, gsize length, GError **error);
