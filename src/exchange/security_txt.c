#include "exchange/security_txt.h"

#include "base/timestamp.h"

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
