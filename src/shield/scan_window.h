/* scan_window.h - a stream cut into windows of text, for scan.c.
 *
 * Where it can, a window ends behind a line feed, which nothing crosses. In a line longer than a
 * window the bytes around the cut are in both: what begins before it is the first one's. */
#pragma once

#include "base/stream.h"
#include "shield/sieve.h"
#include "shield/spot.h"
#include "shield/utf16.h"

/* Text looked at in one go, and what a window has room for: also what is kept of the text before
 * and after it, which is no more than another. */
#define SCAN_WINDOW          (256 * 1024)
#define SCAN_WINDOW_CAPACITY (SCAN_WINDOW + 2 * SPOT_CONTEXT)

/* Line feeds are counted in pieces of so many bytes. */
#define SCAN_PIECE 1024

typedef struct {
    char *text;     /* with SIEVE_MARGIN readable bytes before and behind what is looked at */
    gsize length;   /* bytes in it */
    gsize from;     /* what lies before is there only as context */
    gsize stop;     /* what begins before, but for the context, is this window's */
    gsize looked;   /* what is to be looked at: up to here */
    gboolean last;  /* of the stream */
    GError *error;  /* why it is the last; owned */
    GArray *places; /* of scan_window_sieve(), in their order; gsize */
    guint32 *feeds; /* line feeds before each SCAN_PIECE bytes of what is looked at */
    SieveCount count_bytes; /* of who sieved it */
    guint64 offset;         /* of what was reserved for it */
    char *memory;
} ScanWindow;

typedef struct {
    Stream *stream;
    Utf16 utf16;
    gboolean is_utf16;
    const ScanWindow *before; /* the window read last */
    gboolean placed;          /* windows are read at offsets reserved before */
    int fd;
    guint64 offset; /* of the next window */
} ScanReader;

ScanWindow *scan_window_new(void);

void scan_window_free(ScanWindow *window);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScanWindow, scan_window_free)

gboolean scan_window_begin(ScanReader *reader, Stream *stream, GError **error);

/* Reads the next window into @window, which is not the one read last. Of a pipe that stays open it
 * takes what is there, as soon as it has a whole line. */
void scan_window_read(ScanReader *reader, ScanWindow *window);

/* Where the stream is a plain file, several threads may read its windows at once: who has reserved
 * one fetches it, and in their order each is joined to the one before, which is quickly done. Has
 * windows be read that way; FALSE when they cannot. */
gboolean scan_window_place(ScanReader *reader);

void scan_window_reserve(ScanReader *reader, ScanWindow *window);

/* What this needs of @reader nobody changes. */
void scan_window_fetch(const ScanReader *reader, ScanWindow *window);

/* There is nothing of windows behind the last one, whatever was fetched for them. */
void scan_window_join(ScanReader *reader, ScanWindow *window);

/* Finds the places of what is to be looked at, and counts its line feeds: while the text is in the
 * cache of the core that asks. */
void scan_window_sieve(ScanWindow *window, Sieve *sieve);

/* The line feeds from offset @from to @to of what was sieved. */
guint64 scan_window_count_feeds(const ScanWindow *window, gsize from, gsize to);
