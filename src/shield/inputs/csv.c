/* Tables with a header: comma-, semicolon-, tab- or bar-separated (RFC 4180), and the W3C extended
 * log format ("#Fields:", IIS). What a column is, its name tells. */
#include <string.h>

#include "shield/input_row.h"

#define SOURCE      "network-traffic:src_ref.value"
#define DESTINATION "network-traffic:dst_ref.value"
#define DOMAIN      "domain-name:value"

/* Names in any case of letters. */
static const InputField fields[] = {
    {"time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"_time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"@timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"datetime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"date", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"ts", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"start_time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"src", OBSERVABLE_DOMAIN, INPUT_SOURCE, SOURCE},
    {"srcip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"src_ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"source_ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"source.ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"source address", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"src_addr", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"client_ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"c-ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"sa", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE}, /* nfdump */
    {"src_port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"srcport", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"source_port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"source.port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"source port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"c-port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"sp", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"dst", OBSERVABLE_DOMAIN, INPUT_DESTINATION, DESTINATION},
    {"dest", OBSERVABLE_DOMAIN, INPUT_DESTINATION, DESTINATION},
    {"dstip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dst_ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dest_ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"destination_ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"destination.ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"destination address", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dst_addr", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"server_ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"s-ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"da", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dst_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"dstport", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"dest_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"destination_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"destination.port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"destination port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"s-port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"dp", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"proto", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"protocol", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"transport", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"pr", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"ip", OBSERVABLE_IPV4, INPUT_VALUE, "ipv4-addr:value"},
    {"address", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"hostname", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"http_host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"cs-host", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"site", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"url_domain", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"domain", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"url", OBSERVABLE_URL, INPUT_TARGET, "url:value"},
    {"uri", OBSERVABLE_URL, INPUT_TARGET, "url:value"},
    {"path", OBSERVABLE_URL, INPUT_TARGET, NULL},
    {"uri_path", OBSERVABLE_URL, INPUT_TARGET, NULL},
    {"url_path", OBSERVABLE_URL, INPUT_TARGET, NULL},
    {"cs-uri", OBSERVABLE_URL, INPUT_TARGET, "url:value"},
    {"cs-uri-stem", OBSERVABLE_URL, INPUT_TARGET, NULL},
    {"cs-uri-query", OBSERVABLE_NONE, INPUT_QUERY, NULL},
    {"uri_query", OBSERVABLE_NONE, INPUT_QUERY, NULL},
    {"url_query", OBSERVABLE_NONE, INPUT_QUERY, NULL},
    {"port", OBSERVABLE_NONE, INPUT_URL_PORT, NULL},
    {"url_port", OBSERVABLE_NONE, INPUT_URL_PORT, NULL},
    {"uri_port", OBSERVABLE_NONE, INPUT_URL_PORT, NULL},
    {"scheme", OBSERVABLE_NONE, INPUT_SCHEME, NULL},
    {"cs-uri-scheme", OBSERVABLE_NONE, INPUT_SCHEME, NULL},
    {"referer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"referrer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"http_referrer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"cs(Referer)", OBSERVABLE_URL, INPUT_VALUE, NULL},
    {"user_agent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"useragent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"http_user_agent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"cs(User-Agent)", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"query", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"qname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns_query", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"sni", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"server_name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"md5", OBSERVABLE_MD5, INPUT_VALUE, "file:hashes.MD5"},
    {"sha1", OBSERVABLE_SHA1, INPUT_VALUE, "file:hashes.'SHA-1'"},
    {"sha256", OBSERVABLE_SHA256, INPUT_VALUE, "file:hashes.'SHA-256'"},
    {"sha512", OBSERVABLE_SHA512, INPUT_VALUE, "file:hashes.'SHA-512'"},
    {"imphash", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"hashes", OBSERVABLE_NONE, INPUT_HASHES, "file:hashes"},
    {"ja3", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"ja3_hash", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"ja3s", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"ja4", OBSERVABLE_JA4, INPUT_VALUE, NULL},
    {"email", OBSERVABLE_EMAIL, INPUT_VALUE, "email-addr:value"},
    {"sender", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:from_ref.value"},
    {"from", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:from_ref.value"},
    {"recipient", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:to_refs[*].value"},
    {"to", OBSERVABLE_EMAIL, INPUT_VALUE, "email-message:to_refs[*].value"},
    {NULL, 0, 0, NULL},
};

typedef struct {
    const char *text; /* without its quotes */
    gsize length;
    gboolean doubled; /* quotes in it are doubled */
} Cell;

/* The cell at @*at, moving on behind its separator; FALSE when a quote does not end in this line.
 */
static gboolean next_cell(const char *line, gsize length, char separator, gsize *at, Cell *ret_cell)
{
    gsize i = *at;

    *ret_cell = (Cell){0};
    if (i < length && line[i] == '"') {
        gsize start = ++i;
        while (i < length && (line[i] != '"' || (i + 1 < length && line[i + 1] == '"'))) {
            if (line[i] == '"') {
                ret_cell->doubled = TRUE;
                i++;
            }
            i++;
        }
        if (i >= length || (i + 1 < length && line[i + 1] != separator))
            return FALSE;
        ret_cell->text = line + start;
        ret_cell->length = i - start;
        *at = i + 2;
        return TRUE;
    }
    const char *end = i < length ? memchr(line + i, separator, length - i) : NULL;
    ret_cell->text = line + i;
    ret_cell->length = end ? (gsize)(end - line) - i : length - i;
    *at = i + ret_cell->length + 1;
    return TRUE;
}

/* Splits into at most OBSERVATION_MAX_VALUES texts; NULL when the line is no row of a table. */
static GPtrArray *split(const char *line, gsize length, char separator)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    for (gsize at = 0; at <= length && cells->len < OBSERVATION_MAX_VALUES;) {
        Cell cell;
        if (!next_cell(line, length, separator, &at, &cell))
            return NULL;
        char *text = g_strndup(cell.text, cell.length);
        g_ptr_array_add(cells, g_strstrip(text));
    }
    return g_steal_pointer(&cells);
}

/* Names of columns begin with a letter and have no more than three words. */
static gboolean is_name(const char *text)
{
    guint blanks = 0;
    if (!g_ascii_isalpha(text[0]) && text[0] != '_' && text[0] != '@')
        return FALSE;
    for (; *text; text++) {
        blanks += *text == ' ';
        if (!g_ascii_isalnum(*text) && !strchr(" _.-@()/", *text))
            return FALSE;
    }
    return blanks < 3;
}

/* The separator that makes a header of the line, or '\0'. */
static char find_separator(const char *line, gsize length)
{
    for (const char *separator = ",;\t|"; *separator; separator++) {
        if (!memchr(line, *separator, length))
            continue;
        g_autoptr(GPtrArray) names = split(line, length, *separator);
        guint known = 0, right = 0;
        for (guint i = 0; names && i < names->len; i++) {
            const char *name = g_ptr_array_index(names, i);
            right += is_name(name);
            known += input_row_find(fields, name, strlen(name)) != NULL;
        }
        if (names && names->len >= 2 && right == names->len && known > 0)
            return *separator;
    }
    return '\0';
}

static gboolean detect(const char *sample, gsize length)
{
    gsize at = 0, line_length;
    const char *line;

    return input_next_line(sample, length, &at, &line, &line_length) &&
           find_separator(line, line_length) != '\0';
}

static void set_header(Input *input, const char *line, gsize length, char separator)
{
    g_autoptr(GPtrArray) names = split(line, length, separator);
    if (!names)
        return;
    g_ptr_array_add(names, NULL);
    input_set_columns(input, separator, (const char *const *)names->pdata);
}

static gboolean take_header(Input *input, const char *line, gsize length, gboolean first)
{
    char separator = find_separator(line, length);
    set_header(input, line, length, separator ? separator : ',');
    return TRUE;
}

static void add_cell(InputRow *row, const InputColumn *column, const Cell *cell)
{
    const char *text = cell->text;
    gsize length = cell->length, size = 0;

    while (length > 0 && text[0] == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    char *plain = cell->doubled ? input_row_take(row, length) : NULL;
    if (!plain) {
        input_row_add_piece(row, column->field, column->name, text, length);
        return;
    }
    for (gsize i = 0; i < length; i++) {
        plain[size++] = text[i];
        i += text[i] == '"';
    }
    input_row_add(row, column->field, column->name, plain, size, (gsize)(text - row->line));
}

static gboolean read_line(Input *input, InputRow *row)
{
    guint number = 0;

    if (!input->columns || row->length == 0)
        return FALSE;
    for (gsize at = 0; at <= row->length; number++) {
        Cell cell;
        if (number == input->columns->len ||
            !next_cell(row->line, row->length, input->separator, &at, &cell))
            return FALSE;
        add_cell(row, &g_array_index(input->columns, InputColumn, number), &cell);
    }
    return number == input->columns->len;
}

const InputFormat input_csv = {.name = "csv",
                               .detect = detect,
                               .read = read_line,
                               .take_header = take_header,
                               .fields = fields};

/* --- W3C extended ---------------------------------------------------------------------------- */

static gboolean detect_w3c(const char *sample, gsize length)
{
    gsize at = 0, line_length;
    const char *line;

    while (input_next_line(sample, length, &at, &line, &line_length) && line_length > 0 &&
           line[0] == '#')
        if (line_length > 9 && memcmp(line, "#Fields: ", 9) == 0)
            return TRUE;
    return FALSE;
}

static gboolean take_w3c_header(Input *input, const char *line, gsize length, gboolean first)
{
    if (length <= 9 || memcmp(line, "#Fields: ", 9) != 0)
        return FALSE;
    while (length > 9 && line[length - 1] == ' ')
        length--;
    set_header(input, line + 9, length - 9, ' ');
    return TRUE;
}

/* Date and time are columns of their own. */
static void join_time(Input *input, InputRow *row)
{
    const InputColumn *columns = (const InputColumn *)(gpointer)input->columns->data;
    const InputField *field = g_hash_table_lookup(input->by_name, "timestamp");

    if (input->columns->len < 2 || g_ascii_strcasecmp(columns[0].name, "date") != 0 ||
        g_ascii_strcasecmp(columns[1].name, "time") != 0)
        return;
    row->observation->time = 0;
    input_row_add_piece(row, field, field->name, row->line, row->length);
}

static gboolean read_w3c(Input *input, InputRow *row)
{
    if (row->length == 0 || row->line[0] == '#' || !read_line(input, row))
        return FALSE;
    join_time(input, row);
    return TRUE;
}

const InputFormat input_w3c = {.name = "w3c",
                               .detect = detect_w3c,
                               .read = read_w3c,
                               .take_header = take_w3c_header,
                               .late_headers = TRUE,
                               .fields = fields};
