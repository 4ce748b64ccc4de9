#include "stix/identifier.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "base/canonjson.h"

gsize identifier_type_length(const char *text, gsize length)
{
    for (const char *at = text; (at = memchr(at, '-', length - (gsize)(at - text))); at++)
        if (at + 1 < text + length && at[1] == '-')
            return at + 2 < text + length ? (gsize)(at - text) : 0;
    return 0;
}

static const guint8 is_hex[256] = {['0' ... '9'] = 1, ['a' ... 'f'] = 1, ['A' ... 'F'] = 1};

gboolean identifier_is_uuid(const char *text, gsize length, guint *ret_version)
{
    if (length != IDENTIFIER_UUID_LENGTH || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
        text[23] != '-')
        return FALSE;
    guint digits = 0;
    for (gsize i = 0; i < IDENTIFIER_UUID_LENGTH; i++)
        digits += is_hex[(guchar)text[i]];
    if (digits != 32 || text[14] < '1' || text[14] > '5' || !strchr("89abAB", text[19]))
        return FALSE;
    if (ret_version)
        *ret_version = (guint)(text[14] - '0');
    return TRUE;
}

/* The 16 bytes of a UUID in text; FALSE when it is none. */
static gboolean parse_uuid(const char *text, guint8 ret_bytes[16])
{
    guint count = 0;
    for (; *text && count < 32; text++) {
        int digit = g_ascii_xdigit_value(*text);
        if (digit < 0 && *text != '-')
            return FALSE;
        if (digit < 0)
            continue;
        ret_bytes[count / 2] = (guint8)(count % 2 ? ret_bytes[count / 2] << 4 | digit : digit);
        count++;
    }
    return count == 32 && *text == '\0';
}

void identifier_format_uuid(char text[IDENTIFIER_UUID_LENGTH + 1], const guint8 uuid[16])
{
    static const char hex[] = "0123456789abcdef";
    for (guint i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = hex[uuid[i] >> 4];
        *text++ = hex[uuid[i] & 15];
    }
    *text = '\0';
}

/* A thread's, since to begin a digest costs as much as to make a short one. */
static void end_sha1(gpointer handle)
{
    gnutls_hash_deinit(handle, NULL);
}

static gnutls_hash_hd_t thread_sha1(void)
{
    static GPrivate private = G_PRIVATE_INIT(end_sha1);
    gnutls_hash_hd_t sha1 = g_private_get(&private);
    if (sha1)
        return sha1;
    if (gnutls_hash_init(&sha1, GNUTLS_DIG_SHA1) < 0)
        g_error("SHA-1 is not available in GnuTLS"); /* FIPS state error: nothing can go on */
    g_private_set(&private, sha1);
    return sha1;
}

void identifier_hash_v5(const guint8 space[16], const char *name, gsize length, guint8 ret_uuid[16])
{
    gnutls_hash_hd_t sha1 = thread_sha1();
    guint8 digest[20];

    gnutls_hash(sha1, space, 16);
    gnutls_hash(sha1, name, length);
    gnutls_hash_output(sha1, digest);                /* which begins the next one */
    digest[6] = (guint8)((digest[6] & 0x0f) | 0x50); /* version 5 */
    digest[8] = (guint8)((digest[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
    memcpy(ret_uuid, digest, 16);
}

char *identifier_make_v5(const char *type, const char *namespace_uuid, const char *name,
                         gsize length)
{
    guint8 space[16], digest[16];
    gboolean is_uuid = parse_uuid(namespace_uuid, space);
    g_return_val_if_fail(is_uuid, NULL);

    identifier_hash_v5(space, name, length, digest);
    gsize type_length = strlen(type);
    char *id = g_malloc(type_length + 2 + IDENTIFIER_UUID_LENGTH + 1);
    memcpy(id, type, type_length);
    memcpy(id + type_length, "--", 2);
    identifier_format_uuid(id + type_length + 2, digest);
    return id;
}

/* The ID Contributing Properties of STIX 2.1 section 6, sorted as canonical JSON sorts them. */
static const struct {
    const char *type;
    const char *properties[9];
} contributing[] = {
    {"artifact", {"hashes", "payload_bin"}},
    {"autonomous-system", {"number"}},
    {"directory", {"path"}},
    {"domain-name", {"value"}},
    {"email-addr", {"value"}},
    {"email-message", {"body", "from_ref", "subject"}},
    {"file", {"extensions", "hashes", "name", "parent_directory_ref"}},
    {"ipv4-addr", {"value"}},
    {"ipv6-addr", {"value"}},
    {"mac-addr", {"value"}},
    {"mutex", {"name"}},
    {"network-traffic",
     {"dst_port", "dst_ref", "end", "extensions", "protocols", "src_port", "src_ref", "start"}},
    {"software", {"cpe", "name", "swid", "vendor", "version"}},
    {"url", {"value"}},
    {"user-account", {"account_login", "account_type", "user_id"}},
    {"windows-registry-key", {"key", "values"}},
    {"x509-certificate", {"hashes", "serial_number"}},
};

/* Of several hashes one contributes (section 6.1 and others): the first of these that is present,
 * else the first in canonical order. */
static gboolean append_one_hash(GString *out, yyjson_val *hashes, GError **error)
{
    static const char *const preferred[] = {"MD5", "SHA-1", "SHA-256", "SHA-512"};
    yyjson_val *chosen_key = NULL;
    size_t at, size;
    yyjson_val *key, *value;
    guint best = G_N_ELEMENTS(preferred) + 1;
    yyjson_obj_foreach (hashes, at, size, key, value) {
        guint rank = 0;
        while (rank < G_N_ELEMENTS(preferred) && !yyjson_equals_str(key, preferred[rank]))
            rank++;
        if (rank < best ||
            (rank == best &&
             canonjson_compare_keys(yyjson_get_str(key), yyjson_get_len(key),
                                    yyjson_get_str(chosen_key), yyjson_get_len(chosen_key)) < 0)) {
            best = rank;
            chosen_key = key;
        }
    }
    if (!chosen_key)
        return canonjson_append(out, hashes, error);
    g_string_append_c(out, '{');
    canonjson_append_string(out, yyjson_get_str(chosen_key), yyjson_get_len(chosen_key));
    g_string_append_c(out, ':');
    gboolean fine = canonjson_append(out, yyjson_obj_iter_get_val(chosen_key), error);
    g_string_append_c(out, '}');
    return fine;
}

char *identifier_of_observable(yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "type");
    guint row = 0;
    while (row < G_N_ELEMENTS(contributing) && !yyjson_equals_str(type, contributing[row].type))
        row++;
    if (row == G_N_ELEMENTS(contributing))
        return NULL;

    g_autoptr(GString) name = g_string_sized_new(256);
    for (const char *const *property = contributing[row].properties; *property; property++) {
        yyjson_val *value = yyjson_obj_get(object, *property);
        if (!value)
            continue;
        g_string_append_c(name, name->len == 0 ? '{' : ',');
        canonjson_append_string(name, *property, strlen(*property));
        g_string_append_c(name, ':');
        gboolean fine = strcmp(*property, "hashes") == 0 && yyjson_is_obj(value)
                            ? append_one_hash(name, value, NULL)
                            : canonjson_append(name, value, NULL);
        if (!fine)
            return NULL;
    }
    if (name->len == 0)
        return NULL;
    g_string_append_c(name, '}');
    return identifier_make_v5(contributing[row].type, IDENTIFIER_NAMESPACE_STIX, name->str,
                              name->len);
}
