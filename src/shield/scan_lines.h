/* scan_lines.h - the lines of a structured log, looked at as records. Private to scanning. */
#pragma once

#include "shield/input.h"
#include "shield/scan.h"

typedef struct ScanLines ScanLines;

/* What one thread needs. @set must outlive it. */
ScanLines *scan_lines_new(const Set *set);

/* From now on lines are records of @input, which is borrowed until the next call. */
void scan_lines_use(ScanLines *lines, Input *input);

void scan_lines_free(ScanLines *lines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScanLines, scan_lines_free)

/* The file's header; see input_take_headers(). */
void scan_lines_take_headers(ScanLines *lines, const char *text, gsize length, gboolean start);

/* Can a later line be a header, for the lines behind it? */
gboolean scan_lines_have_late_headers(const ScanLines *lines);

/* See input_needs_all_lines(). */
gboolean scan_lines_need_all(const ScanLines *lines);

/* Looks at the line [line, line + length), number @number of the file, in the order of its bytes.
 * Those of a line that is no record are found as in running text, at @places (gsize, offsets in the
 * line), which the sieve named and which change. FALSE when @found said so, or set_failed(). */
gboolean scan_lines_look(ScanLines *lines, const char *line, gsize length, GArray *places,
                         guint64 number, ScanFound found, gpointer user);
