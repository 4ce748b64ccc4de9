/* Zeek's logs, as tab-separated columns and as a JSON object a line: the same fields.
 * https://docs.zeek.org/en/master/log-formats.html */
#include <string.h>

#include "shield/input_json.h"

#define DOMAIN  "domain-name:value"
#define REQUEST "network-traffic:extensions.'http-request-ext'."

static const InputField fields[] = {
    {"ts", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"id.orig_h", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"id.orig_p", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"id.resp_h", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"id.resp_p", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"proto", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"src", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"dst", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},

    {"host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"uri", OBSERVABLE_URL, INPUT_TARGET, REQUEST "request_value"},
    {"referrer", OBSERVABLE_URL, INPUT_VALUE, REQUEST "request_header.Referer"},
    {"user_agent", OBSERVABLE_OTHER, INPUT_VALUE, REQUEST "request_header.'User-Agent'"},
    {"version", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"unparsed_version", OBSERVABLE_OTHER, INPUT_VALUE, "software:version"},
    {"server_software", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"client", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    {"proxied", OBSERVABLE_NONE, INPUT_VALUE, NULL},

    {"query", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"answers", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"server_name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"san.dns", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"san.ip", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"san.email", OBSERVABLE_EMAIL, INPUT_VALUE, "email-addr:value"},
    {"san.uri", OBSERVABLE_URL, INPUT_VALUE, "url:value"},
    {"ja3", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"ja3s", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"ja4", OBSERVABLE_JA4, INPUT_VALUE, NULL},
    {"hassh", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"hasshServer", OBSERVABLE_NONE, INPUT_NOTHING, NULL},

    {"md5", OBSERVABLE_MD5, INPUT_VALUE, "file:hashes.MD5"},
    {"sha1", OBSERVABLE_SHA1, INPUT_VALUE, "file:hashes.'SHA-1'"},
    {"sha256", OBSERVABLE_SHA256, INPUT_VALUE, "file:hashes.'SHA-256'"},
    {"filename", OBSERVABLE_NONE, INPUT_VALUE, "file:name"},
    {"tx_hosts", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"rx_hosts", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},

    {"helo", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"mailfrom", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:from_ref.value"},
    {"rcptto", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:to_refs[*].value"},
    {"from", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:from_ref.value"},
    {"to", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:to_refs[*].value"},
    {"cc", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:cc_refs[*].value"},
    {"reply_to", OBSERVABLE_EMAIL, INPUT_VALUE, "email-addr:value"},
    {"x_originating_ip", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {NULL, 0, 0, NULL},
};

/* --- Columns --------------------------------------------------------------------------------- */

static gboolean detect_columns(const char *sample, gsize length)
{
    return (length > 11 && memcmp(sample, "#separator ", 11) == 0) ||
           (length > 8 && memcmp(sample, "#fields\t", 8) == 0);
}

/* "\x09" */
static gboolean read_hex(const char *text, gsize length, char *ret_c)
{
    if (length < 4 || text[0] != '\\' || text[1] != 'x' || !g_ascii_isxdigit(text[2]) ||
        !g_ascii_isxdigit(text[3]))
        return FALSE;
    *ret_c = (char)(g_ascii_xdigit_value(text[2]) * 16 + g_ascii_xdigit_value(text[3]));
    return TRUE;
}

static gboolean take_header(Input *input, const char *line, gsize length, gboolean first)
{
    if (length > 11 && memcmp(line, "#separator ", 11) == 0) {
        if (!read_hex(line + 11, length - 11, &input->separator))
            input->separator = line[11];
        return TRUE;
    }
    char separator = input->separator ? input->separator : '\t';
    if (length < 9 || memcmp(line, "#fields", 7) != 0 || line[7] != separator)
        return FALSE;
    char parts[2] = {separator, '\0'};
    g_autofree char *text = g_strndup(line + 8, length - 8);
    g_auto(GStrv) names = g_strsplit(text, parts, OBSERVATION_MAX_VALUES);
    input_set_columns(input, separator, (const char *const *)names);
    return TRUE;
}

/* Undoes "\x2c". */
static void add_cell(InputRow *row, const InputColumn *column, const char *text, gsize length)
{
    if (!memchr(text, '\\', length)) {
        input_row_add_piece(row, column->field, column->name, text, length);
        return;
    }
    char *plain = input_row_take(row, length);
    gsize size = 0;
    for (gsize i = 0; plain && i < length; i++) {
        if (read_hex(text + i, length - i, &plain[size]))
            i += 3;
        else
            plain[size] = text[i];
        size++;
    }
    if (plain)
        input_row_add(row, column->field, column->name, plain, size, (gsize)(text - row->line));
}

static gboolean read_columns(Input *input, InputRow *row)
{
    gsize at = 0;
    guint number = 0;

    if (!input->columns || row->length == 0 || row->line[0] == '#')
        return FALSE;
    for (; at <= row->length; number++) {
        const char *text = row->line + at;
        const char *end = memchr(text, input->separator, row->length - at);
        gsize length = end ? (gsize)(end - text) : row->length - at;
        if (number >= input->columns->len)
            return FALSE;
        add_cell(row, &g_array_index(input->columns, InputColumn, number), text, length);
        at += length + 1;
    }
    return number == input->columns->len;
}

const InputFormat input_zeek = {.name = "zeek",
                                .detect = detect_columns,
                                .read = read_columns,
                                .take_header = take_header,
                                .late_headers = TRUE,
                                .fields = fields};

/* --- JSON ------------------------------------------------------------------------------------ */

static gboolean detect_json(const char *sample, gsize length)
{
    static const char *const with_ends[] = {"ts", "id.orig_h", NULL};
    static const char *const with_path[] = {"ts", "_path", NULL};
    static const char *const with_uid[] = {"ts", "uid", NULL};

    return input_json_has(sample, length, with_ends) || input_json_has(sample, length, with_path) ||
           input_json_has(sample, length, with_uid);
}

static gboolean read_json(Input *input, InputRow *row)
{
    return input_json_read(input, row, FALSE);
}

const InputFormat input_zeek_json = {
    .name = "zeek-json", .detect = detect_json, .read = read_json, .fields = fields};
