/* writer.h - the one writer of a node: group commit.
 *
 * Requests from all threads wait in a queue. The writer's thread takes what waits, applies it in
 * one transaction, commits, and only then completes the requests: what a request was told is done
 * is on the disk (WAL, synchronous=FULL). When one fails, all are undone and each is applied alone:
 * a request that fails never costs its neighbours. When the commit itself fails (disk full), every
 * request of the batch fails with that error, nothing of it is there, and the writer goes on with
 * the next batch.
 */
#pragma once

#include "store/ledger.h"
#include "store/store.h"

typedef struct Writer Writer;

/* Runs on the writer's thread, inside the transaction. Returns FALSE with @error to undo whatever
 * this request did. When a neighbour in its batch fails, the batch is undone and each request
 * applied once more on its own: apply may run twice, and must set its results anew each time. */
typedef gboolean (*WriterApply)(StoreTx *tx, gpointer request, GError **error);

/* Runs on the writer's thread after the commit (@error NULL: durable) or the failure. It must be
 * quick: it wakes whoever waits. */
typedef void (*WriterDone)(gpointer request, const GError *error);

/* Opens the database file @path for writing, creating or migrating it (a backup "<path>.before-N"
 * first), and starts the thread. The caller holds the node's lock. */
Writer *writer_open(const char *path, GError **error);

/* Who signs the ledger's checkpoints. Until it is called nothing can be appended to the ledger. The
 * batches that begin afterwards see it. */
void writer_set_sign(Writer *writer, LedgerSign sign, gpointer user);

/* Completes what was submitted, checkpoints and closes. */
void writer_close(Writer *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Writer, writer_close)

/* Queues a request of about @weight units of work (objects); never blocks. Returns FALSE with
 * CONCERT_ERROR_BUSY when too much waits already. */
gboolean writer_submit(Writer *writer, guint weight, WriterApply apply, WriterDone done,
                       gpointer request, GError **error);

/* Submits and waits until it is durable or has failed. */
gboolean writer_run(Writer *writer, guint weight, WriterApply apply, gpointer request,
                    GError **error);

/* Is told of each commit, on the writer's thread, after the requests were completed. It must be
 * quick and may submit nothing. */
typedef void (*WriterWatch)(gpointer user);

/* At most WRITER_WATCHES at once. After writer_unwatch() returns it is called no more. */
#define WRITER_WATCHES 8
void writer_watch(Writer *writer, WriterWatch watch, gpointer user);
void writer_unwatch(Writer *writer, WriterWatch watch, gpointer user);

/* Counts since the start, for status and metrics. */
typedef struct {
    guint64 requests, failures, commits, objects;
    guint64 waiting; /* requests in the queue now */
} WriterStats;

void writer_stats(Writer *writer, WriterStats *ret_stats);

/* A number that grows with every commit that changed what readers may see; a response computed at
 * one generation is still right while the number stays. Cheap: one atomic load. */
guint64 writer_generation(Writer *writer);
