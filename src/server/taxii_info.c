#include "server/taxii_info.h"

#include <string.h>

#include "server/json.h"
#include "stix/identifier.h"
#include "store/receipts.h"

static void append_member(GString *json, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    g_string_append_printf(json, "%s\"%s\":", json->str[json->len - 1] == '{' ? "" : ",", name);
    json_append_string(json, value);
}

static gboolean not_found(GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no such %s", what);
    return FALSE;
}

/* API roots are told as relative URLs: whatever name and scheme the client came by is right. */
Reply *taxii_info_discovery(ApiCall *call, GError **error)
{
    Api *api = call->api;
    g_autoptr(GPtrArray) roots = collections_roots(api->store, error);
    if (!roots)
        return NULL;
    g_autoptr(GString) urls = g_string_new(NULL);
    g_autofree char *first = NULL;
    for (guint i = 0; i < roots->len; i++) {
        const CollectionRoot *root = roots->pdata[i];
        g_autoptr(GPtrArray) visible = api_visible(api, call->principal, root->name, error);
        if (!visible)
            return NULL;
        if (visible->len == 0)
            continue;
        g_string_append_printf(urls, "%s\"/%s/\"", urls->len > 0 ? "," : "", root->name);
        if (!first)
            first = g_strdup_printf("/%s/", root->name);
    }
    if (!first && call->principal->anonymous) {
        not_found(error, "API root");
        return NULL;
    }
    GString *json = g_string_new("{");
    append_member(json, "title", api->options.title);
    append_member(json, "description", api->options.description);
    append_member(json, "contact", api->options.contact);
    append_member(json, "default", first);
    if (first)
        g_string_append_printf(json, ",\"api_roots\":[%s]", urls->str);
    return api_reply(call, 200, g_string_append_c(json, '}'));
}

/* The collections of the path's root; NOT_FOUND when there is no root the client may know of. */
static GPtrArray *visible_in_root(ApiCall *call, GError **error)
{
    g_autoptr(GPtrArray) visible =
        api_visible(call->api, call->principal, call->match.values[0], error);
    if (visible && visible->len == 0) {
        not_found(error, "API root");
        return NULL;
    }
    return g_steal_pointer(&visible);
}

Reply *taxii_info_root(ApiCall *call, GError **error)
{
    g_autoptr(GPtrArray) visible = visible_in_root(call, error);
    g_autoptr(GPtrArray) roots = visible ? collections_roots(call->api->store, error) : NULL;
    for (guint i = 0; roots && i < roots->len; i++) {
        const CollectionRoot *root = roots->pdata[i];
        if (!g_str_equal(root->name, call->match.values[0]))
            continue;
        GString *json = g_string_new("{");
        append_member(json, "title", root->title && *root->title ? root->title : root->name);
        append_member(json, "description", root->description);
        g_string_append_printf(json,
                               ",\"versions\":[\"" NEGOTIATE_TAXII "\"],"
                               "\"max_content_length\":%" G_GSIZE_FORMAT "}",
                               call->api->options.max_request_bytes);
        return api_reply(call, 200, json);
    }
    if (roots)
        not_found(error, "API root");
    return NULL;
}

Reply *taxii_info_status(ApiCall *call, GError **error)
{
    const char *id = call->match.values[1];
    /* Nobody else's: not even who else has sent something is told. */
    if (call->principal->anonymous || !identifier_is_uuid(id, strlen(id), NULL)) {
        not_found(error, "status");
        return NULL;
    }
    gsize length;
    char *json = receipts_get(call->api->store, id, call->match.values[0], call->principal->name,
                              &length, error);
    return json ? reply_new(200, NEGOTIATE_TAXII, call->coding, NULL, json, length) : NULL;
}

static void append_collection(GString *json, const Collection *collection, gboolean can_read,
                              gboolean can_write)
{
    const char *title = collection->title;
    g_string_append_c(json, '{');
    append_member(json, "id", collection->id);
    append_member(json, "title", title && *title ? title : collection->name);
    append_member(json, "description", collection->description);
    append_member(json, "alias", collection->name);
    g_string_append_printf(json,
                           ",\"can_read\":%s,\"can_write\":%s,"
                           "\"media_types\":[\"application/stix+json;version=2.0\","
                           "\"application/stix+json;version=2.1\"]}",
                           can_read ? "true" : "false", can_write ? "true" : "false");
}

Reply *taxii_info_collections(ApiCall *call, GError **error)
{
    g_autoptr(GPtrArray) visible = visible_in_root(call, error);
    if (!visible)
        return NULL;
    g_autoptr(GString) json = g_string_new("{\"collections\":[");
    for (guint i = 0; i < visible->len; i++) {
        const Collection *collection = visible->pdata[i];
        gboolean read, write;
        if (!api_rights(call->api, call->principal, collection, &read, &write, error))
            return NULL;
        if (i > 0)
            g_string_append_c(json, ',');
        append_collection(json, collection, read, write);
    }
    return api_reply(call, 200, g_string_append(g_steal_pointer(&json), "]}"));
}

Reply *taxii_info_collection(ApiCall *call, GError **error)
{
    GString *json = g_string_new(NULL);
    append_collection(json, call->collection, call->can_read, call->can_write);
    return api_reply(call, 200, json);
}
