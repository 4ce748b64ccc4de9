#include "shield/spot.h"

#include <string.h>

#include "shield/spot_view.h"
#include "stix/observable_refang.h"

static void walk(SpotView *view, gsize from, gsize to);

/* The digits from @digits on, of the word [start, end). */
static void look_up_hash(SpotView *view, gsize start, gsize digits, gsize end)
{
    char hash[128];
    gsize length = end - digits;

    if (length > sizeof(hash))
        return;
    for (gsize i = 0; i < length; i++) {
        if (!(spot_view_class(view->text[digits + i]) & SPOT_HEX))
            return;
        hash[i] = g_ascii_tolower(view->text[digits + i]);
    }
    for (int kind = OBSERVABLE_MD5; kind <= OBSERVABLE_JA3; kind++) {
        static const guint8 lengths[] = {[OBSERVABLE_MD5] = 32,
                                         [OBSERVABLE_SHA1] = 40,
                                         [OBSERVABLE_SHA256] = 64,
                                         [OBSERVABLE_SHA512] = 128,
                                         [OBSERVABLE_JA3] = 32};
        SetEntry entry =
            lengths[kind] == length ? set_find(view->set, kind, hash, length) : SET_NONE;
        if (entry != SET_NONE)
            spot_view_add(view, start, end, entry);
    }
}

/* Hashes and JA4 in the run [start, end): between dots and dashes, never part of a longer word. */
static void spot_hashes(SpotView *view, gsize start, gsize end)
{
    for (gsize i = start; i < end; i++) {
        gsize word = i;
        while (i < end && spot_view_class(view->text[i]) & SPOT_ALNUM)
            i++;
        gsize length = i - word;
        if (length == 32 || length == 40 || length == 64 || length == 128)
            look_up_hash(view, word, word, i);
        else if (length >= 34 && view->text[word] == '0' && (view->text[word + 1] | 32) == 'x')
            look_up_hash(view, word, word + 2, i);
        if (length != 10 || end - word < 36 || view->text[i] != '_' ||
            !set_has(view->set, OBSERVABLE_JA4) || (word > start && view->text[word - 1] == '_'))
            continue;
        guint8 next = word + 36 < end ? spot_view_class(view->text[word + 36]) : 0;
        if (next & SPOT_ALNUM || (word + 36 < end && view->text[word + 36] == '_'))
            continue;
        g_autofree char *ja4 = observable_normalise(OBSERVABLE_JA4, view->text + word, 36, NULL);
        SetEntry entry = ja4 ? set_find(view->set, OBSERVABLE_JA4, ja4, 36) : SET_NONE;
        if (entry != SET_NONE)
            spot_view_add(view, word, word + 36, entry);
    }
}

/* Does the escape that stands at @at continue a word, that is, is it a letter, digit, dot or dash
 * in disguise? */
static gboolean continues_word(const SpotView *view, gsize at)
{
    char bytes[UNFOLD_MAX];
    guint count = 0;
    UnfoldKind kind;

    if (at >= view->length || !(spot_view_class(view->text[at]) & SPOT_SPECIAL))
        return FALSE;
    gsize size =
        unfold_step(view->text + at, view->length - at,
                    UNFOLD_PERCENT | UNFOLD_BACKSLASH | UNFOLD_DEFANG, bytes, &count, &kind);
    return size > 0 && count > 0 && spot_view_class(bytes[0]) & (SPOT_HOST | SPOT_HIGH);
}

/* Where the run that begins at @start, behind a '%' or '\', really begins: behind the escape. Set
 * *ret_word when the escape is part of the word. */
static gsize skip_escape(const SpotView *view, gsize start, gsize end, gboolean *ret_word)
{
    char bytes[UNFOLD_MAX];
    guint count = 0;
    UnfoldKind kind;
    gsize size = unfold_step(view->text + start - 1, view->length - start + 1,
                             UNFOLD_PERCENT | UNFOLD_BACKSLASH, bytes, &count, &kind);

    if (size < 3 || start - 1 + size > end)
        return start;
    *ret_word = count > 0 && spot_view_class(bytes[0]) & (SPOT_HOST | SPOT_HIGH);
    return start - 1 + size;
}

/* Does a letter of a script that parts words with blanks stand directly before @at, or after? Then
 * the run is a piece of a word in that script. Others write names into the text without blanks. */
static gboolean is_joined(const SpotView *view, gsize at, gboolean before)
{
    const char *c = view->text + at;

    if (before)
        c = g_utf8_find_prev_char(at > 4 ? c - 4 : view->text, c);
    if (!c)
        return FALSE;
    gunichar character = g_utf8_get_char_validated(c, view->text + view->length - c);
    if (character >= 0x110000 || !(g_unichar_isalnum(character) || g_unichar_ismark(character)))
        return FALSE;
    switch (g_unichar_get_script(character)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
    case G_UNICODE_SCRIPT_TIBETAN:
        return FALSE;
    default:
        return TRUE;
    }
}

/* Does a defanged dot stand directly before @at, with a word before that? */
static gboolean follows_dot(const SpotView *view, gsize at)
{
    static const gsize sizes[] = {3, 5}; /* "[.]", "[dot]" */
    const char *plain;

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        gsize size = sizes[i];
        if (at > size && spot_view_class(view->text[at - size - 1]) & SPOT_ALNUM &&
            observable_refang_separator(view->text + at - size, size, &plain) == size &&
            plain[0] == '.')
            return TRUE;
    }
    return FALSE;
}

/* A run of letters, digits, dots and dashes as long as can be. */
static void spot_run(SpotView *view, gsize start, gsize end, guint8 classes)
{
    gboolean word = FALSE;

    if (start > 0) {
        char before = view->text[start - 1];
        if (before == '%' || before == '\\')
            start = skip_escape(view, start, end, &word);
        else if (spot_view_class(before) & SPOT_HIGH)
            word = is_joined(view, start, TRUE);
        else if (before == ']' || before == ')' || before == '}' || before == '>')
            word = follows_dot(view, start);
    }
    if (spot_view_class_at(view, end) & SPOT_SPECIAL)
        word = word || continues_word(view, end) ||
               (spot_view_class_at(view, end) & SPOT_HIGH && is_joined(view, end, FALSE));
    if (word || start == end)
        return;
    if (end - start >= 32)
        spot_hashes(view, start, end);
    if (!(classes & SPOT_DOT) || end - start < 3)
        return;
    if (classes & SPOT_LETTER)
        spot_name_run(view, start, end);
    else
        spot_address_v4(view, start, end);
}

/* Unfolds [start, end) of @view into a view of its own and looks through that. */
static void spot_unfolded(const SpotView *view, gsize start, gsize end, guint kinds)
{
    gboolean cut_start =
        start > 0 ? !spot_view_parts_fields(view->text[start - 1]) : view->cut_start;
    gboolean cut_end =
        end < view->length ? !spot_view_parts_fields(view->text[end]) : view->cut_end;
    /* An escape never stands for more bytes than it takes. */
    g_autofree guint32 *offsets = g_new(guint32, end - start + 1);
    g_autofree char *text = g_malloc(end - start + 1);
    g_autofree guint8 *from = g_malloc(end - start + 1);
    gsize length = 0;

    for (gsize i = start; i < end;) {
        char bytes[UNFOLD_MAX] = {view->text[i]};
        guint count = 1;
        UnfoldKind kind = 0;
        gsize size = 0;
        if (spot_view_class(view->text[i]) & SPOT_SPECIAL)
            size = unfold_step(view->text + i, end - i, kinds, bytes, &count, &kind);
        guint8 source = (guint8)((size > 0 ? kind : 0) | (view->kinds ? view->kinds[i] : 0));
        guint32 offset = (guint32)(view->offsets ? view->offsets[i] : i);
        for (guint b = 0; b < count; b++) {
            offsets[length] = offset;
            text[length] = bytes[b];
            from[length++] = source;
        }
        i += MAX(size, 1);
    }
    offsets[length] = (guint32)(view->offsets ? view->offsets[end] : end);
    text[length] = '\0';
    from[length] = 0;
    SpotView unfolded = {
        .set = view->set,
        .matches = view->matches,
        .text = text,
        .length = length,
        .offsets = offsets,
        .kinds = from,
        .depth = view->depth + 1,
        .cut_start = cut_start,
        .cut_end = cut_end,
    };
    walk(&unfolded, 0, unfolded.length);
}

/* If an escape stands at @at: looks at what the field around it says with its escapes undone. */
static void spot_escape(SpotView *view, gsize at)
{
    char bytes[UNFOLD_MAX];
    guint count;
    UnfoldKind kind;

    for (guint i = 0; i < SPOT_VIEW_KINDS; i++) {
        gsize start, end;
        if (at < view->unfolded_until[i] ||
            unfold_step(view->text + at, view->length - at, spot_view_kinds[i], bytes, &count,
                        &kind) == 0)
            continue;
        view->unfolded_until[i] = spot_view_field(view->text, view->length, at, &start, &end);
        spot_unfolded(view, start, end, spot_view_kinds[i]);
    }
}

static void spot_special(SpotView *view, gsize at)
{
    char c = view->text[at];

    if (c == ':') {
        if (view->length - at > 3 && view->text[at + 1] == '/' && view->text[at + 2] == '/')
            spot_url(view, at);
        else if (at >= view->colons_until && at + 1 < view->length &&
                 (view->text[at + 1] == ':' || spot_view_class(view->text[at + 1]) & SPOT_HEX))
            spot_address_v6(view, at);
        return;
    }
    if ((guchar)c >= 0x80) {
        if (at >= view->other_script_until)
            spot_name_other_script(view, at);
        return;
    }
    if (view->depth < SPOT_DEPTH)
        spot_escape(view, at);
}

/* Looks through [from, to), which begins and ends where fields do. */
static void walk(SpotView *view, gsize from, gsize to)
{
    for (gsize i = from; i < to;) {
        guint8 class = spot_view_class(view->text[i]);
        if (class & SPOT_HOST) {
            gsize start = i;
            guint8 classes = 0;
            do
                classes |= class;
            while (++i < to && (class = spot_view_class(view->text[i])) & SPOT_HOST);
            if (classes & SPOT_DOT || i - start >= 32)
                spot_run(view, start, i, classes);
            continue;
        }
        if (class & SPOT_SPECIAL)
            spot_special(view, i);
        i++;
    }
}

static int compare_same(gconstpointer a, gconstpointer b)
{
    const SpotMatch *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    if (x->depth != y->depth)
        return x->depth > y->depth ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static int compare_place(gconstpointer a, gconstpointer b, gpointer set)
{
    const SpotMatch *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return set_compare(set, x->entry, y->entry);
}

/* The same value ending at the same place was seen twice, as it stands and unfolded; the deeper
 * look knows better where it begins. */
static void settle(const Set *set, GArray *matches)
{
    if (matches->len < 2)
        return;
    g_array_sort(matches, compare_same);
    guint kept = 1;
    for (guint i = 1; i < matches->len; i++) {
        SpotMatch *last = &g_array_index(matches, SpotMatch, kept - 1);
        SpotMatch *match = &g_array_index(matches, SpotMatch, i);
        if (match->entry != last->entry || match->end != last->end)
            g_array_index(matches, SpotMatch, kept++) = *match;
    }
    g_array_set_size(matches, kept);
    g_array_sort_with_data(matches, compare_place, (gpointer)set);
}

void spot_text(const Set *set, const char *text, gsize length, GArray *matches)
{
    SpotView view = {.set = set, .matches = matches, .text = text, .length = length};

    g_return_if_fail(matches->len == 0);
    walk(&view, 0, length);
    settle(set, matches);
}

static int compare_offsets(gconstpointer a, gconstpointer b)
{
    const gsize *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

void spot_places(const Set *set, const char *text, gsize length, GArray *places, GArray *matches)
{
    SpotView view = {.set = set, .matches = matches, .text = text, .length = length};
    gsize done = 0;

    g_return_if_fail(matches->len == 0);
    g_array_sort(places, compare_offsets);
    for (guint i = 0; i < places->len; i++) {
        gsize start = g_array_index(places, gsize, i), end = start;
        if (start < done)
            continue;
        while (start > done && !spot_view_parts_fields(text[start - 1]))
            start--;
        while (end < length && !spot_view_parts_fields(text[end]))
            end++;
        walk(&view, start, end);
        done = end;
    }
    settle(set, matches);
}

void spot_sieved(Sieve *sieve, const char *text, gsize length, GArray *matches)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));
    sieve_text(sieve, text, length, places);
    spot_places(sieve_set(sieve), text, length, places, matches);
}
