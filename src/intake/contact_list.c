#include "intake/contact_list.h"

#include <string.h>
#include <yyjson.h>

#include "intake/record.h"
#include "store/contacts.h"

#define SAMPLE      (64 * 1024)
#define COLUMNS_MAX 64

typedef enum {
    COLUMN_NONE,
    COLUMN_EMAIL,
    COLUMN_NODE,
    COLUMN_NAME,
    COLUMN_LANGUAGE,
    COLUMN_OPENPGP,
    COLUMN_NETWORK,
    COLUMN_AS,
    COLUMN_DOMAIN,
} Column;

static const struct {
    const char *name;
    Column column;
} names[] = {
    {"email", COLUMN_EMAIL},
    {"mail", COLUMN_EMAIL},
    {"abuse", COLUMN_EMAIL},
    {"abuse_email", COLUMN_EMAIL},
    {"abuse-mailbox", COLUMN_EMAIL},
    {"contact", COLUMN_EMAIL},
    {"address", COLUMN_EMAIL},
    {"contact_email", COLUMN_EMAIL},
    {"node", COLUMN_NODE},
    {"name", COLUMN_NAME},
    {"organisation", COLUMN_NAME},
    {"organization", COLUMN_NAME},
    {"org", COLUMN_NAME},
    {"org_name", COLUMN_NAME},
    {"as_name", COLUMN_NAME},
    {"language", COLUMN_LANGUAGE},
    {"lang", COLUMN_LANGUAGE},
    {"openpgp", COLUMN_OPENPGP},
    {"pgp", COLUMN_OPENPGP},
    {"fingerprint", COLUMN_OPENPGP},
    {"key", COLUMN_OPENPGP},
    {"ip", COLUMN_NETWORK},
    {"prefix", COLUMN_NETWORK},
    {"network", COLUMN_NETWORK},
    {"cidr", COLUMN_NETWORK},
    {"range", COLUMN_NETWORK},
    {"inetnum", COLUMN_NETWORK},
    {"subnet", COLUMN_NETWORK},
    {"as", COLUMN_AS},
    {"asn", COLUMN_AS},
    {"as_number", COLUMN_AS},
    {"origin", COLUMN_AS},
    {"domain", COLUMN_DOMAIN},
    {"domains", COLUMN_DOMAIN},
    {"fqdn", COLUMN_DOMAIN},
};

/* A record being read. */
typedef struct {
    const ContactListSink *sink;
    char *texts[COLUMN_OPENPGP + 1]; /* the record's */
    GPtrArray *values[3];            /* networks, AS numbers, domains; each NULL-terminated at the
                                        end */
    char *why;                       /* what is wrong with it; NULL: nothing */
} Row;

static void row_init(Row *row, const ContactListSink *sink)
{
    *row = (Row){.sink = sink};
    for (guint i = 0; i < 3; i++)
        row->values[i] = g_ptr_array_new_with_free_func(g_free);
}

static void row_reset(Row *row)
{
    for (guint i = 0; i < G_N_ELEMENTS(row->texts); i++)
        g_clear_pointer(&row->texts[i], g_free);
    for (guint i = 0; i < 3; i++)
        g_ptr_array_set_size(row->values[i], 0);
    g_clear_pointer(&row->why, g_free);
}

static void row_clear(Row *row)
{
    row_reset(row);
    for (guint i = 0; i < 3; i++)
        g_ptr_array_unref(row->values[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

/* --- a cell ------------------------------------------------------------------------------------
 */

static ContactsKind kind_of(Column column)
{
    return column == COLUMN_NETWORK ? CONTACTS_NETWORK
           : column == COLUMN_AS    ? CONTACTS_AS
                                    : CONTACTS_DOMAIN;
}

static void blame(Row *row, const char *text, const char *what)
{
    if (!row->why)
        row->why = g_strdup_printf("\"%.80s\" is no %s", text, what);
}

static void take_value(Row *row, Column column, const char *text)
{
    GPtrArray *values = row->values[column - COLUMN_NETWORK];
    char *value = contacts_canonical(text, kind_of(column), NULL);
    if (!value)
        blame(row, text, contacts_kind_name(kind_of(column)));
    else if (values->len >= CONTACT_LIST_VALUES_MAX) {
        g_free(value);
        blame(row, text, "value of a record that has too many");
    } else {
        g_ptr_array_add(values, value);
    }
}

/* "AS 64496" is one value. */
static void take_values(Row *row, Column column, const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " ,;\t", -1);
    for (guint i = 0; parts[i]; i++) {
        if (!*parts[i] || (column == COLUMN_AS && g_ascii_strcasecmp(parts[i], "AS") == 0))
            continue;
        take_value(row, column, parts[i]);
    }
}

/* Blanks and the word that marks an address left out; a fingerprint in upper case. */
static char *clean(Column column, const char *text)
{
    g_autofree char *value = g_strstrip(g_strdup(text));
    if (column == COLUMN_EMAIL && g_ascii_strncasecmp(value, "mailto:", 7) == 0)
        return g_strdup(value + 7);
    if (column != COLUMN_OPENPGP)
        return g_steal_pointer(&value);
    char *to = value;
    for (const char *from = value; *from; from++)
        if (*from != ' ' && *from != ':')
            *to++ = g_ascii_toupper(*from);
    *to = '\0';
    return g_str_has_prefix(value, "0X") ? g_strdup(value + 2) : g_steal_pointer(&value);
}

static void take_cell(Row *row, Column column, const char *text)
{
    if (column == COLUMN_NONE || !text[strspn(text, " \t")])
        return;
    if (column >= COLUMN_NETWORK) {
        take_values(row, column, text);
        return;
    }
    char *value = clean(column, text);
    gboolean names_who = column == COLUMN_EMAIL || column == COLUMN_NODE;
    g_autofree char *canonical =
        names_who ? contacts_canonical(value, CONTACTS_ADDRESS, NULL) : NULL;
    if (names_who && (!canonical || (strchr(value, '@') != NULL) != (column == COLUMN_EMAIL)))
        blame(row, value, column == COLUMN_EMAIL ? "mail address" : "name of a node");
    if (!g_utf8_validate(value, -1, NULL))
        blame(row, "?", "UTF-8 text");
    g_free(row->texts[column]);
    row->texts[column] = value;
}

/* --- a record ----------------------------------------------------------------------------------
 */

static const char *const *end_values(GPtrArray *values)
{
    g_ptr_array_add(values, NULL);
    return (const char *const *)values->pdata;
}

static gboolean give_routes(Row *row, guint64 line, GError **error)
{
    const GPtrArray *networks = row->values[0], *as = row->values[1];
    if (networks->len == 0 || as->len != 1) {
        row->sink->refused(row->sink->user, line,
                           "it names neither a contact nor a network and its AS");
        return TRUE;
    }
    guint32 number = (guint32)g_ascii_strtoull(as->pdata[0], NULL, 10);
    for (guint i = 0; i < networks->len; i++)
        if (!row->sink->route(row->sink->user, networks->pdata[i], number, error))
            return FALSE;
    return TRUE;
}

static gboolean give_row(Row *row, guint64 line, GError **error)
{
    if (row->texts[COLUMN_EMAIL] && row->texts[COLUMN_NODE])
        blame(row, row->texts[COLUMN_NODE], "contact: it has a mail address too");
    if (row->why) {
        row->sink->refused(row->sink->user, line, row->why);
        return TRUE;
    }
    if (!row->texts[COLUMN_EMAIL] && !row->texts[COLUMN_NODE])
        return give_routes(row, line, error);
    const ContactListRow given = {.line = line,
                                  .email = row->texts[COLUMN_EMAIL],
                                  .node = row->texts[COLUMN_NODE],
                                  .name = row->texts[COLUMN_NAME],
                                  .language = row->texts[COLUMN_LANGUAGE],
                                  .openpgp = row->texts[COLUMN_OPENPGP],
                                  .networks = end_values(row->values[0]),
                                  .as = end_values(row->values[1]),
                                  .domains = end_values(row->values[2])};
    return row->sink->contact(row->sink->user, &given, error);
}

/* --- tables ------------------------------------------------------------------------------------
 */

static Column find_column(const char *text)
{
    g_autofree char *name = g_strstrip(g_ascii_strdown(text, -1));
    g_strdelimit(name, " ", '_');
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].column;
    return COLUMN_NONE;
}

/* By the looks of a value. */
static Column guess_column(const char *text)
{
    ContactsKind kind;
    g_autofree char *value = contacts_canonical(text, 0, &kind);
    g_autofree char *number = contacts_canonical(text, CONTACTS_AS, NULL);
    if (number)
        return COLUMN_AS;
    if (!value)
        return COLUMN_NONE;
    return kind == CONTACTS_NETWORK   ? COLUMN_NETWORK
           : kind == CONTACTS_ADDRESS ? COLUMN_EMAIL
           : strchr(value, '.')       ? COLUMN_DOMAIN
                                      : COLUMN_NONE;
}

/* Whether the record is a header; fills @columns either way. */
static gboolean read_header(const Record *record, Column columns[COLUMNS_MAX])
{
    gboolean is_header = FALSE;
    for (guint i = 0; i < record->fields->len && i < COLUMNS_MAX; i++) {
        columns[i] = find_column(g_array_index(record->fields, RecordField, i).text);
        is_header = is_header || columns[i] != COLUMN_NONE;
    }
    for (guint i = 0; !is_header && i < record->fields->len && i < COLUMNS_MAX; i++)
        columns[i] = guess_column(g_array_index(record->fields, RecordField, i).text);
    return is_header;
}

static gboolean is_useful(const Column columns[COLUMNS_MAX])
{
    gboolean who = FALSE, network = FALSE, as = FALSE;
    for (guint i = 0; i < COLUMNS_MAX; i++) {
        who = who || columns[i] == COLUMN_EMAIL || columns[i] == COLUMN_NODE;
        network = network || columns[i] == COLUMN_NETWORK;
        as = as || columns[i] == COLUMN_AS;
    }
    return who || (network && as);
}

static gboolean take_record(Row *row, const Record *record, const Column columns[COLUMNS_MAX],
                            GError **error)
{
    row_reset(row);
    for (guint i = 0; i < record->fields->len && i < COLUMNS_MAX; i++)
        take_cell(row, columns[i], g_array_index(record->fields, RecordField, i).text);
    return give_row(row, record->line, error);
}

static gboolean read_records(Row *row, Record *record, GError **error)
{
    Column columns[COLUMNS_MAX] = {COLUMN_NONE};
    for (gboolean first = TRUE;;) {
        const char *why = NULL;
        RecordResult result = record_next(record, &why, error);
        if (result == RECORD_FAILED)
            return FALSE;
        if (result == RECORD_END)
            return TRUE;
        if (result == RECORD_BROKEN) {
            row->sink->refused(row->sink->user, record->line, why);
            continue;
        }
        gboolean is_header = first && read_header(record, columns);
        if (first && !is_useful(columns)) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "no column has contacts, or networks and their AS: see "
                                "docs/notices.md for the names of columns");
            return FALSE;
        }
        first = FALSE;
        if (!is_header && !take_record(row, record, columns, error))
            return FALSE;
    }
}

/* The separator that is most often in the first line that is no comment. */
static char find_separator(const char *sample, gsize length)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    gsize begin = 0, counts[G_N_ELEMENTS(candidates)] = {0};
    guint best = 0;
    while (begin < length && (sample[begin] == '#' || sample[begin] == '\n')) {
        while (begin < length && sample[begin] != '\n')
            begin++;
        begin += begin < length;
    }
    for (gsize i = begin; i < length && sample[i] != '\n'; i++)
        for (guint j = 0; j < G_N_ELEMENTS(candidates); j++)
            counts[j] += sample[i] == candidates[j];
    for (guint j = 1; j < G_N_ELEMENTS(candidates); j++)
        if (counts[j] > counts[best])
            best = j;
    return candidates[best];
}

static gboolean read_table(Stream *stream, char separator, Row *row, GError **error)
{
    static const IntakeSink silent;
    g_auto(Window) window = {0};
    g_auto(Record) record = {0};
    window_init(&window, stream, &silent, 2 * RECORD_MAX_SIZE);
    record_init(&record, &window, separator);
    return window_skip_mark(&window, error) && read_records(row, &record, error);
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static char *read_all(Stream *stream, gsize *ret_length, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (gsize got = 1; got > 0;) {
        guint8 buffer[16 * 1024];
        if (!stream_read(stream, buffer, sizeof buffer, &got, error))
            return NULL;
        if (bytes->len + got > CONTACT_LIST_JSON_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "a list in JSON has at most %d bytes", CONTACT_LIST_JSON_MAX);
            return NULL;
        }
        g_byte_array_append(bytes, buffer, (guint)got);
    }
    *ret_length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

static void take_json(Row *row, Column column, yyjson_val *value)
{
    if (yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value)) {
        take_cell(row, column, yyjson_get_str(value));
    } else if (yyjson_is_uint(value) && column == COLUMN_AS) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, yyjson_get_uint(value));
        take_cell(row, column, text);
    } else if (value && !yyjson_is_null(value)) {
        blame(row, "?", "text");
    }
}

static gboolean take_object(Row *row, yyjson_val *object, guint64 number, GError **error)
{
    row_reset(row);
    if (!yyjson_is_obj(object))
        blame(row, "?", "object");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        yyjson_val *value = yyjson_obj_get(object, names[i].name), *one;
        size_t at, count;
        if (!yyjson_is_arr(value)) {
            take_json(row, names[i].column, value);
            continue;
        }
        yyjson_arr_foreach (value, at, count, one) {
            take_json(row, names[i].column, one);
        }
    }
    return give_row(row, number, error);
}

static gboolean read_json(Stream *stream, Row *row, GError **error)
{
    gsize length;
    g_autofree char *text = read_all(stream, &length, error);
    if (!text)
        return FALSE;
    yyjson_doc *doc = yyjson_read(text, length, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *object;
    size_t at, count;
    if (yyjson_is_obj(root))
        root = yyjson_obj_get(root, "contacts");
    gboolean good = yyjson_is_arr(root);
    if (!good)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is no JSON list of contacts");
    yyjson_arr_foreach (root, at, count, object) {
        good = good && take_object(row, object, at + 1, error);
    }
    yyjson_doc_free(doc);
    return good;
}

gboolean contact_list_read(Stream *stream, const ContactListSink *sink, GError **error)
{
    const char *sample;
    gsize length, at = 0;
    if (!stream_peek(stream, SAMPLE, &sample, &length, error))
        return FALSE;
    if (length >= 3 && memcmp(sample, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < length && g_ascii_isspace(sample[at]))
        at++;
    g_auto(Row) row = {0};
    row_init(&row, sink);
    return at < length && (sample[at] == '[' || sample[at] == '{')
               ? read_json(stream, &row, error)
               : read_table(stream, find_separator(sample, length), &row, error);
}
