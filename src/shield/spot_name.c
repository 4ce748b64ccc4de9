#include <string.h>

#include "shield/spot_view.h"
#include "stix/observable_domain.h"

#define LOCAL_PART_MAX   64
#define OTHER_SCRIPT_MAX 1024

static void add_found(SpotView *view, gsize start, gsize end, const SetEntry *found, guint count)
{
    for (guint i = 0; i < count; i++)
        spot_view_add(view, start, end, found[i]);
}

static gboolean may_be_local_part(char c)
{
    return spot_view_class(c) & (SPOT_HOST | SPOT_HIGH) || (c && strchr("!#$%&'*+/=?^`{|}~", c));
}

/* Writes the canonical form of the address with the first part [start, at); FALSE when that takes
 * more than small letters. */
static gboolean write_email(const SpotView *view, gsize start, gsize at, const char *domain,
                            char *into)
{
    for (; start < at; start++) {
        if (spot_view_class(view->text[start]) & SPOT_HIGH)
            return FALSE;
        *into++ = g_ascii_tolower(view->text[start]);
    }
    *into++ = '@';
    strcpy(into, domain);
    return TRUE;
}

/* Looks up an address, canonical but for the dots of its first part, of @local bytes. */
static SetEntry find_email(const SpotView *view, const char *email, gsize local)
{
    if (email[0] == '.' || email[local - 1] == '.' || g_strstr_len(email, (gssize)local, ".."))
        return SET_NONE;
    return set_find(view->set, OBSERVABLE_EMAIL, email, strlen(email));
}

static SetEntry find_other_email(const SpotView *view, gsize start, gsize end)
{
    g_autofree char *email =
        observable_normalise(OBSERVABLE_EMAIL, view->text + start, end - start, NULL);
    return email ? set_find(view->set, OBSERVABLE_EMAIL, email, strlen(email)) : SET_NONE;
}

/* The address whose domain, canonical @domain, is [at + 1, end). Where its first part begins is not
 * clear from the text ("from=mallory@...": '=' may be part of it), so every beginning is tried, the
 * longest first. */
static void spot_email(SpotView *view, gsize at, gsize end, const char *domain)
{
    char email[LOCAL_PART_MAX + 1 + OBSERVABLE_DOMAIN_MAX + 1];
    gsize start = at, least;

    while (start > 0 && at - start < LOCAL_PART_MAX && may_be_local_part(view->text[start - 1]))
        start--;
    least = start;
    /* Small letters of ASCII are written once for all beginnings. */
    gboolean ascii = write_email(view, start, at, domain, email);
    while (start < at) {
        SetEntry entry = ascii ? find_email(view, email + (start - least), at - start)
                               : find_other_email(view, start, end);
        if (entry != SET_NONE) {
            spot_view_add(view, start, end, entry);
            return;
        }
        do
            start++;
        while (start < at && (spot_view_class(view->text[start - 1]) & (SPOT_HOST | SPOT_HIGH) ||
                              view->text[start - 1] == '+'));
    }
}

/* The name [start, end), without dots around it. */
static void spot_name(SpotView *view, gsize start, gsize end)
{
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    SetEntry found[SET_MAX_FOUND];

    gsize length = observable_domain_canonical(view->text + start, end - start, 2, name);
    if (length == 0)
        return;
    guint count = set_find_domain(view->set, name, length, found);
    add_found(view, start, end, found, count);
    /* "_alder.example_" in a text is the name between marks, as "--alder.example" is. */
    gsize marks = strspn(name, "-_");
    if (marks > 0 && memchr(name + marks, '.', length - marks)) {
        SetEntry entry = set_find(view->set, OBSERVABLE_DOMAIN, name + marks, length - marks);
        if (entry != SET_NONE)
            spot_view_add(view, start + marks, end, entry);
    }
    if (start > 0 && view->text[start - 1] == '@' && set_has(view->set, OBSERVABLE_EMAIL))
        spot_email(view, start - 1, end, name);
    spot_url_bare(view, start, end, name, length);
}

/* Is it '@', however escaped, that stands at @at, with a host behind it? */
static gboolean is_at(const SpotView *view, gsize at)
{
    char bytes[UNFOLD_MAX];
    guint count = 0;
    UnfoldKind kind;
    gsize size = 1;

    if (at >= view->length)
        return FALSE;
    if (view->text[at] != '@')
        size = unfold_step(view->text + at, view->length - at,
                           UNFOLD_PERCENT | UNFOLD_BACKSLASH | UNFOLD_DEFANG, bytes, &count, &kind);
    if (count > 0 ? bytes[0] != '@' : view->text[at] != '@')
        return FALSE;
    return spot_view_class_at(view, at + size) & (SPOT_ALNUM | SPOT_HIGH);
}

void spot_name_run(SpotView *view, gsize start, gsize end)
{
    /* What stands before '@' is a mailbox or a user name, however much it looks like a host. */
    gboolean local_part = is_at(view, end) || spot_url_is_user(view, start, end);
    while (end > start && spot_view_class(view->text[end - 1]) & (SPOT_DOT | SPOT_DASH))
        end--;
    while (start < end && view->text[start] == '.')
        start++;
    /* "wait...alder.example" */
    for (gsize piece = start; piece < end;) {
        gsize piece_end = piece;
        while (piece_end < end &&
               !(view->text[piece_end] == '.' && view->text[piece_end + 1] == '.'))
            piece_end++;
        if (piece_end - piece >= 3 && !(local_part && piece_end == end))
            spot_name(view, piece, piece_end);
        for (piece = piece_end; piece < end && view->text[piece] == '.';)
            piece++;
    }
}

/* Can the character be part of a name in another script, or part such a name's labels? */
static gboolean may_be_in_name(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '.' || c == '-' || c == '_' ||
           c == 0x200c || c == 0x200d || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

/* A bit for each character of the first plane. */
static const guint8 *name_characters(void)
{
    static guint8 bits[65536 / 8];
    static gsize filled = 0;

    if (g_once_init_enter(&filled)) {
        for (gunichar c = 0; c < 65536; c++)
            bits[c / 8] |= (guint8)(may_be_in_name(c) << c % 8);
        g_once_init_leave(&filled, 1);
    }
    return bits;
}

/* The character at @text, of which @left bytes are there, and its bytes. 0x110000: it is none. */
static inline gunichar read_character(const char *text, gsize left, guint *ret_size)
{
    const guint8 *bytes = (const guint8 *)text;
    gunichar c = bytes[0];

    *ret_size = 1;
    if (c < 0x80)
        return c;
    if (c >= 0xc2 && c < 0xe0 && left >= 2 && bytes[1] >> 6 == 2) {
        *ret_size = 2;
        return (c & 0x1f) << 6 | (bytes[1] & 0x3f);
    }
    if (c >= 0xe1 && c < 0xed && left >= 3 && bytes[1] >> 6 == 2 && bytes[2] >> 6 == 2) {
        *ret_size = 3;
        return (c & 0x0f) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3f);
    }
    c = g_utf8_get_char_validated(text, (gssize)left);
    if (c >= 0x110000)
        return 0x110000;
    *ret_size = (guint)g_unichar_to_utf8(c, NULL);
    return c;
}

void spot_name_pieces(const char *text, gsize start, gsize end, SpotNamePiece each, gpointer user)
{
    const guint8 *bits = name_characters();

    for (gsize i = start; i < end;) {
        gsize piece = i;
        gboolean high = FALSE;
        for (guint size; i < end; i += size) {
            gunichar c = read_character(text + i, end - i, &size);
            if (c < 65536 ? !(bits[c / 8] >> c % 8 & 1) : c >= 0x110000 || !may_be_in_name(c))
                break;
            high = high || c >= 0x80;
        }
        gsize piece_end = i;
        while (piece < piece_end && text[piece] == '.')
            piece++;
        while (piece_end > piece && spot_view_class(text[piece_end - 1]) & (SPOT_DOT | SPOT_DASH))
            piece_end--;
        if (high && piece_end - piece >= 4 && !each(user, text + piece, piece_end - piece))
            return;
        if (i < end)
            i++;
    }
}

static gboolean spot_piece(gpointer user, const char *text, gsize length)
{
    SpotView *view = user;
    gsize start = (gsize)(text - view->text);
    spot_name(view, start, start + length);
    return TRUE;
}

void spot_name_other_script(SpotView *view, gsize at)
{
    gsize start = at, end = at;
    const guint8 part = SPOT_HOST | SPOT_HIGH;

    while (start > 0 && at - start < OTHER_SCRIPT_MAX &&
           spot_view_class(view->text[start - 1]) & part)
        start--;
    while (end < view->length && end - at < OTHER_SCRIPT_MAX &&
           spot_view_class(view->text[end]) & part)
        end++;
    view->other_script_until = end;
    if (set_has(view->set, OBSERVABLE_DOMAIN) || set_has(view->set, OBSERVABLE_EMAIL))
        spot_name_pieces(view->text, start, end, spot_piece, view);
}
