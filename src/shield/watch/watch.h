/* watch.h - looks through logs as they grow.
 *
 * Follows files by name through rotation (renamed, cut off, deleted and made again), all files of
 * directories and patterns as they appear, and a pipe. Each byte is looked at once, in whole lines;
 * where each file was left is kept in a file, written after what was found is out, so that nothing
 * is lost when the watcher is killed, and what was told since is known (told.h), so that hardly
 * anything is told twice. Reading waits for whoever takes the hits; memory does not grow. */
#pragma once

#include "shield/scan.h"

/* Files followed at the same time. */
#define WATCH_MAX_FILES 100000

/* A line that has no end for so long is looked at as it stands (microseconds). */
#define WATCH_PARTIAL G_USEC_PER_SEC

/* A file that has no name any more is closed when it has not grown for so long. */
#define WATCH_GONE (5 * G_USEC_PER_SEC)

typedef enum {
    WATCH_GO_ON,
    WATCH_REOPEN, /* look for files, and at those that were refused, anew */
    WATCH_STOP,
} WatchOrder;

typedef struct {
    const char *const *paths; /* files, directories, patterns of glob(7); "-": standard input */
    const char *state;        /* file of the places; NULL: none is kept */
    gboolean poll;            /* do not ask the system to tell of changes */
    gboolean only_new;        /* of files that are there, without a place, only what comes */
    gboolean log;             /* as ScanOptions */
    const InputFormat *format;

    /* Called for each hit. FALSE ends it. */
    gboolean (*found)(gpointer user, const char *file, const ScanHit *hit);
    /* Gives a new set to use from now on, or NULL; taken over. The first must be there. Called
     * often. */
    Set *(*supply)(gpointer user);
    /* What was found is to be out when it returns; with @durable, as far as it goes to a file, so
     * that it outlives a loss of power. */
    gboolean (*flush)(gpointer user, gboolean durable, GError **error);
    /* Called at least every second. */
    WatchOrder (*turn)(gpointer user);
    /* Something that people should know; of files that cannot be read before all. */
    void (*note)(gpointer user, const char *message);
    int wake; /* a file descriptor that is readable when turn() should be called; -1: none */
    gpointer user;
} WatchOptions;

/* Watches until turn() or found() says to stop, or all that it has is a pipe that ended. */
gboolean watch_run(const WatchOptions *options, GError **error);
