#include "server/once.h"

struct Once {
    OnceTell tell;
    GMutex lock;        /* of what follows */
    GHashTable *making; /* key -> GPtrArray of those who wait for it */
};

Once *once_new(OnceTell tell)
{
    Once *once = g_new0(Once, 1);
    once->tell = tell;
    g_mutex_init(&once->lock);
    once->making =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return once;
}

void once_free(Once *once)
{
    if (!once)
        return;
    g_hash_table_unref(once->making);
    g_mutex_clear(&once->lock);
    g_free(once);
}

gboolean once_begin(Once *once, const char *key, gpointer waiter)
{
    g_mutex_lock(&once->lock);
    GPtrArray *waiting = g_hash_table_lookup(once->making, key);
    if (waiting)
        g_ptr_array_add(waiting, waiter);
    else
        g_hash_table_insert(once->making, g_strdup(key), g_ptr_array_new());
    g_mutex_unlock(&once->lock);
    return waiting == NULL;
}

void once_end(Once *once, const char *key, gpointer made, const GError *error)
{
    g_mutex_lock(&once->lock);
    g_autoptr(GPtrArray) waiting = g_ptr_array_ref(g_hash_table_lookup(once->making, key));
    g_hash_table_remove(once->making, key);
    g_mutex_unlock(&once->lock);
    for (guint i = 0; i < waiting->len; i++)
        once->tell(waiting->pdata[i], made, error);
}

int once_waiting(Once *once, const char *key)
{
    g_mutex_lock(&once->lock);
    const GPtrArray *waiting = g_hash_table_lookup(once->making, key);
    int count = waiting ? (int)waiting->len : -1;
    g_mutex_unlock(&once->lock);
    return count;
}
