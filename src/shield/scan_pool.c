#include "shield/scan_pool.h"

/* Windows that are read ahead, for each thread. */
#define AHEAD 3

/* Times that a thread looks whether something has changed before it sleeps: some 50 microseconds,
 * which is what being woken takes. A window is read in a third of that. */
#define PATIENCE 2000

typedef enum { FREE, TAKEN, READY } SlotState;

typedef struct {
    ScanWindow *window;
    SlotState state;
} Slot;

/* Slots are used in turn: a thread fills the one behind the last and looks through it itself, while
 * its text is in the cache of its core; the caller gets them in that order when they are ready, and
 * while none is does the same as the others. */
struct ScanPool {
    const Set *set;
    ScanReader reader;
    Sieve *sieve; /* of the caller's thread */

    GMutex mutex;
    GCond changed;
    gint changes;   /* how often something has; atomic */
    guint sleeping; /* threads that wait to be woken when something has */
    Slot *slots;
    guint count;
    /* Windows so far; of those given the last is in use. Of what is read one at a time as many are
     * begun as are read, or one more. */
    guint64 begun, read, given;
    gboolean stop, end; /* no more is to be read, or there is no more */
    GPtrArray *threads; /* GThread */
};

static Slot *slot(ScanPool *pool, guint64 number)
{
    return &pool->slots[number % pool->count];
}

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The lock is held for nanoseconds only. */
static void lock(ScanPool *pool)
{
    for (guint i = 0; i < PATIENCE; i++) {
        if (g_mutex_trylock(&pool->mutex))
            return;
        relax();
    }
    g_mutex_lock(&pool->mutex);
}

/* Something has changed. Who sleeps is woken when the lock is free, for that is what it wants. */
static void unlock_and_tell(ScanPool *pool)
{
    gboolean wake = pool->sleeping > 0;

    g_atomic_int_inc(&pool->changes);
    g_mutex_unlock(&pool->mutex);
    if (wake)
        g_cond_broadcast(&pool->changed);
}

/* The lock is held by whoever calls these. */

static void wait_for_change(ScanPool *pool)
{
    gint changes = g_atomic_int_get(&pool->changes);

    g_mutex_unlock(&pool->mutex);
    for (guint i = 0; i < PATIENCE && g_atomic_int_get(&pool->changes) == changes; i++)
        relax();
    lock(pool);
    if (g_atomic_int_get(&pool->changes) != changes)
        return;
    pool->sleeping++;
    g_cond_wait(&pool->changed, &pool->mutex);
    pool->sleeping--;
}

static gboolean can_read(ScanPool *pool)
{
    return !pool->stop && !pool->end && slot(pool, pool->begun)->state == FREE &&
           (pool->reader.placed || pool->begun == pool->read);
}

/* Reads the window with @number; FALSE when the stream has ended before it. */
static gboolean read_window(ScanPool *pool, ScanWindow *window, guint64 number)
{
    if (pool->reader.placed) {
        scan_window_reserve(&pool->reader, window);
        g_mutex_unlock(&pool->mutex);
        scan_window_fetch(&pool->reader, window);
        lock(pool);
        while (pool->read < number && !pool->end)
            wait_for_change(pool);
        if (pool->end)
            return FALSE;
        g_mutex_unlock(&pool->mutex);
        scan_window_join(&pool->reader, window);
    } else {
        g_mutex_unlock(&pool->mutex);
        scan_window_read(&pool->reader, window);
    }
    lock(pool);
    pool->end = window->last;
    pool->read++;
    return TRUE;
}

/* Reads the next window and looks through it, which others need not wait for. */
static void look_at_next(ScanPool *pool, Sieve *sieve)
{
    Slot *next = slot(pool, pool->begun);

    next->state = TAKEN;
    if (!read_window(pool, next->window, pool->begun++)) {
        g_clear_error(&next->window->error);
        return;
    }
    unlock_and_tell(pool);
    scan_window_sieve(next->window, sieve);
    lock(pool);
    next->state = READY;
    unlock_and_tell(pool);
    lock(pool);
}

static gpointer look_ahead(gpointer user)
{
    ScanPool *pool = user;
    g_autoptr(Sieve) sieve = sieve_new(pool->set);

    lock(pool);
    while (!pool->stop && !pool->end)
        if (can_read(pool))
            look_at_next(pool, sieve);
        else
            wait_for_change(pool);
    g_mutex_unlock(&pool->mutex);
    return NULL;
}

ScanPool *scan_pool_new(const Set *set, Stream *stream, guint jobs, GError **error)
{
    ScanReader reader;

    if (!scan_window_begin(&reader, stream, error))
        return NULL;
    ScanPool *pool = g_new0(ScanPool, 1);
    pool->set = set;
    pool->reader = reader;
    if (jobs > 1)
        scan_window_place(&pool->reader);
    pool->count = jobs > 1 ? jobs * AHEAD : 2;
    pool->slots = g_new0(Slot, pool->count);
    for (guint i = 0; i < pool->count; i++)
        pool->slots[i].window = scan_window_new();
    g_mutex_init(&pool->mutex);
    g_cond_init(&pool->changed);
    pool->threads = g_ptr_array_new();
    pool->sieve = sieve_new(set);
    for (guint i = 1; i < jobs; i++)
        g_ptr_array_add(pool->threads, g_thread_new("sieve", look_ahead, pool));
    return pool;
}

void scan_pool_free(ScanPool *pool)
{
    if (!pool)
        return;
    lock(pool);
    pool->stop = TRUE;
    unlock_and_tell(pool);
    for (guint i = 0; i < pool->threads->len; i++)
        g_thread_join(pool->threads->pdata[i]);
    g_ptr_array_unref(pool->threads);
    for (guint i = 0; i < pool->count; i++)
        scan_window_free(pool->slots[i].window);
    g_free(pool->slots);
    sieve_free(pool->sieve);
    g_mutex_clear(&pool->mutex);
    g_cond_clear(&pool->changed);
    g_free(pool);
}

const ScanWindow *scan_pool_next(ScanPool *pool)
{
    const ScanWindow *window = NULL;

    lock(pool);
    /* The window before is kept one more turn: the reader takes its end over. */
    if (pool->given > 1) {
        slot(pool, pool->given - 2)->state = FREE;
        unlock_and_tell(pool);
        lock(pool);
    }
    while (pool->given < pool->read ? slot(pool, pool->given)->state != READY : !pool->end)
        if (can_read(pool))
            look_at_next(pool, pool->sieve);
        else
            wait_for_change(pool);
    if (pool->given < pool->read)
        window = slot(pool, pool->given++)->window;
    g_mutex_unlock(&pool->mutex);
    return window;
}
