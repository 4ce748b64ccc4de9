#include "stix/observed.h"

#include "base/error.h"
#include "base/timestamp.h"

/* From so many objects on a table is quicker than looking through the keys. */
#define TABLE_FROM 16

struct ObservedPool {
    GHashTable *objects; /* const char * -> yyjson_val *, both borrowed */
};

ObservedPool *observed_pool_new(void)
{
    ObservedPool *pool = g_new(ObservedPool, 1);
    pool->objects = g_hash_table_new(g_str_hash, g_str_equal);
    return pool;
}

void observed_pool_free(ObservedPool *pool)
{
    if (!pool)
        return;
    g_hash_table_unref(pool->objects);
    g_free(pool);
}

void observed_pool_add(ObservedPool *pool, yyjson_val *object)
{
    const char *id = yyjson_get_str(yyjson_obj_get(object, "id"));
    if (id)
        g_hash_table_replace(pool->objects, (gpointer)id, object);
}

void observed_pool_add_bundle(ObservedPool *pool, yyjson_val *bundle)
{
    yyjson_val *objects = yyjson_obj_get(bundle, "objects"), *object;
    size_t i, n;
    yyjson_arr_foreach (objects, i, n, object)
        observed_pool_add(pool, object);
}

guint observed_pool_size(const ObservedPool *pool)
{
    return g_hash_table_size(pool->objects);
}

static gboolean read_time(yyjson_val *value, const char *key, gint64 *ret_us, GError **error)
{
    yyjson_val *time = yyjson_obj_get(value, key);
    if (yyjson_is_str(time) &&
        timestamp_parse(yyjson_get_str(time), yyjson_get_len(time), ret_us, NULL))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "$.%s: %s", key,
                time ? "this is no timestamp" : "it is missing");
    return FALSE;
}

static gboolean read_times(yyjson_val *value, Observed *observed, GError **error)
{
    if (!read_time(value, "first_observed", &observed->first, error))
        return FALSE;
    observed->last = observed->first;
    if (yyjson_obj_get(value, "last_observed") &&
        !read_time(value, "last_observed", &observed->last, error))
        return FALSE;
    if (observed->last >= observed->first)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "$.last_observed: it is before first_observed");
    return FALSE;
}

static gboolean read_count(yyjson_val *value, Observed *observed, GError **error)
{
    yyjson_val *count = yyjson_obj_get(value, "number_observed");
    observed->count = count ? yyjson_get_uint(count) : 1;
    if ((!count || yyjson_is_uint(count)) && observed->count >= 1 &&
        observed->count <= OBSERVED_MAX_COUNT)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "$.number_observed: it is not a number from 1 to %" G_GUINT64_FORMAT,
                OBSERVED_MAX_COUNT);
    return FALSE;
}

static gboolean check_number(yyjson_val *objects, const char *key, GError **error)
{
    if (unsafe_yyjson_get_len(objects) <= OBSERVED_MAX_OBJECTS)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "$.%s: an observation of more than %d objects", key, OBSERVED_MAX_OBJECTS);
    return FALSE;
}

static gboolean read_inside(Observed *observed, GError **error)
{
    yyjson_val *key, *object;
    size_t i, n;
    if (!yyjson_is_obj(observed->inside)) {
        observed->inside = NULL;
        return TRUE;
    }
    if (!check_number(observed->inside, "objects", error))
        return FALSE;
    if (yyjson_obj_size(observed->inside) >= TABLE_FROM)
        observed->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    yyjson_obj_foreach (observed->inside, i, n, key, object) {
        g_ptr_array_add(observed->objects, object);
        if (observed->by_key)
            g_hash_table_insert(observed->by_key, (gpointer)yyjson_get_str(key), object);
    }
    return TRUE;
}

static gboolean read_refs(yyjson_val *refs, Observed *observed, GError **error)
{
    yyjson_val *ref;
    size_t i, n;
    if (!yyjson_is_arr(refs))
        return TRUE;
    if (!check_number(refs, "object_refs", error))
        return FALSE;
    yyjson_arr_foreach (refs, i, n, ref) {
        const char *id = yyjson_get_str(ref);
        yyjson_val *object = id ? observed_find(observed, id) : NULL;
        if (object)
            g_ptr_array_add(observed->objects, object);
        else
            observed->missing++;
    }
    return TRUE;
}

Observed *observed_read(yyjson_val *value, const ObservedPool *pool, GError **error)
{
    g_autoptr(Observed) observed = g_new0(Observed, 1);
    observed->objects = g_ptr_array_new();
    observed->pool = pool;
    observed->id = yyjson_get_str(yyjson_obj_get(value, "id"));
    observed->inside = yyjson_obj_get(value, "objects");
    if (!read_times(value, observed, error) || !read_count(value, observed, error) ||
        !read_inside(observed, error) ||
        !read_refs(yyjson_obj_get(value, "object_refs"), observed, error))
        return NULL;
    return g_steal_pointer(&observed);
}

void observed_free(Observed *observed)
{
    if (!observed)
        return;
    g_ptr_array_unref(observed->objects);
    g_clear_pointer(&observed->by_key, g_hash_table_unref);
    g_free(observed);
}

yyjson_val *observed_find(const Observed *observed, const char *id)
{
    yyjson_val *object = NULL;
    if (observed->by_key)
        object = g_hash_table_lookup(observed->by_key, id);
    else if (observed->inside)
        object = yyjson_obj_get(observed->inside, id);
    if (!object && observed->pool)
        object = g_hash_table_lookup(observed->pool->objects, id);
    return object;
}
