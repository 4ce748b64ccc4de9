/* Windows events: as XML (`wevtutil qe /f:xml`) and as JSON (winlogbeat, NXLog, evtx_dump). Known
 * are the names of Security's and Sysmon's data.
 * https://learn.microsoft.com/windows/win32/wes/eventschema-elements */
#include <string.h>

#include "shield/input_json.h"

#define SOURCE      "network-traffic:src_ref.value"
#define DESTINATION "network-traffic:dst_ref.value"
#define DOMAIN      "domain-name:value"

static const InputField fields[] = {
    {"SystemTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"@timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"UtcTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"EventTime", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"Computer", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"Hostname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"computer_name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"IpAddress", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"IpPort", OBSERVABLE_NONE, INPUT_SOURCE_PORT, NULL},
    {"SourceIp", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"SourceAddress", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"SourcePort", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"SourceHostname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"DestinationIp", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"DestAddress", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"DestinationPort", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"DestPort", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"DestinationHostname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"Protocol", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"QueryName", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"Hashes", OBSERVABLE_NONE, INPUT_HASHES, "file:hashes"},
    {"Hash", OBSERVABLE_NONE, INPUT_HASHES, "file:hashes"},
    {"FileVersion", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {NULL, 0, 0, NULL},
};

/* --- JSON ------------------------------------------------------------------------------------ */

static gboolean detect_json(const char *sample, gsize length)
{
    static const char *const system[] = {"EventID", "System", NULL};
    static const char *const flat[] = {"EventID", "Channel", NULL};
    static const char *const beat[] = {"winlog", "@timestamp", NULL};

    return input_json_has(sample, length, system) || input_json_has(sample, length, flat) ||
           input_json_has(sample, length, beat);
}

static gboolean read_json(Input *input, InputRow *row)
{
    return input_json_read(input, row, TRUE);
}

const InputFormat input_windows_json = {
    .name = "windows-json", .detect = detect_json, .read = read_json, .fields = fields};

/* --- XML ------------------------------------------------------------------------------------- */

/* What stands between these is text as it is, and belongs to the field @name; NULL: to the element
 * it stands in. */
typedef struct {
    const char *open, *close, *name;
} Literal;

static const Literal literals[] = {{"<![CDATA[", "]]>", NULL}, {"<!--", "-->", "comment"}};

typedef struct {
    Input *input;
    InputRow *row;
    const char *at, *end;
    char name[INPUT_MAX_NAME]; /* of the element, or of the datum, that text belongs to */
} Reader;

/* Where the event in the line begins; NULL: there is none. */
static const char *find_event(const char *line, gsize length)
{
    const char *end = line + length;

    if (length == 0)
        return NULL;
    for (const char *at = line; (at = memmem(at, (gsize)(end - at), "<Event", 6)); at += 6)
        if (end - at > 7 && (g_ascii_isspace(at[6]) || at[6] == '>'))
            return at;
    return NULL;
}

static gboolean detect_xml(const char *sample, gsize length)
{
    gsize at = 0, line_length;
    const char *line;
    while (input_next_line(sample, length, &at, &line, &line_length)) {
        const char *event = find_event(line, MIN(line_length, 1024));
        if (event)
            return at > length || memmem(event, (gsize)(line + line_length - event), "<System", 7);
        /* A declaration, or the element around all of them. */
        while (line_length > 0 && g_ascii_isspace(line[0])) {
            line++;
            line_length--;
        }
        if (line_length > 0 && line[0] != '<')
            return FALSE;
    }
    return FALSE;
}

/* The character that "&...;" stands for; its length, or 0 for what XML itself does not know. There
 * are no other entities. */
static gsize read_entity(const char *text, gsize length, char ret_utf8[6], guint *ret_count)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    gunichar c = 0;
    gsize at = 2;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (length >= strlen(names[i].name) &&
            memcmp(text, names[i].name, strlen(names[i].name)) == 0) {
            ret_utf8[0] = names[i].c;
            *ret_count = 1;
            return strlen(names[i].name);
        }
    if (length < 4 || text[1] != '#')
        return 0;
    gboolean hex = text[2] == 'x';
    for (at += hex; at < length && at < 10 && text[at] != ';'; at++) {
        int digit = hex ? g_ascii_xdigit_value(text[at]) : g_ascii_digit_value(text[at]);
        if (digit < 0)
            return 0;
        c = c * (hex ? 16 : 10) + (gunichar)digit;
    }
    if (at >= length || text[at] != ';' || !g_unichar_validate(c) || c == 0)
        return 0;
    *ret_count = (guint)g_unichar_to_utf8(c, ret_utf8);
    return at + 1;
}

/* @literal: nothing in it is an entity. */
static void add(Reader *reader, const char *name, const char *text, gsize length, gboolean literal)
{
    InputRow *row = reader->row;
    const InputField *field = g_hash_table_lookup(reader->input->by_name, name);
    const char *kept = field ? field->name : NULL;

    /* What stands between elements on lines of their own. */
    for (; length > 0 && g_ascii_isspace(text[0]); length--)
        text++;
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length == 0)
        return;
    if (!kept) {
        gsize size = strlen(name) + 1;
        char *own = input_row_take(row, size);
        kept = own ? memcpy(own, name, size) : "";
    }
    if (literal || !memchr(text, '&', length)) {
        input_row_add_piece(row, field, kept, text, length);
        return;
    }
    char *plain = input_row_take(row, length);
    gsize size = 0;
    for (gsize i = 0; plain && i < length;) {
        char utf8[6];
        guint count = 1;
        gsize used = text[i] == '&' ? read_entity(text + i, length - i, utf8, &count) : 0;
        if (used == 0) {
            plain[size++] = text[i++];
            continue;
        }
        memcpy(plain + size, utf8, count);
        size += count;
        i += used;
    }
    if (plain)
        input_row_add(row, field, kept, plain, size, (gsize)(text - row->line));
}

static gboolean is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

/* Takes a name into @name; FALSE when there is none. */
static gboolean take_name(Reader *reader, char *name)
{
    const char *start = reader->at;
    while (reader->at < reader->end && is_name(*reader->at))
        reader->at++;
    gsize length = MIN((gsize)(reader->at - start), INPUT_MAX_NAME - 1);
    memcpy(name, start, length);
    name[length] = '\0';
    return length > 0;
}

static void skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && g_ascii_isspace(*reader->at))
        reader->at++;
}

/* One attribute. <Data Name="x"> names the text in it, all others are values. */
static gboolean take_attribute(Reader *reader)
{
    char name[INPUT_MAX_NAME];

    if (!take_name(reader, name))
        return FALSE;
    skip_blanks(reader);
    if (reader->at >= reader->end || *reader->at++ != '=')
        return FALSE;
    skip_blanks(reader);
    if (reader->at >= reader->end || (*reader->at != '"' && *reader->at != '\''))
        return FALSE;
    char quote = *reader->at++;
    const char *close = memchr(reader->at, quote, (gsize)(reader->end - reader->at));
    if (!close)
        return FALSE;
    gsize length = (gsize)(close - reader->at);
    if (strcmp(name, "Name") == 0 && strcmp(reader->name, "Data") == 0) {
        gsize kept = MIN(length, INPUT_MAX_NAME - 1);
        memcpy(reader->name, reader->at, kept);
        reader->name[kept] = '\0';
    } else if (strncmp(name, "xmlns", 5) != 0) {
        add(reader, name, reader->at, length, FALSE);
    }
    reader->at = close + 1;
    return TRUE;
}

/* The element whose '<' was read. Declarations are refused: no event has any. */
static gboolean take_element(Reader *reader)
{
    if (reader->at < reader->end && *reader->at == '/') {
        const char *close = memchr(reader->at, '>', (gsize)(reader->end - reader->at));
        reader->at = close ? close + 1 : reader->end;
        reader->name[0] = '\0';
        return close != NULL;
    }
    if (!take_name(reader, reader->name))
        return FALSE;
    for (;;) {
        skip_blanks(reader);
        if (reader->at >= reader->end)
            return FALSE;
        if (*reader->at == '/' || *reader->at == '>')
            break;
        if (!take_attribute(reader))
            return FALSE;
    }
    if (*reader->at == '/')
        reader->at++;
    return reader->at < reader->end && *reader->at++ == '>';
}

/* CDATA or a comment that begins here; NULL: there is none. */
static const Literal *find_literal(const Reader *reader)
{
    for (gsize i = 0; i < G_N_ELEMENTS(literals); i++)
        if ((gsize)(reader->end - reader->at) >= strlen(literals[i].open) &&
            memcmp(reader->at, literals[i].open, strlen(literals[i].open)) == 0)
            return &literals[i];
    return NULL;
}

static gboolean take_literal(Reader *reader, const Literal *literal)
{
    const char *text = reader->at + strlen(literal->open);
    const char *close =
        memmem(text, (gsize)(reader->end - text), literal->close, strlen(literal->close));
    if (!close)
        return FALSE;
    add(reader, literal->name ? literal->name : reader->name, text, (gsize)(close - text), TRUE);
    reader->at = close + strlen(literal->close);
    return TRUE;
}

static gboolean read_xml(Input *input, InputRow *row)
{
    Reader reader = {.input = input, .row = row, .at = row->line, .end = row->line + row->length};

    reader.at = find_event(row->line, row->length);
    if (!reader.at)
        return FALSE;
    add(&reader, "head", row->line, (gsize)(reader.at - row->line), FALSE);
    while (reader.at < reader.end) {
        const Literal *literal = find_literal(&reader);
        if (literal) {
            if (!take_literal(&reader, literal))
                return FALSE;
            continue;
        }
        if (*reader.at == '<') {
            reader.at++;
            if (!take_element(&reader))
                return FALSE;
            continue;
        }
        const char *text = reader.at;
        const char *open = memchr(text, '<', (gsize)(reader.end - text));
        reader.at = open ? open : reader.end;
        add(&reader, reader.name, text, (gsize)(reader.at - text), FALSE);
    }
    return TRUE;
}

const InputFormat input_windows_xml = {
    .name = "windows-xml", .detect = detect_xml, .read = read_xml, .fields = fields};
