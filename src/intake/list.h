/* list.h - lists of values, one a line.
 *
 * Taken are plain values of any mixture of kinds, defanged or not, with a comment or further
 * columns behind; hosts files ("0.0.0.0 name"); host rules of filter lists ("||name^"). Lines that
 * begin with
 * "#", ";", "//" or "!" are comments. docs/intake.md has the details. */
#pragma once

#include "intake/intake.h"
#include "intake/value.h"

/* One value of a list, with what was said about it ("" when nothing). FALSE with @error stops. */
typedef gboolean (*ListFound)(gpointer user, const Value *value, const char *comment, guint64 line,
                              GError **error);

/* A line that is no value: @text is what cannot be read, @why the reason. */
typedef void (*ListUnknown)(gpointer user, const char *text, const char *why, guint64 line);

typedef struct {
    ListFound found;
    ListUnknown unknown;
    gpointer user;
} ListReader;

/* Reads the values of the list @stream; @sink, for progress alone, may have no functions.
 * *ret_numbers (may be NULL) counts the values behind which there were only numbers. */
gboolean list_scan(Stream *stream, ObservableKind kind, const ListReader *reader,
                   const IntakeSink *sink, guint64 *ret_numbers, GError **error);

/* Makes an indicator of every value. */
gboolean list_read(Stream *stream, const char *name, const IntakeOptions *options,
                   const IntakeSink *sink, GError **error);
