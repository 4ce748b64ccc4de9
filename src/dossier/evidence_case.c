#include "dossier/evidence_case.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"

#define ID_MAX 96

typedef struct {
    const EngineResult *result;
    const EvidenceChain *chain;
    yyjson_mut_doc *doc;
    yyjson_mut_val *objects;
    GHashTable *made; /* ids that are there */
} Making;

/* "kb:KIND-UUID": the UUID follows from the dossier, the kind and the name. */
static const char *make_id(const Making *making, const char *kind, const char *name,
                           char buffer[ID_MAX])
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    g_autofree char *text = g_strdup_printf("%s\n%s\n%s", making->result->dossier, kind, name);
    sha256_digest(text, strlen(text), digest);
    digest[6] = (guint8)((digest[6] & 0x0f) | 0x80); /* RFC 9562: version 8 */
    digest[8] = (guint8)((digest[8] & 0x3f) | 0x80);
    sha256_hex(digest, hex);
    g_snprintf(buffer, ID_MAX, "kb:%s-%.8s-%.4s-%.4s-%.4s-%.12s", kind, hex, hex + 8, hex + 12,
               hex + 16, hex + 20);
    return buffer;
}

/* A new object of the document; NULL if it is there already. */
static yyjson_mut_val *add_object(Making *making, const char *id, const char *type)
{
    if (!g_hash_table_add(making->made, g_strdup(id)))
        return NULL;
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(making->doc, making->objects);
    yyjson_mut_obj_add_strcpy(making->doc, object, "@id", id);
    yyjson_mut_obj_add_str(making->doc, object, "@type", type);
    return object;
}

static void add_text(Making *making, yyjson_mut_val *object, const char *name, const char *text)
{
    if (text && *text)
        yyjson_mut_obj_add_strcpy(making->doc, object, name, text);
}

static void add_typed(Making *making, yyjson_mut_val *object, const char *name, const char *type,
                      const char *value)
{
    yyjson_mut_val *typed = yyjson_mut_obj_add_obj(making->doc, object, name);
    yyjson_mut_obj_add_str(making->doc, typed, "@type", type);
    yyjson_mut_obj_add_strcpy(making->doc, typed, "@value", value);
}

static void add_reference(Making *making, yyjson_mut_val *object, const char *name, const char *id)
{
    yyjson_mut_val *reference = yyjson_mut_obj_add_obj(making->doc, object, name);
    yyjson_mut_obj_add_strcpy(making->doc, reference, "@id", id);
}

static void append_reference(Making *making, yyjson_mut_val *list, const char *id)
{
    yyjson_mut_val *reference = yyjson_mut_arr_add_obj(making->doc, list);
    yyjson_mut_obj_add_strcpy(making->doc, reference, "@id", id);
}

/* --- files and copies --------------------------------------------------------------------------
 */

static const char *file_id(const Making *making, const EventHash *hash, char buffer[ID_MAX])
{
    char hex[2 * SHA256_SIZE + 1];
    return make_id(making, "file", event_hash_format(hash, hex), buffer);
}

static void add_file(Making *making, const EvidenceItem *item)
{
    char id[ID_MAX], part[ID_MAX], hex[2 * SHA256_SIZE + 1], size[32];
    yyjson_mut_val *file =
        add_object(making, file_id(making, &item->sha256, id), "uco-observable:File");
    if (!file)
        return;
    event_hash_format(&item->sha256, hex);
    g_snprintf(size, sizeof size, "%" G_GUINT64_FORMAT, item->size);
    yyjson_mut_val *facets = yyjson_mut_obj_add_arr(making->doc, file, "uco-core:hasFacet");
    yyjson_mut_val *facet = yyjson_mut_arr_add_obj(making->doc, facets);
    yyjson_mut_obj_add_strcpy(making->doc, facet, "@id", make_id(making, "file-facet", hex, part));
    yyjson_mut_obj_add_str(making->doc, facet, "@type", "uco-observable:FileFacet");
    add_text(making, facet, "uco-observable:fileName", item->name);
    add_typed(making, facet, "uco-observable:sizeInBytes", "xsd:integer", size);
    facet = yyjson_mut_arr_add_obj(making->doc, facets);
    yyjson_mut_obj_add_strcpy(making->doc, facet, "@id",
                              make_id(making, "content-facet", hex, part));
    yyjson_mut_obj_add_str(making->doc, facet, "@type", "uco-observable:ContentDataFacet");
    add_text(making, facet, "uco-observable:mimeType", item->type);
    add_typed(making, facet, "uco-observable:sizeInBytes", "xsd:integer", size);
    yyjson_mut_val *hash = yyjson_mut_obj_add_obj(making->doc, facet, "uco-observable:hash");
    yyjson_mut_obj_add_strcpy(making->doc, hash, "@id", make_id(making, "hash", hex, part));
    yyjson_mut_obj_add_str(making->doc, hash, "@type", "uco-types:Hash");
    add_typed(making, hash, "uco-types:hashMethod", "uco-vocabulary:HashNameVocab", "SHA256");
    add_typed(making, hash, "uco-types:hashValue", "xsd:hexBinary", hex);
}

static void add_files(Making *making, const GArray *items)
{
    for (guint i = 0; i < items->len; i++)
        add_file(making, &g_array_index(items, EvidenceItem, i));
}

static void add_references(Making *making, yyjson_mut_val *object, const char *name,
                           const GArray *items)
{
    char id[ID_MAX];
    if (items->len == 0)
        return;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(making->doc, object, name);
    for (guint i = 0; i < items->len; i++)
        append_reference(making, list,
                         file_id(making, &g_array_index(items, EvidenceItem, i).sha256, id));
}

static void add_copies(Making *making, const GArray *items)
{
    char id[ID_MAX];
    for (guint i = 0; i < making->chain->copies->len; i++) {
        const EvidenceCopy *copy = making->chain->copies->pdata[i];
        yyjson_mut_val *record =
            add_object(making, make_id(making, "provenance-record", copy->name, id),
                       "case-investigation:ProvenanceRecord");
        g_autofree char *state = g_strdup_printf(
            "%s, in the hands of %s", evidence_chain_status_name(copy->status), copy->custodian);
        add_text(making, record, "case-investigation:exhibitNumber", copy->name);
        add_text(making, record, "case-investigation:rootExhibitNumber", EVIDENCE_CHAIN_ORIGINAL);
        add_text(making, record, "uco-core:description", state);
        add_references(making, record, "uco-core:object", items);
    }
}

/* --- steps -------------------------------------------------------------------------------------
 */

static const char *add_performer(Making *making, const Event *event, char id[ID_MAX])
{
    g_autofree char *name = g_strdup_printf("%s%s%s", event->signatory ? event->signatory : "",
                                            event->signatory ? ", " : "", event->node);
    yyjson_mut_val *object =
        add_object(making, make_id(making, "identity", name, id), "uco-identity:Identity");
    if (object)
        add_text(making, object, "uco-core:name", name);
    return id;
}

static const char *add_tool(Making *making, const char *tool, char id[ID_MAX])
{
    yyjson_mut_val *object = add_object(making, make_id(making, "tool", tool, id), "uco-tool:Tool");
    if (object)
        add_text(making, object, "uco-core:name", tool);
    return id;
}

static void add_step(Making *making, const Event *event)
{
    char hex[2 * SHA256_SIZE + 1], id[ID_MAX], other[ID_MAX], time[TIMESTAMP_MAX];
    const char *tool = event_text(event, "tool"), *copy = event_text(event, "copy");
    const char *done = event_text(event, "time"), *method = event_text(event, "method");
    g_autoptr(GArray) items = evidence_chain_items(event);
    add_files(making, items);
    event_hash_format(&event->hash, hex);
    yyjson_mut_val *action = add_object(making, make_id(making, "investigative-action", hex, id),
                                        "case-investigation:InvestigativeAction");
    g_autofree char *description = g_strdup_printf(
        "%s%s%s", method ? method : "", method && event_text(event, "text") ? "\n" : "",
        event_text(event, "text") ? event_text(event, "text") : "");
    if (!action)
        return;
    add_text(making, action, "uco-core:name", event->type);
    add_text(making, action, "uco-core:description", description);
    timestamp_format(time, event->time_us, 0);
    add_typed(making, action, "uco-action:startTime", "xsd:dateTime", done ? done : time);
    add_typed(making, action, "uco-action:endTime", "xsd:dateTime", time);
    add_reference(making, action, "uco-action:performer", add_performer(making, event, other));
    if (tool)
        add_reference(making, action, "uco-action:instrument", add_tool(making, tool, other));
    if (copy && evidence_chain_find(making->chain, copy))
        add_reference(making, action, "uco-action:object",
                      make_id(making, "provenance-record", copy, other));
    add_references(making, action, "uco-action:result", items);
}

/* --- the document ------------------------------------------------------------------------------
 */

static void add_context(yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    static const char *const prefixes[][2] = {
        {"kb", "http://example.org/kb/"},
        {"case-investigation", "https://ontology.caseontology.org/case/investigation/"},
        {"uco-action", "https://ontology.unifiedcyberontology.org/uco/action/"},
        {"uco-core", "https://ontology.unifiedcyberontology.org/uco/core/"},
        {"uco-identity", "https://ontology.unifiedcyberontology.org/uco/identity/"},
        {"uco-observable", "https://ontology.unifiedcyberontology.org/uco/observable/"},
        {"uco-tool", "https://ontology.unifiedcyberontology.org/uco/tool/"},
        {"uco-types", "https://ontology.unifiedcyberontology.org/uco/types/"},
        {"uco-vocabulary", "https://ontology.unifiedcyberontology.org/uco/vocabulary/"},
        {"xsd", "http://www.w3.org/2001/XMLSchema#"},
    };
    yyjson_mut_val *context = yyjson_mut_obj_add_obj(doc, root, "@context");
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
        yyjson_mut_obj_add_str(doc, context, prefixes[i][0], prefixes[i][1]);
}

static void add_investigation(Making *making)
{
    char id[ID_MAX];
    const Event *opening = making->result->opening;
    yyjson_mut_val *object = add_object(making, make_id(making, "investigation", "", id),
                                        "case-investigation:Investigation");
    if (!opening)
        return;
    add_text(making, object, "uco-core:name", event_text(opening, "subject"));
    add_text(making, object, "uco-core:description", event_text(opening, "source"));
    add_text(making, object, "case-investigation:focus", event_text(opening, "kind"));
}

char *evidence_case(const EngineResult *result, const EvidenceChain *chain)
{
    char id[ID_MAX];
    Making making = {.result = result, .chain = chain, .doc = yyjson_mut_doc_new(NULL)};
    yyjson_mut_val *root = yyjson_mut_obj(making.doc);
    yyjson_mut_doc_set_root(making.doc, root);
    add_context(making.doc, root);
    yyjson_mut_obj_add_strcpy(making.doc, root, "@id", make_id(&making, "bundle", "", id));
    yyjson_mut_obj_add_str(making.doc, root, "@type", "uco-core:Bundle");
    making.objects = yyjson_mut_obj_add_arr(making.doc, root, "uco-core:object");
    making.made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) items = chain->seal ? evidence_chain_items(chain->seal)
                                          : g_array_new(FALSE, FALSE, sizeof(EvidenceItem));
    add_investigation(&making);
    add_files(&making, items);
    add_copies(&making, items);
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one->verdict == ENGINE_VALID)
            add_step(&making, one->event);
    }
    g_hash_table_unref(making.made);
    return jsontext_take(making.doc);
}
