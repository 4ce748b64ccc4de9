#include "exchange/event_post.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "dossier/event.h"

/* From which place on they fit. */
static guint first_that_fits(const GPtrArray *events)
{
    gsize size = 0;
    guint first = events->len;
    while (first > 0 && events->len - first < EVENT_POST_EVENTS) {
        size += g_bytes_get_size(events->pdata[first - 1]);
        if (size > EVENT_POST_RAW_MAX)
            break;
        first--;
    }
    return first;
}

GBytes *event_post_make(const GPtrArray *events)
{
    guint first = first_that_fits(events);
    if (first == events->len)
        return NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "events");
    for (guint i = first; i < events->len; i++) {
        gsize length;
        const char *text = g_bytes_get_data(events->pdata[i], &length);
        yyjson_mut_arr_add_strn(doc, list, text, length);
    }
    char *text = jsontext_take(doc);
    if (!text || strlen(text) > EVENT_POST_BYTES_MAX) {
        g_free(text);
        return NULL;
    }
    return g_bytes_new_take(text, strlen(text));
}

static gboolean check(yyjson_val *list, GError **error)
{
    size_t at, count;
    yyjson_val *one;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0)
        return error_set(error, CONCERT_ERROR_INPUT, "\"events\" is no list of events");
    if (yyjson_arr_size(list) > EVENT_POST_EVENTS)
        return error_set(error, CONCERT_ERROR_LIMIT, "there are more than 64 events");
    yyjson_arr_foreach (list, at, count, one) {
        if (!yyjson_is_str(one))
            return error_set(error, CONCERT_ERROR_INPUT, "an event is no text");
        if (yyjson_get_len(one) > EVENT_BYTES_MAX)
            return error_set(error, CONCERT_ERROR_LIMIT, "an event is too large");
    }
    return TRUE;
}

GPtrArray *event_post_parse(const char *body, gsize length, GError **error)
{
    size_t at, count;
    yyjson_val *one;
    if (length > EVENT_POST_BYTES_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "the post is too large");
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(body, length, error);
    yyjson_val *list = doc ? yyjson_obj_get(yyjson_doc_get_root(doc), "events") : NULL;
    if (!doc || !check(list, error))
        return NULL;
    GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    yyjson_arr_foreach (list, at, count, one) {
        g_ptr_array_add(events, g_bytes_new(yyjson_get_str(one), yyjson_get_len(one)));
    }
    return events;
}
