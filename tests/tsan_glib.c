/* tsan_glib.c - tells ThreadSanitizer what GLib's locks order.
 *
 * GLib's mutexes are futexes of its own, which ThreadSanitizer does not know, so it would call
 * every access under them a race. Linked into each program of a build with -Db_sanitize=thread (and
 * no other), these functions stand before GLib's, call them, and report the order they make. */
#include <dlfcn.h>
#include <glib.h>
#include <pthread.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* `next`: GLib's own function of that name, looked up at the first call. */
#define NEXT(name)                                                                                 \
    static __typeof__(name) *found;                                                                \
    __typeof__(name) *next = __atomic_load_n(&found, __ATOMIC_ACQUIRE);                            \
    if (!next) {                                                                                   \
        next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                        \
        __atomic_store_n(&found, next, __ATOMIC_RELEASE);                                          \
    }

void g_mutex_lock(GMutex *mutex)
{
    NEXT(g_mutex_lock);
    next(mutex);
    __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    NEXT(g_mutex_trylock);
    if (!next(mutex))
        return FALSE;
    __tsan_acquire(mutex);
    return TRUE;
}

void g_mutex_unlock(GMutex *mutex)
{
    NEXT(g_mutex_unlock);
    __tsan_release(mutex);
    next(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    NEXT(g_cond_wait);
    __tsan_release(mutex);
    next(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    NEXT(g_cond_wait_until);
    __tsan_release(mutex);
    gboolean signalled = next(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return signalled;
}

void g_rw_lock_writer_lock(GRWLock *lock)
{
    NEXT(g_rw_lock_writer_lock);
    next(lock);
    __tsan_acquire(lock);
}

void g_rw_lock_writer_unlock(GRWLock *lock)
{
    NEXT(g_rw_lock_writer_unlock);
    __tsan_release(lock);
    next(lock);
}

void g_rw_lock_reader_lock(GRWLock *lock)
{
    NEXT(g_rw_lock_reader_lock);
    next(lock);
    __tsan_acquire(lock);
}

void g_rw_lock_reader_unlock(GRWLock *lock)
{
    NEXT(g_rw_lock_reader_unlock);
    __tsan_release(lock);
    next(lock);
}

/* What a pool's thread does with its datum comes after whoever pushed it. */
typedef struct {
    GFunc function;
    gpointer user;
} PoolWork;

static void run_pool_work(gpointer data, gpointer user)
{
    PoolWork *work = user;
    __tsan_acquire(data);
    work->function(data, work->user);
}

static PoolWork *pool_work_new(GFunc function, gpointer user)
{
    static GPtrArray *works; /* never freed: as many as there are pools */
    PoolWork *work = g_new(PoolWork, 1);
    *work = (PoolWork){function, user};
    if (!works)
        works = g_ptr_array_new();
    g_ptr_array_add(works, work);
    return work;
}

GThreadPool *g_thread_pool_new(GFunc function, gpointer user, gint max_threads, gboolean exclusive,
                               GError **error)
{
    NEXT(g_thread_pool_new);
    return next(run_pool_work, pool_work_new(function, user), max_threads, exclusive, error);
}

GThreadPool *g_thread_pool_new_full(GFunc function, gpointer user, GDestroyNotify item_free,
                                    gint max_threads, gboolean exclusive, GError **error)
{
    NEXT(g_thread_pool_new_full);
    return next(run_pool_work, pool_work_new(function, user), item_free, max_threads, exclusive,
                error);
}

gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    NEXT(g_thread_pool_push);
    __tsan_release(data);
    return next(pool, data, error);
}

/* The others see that it is done before g_once_impl() returns, so the work itself releases. */
typedef struct {
    GOnce *once;
    GThreadFunc function;
    gpointer argument;
} OnceWork;

static gpointer run_once_work(gpointer data)
{
    OnceWork *work = data;
    gpointer result = work->function(work->argument);
    __tsan_release(work->once);
    return result;
}

gpointer g_once_impl(GOnce *once, GThreadFunc function, gpointer argument)
{
    NEXT(g_once_impl);
    OnceWork work = {once, function, argument};
    gpointer result = next(once, run_once_work, &work);
    __tsan_acquire(once);
    return result;
}

/* The pool's own queue and what a lock without g_rw_lock_init() makes for itself: all GLib's. */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:^g_queue_pop_tail$\nrace:^g_rw_lock_reader_lock$\n";
}

/* g_once_init_enter() is in the header, and so is seen. */
void(g_once_init_leave)(volatile void *location, gsize result)
{
    static void (*next)(volatile void *, gsize);
    if (!__atomic_load_n(&next, __ATOMIC_ACQUIRE))
        __atomic_store_n(&next,
                         (void (*)(volatile void *, gsize))dlsym(RTLD_NEXT, "g_once_init_leave"),
                         __ATOMIC_RELEASE);
    __tsan_release((void *)location);
    next(location, result);
}

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    static gboolean (*next)(gatomicrefcount *);
    if (!__atomic_load_n(&next, __ATOMIC_ACQUIRE))
        __atomic_store_n(&next,
                         (gboolean(*)(gatomicrefcount *))dlsym(RTLD_NEXT, "g_atomic_ref_count_dec"),
                         __ATOMIC_RELEASE);
    __tsan_release(count);
    if (!next(count))
        return FALSE;
    __tsan_acquire(count);
    return TRUE;
}

/* Who gives a box back last frees it, after all who had it before. */
static _Thread_local GDestroyNotify clear_next;

static void clear_box(gpointer box)
{
    GDestroyNotify clear = clear_next;
    __tsan_acquire(box);
    clear(box);
}

void g_atomic_rc_box_release_full(gpointer box, GDestroyNotify clear)
{
    NEXT(g_atomic_rc_box_release_full);
    clear_next = clear;
    __tsan_release(box);
    next(box, clear_box);
}

/* The table of interned texts has a lock inside of GLib, too. */
static pthread_mutex_t texts = PTHREAD_MUTEX_INITIALIZER;

const char *g_intern_string(const char *string)
{
    NEXT(g_intern_string);
    pthread_mutex_lock(&texts);
    const char *interned = next(string);
    pthread_mutex_unlock(&texts);
    return interned;
}

const char *g_intern_static_string(const char *string)
{
    NEXT(g_intern_static_string);
    pthread_mutex_lock(&texts);
    const char *interned = next(string);
    pthread_mutex_unlock(&texts);
    return interned;
}

GQuark g_quark_from_static_string(const char *string)
{
    NEXT(g_quark_from_static_string);
    pthread_mutex_lock(&texts);
    GQuark quark = next(string);
    pthread_mutex_unlock(&texts);
    return quark;
}
