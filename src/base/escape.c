#include "base/escape.h"

#include <string.h>

/* Characters that are valid and yet deceive whoever looks at a terminal. */
static const struct {
    gunichar first, last;
} hidden[] = {
    {0x0000, 0x001f},   /* C0 controls: escape sequences, new lines */
    {0x007f, 0x009f},   /* DEL, C1 controls */
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x180e, 0x180e},   /* Mongolian vowel separator */
    {0x200b, 0x200f},   /* zero-width space and joiners, direction marks */
    {0x2028, 0x202e},   /* line and paragraph separators, embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, isolates, deprecated format characters */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xfff9, 0xfffb},   /* interlinear annotation */
    {0xe0000, 0xe007f}, /* tags */
};

static gboolean is_hidden(gunichar c)
{
    for (guint i = 0; i < G_N_ELEMENTS(hidden); i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return TRUE;
    return FALSE;
}

char *escape_terminal(const char *text, gssize length)
{
    gsize left = length < 0 ? strlen(text) : (gsize)length;
    GString *safe = g_string_sized_new(left + 1);
    while (left > 0) {
        gunichar c = g_utf8_get_char_validated(text, left);
        if (c == (gunichar)-1 || c == (gunichar)-2 || (c == 0 && *text)) {
            g_string_append_printf(safe, "\\x%02x", (guint)(guchar)*text);
            text++;
            left--;
            continue;
        }
        gsize size = g_utf8_next_char(text) - text;
        if (!is_hidden(c))
            g_string_append_len(safe, text, size);
        else
            g_string_append_printf(safe, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
        text += size;
        left -= size;
    }
    return g_string_free(safe, FALSE);
}
