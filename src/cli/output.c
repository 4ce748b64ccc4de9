#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/timestamp.h"

#define COLUMNS_MAX       16
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 10)

static gboolean anything; /* was printed */

static void print_escaped(FILE *stream, const char *format, va_list args) G_GNUC_PRINTF(2, 0);

static void print_escaped(FILE *stream, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    g_autofree char *safe = escape_terminal(text, -1);
    fputs(safe, stream);
    fputc('\n', stream);
    anything = TRUE;
}

void output_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_escaped(stdout, format, args);
    va_end(args);
}

void output_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_escaped(stderr, format, args);
    va_end(args);
}

void output_lines(const char *indent, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        output_line("%s%s", indent, lines[i]);
}

void output_error(const char *message)
{
    g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        output_note("concert: %s", lines[i]);
}

/* Whether @message says "@path: ..." somewhere; a short name may well be part of its words. */
static gboolean names(const char *message, const char *path)
{
    gsize length = strlen(path);
    for (const char *at = message; length > 0 && (at = strstr(at, path)); at++)
        if ((at == message || at[-1] == ' ') && at[length] == ':')
            return TRUE;
    return FALSE;
}

void output_failure(const char *path, const GError *error)
{
    if (names(error->message, path)) {
        output_error(error->message);
        return;
    }
    g_autofree char *message = g_strdup_printf("%s: %s", path, error->message);
    output_error(message);
}

void output_json(yyjson_mut_val *root)
{
    /* On a terminal everything outside ASCII is escaped: bidirectional controls are valid JSON. */
    yyjson_write_flag flags = isatty(STDOUT_FILENO) ? YYJSON_WRITE_ESCAPE_UNICODE : 0;
    char *text = yyjson_mut_val_write(root, flags, NULL);
    g_assert(text);
    puts(text);
    free(text);
    anything = TRUE;
}

gboolean output_to_file(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", path);
        return FALSE;
    }
    fflush(stdout);
    gboolean good = fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0;
    int failure = errno;
    if (fd >= 0)
        close(fd);
    return good || disk_fail(error, failure, path);
}

struct OutputTable {
    guint columns;
    gboolean right[COLUMNS_MAX];
    GPtrArray *cells; /* char *, row by row, the headings first */
};

OutputTable *output_table_new(const char *heading, ...)
{
    OutputTable *table = g_new0(OutputTable, 1);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    va_list args;
    va_start(args, heading);
    for (; heading; heading = va_arg(args, const char *)) {
        g_assert(table->columns < COLUMNS_MAX);
        table->right[table->columns++] = heading[0] == '>';
        g_ptr_array_add(table->cells, g_strdup(heading + (heading[0] == '>')));
    }
    va_end(args);
    return table;
}

void output_table_row(OutputTable *table, const char *const *cells)
{
    for (guint i = 0; i < table->columns; i++)
        g_ptr_array_add(table->cells, cells[i] ? escape_terminal(cells[i], -1) : g_strdup(""));
}

/* Columns of a terminal that @text takes. */
static guint text_width(const char *text)
{
    guint width = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

void output_table_print(OutputTable *table)
{
    guint widths[COLUMNS_MAX] = {0};
    char **cells = (char **)table->cells->pdata;
    for (guint i = 0; i < table->cells->len; i++)
        widths[i % table->columns] = MAX(widths[i % table->columns], text_width(cells[i]));

    gboolean empty = table->cells->len == table->columns;
    anything |= !empty;
    for (guint i = 0; i < table->cells->len && !empty; i++) {
        guint column = i % table->columns;
        gboolean last = column + 1 == table->columns;
        int padding = (int)(widths[column] - text_width(cells[i]));
        if (table->right[column])
            printf("%*s%s", padding, "", cells[i]);
        else
            printf("%s%*s", cells[i], last ? 0 : padding, "");
        fputs(last ? "\n" : "  ", stdout);
    }
    output_table_free(table);
}

void output_table_free(OutputTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

const char *output_number(char buffer[OUTPUT_NUMBER_MAX], guint64 number)
{
    char digits[24];
    int length = g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, number);
    char *out = buffer;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer;
}

const char *output_size(char buffer[OUTPUT_NUMBER_MAX], guint64 bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        g_snprintf(buffer, OUTPUT_NUMBER_MAX, "%" G_GUINT64_FORMAT " B", bytes);
        return buffer;
    }
    double value = bytes / 1024.0;
    guint unit = 0;
    for (; value >= 1024 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    g_snprintf(buffer, OUTPUT_NUMBER_MAX, "%.1f %s", value, units[unit]);
    return buffer;
}

const char *output_time(char buffer[OUTPUT_NUMBER_MAX], gint64 us)
{
    char text[TIMESTAMP_MAX];
    timestamp_format(text, us, 0);
    g_strlcpy(buffer, text, OUTPUT_NUMBER_MAX);
    char *t = strchr(buffer, 'T');
    if (t)
        *t = ' ';
    return buffer;
}

void output_add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us)
{
    char text[OUTPUT_NUMBER_MAX];
    if (us > 0)
        yyjson_mut_obj_add_strcpy(doc, object, key, output_time(text, us));
}

void output_progress(OutputProgress *progress, const char *format, ...)
{
    if (progress->off)
        return;
    gint64 now = g_get_monotonic_time();
    if (progress->drawn_at == 0 && !isatty(STDERR_FILENO)) {
        progress->off = TRUE;
        return;
    }
    if (progress->drawn_at > 0 && now - progress->drawn_at < PROGRESS_INTERVAL)
        return;
    progress->drawn_at = now;

    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *safe = escape_terminal(text, -1);
    /* Cut to one line of a narrow terminal, or it could not be drawn over. */
    glong length = MIN(g_utf8_strlen(safe, -1), 78);
    fprintf(stderr, "\r%.*s\x1b[K", (int)(g_utf8_offset_to_pointer(safe, length) - safe), safe);
    fflush(stderr);
}

void output_progress_clear(OutputProgress *progress)
{
    if (progress->off || progress->drawn_at == 0)
        return;
    fputs("\r\x1b[K", stderr);
    fflush(stderr);
    progress->drawn_at = 0;
}

void output_silence(const char *path, const char *what)
{
    if (!anything && isatty(STDERR_FILENO))
        output_note("%s: %s", path, what);
}

gboolean output_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return TRUE;
    fprintf(stderr, "concert: standard output: %s\n", g_strerror(errno));
    return FALSE;
}
