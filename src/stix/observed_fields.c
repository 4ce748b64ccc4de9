#include "stix/observed_fields.h"

#include <string.h>

#include "base/timestamp.h"
#include "stix/observable.h"
#include "stix/observable_address.h"
#include "stix/pattern.h"

struct ObservedFields {
    GHashTable *paths; /* char * -> Pattern * with one test, NULL for what is no path */
    yyjson_mut_doc *doc;
    yyjson_mut_val *observed, *objects;
    GHashTable *latest; /* type, borrowed -> yyjson_mut_val *, the object begun last */
    guint values;
    yyjson_doc *frozen;
};

/* Properties of STIX's observables that are numbers, or true or false. */
static const char *const numbers[] = {
    "src_port",
    "dst_port",
    "src_byte_count",
    "dst_byte_count",
    "src_packets",
    "dst_packets",
    "size",
    "number",
    "pid",
    "number_of_subkeys",
    "message_body_length",
};
static const char *const truths[] = {"is_active", "is_multipart", "is_encrypted",
                                     "is_hidden", "is_disabled",  "is_privileged"};

/* What references name, where the value does not tell. */
static const struct {
    const char *reference, *type;
} reference_types[] = {
    {"from_ref", "email-addr"},
    {"sender_ref", "email-addr"},
    {"to_refs", "email-addr"},
    {"cc_refs", "email-addr"},
    {"bcc_refs", "email-addr"},
    {"parent_directory_ref", "directory"},
    {"content_ref", "artifact"},
    {"src_payload_ref", "artifact"},
    {"dst_payload_ref", "artifact"},
    {"message_body_data_ref", "artifact"},
    {"image_ref", "file"},
    {"binary_ref", "file"},
    {"contains_refs", "file"},
    {"creator_user_ref", "user-account"},
    {"belongs_to_ref", "user-account"},
    {"parent_ref", "process"},
    {"child_refs", "process"},
    {"opened_connection_refs", "network-traffic"},
};

ObservedFields *observed_fields_new(void)
{
    ObservedFields *fields = g_new0(ObservedFields, 1);
    fields->paths =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)pattern_free);
    fields->latest = g_hash_table_new(g_str_hash, g_str_equal);
    return fields;
}

static void clear(ObservedFields *fields)
{
    g_clear_pointer(&fields->doc, yyjson_mut_doc_free);
    g_clear_pointer(&fields->frozen, yyjson_doc_free);
    g_hash_table_remove_all(fields->latest);
    fields->values = 0;
}

void observed_fields_free(ObservedFields *fields)
{
    if (!fields)
        return;
    clear(fields);
    g_hash_table_unref(fields->paths);
    g_hash_table_unref(fields->latest);
    g_free(fields);
}

void observed_fields_begin(ObservedFields *fields, const char *id, gint64 us)
{
    char time[TIMESTAMP_MAX];
    clear(fields);
    fields->doc = yyjson_mut_doc_new(NULL);
    fields->observed = yyjson_mut_obj(fields->doc);
    yyjson_mut_doc_set_root(fields->doc, fields->observed);
    if (id)
        yyjson_mut_obj_add_strcpy(fields->doc, fields->observed, "id", id);
    timestamp_format(time, us, 6);
    yyjson_mut_obj_add_strcpy(fields->doc, fields->observed, "first_observed", time);
    yyjson_mut_obj_add_strcpy(fields->doc, fields->observed, "last_observed", time);
    fields->objects = yyjson_mut_obj_add_obj(fields->doc, fields->observed, "objects");
}

static const PatternTest *test_of_path(ObservedFields *fields, const char *path)
{
    gpointer known;
    if (!g_hash_table_lookup_extended(fields->paths, path, NULL, &known)) {
        if (g_hash_table_size(fields->paths) >= OBSERVED_FIELDS_MAX_PATHS)
            return NULL;
        g_autofree char *text = g_strdup_printf("[EXISTS %s]", path);
        known = pattern_parse(text, strlen(text), NULL);
        if (known && pattern_tests(known)->following)
            g_clear_pointer(&known, pattern_free);
        g_hash_table_insert(fields->paths, g_strdup(path), known);
    }
    return known ? pattern_tests(known) : NULL;
}

static gboolean is_one_of(const char *name, const char *const *names, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return TRUE;
    return FALSE;
}

static const char *address_type(const char *text)
{
    ObservableAddress address;
    if (!observable_address_parse(text, strlen(text), &address))
        return NULL;
    return address.v6 ? "ipv6-addr" : "ipv4-addr";
}

/* The type of the object that @reference names, whose property @property is @text. */
static const char *referred_type(const char *reference, const char *property, const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reference_types); i++)
        if (strcmp(reference_types[i].reference, reference) == 0)
            return reference_types[i].type;
    const char *address = address_type(text);
    if (strcmp(property, "value") == 0)
        return address ? address : "domain-name";
    return "file";
}

static yyjson_mut_val *value_of(ObservedFields *fields, const char *name, const char *text)
{
    char *end;
    if (is_one_of(name, numbers, G_N_ELEMENTS(numbers)) && g_ascii_isdigit(*text)) {
        guint64 number = g_ascii_strtoull(text, &end, 10);
        if (*end == '\0')
            return yyjson_mut_uint(fields->doc, number);
    }
    if (is_one_of(name, truths, G_N_ELEMENTS(truths)) &&
        (g_ascii_strcasecmp(text, "true") == 0 || g_ascii_strcasecmp(text, "false") == 0))
        return yyjson_mut_bool(fields->doc, g_ascii_tolower(*text) == 't');
    return yyjson_mut_strcpy(fields->doc, text);
}

static yyjson_mut_val *new_object(ObservedFields *fields, const char *type, char ret_key[16])
{
    g_snprintf(ret_key, 16, "%u", (guint)yyjson_mut_obj_size(fields->objects));
    yyjson_mut_val *object = yyjson_mut_obj(fields->doc);
    yyjson_mut_obj_add_strcpy(fields->doc, object, "type", type);
    yyjson_mut_obj_add(fields->objects, yyjson_mut_strcpy(fields->doc, ret_key), object);
    return object;
}

static void put(ObservedFields *fields, yyjson_mut_val *holder, const char *name,
                yyjson_mut_val *value)
{
    yyjson_mut_obj_add(holder, yyjson_mut_strcpy(fields->doc, name), value);
}

/* A new object that @list or the property @name of @holder refers to. */
static yyjson_mut_val *refer(ObservedFields *fields, yyjson_mut_val *holder, yyjson_mut_val *list,
                             const char *name, const PatternStep *next, const char *text)
{
    char key[16];
    const char *property = next->kind == PATTERN_STEP_NAME ? next->name : "";
    yyjson_mut_val *object = new_object(fields, referred_type(name, property, text), key);
    yyjson_mut_val *reference = yyjson_mut_strcpy(fields->doc, key);
    if (list)
        yyjson_mut_arr_append(list, reference);
    else
        put(fields, holder, name, reference);
    return object;
}

/* Where the step behind @step, a name of @holder, is to be taken; made if it is not there. NULL
 * when something else is. */
static yyjson_mut_val *descend(ObservedFields *fields, yyjson_mut_val *holder,
                               const PatternStep **step, const char *text)
{
    const char *name = (*step)->name;
    const PatternStep *next = (*step)->next;
    yyjson_mut_val *there = yyjson_mut_obj_get(holder, name);

    if (next->kind != PATTERN_STEP_NAME) {
        if (!there)
            put(fields, holder, name, there = yyjson_mut_arr(fields->doc));
        if (!yyjson_mut_is_arr(there))
            return NULL;
        *step = next;
        if (!next->next)
            return there;
        if (g_str_has_suffix(name, "_refs"))
            return refer(fields, NULL, there, name, next->next, text);
        return yyjson_mut_arr_add_obj(fields->doc, there);
    }
    if (g_str_has_suffix(name, "_ref")) {
        if (!there)
            return refer(fields, holder, NULL, name, next, text);
        return yyjson_mut_obj_get(fields->objects, yyjson_mut_get_str(there));
    }
    if (!there)
        put(fields, holder, name, there = yyjson_mut_obj(fields->doc));
    return yyjson_mut_is_obj(there) ? there : NULL;
}

/* FALSE when the place is taken. */
static gboolean place(ObservedFields *fields, yyjson_mut_val *object, const PatternStep *steps,
                      const char *text)
{
    yyjson_mut_val *at = object;
    const PatternStep *step = steps;
    for (; step->next; step = step->next) {
        /* Lists of lists no observable has. */
        if (step->kind != PATTERN_STEP_NAME || !yyjson_mut_is_obj(at))
            return FALSE;
        at = descend(fields, at, &step, text);
        if (!at)
            return FALSE;
        if (!step->next) /* the list's own elements */
            return yyjson_mut_arr_append(at, value_of(fields, steps->name, text));
    }
    if (!yyjson_mut_is_obj(at) || yyjson_mut_obj_get(at, step->name))
        return FALSE;
    put(fields, at, step->name, value_of(fields, step->name, text));
    return TRUE;
}

/* The text as patterns write it. Caller frees. */
static char *spell(const PatternTest *test, const char *text)
{
    const PatternStep *last = test->steps;
    gboolean hashes = strcmp(last->name, "hashes") == 0;
    while (last->next)
        last = last->next;
    if (hashes)
        return g_ascii_strdown(text, -1);
    char *name = NULL;
    if (last->kind == PATTERN_STEP_NAME && strcmp(last->name, "value") == 0 &&
        (strcmp(test->type, "domain-name") == 0 || strcmp(test->type, "network-traffic") == 0) &&
        !address_type(text))
        name = observable_normalise(OBSERVABLE_DOMAIN, text, strlen(text), NULL);
    return name ? name : g_strdup(text);
}

gboolean observed_fields_add(ObservedFields *fields, const char *path, const char *text,
                             gsize length)
{
    char key[16];
    const PatternTest *test = test_of_path(fields, path);
    if (!test || fields->values >= OBSERVED_FIELDS_MAX || length > G_MAXINT)
        return FALSE;
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
    g_autofree char *spelt = spell(test, valid);
    const char *type = test->type;
    const char *address = strcmp(test->steps->name, "value") == 0 ? address_type(spelt) : NULL;
    if (address && (strcmp(type, "ipv4-addr") == 0 || strcmp(type, "domain-name") == 0))
        type = address;
    yyjson_mut_val *object = g_hash_table_lookup(fields->latest, type);
    if (!object || !place(fields, object, test->steps, spelt)) {
        object = new_object(fields, type, key);
        g_hash_table_insert(fields->latest, (gpointer)type, object);
        if (!place(fields, object, test->steps, spelt))
            return FALSE;
    }
    fields->values++;
    return TRUE;
}

Observed *observed_fields_end(ObservedFields *fields)
{
    g_clear_pointer(&fields->frozen, yyjson_doc_free);
    fields->frozen = yyjson_mut_doc_imut_copy(fields->doc, NULL);
    return observed_read(yyjson_doc_get_root(fields->frozen), NULL, NULL);
}
