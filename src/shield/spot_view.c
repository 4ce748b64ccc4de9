#include "shield/spot_view.h"

const guint8 spot_view_classes[256] = {
    ['a' ... 'f'] = SPOT_LETTER | SPOT_HEX,
    ['g' ... 'z'] = SPOT_LETTER,
    ['A' ... 'F'] = SPOT_LETTER | SPOT_HEX,
    ['G' ... 'Z'] = SPOT_LETTER,
    ['0' ... '9'] = SPOT_DIGIT | SPOT_HEX,
    ['.'] = SPOT_DOT,
    ['-'] = SPOT_DASH,
    ['_'] = SPOT_DASH,
    [0x80 ... 0xff] = SPOT_HIGH | SPOT_SPECIAL,
    [':'] = SPOT_SPECIAL,
    ['%'] = SPOT_SPECIAL,
    ['\\'] = SPOT_SPECIAL,
    ['#'] = SPOT_SPECIAL,
    ['['] = SPOT_SPECIAL,
    ['('] = SPOT_SPECIAL,
    ['{'] = SPOT_SPECIAL,
    ['<'] = SPOT_SPECIAL,
};

/* Percent escapes are apart: in a URL they are part of its text, and undoing them while undoing
 * "[.]" would make another URL of it. */
const guint spot_view_kinds[SPOT_VIEW_KINDS] = {UNFOLD_BACKSLASH | UNFOLD_DEFANG, UNFOLD_PERCENT};

/* Of a long field so much is unfolded for one escape that the parts in which pieces overlap are
 * few: whoever writes a field of nothing but escapes has it looked at twice for each depth
 * otherwise. */
#define AHEAD_MAX (8 * SPOT_MAX_LENGTH)

gsize spot_view_field(const char *text, gsize length, gsize at, gsize *ret_start, gsize *ret_end)
{
    gsize start = at, end = at;

    while (start > 0 && at - start < SPOT_MAX_LENGTH && !spot_view_parts_fields(text[start - 1]))
        start--;
    while (end < length && end - at < AHEAD_MAX && !spot_view_parts_fields(text[end]))
        end++;
    *ret_start = start;
    *ret_end = end;
    /* A field longer than that is looked at in pieces that overlap. */
    return end - at < AHEAD_MAX ? end : at + AHEAD_MAX - SPOT_MAX_LENGTH;
}

static gsize offset_of(const SpotView *view, gsize at)
{
    return view->offsets ? view->offsets[at] : at;
}

static guint kinds_in(const SpotView *view, gsize start, gsize end)
{
    guint kinds = 0;
    for (gsize i = start; i < end && i < view->length; i++)
        kinds |= view->kinds[i];
    return kinds;
}

/* Where a piece of a field was cut, what was cut off may change what is seen; the piece that
 * overlaps it there sees it whole. */
#define CUT_MARGIN 128

static void add(SpotView *view, gsize start, gsize end, SetEntry entry)
{
    if ((view->cut_start && start < CUT_MARGIN) ||
        (view->cut_end && end + CUT_MARGIN > view->length))
        return;
    SpotMatch match = {
        .start = offset_of(view, start),
        .end = offset_of(view, end),
        .entry = entry,
        .depth = view->depth,
    };
    g_array_append_val(view->matches, match);
}

void spot_view_add(SpotView *view, gsize start, gsize end, SetEntry entry)
{
    /* The escape may also be what parts the value from its neighbours. */
    if (view->kinds && kinds_in(view, start > 0 ? start - 1 : 0, end + 1) == 0)
        return;
    add(view, start, end, entry);
}

void spot_view_add_url(SpotView *view, gsize start, gsize authority_end, gsize end, SetEntry entry)
{
    if (view->kinds && kinds_in(view, start > 0 ? start - 1 : 0, authority_end) == 0 &&
        !(kinds_in(view, start, end) & (UNFOLD_BACKSLASH | UNFOLD_DEFANG)))
        return;
    add(view, start, end, entry);
}
