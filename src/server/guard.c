#include "server/guard.h"

#include <netinet/in.h>
#include <string.h>

#define CHECK_INTERVAL (G_USEC_PER_SEC / 4)

struct GuardEntry {
    GList link; /* in the guard's list; data is the entry */
    int fd;
    GuardKey key;
    gint64 deadline; /* monotonic microseconds, 0: none; atomic */
};

struct Guard {
    GMutex lock;
    GCond wake;
    GThread *thread;
    gboolean stopping;
    GQueue entries;
    GHashTable *counts; /* GuardKey -> number of connections */
    guint max_connections, max_per_address;
    gint64 deadline; /* microseconds */
    GuardStats stats;
};

static guint key_hash(gconstpointer data)
{
    const GuardKey *key = data;
    guint hash = 2166136261u;
    for (guint i = 0; i < sizeof key->bytes; i++)
        hash = (hash ^ key->bytes[i]) * 16777619u;
    return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(GuardKey)) == 0;
}

GuardKey guard_key(const struct sockaddr *address)
{
    GuardKey key = {{0}};
    if (address->sa_family == AF_INET) {
        key.bytes[0] = 4;
        memcpy(key.bytes + 1, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            key.bytes[0] = 4;
            memcpy(key.bytes + 1, in6->s6_addr + 12, 4);
        } else {
            key.bytes[0] = 6;
            memcpy(key.bytes + 1, in6->s6_addr, 8);
        }
    }
    return key;
}

static gpointer watch(gpointer data)
{
    Guard *guard = data;
    g_mutex_lock(&guard->lock);
    while (!guard->stopping) {
        if (g_queue_is_empty(&guard->entries)) {
            g_cond_wait(&guard->wake, &guard->lock);
            continue;
        }
        g_cond_wait_until(&guard->wake, &guard->lock, g_get_monotonic_time() + CHECK_INTERVAL);
        gint64 now = g_get_monotonic_time();
        for (GList *link = guard->entries.head; link; link = link->next) {
            GuardEntry *entry = link->data;
            gint64 deadline = __atomic_load_n(&entry->deadline, __ATOMIC_RELAXED);
            if (deadline == 0 || deadline > now)
                continue;
            /* Its own thread will see the end of the connection and close it. */
            shutdown(entry->fd, SHUT_RDWR);
            __atomic_store_n(&entry->deadline, 0, __ATOMIC_RELAXED);
            guard->stats.disconnected++;
        }
    }
    g_mutex_unlock(&guard->lock);
    return NULL;
}

Guard *guard_new(guint max_connections, guint max_per_address, guint deadline_seconds)
{
    Guard *guard = g_new0(Guard, 1);
    g_mutex_init(&guard->lock);
    g_cond_init(&guard->wake);
    g_queue_init(&guard->entries);
    guard->counts = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    guard->max_connections = max_connections;
    guard->max_per_address = max_per_address;
    guard->deadline = (gint64)deadline_seconds * G_USEC_PER_SEC;
    guard->thread = g_thread_new("guard", watch, guard);
    return guard;
}

void guard_free(Guard *guard)
{
    g_mutex_lock(&guard->lock);
    guard->stopping = TRUE;
    g_cond_signal(&guard->wake);
    g_mutex_unlock(&guard->lock);
    g_thread_join(guard->thread);
    g_assert(g_queue_is_empty(&guard->entries));
    g_hash_table_unref(guard->counts);
    g_cond_clear(&guard->wake);
    g_mutex_clear(&guard->lock);
    g_free(guard);
}

gboolean guard_admits(Guard *guard, const struct sockaddr *address)
{
    GuardKey key = guard_key(address);
    g_mutex_lock(&guard->lock);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(guard->counts, &key));
    gboolean admits = g_queue_get_length(&guard->entries) < guard->max_connections &&
                      count < guard->max_per_address;
    if (!admits)
        guard->stats.refused++;
    g_mutex_unlock(&guard->lock);
    return admits;
}

GuardEntry *guard_add(Guard *guard, const struct sockaddr *address, int fd)
{
    GuardEntry *entry = g_new0(GuardEntry, 1);
    entry->link.data = entry;
    entry->fd = fd;
    entry->key = guard_key(address);
    guard_expect(guard, entry, 0);
    g_mutex_lock(&guard->lock);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(guard->counts, &entry->key));
    g_hash_table_insert(guard->counts, g_memdup2(&entry->key, sizeof entry->key),
                        GUINT_TO_POINTER(count + 1));
    g_queue_push_tail_link(&guard->entries, &entry->link);
    guard->stats.accepted++;
    if (g_queue_get_length(&guard->entries) == 1)
        g_cond_signal(&guard->wake);
    g_mutex_unlock(&guard->lock);
    return entry;
}

void guard_remove(Guard *guard, GuardEntry *entry)
{
    g_mutex_lock(&guard->lock);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(guard->counts, &entry->key));
    if (count > 1)
        g_hash_table_insert(guard->counts, g_memdup2(&entry->key, sizeof entry->key),
                            GUINT_TO_POINTER(count - 1));
    else
        g_hash_table_remove(guard->counts, &entry->key);
    g_queue_unlink(&guard->entries, &entry->link);
    g_mutex_unlock(&guard->lock);
    g_free(entry);
}

/* Microseconds that @bytes take at the least rate. */
static gint64 allowance(guint64 bytes)
{
    return (gint64)(MIN(bytes, G_GUINT64_CONSTANT(1) << 40) * G_USEC_PER_SEC / GUARD_MIN_RATE);
}

void guard_expect(Guard *guard, GuardEntry *entry, guint64 bytes)
{
    __atomic_store_n(&entry->deadline, g_get_monotonic_time() + guard->deadline + allowance(bytes),
                     __ATOMIC_RELAXED);
}

void guard_extend(GuardEntry *entry, guint64 bytes)
{
    gint64 deadline = __atomic_load_n(&entry->deadline, __ATOMIC_RELAXED);
    /* A client that was just cut off stays so. */
    if (deadline != 0)
        __atomic_compare_exchange_n(&entry->deadline, &deadline, deadline + allowance(bytes), FALSE,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void guard_pause(GuardEntry *entry)
{
    __atomic_store_n(&entry->deadline, 0, __ATOMIC_RELAXED);
}

void guard_stats(Guard *guard, GuardStats *ret_stats)
{
    g_mutex_lock(&guard->lock);
    *ret_stats = guard->stats;
    ret_stats->connections = g_queue_get_length(&guard->entries);
    g_mutex_unlock(&guard->lock);
}
