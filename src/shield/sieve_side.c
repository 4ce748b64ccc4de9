/* sieve_side.c - the text beside the text: fields with escapes, unfolded, one a line.
 *
 * Few escapes matter. One that stands for what parts words, and leaves the word behind it as it
 * was ("\/", "\"", "%20", whose digits the sieve takes out), hides nothing: the words are seen as
 * they are. Those that stand for a part of a word, for a colon, for what begins another escape, or
 * whose letters seem to be part of the word behind them, do. */
#include <string.h>

#include "shield/sieve_block.h"
#include "shield/spot_view.h"

/* A word behind "\n" that may be a value with the 'n' or without. */
#define WORD_MAX 40

/* What percent escapes stand for and matter. */
static const guint8 percent_matters[256] = {
    ['#'] = 1, ['%'] = 1,         ['('] = 1, ['-'] = 1,           ['.'] = 1, ['0' ... '9'] = 1,
    [':'] = 1, ['<'] = 1,         ['@'] = 1, ['A' ... 'Z'] = 1,   ['['] = 1, ['\\'] = 1,
    ['_'] = 1, ['a' ... 'z'] = 1, ['{'] = 1, [0x80 ... 0xff] = 1,
};

/* Of "\nword": is the word one that may be a value, or part of one? */
static gboolean may_be_value(const SieveLevel *level, gsize at)
{
    gsize end = at;
    guint8 class = 0;

    for (; end < level->length && end - at < WORD_MAX; end++) {
        class = spot_view_class((char)level->text[end]);
        if (!(class & SPOT_HOST) || class & SPOT_DOT)
            break;
    }
    return end - at >= 32 || class & (SPOT_DOT | SPOT_HIGH) ||
           (end < level->length && level->text[end] == ':');
}

static gboolean matters(const SieveLevel *level, gsize at)
{
    const char *text = (const char *)level->text;
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;

    gsize size =
        unfold_step(text + at, level->length - at,
                    UNFOLD_PERCENT | UNFOLD_BACKSLASH | UNFOLD_DEFANG, bytes, &count, &kind);
    if (size == 0)
        return FALSE;
    if (kind == UNFOLD_PERCENT)
        return percent_matters[(guchar)bytes[0]] ||
               (bytes[0] == '/' && at > 0 && strchr(":/\\", text[at - 1]));
    if (text[at] == '#')
        return may_be_value(level, at + size);
    return size != 2 || text[at + 1] == '.' || may_be_value(level, at + 1);
}

/* Appends the text with what @kinds name unfolded, which makes it no longer. */
static void unfold(GByteArray *into, const char *text, gsize length, guint kinds)
{
    char bytes[UNFOLD_MAX];
    guint count, start = into->len;
    UnfoldKind kind;

    g_byte_array_set_size(into, start + (guint)length + UNFOLD_MAX + 1);
    guint8 *to = into->data + start;
    for (gsize i = 0; i < length;) {
        gsize size = 0;
        if (spot_view_class(text[i]) & SPOT_SPECIAL)
            size = unfold_step(text + i, length - i, kinds, bytes, &count, &kind);
        if (size > 0) {
            memcpy(to, bytes, UNFOLD_MAX);
            to += count;
            i += size;
        } else {
            *to++ = (guint8)text[i++];
        }
    }
    *to++ = '\n';
    g_byte_array_set_size(into, (guint)(to - into->data));
}

void sieve_side_add(SieveLevel *level, gsize at)
{
    gboolean percent = level->text[at] == '%';
    gsize start, end;

    if (at < level->until[percent] || !matters(level, at))
        return;
    level->until[percent] =
        spot_view_field((const char *)level->text, level->length, at, &start, &end);
    SievePiece piece = {.start = level->side->len - SIEVE_MARGIN, .origin = at};
    g_array_append_val(level->pieces, piece);
    unfold(level->side, (const char *)level->text + start, end - start, spot_view_kinds[percent]);
}

/* May one of the names in the run [start, end), between two dots or more, be of the set? */
static gboolean has_name(const Sieve *sieve, const char *start, const char *end)
{
    while (end > start && spot_view_class(end[-1]) & (SPOT_DOT | SPOT_DASH))
        end--;
    while (start < end) {
        const char *dots = memmem(start, (gsize)(end - start), "..", 2);
        const char *piece_end = dots ? dots : end;
        if (piece_end > start && sieve_rare_name(sieve, piece_end, (gsize)(piece_end - start)))
            return TRUE;
        for (start = piece_end; start < end && *start == '.';)
            start++;
    }
    return FALSE;
}

/* May the run of letters, digits, dots and dashes at @at be of the set? */
static gboolean may_be_of_set(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const char *text = (const char *)level->text;
    gsize end = at;
    guint8 classes = 0, class;

    while (end < level->length && (class = spot_view_class(text[end])) & SPOT_HOST) {
        classes |= class;
        end++;
    }
    if (end - at >= 32)
        return TRUE;
    if (!(classes & SPOT_DOT))
        return FALSE;
    return classes & SPOT_LETTER ? has_name(sieve, text + at, text + end)
                                 : (classes & SPOT_DIGIT) != 0;
}

gboolean sieve_side_is_skipped(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const char *text = (const char *)level->text + at;
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;

    if (text[0] != '\\')
        return FALSE;
    gsize size = unfold_step(text, level->length - at, UNFOLD_BACKSLASH, bytes, &count, &kind);
    return size > 2 && may_be_of_set(sieve, level, at + size);
}
