#include "shield/input.h"

#include <string.h>

#include "shield/input_row.h"

/* The table of formats; the first that knows a file's first lines has it. */
static const InputFormat *const formats[] = {
    &input_eve,    &input_zeek,   &input_zeek_json, &input_windows_json, &input_windows_xml,
    &input_json,   &input_cef,    &input_leef,      &input_dns,          &input_windows_dns,
    &input_access, &input_syslog, &input_w3c,       &input_csv,
};

const InputFormat *input_format_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

const char *const *input_format_names(void)
{
    static const char *names[G_N_ELEMENTS(formats) + 1];
    static gsize made;

    if (g_once_init_enter(&made)) {
        for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
            names[i] = formats[i]->name;
        g_once_init_leave(&made, 1);
    }
    return names;
}

const char *input_format_name(const InputFormat *format)
{
    return format->name;
}

gboolean input_next_line(const char *text, gsize length, gsize *at, const char **ret_line,
                         gsize *ret_length)
{
    if (*at >= length)
        return FALSE;
    const char *line = text + *at;
    const char *feed = memchr(line, '\n', length - *at);
    gsize size = feed ? (gsize)(feed - line) : length - *at;
    *at += size + 1;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    *ret_line = line;
    *ret_length = size;
    return TRUE;
}

static gboolean is_blank(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isspace(text[i]))
            return FALSE;
    return TRUE;
}

const InputFormat *input_format_detect(const char *sample, gsize length)
{
    if (length >= 3 && memcmp(sample, "\xef\xbb\xbf", 3) == 0) {
        sample += 3;
        length -= 3;
    }
    /* The last line may be cut off; the first may be longer than all of the sample. */
    const char *feed = length > 0 ? memrchr(sample, '\n', length) : NULL;
    if (feed && length >= INPUT_SAMPLE - 3 && !is_blank(sample, (gsize)(feed - sample)))
        length = (gsize)(feed - sample) + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (length > 0 && formats[i]->detect(sample, length))
            return formats[i];
    return NULL;
}

static void clear_column(gpointer column)
{
    g_free(((InputColumn *)column)->name);
}

Input *input_new(const InputFormat *format, gint64 now)
{
    Input *input = g_new0(Input, 1);
    input->format = format;
    input->row.now = now;
    input->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (const InputField *field = format->fields; field && field->name; field++)
        g_hash_table_insert(input->by_name, (gpointer)field->name, (gpointer)field);
    return input;
}

Input *input_copy(const Input *input)
{
    Input *copy = input_new(input->format, input->row.now);
    if (!input->columns)
        return copy;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < input->columns->len; i++)
        g_ptr_array_add(names, g_array_index(input->columns, InputColumn, i).name);
    g_ptr_array_add(names, NULL);
    input_set_columns(copy, input->separator, (const char *const *)names->pdata);
    return copy;
}

void input_free(Input *input)
{
    if (!input)
        return;
    g_clear_pointer(&input->columns, g_array_unref);
    g_hash_table_unref(input->by_name);
    g_free(input->row.arena);
    g_free(input);
}

void input_set_columns(Input *input, char separator, const char *const *names)
{
    g_clear_pointer(&input->columns, g_array_unref);
    input->columns = g_array_new(FALSE, FALSE, sizeof(InputColumn));
    g_array_set_clear_func(input->columns, clear_column);
    input->separator = separator;
    for (; *names; names++) {
        InputColumn column = {
            /* A byte that is no UTF-8 becomes three. */
            .name =
                g_utf8_make_valid(*names, (gssize)MIN(strlen(*names), (INPUT_MAX_NAME - 1) / 3)),
            .field = input_row_find(input->format->fields, *names, strlen(*names)),
        };
        g_array_append_val(input->columns, column);
    }
}

gboolean input_has_late_headers(const Input *input)
{
    return input->format->late_headers;
}

gboolean input_begins_with_header(const Input *input)
{
    return input->format->take_header && !input->format->late_headers;
}

gboolean input_needs_all_lines(const Input *input)
{
    return input->format->all_lines;
}

/* Takes the header in the line that starts at @at. */
static void take_header(Input *input, const char *text, gsize length, gsize at, gboolean first)
{
    const char *line;
    gsize line_length;

    if (input_next_line(text, length, &at, &line, &line_length))
        input->format->take_header(input, line, line_length, first);
}

void input_take_headers(Input *input, const char *text, gsize length, gboolean start)
{
    gsize at = 0;

    if (!input->format->take_header || (!start && !input->format->late_headers))
        return;
    if (start) {
        gboolean marked = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
        take_header(input, text, length, marked ? 3 : 0, TRUE);
        at = 1;
    }
    while (input->format->late_headers && at < length) {
        const char *hash = memchr(text + at, '#', length - at);
        if (!hash)
            return;
        at = (gsize)(hash - text);
        if (at == 0 || hash[-1] == '\n')
            take_header(input, text, length, at, FALSE);
        at++;
    }
}
