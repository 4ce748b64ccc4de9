#include "stix/observable_address.h"

#include <string.h>

gboolean observable_address_parse_v4(const char *text, gsize length, guint32 *ret_address)
{
    guint32 address = 0, number = 0;
    guint digits = 0, dots = 0;

    if (length < 7 || length > 15)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        if (c == '.') {
            if (digits == 0 || ++dots > 3)
                return FALSE;
            address = address << 8 | number;
            number = digits = 0;
        } else if (g_ascii_isdigit(c)) {
            if (digits > 0 && number == 0)
                return FALSE;
            number = number * 10 + (guint32)(c - '0');
            if (++digits > 3 || number > 255)
                return FALSE;
        } else {
            return FALSE;
        }
    }
    if (dots != 3 || digits == 0)
        return FALSE;
    *ret_address = address << 8 | number;
    return TRUE;
}

static void put_be32(guint8 *bytes, guint32 value)
{
    bytes[0] = (guint8)(value >> 24);
    bytes[1] = (guint8)(value >> 16);
    bytes[2] = (guint8)(value >> 8);
    bytes[3] = (guint8)value;
}

gboolean observable_address_parse_v6(const char *text, gsize length, guint8 ret_bytes[16])
{
    guint8 bytes[16] = {0};
    gsize count = 0, i = 0;
    gssize gap = -1;

    if (length < 2 || length > 45)
        return FALSE;
    if (text[0] == ':') {
        if (text[1] != ':')
            return FALSE;
        gap = 0;
        i = 2;
    }
    while (i < length) {
        gsize start = i;
        guint group = 0;
        while (i < length && i - start < 5 && g_ascii_isxdigit(text[i]))
            group = group << 4 | (guint)g_ascii_xdigit_value(text[i++]);
        if (i < length && text[i] == '.') {
            guint32 v4;
            if (count > 12 || !observable_address_parse_v4(text + start, length - start, &v4))
                return FALSE;
            put_be32(bytes + count, v4);
            count += 4;
            break;
        }
        if (i == start || i - start > 4 || count > 14)
            return FALSE;
        bytes[count++] = (guint8)(group >> 8);
        bytes[count++] = (guint8)group;
        if (i == length)
            break;
        if (text[i++] != ':' || i == length)
            return FALSE;
        if (text[i] == ':') {
            if (gap >= 0)
                return FALSE;
            gap = (gssize)count;
            i++;
        }
    }
    if (gap < 0 ? count != 16 : count > 14)
        return FALSE;
    if (gap >= 0) {
        gsize tail = count - (gsize)gap;
        memmove(bytes + 16 - tail, bytes + gap, tail);
        memset(bytes + gap, 0, 16 - count);
    }
    memcpy(ret_bytes, bytes, 16);
    return TRUE;
}

/* A decimal number without leading zeros up to @max. */
static gboolean parse_prefix(const char *text, gsize length, guint max, guint8 *ret_prefix)
{
    guint prefix = 0;
    if (length == 0 || length > 3 || (length > 1 && text[0] == '0'))
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        prefix = prefix * 10 + (guint)(text[i] - '0');
    }
    if (prefix > max)
        return FALSE;
    *ret_prefix = (guint8)prefix;
    return TRUE;
}

static void clear_host_bits(ObservableAddress *address)
{
    guint size = address->v6 ? 16 : 4;
    for (guint i = 0; i < size; i++) {
        guint first = i * 8;
        if (address->prefix <= first)
            address->bytes[i] = 0;
        else if (address->prefix < first + 8)
            address->bytes[i] &= (guint8)(0xff << (first + 8 - address->prefix));
    }
}

/* ::ffff:0:0/96 of RFC 4291 section 2.5.5.2 */
static void unmap(ObservableAddress *address)
{
    static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (!address->v6 || address->prefix < 96 || memcmp(address->bytes, mapped, 12) != 0)
        return;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
    address->v6 = FALSE;
    address->prefix -= 96;
}

/* Drops "%zone"; FALSE when the zone is empty. */
static gboolean drop_zone(const char *text, gsize *length)
{
    const char *percent = memchr(text, '%', *length);
    if (!percent)
        return TRUE;
    if (percent == text + *length - 1)
        return FALSE;
    *length = (gsize)(percent - text);
    return TRUE;
}

gboolean observable_address_parse(const char *text, gsize length, ObservableAddress *ret_address)
{
    ObservableAddress address = {0};
    guint32 v4;

    if (length == 0 || length > 128)
        return FALSE;
    const char *slash = memchr(text, '/', length);
    gsize host_length = slash ? (gsize)(slash - text) : length;
    if (observable_address_parse_v4(text, host_length, &v4)) {
        put_be32(address.bytes, v4);
        address.prefix = 32;
    } else {
        const char *host = text;
        if (host_length >= 2 && host[0] == '[' && host[host_length - 1] == ']') {
            host++;
            host_length -= 2;
        }
        if (!drop_zone(host, &host_length) ||
            !observable_address_parse_v6(host, host_length, address.bytes))
            return FALSE;
        address.v6 = TRUE;
        address.prefix = 128;
    }
    if (slash && !parse_prefix(slash + 1, (gsize)(text + length - slash) - 1, address.prefix,
                               &address.prefix))
        return FALSE;
    clear_host_bits(&address);
    unmap(&address);
    *ret_address = address;
    return TRUE;
}

ObservableKind observable_address_kind(const ObservableAddress *address)
{
    if (address->prefix < (address->v6 ? 128 : 32))
        return OBSERVABLE_CIDR;
    return address->v6 ? OBSERVABLE_IPV6 : OBSERVABLE_IPV4;
}

static char *put_decimal(char *p, guint number)
{
    if (number >= 100)
        *p++ = (char)('0' + number / 100);
    if (number >= 10)
        *p++ = (char)('0' + number / 10 % 10);
    *p++ = (char)('0' + number % 10);
    return p;
}

static char *put_group(char *p, guint group)
{
    static const char digits[] = "0123456789abcdef";
    for (int shift = 12; shift >= 0; shift -= 4)
        if (group >> shift || shift == 0)
            *p++ = digits[group >> shift & 15];
    return p;
}

/* RFC 5952 section 4: lower case, no leading zeros, the first of the longest runs of two or more
 * zero groups as "::". */
static char *put_v6(char *p, const guint8 *bytes)
{
    guint groups[8];
    guint best = 8, best_length = 1;
    for (guint i = 0; i < 8; i++)
        groups[i] = (guint)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (guint i = 0; i < 8; i++) {
        guint run = 0;
        while (i + run < 8 && groups[i + run] == 0)
            run++;
        if (run > best_length) {
            best = i;
            best_length = run;
        }
    }
    for (guint i = 0; i < 8; i++) {
        if (i == best) {
            *p++ = ':';
            *p++ = ':';
            i += best_length - 1;
            continue;
        }
        if (i > 0 && i != best + best_length)
            *p++ = ':';
        p = put_group(p, groups[i]);
    }
    return p;
}

gsize observable_address_format(const ObservableAddress *address,
                                char buffer[OBSERVABLE_ADDRESS_MAX])
{
    char *p = buffer;
    if (address->v6) {
        p = put_v6(p, address->bytes);
    } else {
        for (guint i = 0; i < 4; i++) {
            if (i > 0)
                *p++ = '.';
            p = put_decimal(p, address->bytes[i]);
        }
    }
    if (observable_address_kind(address) == OBSERVABLE_CIDR) {
        *p++ = '/';
        p = put_decimal(p, address->prefix);
    }
    *p = '\0';
    return (gsize)(p - buffer);
}
