#include "stix/identifier.h"

#include <string.h>

gsize identifier_type_length(const char *text, gsize length)
{
    const char *end = memmem(text, length, "--", 2);
    if (!end || end + 2 == text + length)
        return 0;
    return (gsize)(end - text);
}

gboolean identifier_is_uuid(const char *text, gsize length, guint *ret_version)
{
    if (length != IDENTIFIER_UUID_LENGTH)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        gboolean dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
            return FALSE;
    }
    int version = g_ascii_xdigit_value(text[14]);
    int variant = g_ascii_xdigit_value(text[19]);
    if (version < 1 || version > 5 || variant < 8 || variant > 11)
        return FALSE;
    if (ret_version)
        *ret_version = (guint)version;
    return TRUE;
}
