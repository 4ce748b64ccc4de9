/* dispatcher_minimise.c - leaving personal data out of own objects before they are committed
 * (policy/minimise.h). What takes their place is stored like them, so that the ledger's items are
 * stored versions as ever. */
#include "node/dispatcher_core.h"

void dispatcher_object_free(DispatcherObject *object)
{
    if (!object)
        return;
    g_free(object->source);
    g_bytes_unref(object->bytes);
    g_free(object);
}

DispatcherObject *dispatcher_object_new(const ObjectsRow *row)
{
    DispatcherObject *object = g_new0(DispatcherObject, 1);
    object->version = row->number;
    object->spec = row->spec;
    object->source = g_strdup(row->source);
    object->bytes = g_bytes_ref(row->bytes);
    return object;
}

/* Objects that take the place of others, on their way into the store; all of one source. */
typedef struct {
    DispatcherObject *const *objects;
    guint count;
} Putting;

static gboolean apply_put(StoreTx *tx, gpointer user, GError **error)
{
    const Putting *putting = user;
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)object_free);
    g_autofree ObjectsResult *results = g_new(ObjectsResult, putting->count);
    for (guint i = 0; i < putting->count; i++) {
        gsize length;
        const char *bytes = g_bytes_get_data(putting->objects[i]->bytes, &length);
        Object *object =
            object_read(bytes, length, putting->objects[i]->spec, OBJECT_LENIENT, error);
        if (!object)
            return FALSE;
        g_ptr_array_add(read, object);
    }
    if (!objects_put(tx, putting->objects[0]->source, 0, (Object *const *)read->pdata, read->len,
                     results, error))
        return FALSE;
    for (guint i = 0; i < putting->count; i++)
        putting->objects[i]->version = results[i].version;
    return TRUE;
}

/* Runs of objects of one source. */
static gboolean put_replaced(Notary *notary, const GPtrArray *replaced, GError **error)
{
    guint count;
    for (guint i = 0; i < replaced->len; i += count) {
        DispatcherObject *const *objects = (DispatcherObject *const *)replaced->pdata + i;
        for (count = 1; i + count < replaced->len && count < DISPATCHER_ITEMS_MAX &&
                        g_str_equal(objects[count]->source, objects[0]->source);
             count++)
            ;
        Putting putting = {objects, count};
        if (!writer_run(notary_writer(notary), count, apply_put, &putting, error))
            return FALSE;
    }
    return TRUE;
}

/* The rules' answer for the object at @own[i] is @fates[i]. */
static void take_fate(GPtrArray *objects, guint place, const MinimiseObject *fate,
                      GPtrArray *replaced, DispatcherMinimised *counts)
{
    DispatcherObject *object = objects->pdata[place];
    switch (fate->fate) {
    case MINIMISE_SAME:
        return;
    case MINIMISE_REPLACED:
        g_bytes_unref(object->bytes);
        object->bytes = g_bytes_ref(fate->bytes);
        g_ptr_array_add(replaced, object);
        counts->replaced++;
        return;
    case MINIMISE_MERGED:
    case MINIMISE_LEFT_OUT:
        g_clear_pointer((DispatcherObject **)&objects->pdata[place], dispatcher_object_free);
        counts->left_out++;
        return;
    }
}

static void drop_gaps(GPtrArray *objects)
{
    guint kept = 0;
    for (guint i = 0; i < objects->len; i++) {
        gpointer object = g_steal_pointer(&objects->pdata[i]);
        if (object)
            objects->pdata[kept++] = object;
    }
    g_ptr_array_set_size(objects, (gint)kept);
}

gboolean dispatcher_core_minimise(Notary *notary, const Minimise *minimise, GHashTable *sources,
                                  GPtrArray *objects, DispatcherMinimised *counts, GError **error)
{
    g_autoptr(GPtrArray) bytes = g_ptr_array_new(), replaced = g_ptr_array_new();
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < objects->len; i++) {
        const DispatcherObject *object = objects->pdata[i];
        if (g_hash_table_contains(sources, object->source))
            continue;
        g_ptr_array_add(bytes, object->bytes);
        g_array_append_val(places, i);
    }
    g_autoptr(GPtrArray) fates =
        minimise_apply(minimise, (GBytes *const *)bytes->pdata, bytes->len, error);
    for (guint i = 0; fates && i < fates->len; i++)
        take_fate(objects, g_array_index(places, guint, i), fates->pdata[i], replaced, counts);
    if (!fates || !put_replaced(notary, replaced, error))
        return FALSE;
    drop_gaps(objects);
    return TRUE;
}
