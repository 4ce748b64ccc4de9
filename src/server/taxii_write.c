#include "server/taxii_write.h"

#include <string.h>

#include "base/timestamp.h"
#include "server/json.h"
#include "server/problem.h"
#include "server/taxii_envelope.h"
#include "store/objects.h"
#include "store/placed.h"
#include "store/receipts.h"

/* Failures that are told one by one; further ones are only counted. */
#define MAX_FAILURES 10000

/* A bundle is no object of a collection, though STIX 2.0 would have it validated like one. */
#define NO_BUNDLES                                                                                 \
    "$.type: a bundle; send its objects in an envelope, {\"objects\": [...]}, without it"

/* An envelope on its way into the store. */
typedef struct {
    ApiCall *call;
    HttpRequest *request;
    GString *body;      /* what the objects' bytes are in */
    GPtrArray *objects; /* Object *, the good ones */
    ObjectsResult *results;
    guint total, rejected;
    char *status_id;
    char *received;    /* request_timestamp */
    GString *failures; /* status-details, separated by commas */
    GString *status;   /* the status resource */
} Adding;

static void adding_free(Adding *adding)
{
    g_clear_pointer(&adding->objects, g_ptr_array_unref);
    if (adding->body)
        g_string_free(adding->body, TRUE);
    if (adding->failures)
        g_string_free(adding->failures, TRUE);
    if (adding->status)
        g_string_free(adding->status, TRUE);
    g_free(adding->results);
    g_free(adding->status_id);
    g_free(adding->received);
    g_free(adding);
}

static gboolean is_bundle(const char *type)
{
    return g_strcmp0(type, "bundle") == 0;
}

/* A string property of a broken object, or NULL. */
static const char *salvage(yyjson_val *object, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));
    return text && strlen(text) <= OBJECT_MAX_ID ? text : NULL;
}

static void add_failure(Adding *adding, guint index, const TaxiiEnvelopeItem *item,
                        const GError *why)
{
    if (adding->rejected++ >= MAX_FAILURES)
        return;
    yyjson_doc *doc = yyjson_read(item->bytes, item->length, YYJSON_READ_NOFLAG);
    yyjson_val *object = yyjson_doc_get_root(doc);
    const char *id = salvage(object, "id"), *modified = salvage(object, "modified");
    const char *created = salvage(object, "created");
    const char *reason = is_bundle(salvage(object, "type")) ? NO_BUNDLES : why->message;
    g_autofree char *place = g_strdup_printf("objects[%u]", index);
    g_autofree char *message = id ? g_strdup(reason) : g_strdup_printf("%s: %s", place, reason);
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    GString *json = adding->failures;
    g_string_append_printf(json, "%s{\"id\":", json->len > 0 ? "," : "");
    json_append_string(json, id ? id : place);
    g_string_append(json, ",\"version\":");
    json_append_string(json, modified ? modified : created ? created : adding->received);
    g_string_append(json, ",\"message\":");
    json_append_string(json, valid);
    g_string_append_c(json, '}');
    yyjson_doc_free(doc);
}

/* An object that does not say its specification is of 2.0: in 2.1 all but observables must. */
static void read_objects(Adding *adding, const GArray *items)
{
    /* A status has no place for warnings, so they are not worked out. */
    ObjectLevel level = adding->call->api->options.level;
    if (level == OBJECT_DEFAULT)
        level = OBJECT_MUSTS;
    adding->total = items->len;
    adding->objects = g_ptr_array_new_full(items->len, (GDestroyNotify)object_free);
    for (guint i = 0; i < items->len; i++) {
        const TaxiiEnvelopeItem *item = &g_array_index(items, TaxiiEnvelopeItem, i);
        g_autoptr(GError) error = NULL;
        g_autoptr(Object) object =
            object_read(item->bytes, item->length, OBJECT_SPEC_20, level, &error);
        if (object && is_bundle(object->type))
            g_set_error_literal(&error, CONCERT_ERROR, CONCERT_ERROR_INPUT, NO_BUNDLES);
        if (error)
            add_failure(adding, i, item, error);
        else
            g_ptr_array_add(adding->objects, g_steal_pointer(&object));
    }
    adding->results = g_new0(ObjectsResult, items->len + 1);
}

static const char *message_of(ObjectsOutcome outcome)
{
    switch (outcome) {
    case OBJECTS_ACCEPTED:
        break;
    case OBJECTS_UNCHANGED:
        return "was there already";
    case OBJECTS_VARIANT:
        return "kept as a variant: this id and version is there with other content, which stays "
               "the one that is served";
    case OBJECTS_CLAIM:
        return "kept as a claim: the object is another source's; takes effect when an analyst "
               "adopts it";
    }
    return NULL;
}

static void append_success(GString *json, const Object *object, const ObjectsResult *result)
{
    g_string_append(json, "{\"id\":");
    json_append_string(json, object->id);
    g_string_append(json, ",\"version\":");
    if (object->version != 0) {
        g_autofree char *text = object_version_text(object->version, object->version_digits);
        json_append_string(json, text);
    } else {
        json_append_time(json, result->date);
    }
    const char *message = message_of(result->outcome);
    if (message)
        g_string_append_printf(json, ",\"message\":\"%s\"", message);
    g_string_append_c(json, '}');
}

/* Section 4.3.1; always complete, since it is only told when everything is durable. What a list
 * that was cut leaves out is told in a property of our own (section 7.1). */
static void write_status(Adding *adding)
{
    guint good = adding->objects->len;
    GString *json = g_string_truncate(adding->status, 0);
    g_string_append_printf(json,
                           "{\"id\":\"%s\",\"status\":\"complete\",\"request_timestamp\":\"%s\","
                           "\"total_count\":%u,\"success_count\":%u",
                           adding->status_id, adding->received, adding->total, good);
    for (guint i = 0; i < good; i++) {
        g_string_append(json, i == 0 ? ",\"successes\":[" : ",");
        append_success(json, adding->objects->pdata[i], &adding->results[i]);
    }
    g_string_append_printf(json, "%s,\"failure_count\":%u", good > 0 ? "]" : "", adding->rejected);
    if (adding->failures->len > 0)
        g_string_append_printf(json, ",\"failures\":[%s]", adding->failures->str);
    if (adding->rejected > MAX_FAILURES)
        g_string_append_printf(json, ",\"x_concert_failures_omitted\":%u",
                               adding->rejected - MAX_FAILURES);
    g_string_append(json, ",\"pending_count\":0}");
}

/* May run twice, when a neighbour in the batch fails. */
static gboolean apply_add(StoreTx *tx, gpointer data, GError **error)
{
    Adding *adding = data;
    const ApiCall *call = adding->call;
    if (adding->objects->len > 0 &&
        !(objects_put(tx, call->principal->source, call->collection->number,
                      (Object *const *)adding->objects->pdata, adding->objects->len,
                      adding->results, error) &&
          placed_add(tx, call->collection->number, adding->results, adding->objects->len, error)))
        return FALSE;
    write_status(adding);
    return receipts_put(tx, adding->status_id, call->collection->root, call->principal->name,
                        adding->status->str, adding->status->len, error);
}

static void added(gpointer data, const GError *error)
{
    Adding *adding = data;
    if (error) {
        http_resume(adding->request, problem_from_error(error));
        return;
    }
    ApiCounts *counts = &adding->call->api->counts;
    __atomic_add_fetch(&counts->objects_added, adding->objects->len, __ATOMIC_RELAXED);
    __atomic_add_fetch(&counts->objects_rejected, adding->rejected, __ATOMIC_RELAXED);
    http_resume(adding->request, api_reply(adding->call, 202, g_steal_pointer(&adding->status)));
}

Reply *taxii_write_add(ApiCall *call, GError **error)
{
    HttpRequest *request = call->request;
    char time[TIMESTAMP_MAX];
    if (!request->body || request->body->len == 0)
        return problem_reply(422, "there is no body");
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) items = taxii_envelope_split(request->body->str, request->body->len, &why);
    if (!items)
        return problem_reply(422, why->message);

    /* Freed when the request is over: not on the writer's thread, which has better things to do. */
    Adding *adding = call->work = g_new0(Adding, 1);
    call->work_free = (GDestroyNotify)adding_free;
    adding->call = call;
    adding->request = request;
    adding->body = g_steal_pointer(&request->body);
    adding->received = g_strdup(timestamp_format(time, timestamp_now(), 6));
    adding->status_id = g_uuid_string_random();
    adding->failures = g_string_new(NULL);
    adding->status = g_string_sized_new(256 + (gsize)items->len * 128);
    read_objects(adding, items);
    writer_submit(call->api->writer, adding->objects->len, apply_add, added, adding, error);
    return NULL;
}

typedef struct {
    ApiCall *call;
    guint removed;
} Removing;

static gboolean apply_remove(StoreTx *tx, gpointer data, GError **error)
{
    Removing *removing = data;
    const ApiCall *call = removing->call;
    return collections_remove(tx, call->collection->number, call->match.values[2],
                              &call->filter.match, &removing->removed, error);
}

Reply *taxii_write_remove(ApiCall *call, GError **error)
{
    Removing removing = {.call = call};
    if (!call->filter.nothing && !writer_run(call->api->writer, 1, apply_remove, &removing, error))
        return NULL;
    if (removing.removed == 0)
        return problem_reply(404, "no such object, or version of it, in the collection");
    return reply_new(200, NEGOTIATE_TAXII, NEGOTIATE_IDENTITY, NULL, NULL, 0);
}
