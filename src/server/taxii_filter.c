#include "server/taxii_filter.h"

#include <string.h>

#include "base/timestamp.h"

char *taxii_filter_decode(const char *text, gsize length)
{
    g_autofree char *decoded = g_malloc(length + 1);
    gsize filled = 0;
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            if (length - i < 3 || !g_ascii_isxdigit(text[i + 1]) || !g_ascii_isxdigit(text[i + 2]))
                return NULL;
            c = (char)(g_ascii_xdigit_value(text[i + 1]) << 4 | g_ascii_xdigit_value(text[i + 2]));
            i += 2;
        }
        if (c == '\0')
            return NULL;
        decoded[filled++] = c;
    }
    decoded[filled] = '\0';
    return g_utf8_validate(decoded, (gssize)filled, NULL) ? g_steal_pointer(&decoded) : NULL;
}

/* Splits "a,b,c"; no value may be empty or longer than @max_length. */
static char **split_list(const char *name, const char *value, gsize max_length, GError **error)
{
    g_auto(GStrv) list = g_strsplit(value, ",", TAXII_FILTER_MAX_VALUES + 1);
    guint count = 0;
    for (; list[count]; count++) {
        gsize length = strlen(list[count]);
        if (length == 0 || length > max_length) {
            error_input(error, "%s: value %u is %s", name, count + 1,
                        length ? "too long" : "empty");
            return NULL;
        }
    }
    if (count == 0 || count > TAXII_FILTER_MAX_VALUES) {
        error_input(error, count ? "%s: more than %d values" : "%s: no value", name,
                    TAXII_FILTER_MAX_VALUES);
        return NULL;
    }
    return g_steal_pointer(&list);
}

static gboolean read_ids(TaxiiFilter *filter, const char *name, const char *value, GError **error)
{
    return (filter->match.ids = split_list(name, value, OBJECT_MAX_ID, error)) != NULL;
}

static gboolean read_types(TaxiiFilter *filter, const char *name, const char *value, GError **error)
{
    return (filter->match.types = split_list(name, value, OBJECT_MAX_ID, error)) != NULL;
}

/* One of the values of match[version]; each may be given once. */
static gboolean read_one_version(CollectionFilter *match, const char *name, const char *value,
                                 GError **error)
{
    gboolean *keyword = g_str_equal(value, "first")  ? &match->first
                        : g_str_equal(value, "last") ? &match->last
                        : g_str_equal(value, "all")  ? &match->all
                                                     : NULL;
    if (keyword) {
        if (*keyword)
            return error_input(error, "%s: \"%s\" is given twice", name, value);
        return *keyword = TRUE;
    }
    gint64 version;
    if (!timestamp_parse(value, strlen(value), &version, NULL))
        return error_input(error, "%s: \"%s\" is neither first, last, all nor a timestamp", name,
                           value);
    if (!match->versions)
        match->versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < match->versions->len; i++)
        if (g_array_index(match->versions, gint64, i) == version)
            return error_input(error, "%s: \"%s\" is given twice", name, value);
    g_array_append_val(match->versions, version);
    return TRUE;
}

static gboolean read_versions(TaxiiFilter *filter, const char *name, const char *value,
                              GError **error)
{
    g_auto(GStrv) list = split_list(name, value, TIMESTAMP_MAX, error);
    if (!list)
        return FALSE;
    for (guint i = 0; list[i]; i++)
        if (!read_one_version(&filter->match, name, list[i], error))
            return FALSE;
    if (filter->match.all && g_strv_length(list) > 1)
        return error_input(error, "%s: \"all\" stands alone", name);
    return TRUE;
}

static gboolean read_spec_versions(TaxiiFilter *filter, const char *name, const char *value,
                                   GError **error)
{
    g_auto(GStrv) list = split_list(name, value, 8, error);
    if (!list)
        return FALSE;
    for (guint i = 0; list[i]; i++) {
        const char *c = list[i];
        if (!g_ascii_isdigit(*c))
            return error_input(error, "%s: \"%s\" is no version", name, list[i]);
        for (; *c; c++)
            if (!g_ascii_isdigit(*c) && *c != '.')
                return error_input(error, "%s: \"%s\" is no version", name, list[i]);
        if (g_str_equal(list[i], "2.0"))
            filter->match.spec20 = TRUE;
        else if (g_str_equal(list[i], "2.1"))
            filter->match.spec21 = TRUE;
    }
    filter->nothing = !filter->match.spec20 && !filter->match.spec21;
    return TRUE;
}

static gboolean read_added_after(TaxiiFilter *filter, const char *name, const char *value,
                                 GError **error)
{
    if (!timestamp_parse(value, strlen(value), &filter->added_after, NULL))
        return error_input(error,
                           "%s: \"%s\" is not a timestamp such as 2024-05-06T07:08:09.123456Z",
                           name, value);
    return TRUE;
}

static gboolean read_limit(TaxiiFilter *filter, const char *name, const char *value, GError **error)
{
    guint64 limit;
    g_autoptr(GError) why = NULL;
    if (!g_ascii_string_to_unsigned(value, 10, 1, G_MAXINT64, &limit, &why))
        return error_input(error, "%s: \"%s\" is not a positive whole number", name, value);
    filter->limit = (guint)MIN(limit, G_MAXUINT);
    return TRUE;
}

static gboolean read_next(TaxiiFilter *filter, const char *name, const char *value, GError **error)
{
    filter->next = g_strdup(value);
    return TRUE;
}

static const struct {
    const char *name;
    guint part;
    gboolean (*read)(TaxiiFilter *filter, const char *name, const char *value, GError **error);
} parameters[] = {
    {"added_after", TAXII_FILTER_PAGE, read_added_after},
    {"limit", TAXII_FILTER_PAGE, read_limit},
    {"next", TAXII_FILTER_PAGE, read_next},
    {"match[id]", TAXII_FILTER_ID, read_ids},
    {"match[type]", TAXII_FILTER_TYPE, read_types},
    {"match[version]", TAXII_FILTER_VERSION, read_versions},
    {"match[spec_version]", TAXII_FILTER_SPEC_VERSION, read_spec_versions},
};

/* Reads "name=value"; *@seen has a bit for each known parameter that was given. */
static gboolean read_parameter(TaxiiFilter *filter, guint parts, const char *text, gsize length,
                               guint *seen, GError **error)
{
    const char *equals = memchr(text, '=', length);
    gsize name_length = equals ? (gsize)(equals - text) : length;
    g_autofree char *name = taxii_filter_decode(text, name_length);
    if (!name)
        return error_input(error, "a parameter's name is not percent-encoded UTF-8");
    for (guint i = 0; i < G_N_ELEMENTS(parameters); i++) {
        if (!(parameters[i].part & parts) || !g_str_equal(parameters[i].name, name))
            continue;
        if (*seen & 1u << i)
            return error_input(error, "%s: given twice", name);
        *seen |= 1u << i;
        g_autofree char *value =
            equals ? taxii_filter_decode(equals + 1, length - name_length - 1) : g_strdup("");
        if (!value)
            return error_input(error, "%s: not percent-encoded UTF-8", name);
        return parameters[i].read(filter, name, value, error);
    }
    return TRUE;
}

gboolean taxii_filter_parse(const char *query, guint parts, TaxiiFilter *ret_filter, GError **error)
{
    g_auto(TaxiiFilter) filter = {.added_after = G_MININT64};
    guint seen = 0;
    while (query && *query) {
        gsize length = strcspn(query, "&");
        if (length > 0 && !read_parameter(&filter, parts, query, length, &seen, error))
            return FALSE;
        query += length + (query[length] == '&');
    }
    *ret_filter = filter;
    filter = (TaxiiFilter){0};
    return TRUE;
}

void taxii_filter_clear(TaxiiFilter *filter)
{
    g_strfreev(filter->match.ids);
    g_strfreev(filter->match.types);
    g_clear_pointer(&filter->match.versions, g_array_unref);
    g_free(filter->next);
    *filter = (TaxiiFilter){0};
}

/* The token: format, after, until (big endian), 8 bytes of the filter's digest, and 4 bytes of the
 * digest of all that, which tells a mistyped or foreign token from one of ours. */
#define NEXT_FORMAT  1
#define FILTER_BYTES 8
#define CHECK_BYTES  4
#define NEXT_BYTES   (1 + 8 + 8 + FILTER_BYTES + CHECK_BYTES)

/* The end of the year 9999 in microseconds: no date_added is later. */
#define LATEST G_GINT64_CONSTANT(253402300799999999)

static void append_list(GString *text, char **list)
{
    for (guint i = 0; list && list[i]; i++)
        g_string_append_printf(text, "%s,", list[i]);
    g_string_append_c(text, '\n');
}

static void filter_digest(const TaxiiFilter *filter, const char *collection,
                          guint8 ret_digest[SHA256_SIZE])
{
    const CollectionFilter *match = &filter->match;
    g_autoptr(GString) text = g_string_new(collection);
    g_string_append_c(text, '\n');
    append_list(text, match->ids);
    append_list(text, match->types);
    g_string_append_printf(text, "%d%d%d%d%d%d\n%" G_GINT64_FORMAT "\n", match->spec20,
                           match->spec21, match->first, match->last, match->all, filter->nothing,
                           filter->added_after);
    for (guint i = 0; match->versions && i < match->versions->len; i++)
        g_string_append_printf(text, "%" G_GINT64_FORMAT ",",
                               g_array_index(match->versions, gint64, i));
    sha256_digest(text->str, text->len, ret_digest);
}

char *taxii_filter_next(const TaxiiFilter *filter, const char *collection, gint64 after,
                        gint64 until)
{
    guint8 digest[SHA256_SIZE], token[NEXT_BYTES] = {NEXT_FORMAT};
    gint64 positions[2] = {GINT64_TO_BE(after), GINT64_TO_BE(until)};
    filter_digest(filter, collection, digest);
    memcpy(token + 1, positions, sizeof positions);
    memcpy(token + 1 + sizeof positions, digest, FILTER_BYTES);
    sha256_digest(token, NEXT_BYTES - CHECK_BYTES, digest);
    memcpy(token + NEXT_BYTES - CHECK_BYTES, digest, CHECK_BYTES);
    char *text = g_base64_encode(token, sizeof token);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

/* Undoes taxii_filter_next()'s text; FALSE when it is no token of ours. */
static gboolean next_bytes(const char *text, guint8 ret_token[NEXT_BYTES])
{
    gsize length = strlen(text), decoded;
    if (length != (NEXT_BYTES * 8 + 5) / 6 || strpbrk(text, "+/="))
        return FALSE;
    g_autofree char *padded = g_strconcat(text, &"===="[4 - (4 - length % 4) % 4], NULL);
    g_strdelimit(padded, "-", '+');
    g_strdelimit(padded, "_", '/');
    g_autofree guint8 *bytes = g_base64_decode(padded, &decoded);
    guint8 digest[SHA256_SIZE];
    if (decoded != NEXT_BYTES || bytes[0] != NEXT_FORMAT)
        return FALSE;
    sha256_digest(bytes, NEXT_BYTES - CHECK_BYTES, digest);
    if (memcmp(bytes + NEXT_BYTES - CHECK_BYTES, digest, CHECK_BYTES) != 0)
        return FALSE;
    memcpy(ret_token, bytes, NEXT_BYTES);
    return TRUE;
}

gboolean taxii_filter_position(const TaxiiFilter *filter, const char *collection, gint64 *ret_after,
                               gint64 *ret_until, GError **error)
{
    if (!filter->next) {
        *ret_after = filter->added_after;
        *ret_until = G_MAXINT64;
        return TRUE;
    }
    guint8 token[NEXT_BYTES], digest[SHA256_SIZE];
    if (!next_bytes(filter->next, token))
        return error_input(error, "next: this server did not make it");
    gint64 positions[2];
    filter_digest(filter, collection, digest);
    if (memcmp(token + 1 + sizeof positions, digest, FILTER_BYTES) != 0)
        return error_input(error,
                           "next: made for another collection or other filters; pass it with "
                           "the parameters of the request that gave it");
    memcpy(positions, token + 1, sizeof positions);
    gint64 after = GINT64_FROM_BE(positions[0]), until = GINT64_FROM_BE(positions[1]);
    if (after < 0 || after > LATEST || until < after || until > LATEST)
        return error_input(error, "next: this server did not make it");
    *ret_after = after;
    *ret_until = until;
    return TRUE;
}
