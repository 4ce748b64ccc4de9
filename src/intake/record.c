#include "intake/record.h"

#include <string.h>

void record_init(Record *record, Window *window, char separator)
{
    *record = (Record){.window = window, .separator = separator, .next_line = 1};
    record->texts = g_string_sized_new(512);
    record->fields = g_array_new(FALSE, FALSE, sizeof(RecordField));
    record->starts = g_array_new(FALSE, FALSE, sizeof(gsize));
}

void record_clear(Record *record)
{
    if (!record->texts)
        return;
    g_string_free(record->texts, TRUE);
    g_array_unref(record->fields);
    g_array_unref(record->starts);
    record->texts = NULL;
}

/* The length of the record at the start of @text, its line end not included; length when there is
 * no line end. *ret_open: a quote is open at its end. */
static gsize record_extent(const char *text, gsize length, char separator, gboolean *ret_open)
{
    gboolean start = TRUE, quoted = FALSE;
    for (gsize at = 0; at < length; at++) {
        char c = text[at];
        if (quoted) {
            const char *quote = memchr(text + at, '"', length - at);
            if (!quote) {
                *ret_open = TRUE;
                return length;
            }
            at = (gsize)(quote - text);
            if (at + 1 < length && text[at + 1] == '"')
                at++;
            else
                quoted = FALSE;
        } else if (c == '\n') {
            *ret_open = FALSE;
            return at;
        } else if (c == '"' && start) {
            quoted = TRUE;
            start = FALSE;
        } else {
            start = c == separator || (start && c == ' ');
        }
    }
    *ret_open = quoted;
    return length;
}

/* Appends the text of a quoted field, from behind its opening quote, to texts; returns what was
 * taken, the closing quote and what follows it up to the separator included. */
static gsize take_quoted(Record *record, const char *text, gsize length)
{
    gsize at = 0;
    while (at < length) {
        const char *quote = memchr(text + at, '"', length - at);
        gsize end = quote ? (gsize)(quote - text) : length;
        g_string_append_len(record->texts, text + at, (gssize)(end - at));
        at = end + 1;
        if (at >= length || text[at] != '"')
            break;
        g_string_append_c(record->texts, '"');
        at++;
    }
    at = MIN(at, length);
    const char *behind = memchr(text + at, record->separator, length - at);
    gsize rest = behind ? (gsize)(behind - text) : length;
    while (at < rest && text[at] == ' ')
        at++;
    g_string_append_len(record->texts, text + at, (gssize)(rest - at)); /* "a"b: what it may mean */
    return rest;
}

void record_split(Record *record, const char *text, gsize length)
{
    g_string_truncate(record->texts, 0);
    g_array_set_size(record->fields, 0);
    g_array_set_size(record->starts, 0);
    if (length > 0 && text[length - 1] == '\r')
        length--;
    for (gsize at = 0; record->fields->len < RECORD_MAX_FIELDS;) {
        RecordField field = {0};
        gsize start = record->texts->len;
        gsize first = at;
        while (first < length && text[first] == ' ' && record->separator != ' ')
            first++;
        if (first < length && text[first] == '"') {
            field.quoted = TRUE;
            at = first + 1 + take_quoted(record, text + first + 1, length - first - 1);
        } else {
            const char *end = memchr(text + at, record->separator, length - at);
            gsize next = end ? (gsize)(end - text) : length;
            g_string_append_len(record->texts, text + at, (gssize)(next - at));
            at = next;
        }
        field.length = record->texts->len - start;
        g_string_append_c(record->texts, '\0');
        g_array_append_val(record->fields, field);
        g_array_append_val(record->starts, start);
        if (at >= length)
            break;
        at++;
    }
    for (guint i = 0; i < record->fields->len; i++)
        g_array_index(record->fields, RecordField, i).text =
            record->texts->str + g_array_index(record->starts, gsize, i);
}

static gboolean is_no_record(const char *text, gsize length)
{
    gsize at = 0;
    while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r'))
        at++;
    return at == length || text[at] == '#';
}

/* Passes over one line, whatever its length. */
static gboolean skip_line(Record *record, GError **error)
{
    Window *window = record->window;
    for (;;) {
        const char *newline = memchr(window_data(window), '\n', window_length(window));
        if (newline) {
            window_skip(window, (gsize)(newline - window_data(window)) + 1);
            record->next_line++;
            return TRUE;
        }
        window_skip(window, window_length(window));
        if (window->end)
            return TRUE;
        if (!window_more(window, error))
            return FALSE;
    }
}

static void count_lines(Record *record, const char *text, gsize length)
{
    for (const char *newline; (newline = memchr(text, '\n', length)); text = newline + 1) {
        record->next_line++;
        length -= (gsize)(newline + 1 - text);
    }
}

RecordResult record_next(Record *record, const char **ret_why, GError **error)
{
    Window *window = record->window;
    for (;;) {
        const char *text = window_data(window);
        gsize length = window_length(window);
        const char *newline = memchr(text, '\n', length);
        gsize line = newline ? (gsize)(newline - text) : length;
        gboolean blank = is_no_record(text, line);
        gboolean open = FALSE;
        gsize size = blank ? line : record_extent(text, length, record->separator, &open);
        gboolean whole = window->end || (size < length && !open);
        record->line = record->next_line;
        if (!whole && size <= RECORD_MAX_SIZE) {
            if (!window_more(window, error))
                return RECORD_FAILED;
            continue;
        }
        if (length == 0)
            return RECORD_END;
        if (size > RECORD_MAX_SIZE || open) {
            /* Perhaps a quote was forgotten: the next line is tried as a record of its own. */
            *ret_why = open ? "a quote is not closed" : "longer than 1 MiB";
            return skip_line(record, error) ? RECORD_BROKEN : RECORD_FAILED;
        }
        if (!blank)
            record_split(record, text, size);
        gsize taken = MIN(size + 1, length);
        record->open_end = size == length;
        count_lines(record, text, taken);
        window_skip(window, taken);
        if (!blank)
            return RECORD_READ;
    }
}
