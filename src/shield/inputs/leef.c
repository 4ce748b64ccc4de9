/* IBM's Log Event Extended Format, alone or in syslog:
 * "LEEF:1.0|vendor|product|version|event|key=value<tab>key=value" and
 * "LEEF:2.0|vendor|product|version|event|delimiter|key=value^key=value", where the delimiter is a
 * character, its number as "0x5e" or "x5e", or missing, which means a tab.
 * https://www.ibm.com/docs/en/dsm?topic=leef-overview */
#include <string.h>

#include "shield/input_syslog.h"

#define ADDRESS     "ipv4-addr:value"
#define SOURCE      "network-traffic:src_ref.value"
#define DESTINATION "network-traffic:dst_ref.value"
#define DOMAIN      "domain-name:value"

static const InputField fields[] = {
    {"devTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"src", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"srcPort", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"dst", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dstPort", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"proto", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"srcPreNAT", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"srcPostNAT", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"dstPreNAT", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"dstPostNAT", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"identSrc", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"vSrc", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"identHostName", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"vSrcName", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"srcHostName", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dstHostName", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"url", OBSERVABLE_URL, INPUT_TARGET, "url:value"},
    {"referer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"userAgent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"version", OBSERVABLE_OTHER, INPUT_VALUE, NULL}, /* of the header */
    {NULL, 0, 0, NULL},
};

#define PARTS 5

/* The line's parts. */
typedef struct {
    const char *start;        /* "LEEF:" */
    const char *parts[PARTS]; /* "LEEF:1.0", vendor, product, version, event */
    gsize lengths[PARTS];
    const char *attributes, *end;
    char delimiter[5];
} Leef;

#define MARK "LEEF:"

static gboolean detect(const char *sample, gsize length)
{
    return input_syslog_detect(sample, length, MARK);
}

/* The character that the delimiter's part names, '\0' when it names none. */
static char read_delimiter(const char *text, gsize length)
{
    gsize at = length > 1 && text[0] == '0' ? 1 : 0;
    guint number = 0;

    if (length == 0)
        return '\t';
    if (length == 1)
        return text[0];
    if (text[at] != 'x' && text[at] != 'X')
        return '\0';
    if (++at == length || length - at > 4)
        return '\0';
    for (; at < length; at++) {
        int digit = g_ascii_xdigit_value(text[at]);
        if (digit < 0)
            return '\0';
        number = number << 4 | (guint)digit;
    }
    return number < 0x80 ? (char)number : '\0';
}

/* What parts the attributes. rsyslog writes "#011" for a tab. */
static void find_delimiter(Leef *leef)
{
    gsize left = (gsize)(leef->end - leef->attributes);
    const char *bar = memchr(leef->attributes, '|', MIN(left, 8));

    leef->delimiter[0] = '\t';
    if (leef->start[5] != '1' && bar) {
        char delimiter = read_delimiter(leef->attributes, (gsize)(bar - leef->attributes));
        if (delimiter != '\0') {
            leef->delimiter[0] = delimiter;
            leef->attributes = bar + 1;
            left = (gsize)(leef->end - leef->attributes);
        }
    }
    if (leef->delimiter[0] == '\t' && left > 0 && !memchr(leef->attributes, '\t', left) &&
        memmem(leef->attributes, left, "#011", 4))
        g_strlcpy(leef->delimiter, "#011", sizeof(leef->delimiter));
}

static gboolean split(const char *line, gsize length, Leef *ret_leef)
{
    Leef leef = {.start = input_syslog_find(line, length, MARK), .end = line + length};
    const char *at = leef.start;

    if (!at)
        return FALSE;
    for (guint i = 0; i < PARTS; i++) {
        const char *bar = memchr(at, '|', (gsize)(leef.end - at));
        if (!bar)
            return FALSE;
        leef.parts[i] = at;
        leef.lengths[i] = (gsize)(bar - at);
        at = bar + 1;
    }
    leef.attributes = at;
    find_delimiter(&leef);
    *ret_leef = leef;
    return TRUE;
}

static void add_attribute(Input *input, InputRow *row, const char *text, gsize length)
{
    const char *equals = length > 0 ? memchr(text, '=', length) : NULL;
    gsize size = equals ? (gsize)(equals - text) : 0;
    char *name = size > 0 && size < INPUT_MAX_NAME ? input_row_take(row, size + 1) : NULL;

    if (!name) {
        input_row_add_piece(row, NULL, "more", text, length);
        return;
    }
    memcpy(name, text, size);
    name[size] = '\0';
    const InputField *field = g_hash_table_lookup(input->by_name, name);
    input_row_add_piece(row, field, field ? field->name : name, equals + 1, length - size - 1);
}

static gboolean read_line(Input *input, InputRow *row)
{
    static const char *const names[PARTS] = {"leef", "vendor", "product", "version", "event"};
    Leef leef;

    if (!split(row->line, row->length, &leef))
        return FALSE;
    gint64 header_time = input_syslog_take_header(row, leef.start);
    for (guint i = 1; i < PARTS; i++)
        input_row_add_piece(row, g_hash_table_lookup(input->by_name, names[i]), names[i],
                            leef.parts[i], leef.lengths[i]);
    gsize size = strlen(leef.delimiter);
    for (const char *at = leef.attributes; at < leef.end;) {
        const char *next = memmem(at, (gsize)(leef.end - at), leef.delimiter, size);
        add_attribute(input, row, at, (gsize)((next ? next : leef.end) - at));
        at = next ? next + size : leef.end;
    }
    if (row->observation->time == 0)
        row->observation->time = header_time;
    return TRUE;
}

const InputFormat input_leef = {
    .name = "leef", .detect = detect, .read = read_line, .fields = fields};
