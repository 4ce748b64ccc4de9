#include "intake/columns.h"

#include <string.h>

static const char *const role_names[] = {
    [COLUMNS_VALUE] = "value",
    [COLUMNS_TYPE] = "type",
    [COLUMNS_PORT] = "port",
    [COLUMNS_NAME] = "name",
    [COLUMNS_COMMENT] = "comment",
    [COLUMNS_FIRST_SEEN] = "first_seen",
    [COLUMNS_LAST_SEEN] = "last_seen",
    [COLUMNS_VALID_UNTIL] = "valid_until",
    [COLUMNS_CONFIDENCE] = "confidence",
    [COLUMNS_TLP] = "tlp",
    [COLUMNS_TAGS] = "tags",
    [COLUMNS_REFERENCE] = "reference",
};

/* Names that columns have in feeds in use, in lower case with letters and digits alone. */
static const struct {
    const char *name;
    ColumnsRole role;
    ObservableKind kind;
} known_names[] = {
    {"value", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"ioc", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"iocvalue", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"indicator", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"indicatorvalue", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"observable", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"observablevalue", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"artifact", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"ip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"ips", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"ipv4", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"ipv6", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"ipaddress", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"ipaddr", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"address", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"dstip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"destinationip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"srcip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"sourceip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"attackerip", COLUMNS_VALUE, OBSERVABLE_IPV4},
    {"cidr", COLUMNS_VALUE, OBSERVABLE_CIDR},
    {"network", COLUMNS_VALUE, OBSERVABLE_CIDR},
    {"netblock", COLUMNS_VALUE, OBSERVABLE_CIDR},
    {"subnet", COLUMNS_VALUE, OBSERVABLE_CIDR},
    {"prefix", COLUMNS_VALUE, OBSERVABLE_CIDR},
    {"domain", COLUMNS_VALUE, OBSERVABLE_DOMAIN},
    {"domains", COLUMNS_VALUE, OBSERVABLE_DOMAIN},
    {"domainname", COLUMNS_VALUE, OBSERVABLE_DOMAIN},
    {"fqdn", COLUMNS_VALUE, OBSERVABLE_DOMAIN},
    {"hostname", COLUMNS_VALUE, OBSERVABLE_DOMAIN},
    {"host", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"url", COLUMNS_VALUE, OBSERVABLE_URL},
    {"urls", COLUMNS_VALUE, OBSERVABLE_URL},
    {"uri", COLUMNS_VALUE, OBSERVABLE_URL},
    {"email", COLUMNS_VALUE, OBSERVABLE_EMAIL},
    {"emailaddress", COLUMNS_VALUE, OBSERVABLE_EMAIL},
    {"hash", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"filehash", COLUMNS_VALUE, OBSERVABLE_NONE},
    {"md5", COLUMNS_VALUE, OBSERVABLE_MD5},
    {"md5hash", COLUMNS_VALUE, OBSERVABLE_MD5},
    {"sha1", COLUMNS_VALUE, OBSERVABLE_SHA1},
    {"sha1hash", COLUMNS_VALUE, OBSERVABLE_SHA1},
    {"sha256", COLUMNS_VALUE, OBSERVABLE_SHA256},
    {"sha256hash", COLUMNS_VALUE, OBSERVABLE_SHA256},
    {"sha512", COLUMNS_VALUE, OBSERVABLE_SHA512},
    {"sha512hash", COLUMNS_VALUE, OBSERVABLE_SHA512},
    {"ja3", COLUMNS_VALUE, OBSERVABLE_JA3},
    {"ja3md5", COLUMNS_VALUE, OBSERVABLE_JA3},
    {"ja3fingerprint", COLUMNS_VALUE, OBSERVABLE_JA3},
    {"ja4", COLUMNS_VALUE, OBSERVABLE_JA4},
    {"type", COLUMNS_TYPE, OBSERVABLE_NONE},
    {"ioctype", COLUMNS_TYPE, OBSERVABLE_NONE},
    {"indicatortype", COLUMNS_TYPE, OBSERVABLE_NONE},
    {"observabletype", COLUMNS_TYPE, OBSERVABLE_NONE},
    {"port", COLUMNS_PORT, OBSERVABLE_NONE},
    {"dstport", COLUMNS_PORT, OBSERVABLE_NONE},
    {"destinationport", COLUMNS_PORT, OBSERVABLE_NONE},
    {"name", COLUMNS_NAME, OBSERVABLE_NONE},
    {"title", COLUMNS_NAME, OBSERVABLE_NONE},
    {"comment", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"comments", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"description", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"note", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"notes", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"threat", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"threattype", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"listingreason", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"malware", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"malwareprintable", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"malwarefamily", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"family", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"signature", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"category", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"filename", COLUMNS_COMMENT, OBSERVABLE_NONE},
    {"firstseen", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"firstseenutc", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"dateadded", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"listingdate", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"created", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"validfrom", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"date", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"timestamp", COLUMNS_FIRST_SEEN, OBSERVABLE_NONE},
    {"lastseen", COLUMNS_LAST_SEEN, OBSERVABLE_NONE},
    {"lastseenutc", COLUMNS_LAST_SEEN, OBSERVABLE_NONE},
    {"lastonline", COLUMNS_LAST_SEEN, OBSERVABLE_NONE},
    {"modified", COLUMNS_LAST_SEEN, OBSERVABLE_NONE},
    {"updated", COLUMNS_LAST_SEEN, OBSERVABLE_NONE},
    {"validuntil", COLUMNS_VALID_UNTIL, OBSERVABLE_NONE},
    {"expires", COLUMNS_VALID_UNTIL, OBSERVABLE_NONE},
    {"expiration", COLUMNS_VALID_UNTIL, OBSERVABLE_NONE},
    {"confidence", COLUMNS_CONFIDENCE, OBSERVABLE_NONE},
    {"confidencelevel", COLUMNS_CONFIDENCE, OBSERVABLE_NONE},
    {"tlp", COLUMNS_TLP, OBSERVABLE_NONE},
    {"tags", COLUMNS_TAGS, OBSERVABLE_NONE},
    {"tag", COLUMNS_TAGS, OBSERVABLE_NONE},
    {"labels", COLUMNS_TAGS, OBSERVABLE_NONE},
    {"reference", COLUMNS_REFERENCE, OBSERVABLE_NONE},
    {"references", COLUMNS_REFERENCE, OBSERVABLE_NONE},
    {"link", COLUMNS_REFERENCE, OBSERVABLE_NONE},
    {"urlhauslink", COLUMNS_REFERENCE, OBSERVABLE_NONE},
};

/* What a type column says, besides the names above and those of observable_kind_name(). */
static const struct {
    const char *name;
    ObservableKind kind;
} known_types[] = {
    {"ipport", OBSERVABLE_IPV4},       {"ipv4addr", OBSERVABLE_IPV4},
    {"ipv6addr", OBSERVABLE_IPV6},     {"ipsrc", OBSERVABLE_IPV4},
    {"ipdst", OBSERVABLE_IPV4},        {"addr", OBSERVABLE_IPV4},
    {"emailaddr", OBSERVABLE_EMAIL},   {"emailsrc", OBSERVABLE_EMAIL},
    {"emaildst", OBSERVABLE_EMAIL},    {"filehashmd5", OBSERVABLE_MD5},
    {"filehashsha1", OBSERVABLE_SHA1}, {"filehashsha256", OBSERVABLE_SHA256},
    {"filemd5", OBSERVABLE_MD5},       {"filesha1", OBSERVABLE_SHA1},
    {"filesha256", OBSERVABLE_SHA256}, {"ja3fingerprintmd5", OBSERVABLE_JA3},
    {"domainip", OBSERVABLE_NONE},
};

const char *columns_role_name(ColumnsRole role)
{
    return role_names[role];
}

/* @name in lower case, letters and digits alone. */
static void plain_name(const char *name, char plain[64])
{
    gsize length = 0;
    for (; *name && length < 63; name++)
        if (g_ascii_isalnum(*name))
            plain[length++] = g_ascii_tolower(*name);
    plain[length] = '\0';
}

static Column column_of_name(const char *name)
{
    char plain[64];
    plain_name(name, plain);
    for (gsize i = 0; i < G_N_ELEMENTS(known_names); i++)
        if (strcmp(plain, known_names[i].name) == 0)
            return (Column){known_names[i].role, known_names[i].kind};
    return (Column){COLUMNS_NONE, OBSERVABLE_NONE};
}

ObservableKind columns_kind(const char *text)
{
    char plain[64];
    plain_name(text, plain);
    ObservableKind kind = observable_kind_from_name(plain);
    if (kind != OBSERVABLE_NONE)
        return kind;
    for (gsize i = 0; i < G_N_ELEMENTS(known_types); i++)
        if (strcmp(plain, known_types[i].name) == 0)
            return known_types[i].kind;
    return column_of_name(text).kind;
}

GArray *columns_from_header(const GArray *fields)
{
    GArray *columns = g_array_sized_new(FALSE, TRUE, sizeof(Column), fields->len);
    for (guint i = 0; i < fields->len; i++) {
        Column column = column_of_name(g_array_index(fields, RecordField, i).text);
        g_array_append_val(columns, column);
    }
    return columns;
}

gboolean columns_have_value(const GArray *columns)
{
    for (guint i = 0; i < columns->len; i++)
        if (g_array_index(columns, Column, i).role == COLUMNS_VALUE)
            return TRUE;
    return FALSE;
}

/* The role, or the kind of value, that an option's text names. */
static Column column_of_role(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(role_names); i++)
        if (role_names[i] && strcmp(role_names[i], name) == 0)
            return (Column){(ColumnsRole)i, OBSERVABLE_NONE};
    ObservableKind kind = observable_kind_from_name(name);
    return (Column){kind == OBSERVABLE_NONE ? COLUMNS_NONE : COLUMNS_VALUE, kind};
}

/* The column, from 0, that @text names by number or by its name in @header. */
static gboolean find_column(const char *text, const GArray *header, guint count, guint *ret_column,
                            gboolean *ret_named)
{
    guint64 number;
    if (g_ascii_string_to_unsigned(text, 10, 1, MAX(count, 1), &number, NULL)) {
        *ret_column = (guint)number - 1;
        return TRUE;
    }
    for (guint i = 0; header && i < header->len; i++) {
        g_autofree char *name = g_strdup(g_array_index(header, RecordField, i).text);
        if (g_ascii_strcasecmp(g_strstrip(name), text) == 0) {
            *ret_column = i;
            *ret_named = TRUE;
            return TRUE;
        }
    }
    return FALSE;
}

GArray *columns_from_text(const char *text, const GArray *header, guint count, gboolean *ret_named,
                          GError **error)
{
    g_autoptr(GArray) columns = g_array_sized_new(FALSE, TRUE, sizeof(Column), count);
    gboolean named = FALSE;
    g_array_set_size(columns, count);
    g_auto(GStrv) parts = g_strsplit(text, ",", RECORD_MAX_FIELDS);
    for (guint i = 0; parts[i]; i++) {
        char *equals = strchr(parts[i], '=');
        if (equals)
            *equals = '\0';
        Column column = column_of_role(g_strstrip(parts[i]));
        guint at = 0;
        if (!equals || column.role == COLUMNS_NONE) {
            g_set_error(
                error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "column mapping: \"%s\" is no role: value, type, port, name, comment, "
                "first_seen, last_seen, valid_until, confidence, tlp, tags, reference, or a "
                "kind of value (ipv4, domain, url, sha256, ...), and \"=\" and a column",
                parts[i]);
            return NULL;
        }
        if (!find_column(g_strstrip(equals + 1), header, count, &at, &named)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "column mapping: there is no column \"%s\" (there are %u)", equals + 1,
                        count);
            return NULL;
        }
        g_array_index(columns, Column, at) = column;
    }
    if (!columns_have_value(columns)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "column mapping: no column is named as value");
        return NULL;
    }
    *ret_named = named;
    return g_steal_pointer(&columns);
}
