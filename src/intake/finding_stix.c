#include "intake/finding_stix.h"

#include <string.h>
#include <yyjson.h>

#include "base/timestamp.h"
#include "intake/bundle.h"
#include "intake/finding_readers.h"
#include "intake/incident.h"
#include "intake/incident_stix.h"
#include "intake/rsit.h"
#include "policy/marking.h"
#include "stix/object.h"

#define OBJECTS_MAX 1000000 /* that are kept until the end */
#define REFS_MAX    100     /* observables of one observed-data */

/* An observable, observed-data, or a value of an indicator: kept until all that it refers to is
 * known. */
typedef struct {
    char *id;
    char *type;
    guint64 number; /* of the object in the bundle */
    char *value;
    guint port;
    guint32 asn;
    char *protocol;
    char **refs;
    gboolean referred;
    gint64 time;
    char *word;
    char *description;
    FindingRole role;
} Kept;

typedef struct {
    FindingMaker *maker;
    guint64 number;
    GPtrArray *kept;      /* Kept * */
    GHashTable *by_id;    /* id -> Kept * */
    GPtrArray *incidents; /* yyjson_doc *: incident objects */
    GHashTable *owners; /* id -> number of the incident it belongs to, from 1: what groupings say */
    GHashTable *names;  /* id of an identity -> char **: name, contact */
} Reader;

static void kept_free(gpointer data)
{
    Kept *kept = data;
    g_free(kept->id);
    g_free(kept->type);
    g_free(kept->value);
    g_free(kept->protocol);
    g_strfreev(kept->refs);
    g_free(kept->word);
    g_free(kept->description);
    g_free(kept);
}

static const char *text_of(yyjson_val *object, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(object, name));
}

static gint64 time_of(yyjson_val *object, const char *name)
{
    const char *text = text_of(object, name);
    gint64 us = 0;
    if (text)
        timestamp_parse_lenient(text, strlen(text), &us);
    return us;
}

static void set(char **place, const char *text, gboolean line)
{
    if (text)
        incident_set(place, text, strlen(text), line);
}

/* What follows @prefix in the labels of the object, or NULL. */
static const char *label_of(yyjson_val *object, const char *prefix)
{
    size_t at, count;
    yyjson_val *label;
    yyjson_arr_foreach (yyjson_obj_get(object, "labels"), at, count, label) {
        const char *text = yyjson_get_str(label);
        if (text && g_str_has_prefix(text, prefix))
            return text + strlen(prefix);
    }
    return NULL;
}

/* --- Incidents ------------------------------------------------------------------------------- */

static void take_extension(Incident *incident, yyjson_val *core)
{
    static const struct {
        guint until;
        const char *severity;
    } levels[] = {{9, "info"}, {29, "low"}, {49, "medium"}, {89, "high"}, {100, "critical"}};
    yyjson_val *criticality = yyjson_obj_get(core, "criticality");
    const char *status = text_of(core, "investigation_status");
    for (guint i = 0; yyjson_is_uint(criticality) && i < G_N_ELEMENTS(levels); i++)
        if (yyjson_get_uint(criticality) <= levels[i].until && !incident->severity)
            incident->severity = g_strdup(levels[i].severity);
    if (g_strcmp0(status, "closed") == 0)
        set(&incident->status, "resolved", TRUE);
    else if (g_strcmp0(status, "open") == 0)
        set(&incident->status, "in-progress", TRUE);
    else
        set(&incident->status, status, TRUE);
}

/* Tells what the incident object @object says; NULL: the bundle has none. */
static void tell_incident(const Reader *reader, yyjson_val *object)
{
    Incident *incident = finding_readers_incident(reader->maker);
    if (!incident || !object)
        return;
    yyjson_val *reference = yyjson_arr_get_first(yyjson_obj_get(object, "external_references"));
    const char *outside = text_of(reference, "external_id");
    const char *author = text_of(object, "created_by_ref");
    char **names = author ? g_hash_table_lookup(reader->names, author) : NULL;
    const RsitClass *class = rsit_find(label_of(object, INCIDENT_STIX_CLASS));
    set(&incident->id, outside ? outside : text_of(object, "id"), TRUE);
    if (outside)
        set(&incident->id_source, text_of(reference, "source_name"), TRUE);
    set(&incident->title, text_of(object, "name"), TRUE);
    set(&incident->description, text_of(object, "description"), FALSE);
    if (class)
        set(&incident->classification, class->word, TRUE);
    incident->created = time_of(object, "created");
    set(&incident->tlp, marking_tlp_name(marking_tlp_of_object(object)), TRUE);
    take_extension(incident,
                   yyjson_obj_get(yyjson_obj_get(object, "extensions"), INCIDENT_STIX_EXTENSION));
    if (names)
        incident_add_contact(incident, "creator", FALSE, names[0], names[1], NULL);
}

static void take_identity(Reader *reader, yyjson_val *object)
{
    const char *id = text_of(object, "id");
    const char *name = text_of(object, "name");
    const char *contact = text_of(object, "contact_information");
    if (id && name && g_hash_table_size(reader->names) < INCIDENT_MAX)
        g_hash_table_replace(
            reader->names, g_strdup(id),
            g_strdupv((char *[]){(char *)name, (char *)(contact ? contact : ""), NULL}));
}

/* --- Objects --------------------------------------------------------------------------------- */

static Kept *keep(Reader *reader, yyjson_val *object)
{
    Kept *kept = g_new0(Kept, 1);
    kept->id = g_strdup(text_of(object, "id"));
    kept->type = g_strdup(text_of(object, "type"));
    kept->number = reader->number;
    g_ptr_array_add(reader->kept, kept);
    if (kept->id)
        g_hash_table_replace(reader->by_id, kept->id, kept);
    return kept;
}

/* What a grouping holds belongs to the incident that it holds too. */
static void take_grouping(Reader *reader, yyjson_val *object)
{
    size_t at, count;
    yyjson_val *ref, *refs = yyjson_obj_get(object, "object_refs");
    guint owner = 0;
    for (guint i = 0; i < reader->incidents->len && owner == 0; i++) {
        const char *id =
            text_of(yyjson_doc_get_root(g_ptr_array_index(reader->incidents, i)), "id");
        yyjson_arr_foreach (refs, at, count, ref)
            if (id && yyjson_equals_str(ref, id))
                owner = i + 1;
    }
    yyjson_arr_foreach (refs, at, count, ref)
        if (owner > 0 && yyjson_is_str(ref) && g_hash_table_size(reader->owners) < OBJECTS_MAX)
            g_hash_table_replace(reader->owners, g_strdup(yyjson_get_str(ref)),
                                 GUINT_TO_POINTER(owner));
}

static char **refs_of(yyjson_val *list)
{
    GPtrArray *refs = g_ptr_array_new();
    size_t at, count;
    yyjson_val *ref;
    yyjson_arr_foreach (list, at, count, ref)
        if (yyjson_is_str(ref) && refs->len < REFS_MAX)
            g_ptr_array_add(refs, g_strdup(yyjson_get_str(ref)));
    g_ptr_array_add(refs, NULL);
    return (char **)g_ptr_array_free(refs, FALSE);
}

static void keep_observed(Reader *reader, yyjson_val *object)
{
    Kept *kept = keep(reader, object);
    const RsitClass *class = rsit_find(label_of(object, INCIDENT_STIX_CLASS));
    const char *role = label_of(object, INCIDENT_STIX_ROLE);
    kept->refs = refs_of(yyjson_obj_get(object, "object_refs"));
    kept->time = time_of(object, "first_observed");
    kept->word = class ? g_strdup(class->word) : NULL;
    kept->role = g_strcmp0(role, "target") == 0  ? FINDING_TARGET
                 : g_strcmp0(role, "other") == 0 ? FINDING_OTHER
                                                 : FINDING_SUBJECT;
}

static void keep_traffic(Reader *reader, yyjson_val *object)
{
    Kept *kept = keep(reader, object);
    gboolean target = yyjson_obj_get(object, "dst_ref") && !yyjson_obj_get(object, "src_port");
    const char *end = text_of(object, target ? "dst_ref" : "src_ref");
    yyjson_val *port = yyjson_obj_get(object, target ? "dst_port" : "src_port");
    const char *protocol =
        yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(object, "protocols")));
    kept->refs = end ? g_strdupv((char *[]){(char *)end, NULL}) : NULL;
    kept->port = yyjson_is_uint(port) ? (guint)MIN(yyjson_get_uint(port), 65535) : 0;
    kept->protocol = g_strdup(protocol);
}

static void keep_observable(Reader *reader, yyjson_val *object, const char *type)
{
    if (strcmp(type, "network-traffic") == 0) {
        keep_traffic(reader, object);
        return;
    }
    Kept *kept = keep(reader, object);
    yyjson_val *number = yyjson_obj_get(object, "number");
    yyjson_val *hash = yyjson_obj_get(object, "hashes");
    static const char *const hashes[] = {"SHA-256", "SHA-512", "SHA-1", "MD5"};
    kept->value = g_strdup(text_of(object, "value"));
    for (guint i = 0; i < G_N_ELEMENTS(hashes) && !kept->value; i++)
        kept->value = g_strdup(text_of(hash, hashes[i]));
    if (yyjson_is_uint(number))
        kept->asn = (guint32)MIN(yyjson_get_uint(number), G_MAXUINT32);
}

/* Each value that an indicator's pattern tests for. */
static void keep_indicator(Reader *reader, yyjson_val *object, const char *bytes, gsize length,
                           const char *where)
{
    g_autoptr(GError) wrong = NULL;
    g_autoptr(Object) read = object_read(bytes, length, OBJECT_SPEC_21, OBJECT_LENIENT, &wrong);
    const RsitClass *class = rsit_find(label_of(object, INCIDENT_STIX_CLASS));
    if (!read) {
        finding_maker_begin(reader->maker, reader->number, FALSE);
        finding_maker_refuse(reader->maker, where, "%s", wrong->message);
        return;
    }
    for (guint i = 0; read->values && i < read->values->len; i++) {
        const ObjectValue *value = &g_array_index(read->values, ObjectValue, i);
        if (!value->from_pattern || value->kind == OBSERVABLE_OTHER)
            continue;
        Kept *kept = keep(reader, object);
        kept->value = g_strdup(value->text);
        kept->time = time_of(object, "valid_from");
        kept->word = class ? g_strdup(class->word) : NULL;
        kept->description = g_strdup(text_of(object, "name"));
    }
}

static gboolean is_observable(const char *type)
{
    static const char *const types[] = {
        "ipv4-addr", "ipv6-addr",         "domain-name",     "url", "email-addr",
        "file",      "autonomous-system", "network-traffic", NULL};
    return g_strv_contains(types, type);
}

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Reader *reader = user;
    yyjson_doc *doc = yyjson_read(bytes, length, 0);
    yyjson_val *object = yyjson_doc_get_root(doc);
    const char *type = text_of(object, "type");
    gboolean good = TRUE;
    reader->number++;
    if (reader->kept->len >= OBJECTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d objects", OBJECTS_MAX);
        good = FALSE;
    } else if (!type) {
        finding_maker_begin(reader->maker, reader->number, FALSE);
        finding_maker_refuse(reader->maker, where, "not an object of STIX");
    } else if (strcmp(type, "incident") == 0 && reader->incidents->len < INCIDENT_MAX) {
        g_ptr_array_add(reader->incidents, g_steal_pointer(&doc));
    } else if (strcmp(type, "grouping") == 0) {
        take_grouping(reader, object);
    } else if (strcmp(type, "identity") == 0) {
        take_identity(reader, object);
    } else if (strcmp(type, "observed-data") == 0) {
        keep_observed(reader, object);
    } else if (strcmp(type, "indicator") == 0) {
        keep_indicator(reader, object, bytes, length, where);
    } else if (is_observable(type)) {
        keep_observable(reader, object, type);
    }
    yyjson_doc_free(doc);
    return good;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Reader *reader = user;
    if (note != INTAKE_BROKEN && note != INTAKE_LOST)
        return;
    finding_maker_begin(reader->maker, reader->number, FALSE);
    finding_maker_refuse(reader->maker, where, "%s", message);
}

/* --- What refers to what --------------------------------------------------------------------- */

/* Sets what the observable says; @depth: of references of references. */
static void use(Reader *reader, const char *id, guint depth)
{
    FindingMaker *maker = reader->maker;
    const Kept *kept = g_hash_table_lookup(reader->by_id, id);
    if (!kept || depth == 0 || strcmp(kept->type, "observed-data") == 0)
        return;
    if (kept->value)
        finding_maker_value(maker, kept->type, kept->value, strlen(kept->value), OBSERVABLE_NONE);
    if (kept->port != 0 && maker->finding.port == 0)
        maker->finding.port = kept->port;
    if (kept->protocol && kept->port != 0)
        finding_maker_protocol(maker, kept->protocol, strlen(kept->protocol));
    if (kept->asn != 0 && maker->finding.asn == 0)
        maker->finding.asn = kept->asn;
    for (guint i = 0; kept->refs && kept->refs[i]; i++)
        use(reader, kept->refs[i], depth - 1);
}

static void mark_referred(Reader *reader, const Kept *kept)
{
    for (guint i = 0; kept->refs && kept->refs[i]; i++) {
        Kept *other = g_hash_table_lookup(reader->by_id, kept->refs[i]);
        if (other)
            other->referred = TRUE;
    }
}

static gboolean give_kept(Reader *reader, const Kept *kept, GError **error)
{
    FindingMaker *maker = reader->maker;
    g_autofree char *where = g_strdup_printf("object %" G_GUINT64_FORMAT, kept->number);
    gboolean observed = strcmp(kept->type, "observed-data") == 0;
    finding_maker_begin(maker, kept->number, FALSE);
    maker->finding.time = kept->time;
    maker->finding.role = kept->role;
    if (kept->word)
        maker->finding.classification = finding_maker_text(maker, kept->word, strlen(kept->word));
    if (kept->id)
        maker->finding.report_id = finding_maker_text(maker, kept->id, strlen(kept->id));
    if (kept->description)
        maker->finding.description =
            finding_maker_text(maker, kept->description, strlen(kept->description));
    if (strcmp(kept->type, "indicator") == 0)
        finding_maker_value(maker, "pattern", kept->value, strlen(kept->value), OBSERVABLE_NONE);
    else if (!observed && kept->id)
        use(reader, kept->id, 3);
    for (guint i = 0; observed && kept->refs[i]; i++)
        use(reader, kept->refs[i], 3);
    return finding_maker_give(maker, where, error);
}

/* The incident, from 1, that it belongs to: the first, if nobody says. */
static guint owner_of(const Reader *reader, const Kept *kept)
{
    guint owner = kept->id ? GPOINTER_TO_UINT(g_hash_table_lookup(reader->owners, kept->id)) : 0;
    return MAX(owner, 1);
}

static gint compare_owners(gconstpointer a, gconstpointer b, gpointer user)
{
    const Kept *one = *(Kept *const *)a, *two = *(Kept *const *)b;
    guint first = owner_of(user, one), second = owner_of(user, two);
    if (first != second)
        return first < second ? -1 : 1;
    return one->number < two->number ? -1 : one->number > two->number;
}

static gboolean give_all(Reader *reader, GError **error)
{
    guint incidents = MAX(reader->incidents->len, 1);
    for (guint i = 0; i < reader->kept->len; i++)
        mark_referred(reader, g_ptr_array_index(reader->kept, i));
    g_ptr_array_sort_with_data(reader->kept, compare_owners, reader);
    guint at = 0;
    for (guint i = 1; i <= incidents; i++) {
        tell_incident(reader, i <= reader->incidents->len
                                  ? yyjson_doc_get_root(g_ptr_array_index(reader->incidents, i - 1))
                                  : NULL);
        for (; at < reader->kept->len; at++) {
            const Kept *kept = g_ptr_array_index(reader->kept, at);
            if (owner_of(reader, kept) > i)
                break;
            if (!kept->referred && !give_kept(reader, kept, error))
                return FALSE;
        }
    }
    return TRUE;
}

gboolean finding_stix_read(Stream *stream, FindingMaker *maker, GError **error)
{
    static const IntakeOptions options = {.format = INTAKE_STIX, .confidence = -1};
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(kept_free);
    g_autoptr(GPtrArray) incidents =
        g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    Reader reader = {.maker = maker,
                     .kept = kept,
                     .by_id = by_id,
                     .incidents = incidents,
                     .owners = owners,
                     .names = names};
    IntakeSink sink = {.object = take_object, .note = take_note, .user = &reader};
    gboolean good = bundle_read(stream, "bundle", &options, &sink, error);
    finding_maker_what(maker, "STIX, %u incident%s", incidents->len,
                       incidents->len == 1 ? "" : "s");
    return good && give_all(&reader, error);
}
