/* intake.h - foreign formats in, STIX objects out.
 *
 * Every reader turns its input into the JSON text of STIX objects and hands them, one at a time, to
 * a sink; a STIX bundle's objects are handed on byte for byte. What cannot be mapped is told to the
 * sink as a note, never dropped in silence. Memory stays bounded by the largest single object or
 * MISP event, not by the input. */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "base/fetch.h"
#include "base/stream.h"
#include "intake/indicator.h"
#include "stix/object.h"

typedef enum {
    INTAKE_NONE,      /* not recognised */
    INTAKE_STIX,      /* bundle, TAXII envelope, array, one object, or one object per line */
    INTAKE_MISP,      /* event(s) */
    INTAKE_MISP_FEED, /* directory with manifest.json */
    INTAKE_LIST,      /* one value per line */
    INTAKE_CSV,
} IntakeFormat;

/* "stix", "misp", "misp-feed", "list", "csv"; NULL for INTAKE_NONE. */
const char *intake_format_name(IntakeFormat format);

typedef enum {
    INTAKE_DETECTED, /* what the input was taken for */
    INTAKE_IGNORED,  /* blank lines and comments are not noted; this is something that has no place
                      */
    INTAKE_UNMAPPED, /* kept in the object as a custom property or label, but not understood */
    INTAKE_BROKEN,   /* one entry is wrong; the others go on */
    INTAKE_LOST,     /* nobody knows how much is missing: the input ends too early, or a file of a
                        directory or feed cannot be read */
} IntakeNote;

typedef struct {
    /* One STIX object. @bytes live until the call returns. @spec: see object_read(). @where says
     * where it came from, for messages ("feed.csv:17", "bundle.json: $.objects[3]"). FALSE with
     * @error stops the import. */
    gboolean (*object)(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                       const char *where, GError **error);
    /* The same for an object that a reader made out of another format. NULL: as object(). What STIX
     * only recommends need not be said of it to who imports: it is as its maker wants it. */
    gboolean (*made)(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                     const char *where, GError **error);
    /* An indicator that a reader makes of one value, before it is written as STIX. *ret_taken: that
     * need not be done, as all that counts was taken. NULL: all are written. */
    gboolean (*indicator)(gpointer user, const Indicator *indicator, gboolean *ret_taken,
                          GError **error);
    void (*note)(gpointer user, IntakeNote note, const char *where, const char *message);
    /* Compressed bytes read so far of @total (0: unknown). */
    void (*progress)(gpointer user, guint64 done, guint64 total);
    gpointer user;
} IntakeSink;

typedef struct {
    IntakeFormat format; /* INTAKE_NONE: detect */
    const char *source;  /* name of who gives it: goes into deterministic ids and names */
    const char
        *csv_columns;    /* "value=2,type=1,comment=5,...": see intake/csv.h; NULL: from header */
    int confidence;      /* 0 to 100 for made indicators, -1: none */
    const char *tlp;     /* "clear", "green", "amber", "amber+strict", "red"; NULL: none */
    gint64 valid_from;   /* for made indicators; 0: the epoch of the source, 1970-01-01, so that
                            ids and bytes are the same at every import */
    gint64 valid_until;  /* 0: none */
    ObservableKind kind; /* what the values of a list are, when their looks do not tell (ja3) */
    FetchOptions fetch;  /* bounds of requests; all zero: the defaults of base/fetch.h */
} IntakeOptions;

/* Hands an object that the caller made to @sink, as IntakeSink.made has it. */
gboolean intake_give_made(const IntakeSink *sink, const char *bytes, gsize length, ObjectSpec spec,
                          const char *where, GError **error);

/* Shows @sink an indicator before it is written; *ret_taken as IntakeSink.indicator has it. */
gboolean intake_show_indicator(const IntakeSink *sink, const Indicator *indicator,
                               gboolean *ret_taken, GError **error);

/* Reads @path: a file (gzip, zstd, xz or plain), a directory (a MISP feed, or every file in it, in
 * order of name) or "-" for standard input. Fails only when nothing more can be read; broken
 * entries are notes. */
gboolean intake_path(const char *path, const IntakeOptions *options, const IntakeSink *sink,
                     GError **error);

/* Reads an open stream that is called @name in messages. */
gboolean intake_stream(Stream *stream, const char *name, const IntakeOptions *options,
                       const IntakeSink *sink, GError **error);

/* Fetches @url through base/fetch.h and reads it; a directory's URL (ending in "/") is a MISP feed.
 */
gboolean intake_url(const char *url, const IntakeOptions *options, const IntakeSink *sink,
                    GError **error);
