/* csv.h - tables: comma-, semicolon-, tab- or bar-separated text, one record a line, into
 * indicators.
 *
 * Which columns hold what is told by the header, or by IntakeOptions.csv_columns:
 * "value=2,type=1,comment=5,first_seen=..,tags=.." with numbers from 1 or names of the header, as
 * intake/columns.h says. Columns that have no place are named in a note. */
#pragma once

#include "intake/columns.h"
#include "intake/intake.h"

/* How a text is a table. */
typedef struct {
    char separator;
    guint count;      /* columns */
    guint64 header;   /* line of the header; 0: there is none */
    gboolean comment; /* the header is a comment: the last before the first record */
    GArray *columns;  /* Column */
    GPtrArray *names; /* char *: of the columns; NULL without header */
} Csv;

void csv_clear(Csv *csv);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Csv, csv_clear)

/* Looks whether @sample, the beginning of a text, is a table, and what its columns are; @columns is
 * an option's text or NULL. FALSE without @error: it is none. FALSE with @error: the option's text
 * is wrong. */
gboolean csv_sniff(const char *sample, gsize length, const char *columns, Csv *ret_csv,
                   GError **error);

/* Makes an indicator of every value. */
gboolean csv_read(Stream *stream, const char *name, const IntakeOptions *options,
                  const IntakeSink *sink, GError **error);
