#include "shield/set_file.h"

#include <string.h>

const guint8 set_file_widths[SET_TABLES] = {
    [SET_TABLE_IPV4] = 4,    [SET_TABLE_IPV6] = 16,   [SET_TABLE_NET4] = 5,
    [SET_TABLE_NET6] = 17,   [SET_TABLE_MD5] = 16,    [SET_TABLE_SHA1] = 20,
    [SET_TABLE_SHA256] = 32, [SET_TABLE_SHA512] = 64, [SET_TABLE_JA3] = 16,
};

const guint8 set_file_kinds[SET_TABLES] = {
    [SET_TABLE_IPV4] = OBSERVABLE_IPV4,     [SET_TABLE_IPV6] = OBSERVABLE_IPV6,
    [SET_TABLE_NET4] = OBSERVABLE_CIDR,     [SET_TABLE_NET6] = OBSERVABLE_CIDR,
    [SET_TABLE_MD5] = OBSERVABLE_MD5,       [SET_TABLE_SHA1] = OBSERVABLE_SHA1,
    [SET_TABLE_SHA256] = OBSERVABLE_SHA256, [SET_TABLE_SHA512] = OBSERVABLE_SHA512,
    [SET_TABLE_JA3] = OBSERVABLE_JA3,       [SET_TABLE_DOMAIN] = OBSERVABLE_DOMAIN,
    [SET_TABLE_URL] = OBSERVABLE_URL,       [SET_TABLE_EMAIL] = OBSERVABLE_EMAIL,
    [SET_TABLE_JA4] = OBSERVABLE_JA4,
};

/* The only tables that canonical texts of a kind go to; addresses are looked at. */
static const guint8 tables[OBSERVABLE_OTHER + 1] = {
    [OBSERVABLE_NONE] = SET_TABLE_NONE,     [OBSERVABLE_IPV4] = SET_TABLE_IPV4,
    [OBSERVABLE_IPV6] = SET_TABLE_IPV6,     [OBSERVABLE_CIDR] = SET_TABLE_NET4,
    [OBSERVABLE_DOMAIN] = SET_TABLE_DOMAIN, [OBSERVABLE_URL] = SET_TABLE_URL,
    [OBSERVABLE_MD5] = SET_TABLE_MD5,       [OBSERVABLE_SHA1] = SET_TABLE_SHA1,
    [OBSERVABLE_SHA256] = SET_TABLE_SHA256, [OBSERVABLE_SHA512] = SET_TABLE_SHA512,
    [OBSERVABLE_EMAIL] = SET_TABLE_EMAIL,   [OBSERVABLE_JA3] = SET_TABLE_JA3,
    [OBSERVABLE_JA4] = SET_TABLE_JA4,       [OBSERVABLE_OTHER] = SET_TABLE_NONE,
};

/* The same byte eight times. */
#define EIGHT(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

static guint64 load_word(const char *text)
{
    guint64 word;
    memcpy(&word, text, sizeof(word));
    return GUINT64_FROM_LE(word);
}

/* Eight hexadecimal digits in lower case, as four bytes; FALSE when one is anything else. */
static gboolean pack_eight(guint64 word, guint8 ret_bytes[4])
{
    guint64 letters = (word >> 6) & EIGHT(1); /* of 'a' to 'f' the last bits are 1 to 6 */
    guint64 digits = (word & EIGHT(0x0f)) + letters * 9;
    guint64 over_nine = ((digits + EIGHT(6)) >> 4) & EIGHT(1);
    if ((digits & EIGHT(0xf0)) != 0 ||
        digits + EIGHT('0') + over_nine * ('a' - 10 - '0') != word) /* written again */
        return FALSE;
    guint64 pairs = (digits << 4 | digits >> 8) & G_GUINT64_CONSTANT(0x00ff00ff00ff00ff);
    pairs = (pairs | pairs >> 8) & G_GUINT64_CONSTANT(0x0000ffff0000ffff);
    guint32 bytes = GUINT32_TO_LE((guint32)(pairs | pairs >> 16));
    memcpy(ret_bytes, &bytes, sizeof(bytes));
    return TRUE;
}

gboolean set_file_pack_hex(const char *text, guint8 *ret_bytes, guint size)
{
    for (guint i = 0; i < size; i += 4)
        if (!pack_eight(load_word(text + 2 * (gsize)i), ret_bytes + i))
            return FALSE;
    return TRUE;
}

/* Four digits, and four behind what is between them. */
static guint64 load_around_dash(const char *text)
{
    guint32 first, second;
    memcpy(&first, text, sizeof(first));
    memcpy(&second, text + 5, sizeof(second));
    return GUINT32_FROM_LE(first) | (guint64)GUINT32_FROM_LE(second) << 32;
}

gboolean set_file_pack_uuid(const char *text, guint8 ret_uuid[16])
{
    guint8 uuid[16];

    if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' ||
        !pack_eight(load_word(text), uuid) || !pack_eight(load_around_dash(text + 9), uuid + 4) ||
        !pack_eight(load_around_dash(text + 19), uuid + 8) ||
        !pack_eight(load_word(text + 28), uuid + 12))
        return FALSE;
    memcpy(ret_uuid, uuid, sizeof(uuid));
    return TRUE;
}

SetFileTable set_file_pack_address(const ObservableAddress *address, guint8 ret_bytes[17])
{
    guint size = address->v6 ? 16 : 4;
    gboolean net = address->prefix < 8 * size;

    ret_bytes[0] = address->prefix;
    memcpy(ret_bytes + net, address->bytes, size);
    return (SetFileTable)(SET_TABLE_IPV4 + (address->v6 ? 1 : 0) + (net ? 2 : 0));
}

SetFileTable set_file_pack(ObservableKind kind, const char *canonical, gsize length,
                           guint8 ret_bytes[64])
{
    ObservableAddress address;

    if (kind > OBSERVABLE_OTHER)
        return SET_TABLE_NONE;
    SetFileTable table = tables[kind];
    if (table >= SET_TABLE_DOMAIN)
        return table;
    if (table >= SET_TABLE_MD5) {
        guint size = set_file_widths[table];
        return length == 2 * size && set_file_pack_hex(canonical, ret_bytes, size) ? table
                                                                                   : SET_TABLE_NONE;
    }
    if (!observable_address_parse(canonical, length, &address) ||
        observable_address_kind(&address) != kind)
        return SET_TABLE_NONE;
    return set_file_pack_address(&address, ret_bytes);
}

void set_file_unpack(SetFileTable table, const guint8 *bytes, char *text)
{
    static const char hex[] = "0123456789abcdef";
    guint width = set_file_widths[table];

    if (table >= SET_TABLE_MD5) {
        for (guint i = 0; i < width; i++) {
            *text++ = hex[bytes[i] >> 4];
            *text++ = hex[bytes[i] & 15];
        }
        *text = '\0';
        return;
    }
    ObservableAddress address = {.v6 = table == SET_TABLE_IPV6 || table == SET_TABLE_NET6};
    guint size = address.v6 ? 16 : 4;
    /* A file that was made by hand may say anything. */
    address.prefix = (guint8)(width > size ? MIN(bytes[0], 8 * size) : 8 * size);
    memcpy(address.bytes, bytes + (width > size), size);
    text[observable_address_format(&address, text)] = '\0';
}

/* Fewer than eight bytes. */
static guint64 load_few(const char *text, gsize length)
{
    guint64 word = 0;
    while (length-- > 0)
        word = word << 8 | (guint8)text[length];
    return word;
}

guint64 set_file_text_key(guint64 seed, const char *text, gsize length)
{
    guint64 a, b, hash = key_seed(seed, KEY_TEXT) ^ length;
    gboolean longer = length > 16;

    for (; length > 16; length -= 16, text += 16)
        hash = key_mix(load_word(text) ^ hash,
                       load_word(text + 8) ^ G_GUINT64_CONSTANT(0xe7037ed1a0b428db));
    /* Words that end with the text, shifted, are quicker than as many bytes as there are. */
    if (length >= 8) {
        a = load_word(text);
        b = length > 8 ? load_word(text + length - 8) >> (8 * (16 - length)) : 0;
    } else {
        a = longer ? load_word(text + length - 8) >> (8 * (8 - length)) : load_few(text, length);
        b = 0;
    }
    hash = key_mix(a ^ hash, b ^ G_GUINT64_CONSTANT(0x8ebc6af09c88c6e3));
    return key_mix(hash ^ seed, G_GUINT64_CONSTANT(0x589965cc75374cc3));
}

gboolean set_file_url_host(const char *url, gsize length, gsize *ret_host, gsize *ret_length)
{
    const char *end = url + length;
    const char *last = url + MIN(length, 64), *colon = url;
    while ((colon = memchr(colon, ':', (gsize)(last - colon))) &&
           (last - colon < 3 || colon[1] != '/' || colon[2] != '/'))
        colon++;
    if (!colon)
        return FALSE;
    const char *host = colon + 3, *at = host;
    while (at < end && *at != '/' && *at != '?' && *at != '#' && (*at != ':' || *host == '[')) {
        if (*at++ == ']')
            break;
    }
    *ret_host = (gsize)(host - url);
    *ret_length = (gsize)(at - host);
    return at > host;
}

gsize set_file_last_labels(const char *name, gsize length, guint labels)
{
    const char *end = name + length;
    while (labels-- > 0) {
        const char *dot = memrchr(name, '.', (gsize)(end - name));
        if (!dot)
            return length;
        end = dot;
    }
    return length - (gsize)(end + 1 - name);
}
