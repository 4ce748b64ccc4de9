#include "shield/packets/dns.h"

#include "shield/packets/bytes.h"

enum { HEADER = 12, NAME_MAX_WIRE = 255 };

typedef struct {
    const guint8 *message;
    gsize length;
    Draft *draft;
} Message;

static gsize append_label(char *text, const guint8 *label, gsize length)
{
    char *to = text;

    for (gsize i = 0; i < length; i++) {
        guint8 c = label[i];
        if (c == '.' || c == '\\') {
            *to++ = '\\';
            *to++ = (char)c;
        } else if (c <= 0x20 || c == 0x7f) {
            *to++ = '\\';
            *to++ = (char)('0' + c / 100);
            *to++ = (char)('0' + c / 10 % 10);
            *to++ = (char)('0' + c % 10);
        } else {
            *to++ = (char)c;
        }
    }
    return (gsize)(to - text);
}

gboolean dns_read_name(const guint8 *message, gsize length, gsize at, char text[DNS_MAX_NAME],
                       gsize *ret_length, gsize *ret_end)
{
    gsize written = 0, wire = 0, end = 0, lowest = at;

    for (;;) {
        if (at >= length)
            return FALSE;
        guint8 size = message[at];
        if (size >= 0xc0) {
            if (at + 2 > length)
                return FALSE;
            gsize target = bytes_be16(message + at) & 0x3fff;
            if (end == 0)
                end = at + 2;
            /* Each pointer leads further back than everything before it: no loops. */
            if (target >= lowest)
                return FALSE;
            at = lowest = target;
            continue;
        }
        if (size >= 0x40 || at + 1 + size > length)
            return FALSE;
        wire += size + 1u;
        if (wire > NAME_MAX_WIRE)
            return FALSE;
        if (size == 0)
            break;
        if (written > 0)
            text[written++] = '.';
        written += append_label(text + written, message + at + 1, size);
        at += size + 1u;
    }
    *ret_end = end ? end : at + 1;
    *ret_length = written;
    return TRUE;
}

/* --- Values of records ------------------------------------------------------------------------ */

typedef enum { RDATA_A, RDATA_AAAA, RDATA_NAME, RDATA_TEXTS, RDATA_TEXT, RDATA_SERVICE } Rdata;

/* Where in a record's data what stands. */
static const struct {
    guint16 type;
    Rdata rdata;
    guint at;
    const char *field;
} types[] = {
    {1, RDATA_A, 0, "dns.a"},
    {28, RDATA_AAAA, 0, "dns.aaaa"},
    {2, RDATA_NAME, 0, "dns.ns"},
    {5, RDATA_NAME, 0, "dns.cname"},
    {6, RDATA_NAME, 0, "dns.soa"},
    {12, RDATA_NAME, 0, "dns.ptr"},
    {15, RDATA_NAME, 2, "dns.mx"},
    {18, RDATA_NAME, 2, "dns.afsdb"},
    {33, RDATA_NAME, 6, "dns.srv"},
    {36, RDATA_NAME, 2, "dns.kx"},
    {39, RDATA_NAME, 0, "dns.dname"},
    {16, RDATA_TEXTS, 0, "dns.txt"},
    {99, RDATA_TEXTS, 0, "dns.spf"},
    {64, RDATA_SERVICE, 2, "dns.svcb"},
    {65, RDATA_SERVICE, 2, "dns.https"},
    {256, RDATA_TEXT, 4, "dns.uri"},
    {257, RDATA_TEXT, 2, "dns.caa"},
};

static void add_name(Message *message, gsize at, const char *field, gsize *ret_end)
{
    char text[DNS_MAX_NAME];
    gsize length, end;

    if (!dns_read_name(message->message, message->length, at, text, &length, &end))
        return;
    if (ret_end)
        *ret_end = end;
    draft_add_copy(message->draft, OBSERVABLE_DOMAIN, text, length, field, "domain-name:value");
}

/* Strings, each with its length before it, joined: a long one is written in pieces. */
static void add_texts(Draft *draft, const guint8 *data, gsize length, const char *field)
{
    g_autoptr(GString) joined = g_string_sized_new(length);

    for (gsize at = 0; at < length; at += data[at] + 1u)
        g_string_append_len(joined, (const char *)data + at + 1,
                            (gssize)MIN(data[at], length - at - 1));
    draft_add_copy(draft, OBSERVABLE_NONE, joined->str, joined->len, field, NULL);
}

/* RFC 9460: a name, then parameters, of which the fourth and sixth are addresses. */
static void add_service(Message *message, gsize at, gsize end, const char *field)
{
    gsize next = end;

    add_name(message, at, field, &next);
    while (next + 4 <= end) {
        guint key = bytes_be16(message->message + next);
        gsize size = bytes_be16(message->message + next + 2), step = key == 4 ? 4 : 16;
        next += 4;
        if (size > end - next)
            return;
        for (gsize i = 0; (key == 4 || key == 6) && i + step <= size; i += step)
            draft_add_address(message->draft, message->message + next + i, key == 6, field,
                              key == 6 ? "ipv6-addr:value" : "ipv4-addr:value");
        next += size;
    }
}

static void add_rdata(Message *message, guint type, gsize at, gsize length)
{
    const guint8 *data = message->message + at;
    guint row = 0;

    while (row < G_N_ELEMENTS(types) && types[row].type != type)
        row++;
    if (row == G_N_ELEMENTS(types) || length <= types[row].at)
        return;
    gsize from = types[row].at;
    const char *field = types[row].field;
    switch (types[row].rdata) {
    case RDATA_A:
        if (length == 4)
            draft_add_address(message->draft, data, FALSE, field, "ipv4-addr:value");
        break;
    case RDATA_AAAA:
        if (length == 16)
            draft_add_address(message->draft, data, TRUE, field, "ipv6-addr:value");
        break;
    case RDATA_NAME:
        add_name(message, at + from, field, NULL);
        break;
    case RDATA_TEXTS:
        add_texts(message->draft, data, length, field);
        break;
    case RDATA_TEXT:
        draft_add(message->draft, OBSERVABLE_NONE, data + from, length - from, field, NULL);
        break;
    case RDATA_SERVICE:
        add_service(message, at + from, at + length, field);
        break;
    }
}

/* --- Messages ----------------------------------------------------------------------------------
 */

static gboolean read_question(Message *message, gsize *at)
{
    gsize end;
    char text[DNS_MAX_NAME];
    gsize length;

    if (!dns_read_name(message->message, message->length, *at, text, &length, &end) ||
        end + 4 > message->length)
        return FALSE;
    draft_add_copy(message->draft, OBSERVABLE_DOMAIN, text, length, "dns.query",
                   "domain-name:value");
    *at = end + 4;
    return TRUE;
}

static gboolean read_record(Message *message, gsize *at)
{
    gsize end;
    char text[DNS_MAX_NAME];
    gsize length;

    if (!dns_read_name(message->message, message->length, *at, text, &length, &end) ||
        end + 10 > message->length)
        return FALSE;
    guint type = bytes_be16(message->message + end);
    gsize size = bytes_be16(message->message + end + 8);
    if (!draft_has_name(message->draft, text, length))
        draft_add_copy(message->draft, OBSERVABLE_DOMAIN, text, length, "dns.name",
                       "domain-name:value");
    if (size > message->length - end - 10)
        return FALSE;
    add_rdata(message, type, end + 10, size);
    *at = end + 10 + size;
    return TRUE;
}

gboolean dns_read(const guint8 *message, gsize length, Draft *draft)
{
    Message reading = {message, length, draft};
    gsize at = HEADER;

    if (length < HEADER)
        return FALSE;
    guint questions = bytes_be16(message + 4);
    guint records = bytes_be16(message + 6) + bytes_be16(message + 8) + bytes_be16(message + 10);
    for (guint i = 0; i < questions; i++)
        if (!read_question(&reading, &at))
            return FALSE;
    /* What the observation has no room for need not be read. */
    for (guint i = 0; i < records && draft->observation.left_out == 0; i++)
        if (!read_record(&reading, &at))
            return FALSE;
    return TRUE;
}
