#include "intake/value.h"

#include <string.h>

void value_clear(Value *value)
{
    g_clear_pointer(&value->canonical, g_free);
}

static gboolean is_address(ObservableKind kind)
{
    return kind == OBSERVABLE_IPV4 || kind == OBSERVABLE_IPV6 || kind == OBSERVABLE_CIDR;
}

/* Takes blanks, and quotes that match, from both ends. */
static void strip(const char **text, gsize *length)
{
    for (;;) {
        while (*length > 0 && g_ascii_isspace((*text)[0]))
            (*text)++, (*length)--;
        while (*length > 0 && g_ascii_isspace((*text)[*length - 1]))
            (*length)--;
        if (*length < 2 || (*text)[0] != (*text)[*length - 1] || !strchr("\"'`", (*text)[0]))
            return;
        (*text)++;
        *length -= 2;
    }
}

/* Cuts ":port" off the end of an address or a name; 0 when there is none. */
static guint cut_port(const char *text, gsize *length)
{
    gsize digits = *length;
    while (digits > 0 && g_ascii_isdigit(text[digits - 1]))
        digits--;
    if (digits < 2 || text[digits - 1] != ':' || *length - digits > 5)
        return 0;
    gsize colon = digits - 1;
    if (memchr(text, '/', colon) || (text[colon - 1] != ']' && memchr(text, ':', colon)))
        return 0; /* a URL, an IPv6 address */
    guint port = 0;
    for (gsize i = digits; i < *length; i++)
        port = port * 10 + (guint)(text[i] - '0');
    if (port == 0 || port > 65535)
        return 0;
    *length = colon;
    return port;
}

/* What @text is: by its looks, or as @kind demands. */
static ObservableKind classify(const char *text, gsize length, ObservableKind kind,
                               char **ret_canonical)
{
    if (kind == OBSERVABLE_NONE)
        return observable_classify(text, length, ret_canonical);
    if (kind != OBSERVABLE_JA3 && kind != OBSERVABLE_OTHER) {
        /* The looks first: they see through defanging. */
        g_autofree char *canonical = NULL;
        ObservableKind looks = observable_classify(text, length, &canonical);
        if (looks == kind || (is_address(looks) && is_address(kind))) {
            *ret_canonical = g_steal_pointer(&canonical);
            return looks;
        }
    }
    char *canonical = observable_normalise(kind, text, length, &kind);
    if (!canonical)
        return OBSERVABLE_NONE;
    *ret_canonical = canonical;
    return kind;
}

gboolean value_read(const char *text, gsize length, ObservableKind kind, Value *ret_value)
{
    Value value = {0};
    strip(&text, &length);
    if (length == 0)
        return FALSE;
    if (kind == OBSERVABLE_NONE || kind == OBSERVABLE_DOMAIN || is_address(kind)) {
        value.port = cut_port(text, &length);
        if (value.port > 0 && length > 2 && text[0] == '[' && text[length - 1] == ']') {
            text++;
            length -= 2;
        }
        if (length > 2 && text[0] == '*' && text[1] == '.')
            text += 2, length -= 2;
        else if (length > 1 && text[0] == '.' && text[1] != '.')
            text++, length--;
    }
    value.kind = classify(text, length, kind, &value.canonical);
    if (value.kind == OBSERVABLE_NONE)
        return FALSE;
    if (value.port > 0 && value.kind != OBSERVABLE_IPV4 && value.kind != OBSERVABLE_IPV6 &&
        value.kind != OBSERVABLE_DOMAIN) {
        value_clear(&value);
        return FALSE;
    }
    *ret_value = value;
    return TRUE;
}
