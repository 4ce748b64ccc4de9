#include "shield/unfold.h"

#include <string.h>

#include "stix/observable_refang.h"

/* What a byte counts as a hexadecimal digit, and one more; 0: it is none. */
static const guint8 hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* @digits hexadecimal digits; FALSE when there are fewer. */
static gboolean parse_hex(const char *text, gsize length, guint digits, gunichar *ret_number)
{
    gunichar number = 0;
    if (length < digits)
        return FALSE;
    for (guint i = 0; i < digits; i++) {
        guint digit = hex_digits[(guchar)text[i]];
        if (digit == 0)
            return FALSE;
        number = number << 4 | (digit - 1);
    }
    *ret_number = number;
    return TRUE;
}

static gsize unfold_percent(const char *text, gsize length, char *bytes, guint *ret_count)
{
    gunichar byte;
    if (length < 3 || !parse_hex(text + 1, length - 1, 2, &byte))
        return 0;
    bytes[0] = (char)byte;
    *ret_count = 1;
    return 3;
}

/* "\uXXXX", and two of them when they are a pair of surrogates. */
static gsize unfold_unicode(const char *text, gsize length, char *bytes, guint *ret_count)
{
    gunichar c, low;
    gsize size = 6;
    if (length < 6 || !parse_hex(text + 2, length - 2, 4, &c))
        return 0;
    if (c >= 0xd800 && c <= 0xdbff && length >= 12 && text[6] == '\\' && text[7] == 'u' &&
        parse_hex(text + 8, length - 8, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        size = 12;
    }
    if (c >= 0xd800 && c <= 0xdfff)
        return 0;
    char utf8[6];
    *ret_count = (guint)g_unichar_to_utf8(c, utf8);
    memcpy(bytes, utf8, *ret_count);
    return size;
}

static gsize unfold_backslash(const char *text, gsize length, char *bytes, guint *ret_count)
{
    static const char letters[] = "/\\\"nrtbf";
    static const char meaning[] = "/\\\"\n\r\t\b\f";
    gunichar byte;

    if (length < 2)
        return 0;
    if (text[1] == 'u')
        return unfold_unicode(text, length, bytes, ret_count);
    *ret_count = 1;
    if (text[1] == 'x') {
        if (length < 4 || !parse_hex(text + 2, length - 2, 2, &byte))
            return 0;
        bytes[0] = (char)byte;
        return 4;
    }
    const char *letter = memchr(letters, text[1], sizeof(letters) - 1);
    if (!letter)
        return 0;
    bytes[0] = meaning[letter - letters];
    return 2;
}

/* "#012": a control as rsyslog writes it, in octal. */
static gsize unfold_control(const char *text, gsize length, char *bytes, guint *ret_count)
{
    if (length < 4 || (text[1] | 1) != '1' || (text[2] & ~7) != '0' || (text[3] & ~7) != '0')
        return 0;
    guint control = (guint)((text[1] & 7) << 6 | (text[2] & 7) << 3 | (text[3] & 7));
    if (control >= 0x20 && control != 0x7f)
        return 0;
    bytes[0] = (char)control;
    *ret_count = 1;
    return 4;
}

gsize unfold_step(const char *text, gsize length, guint kinds, char ret_bytes[UNFOLD_MAX],
                  guint *ret_count, UnfoldKind *ret_kind)
{
    gsize size;
    const char *plain;

    if (length == 0)
        return 0;
    if (kinds & UNFOLD_PERCENT && text[0] == '%') {
        *ret_kind = UNFOLD_PERCENT;
        return unfold_percent(text, length, ret_bytes, ret_count);
    }
    if (kinds & UNFOLD_BACKSLASH && (text[0] == '\\' || text[0] == '#')) {
        size = text[0] == '#' ? unfold_control(text, length, ret_bytes, ret_count)
                              : unfold_backslash(text, length, ret_bytes, ret_count);
        if (size > 0) {
            *ret_kind = UNFOLD_BACKSLASH;
            return size;
        }
    }
    if (kinds & UNFOLD_DEFANG) {
        size = observable_refang_separator(text, length, &plain);
        if (size > 0) {
            *ret_count = (guint)strlen(plain);
            memcpy(ret_bytes, plain, *ret_count);
            *ret_kind = UNFOLD_DEFANG;
            return size;
        }
    }
    return 0;
}
