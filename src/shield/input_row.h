/* input_row.h - a line becoming an observation: the tables of fields, and what is made of several
 * of them. For the formats of inputs/ only. */
#pragma once

#include "shield/input.h"

/* What a field is, beside a value. */
typedef enum {
    INPUT_VALUE,
    INPUT_TIME,
    INPUT_SOURCE,
    INPUT_SOURCE_PORT,
    INPUT_DESTINATION,
    INPUT_DESTINATION_PORT,
    INPUT_PROTOCOL,
    INPUT_HOST,   /* of a request: makes a URL with ... */
    INPUT_TARGET, /* ... this: a path, or already a whole URL */
    INPUT_QUERY,
    INPUT_SCHEME,
    INPUT_URL_PORT,
    INPUT_HASHES,  /* "SHA1=...,MD5=...,IMPHASH=..." */
    INPUT_NOTHING, /* looks like a value and is none: other fingerprints */
} InputRole;

typedef struct {
    const char *name; /* NULL ends a table */
    ObservableKind kind;
    InputRole role;
    const char *path; /* STIX; NULL: it has none */
} InputField;

/* Names of one's own field that are composed, and levels of nesting. */
#define INPUT_MAX_NAME  256
#define INPUT_MAX_DEPTH 64

typedef struct {
    const char *text; /* NULL: none */
    gsize length, offset;
} InputPart;

typedef struct {
    Observation *observation;
    const char *line;
    gsize length;
    gint64 now;
    InputPart host, target, query, scheme;
    guint16 url_port;
    gsize offsets[OBSERVATION_MAX_VALUES]; /* in the line */
    char *arena;
    gsize arena_used, arena_size;
} InputRow;

/* @bytes of memory that live as long as the row; NULL when a line asks for more than any needs. */
char *input_row_take(InputRow *row, gsize bytes);

/* The field @name as @field says (NULL: text). @offset is where it stands in the line. @name and
 * @text must live as long as the row. */
void input_row_add(InputRow *row, const InputField *field, const char *name, const char *text,
                   gsize length, gsize offset);

/* The same for text that is a piece of the line. */
void input_row_add_piece(InputRow *row, const InputField *field, const char *name, const char *text,
                         gsize length);

/* The field of that name in a table, in any case of letters; NULL when there is none. */
const InputField *input_row_find(const InputField *fields, const char *name, gsize length);

/* What formats are. */
struct InputFormat {
    const char *name;
    /* How sure the first lines make it, 0: they are something else. Lines are whole, at least one.
     */
    gboolean (*detect)(const char *sample, gsize length);
    /* FALSE: the line is text. */
    gboolean (*read)(Input *input, InputRow *row);
    /* Takes the header in a line that has one; NULL: the format has none. */
    gboolean (*take_header)(Input *input, const char *line, gsize length, gboolean first);
    gboolean late_headers; /* any line may be one, beginning with '#' */
    gboolean all_lines;    /* values are spelled as nothing but its reader can see */
    const InputField *fields;
};

/* The columns that a header named. */
typedef struct {
    char *name;
    const InputField *field; /* NULL: text */
} InputColumn;

struct Input {
    const InputFormat *format;
    char separator;
    GArray *columns;     /* InputColumn; NULL: no header yet */
    GHashTable *by_name; /* char * -> InputField *, of the format's table, borrowed */
    InputRow row;
};

/* Replaces the columns by @names, NULL-terminated. */
void input_set_columns(Input *input, char separator, const char *const *names);

/* The line that starts at @*at, without its end; moves on behind it. FALSE at the end. */
gboolean input_next_line(const char *text, gsize length, gsize *at, const char **ret_line,
                         gsize *ret_length);

extern const InputFormat input_eve, input_zeek, input_zeek_json, input_windows_json,
    input_windows_xml, input_json, input_access, input_cef, input_dns, input_syslog, input_csv,
    input_w3c, input_windows_dns, input_leef;
