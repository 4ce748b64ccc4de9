#include "exchange/security_txt.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/contacts.h"

#define DAY_US (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)

/* What a URI of RFC 6068 or RFC 3966 takes as it is; the rest is percent-encoded. */
static void append_contact(GString *text, const char *scheme, const char *value,
                           const char *allowed)
{
    g_string_append_printf(text, "Contact: %s:", scheme);
    g_string_append_uri_escaped(text, value, allowed, FALSE);
    g_string_append_c(text, '\n');
}

/* "+1 (555) 010-0" as tel: has it. */
static char *dial(const char *phone)
{
    GString *digits = g_string_new(NULL);
    for (; *phone; phone++)
        if (g_ascii_isdigit(*phone) || (*phone == '+' && digits->len == 0) || *phone == '-')
            g_string_append_c(digits, *phone);
    return g_string_free(digits, FALSE);
}

static guint append_contacts(GString *text, const Card *card)
{
    size_t at, count;
    yyjson_val *contact;
    guint written = 0;
    yyjson_arr_foreach (card->contacts, at, count, contact) {
        const char *email = yyjson_get_str(yyjson_obj_get(contact, "email"));
        const char *phone = yyjson_get_str(yyjson_obj_get(contact, "phone"));
        g_autofree char *number = phone ? dial(phone) : NULL;
        if (email)
            append_contact(text, "mailto", email, "@!$'*+");
        if (number)
            append_contact(text, "tel", number, "+");
        written += (email != NULL) + (number != NULL);
    }
    return written;
}

char *security_txt_make(const Card *card, gint64 now)
{
    char time[TIMESTAMP_MAX];
    g_autoptr(GString) text = g_string_new(NULL);
    if (append_contacts(text, card) == 0)
        return NULL;
    /* The same for all of a day. */
    gint64 expires = (now / DAY_US + SECURITY_TXT_DAYS) * DAY_US;
    g_string_append_printf(text, "Expires: %s\n", timestamp_format(time, expires, 0));
    if (card->languages[0]) {
        g_autofree char *languages = g_strjoinv(", ", card->languages);
        g_string_append_printf(text, "Preferred-Languages: %s\n", languages);
    }
    for (guint i = 0; card->endpoints[i]; i++)
        if (g_str_has_prefix(card->endpoints[i], "https:"))
            g_string_append_printf(text, "Canonical: %s/.well-known/security.txt\n",
                                   card->endpoints[i]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* --- those of others ---------------------------------------------------------------------------
 */

static gboolean refuse(GError **error, const char *why)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "security.txt: %s", why);
    return FALSE;
}

/* The value of a line "Field: value", or NULL if it is of another field. */
static const char *field(const char *line, const char *name)
{
    gsize length = strlen(name);
    if (g_str_has_prefix(line, "- "))
        line += 2; /* RFC 9580 section 7.1 */
    if (g_ascii_strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

/* The address of a mailto: URI, RFC 6068. Caller frees; NULL: it is none. */
static char *read_mailto(const char *value)
{
    if (g_ascii_strncasecmp(value, "mailto:", 7) != 0)
        return NULL;
    g_autofree char *encoded = g_strndup(value + 7, strcspn(value + 7, "?# \t"));
    g_autofree char *address = g_uri_unescape_string(encoded, NULL);
    return address ? contacts_canonical(address, CONTACTS_ADDRESS, NULL) : NULL;
}

gboolean security_txt_read(const char *text, gsize length, gint64 now, char **ret_email,
                           char **ret_language, GError **error)
{
    g_autofree char *email = NULL, *language = NULL;
    gint64 expires = 0;
    if (length > SECURITY_TXT_BYTES_MAX || !g_utf8_validate(text, (gssize)length, NULL))
        return refuse(error, "it is too large, or not UTF-8");
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strchomp(lines[i]), *value;
        if (!email && (value = field(line, "Contact")))
            email = read_mailto(value);
        else if (!language && (value = field(line, "Preferred-Languages")))
            language = g_strndup(value, strcspn(value, ", \t"));
        else if ((value = field(line, "Expires")) &&
                 !timestamp_parse_lenient(value, strlen(value), &expires))
            return refuse(error, "nobody can tell when it expires");
    }
    if (expires <= now)
        return refuse(error, expires == 0 ? "it does not say when it expires" : "it has expired");
    if (!email || !strchr(email, '@'))
        return refuse(error, "it has no mail address as a contact");
    *ret_email = g_steal_pointer(&email);
    *ret_language = language && *language ? g_steal_pointer(&language) : NULL;
    return TRUE;
}
