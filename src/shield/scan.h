/* scan.h - finds the values of a set in a stream of text, of any length, in bounded memory.
 *
 * The text may be anything: lines of any length, CRLF, NUL bytes, binary; UTF-16 with a byte order
 * mark is read as the UTF-8 it stands for. A value whose spelling is longer than SPOT_MAX_LENGTH
 * bytes is not found. */
#pragma once

#include "base/stream.h"
#include "shield/input.h"
#include "shield/observation.h"
#include "shield/set.h"

typedef struct {
    SetValue value;   /* of the set */
    const char *seen; /* the spelling in the text: bytes, not necessarily UTF-8 */
    gsize seen_length;
    guint64 line;   /* from 1; lines end with a line feed; of packets the packet's number */
    guint64 column; /* of the first byte, from 1, in bytes; 0: none, a packet has no columns */
    const Observation *observation; /* what says when and between whom; NULL: running text */
    const char *field;              /* of the observation; NULL: running text */
} ScanHit;

/* Called for each indicator of each value found, in the order of the text; of one indicator a value
 * spelled once is one hit. FALSE stops the scan. */
typedef gboolean (*ScanFound)(gpointer user, const ScanHit *hit);

/* Reads @stream to its end. Fails only when reading it or the set does; what was found before has
 * been told. */
gboolean scan_stream(const Set *set, Stream *stream, ScanFound found, gpointer user,
                     GError **error);

/* The same, but of a structured log (input.h) every line is read as a record, and hits have its
 * @observation and field. @format NULL: what the first lines say it is, if anything. @now
 * (microseconds): dates without a year are near it. */
gboolean scan_log(const Set *set, Stream *stream, const InputFormat *format, gint64 now,
                  ScanFound found, gpointer user, GError **error);

typedef struct {
    gboolean log;              /* as scan_log() */
    const InputFormat *format; /* of it; NULL: what its first lines say */
    gint64 now;
    guint jobs; /* threads that look through a file that has a size; what is found, and in which
                   order, does not depend on it */
    void (*progress)(gpointer user); /* called now and then, between hits; NULL: not */
} ScanOptions;

gboolean scan_stream_with(const Set *set, Stream *stream, const ScanOptions *options,
                          ScanFound found, gpointer user, GError **error);
