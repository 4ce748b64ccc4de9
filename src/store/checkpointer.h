/* checkpointer.h - copies the write-ahead log into the database, beside the writer.
 *
 * Copying 128 MiB and waiting for the disk takes a fifth of a second in which nothing could be
 * committed, so a thread with a connection of its own does it while the writer goes on. SQLite
 * starts the log anew only when all of it has been copied, and what the writer adds meanwhile is
 * not: so the thread copies again and again, each time less, and the writer itself copies the
 * little that is left. Nothing depends on when this happens: the log is complete without it.
 * Private to the store; all calls are the writer's thread's. */
#pragma once

#include "store/sqlite.h"

typedef struct Checkpointer Checkpointer;

/* For the writer's connection @db, which must outlive it. */
Checkpointer *checkpointer_new(Sqlite *db, GError **error);

/* Waits for what it is doing. */
void checkpointer_free(Checkpointer *checkpointer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checkpointer, checkpointer_free)

/* After a commit: the log holds @pages pages. */
void checkpointer_grown(Checkpointer *checkpointer, int pages);

/* Copies all there is, here and now, and cuts the log back to nothing. A failure (full disk, a
 * reader in the way) costs nothing. */
void checkpointer_finish(Checkpointer *checkpointer);
