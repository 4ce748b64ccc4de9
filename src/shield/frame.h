/* frame.h - logs whose records are not one line each, as text in which they are: the elements of a
 * JSON array, objects and Windows events that stretch over lines, syslog messages that say their
 * length.
 *
 * What comes out has each record on a line of its own, and all else as it was: line feeds within a
 * record become blanks and follow behind it. So a record begins in the line that it began in,
 * unless several stand in one line; then each counts as one. Nothing of the text is left out but
 * the brackets and commas between records, and the lengths.
 *
 * A format is a file of frames/ and a line in the table of frame.c. It works byte by byte with what
 * is in Frame, so that a text may come in any pieces, and a place in it can be kept by copying. */
#pragma once

#include <glib.h>

/* Bytes at the start of a text that tell what it is. */
#define FRAME_SAMPLE (64 * 1024)

/* Bytes that a format holds back until it knows what they are. */
#define FRAME_HELD 16

/* A place has room for so much more than is written of it at once. */
#define FRAME_ROOM 64

typedef enum {
    FRAME_NO, /* its records are lines, or it has none */
    FRAME_YES,
    FRAME_MORE, /* nobody can tell yet */
} FrameAnswer;

typedef struct FrameFormat FrameFormat;

typedef struct {
    const FrameFormat *format;
    gint64 owed;     /* line feeds of the text that were not written; below 0: that were too many */
    gint64 feeds;    /* line feeds that come before all else */
    gboolean inside; /* a record */
    gboolean found;  /* one has ended */
    gsize size;      /* of it, so far */
    gboolean filled; /* the line that is written has something */
    char held[FRAME_HELD];
    guint held_length;
    union {
        struct {
            gsize head;      /* bytes before the first record */
            gboolean blank;  /* that say nothing */
            gboolean string; /* within one */
            gboolean escaped;
            guint depth;     /* of what is open within the record, itself included */
            guint64 objects; /* which of these are objects; a bit each */
            char last;       /* that is no blank */
            gsize column;    /* of the next byte in its line */
            gboolean begun;  /* there was more than blanks in this line */
            gssize start;    /* column of the record if its line begins with it; else -1 */
            gboolean known;  /* the record's second line was seen ... */
            gboolean flat;   /* ... and does not stand deeper */
        } json;
        struct {
            char literal;   /* within CDATA: ']', within a comment: '-', else '\0' */
            guint run;      /* of these, just before; at most 2 */
            gsize column;   /* of the next byte in its line */
            gboolean begun; /* there was more than blanks in this line */
            gsize open;     /* column of the last '<' */
            gboolean first; /* it was the first in its line that is no blank */
            gsize start;    /* column of the record if its line begins with it; else 0 */
        } events;
        struct {
            gsize left; /* bytes of the message */
        } counted;
    } of;
    char *into; /* while something is written */
    gsize at, room;
} Frame;

/* What the text that begins with these bytes is; with @whole there are no more. With FRAME_YES
 * @frame is ready for its first byte. */
FrameAnswer frame_detect(Frame *frame, const char *text, gsize length, gboolean whole);

/* Writes to @into, which has room for @room bytes, at least 2 * FRAME_ROOM, what becomes of @text;
 * of how much of it is *ret_taken. */
gsize frame_convert(Frame *frame, const char *text, gsize length, gsize *ret_taken, char *into,
                    gsize room);

/* The same for what was held back, when the text has ended. */
gsize frame_end(Frame *frame, char *into, gsize room);

/* @frame, as frame_detect() set it up, goes on behind the start, between records. */
void frame_go_on(Frame *frame);

/* Is the place behind the last byte that was taken between records, and all written? */
gboolean frame_is_between(const Frame *frame);
