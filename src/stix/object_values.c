#include "stix/object_values.h"

#include <string.h>

#include "base/error.h"
#include "stix/validate.h"

/* Longest name that is kept as a value. */
#define MAX_NAME 255

/* From this many values on, a hash table finds those already there. */
#define FEW_VALUES 32

typedef struct {
    Object *object;
    gboolean from_pattern;
    gboolean full;    /* OBJECT_MAX_VALUES was reached */
    guint found;      /* values of the pattern that are of a kind */
    GHashTable *seen; /* ObjectValue * -> itself; NULL while there are few */
} Collector;

static guint hash_value(gconstpointer item)
{
    const ObjectValue *value = item;
    return g_str_hash(value->text) * 31 + (guint)value->kind * 2 + (guint)value->from_pattern;
}

static gboolean values_equal(gconstpointer a, gconstpointer b)
{
    const ObjectValue *left = a;
    const ObjectValue *right = b;
    return left->kind == right->kind && left->from_pattern == right->from_pattern &&
           strcmp(left->text, right->text) == 0;
}

/* The copies in @seen live in the object's chunk of texts, where nothing moves. */
static void remember(Collector *collector, const ObjectValue *value)
{
    ObjectValue *copy = g_new(ObjectValue, 1);
    *copy = *value;
    g_hash_table_add(collector->seen, copy);
}

static gboolean is_known(Collector *collector, const ObjectValue *value)
{
    GArray *values = collector->object->values;
    if (!collector->seen && values->len < FEW_VALUES) {
        for (guint i = 0; i < values->len; i++)
            if (values_equal(&g_array_index(values, ObjectValue, i), value))
                return TRUE;
        return FALSE;
    }
    if (!collector->seen) {
        collector->seen = g_hash_table_new_full(hash_value, values_equal, g_free, NULL);
        for (guint i = 0; i < values->len; i++)
            remember(collector, &g_array_index(values, ObjectValue, i));
    }
    return g_hash_table_contains(collector->seen, value);
}

static void add(Collector *collector, ObservableKind kind, const char *text)
{
    Object *object = collector->object;
    if (text[0] == '\0')
        return;
    if (!object->values) {
        object->values = g_array_sized_new(FALSE, FALSE, sizeof(ObjectValue), 4);
        object->texts = g_string_chunk_new(128);
    }
    ObjectValue value = {kind, collector->from_pattern, text};
    if (is_known(collector, &value))
        return;
    if (object->values->len == OBJECT_MAX_VALUES) {
        collector->full = TRUE;
        return;
    }
    value.text = g_string_chunk_insert(object->texts, text);
    g_array_append_val(object->values, value);
    if (collector->seen)
        remember(collector, &value);
}

/* Adds @text as what it is, or if it is no such thing, as it stands. */
static void add_text(Collector *collector, ObservableKind kind, const char *text, gsize length)
{
    if (length == 0 || length > OBSERVABLE_MAX_LENGTH || memchr(text, '\0', length))
        return;
    ObservableKind real_kind = kind;
    g_autofree char *canonical = observable_normalise(kind, text, length, &real_kind);
    if (canonical)
        add(collector, real_kind, canonical);
    else
        add(collector, OBSERVABLE_OTHER, text);
}

static ObservableKind kind_of_hash(yyjson_val *key)
{
    static const struct {
        const char *name;
        ObservableKind kind;
    } kinds[] = {
        {"MD5", OBSERVABLE_MD5},
        {"SHA-1", OBSERVABLE_SHA1},
        {"SHA-256", OBSERVABLE_SHA256},
        {"SHA-512", OBSERVABLE_SHA512},
    };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (yyjson_equals_str(key, kinds[i].name))
            return kinds[i].kind;
    return OBSERVABLE_OTHER;
}

static void add_hashes(Collector *collector, yyjson_val *hashes)
{
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (hashes, at, size, key, value) {
        if (yyjson_is_str(value))
            add_text(collector, kind_of_hash(key), yyjson_get_str(value), yyjson_get_len(value));
    }
}

/* Which property of which observable says what it is. */
static const struct {
    const char *type;
    const char *property;
    ObservableKind kind; /* OBSERVABLE_NONE: a dictionary of hashes */
} sources[] = {
    {"artifact", "hashes", OBSERVABLE_NONE},
    {"artifact", "url", OBSERVABLE_URL},
    {"autonomous-system", "number", OBSERVABLE_OTHER},
    {"directory", "path", OBSERVABLE_OTHER},
    {"domain-name", "value", OBSERVABLE_DOMAIN},
    {"email-addr", "value", OBSERVABLE_EMAIL},
    {"email-message", "message_id", OBSERVABLE_OTHER},
    {"email-message", "subject", OBSERVABLE_OTHER},
    {"file", "hashes", OBSERVABLE_NONE},
    {"file", "name", OBSERVABLE_OTHER},
    {"ipv4-addr", "value", OBSERVABLE_IPV4},
    {"ipv6-addr", "value", OBSERVABLE_IPV6},
    {"mac-addr", "value", OBSERVABLE_OTHER},
    {"mutex", "name", OBSERVABLE_OTHER},
    {"process", "command_line", OBSERVABLE_OTHER},
    {"process", "name", OBSERVABLE_OTHER},
    {"software", "cpe", OBSERVABLE_OTHER},
    {"software", "name", OBSERVABLE_OTHER},
    {"url", "value", OBSERVABLE_URL},
    {"user-account", "account_login", OBSERVABLE_OTHER},
    {"user-account", "user_id", OBSERVABLE_OTHER},
    {"windows-registry-key", "key", OBSERVABLE_OTHER},
    {"x509-certificate", "hashes", OBSERVABLE_NONE},
    {"x509-certificate", "serial_number", OBSERVABLE_OTHER},
};

static void add_observable(Collector *collector, yyjson_val *observable)
{
    yyjson_val *type = yyjson_obj_get(observable, "type");
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (!yyjson_equals_str(type, sources[i].type))
            continue;
        yyjson_val *value = yyjson_obj_get(observable, sources[i].property);
        if (sources[i].kind == OBSERVABLE_NONE) {
            add_hashes(collector, value);
        } else if (yyjson_is_str(value)) {
            add_text(collector, sources[i].kind, yyjson_get_str(value), yyjson_get_len(value));
        } else if (yyjson_is_uint(value)) {
            char number[24];
            g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, yyjson_get_uint(value));
            add(collector, sources[i].kind, number);
        }
    }
}

static void add_name(Collector *collector, yyjson_val *root)
{
    yyjson_val *name = yyjson_obj_get(root, "name");
    if (!yyjson_is_str(name) || yyjson_get_len(name) > MAX_NAME)
        return;
    const char *text = yyjson_get_str(name);
    gsize length = yyjson_get_len(name);
    if (memchr(text, '\0', length))
        return;
    char plain[MAX_NAME + 1];
    gsize i = 0;
    for (; i < length && (guchar)text[i] < 0x80; i++)
        plain[i] = g_ascii_tolower(text[i]);
    plain[i] = '\0';
    if (i == length) {
        add(collector, OBSERVABLE_OTHER, plain);
        return;
    }
    g_autofree char *lower = g_utf8_strdown(text, (gssize)length);
    if (strlen(lower) <= MAX_NAME)
        add(collector, OBSERVABLE_OTHER, lower);
}

static void add_pattern_value(void *user, ObservableKind kind, const char *canonical)
{
    Collector *collector = user;
    collector->found += kind != OBSERVABLE_OTHER;
    add(collector, kind, canonical);
}

static void add_pattern(Collector *collector, const Pattern *pattern)
{
    guint values;
    collector->from_pattern = TRUE;
    pattern_foreach_value(pattern, add_pattern_value, collector);
    collector->object->whole_pattern =
        !pattern_is_choice(pattern, &values) || values != collector->found;
}

gboolean object_values_collect(Object *object, yyjson_val *root, const Pattern *pattern,
                               GError **error)
{
    Collector collector = {.object = object};
    if (validate_is_observable(object->type, strlen(object->type)))
        add_observable(&collector, root);
    add_name(&collector, root);
    yyjson_val *contained = yyjson_obj_get(root, "objects");
    size_t at, size;
    yyjson_val *key, *observable;
    if (yyjson_is_obj(contained) && strcmp(object->type, "observed-data") == 0) {
        yyjson_obj_foreach (contained, at, size, key, observable)
            add_observable(&collector, observable);
    }
    if (pattern)
        add_pattern(&collector, pattern);
    g_clear_pointer(&collector.seen, g_hash_table_unref);
    if (collector.full)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "$: about more than %d values",
                    OBJECT_MAX_VALUES);
    return !collector.full;
}
