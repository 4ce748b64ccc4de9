/* tail.h - a file that grows, looked through from where it was left, by windows of whole lines.
 *
 * A file is known by its device, its inode, when it was made, and two prints of what is in it: of
 * its first bytes, and of those before the place it was looked through to. So a file that was cut
 * off and written anew, or one that took the inode of another, begins at its start, and one with
 * another name goes on. */
#pragma once

#include <sys/types.h>

#include "base/sha256.h"
#include "shield/scan_feed.h"
#include "shield/sieve.h"
#include "shield/watch/told.h"

/* Bytes that the prints are of, at most. */
#define TAIL_HEAD   1024
#define TAIL_BEHIND 64

/* Where a file was left. */
typedef struct {
    guint64 device, inode;
    gint64 born; /* microseconds; 0: the file system does not say */
    guint64 offset;
    ScanPlace place; /* of the offset */
    guint head_length, behind_length;
    guint8 head[SHA256_SIZE];   /* of the first `head_length` bytes */
    guint8 behind[SHA256_SIZE]; /* of the `behind_length` bytes before `offset` */
} TailMark;

typedef struct Tail Tail;

/* What tails have in common while they are looked through. */
typedef struct {
    ScanFeed *feed;
    Sieve *sieve;
    ScanWindow *window;
    gboolean log;              /* as ScanOptions */
    const InputFormat *format; /* of it; NULL: what the first lines say */
    gint64 now;                /* microseconds */
    Told *told;                /* what is found is noted here; NULL: nowhere */
    ScanFound found;
    gpointer user;
} TailMeans;

typedef enum {
    TAIL_MORE,    /* there is more to be looked through */
    TAIL_END,     /* all is */
    TAIL_PARTIAL, /* all but the last line, which has no end yet */
    TAIL_STOPPED, /* `found` said so */
} TailState;

/* Opens the regular file @path. CONCERT_ERROR_INPUT when it is none, or is not a log that grows, as
 * it is compressed. */
Tail *tail_open(const char *path, GError **error);

void tail_free(Tail *tail);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tail, tail_free)

/* What it was opened as, or found as since. */
const char *tail_path(const Tail *tail);
void tail_set_path(Tail *tail, const char *path);

/* Goes on where @mark says, if it is of this file. FALSE: it is of another. */
gboolean tail_go_on(Tail *tail, const TailMark *mark);

/* What is found again, of what @told says that it was told, is not. @told must outlive it. */
void tail_recall(Tail *tail, Told *told);

/* Has @told keep what was told and lies behind the place where it was left: of a line without an
 * end. */
void tail_keep_told(const Tail *tail, Told *told);

/* Passes over all that is there but the last line's beginning. */
void tail_skip(Tail *tail);

/* Looks through the next window. Of a file that was cut off or written anew from the start. */
TailState tail_look(Tail *tail, const TailMeans *means);

/* Looks through a last line that has no end, as it stands: what is found in it is not told again
 * when it has one. With @done none will come, and the file is done. */
TailState tail_look_at_partial(Tail *tail, const TailMeans *means, gboolean done);

/* Is there anything that was not looked at? A partial line that was looked at is nothing new. */
gboolean tail_has_news(const Tail *tail);

/* Where it was left: behind a whole line, or within one that is longer than a window. */
void tail_mark(const Tail *tail, TailMark *ret_mark);

/* Is @device, @inode this file? */
gboolean tail_is(const Tail *tail, guint64 device, guint64 inode);
