#include "shield/input_json.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsonguard.h"

typedef struct {
    Input *input;
    InputRow *row;
    const char *copy; /* of the line, unfolded in place */
    gboolean leaf;
    char name[INPUT_MAX_NAME];
} Walk;

static gboolean walk(Walk *this, yyjson_val *value, gsize name_length, guint depth);

/* Longest runs of digits are hashes, by chance; no other number is a value. */
#define NUMBER_LEAST 32

static void add(Walk *this, yyjson_val *value, gsize name_length)
{
    const char *text = yyjson_is_raw(value) ? yyjson_get_raw(value) : yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    const InputField *field = g_hash_table_lookup(this->input->by_name, this->name);
    const char *dot = field || !this->leaf ? NULL : strrchr(this->name, '.');

    if (dot)
        field = g_hash_table_lookup(this->input->by_name, dot + 1);
    if (yyjson_is_raw(value) && !field && length < NUMBER_LEAST)
        return;
    const char *name = field ? field->name : NULL;
    if (!name) {
        char *own = input_row_take(this->row, name_length + 1);
        if (own)
            memcpy(own, this->name, name_length + 1);
        name = own ? own : "";
    }
    input_row_add(this->row, field, name, text, length, (gsize)(text - this->copy));
}

/* A key can be a value, too: {"192.0.2.1": 5}. */
static void add_key(Walk *this, yyjson_val *key)
{
    const char *text = yyjson_get_str(key);
    gsize length = yyjson_get_len(key);

    if ((length >= 32 || memchr(text, '.', length) || memchr(text, ':', length)) &&
        !g_hash_table_contains(this->input->by_name, this->name))
        input_row_add(this->row, NULL, "key", text, length, (gsize)(text - this->copy));
}

static gboolean walk_object(Walk *this, yyjson_val *object, gsize name_length, guint depth)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;

    while ((key = yyjson_obj_iter_next(&iter))) {
        const char *text = yyjson_get_str(key);
        gsize length = yyjson_get_len(key), at = name_length;
        /* What Elasticsearch keeps is what was logged. */
        if (depth == 0 && length == 7 && memcmp(text, "_source", 7) == 0)
            length = 0;
        if (at > 0 && at + 1 < INPUT_MAX_NAME)
            this->name[at++] = '.';
        length = MIN(length, INPUT_MAX_NAME - 1 - at);
        memcpy(this->name + at, text, length);
        this->name[at + length] = '\0';
        if (memchr(this->name + at, '\0', length))
            length = strlen(this->name + at);
        add_key(this, key);
        if (!walk(this, yyjson_obj_iter_get_val(key), at + length, depth + 1))
            return FALSE;
    }
    return TRUE;
}

static gboolean walk(Walk *this, yyjson_val *value, gsize name_length, guint depth)
{
    yyjson_arr_iter iter;
    yyjson_val *element;

    if (depth > INPUT_MAX_DEPTH)
        return FALSE;
    if (yyjson_is_obj(value))
        return walk_object(this, value, name_length, depth);
    if (!yyjson_is_arr(value)) {
        this->name[name_length] = '\0';
        if (yyjson_is_str(value) || yyjson_is_raw(value))
            add(this, value, name_length);
        return TRUE;
    }
    yyjson_arr_iter_init(value, &iter);
    while ((element = yyjson_arr_iter_next(&iter)))
        if (!walk(this, element, name_length, depth + 1))
            return FALSE;
    return TRUE;
}

/* Leaves out what may stand around an object in its line: a byte order mark, blanks, the comma of
 * an array. FALSE when there is none. */
static gboolean strip(const char *line, gsize length, gsize *ret_from, gsize *ret_to)
{
    gsize from = length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (from < length && line[from] == ' ')
        from++;
    while (length > from && (line[length - 1] == ' ' || line[length - 1] == ','))
        length--;
    *ret_from = from;
    *ret_to = length;
    return length - from > 1 && line[from] == '{';
}

gboolean input_json_read(Input *input, InputRow *row, gboolean leaf)
{
    const yyjson_read_flag flags = YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW;
    gsize from, to;

    if (!strip(row->line, row->length, &from, &to))
        return FALSE;
    char *copy = input_row_take(row, row->length + YYJSON_PADDING_SIZE);
    if (!copy)
        return FALSE;
    memcpy(copy, row->line, to);
    memset(copy + to, 0, YYJSON_PADDING_SIZE);
    g_autoptr(yyjson_doc) doc = yyjson_read_opts(copy + from, to - from, flags, NULL, NULL);
    if (!doc)
        return FALSE;
    Walk this = {.input = input, .row = row, .copy = copy, .leaf = leaf};
    return walk(&this, yyjson_doc_get_root(doc), 0, 0);
}

/* Lines that may stand before the first object: of the object around an array, and what evtx_dump
 * writes before each. */
static gboolean is_head(const char *line, gsize length)
{
    gsize at = 0;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at == length || strchr("{[\"", line[at]) ||
           (length - at > 7 && memcmp(line + at, "Record ", 7) == 0);
}

gboolean input_json_first(const char *sample, gsize length, const char **ret_line,
                          gsize *ret_length)
{
    gsize at = 0;

    while (input_next_line(sample, length, &at, ret_line, ret_length)) {
        const char *line = *ret_line;
        gsize from, to;
        /* One without a line feed may be longer than what is known of it. */
        if (strip(line, *ret_length, &from, &to) && (line[to - 1] == '}' || at > length)) {
            *ret_line = line + from;
            *ret_length = to - from;
            return TRUE;
        }
        if (!is_head(*ret_line, *ret_length))
            return FALSE;
    }
    return FALSE;
}

gboolean input_json_has(const char *sample, gsize length, const char *const *keys)
{
    gsize line_length;
    const char *line;

    if (!input_json_first(sample, length, &line, &line_length))
        return FALSE;
    for (; *keys; keys++) {
        g_autofree char *quoted = g_strdup_printf("\"%s\"", *keys);
        if (!memmem(line, line_length, quoted, strlen(quoted)))
            return FALSE;
    }
    return TRUE;
}
