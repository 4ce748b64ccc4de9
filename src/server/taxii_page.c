#include "server/taxii_page.h"

#include "base/timestamp.h"
#include "server/json.h"

/* Where the page begins, ends, and how long it may be. The filter's lists stay the call's. */
static gboolean build_query(const ApiCall *call, CollectionQuery *ret_query, GError **error)
{
    const ApiOptions *options = &call->api->options;
    CollectionQuery query = {
        .number = call->collection->number,
        .filter = call->filter.match,
        .limit = call->filter.limit > 0 ? MIN(call->filter.limit, options->page_limit)
                                        : options->page_limit,
        .max_bytes = options->max_page_bytes,
    };
    if (!taxii_filter_position(&call->filter, call->collection->id, &query.after, &query.until,
                               error))
        return FALSE;
    *ret_query = query;
    return TRUE;
}

/* The headers that every successful page has (section 3.2). Of an empty page they say where it
 * begins, so that a client which asks again from there misses nothing. */
static Reply *with_dates(Reply *reply, const CollectionPage *page, gint64 after)
{
    char buffer[TIMESTAMP_MAX];
    gint64 nowhere = after == G_MININT64 ? 0 : after;
    gboolean empty = !page || page->count == 0;
    reply_header(reply, "X-TAXII-Date-Added-First",
                 timestamp_format(buffer, empty ? nowhere : page->first, 6));
    reply_header(reply, "X-TAXII-Date-Added-Last",
                 timestamp_format(buffer, empty ? nowhere : page->last, 6));
    return reply;
}

static Reply *empty_page(ApiCall *call, gint64 after)
{
    return with_dates(api_reply(call, 200, g_string_new("{}")), NULL, after);
}

/* Ends a page's list: where there is more, `next`, which the caller frees, leads to it. Manifests
 * and versions have it too: the specification lists the parameter for their endpoints but forgot
 * the property (issue 110 of oasis-tcs/cti-taxii2), and clients that page them as they page objects
 * would never get on. */
static char *end_page(const ApiCall *call, const CollectionPage *page, GString *json)
{
    char *next = NULL;
    g_string_append_c(json, ']');
    if (page->more) {
        next = taxii_filter_next(&call->filter, call->collection->id, page->last, page->until);
        g_string_append_printf(json, ",\"more\":true,\"next\":\"%s\"", next);
    }
    g_string_append_c(json, '}');
    return next;
}

/* An envelope around the page's objects, which are not copied. */
static Reply *envelope(ApiCall *call, const CollectionQuery *query, CollectionPage *page)
{
    if (page->count == 0)
        return empty_page(call, query->after);
    GString *body = g_steal_pointer(&page->objects);
    g_autofree char *next = end_page(call, page, body);
    gsize length = body->len;
    /* What it grew to beyond its length goes back now, not when the reply has been sent. */
    char *bytes = g_realloc(g_string_free(body, FALSE), length);
    Reply *reply = reply_new(200, NEGOTIATE_TAXII, call->coding, "{\"objects\":[", bytes, length);
    reply_set_next(reply, next);
    return with_dates(reply, page, query->after);
}

Reply *taxii_page_objects(ApiCall *call, GError **error)
{
    CollectionQuery query;
    if (!build_query(call, &query, error))
        return NULL;
    if (call->filter.nothing)
        return empty_page(call, query.after);
    g_autoptr(CollectionPage) page = collections_objects(call->api->store, &query, NULL, error);
    return page ? envelope(call, &query, page) : NULL;
}

/* Makes the path's object the only one that the filter lets through. */
static void match_object(ApiCall *call)
{
    call->filter.match.ids = g_new0(char *, 2);
    call->filter.match.ids[0] = g_strdup(call->match.values[2]);
}

/* The answer when no version of the path's object is on the page. There is none in the collection
 * that fits: 404 (section 5.7 wants it of what was deleted). There is, but not later than the page
 * begins: an empty page. */
static Reply *no_versions(ApiCall *call, const CollectionQuery *query, GError **error)
{
    CollectionQuery any = *query;
    any.after = G_MININT64;
    any.limit = 1;
    gboolean contains = FALSE;
    if (query->after != G_MININT64 && !call->filter.nothing) {
        g_autoptr(CollectionPage) page = collections_manifest(call->api->store, &any, error);
        if (!page)
            return NULL;
        if (page->count > 0)
            return empty_page(call, query->after);
    }
    if (!collections_contains(call->api->store, call->collection->number, call->match.values[2],
                              &contains, error))
        return NULL;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                contains ? "no such version of this object in the collection"
                         : "no such object in the collection");
    return NULL;
}

Reply *taxii_page_object(ApiCall *call, GError **error)
{
    CollectionQuery query;
    match_object(call);
    if (!build_query(call, &query, error))
        return NULL;
    if (call->filter.nothing)
        return no_versions(call, &query, error);
    g_autoptr(CollectionPage) page = collections_objects(call->api->store, &query, NULL, error);
    if (!page)
        return NULL;
    return page->count > 0 ? envelope(call, &query, page) : no_versions(call, &query, error);
}

/* The version as TAXII names it; of an object that has none, its date_added. */
static void append_version(GString *json, const CollectionMember *member)
{
    if (member->version == 0) {
        json_append_time(json, member->date_added);
        return;
    }
    g_autofree char *text = object_version_text(member->version, member->version_digits);
    json_append_string(json, text);
}

static void append_record(GString *json, const CollectionMember *member)
{
    g_string_append(json, "{\"id\":");
    json_append_string(json, member->id);
    g_string_append(json, ",\"date_added\":");
    json_append_time(json, member->date_added);
    g_string_append(json, ",\"version\":");
    append_version(json, member);
    g_string_append_printf(json, ",\"media_type\":\"application/stix+json;version=2.%d\"}",
                           member->spec == OBJECT_SPEC_20 ? 0 : 1);
}

/* A page's members under @name. */
static Reply *members(ApiCall *call, const CollectionQuery *query, const CollectionPage *page,
                      const char *name, void (*append)(GString *, const CollectionMember *))
{
    if (page->count == 0)
        return empty_page(call, query->after);
    GString *json = g_string_sized_new(128 + (gsize)page->count * 192);
    g_string_append_printf(json, "{\"%s\":[", name);
    for (guint i = 0; i < page->members->len; i++) {
        if (i > 0)
            g_string_append_c(json, ',');
        append(json, &g_array_index(page->members, CollectionMember, i));
    }
    g_autofree char *next G_GNUC_UNUSED = end_page(call, page, json);
    return with_dates(api_reply(call, 200, json), page, query->after);
}

Reply *taxii_page_manifest(ApiCall *call, GError **error)
{
    CollectionQuery query;
    if (!build_query(call, &query, error))
        return NULL;
    if (call->filter.nothing)
        return empty_page(call, query.after);
    g_autoptr(CollectionPage) page = collections_manifest(call->api->store, &query, error);
    return page ? members(call, &query, page, "objects", append_record) : NULL;
}

Reply *taxii_page_versions(ApiCall *call, GError **error)
{
    CollectionQuery query;
    match_object(call);
    call->filter.match.all = TRUE;
    if (!build_query(call, &query, error))
        return NULL;
    if (call->filter.nothing)
        return no_versions(call, &query, error);
    g_autoptr(CollectionPage) page = collections_manifest(call->api->store, &query, error);
    if (!page)
        return NULL;
    return page->count > 0 ? members(call, &query, page, "versions", append_version)
                           : no_versions(call, &query, error);
}
