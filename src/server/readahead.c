#include "server/readahead.h"

/* What may wait: more clients than this walking at once are served without. */
#define MAX_WAITING 8

typedef struct {
    char *key;
    gpointer data;
} Item;

struct ReadAhead {
    ReadAheadWork work;
    gpointer user;
    GDestroyNotify data_free;
    GThread *thread;
    GMutex lock; /* guards what follows */
    GCond changed;
    GQueue items; /* Item; the first may be in work */
    gboolean stopping;
};

static void item_free(ReadAhead *ahead, Item *item)
{
    ahead->data_free(item->data);
    g_free(item->key);
    g_free(item);
}

static gpointer readahead_thread(gpointer user)
{
    ReadAhead *ahead = user;
    g_mutex_lock(&ahead->lock);
    while (!ahead->stopping) {
        Item *item = g_queue_peek_head(&ahead->items);
        if (!item) {
            g_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        /* It stays in the queue while it is made, so that who wants it finds it there. */
        g_mutex_unlock(&ahead->lock);
        ahead->work(ahead->user, item->data);
        g_mutex_lock(&ahead->lock);
        g_queue_pop_head(&ahead->items);
        item_free(ahead, item);
        g_cond_broadcast(&ahead->changed);
    }
    g_mutex_unlock(&ahead->lock);
    return NULL;
}

ReadAhead *readahead_new(ReadAheadWork work, gpointer user, GDestroyNotify data_free)
{
    ReadAhead *ahead = g_new0(ReadAhead, 1);
    ahead->work = work;
    ahead->user = user;
    ahead->data_free = data_free;
    g_mutex_init(&ahead->lock);
    g_cond_init(&ahead->changed);
    g_queue_init(&ahead->items);
    ahead->thread = g_thread_new("read-ahead", readahead_thread, ahead);
    return ahead;
}

void readahead_free(ReadAhead *ahead)
{
    if (!ahead)
        return;
    g_mutex_lock(&ahead->lock);
    ahead->stopping = TRUE;
    g_cond_broadcast(&ahead->changed);
    g_mutex_unlock(&ahead->lock);
    g_thread_join(ahead->thread);
    for (Item *item; (item = g_queue_pop_head(&ahead->items));)
        item_free(ahead, item);
    g_mutex_clear(&ahead->lock);
    g_cond_clear(&ahead->changed);
    g_free(ahead);
}

/* Called with the lock held. */
static gboolean is_under_way(ReadAhead *ahead, const char *key)
{
    for (GList *link = ahead->items.head; link; link = link->next)
        if (g_str_equal(((Item *)link->data)->key, key))
            return TRUE;
    return FALSE;
}

void readahead_push(ReadAhead *ahead, const char *key, gpointer data)
{
    g_mutex_lock(&ahead->lock);
    gboolean wanted = g_queue_get_length(&ahead->items) < MAX_WAITING && !is_under_way(ahead, key);
    if (wanted) {
        Item *item = g_new(Item, 1);
        *item = (Item){g_strdup(key), data};
        g_queue_push_tail(&ahead->items, item);
        g_cond_broadcast(&ahead->changed);
    }
    g_mutex_unlock(&ahead->lock);
    if (!wanted)
        ahead->data_free(data);
}

gboolean readahead_wait(ReadAhead *ahead, const char *key)
{
    gboolean waited = FALSE;
    g_mutex_lock(&ahead->lock);
    while (!ahead->stopping && is_under_way(ahead, key)) {
        waited = TRUE;
        g_cond_wait(&ahead->changed, &ahead->lock);
    }
    g_mutex_unlock(&ahead->lock);
    return waited;
}
