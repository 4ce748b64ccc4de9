/* record.h - the records of a CSV text, RFC 4180 and what people make of it.
 *
 * Fields are separated by one byte and may be in double quotes, inside which a quote is doubled and
 * separators and line ends are text. Blanks before an opening quote are passed over. Lines that are
 * blank or begin with "#" outside quotes are no records. */
#pragma once

#include "intake/window.h"

#define RECORD_MAX_SIZE   (1024 * 1024) /* bytes of one record */
#define RECORD_MAX_FIELDS 1024

typedef struct {
    const char *text; /* NUL-terminated besides */
    gsize length;
    gboolean quoted;
} RecordField;

typedef struct {
    Window *window; /* borrowed */
    char separator;
    guint64 line;      /* of the first byte of the last record */
    guint64 next_line; /* of the window's present place */
    GString *texts;    /* of the fields, unquoted */
    gboolean open_end; /* the input ends at the last record's end, without a line end */
    GArray *fields;    /* RecordField */
    GArray *starts;    /* gsize: where in texts */
} Record;

typedef enum {
    RECORD_READ,   /* here is one */
    RECORD_BROKEN, /* this one is wrong and was passed over; *ret_why says how */
    RECORD_END,
    RECORD_FAILED, /* the stream did; error is set */
} RecordResult;

void record_init(Record *record, Window *window, char separator);

void record_clear(Record *record);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

/* Reads the next record into @record->fields, which live until the next call. */
RecordResult record_next(Record *record, const char **ret_why, GError **error);

/* Splits the text of one record, without line end: for headers in comments. */
void record_split(Record *record, const char *text, gsize length);
