/* ArcSight's Common Event Format, alone or in syslog:
 * "CEF:0|vendor|product|version|class|name|severity|key=value key=value". */
#include <string.h>

#include "shield/input_syslog.h"

#define SOURCE      "network-traffic:src_ref.value"
#define DESTINATION "network-traffic:dst_ref.value"
#define DOMAIN      "domain-name:value"

static const InputField fields[] = {
    {"rt", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"start", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"end", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"src", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"c6a2", OBSERVABLE_IPV6, INPUT_SOURCE, SOURCE},
    {"spt", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"dst", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"c6a3", OBSERVABLE_IPV6, INPUT_DESTINATION, DESTINATION},
    {"dpt", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"proto", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"sourceTranslatedAddress", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"destinationTranslatedAddress", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"dvc", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"shost", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dhost", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"dvchost", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"sntdom", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dntdom", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"destinationDnsDomain", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"sourceDnsDomain", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"request", OBSERVABLE_URL, INPUT_TARGET, "url:value"},
    {"requestContext", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"requestClientApplication", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"version", OBSERVABLE_OTHER, INPUT_VALUE, NULL}, /* of the header */
    {NULL, 0, 0, NULL},
};

#define MARK "CEF:"

static gboolean detect(const char *sample, gsize length)
{
    return input_syslog_detect(sample, length, MARK);
}

/* Undoes "\|", "\=", "\\", "\n" and "\r". */
static void add(InputRow *row, const InputField *field, const char *name, const char *text,
                gsize length)
{
    if (!memchr(text, '\\', length)) {
        input_row_add_piece(row, field, name, text, length);
        return;
    }
    char *plain = input_row_take(row, length);
    gsize size = 0;
    for (gsize i = 0; plain && i < length; i++) {
        if (text[i] == '\\' && i + 1 < length && strchr("|=\\", text[i + 1]))
            plain[size++] = text[++i];
        else if (text[i] == '\\' && i + 1 < length && (text[i + 1] == 'n' || text[i + 1] == 'r'))
            plain[size++] = text[++i] == 'n' ? '\n' : '\r';
        else
            plain[size++] = text[i];
    }
    if (plain)
        input_row_add(row, field, name, plain, size, (gsize)(text - row->line));
}

/* The seven parts before the extension; returns what is behind them, or NULL. */
static const char *read_head(Input *input, InputRow *row, const char *at, const char *end)
{
    static const char *const names[] = {"cef",   "deviceVendor", "deviceProduct", "version",
                                        "class", "name",         "severity"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *part = at;
        while (at < end && *at != '|')
            at += *at == '\\' && at + 1 < end ? 2 : 1;
        if (at >= end && i + 1 < G_N_ELEMENTS(names))
            return NULL;
        if (i > 0)
            add(row, g_hash_table_lookup(input->by_name, names[i]), names[i], part,
                (gsize)(at - part));
        at++;
    }
    return MIN(at, end);
}

static gboolean is_key(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '.' || c == '[' || c == ']' || c == '-';
}

/* The next "key=" that a blank, or the start, stands before; NULL: there is none. */
static const char *next_key(const char *from, const char *at, const char *end,
                            const char **ret_equals)
{
    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end) {
            at++;
            continue;
        }
        if (*at != '=')
            continue;
        const char *key = at;
        while (key > from && is_key(key[-1]))
            key--;
        if (key < at && (key == from || key[-1] == ' ')) {
            *ret_equals = at;
            return key;
        }
    }
    return NULL;
}

static void add_extension(Input *input, InputRow *row, const char *key, const char *equals,
                          const char *end)
{
    gsize length = (gsize)(equals - key);
    char *name = length < INPUT_MAX_NAME ? input_row_take(row, length + 1) : NULL;

    while (end > equals + 1 && end[-1] == ' ')
        end--;
    if (name) {
        memcpy(name, key, length);
        name[length] = '\0';
    }
    const InputField *field = name ? g_hash_table_lookup(input->by_name, name) : NULL;
    add(row, field, name ? name : "", equals + 1, (gsize)(end - equals) - 1);
}

static gboolean read_line(Input *input, InputRow *row)
{
    const char *start = input_syslog_find(row->line, row->length, MARK);
    const char *end = row->line + row->length, *equals, *next_equals = NULL;

    if (!start)
        return FALSE;
    gint64 header_time = input_syslog_take_header(row, start);
    const char *from = read_head(input, row, start, end);
    if (!from)
        return FALSE;
    const char *key = next_key(from, from, end, &equals);
    if (key != from)
        input_row_add_piece(row, NULL, "more", from, (gsize)((key ? key : end) - from));
    while (key) {
        const char *next = next_key(from, equals + 1, end, &next_equals);
        add_extension(input, row, key, equals, next ? next : end);
        key = next;
        equals = next_equals;
    }
    if (row->observation->time == 0)
        row->observation->time = header_time;
    return TRUE;
}

const InputFormat input_cef = {
    .name = "cef", .detect = detect, .read = read_line, .fields = fields};
