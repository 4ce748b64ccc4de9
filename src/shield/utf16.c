#include "shield/utf16.h"

#define REPLACEMENT 0xfffd

gboolean utf16_detect(Utf16 *state, const char *text, gsize length)
{
    if (length < 2)
        return FALSE;
    guint8 first = (guint8)text[0], second = (guint8)text[1];
    if (!(first == 0xff && second == 0xfe) && !(first == 0xfe && second == 0xff))
        return FALSE;
    *state = (Utf16){.big_endian = first == 0xfe};
    return TRUE;
}

static guint16 unit_at(const char *text, gsize at, gboolean big_endian)
{
    guint8 first = (guint8)text[at], second = (guint8)text[at + 1];
    return big_endian ? (guint16)(first << 8 | second) : (guint16)(second << 8 | first);
}

static gboolean is_ascii_text(guint16 unit)
{
    return (unit >= 0x20 && unit < 0x7f) || unit == '\t' || unit == '\n' || unit == '\r';
}

Utf16Answer utf16_guess(Utf16 *state, const char *text, gsize length)
{
    gboolean high = FALSE;

    if (length < 2)
        return UTF16_MORE;
    gboolean big_endian = text[0] == '\0';
    length = MIN(length, UTF16_SAMPLE);
    for (gsize at = 0; at + 1 < length; at += 2) {
        guint16 unit = unit_at(text, at, big_endian);
        gboolean low = unit >= 0xdc00 && unit <= 0xdfff;
        if (low != high || unit >= 0xfffe || (unit < 0x20 && !is_ascii_text(unit)) ||
            (at < 2 * UTF16_SURE && !is_ascii_text(unit)))
            return UTF16_NO;
        high = unit >= 0xd800 && unit <= 0xdbff;
    }
    if (length < 2 * UTF16_SURE)
        return UTF16_MORE;
    *state = (Utf16){.big_endian = big_endian, .started = TRUE};
    return UTF16_YES;
}

static gsize put_unit(Utf16 *state, guint16 unit, char *into)
{
    gsize size = 0;

    if (!state->started) {
        state->started = TRUE;
        return 0;
    }
    if (unit >= 0xdc00 && unit <= 0xdfff && state->high != 0) {
        gunichar c = 0x10000 + ((gunichar)(state->high - 0xd800) << 10) + (unit - 0xdc00u);
        state->high = 0;
        return (gsize)g_unichar_to_utf8(c, into);
    }
    if (state->high != 0)
        size = (gsize)g_unichar_to_utf8(REPLACEMENT, into);
    state->high = unit >= 0xd800 && unit <= 0xdbff ? unit : 0;
    if (state->high != 0)
        return size;
    gboolean alone = unit >= 0xdc00 && unit <= 0xdfff;
    return size + (gsize)g_unichar_to_utf8(alone ? REPLACEMENT : unit, into + size);
}

gsize utf16_convert(Utf16 *state, const char *text, gsize length, char *into)
{
    gsize size = 0;
    for (gsize i = 0; i < length; i++) {
        guint8 byte = (guint8)text[i];
        if (!state->odd) {
            state->half = byte;
            state->odd = TRUE;
            continue;
        }
        state->odd = FALSE;
        guint16 unit = state->big_endian ? (guint16)(state->half << 8 | byte)
                                         : (guint16)(byte << 8 | state->half);
        size += put_unit(state, unit, into + size);
    }
    return size;
}
