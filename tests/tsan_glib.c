/* tsan_glib.c - tells ThreadSanitizer what GLib's locks order.
 *
 * GLib's mutexes are futexes of its own, which ThreadSanitizer does not know, so it would call
 * every access under them a race. Linked into each program of a build with -Db_sanitize=thread (and
 * no other), these functions stand before GLib's, call them, and report the order they make. */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define NEXT(name)                                                                                 \
    static __typeof__(name) *next;                                                                 \
    if (!__atomic_load_n(&next, __ATOMIC_ACQUIRE))                                                 \
    __atomic_store_n(&next, (__typeof__(name) *)dlsym(RTLD_NEXT, #name), __ATOMIC_RELEASE)

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
