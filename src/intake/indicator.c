#include "intake/indicator.h"

#include <string.h>

#include "base/timestamp.h"
#include "policy/marking.h"
#include "stix/identifier.h"

/* The UUID namespace of the indicators Concert makes: UUIDv5 of the URL "urn:concert:indicator".
 * docs/intake.md publishes it. */
const guint8 indicator_namespace[16] = {0x32, 0xae, 0xde, 0xeb, 0x23, 0x4f, 0x5c, 0x4b,
                                        0xb6, 0x85, 0x25, 0x4b, 0xa7, 0x4d, 0xb7, 0x65};

#define ID_PREFIX "indicator--"

/* What an id is made of is mostly shorter than this; so much of it are separators, the longest
 * kind, the port and a NUL. */
#define ID_NAME_SIZE 512
#define ID_NAME_MORE 32
#define ID_PORT_SIZE 12

/* Room for a name of a value with a port. */
#define NAME_SIZE (OBSERVABLE_MAX_LENGTH + 16)

/* How a pattern names a value of each kind. */
typedef struct {
    const char *path;
    const char *operator;
    const char *endpoint; /* object type for network-traffic:dst_ref; NULL: has no ports */
} IndicatorPath;

static const IndicatorPath indicator_paths[] = {
    [OBSERVABLE_IPV4] = {"ipv4-addr:value", "=", "ipv4-addr"},
    [OBSERVABLE_IPV6] = {"ipv6-addr:value", "=", "ipv6-addr"},
    [OBSERVABLE_CIDR] = {"ipv4-addr:value", "ISSUBSET", NULL},
    [OBSERVABLE_DOMAIN] = {"domain-name:value", "=", "domain-name"},
    [OBSERVABLE_URL] = {"url:value", "=", NULL},
    [OBSERVABLE_MD5] = {"file:hashes.MD5", "=", NULL},
    [OBSERVABLE_SHA1] = {"file:hashes.'SHA-1'", "=", NULL},
    [OBSERVABLE_SHA256] = {"file:hashes.'SHA-256'", "=", NULL},
    [OBSERVABLE_SHA512] = {"file:hashes.'SHA-512'", "=", NULL},
    [OBSERVABLE_EMAIL] = {"email-addr:value", "=", NULL},
    [OBSERVABLE_JA3] = {"network-traffic:x_tls.ja3", "=", NULL},
    [OBSERVABLE_JA4] = {"network-traffic:x_tls.ja4", "=", NULL},
};

static const IndicatorPath indicator_path_cidr6 = {"ipv6-addr:value", "ISSUBSET", NULL};

static const IndicatorPath *indicator_path(ObservableKind kind, const char *canonical)
{
    if (kind == OBSERVABLE_CIDR && strchr(canonical, ':'))
        return &indicator_path_cidr6;
    if ((gsize)kind >= G_N_ELEMENTS(indicator_paths) || !indicator_paths[kind].path)
        return NULL;
    return &indicator_paths[kind];
}

/* A string literal of the pattern language (STIX 2.1 section 9.2): quote and backslash escaped. */
static void append_literal(GString *pattern, const char *text)
{
    g_string_append_c(pattern, '\'');
    for (gsize plain; *text; text += plain) {
        plain = strcspn(text, "'\\");
        g_string_append_len(pattern, text, (gssize)plain);
        if (text[plain]) {
            g_string_append_c(pattern, '\\');
            g_string_append_c(pattern, text[plain++]);
        }
    }
    g_string_append_c(pattern, '\'');
}

static gboolean append_pattern(GString *pattern, ObservableKind kind, const char *canonical,
                               guint port)
{
    const IndicatorPath *path = indicator_path(kind, canonical);
    if (!path || (port > 0 && (port > 65535 || !path->endpoint)))
        return FALSE;
    if (port == 0) {
        g_string_append_c(pattern, '[');
        g_string_append(pattern, path->path);
        g_string_append_c(pattern, ' ');
        g_string_append(pattern, path->operator);
        g_string_append_c(pattern, ' ');
        append_literal(pattern, canonical);
    } else {
        g_string_append(pattern, "[network-traffic:dst_ref.type = '");
        g_string_append(pattern, path->endpoint);
        g_string_append(pattern, "' AND network-traffic:dst_ref.value = ");
        append_literal(pattern, canonical);
        g_string_append_printf(pattern, " AND network-traffic:dst_port = %u", port);
    }
    g_string_append_c(pattern, ']');
    return TRUE;
}

char *indicator_port_pattern(ObservableKind kind, const char *canonical, guint port)
{
    g_autoptr(GString) pattern = g_string_sized_new(128);
    if (!append_pattern(pattern, kind, canonical, port))
        return NULL;
    return g_string_free(g_steal_pointer(&pattern), FALSE);
}

char *indicator_pattern(ObservableKind kind, const char *canonical)
{
    return indicator_port_pattern(kind, canonical, 0);
}

gsize indicator_id_name(char *buffer, gsize size, const char *source, ObservableKind kind,
                        const char *canonical, guint port)
{
    const char *kind_name = observable_kind_name(kind);

    if (!source)
        source = "";
    if (strlen(source) + strlen(canonical) + ID_NAME_MORE > size)
        return 0;
    char *end = g_stpcpy(buffer, source);
    *end++ = '\n';
    end = g_stpcpy(end, kind_name ? kind_name : "");
    *end++ = '\n';
    end = g_stpcpy(end, canonical);
    if (port > 0)
        end += g_snprintf(end, ID_PORT_SIZE, "\n%u", port);
    return (gsize)(end - buffer);
}

const char *indicator_id(char buffer[INDICATOR_ID_SIZE], const char *source, ObservableKind kind,
                         const char *canonical, guint port)
{
    char usual[ID_NAME_SIZE], *name = usual;
    g_autofree char *longer = NULL;
    guint8 uuid[16];

    gsize length = indicator_id_name(usual, sizeof(usual), source, kind, canonical, port);
    if (length == 0) {
        gsize size = (source ? strlen(source) : 0) + strlen(canonical) + ID_NAME_MORE;
        name = longer = g_malloc(size);
        length = indicator_id_name(name, size, source, kind, canonical, port);
    }
    identifier_hash_v5(indicator_namespace, name, length, uuid);
    memcpy(buffer, ID_PREFIX, strlen(ID_PREFIX));
    identifier_format_uuid(buffer + strlen(ID_PREFIX), uuid);
    return buffer;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void append_escaped(GString *json, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        if (c == '"' || c == '\\') {
            g_string_append_c(json, '\\');
            g_string_append_c(json, (char)c);
        } else if (c < 0x20) {
            g_string_append_printf(json, "\\u%04x", c);
        } else {
            g_string_append_c(json, (char)c);
        }
    }
}

void indicator_append_string(GString *json, const char *text, gsize length)
{
    gsize plain = 0;
    while (plain < length && (guchar)text[plain] >= 0x20 && (guchar)text[plain] < 0x80 &&
           text[plain] != '"' && text[plain] != '\\')
        plain++;
    g_string_append_c(json, '"');
    g_string_append_len(json, text, (gssize)plain);
    if (plain < length) {
        g_autofree char *valid = g_utf8_make_valid(text + plain, (gssize)(length - plain));
        append_escaped(json, valid, strlen(valid));
    }
    g_string_append_c(json, '"');
}

/* Appends ,"key":"text". */
static void append_member(GString *json, const char *key, const char *text)
{
    g_string_append(json, ",\"");
    g_string_append(json, key);
    g_string_append(json, "\":");
    indicator_append_string(json, text, strlen(text));
}

static void append_member_list(GString *json, const char *key, const char *const *texts)
{
    if (!texts || !texts[0])
        return;
    g_string_append(json, ",\"");
    g_string_append(json, key);
    g_string_append(json, "\":[");
    for (gsize i = 0; texts[i]; i++) {
        if (i > 0)
            g_string_append_c(json, ',');
        indicator_append_string(json, texts[i], strlen(texts[i]));
    }
    g_string_append_c(json, ']');
}

/* The times of an indicator as text. They are mostly one and the same, and formatting them would
 * cost more than all the rest of a list's line. */
typedef struct {
    char created[TIMESTAMP_MAX], other[TIMESTAMP_MAX];
    const char *modified, *valid_from;
} Times;

static void format_times(Times *times, const Indicator *indicator)
{
    gint64 modified = MAX(indicator->modified, indicator->created);
    timestamp_format(times->created, indicator->created, 3);
    times->modified = times->valid_from = times->created;
    if (modified != indicator->created)
        times->modified = timestamp_format(times->other, modified, 3);
    if (indicator->valid_from == modified)
        times->valid_from = times->modified;
    else if (indicator->valid_from != indicator->created)
        times->valid_from = NULL; /* formatted when its turn comes */
}

static void append_validity(GString *json, Times *times, const Indicator *indicator)
{
    if (!times->valid_from)
        times->valid_from = timestamp_format(times->other, indicator->valid_from, 3);
    append_member(json, "valid_from", times->valid_from);
    if (indicator->valid_until != 0 && indicator->valid_until > indicator->valid_from)
        append_member(json, "valid_until",
                      timestamp_format(times->other, indicator->valid_until, 3));
}

const char *indicator_port_name(char *buffer, gsize size, const Indicator *indicator)
{
    gboolean brackets = indicator->kind == OBSERVABLE_IPV6;
    g_snprintf(buffer, size, brackets ? "[%s]:%u" : "%s:%u", indicator->value, indicator->port);
    return buffer;
}

static void append_name(GString *json, const Indicator *indicator)
{
    char name[NAME_SIZE];
    if (indicator->name) {
        append_member(json, "name", indicator->name);
    } else if (indicator->value && indicator->port > 0) {
        append_member(json, "name", indicator_port_name(name, sizeof(name), indicator));
    } else if (indicator->value) {
        append_member(json, "name", indicator->value);
    }
}

static void append_reference(GString *json, const Indicator *indicator)
{
    const char *source = indicator->source && *indicator->source ? indicator->source : "source";
    g_string_append(json, ",\"external_references\":[{\"source_name\":");
    indicator_append_string(json, source, strlen(source));
    append_member(json, "url", indicator->reference);
    g_string_append(json, "}]");
}

gboolean indicator_write(const Indicator *indicator, GString *json)
{
    g_autoptr(GString) made = NULL;
    const char *pattern = indicator->pattern;
    if (!pattern) {
        made = g_string_sized_new(128);
        if (!indicator->value ||
            !append_pattern(made, indicator->kind, indicator->value, indicator->port))
            return FALSE;
        pattern = made->str;
    }
    char id[INDICATOR_ID_SIZE];
    Times times;
    g_string_append(json, "{\"type\":\"indicator\",\"spec_version\":\"2.1\"");
    append_member(json, "id",
                  indicator->id ? indicator->id
                                : indicator_id(id, indicator->source, indicator->kind,
                                               indicator->value ? indicator->value : pattern,
                                               indicator->port));
    if (indicator->created_by_ref)
        append_member(json, "created_by_ref", indicator->created_by_ref);
    format_times(&times, indicator);
    append_member(json, "created", times.created);
    append_member(json, "modified", times.modified);
    append_name(json, indicator);
    if (indicator->description && *indicator->description)
        append_member(json, "description", indicator->description);
    append_member_list(json, "indicator_types", indicator->indicator_types);
    append_member(json, "pattern", pattern);
    g_string_append(json, ",\"pattern_type\":\"stix\"");
    append_validity(json, &times, indicator);
    append_member_list(json, "labels", indicator->labels);
    if (indicator->confidence >= 0)
        g_string_append_printf(json, ",\"confidence\":%d", MIN(indicator->confidence, 100));
    if (indicator->reference && *indicator->reference)
        append_reference(json, indicator);
    append_member_list(json, "object_marking_refs", indicator->marking_refs);
    if (indicator->members && *indicator->members) {
        g_string_append_c(json, ',');
        g_string_append(json, indicator->members);
    }
    g_string_append_c(json, '}');
    return TRUE;
}

/* --- TLP 2.0 --------------------------------------------------------------------------------- */

#define TLP_EXTENSION "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
#define TLP_OBJECT(id, name, level)                                                                \
    "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"" id                       \
    "\",\"created\":\"2022-10-01T00:00:00.000Z\",\"name\":\"" name                                 \
    "\",\"extensions\":{\"" TLP_EXTENSION                                                          \
    "\":{\"extension_type\":\"property-extension\",\"tlp_2_0\":\"" level "\"}}}"

static const char *const tlp_objects[] = {
    [MARKING_TLP_CLEAR] = TLP_OBJECT("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
                                     "TLP:CLEAR", "clear"),
    [MARKING_TLP_GREEN] = TLP_OBJECT("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                                     "TLP:GREEN", "green"),
    [MARKING_TLP_AMBER] = TLP_OBJECT("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                                     "TLP:AMBER", "amber"),
    [MARKING_TLP_AMBER_STRICT] =
        TLP_OBJECT("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "TLP:AMBER+STRICT",
                   "amber+strict"),
    [MARKING_TLP_RED] =
        TLP_OBJECT("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "TLP:RED", "red"),
};

const char *indicator_tlp_marking(const char *tlp)
{
    return tlp ? marking_tlp_id(marking_tlp_from_name(tlp)) : NULL;
}

const char *indicator_tlp_object(const char *tlp)
{
    return tlp ? tlp_objects[marking_tlp_from_name(tlp)] : NULL;
}
