#include "shield/packets/hello.h"

#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "shield/packets/bytes.h"

enum { RECORD_HEADER = 5, RECORD_HANDSHAKE = 22, RECORD_MAX = 16384 + 256 };
enum { MESSAGE_HEADER = 4, MESSAGE_CLIENT_HELLO = 1 };

enum {
    EXTENSION_NAME = 0,
    EXTENSION_GROUPS = 10,
    EXTENSION_FORMATS = 11,
    EXTENSION_ALGORITHMS = 13,
    EXTENSION_ALPN = 16,
    EXTENSION_VERSIONS = 43,
};

/* A piece of the message. */
typedef struct {
    const guint8 *at;
    gsize length;
} Piece;

/* What the fingerprints are made of. */
typedef struct {
    HelloTransport transport;
    guint16 version;
    Piece ciphers;    /* numbers of two bytes */
    GArray *kinds;    /* guint16: of the extensions, in their order */
    Piece groups;     /* two bytes */
    Piece formats;    /* one byte */
    Piece algorithms; /* two bytes */
    Piece alpn;       /* the first */
    Piece versions;   /* two bytes */
    gboolean has_name;
} Offer;

/* Takes @count bytes off the front. */
static gboolean take(Piece *from, gsize count, Piece *ret_piece)
{
    if (from->length < count)
        return FALSE;
    *ret_piece = (Piece){from->at, count};
    from->at += count;
    from->length -= count;
    return TRUE;
}

/* Takes a vector with its length in @size bytes before it off the front. */
static gboolean take_vector(Piece *from, guint size, Piece *ret_piece)
{
    Piece length;

    if (!take(from, size, &length))
        return FALSE;
    return take(from, size == 1 ? length.at[0] : bytes_be16(length.at), ret_piece);
}

/* 0x0a0a, 0x1a1a, ..., 0xfafa, RFC 8701. */
static gboolean is_grease(guint number)
{
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

static guint number_at(const Piece *piece, gsize index)
{
    return bytes_be16(piece->at + 2 * index);
}

/* --- JA3 -------------------------------------------------------------------------------------- */

static void append_number(GString *text, guint number, gboolean *first)
{
    if (is_grease(number))
        return;
    g_string_append_printf(text, *first ? "%u" : "-%u", number);
    *first = FALSE;
}

static void append_numbers(GString *text, const Piece *numbers)
{
    gboolean first = TRUE;

    for (gsize i = 0; i < numbers->length / 2; i++)
        append_number(text, number_at(numbers, i), &first);
}

static void write_ja3(const Offer *offer, char ja3[33])
{
    g_autoptr(GString) text = g_string_sized_new(512);
    gboolean first = TRUE;

    g_string_append_printf(text, "%u,", offer->version);
    append_numbers(text, &offer->ciphers);
    g_string_append_c(text, ',');
    for (guint i = 0; i < offer->kinds->len; i++)
        append_number(text, g_array_index(offer->kinds, guint16, i), &first);
    g_string_append_c(text, ',');
    append_numbers(text, &offer->groups);
    g_string_append_c(text, ',');
    for (gsize i = 0; i < offer->formats.length; i++)
        g_string_append_printf(text, i == 0 ? "%u" : "-%u", offer->formats.at[i]);
    g_autofree char *md5 =
        g_compute_checksum_for_data(G_CHECKSUM_MD5, (const guint8 *)text->str, text->len);
    memcpy(ja3, md5, 33);
}

/* --- JA4 -------------------------------------------------------------------------------------- */

static const char *version_name(const Offer *offer)
{
    static const struct {
        guint number;
        const char *name;
    } names[] = {
        {0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"},
        {0x0301, "10"}, {0x0300, "s3"}, {0x0002, "s2"},
    };
    guint highest = 0;

    for (gsize i = 0; i < offer->versions.length / 2; i++)
        if (!is_grease(number_at(&offer->versions, i)))
            highest = MAX(highest, number_at(&offer->versions, i));
    if (highest == 0)
        highest = offer->version;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].number == highest)
            return names[i].name;
    return "00";
}

/* First and last character of the first protocol, or of its hexadecimal digits. */
static void write_alpn(const Piece *alpn, char text[3])
{
    static const char digits[] = "0123456789abcdef";

    memcpy(text, "00", 3);
    if (alpn->length == 0)
        return;
    guint8 first = alpn->at[0], last = alpn->at[alpn->length - 1];
    gboolean plain = g_ascii_isalnum((char)first) && g_ascii_isalnum((char)last);
    text[0] = plain ? (char)first : digits[first >> 4];
    text[1] = plain ? (char)last : digits[last & 15];
}

static int compare_numbers(const void *left, const void *right)
{
    return *(const guint16 *)left - *(const guint16 *)right;
}

/* Appends the numbers in four hexadecimal digits each, ascending. */
static void append_sorted(GString *text, GArray *numbers)
{
    if (numbers->len > 0)
        qsort(numbers->data, numbers->len, sizeof(guint16), compare_numbers);
    for (guint i = 0; i < numbers->len; i++)
        g_string_append_printf(text, i == 0 ? "%04x" : ",%04x", g_array_index(numbers, guint16, i));
}

/* Appends the first 12 digits of the hash of @text; zeros when there is nothing to hash. */
static void append_hash(GString *into, const GString *text)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    sha256_digest(text->str, text->len, digest);
    g_string_append_len(into, text->len == 0 ? "000000000000" : sha256_hex(digest, hex), 12);
}

/* @behind: what is hashed behind the extensions, before any signature algorithms. */
static void write_ja4(const Offer *offer, const char *behind, char ja4[37])
{
    g_autoptr(GString) whole = g_string_sized_new(64), text = g_string_sized_new(512);
    g_autoptr(GArray) ciphers = g_array_new(FALSE, FALSE, sizeof(guint16));
    g_autoptr(GArray) kinds = g_array_new(FALSE, FALSE, sizeof(guint16));
    guint kind_count = 0;
    char alpn[3], separator = '_';

    for (gsize i = 0; i < offer->ciphers.length / 2; i++) {
        guint16 number = (guint16)number_at(&offer->ciphers, i);
        if (!is_grease(number))
            g_array_append_val(ciphers, number);
    }
    for (guint i = 0; i < offer->kinds->len; i++) {
        guint16 kind = g_array_index(offer->kinds, guint16, i);
        kind_count += !is_grease(kind);
        if (!is_grease(kind) && kind != EXTENSION_NAME && kind != EXTENSION_ALPN)
            g_array_append_val(kinds, kind);
    }
    write_alpn(&offer->alpn, alpn);
    g_string_append_printf(whole, "%c%s%c%02u%02u%s_", offer->transport, version_name(offer),
                           offer->has_name ? 'd' : 'i', MIN(ciphers->len, 99), MIN(kind_count, 99),
                           alpn);
    append_sorted(text, ciphers);
    append_hash(whole, text);
    g_string_append_c(whole, '_');
    g_string_truncate(text, 0);
    append_sorted(text, kinds);
    g_string_append(text, behind);
    for (gsize i = 0; kinds->len > 0 && i < offer->algorithms.length / 2; i++) {
        guint number = number_at(&offer->algorithms, i);
        if (is_grease(number))
            continue;
        g_string_append_printf(text, "%c%04x", separator, number);
        separator = ',';
    }
    append_hash(whole, text);
    g_strlcpy(ja4, whole->str, 37);
}

/* --- The message ------------------------------------------------------------------------------ */

static void read_name(Piece value, Hello *hello)
{
    Piece list, type, name;

    if (!take_vector(&value, 2, &list) || !take(&list, 1, &type) || type.at[0] != 0 ||
        !take_vector(&list, 2, &name) || name.length > HELLO_MAX_NAME)
        return;
    memcpy(hello->name, name.at, name.length);
    hello->name_length = name.length;
}

static void read_extension(guint16 kind, Piece value, Offer *offer, Hello *hello)
{
    Piece list;

    g_array_append_val(offer->kinds, kind);
    switch (kind) {
    case EXTENSION_NAME:
        offer->has_name = TRUE;
        read_name(value, hello);
        break;
    case EXTENSION_GROUPS:
        take_vector(&value, 2, &offer->groups);
        break;
    case EXTENSION_FORMATS:
        take_vector(&value, 1, &offer->formats);
        break;
    case EXTENSION_ALGORITHMS:
        take_vector(&value, 2, &offer->algorithms);
        break;
    case EXTENSION_ALPN:
        if (take_vector(&value, 2, &list))
            take_vector(&list, 1, &offer->alpn);
        break;
    case EXTENSION_VERSIONS:
        take_vector(&value, 1, &offer->versions);
        break;
    default:
        break;
    }
}

/* RFC 8446 section 4.1.2. */
static gboolean read_body(Piece message, HelloTransport transport, Hello *hello)
{
    g_autoptr(GArray) kinds = g_array_new(FALSE, FALSE, sizeof(guint16));
    Offer offer = {.transport = transport, .kinds = kinds};
    Piece version, random, session, compression, extensions, kind, value;

    if (!take(&message, 2, &version) || !take(&message, 32, &random) ||
        !take_vector(&message, 1, &session) || !take_vector(&message, 2, &offer.ciphers) ||
        !take_vector(&message, 1, &compression))
        return FALSE;
    offer.version = bytes_be16(version.at);
    if (message.length > 0) { /* SSL 3.0 has none */
        if (!take_vector(&message, 2, &extensions))
            return FALSE;
        while (take(&extensions, 2, &kind) && take_vector(&extensions, 2, &value))
            read_extension(bytes_be16(kind.at), value, &offer, hello);
    }
    write_ja3(&offer, hello->ja3);
    write_ja4(&offer, "", hello->ja4);
    if (offer.algorithms.length < 2)
        write_ja4(&offer, "_", hello->ja4_suricata);
    return TRUE;
}

HelloOutcome hello_read_message(const guint8 *data, gsize length, HelloTransport transport,
                                Hello *ret_hello)
{
    Hello hello = {0};

    if (length > 0 && data[0] != MESSAGE_CLIENT_HELLO)
        return HELLO_NONE;
    if (length < MESSAGE_HEADER)
        return HELLO_MORE;
    gsize body = bytes_be32(data) & 0xffffff;
    if (MESSAGE_HEADER + body > HELLO_MAX)
        return HELLO_NONE;
    if (length - MESSAGE_HEADER < body)
        return HELLO_MORE;
    if (!read_body((Piece){data + MESSAGE_HEADER, body}, transport, &hello))
        return HELLO_NONE;
    *ret_hello = hello;
    return HELLO_FOUND;
}

HelloOutcome hello_read(const guint8 *data, gsize length, Hello *ret_hello)
{
    g_autoptr(GByteArray) joined = NULL; /* of several records */
    Piece message = {0};
    gsize at = 0;

    for (;;) {
        if (length - at < RECORD_HEADER)
            return HELLO_MORE;
        gsize size = bytes_be16(data + at + 3);
        if (data[at] != RECORD_HANDSHAKE || data[at + 1] != 3 || size == 0 || size > RECORD_MAX)
            return HELLO_NONE;
        at += RECORD_HEADER;
        gsize there = MIN(size, length - at);
        if (at == RECORD_HEADER) {
            message = (Piece){data + at, there};
        } else {
            if (!joined) {
                joined = g_byte_array_new();
                g_byte_array_append(joined, message.at, (guint)message.length);
            }
            g_byte_array_append(joined, data + at, (guint)there);
            message = (Piece){joined->data, joined->len};
        }
        HelloOutcome outcome = hello_read_message(message.at, message.length, HELLO_TCP, ret_hello);
        if (outcome != HELLO_MORE || there < size)
            return outcome;
        at += there;
    }
}
