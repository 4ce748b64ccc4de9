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

/* An observable, or observed-data: kept until all that it refers to is known. */
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
    Incident *incident; /* the only one */
    guint incidents;
    guint64 number;
    GPtrArray *kept;   /* Kept * */
    GHashTable *by_id; /* id -> Kept * */
    char *author;      /* created_by_ref of the incident */
    GHashTable *names; /* id of an identity -> char **: name, contact */
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

static void take_incident(Reader *reader, yyjson_val *object)
{
    Incident *incident = reader->incident;
    if (reader->incidents++ > 0) {
        g_autofree char *where = g_strdup_printf("object %" G_GUINT64_FORMAT, reader->number);
        finding_maker_refuse(reader->maker, where,
                             "a further incident: its findings are read as the first's");
        return;
    }
    if (!incident)
        return;
    yyjson_val *reference = yyjson_arr_get_first(yyjson_obj_get(object, "external_references"));
    const char *outside = text_of(reference, "external_id");
    set(&incident->id, outside ? outside : text_of(object, "id"), TRUE);
    if (outside)
        set(&incident->id_source, text_of(reference, "source_name"), TRUE);
    set(&incident->title, text_of(object, "name"), TRUE);
    set(&incident->description, text_of(object, "description"), FALSE);
    const RsitClass *class = rsit_find(label_of(object, INCIDENT_STIX_CLASS));
    if (class)
        set(&incident->classification, class->word, TRUE);
    incident->created = time_of(object, "created");
    set(&incident->tlp, marking_tlp_name(marking_tlp_of_object(object)), TRUE);
    take_extension(incident,
                   yyjson_obj_get(yyjson_obj_get(object, "extensions"), INCIDENT_STIX_EXTENSION));
    g_free(reader->author);
    reader->author = g_strdup(text_of(object, "created_by_ref"));
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

/* An indicator's values are known at once. */
static gboolean read_indicator(Reader *reader, yyjson_val *object, const char *bytes, gsize length,
                               const char *where, GError **error)
{
    FindingMaker *maker = reader->maker;
    g_autoptr(GError) wrong = NULL;
    g_autoptr(Object) read = object_read(bytes, length, OBJECT_SPEC_21, OBJECT_LENIENT, &wrong);
    const char *name = text_of(object, "name");
    finding_maker_begin(maker, reader->number, FALSE);
    if (!read) {
        finding_maker_refuse(maker, where, "%s", wrong->message);
        return TRUE;
    }
    for (guint i = 0; read->values && i < read->values->len; i++) {
        const ObjectValue *value = &g_array_index(read->values, ObjectValue, i);
        if (!value->from_pattern || value->kind == OBSERVABLE_OTHER)
            continue;
        finding_maker_begin(maker, reader->number, TRUE);
        finding_maker_value(maker, "pattern", value->text, strlen(value->text), value->kind);
        maker->finding.time = time_of(object, "valid_from");
        const RsitClass *class = rsit_find(label_of(object, INCIDENT_STIX_CLASS));
        if (class)
            maker->finding.classification = class->word;
        if (name)
            maker->finding.description = finding_maker_text(maker, name, strlen(name));
        maker->finding.report_id = finding_maker_text(maker, read->id, strlen(read->id));
        if (!finding_maker_give(maker, where, error))
            return FALSE;
    }
    return TRUE;
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
    } else if (strcmp(type, "incident") == 0) {
        take_incident(reader, object);
    } else if (strcmp(type, "identity") == 0) {
        take_identity(reader, object);
    } else if (strcmp(type, "observed-data") == 0) {
        keep_observed(reader, object);
    } else if (strcmp(type, "indicator") == 0) {
        good = read_indicator(reader, object, bytes, length, where, error);
    } else if (is_observable(type)) {
        keep_observable(reader, object, type);
    }
    yyjson_doc_free(doc);
    return good;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Reader *reader = user;
    if (note != INTAKE_BROKEN)
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
    for (guint i = 0; observed && kept->refs[i]; i++)
        use(reader, kept->refs[i], 3);
    if (!observed && kept->id)
        use(reader, kept->id, 3);
    return finding_maker_give(maker, where, error);
}

static gboolean give_all(Reader *reader, GError **error)
{
    for (guint i = 0; i < reader->kept->len; i++)
        mark_referred(reader, g_ptr_array_index(reader->kept, i));
    for (guint i = 0; i < reader->kept->len; i++) {
        const Kept *kept = g_ptr_array_index(reader->kept, i);
        if (!kept->referred && !give_kept(reader, kept, error))
            return FALSE;
    }
    return TRUE;
}

gboolean finding_stix_read(Stream *stream, FindingMaker *maker, GError **error)
{
    static const IntakeOptions options = {.format = INTAKE_STIX, .confidence = -1};
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(kept_free);
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    Reader reader = {.maker = maker, .kept = kept, .by_id = by_id, .names = names};
    IntakeSink sink = {.object = take_object, .note = take_note, .user = &reader};
    reader.incident = finding_readers_incident(maker);
    gboolean good =
        bundle_read(stream, "bundle", &options, &sink, error) && give_all(&reader, error);
    char **author = reader.author ? g_hash_table_lookup(names, reader.author) : NULL;
    if (author && reader.incident)
        incident_add_contact(reader.incident, "creator", FALSE, author[0], author[1], NULL);
    finding_maker_what(maker, "STIX, %u incident%s", reader.incidents,
                       reader.incidents == 1 ? "" : "s");
    g_free(reader.author);
    return good;
}
