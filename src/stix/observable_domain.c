#include "stix/observable_domain.h"

#include <idn2.h>
#include <string.h>

/* Bytes of a name in a script other than ASCII that are worth giving to libidn2. */
#define UNICODE_MAX 1024

/* What a byte of a name becomes: itself in lower case, or 0 when it has no place in one. */
static const char name_byte[256] = {
    ['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
    ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a',
    ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h',
    ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o',
    ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
    ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z',
};

/* Is the last label something a reader of addresses would take for a number? */
static gboolean is_number(const char *label, gsize length)
{
    gboolean hex = length >= 2 && label[0] == '0' && label[1] == 'x';
    for (gsize i = hex ? 2 : 0; i < length; i++)
        if (hex ? !g_ascii_isxdigit(label[i]) : !g_ascii_isdigit(label[i]))
            return FALSE;
    return TRUE;
}

static gsize canonical_ascii(const char *text, gsize length, guint min_labels, char *buffer)
{
    gsize label = 0;
    guint labels = 1;

    if (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0 || length > OBSERVABLE_DOMAIN_MAX)
        return 0;
    for (gsize i = 0; i < length; i++) {
        char c = name_byte[(guchar)text[i]];
        if (c == 0)
            return 0;
        if (c == '.') {
            if (i == label || i - label > OBSERVABLE_DOMAIN_LABEL_MAX)
                return 0;
            label = i + 1;
            labels++;
        }
        buffer[i] = c;
    }
    if (label == length || length - label > OBSERVABLE_DOMAIN_LABEL_MAX || labels < min_labels ||
        is_number(buffer + label, length - label))
        return 0;
    buffer[length] = '\0';
    return length;
}

static gsize canonical_unicode(const char *text, gsize length, guint min_labels, char *buffer)
{
    char terminated[UNICODE_MAX + 1];
    char *ascii = NULL;

    if (length > UNICODE_MAX || memchr(text, '\0', length) ||
        !g_utf8_validate(text, (gssize)length, NULL))
        return 0;
    memcpy(terminated, text, length);
    terminated[length] = '\0';
    if (idn2_to_ascii_8z(terminated, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
        return 0;
    gsize result = canonical_ascii(ascii, strlen(ascii), min_labels, buffer);
    idn2_free(ascii);
    return result;
}

gsize observable_domain_canonical(const char *text, gsize length, guint min_labels,
                                  char buffer[OBSERVABLE_DOMAIN_MAX + 1])
{
    for (gsize i = 0; i < length; i++)
        if ((guchar)text[i] >= 0x80)
            return canonical_unicode(text, length, min_labels, buffer);
    return canonical_ascii(text, length, min_labels, buffer);
}

char *observable_domain_to_unicode(const char *canonical)
{
    char *text = NULL;

    if (idn2_to_unicode_8z8z(canonical, &text, 0) != IDN2_OK)
        return NULL;
    char *owned = g_strdup(text);
    idn2_free(text);
    return owned;
}
