/* input.h - logs whose lines are records: what a format is, which one a file has, and a line as an
 * observation.
 *
 * A format is a file of inputs/ and one line in the table of input.c: how it recognises itself and
 * how it reads a line. Which field means what stands in tables there. All that is kept of a file is
 * its header (Zeek's "#fields", the names of CSV's columns); each line is read for itself, so only
 * those that may have something need be read at all.
 *
 * Nothing that running text would show is lost but what the fields' types rule out: what has no
 * type of its own is text. A line that is no record of the format, or has more than an observation
 * holds, is text, too; input_read() says so. */
#pragma once

#include "shield/observation.h"

/* Longest line that is read as a record; what is longer is text. */
#define INPUT_MAX_LINE (256 * 1024)

/* Bytes at the start of a file that tell what it is. */
#define INPUT_SAMPLE (16 * 1024)

typedef struct InputFormat InputFormat;

/* The format of that name ("eve", "zeek", ...; "text" is none); NULL when there is none. */
const InputFormat *input_format_find(const char *name);

/* The names of all formats, in the order they are tried, then NULL. */
const char *const *input_format_names(void);

const char *input_format_name(const InputFormat *format);

/* What the first lines of a file say it is; NULL: nothing but text. */
const InputFormat *input_format_detect(const char *sample, gsize length);

/* A file being read: its format and header. For one thread at a time. */
typedef struct Input Input;

/* @now (microseconds): what dates without a year are near to. */
Input *input_new(const InputFormat *format, gint64 now);

/* One with the same header, for another thread. */
Input *input_copy(const Input *input);

void input_free(Input *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Input, input_free)

/* Takes the lines of [text, text + length) that are headers. All headers must have passed through
 * here before the lines they are for are read; the file's first lines with @start. */
void input_take_headers(Input *input, const char *text, gsize length, gboolean start);

/* Can a later line be a header? If not, the file's first text is enough for input_take_headers().
 */
gboolean input_has_late_headers(const Input *input);

/* Must every line be read? Else those will do in which running text has something like a value. */
gboolean input_needs_all_lines(const Input *input);

/* Is the file's first line a header, and never a record? */
gboolean input_begins_with_header(const Input *input);

/* Reads a line, without its line feed. TRUE: @observation has all that it says; its texts live
 * until the next call. FALSE: it is text; what is known of time and ends is in @observation all the
 * same. */
gboolean input_read(Input *input, const char *line, gsize length, Observation *observation);

/* The offset in the line last read of what an observation made of it has at @seen. Where the log
 * escapes something before it in the same field, that of the field. */
gsize input_offset(const Input *input, const ObservationValue *value, const char *seen,
                   gsize seen_length);
