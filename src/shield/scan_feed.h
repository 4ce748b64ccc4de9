/* scan_feed.h - windows of text, looked through one after the other; whoever has the text cuts it.
 *
 * One feed serves many files in turn: each goes on where its place says. */
#pragma once

#include "shield/input.h"
#include "shield/scan.h"
#include "shield/scan_window.h"

typedef struct ScanFeed ScanFeed;

/* Where in a file the next window begins. */
typedef struct {
    guint64 line;       /* from 1 */
    guint64 line_bytes; /* of it, before the place */
} ScanPlace;

/* @set must outlive it. */
ScanFeed *scan_feed_new(const Set *set);

void scan_feed_free(ScanFeed *feed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScanFeed, scan_feed_free)

/* The next window is of the file at @place, whose lines are records of @input (borrowed until the
 * next call; NULL: it is text). A new feed is at the start of a text. */
void scan_feed_go_on(ScanFeed *feed, Input *input, const ScanPlace *place);

/* The place behind the last window. */
void scan_feed_place(const ScanFeed *feed, ScanPlace *ret_place);

/* Looks @window through, which was sieved. FALSE when @found said so,
 * or set_failed(). */
gboolean scan_feed_look(ScanFeed *feed, const ScanWindow *window, ScanFound found, gpointer user);
