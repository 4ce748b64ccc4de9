/* STIX 2.1: an incident with the core extension, an observed-data with its observables for each
 * finding, and a grouping that holds them together. */
#include <string.h>

#include "base/jsontext.h"
#include "intake/incident_stix.h"
#include "intake/incident_writers.h"
#include "intake/indicator.h"
#include "intake/rsit.h"
#include "stix/identifier.h"

/* The UUID namespace of what is made here: UUIDv5 of the URL "urn:concert:incident".
 * docs/formats.md publishes it. */
#define NAMESPACE "46f6968e-fa7f-5dce-b391-cbc8aed260a1"

typedef struct {
    IncidentWriter *writer;
    const Incident *incident;
    GHashTable *written; /* char *: ids of observables and others that are in the bundle already */
    GPtrArray *refs;     /* char *: what the grouping of this incident holds */
    char created[TIMESTAMP_MAX];
    char *author, *id;
    const char *marking;
} Bundle;

static void put_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name,
                     const char *text)
{
    if (text)
        yyjson_mut_arr_add_strcpy(doc, yyjson_mut_obj_add_arr(doc, object, name), text);
}

/* Writes the object behind the others. */
static void write_object(Bundle *bundle, yyjson_mut_doc *doc)
{
    IncidentWriter *writer = bundle->writer;
    g_string_append(writer->text, writer->count++ > 0 ? ",\n" : "\n");
    incident_writers_json(writer, doc);
}

/* Begins an object with what all have. */
static yyjson_mut_doc *begin_object(const Bundle *bundle, const char *type, const char *id)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    jsontext_add(doc, root, "type", type);
    jsontext_add(doc, root, "spec_version", "2.1");
    jsontext_add(doc, root, "id", id);
    if (strcmp(type, "identity") != 0)
        jsontext_add(doc, root, "created_by_ref", bundle->author);
    jsontext_add(doc, root, "created", bundle->created);
    jsontext_add(doc, root, "modified", bundle->created);
    put_list(doc, root, "object_marking_refs", bundle->marking);
    return doc;
}

static char *derive(const char *type, const char *a, const char *b)
{
    g_autofree char *name = g_strconcat(a, "\n", b, NULL);
    return identifier_make_v5(type, NAMESPACE, name, strlen(name));
}

/* Whether @id is new to the bundle; it is in it from now on. */
static gboolean is_new(Bundle *bundle, const char *id)
{
    return !g_hash_table_contains(bundle->written, id) &&
           g_hash_table_add(bundle->written, g_strdup(id));
}

static void write_text(Bundle *bundle, const char *json)
{
    IncidentWriter *writer = bundle->writer;
    g_string_append(writer->text, writer->count++ > 0 ? ",\n" : "\n");
    g_string_append(writer->text, json);
}

/* --- Observables ----------------------------------------------------------------------------- */

/* Writes the observable @doc, whose id follows from what it says, unless it is there already.
 * Returns its id; caller frees. */
static char *write_observable(Bundle *bundle, yyjson_mut_doc *doc)
{
    yyjson_doc *plain = yyjson_mut_doc_imut_copy(doc, NULL);
    char *id = identifier_of_observable(yyjson_doc_get_root(plain));
    yyjson_doc_free(plain);
    if (!is_new(bundle, id)) {
        yyjson_mut_doc_free(doc);
        return id;
    }
    jsontext_add(doc, yyjson_mut_doc_get_root(doc), "id", id);
    write_object(bundle, doc);
    return id;
}

static yyjson_mut_doc *begin_observable(const char *type)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    jsontext_add(doc, root, "type", type);
    jsontext_add(doc, root, "spec_version", "2.1");
    return doc;
}

static void add_simple(Bundle *bundle, GPtrArray *refs, const char *type, const char *value)
{
    if (!value)
        return;
    yyjson_mut_doc *doc = begin_observable(type);
    jsontext_add(doc, yyjson_mut_doc_get_root(doc), "value", value);
    g_ptr_array_add(refs, write_observable(bundle, doc));
}

static void add_hash(Bundle *bundle, GPtrArray *refs, const Finding *finding)
{
    static const struct {
        ObservableKind kind;
        const char *name;
    } names[] = {{OBSERVABLE_MD5, "MD5"},
                 {OBSERVABLE_SHA1, "SHA-1"},
                 {OBSERVABLE_SHA256, "SHA-256"},
                 {OBSERVABLE_SHA512, "SHA-512"}};
    for (guint i = 0; finding->hash && i < G_N_ELEMENTS(names); i++) {
        if (names[i].kind != finding->hash_kind)
            continue;
        yyjson_mut_doc *doc = begin_observable("file");
        yyjson_mut_val *hashes =
            yyjson_mut_obj_add_obj(doc, yyjson_mut_doc_get_root(doc), "hashes");
        jsontext_add(doc, hashes, names[i].name, finding->hash);
        g_ptr_array_add(refs, write_observable(bundle, doc));
    }
}

static void add_as(Bundle *bundle, GPtrArray *refs, const Finding *finding)
{
    if (finding->asn == 0)
        return;
    yyjson_mut_doc *doc = begin_observable("autonomous-system");
    yyjson_mut_obj_add_uint(doc, yyjson_mut_doc_get_root(doc), "number", finding->asn);
    g_ptr_array_add(refs, write_observable(bundle, doc));
}

/* Ports are of connections. A weak service listens on its port; whoever attacks sends from his. */
static void add_traffic(Bundle *bundle, GPtrArray *refs, const Finding *finding)
{
    const char *protocol = finding->protocol ? finding->protocol : "tcp";
    if (finding->port == 0 || refs->len == 0 || !(finding->address || finding->domain))
        return;
    gboolean listens = finding->role != FINDING_SUBJECT ||
                       g_str_has_prefix(finding->classification, "vulnerable.") ||
                       g_str_has_prefix(finding->classification, "other.");
    const char *end = g_ptr_array_index(refs, 0);
    yyjson_mut_doc *doc = begin_observable("network-traffic");
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    jsontext_add(doc, root, listens ? "dst_ref" : "src_ref", end);
    yyjson_mut_obj_add_uint(doc, root, listens ? "dst_port" : "src_port", finding->port);
    put_list(doc, root, "protocols", protocol);
    g_ptr_array_add(refs, write_observable(bundle, doc));
}

static void write_finding(Bundle *bundle, const Finding *finding)
{
    static const char *const roles[] = {[FINDING_TARGET] = "target", [FINDING_OTHER] = "other"};
    g_autoptr(GPtrArray) refs = g_ptr_array_new_with_free_func(g_free);
    gboolean v6 = finding->address && strchr(finding->address, ':');
    gboolean net6 = finding->prefix && strchr(finding->prefix, ':');
    char time[TIMESTAMP_MAX];
    add_simple(bundle, refs, v6 ? "ipv6-addr" : "ipv4-addr", finding->address);
    add_simple(bundle, refs, "domain-name", finding->domain);
    add_traffic(bundle, refs, finding);
    add_simple(bundle, refs, net6 ? "ipv6-addr" : "ipv4-addr", finding->prefix);
    add_simple(bundle, refs, "url", finding->url);
    add_simple(bundle, refs, "email-addr", finding->email);
    add_hash(bundle, refs, finding);
    add_as(bundle, refs, finding);
    g_autofree char *key = finding_key(finding);
    timestamp_format(time,
                     finding->time ? finding->time
                     : bundle->incident->started
                         ? bundle->incident->started
                         : incident_writers_created(bundle->writer, bundle->incident),
                     3);
    g_autofree char *name = g_strconcat(key, " ", time, NULL);
    g_autofree char *id = derive("observed-data", bundle->id, name);
    if (!is_new(bundle, id))
        return;
    yyjson_mut_doc *doc = begin_object(bundle, "observed-data", id);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    jsontext_add(doc, root, "first_observed", time);
    jsontext_add(doc, root, "last_observed", time);
    yyjson_mut_obj_add_uint(doc, root, "number_observed", 1);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "object_refs");
    for (guint i = 0; i < refs->len; i++)
        yyjson_mut_arr_add_strcpy(doc, list, g_ptr_array_index(refs, i));
    yyjson_mut_val *labels = yyjson_mut_obj_add_arr(doc, root, "labels");
    g_autofree char *class = g_strconcat(INCIDENT_STIX_CLASS, finding->classification, NULL);
    yyjson_mut_arr_add_strcpy(doc, labels, class);
    if (finding->role != FINDING_SUBJECT) {
        g_autofree char *role = g_strconcat(INCIDENT_STIX_ROLE, roles[finding->role], NULL);
        yyjson_mut_arr_add_strcpy(doc, labels, role);
    }
    write_object(bundle, doc);
    g_ptr_array_add(bundle->refs, g_steal_pointer(&id));
}

/* --- Incidents ------------------------------------------------------------------------------- */

/* The type of the extension's vocabulary that is nearest to a class; NULL: none is near. */
static const char *incident_type(const char *word)
{
    static const struct {
        const char *prefix, *type;
    } types[] = {
        {"availability.sabotage", "destruction"},
        {"availability.", "denial-of-service"},
        {"intrusions.", "compromised-system"},
        {"malicious-code.infected-system", "compromised-system"},
        {"information-content-security.unauthorised-information-access", "unauthorized-access"},
        {"information-content-security.data-leak", "unauthorized-release"},
        {"fraud.unauthorised-use-of-resources", "unauthorized-use"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_prefix(word, types[i].prefix))
            return types[i].type;
    return NULL;
}

static void put_extension(yyjson_mut_doc *doc, yyjson_mut_val *root, const Incident *incident)
{
    /* The middle of the ranges of the extension's appendix. */
    static const struct {
        const char *severity;
        guint criticality;
    } criticalities[] = {{"info", 5}, {"low", 15}, {"medium", 40}, {"high", 70}, {"critical", 95}};
    yyjson_mut_val *extensions = yyjson_mut_obj_add_obj(doc, root, "extensions");
    yyjson_mut_val *core = yyjson_mut_obj_add_obj(doc, extensions, INCIDENT_STIX_EXTENSION);
    const char *status = incident->status;
    jsontext_add(doc, core, "extension_type", "property-extension");
    jsontext_add(doc, core, "determination", "suspected");
    jsontext_add(doc, core, "investigation_status",
                 g_strcmp0(status, "resolved") == 0      ? "closed"
                 : g_strcmp0(status, "in-progress") == 0 ? "open"
                                                         : "new");
    for (guint i = 0; i < G_N_ELEMENTS(criticalities); i++)
        if (g_strcmp0(criticalities[i].severity, incident->severity) == 0)
            yyjson_mut_obj_add_uint(doc, core, "criticality", criticalities[i].criticality);
    put_list(doc, core, "incident_types", incident_type(incident->classification));
}

static void write_author(Bundle *bundle, const IncidentAuthor *author)
{
    g_free(bundle->author);
    bundle->author = derive("identity", author->organisation, author->email ? author->email : "");
    if (!is_new(bundle, bundle->author))
        return;
    yyjson_mut_doc *doc = begin_object(bundle, "identity", bundle->author);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    jsontext_add(doc, root, "name", author->organisation);
    jsontext_add(doc, root, "identity_class", "organization");
    jsontext_add(doc, root, "contact_information", author->email);
    write_object(bundle, doc);
}

static void write_head(Bundle *bundle, const char *identifier, const IncidentAuthor *author)
{
    const Incident *incident = bundle->incident;
    yyjson_mut_doc *doc = begin_object(bundle, "incident", bundle->id);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    g_autofree char *label = g_strconcat(INCIDENT_STIX_CLASS, incident->classification, NULL);
    jsontext_add(doc, root, "name", incident->title);
    jsontext_add(doc, root, "description", incident->description);
    put_list(doc, root, "labels", label);
    if (incident->id && !g_str_has_prefix(incident->id, "incident--")) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "external_references");
        yyjson_mut_val *reference = yyjson_mut_arr_add_obj(doc, list);
        jsontext_add(doc, reference, "source_name", author->numbers);
        jsontext_add(doc, reference, "external_id", identifier);
    }
    put_extension(doc, root, incident);
    write_object(bundle, doc);
}

static void write_grouping(Bundle *bundle)
{
    g_autofree char *id = derive("grouping", bundle->id, "findings");
    yyjson_mut_doc *doc = begin_object(bundle, "grouping", id);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    jsontext_add(doc, root, "name", bundle->incident->title);
    jsontext_add(doc, root, "context", "suspicious-activity");
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "object_refs");
    yyjson_mut_arr_add_strcpy(doc, list, bundle->id);
    for (guint i = 0; i < bundle->refs->len; i++)
        yyjson_mut_arr_add_strcpy(doc, list, g_ptr_array_index(bundle->refs, i));
    write_object(bundle, doc);
}

static gboolean write_incident(Bundle *bundle, GError **error)
{
    IncidentWriter *writer = bundle->writer;
    const Incident *incident = bundle->incident;
    IncidentAuthor author = incident_writers_author(writer, incident);
    const char *tlp = incident_writers_tlp(writer, incident);
    g_autofree char *identifier = incident_writers_id(incident);
    if (!incident_writers_check_author(&author, FALSE, "STIX", error))
        return FALSE;
    timestamp_format(bundle->created, incident_writers_created(writer, incident), 3);
    bundle->marking = tlp ? indicator_tlp_marking(tlp) : NULL;
    if (bundle->marking && is_new(bundle, bundle->marking))
        write_text(bundle, indicator_tlp_object(tlp));
    write_author(bundle, &author);
    g_free(bundle->id);
    bundle->id = g_str_has_prefix(identifier, "incident--") &&
                         identifier_is_uuid(identifier + 10, strlen(identifier + 10), NULL)
                     ? g_strdup(identifier)
                     : derive("incident", author.numbers, identifier);
    write_head(bundle, identifier, &author);
    g_ptr_array_set_size(bundle->refs, 0);
    for (guint i = 0; i < incident->findings->len; i++) {
        write_finding(bundle, g_ptr_array_index(incident->findings, i));
        if (!incident_writers_flush(writer, FALSE, error))
            return FALSE;
    }
    if (bundle->refs->len > 0)
        write_grouping(bundle);
    return TRUE;
}

gboolean incident_writers_stix(IncidentWriter *writer, const GPtrArray *incidents, GError **error)
{
    g_autoptr(GHashTable) written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) refs = g_ptr_array_new_with_free_func(g_free);
    Bundle bundle = {.writer = writer, .written = written, .refs = refs};
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; i < incidents->len; i++) {
        g_autofree char *id = incident_writers_id(g_ptr_array_index(incidents, i));
        g_string_append_printf(ids, "%s\n", id);
    }
    g_autofree char *id = derive("bundle", ids->str, "");
    g_string_append_printf(writer->text, "{\"type\":\"bundle\",\"id\":\"%s\",\"objects\":[", id);
    gboolean good = TRUE;
    for (guint i = 0; good && i < incidents->len; i++) {
        bundle.incident = g_ptr_array_index(incidents, i);
        good = write_incident(&bundle, error);
    }
    g_string_append(writer->text, "\n]}\n");
    g_free(bundle.author);
    g_free(bundle.id);
    return good;
}
