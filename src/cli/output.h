/* output.h - what commands print: text for people, JSON for programs.
 *
 * Results go to standard output, everything else to standard error. Whatever came from outside may
 * hold control or bidirectional characters, so text is escaped here (base/escape.h) before a
 * terminal sees it. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Prints one line to standard output, escaped as a whole; @format has no newline of its own. */
void output_line(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Prints each line of @text, behind @indent, likewise. */
void output_lines(const char *indent, const char *text);

/* Prints "concert: <message>" to standard error, each line of the message escaped. */
void output_error(const char *message);

/* The same of what is wrong with the file @path, which the message may name itself. */
void output_failure(const char *path, const GError *error);

/* Likewise without the "concert: ". */
void output_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Prints @root as one line of JSON. */
void output_json(yyjson_mut_val *root);

/* From now on what would go to standard output goes into the new file @path, of mode 0600.
 * CONCERT_ERROR_CONFLICT when there is such a file. */
gboolean output_to_file(const char *path, GError **error);

/* Lines of cells under headings, aligned. */
typedef struct OutputTable OutputTable;

/* Headings until NULL; one that begins with ">" is aligned to the right. */
OutputTable *output_table_new(const char *heading, ...) G_GNUC_NULL_TERMINATED;

/* As many cells as there are headings, NULL for an empty one. */
void output_table_row(OutputTable *table, const char *const *cells);

/* Prints the table, nothing when it has no rows, and frees it. */
void output_table_print(OutputTable *table);

void output_table_free(OutputTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutputTable, output_table_free)

/* "1,234,567" into a buffer. */
#define OUTPUT_NUMBER_MAX 32
const char *output_number(char buffer[OUTPUT_NUMBER_MAX], guint64 number);

/* "12.3 MiB" into a buffer. */
const char *output_size(char buffer[OUTPUT_NUMBER_MAX], guint64 bytes);

/* "2024-05-01 10:20:30Z" of microseconds since 1970 into a buffer. */
const char *output_time(char buffer[OUTPUT_NUMBER_MAX], gint64 us);

/* Adds that as the member @key of @object; nothing where @us is 0, which stands for never. */
void output_add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us);

/* One line on standard error that is drawn over, at most ten times a second, and only when standard
 * error is a terminal. */
typedef struct {
    gint64 drawn_at; /* monotonic microseconds; 0: nothing is drawn */
    gboolean off;    /* no terminal */
} OutputProgress;

void output_progress(OutputProgress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Wipes the line. Call it before printing anything else. */
void output_progress_clear(OutputProgress *progress);

/* For people at a terminal to whom nothing has been said so far: says @what on standard error,
 * so that they see that something was done. Silent where standard error is no terminal. */
void output_silence(const char *path, const char *what);

/* Flushes standard output; FALSE, with a message printed, when something could not be written. */
gboolean output_flush(void);
