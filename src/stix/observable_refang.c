#include "stix/observable_refang.h"

#include <string.h>

typedef struct {
    const char *from;
    const char *to;
} Replacement;

/* Longest first where one begins another. Compared without regard to case. */
static const Replacement schemes[] = {
    {"hxxps", "https"}, {"hxxp", "http"}, {"h**ps", "https"}, {"h**p", "http"},
    {"htxps", "https"}, {"htxp", "http"}, {"hxtps", "https"}, {"hxtp", "http"},
    {"h++ps", "https"}, {"h++p", "http"}, {"fxps", "ftps"},   {"fxp", "ftp"},
};

static const Replacement separators[] = {
    {"[.]", "."},     {"(.)", "."},   {"{.}", "."},  {"[dot]", "."},   {"(dot)", "."},
    {"{dot}", "."},   {"<dot>", "."}, {"<.>", "."},  {"\\.", "."},     {"[@]", "@"},
    {"(@)", "@"},     {"{@}", "@"},   {"[at]", "@"}, {"(at)", "@"},    {"{at}", "@"},
    {"<at>", "@"},    {"[:]", ":"},   {"(:)", ":"},  {"[://]", "://"}, {"(://)", "://"},
    {"[:/]/", "://"}, {"[//]", "//"}, {"[/]", "/"},
};

/* What @text begins with, of which there are two bytes at least, and its length. */
static const Replacement *find(const Replacement *table, gsize count, const char *text,
                               gsize length, gsize *ret_from)
{
    const char first = g_ascii_tolower(text[0]), second = g_ascii_tolower(text[1]);

    for (gsize i = 0; i < count; i++) {
        const char *from = table[i].from;
        gsize same = 2;
        if (from[0] != first || from[1] != second)
            continue;
        while (from[same] && same < length && g_ascii_tolower(text[same]) == from[same])
            same++;
        if (!from[same]) {
            *ret_from = same;
            return &table[i];
        }
    }
    return NULL;
}

/* Can a separator of the table begin with this byte? */
static gboolean begins_separator(char c)
{
    static const guint8 begins[256] = {
        ['['] = TRUE, ['('] = TRUE, ['{'] = TRUE, ['<'] = TRUE, ['\\'] = TRUE,
    };
    return begins[(guchar)c];
}

gsize observable_refang_separator(const char *text, gsize length, const char **ret_plain)
{
    static const guint8 goes_on[256] = {
        ['.'] = TRUE, [':'] = TRUE, ['@'] = TRUE, ['/'] = TRUE,
        ['d'] = TRUE, ['D'] = TRUE, ['a'] = TRUE, ['A'] = TRUE,
    };
    gsize from;

    if (length < 2 || !begins_separator(text[0]) || !goes_on[(guchar)text[1]])
        return 0;
    const Replacement *found = find(separators, G_N_ELEMENTS(separators), text, length, &from);
    if (!found)
        return 0;
    *ret_plain = found->to;
    return from;
}

/* Where the path begins in the refanged text: at the first slash, a "://" left out. */
static gboolean in_path(const GString *plain)
{
    const char *authority = strstr(plain->str, "://");
    return strpbrk(authority ? authority + 3 : plain->str, "/?#") != NULL;
}

/* The scheme that @text begins with, if what follows ends it; the looks of nearly all texts tell at
 * once that there is none. */
static const Replacement *find_scheme(const char *text, gsize length)
{
    if (length <= 3 || !text[0] || !strchr("hHfF", text[0]) || !text[1] ||
        !strchr("xXtT*+", text[1]) || strncmp(text + 1, "tt", 2) == 0)
        return NULL;
    gsize end = length;
    const Replacement *scheme = find(schemes, G_N_ELEMENTS(schemes), text, length, &end);
    return end < length && (text[end] == ':' || text[end] == '[' || text[end] == '(') ? scheme
                                                                                      : NULL;
}

char *observable_refang(const char *text, gsize length, gsize *ret_length)
{
    const Replacement *scheme = find_scheme(text, length);
    gboolean suspicious = scheme != NULL;
    for (gsize i = 0; i < length && !suspicious; i++)
        suspicious = begins_separator(text[i]);
    if (!suspicious || memchr(text, '\0', length))
        return NULL;

    g_autoptr(GString) plain = g_string_sized_new(length + 1);
    gboolean changed = FALSE;
    gsize i = 0;
    if (scheme) {
        g_string_append(plain, scheme->to);
        i = strlen(scheme->from);
        changed = TRUE;
    }
    for (gboolean path = FALSE; i < length;) {
        const char *separator;
        gsize size = observable_refang_separator(text + i, length - i, &separator);
        if (size > 0) {
            path = path || in_path(plain);
            if (path && !changed)
                return NULL;
            g_string_append(plain, separator);
            i += size;
            changed = TRUE;
        } else {
            g_string_append_c(plain, text[i++]);
        }
    }
    if (!changed)
        return NULL;
    *ret_length = plain->len;
    return g_string_free(g_steal_pointer(&plain), FALSE);
}
