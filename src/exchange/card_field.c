#include "exchange/card_field.h"

#include <string.h>

#include "base/error.h"
#include "exchange/card.h"
#include "ledger/line.h"
#include "stix/observable_address.h"
#include "stix/observable_domain.h"

/* --- kinds of text -----------------------------------------------------------------------------
 */

static char *of_alphabet(const char *text, gsize max, const char *more)
{
    gsize length = strlen(text);
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && !strchr(more, text[i]))
            return NULL;
    return length > 0 && length <= max ? g_strdup(text) : NULL;
}

static char *read_line(const char *text)
{
    if (!*text || strlen(text) > CARD_FIELD_MAX || !g_utf8_validate(text, -1, NULL))
        return NULL;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        GUnicodeType type = g_unichar_type(g_utf8_get_char(at));
        if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
            type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
            return NULL;
    }
    return g_strdup(text);
}

static char *read_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if (g_ascii_isupper(*at))
            return NULL;
    return of_alphabet(text, 100, "-/.");
}

static char *read_domain(const char *text)
{
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    return observable_domain_canonical(text, strlen(text), 1, name) ? g_strdup(name) : NULL;
}

static char *read_prefix(const char *text)
{
    ObservableAddress address;
    char canonical[OBSERVABLE_ADDRESS_MAX];
    if (strlen(text) > CARD_FIELD_MAX || !observable_address_parse(text, strlen(text), &address))
        return NULL;
    observable_address_format(&address, canonical);
    return g_strdup(canonical);
}

/* https; and http to this machine itself, for trials. */
static gboolean scheme_suits(const char *scheme, const char *host)
{
    return g_str_equal(scheme, "https") ||
           (g_str_equal(scheme, "http") &&
            (g_str_has_prefix(host, "127.") || g_str_equal(host, "::1")));
}

static char *read_endpoint(const char *text)
{
    if (strlen(text) > CARD_FIELD_MAX)
        return NULL;
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    if (!uri || g_uri_get_userinfo(uri) || g_uri_get_query(uri) || g_uri_get_fragment(uri) ||
        !g_uri_get_host(uri) || (*g_uri_get_path(uri) && !g_str_equal(g_uri_get_path(uri), "/")))
        return NULL;
    char *host = read_prefix(g_uri_get_host(uri));
    g_autofree char *owned G_GNUC_UNUSED = host ? host : (host = read_domain(g_uri_get_host(uri)));
    const char *scheme = g_uri_get_scheme(uri);
    gint port = g_uri_get_port(uri);
    if (!host || strchr(host, '/') || port == 0 || !scheme_suits(scheme, host))
        return NULL;
    gboolean v6 = strchr(host, ':') != NULL;
    g_autoptr(GString) url = g_string_new(NULL);
    g_string_printf(url, v6 ? "%s://[%s]" : "%s://%s", scheme, host);
    if (port != -1 && port != (g_str_equal(scheme, "https") ? 443 : 80))
        g_string_append_printf(url, ":%d", port);
    return g_string_free(g_steal_pointer(&url), FALSE);
}

static char *read_key(const char *text)
{
    g_autoptr(GBytes) bytes = line_base64(text, strlen(text));
    return bytes && g_bytes_get_size(bytes) == CARD_PARCEL_KEY_SIZE ? g_strdup(text) : NULL;
}

static char *read_pin(const char *text)
{
    g_autofree char *key = g_str_has_prefix(text, "sha256//") ? read_key(text + 8) : NULL;
    return key ? g_strdup(text) : NULL;
}

static char *read_sha256(const char *text)
{
    for (const char *at = text; *at; at++)
        if (!g_ascii_isxdigit(*at) || g_ascii_isupper(*at))
            return NULL;
    return strlen(text) == 64 ? g_strdup(text) : NULL;
}

static char *read_as(const char *text)
{
    const char *digits = text + (g_ascii_strncasecmp(text, "as", 2) == 0 ? 2 : 0);
    guint64 number;
    return g_ascii_string_to_unsigned(digits, 10, 1, G_MAXUINT32, &number, NULL)
               ? g_strdup_printf("%" G_GUINT64_FORMAT, number)
               : NULL;
}

static char *read_language(const char *text)
{
    return of_alphabet(text, 35, "-");
}

static char *read_email(const char *text)
{
    g_autofree char *canonical = observable_normalise(OBSERVABLE_EMAIL, text, strlen(text), NULL);
    return canonical ? read_line(text) : NULL; /* as its owner writes it */
}

static char *read_phone(const char *text)
{
    return of_alphabet(text, 60, " +-().;=");
}

static const struct {
    char *(*read)(const char *text);
    const char *what; /* it should be */
} fields[] = {
    [CARD_FIELD_LINE] = {read_line, "one line of text of at most 500 bytes"},
    [CARD_FIELD_WORD] = {read_word, "a word of a-z, 0-9, \"-\", \"/\" and \".\""},
    [CARD_FIELD_HOST] = {read_domain, "a name as hosts have it, in lower case"},
    [CARD_FIELD_ENDPOINT] = {read_endpoint, "of the form https://HOST[:PORT]"},
    [CARD_FIELD_PIN] = {read_pin, "\"sha256//\" and the base64 of 32 bytes"},
    [CARD_FIELD_KEY] = {read_key, "the base64 of 32 bytes"},
    [CARD_FIELD_SHA256] = {read_sha256, "a SHA-256 of 64 hex digits"},
    [CARD_FIELD_PREFIX] = {read_prefix, "an address or prefix such as 192.0.2.0/24"},
    [CARD_FIELD_AS] = {read_as, "the number of an autonomous system"},
    [CARD_FIELD_DOMAIN] = {read_domain, "a domain name"},
    [CARD_FIELD_LANGUAGE] = {read_language, "a language tag such as en or pt-BR"},
    [CARD_FIELD_EMAIL] = {read_email, "an e-mail address"},
    [CARD_FIELD_PHONE] = {read_phone, "a telephone number"},
};

char *card_field_canonical(CardField field, const char *text)
{
    return fields[field].read(text);
}

const char *card_field_what(CardField field)
{
    return fields[field].what;
}

/* --- members -----------------------------------------------------------------------------------
 */

/* The text of @value, if it is one as cards have it. */
static char *read_value(yyjson_val *value, CardField field)
{
    const char *text = yyjson_get_str(value);
    if (!text || strlen(text) != yyjson_get_len(value))
        return NULL;
    g_autofree char *canonical = fields[field].read(text);
    return canonical && strcmp(canonical, text) == 0 ? g_steal_pointer(&canonical) : NULL;
}

gboolean card_field_text(yyjson_val *object, const char *name, CardField field, gboolean required,
                         char **ret_text, GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!value && !required) {
        *ret_text = NULL;
        return TRUE;
    }
    char *text = read_value(value, field);
    if (text)
        *ret_text = text;
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is not %s", name,
                    fields[field].what);
    return text != NULL;
}

gboolean card_field_list(yyjson_val *object, const char *name, CardField field, gsize max,
                         char ***ret_list, GError **error)
{
    yyjson_val *list = yyjson_obj_get(object, name), *value;
    size_t at, count;
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > max)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is not a list of at most %" G_GSIZE_FORMAT, name, max);
        return FALSE;
    }
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    yyjson_arr_foreach (list, at, count, value) {
        char *text = read_value(value, field);
        if (!text) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s[%zu] is not %s", name, at,
                        fields[field].what);
            return FALSE;
        }
        g_ptr_array_add(texts, text);
        if (!g_hash_table_add(seen, text)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s[%zu] is there twice", name,
                        at);
            return FALSE;
        }
    }
    g_ptr_array_add(texts, NULL);
    *ret_list = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return TRUE;
}

/* --- contacts ----------------------------------------------------------------------------------
 */

static gboolean check_contact(yyjson_val *contact, GError **error)
{
    static const struct {
        const char *name;
        CardField field;
        gboolean required;
    } members[] = {
        {"name", CARD_FIELD_LINE, TRUE},    {"role", CARD_FIELD_LINE, FALSE},
        {"email", CARD_FIELD_EMAIL, FALSE}, {"phone", CARD_FIELD_PHONE, FALSE},
        {"hours", CARD_FIELD_LINE, FALSE},
    };
    g_auto(GStrv) languages = NULL;
    if (!yyjson_is_obj(contact)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is no object with \"name\" and other members");
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *text = NULL;
        if (!card_field_text(contact, members[i].name, members[i].field, members[i].required, &text,
                             error))
            return FALSE;
    }
    return card_field_list(contact, "languages", CARD_FIELD_LANGUAGE, CARD_LANGUAGES_MAX,
                           &languages, error);
}

gboolean card_check_contacts(yyjson_val *contacts, GError **error)
{
    size_t at, count;
    yyjson_val *contact;
    if (!yyjson_is_arr(contacts) || yyjson_arr_size(contacts) > CARD_CONTACTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "contacts: it is no list of at most %d contacts", CARD_CONTACTS_MAX);
        return FALSE;
    }
    yyjson_arr_foreach (contacts, at, count, contact) {
        if (!check_contact(contact, error)) {
            g_prefix_error(error, "contacts[%zu]: ", at);
            return FALSE;
        }
    }
    return TRUE;
}
