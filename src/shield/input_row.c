#include "shield/input_row.h"

#include <string.h>

#include "shield/input_time.h"

char *input_row_take(InputRow *row, gsize bytes)
{
    if (bytes > row->arena_size - row->arena_used)
        return NULL;
    char *taken = row->arena + row->arena_used;
    row->arena_used += bytes;
    return taken;
}

static void add(InputRow *row, ObservableKind kind, const char *name, const char *path,
                const char *text, gsize length, gsize offset)
{
    if (length == 0)
        return;
    if (row->observation->count < OBSERVATION_MAX_VALUES)
        row->offsets[row->observation->count] = offset;
    observation_add(row->observation, kind, text, length, name, path);
}

static void take_end(ObservationEnd *end, const char *text, gsize length)
{
    ObservableAddress address;
    if (!end->known && observable_address_parse(text, length, &address)) {
        end->address = address;
        end->known = TRUE;
    }
}

static guint16 to_port(const char *text, gsize length)
{
    guint port = 0;
    for (gsize i = 0; i < length; i++) {
        if (i == 5 || !g_ascii_isdigit(text[i]))
            return 0;
        port = port * 10 + (guint)(text[i] - '0');
    }
    return port <= G_MAXUINT16 ? (guint16)port : 0;
}

/* Names of protocols are kept in small letters, by their name. */
static void take_protocol(InputRow *row, const char *text, gsize length)
{
    static const char *const known[] = {"tcp",   "udp", "icmp", "icmp6", "ipv6-icmp",
                                        "sctp",  "gre", "esp",  "igmp",  "http",
                                        "https", "dns", "tls",  "quic",  "unknown_transport"};
    static const struct {
        const char *number, *name;
    } numbers[] = {{"1", "icmp"},       {"6", "tcp"},  {"17", "udp"},
                   {"58", "ipv6-icmp"}, {"47", "gre"}, {"132", "sctp"}};

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strlen(known[i]) == length && g_ascii_strncasecmp(known[i], text, length) == 0)
            row->observation->protocol = known[i];
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (strlen(numbers[i].number) == length && memcmp(numbers[i].number, text, length) == 0)
            row->observation->protocol = numbers[i].name;
}

/* "SHA1=...,MD5=...,SHA256=...,IMPHASH=...": an import hash looks like an MD5 and is none. */
static void add_hashes(InputRow *row, const InputField *field, const char *name, const char *text,
                       gsize length, gsize offset)
{
    static const struct {
        const char *name;
        ObservableKind kind;
        const char *path;
    } kinds[] = {{"MD5=", OBSERVABLE_MD5, "file:hashes.MD5"},
                 {"SHA1=", OBSERVABLE_SHA1, "file:hashes.'SHA-1'"},
                 {"SHA256=", OBSERVABLE_SHA256, "file:hashes.'SHA-256'"},
                 {"SHA512=", OBSERVABLE_SHA512, "file:hashes.'SHA-512'"}};

    for (gsize at = 0; at < length;) {
        const char *comma = memchr(text + at, ',', length - at);
        gsize end = comma ? (gsize)(comma - text) : length;
        gboolean known = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(kinds) && !known; i++) {
            gsize size = strlen(kinds[i].name);
            known = end - at > size && g_ascii_strncasecmp(text + at, kinds[i].name, size) == 0;
            if (known)
                add(row, kinds[i].kind, name, kinds[i].path, text + at + size, end - at - size,
                    offset + at + size);
        }
        if (!known && (end - at < 8 || g_ascii_strncasecmp(text + at, "IMPHASH=", 8) != 0))
            add(row, OBSERVABLE_NONE, name, field->path, text + at, end - at, offset + at);
        at = end + 1;
    }
}

static void take_part(InputPart *part, const char *text, gsize length, gsize offset)
{
    if (!part->text && length > 0)
        *part = (InputPart){text, length, offset};
}

static gboolean is_url(const char *text, gsize length)
{
    return memmem(text, MIN(length, 16), "://", 3) != NULL;
}

/* What the role alone says; FALSE: it is a value beside. */
static gboolean take_role(InputRow *row, const InputField *field, const char *text, gsize length,
                          gsize offset)
{
    Observation *observation = row->observation;

    switch (field->role) {
    case INPUT_VALUE:
    case INPUT_HASHES:
        return FALSE;
    case INPUT_NOTHING:
        return TRUE;
    case INPUT_TIME:
        if (observation->time == 0)
            input_time_read(text, length, row->now, &observation->time);
        return TRUE;
    case INPUT_SOURCE:
        take_end(&observation->source, text, length);
        return FALSE;
    case INPUT_DESTINATION:
        take_end(&observation->destination, text, length);
        return FALSE;
    case INPUT_SOURCE_PORT:
        observation->source.port = to_port(text, length);
        return TRUE;
    case INPUT_DESTINATION_PORT:
        observation->destination.port = to_port(text, length);
        return TRUE;
    case INPUT_PROTOCOL:
        take_protocol(row, text, length);
        return FALSE;
    case INPUT_HOST:
        take_part(&row->host, text, length, offset);
        return FALSE;
    case INPUT_TARGET:
        if (!is_url(text, length))
            take_part(&row->target, text, length, offset);
        return FALSE;
    case INPUT_QUERY:
        take_part(&row->query, text, length, offset);
        return FALSE;
    case INPUT_SCHEME:
        take_part(&row->scheme, text, length, offset);
        return TRUE;
    case INPUT_URL_PORT:
        row->url_port = to_port(text, length);
        return TRUE;
    }
    return FALSE;
}

void input_row_add(InputRow *row, const InputField *field, const char *name, const char *text,
                   gsize length, gsize offset)
{
    if (length == 0 || (length == 1 && text[0] == '-'))
        return;
    if (!field) {
        add(row, OBSERVABLE_NONE, name, NULL, text, length, offset);
        return;
    }
    if (take_role(row, field, text, length, offset))
        return;
    if (field->role == INPUT_HASHES) {
        add_hashes(row, field, name, text, length, offset);
        return;
    }
    /* A path is text, a whole URL a value. */
    ObservableKind kind = field->kind;
    if (kind == OBSERVABLE_URL && !is_url(text, length))
        kind = OBSERVABLE_NONE;
    add(row, kind, name, field->path, text, length, offset);
}

void input_row_add_piece(InputRow *row, const InputField *field, const char *name, const char *text,
                         gsize length)
{
    input_row_add(row, field, name, text, length, (gsize)(text - row->line));
}

const InputField *input_row_find(const InputField *fields, const char *name, gsize length)
{
    for (const InputField *field = fields; field->name; field++)
        if (g_ascii_strncasecmp(field->name, name, length) == 0 && field->name[length] == '\0')
            return field;
    return NULL;
}

static void append(char *into, gsize *at, const char *text, gsize length)
{
    memcpy(into + *at, text, length);
    *at += length;
}

/* Does the host of a request say the port? */
static gboolean has_port(const InputPart *host)
{
    const char *colon = memrchr(host->text, ':', host->length);
    if (!colon)
        return FALSE;
    /* "[2001:db8::1]:80" does, "[2001:db8::1]" and "2001:db8::1" do not. */
    return host->text[0] == '[' ? colon[-1] == ']'
                                : !memchr(host->text, ':', (gsize)(colon - host->text));
}

/* Adds the URL that the parts make with @scheme and @port (0: none). */
static void add_joined(InputRow *row, const char *scheme, gsize scheme_length, guint16 port)
{
    const InputPart *host = &row->host;
    gboolean bare = host->text[0] != '[' && !has_port(host) &&
                    memchr(host->text, ':', host->length); /* an IPv6 address */
    char digits[8] = "";
    gsize at = 0;

    if (port != 0)
        g_snprintf(digits, sizeof(digits), ":%u", port);
    gsize most = scheme_length + 3 + host->length + 2 + strlen(digits) + row->target.length + 2 +
                 row->query.length;
    char *url = most <= OBSERVABLE_MAX_LENGTH ? input_row_take(row, most) : NULL;
    if (!url)
        return;
    append(url, &at, scheme, scheme_length);
    append(url, &at, "://", 3);
    append(url, &at, "[", bare);
    append(url, &at, host->text, host->length);
    append(url, &at, "]", bare);
    append(url, &at, digits, strlen(digits));
    if (row->target.text[0] != '/')
        append(url, &at, "/", 1);
    append(url, &at, row->target.text, row->target.length);
    if (row->query.text) {
        if (row->query.text[0] != '?')
            append(url, &at, "?", 1);
        append(url, &at, row->query.text, row->query.length);
    }
    add(row, OBSERVABLE_URL, "url", "url:value", url, at, host->offset);
}

/* Host and path of one record are a URL. Where nothing says by which scheme, both count. The port
 * is that of the host's field or of one for it; where there is none, and the record's destination
 * has an odd one, both with and without it: who asked a proxy has the proxy's there. */
static void join(InputRow *row)
{
    static const struct {
        const char *name;
        guint16 port, other;
    } schemes[] = {{"http", 80, 443}, {"https", 443, 80}};
    guint16 port = row->observation->destination.port;

    if (!row->host.text || !row->target.text)
        return;
    gboolean said = row->url_port != 0 || has_port(&row->host);
    guint16 sure = has_port(&row->host) ? 0 : row->url_port;
    gboolean odd = !said && port != 0 && port != 80 && port != 443;
    if (row->scheme.text && row->scheme.length <= 16) {
        if (odd)
            add_joined(row, row->scheme.text, row->scheme.length, port);
        add_joined(row, row->scheme.text, row->scheme.length, sure);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (odd)
            add_joined(row, schemes[i].name, strlen(schemes[i].name), port);
        if (port != schemes[i].other)
            add_joined(row, schemes[i].name, strlen(schemes[i].name), sure);
    }
}

static void reset(Input *input, const char *line, gsize length, Observation *observation)
{
    InputRow *row = &input->row;
    /* Unfolded, a text is no longer than it was; a URL is there in two schemes, with a port and
     * without; names of fields. */
    gsize wanted = length + 4 * OBSERVABLE_MAX_LENGTH + 2 * INPUT_MAX_NAME * OBSERVATION_MAX_VALUES;

    if (row->arena_size < wanted) {
        g_free(row->arena);
        row->arena = g_malloc(wanted);
        row->arena_size = wanted;
    }
    row->arena_used = 0;
    row->observation = observation;
    row->line = line;
    row->length = length;
    row->host = row->target = row->query = row->scheme = (InputPart){0};
    row->url_port = 0;
    observation->time = 0;
    observation->source = observation->destination = (ObservationEnd){0};
    observation->protocol = NULL;
    observation->format = input->format->name;
    observation->count = observation->left_out = 0;
}

gboolean input_read(Input *input, const char *line, gsize length, Observation *observation)
{
    if (length > 0 && line[length - 1] == '\r')
        length--;
    reset(input, line, length, observation);
    if (length > INPUT_MAX_LINE || !input->format->read(input, &input->row)) {
        observation->count = 0;
        return FALSE;
    }
    join(&input->row);
    return observation->left_out == 0;
}

gsize input_offset(const Input *input, const ObservationValue *value, const char *seen,
                   gsize seen_length)
{
    const InputRow *row = &input->row;
    gsize number = (gsize)(value - row->observation->values);
    gsize offset = row->offsets[number];

    if (offset >= row->length)
        return 0;
    /* Where nothing before it was escaped it stands where it seems to. */
    gsize straight = offset + (gsize)(seen - value->text);
    if (straight + seen_length <= row->length &&
        memcmp(row->line + straight, seen, seen_length) == 0)
        return straight;
    const char *found = memmem(row->line + offset, row->length - offset, seen, seen_length);
    return found ? (gsize)(found - row->line) : offset;
}
