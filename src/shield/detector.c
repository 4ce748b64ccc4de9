#include "shield/detector.h"

#include <string.h>

#include "base/jsonguard.h"
#include "stix/observed_fields.h"

typedef struct {
    DetectorIndicator indicator;
    gint64 version;
    Pattern *parsed; /* until detector_finish(); NULL: it only hides older versions */
    char *texts[4];  /* own the indicator's */
} Entry;

struct Detector {
    Evaluate *evaluate;
    GHashTable *by_id;  /* const char * -> Entry * */
    GPtrArray *entries; /* Entry *, in the order in which they were first added */
    ObservedFields *fields;
};

typedef struct {
    DetectorFound found;
    gpointer user;
} Feeding;

static void clear_entry(Entry *entry)
{
    g_clear_pointer(&entry->parsed, pattern_free);
    for (guint i = 0; i < G_N_ELEMENTS(entry->texts); i++)
        g_clear_pointer(&entry->texts[i], g_free);
}

static void free_entry(gpointer entry)
{
    clear_entry(entry);
    g_free(entry);
}

Detector *detector_new(const EvaluateOptions *options)
{
    Detector *detector = g_new0(Detector, 1);
    detector->evaluate = evaluate_new(options);
    detector->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    detector->entries = g_ptr_array_new_with_free_func(free_entry);
    detector->fields = observed_fields_new();
    return detector;
}

void detector_free(Detector *detector)
{
    if (!detector)
        return;
    evaluate_free(detector->evaluate);
    g_hash_table_unref(detector->by_id);
    g_ptr_array_unref(detector->entries);
    observed_fields_free(detector->fields);
    g_free(detector);
}

/* The entry of the indicator's id to be filled anew; NULL when there is a later version already. */
static Entry *entry_for(Detector *detector, const SetIndicator *described)
{
    Entry *entry = g_hash_table_lookup(detector->by_id, described->id);
    if (entry && entry->version > described->version)
        return NULL;
    if (!entry) {
        entry = g_new0(Entry, 1);
        g_ptr_array_add(detector->entries, entry);
    } else {
        g_hash_table_remove(detector->by_id, described->id);
        clear_entry(entry);
    }
    return entry;
}

static void fill(Detector *detector, Entry *entry, const SetIndicator *described, Pattern *parsed)
{
    char **texts = entry->texts;
    texts[0] = g_strdup(described->id);
    texts[1] = g_strdup(described->source);
    texts[2] = g_strdup(described->name);
    texts[3] = g_strdup(described->pattern);
    entry->version = described->version;
    entry->parsed = parsed;
    entry->indicator = (DetectorIndicator){
        .id = texts[0],
        .source = texts[1],
        .name = texts[2],
        .pattern = texts[3],
        .confidence = described->confidence,
        .tlp = described->tlp,
        .valid_until = described->valid_until,
    };
    g_hash_table_insert(detector->by_id, texts[0], entry);
}

/* Whether the pattern can be evaluated: what is wrong with it is said when it is added. */
static Pattern *read_pattern(const SetIndicator *described, gsize length, GError **error)
{
    const char *start = described->pattern;
    g_autoptr(GError) wrong = NULL;
    g_autoptr(Pattern) pattern = described->pattern_20 ? pattern_parse_20(start, length, &wrong)
                                                       : pattern_parse(start, length, &wrong);
    g_autoptr(EvaluatePlan) plan = pattern ? evaluate_plan_new(pattern, &wrong) : NULL;
    if (!plan) {
        g_set_error(error, wrong->domain, wrong->code, "%s: $.pattern: %s", described->id,
                    wrong->message);
        return NULL;
    }
    return g_steal_pointer(&pattern);
}

/* @length: of the pattern, which may hold a NUL. */
static gboolean add(Detector *detector, const SetIndicator *described, gsize length, GError **error)
{
    Pattern *pattern = NULL;
    if (!described->withdrawn && !(pattern = read_pattern(described, length, error)))
        return FALSE;
    Entry *entry = entry_for(detector, described);
    if (entry)
        fill(detector, entry, described, pattern);
    else
        pattern_free(pattern);
    return TRUE;
}

gboolean detector_add(Detector *detector, const SetIndicator *indicator, GError **error)
{
    return add(detector, indicator, strlen(indicator->pattern), error);
}

gboolean detector_add_object(Detector *detector, const Object *object, const char *source,
                             MarkingTlp tlp, const LoadOptions *options, LoadOutcome *ret_outcome,
                             GError **error)
{
    if (strcmp(object->type, "indicator") != 0) {
        *ret_outcome = LOAD_OTHER;
        return TRUE;
    }
    g_autoptr(yyjson_doc) read =
        object->document ? NULL : yyjson_read(object->bytes, object->length, 0);
    yyjson_val *root = yyjson_doc_get_root(object->document ? object->document : read);
    yyjson_val *text = yyjson_obj_get(root, "pattern");
    yyjson_val *language = yyjson_obj_get(root, "pattern_type");
    SetIndicator described;

    if (!yyjson_is_str(text) || (language && !yyjson_equals_str(language, "stix"))) {
        *ret_outcome = LOAD_EMPTY;
        return TRUE;
    }
    load_describe(object, root, source, tlp, options, &described);
    described.pattern = yyjson_get_str(text);
    described.pattern_20 = object->pattern_20;
    if (!add(detector, &described, yyjson_get_len(text), error))
        return FALSE;
    *ret_outcome = described.withdrawn ? LOAD_OUT_OF_DATE : LOAD_TAKEN;
    return TRUE;
}

void detector_finish(Detector *detector)
{
    for (guint i = 0; i < detector->entries->len; i++) {
        Entry *entry = detector->entries->pdata[i];
        if (entry->parsed)
            evaluate_add(detector->evaluate, g_steal_pointer(&entry->parsed), entry, NULL);
    }
}

guint detector_size(const Detector *detector)
{
    return evaluate_size(detector->evaluate);
}

static void pass_on(gpointer user, const EvaluateHit *hit)
{
    const Feeding *feeding = user;
    const Entry *entry = hit->tag;
    feeding->found(feeding->user, &entry->indicator, hit);
}

void detector_feed_observed(Detector *detector, const Observed *observed, DetectorFound found,
                            gpointer user)
{
    Feeding feeding = {found, user};
    evaluate_feed(detector->evaluate, observed, pass_on, &feeding);
}

/* Where a value belongs whose reader names no object path. */
static const char *path_of_kind(ObservableKind kind)
{
    switch (kind) {
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
    case OBSERVABLE_CIDR:
        return OBSERVED_FIELDS_ADDRESS;
    case OBSERVABLE_DOMAIN:
        return "domain-name:value";
    case OBSERVABLE_URL:
        return "url:value";
    case OBSERVABLE_EMAIL:
        return "email-addr:value";
    case OBSERVABLE_MD5:
        return "file:hashes.MD5";
    case OBSERVABLE_SHA1:
        return "file:hashes.'SHA-1'";
    case OBSERVABLE_SHA256:
        return "file:hashes.'SHA-256'";
    case OBSERVABLE_SHA512:
        return "file:hashes.'SHA-512'";
    default:
        return NULL;
    }
}

static gboolean has_path(const Observation *observation, const char *path)
{
    for (guint i = 0; i < observation->count; i++)
        if (g_strcmp0(observation->values[i].path, path) == 0)
            return TRUE;
    return FALSE;
}

/* An end of a connection, as far as no value says it. */
static void add_end(Detector *detector, const Observation *observation, const ObservationEnd *end,
                    const char *address_path, const char *port_path)
{
    char text[OBSERVABLE_ADDRESS_MAX], port[8];
    if (end->known && !has_path(observation, address_path)) {
        gsize length = observable_address_format(&end->address, text);
        observed_fields_add(detector->fields, address_path, text, length);
    }
    if (end->port != 0 && !has_path(observation, port_path)) {
        int length = g_snprintf(port, sizeof port, "%u", end->port);
        observed_fields_add(detector->fields, port_path, port, (gsize)length);
    }
}

gboolean detector_feed_observation(Detector *detector, const Observation *observation,
                                   const char *id, DetectorFound found, gpointer user)
{
    if (observation->time == 0)
        return FALSE;
    observed_fields_begin(detector->fields, id, observation->time);
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        const char *path = value->path ? value->path : path_of_kind(value->kind);
        if (path)
            observed_fields_add(detector->fields, path, value->text, value->length);
    }
    add_end(detector, observation, &observation->source, "network-traffic:src_ref.value",
            "network-traffic:src_port");
    add_end(detector, observation, &observation->destination, "network-traffic:dst_ref.value",
            "network-traffic:dst_port");
    if (observation->protocol && !has_path(observation, "network-traffic:protocols[*]"))
        observed_fields_add(detector->fields, "network-traffic:protocols[*]", observation->protocol,
                            strlen(observation->protocol));
    Observed *observed = observed_fields_end(detector->fields);
    detector_feed_observed(detector, observed, found, user);
    observed_free(observed);
    return TRUE;
}

const EvaluateCounts *detector_counts(const Detector *detector)
{
    return evaluate_counts(detector->evaluate);
}
