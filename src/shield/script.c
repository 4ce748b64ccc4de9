#include "shield/script.h"

#include <string.h>

#include "shield/key.h"
#include "shield/punycode.h"
#include "stix/observable_domain.h"

/* Characters that are remembered. */
#define REMEMBERED 4096

typedef struct {
    gunichar character; /* 0: none */
    gunichar mapped;    /* 0: to be told only together with others */
} Mapping;

/* Names that are remembered, and the longest. */
#define NAMES   256
#define LONGEST 62

typedef struct {
    guint8 length; /* 0: none */
    guint8 may_have;
    char bytes[LONGEST];
} Name;

struct Script {
    Mapping mappings[REMEMBERED];
    Name names[NAMES];
};

Script *script_new(void)
{
    return g_new0(Script, 1);
}

void script_free(Script *script)
{
    g_free(script);
}

/* By FNV-1a: whoever makes names collide has them asked for again. */
static guint place_of(const char *name, gsize length)
{
    guint32 hash = 2166136261u;
    for (gsize i = 0; i < length; i++)
        hash = (hash ^ (guint8)name[i]) * 16777619u;
    return hash % NAMES;
}

gboolean script_recall(const Script *script, const char *name, gsize length, gboolean *ret_may_have)
{
    if (length == 0 || length > LONGEST)
        return FALSE;
    const Name *known = &script->names[place_of(name, length)];
    if (known->length != length || memcmp(known->bytes, name, length) != 0)
        return FALSE;
    *ret_may_have = known->may_have;
    return TRUE;
}

void script_note(Script *script, const char *name, gsize length, gboolean may_have)
{
    if (length == 0 || length > LONGEST)
        return;
    Name *known = &script->names[place_of(name, length)];
    known->length = (guint8)length;
    known->may_have = may_have != FALSE;
    memcpy(known->bytes, name, length);
}

gboolean script_a_label_key(const char *label, gsize length, guint *ret_key)
{
    char ascii[OBSERVABLE_DOMAIN_LABEL_MAX + 1];

    if (length <= 4 || length >= sizeof(ascii) || memcmp(label, "xn--", 4) != 0)
        return FALSE;
    memcpy(ascii, label, length);
    ascii[length] = '\0';
    g_autofree char *text = observable_domain_to_unicode(ascii);
    glong characters = text ? g_utf8_strlen(text, -1) : 0;
    if (characters == 0)
        return FALSE;
    const char *last = g_utf8_offset_to_pointer(text, characters - 1);
    gunichar before = characters > 1 ? g_utf8_get_char(g_utf8_prev_char(last)) : 0;
    *ret_key = key_script_label(before, g_utf8_get_char(last));
    return TRUE;
}

/* Can a character before it take it up (UAX #15)? A bit for each of the first plane. */
static const guint8 *second_characters(void)
{
    static guint8 bits[65536 / 8];
    static gsize filled = 0;

    if (g_once_init_enter(&filled)) {
        for (gunichar c = 0; c < 65536; c++) {
            gunichar first, second, whole;
            if (g_unichar_decompose(c, &first, &second) && second != 0 && second < 65536 &&
                g_unichar_compose(first, second, &whole))
                bits[second / 8] |= (guint8)(1 << second % 8);
        }
        /* Vowels and ends of syllables in Hangul, by rule. */
        for (gunichar c = 0x1160; c < 0x1200; c++)
            bits[c / 8] |= (guint8)(1 << c % 8);
        g_once_init_leave(&filled, 1);
    }
    return bits;
}

static gboolean composes(gunichar c)
{
    return c < 65536 ? second_characters()[c / 8] >> c % 8 & 1 : g_unichar_ismark(c);
}

/* What the character becomes behind @before, which is none that it composes with: 0 when that is
 * nothing, or more than one. */
static gunichar map_behind(const char *before, gunichar c)
{
    char text[16], name[OBSERVABLE_DOMAIN_MAX + 1];
    gsize length = strlen(before);

    memcpy(text, before, length);
    length += (gsize)g_unichar_to_utf8(c, text + length);
    if (observable_domain_canonical(text, length, 1, name) == 0)
        return 0;
    g_autofree char *mapped = observable_domain_to_unicode(name);
    if (!mapped || !g_str_has_prefix(mapped, before))
        return 0;
    const char *last = mapped + strlen(before);
    return g_utf8_strlen(last, -1) == 1 ? g_utf8_get_char(last) : 0;
}

static gunichar map_other(gunichar c)
{
    /* Some stand only behind a letter that is written in the same direction. */
    static const char *const befores[] = {"", "a", "\330\250" /* U+0628 */};

    if (composes(c))
        return 0;
    for (gsize i = 0; i < G_N_ELEMENTS(befores); i++) {
        gunichar mapped = map_behind(befores[i], c);
        if (mapped != 0)
            return mapped >= 0x80 && !composes(mapped) ? mapped : 0;
    }
    return 0;
}

static gunichar map_character(Script *script, gunichar c)
{
    if (c < 0x80)
        return (gunichar)g_ascii_tolower((char)c);
    Mapping *mapping = &script->mappings[c % REMEMBERED];
    if (mapping->character != c)
        *mapping = (Mapping){c, map_other(c)};
    return mapping->mapped;
}

/* U+3002, U+FF0E or U+FF61? */
static inline gboolean is_other_dot(const char *c)
{
    return (c[0] == '\343' && c[1] == '\200' && c[2] == '\202') ||
           (c[0] == '\357' &&
            ((c[1] == '\274' && c[2] == '\216') || (c[1] == '\275' && c[2] == '\241')));
}

/* Bytes of the dot that ends at @end; 0 when none does. */
static inline gsize dot_before(const char *name, gsize end)
{
    if (end >= 1 && name[end - 1] == '.')
        return 1;
    return end >= 3 && is_other_dot(name + end - 3) ? 3 : 0;
}

gsize script_last_label(const char *name, gsize length, gsize *ret_end)
{
    gsize end = length, dot;

    while ((dot = dot_before(name, end)) > 0)
        end -= dot;
    gsize start = end;
    while (start > 0 && dot_before(name, start) == 0)
        start--;
    *ret_end = end;
    return start;
}

/* Is the mark at the end of [label, end) where it stays? Marks behind a letter are put in the order
 * of their classes; what stands between them may be left out before, and one that composes with the
 * letter may part it from another. */
static gboolean stays(Script *script, const char *label, const char *end)
{
    int behind = G_MAXINT;

    for (const char *at = end; at > label;) {
        at = g_utf8_prev_char(at);
        gunichar c = g_utf8_get_char(at);
        int class = g_unichar_combining_class(c);
        if (class == 0)
            return behind == G_MAXINT || map_character(script, c) != 0;
        if (class > behind || composes(c))
            return FALSE;
        behind = class;
    }
    return TRUE;
}

gboolean script_label_key(Script *script, const char *label, gsize length, guint *ret_key)
{
    const char *end = label + length;
    gunichar mapped, before = 0;

    if (length == 0)
        return FALSE;
    const char *last = g_utf8_prev_char(end);
    if ((guchar)*last < 0x80)
        return FALSE;
    mapped = map_character(script, g_utf8_get_char(last));
    if (last > label) {
        before = map_character(script, g_utf8_get_char(g_utf8_prev_char(last)));
        if (before == 0 || !stays(script, label, end) || !stays(script, label, last))
            return FALSE;
    }
    if (mapped == 0)
        return FALSE;
    *ret_key = key_script_label(before, mapped);
    return TRUE;
}

/* Where the last labels begin. */
static gsize labels_start(const char *name, gsize length, guint labels)
{
    gsize at = length;

    for (;; at -= dot_before(name, at)) {
        while (at > 0 && dot_before(name, at) == 0)
            at--;
        if (at == 0 || --labels == 0)
            return at;
    }
}

/* The characters of [label, end) as they are mapped, when each of them stays what it becomes alone:
 * none composes, and marks are in their order. */
static ScriptLabels map_label(Script *script, const char *label, const char *end,
                              gunichar mapped[PUNYCODE_LABEL_MAX], guint *ret_count)
{
    int before = 0;
    guint count = 0;

    for (const char *at = label; at < end; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        int class = c < 0x300 ? 0 : g_unichar_combining_class(c);
        gunichar becomes = map_character(script, c);
        if (becomes == 0 || (class > 0 && (class < before || at == label)))
            return SCRIPT_UNKNOWN;
        if (count == PUNYCODE_LABEL_MAX)
            return SCRIPT_NO_NAME;
        before = class;
        mapped[count++] = becomes;
    }
    *ret_count = count;
    return SCRIPT_WRITTEN;
}

/* Appends the label [label, end) as an A-label. */
static ScriptLabels append_label(Script *script, const char *label, const char *end, char *into,
                                 gsize *length)
{
    gunichar mapped[PUNYCODE_LABEL_MAX];
    gboolean ascii = TRUE;
    guint count;

    ScriptLabels labels = map_label(script, label, end, mapped, &count);
    if (labels != SCRIPT_WRITTEN)
        return labels;
    for (guint i = 0; i < count; i++)
        ascii = ascii && mapped[i] < 0x80;
    if (!ascii) {
        gsize size = punycode_label(mapped, count, into + *length);
        *length += size;
        return size > 0 ? SCRIPT_WRITTEN : SCRIPT_NO_NAME;
    }
    for (guint i = 0; i < count; i++)
        into[(*length)++] = (char)mapped[i];
    return SCRIPT_WRITTEN;
}

ScriptLabels script_last_labels(Script *script, const char *name, gsize length,
                                char into[SCRIPT_LABELS_MAX], gsize *ret_length)
{
    const char *end = name + length;
    gsize written = 0;

    for (const char *at = name + labels_start(name, length, SCRIPT_LABELS); at < end;) {
        const char *label = at;
        while (at < end && *at != '.' && !is_other_dot(at))
            at++;
        ScriptLabels labels = append_label(script, label, at, into, &written);
        if (labels != SCRIPT_WRITTEN)
            return labels;
        if (at < end) {
            into[written++] = '.';
            at += *at == '.' ? 1 : 3;
        }
    }
    *ret_length = written;
    return SCRIPT_WRITTEN;
}
