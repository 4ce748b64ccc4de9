#include "store/checkpointer.h"

#include "base/background.h"

/* The log is copied after this many pages (128 MiB). Pages that change in every commit are copied
 * once for all of them, so a longer log costs less. */
#define START_PAGES 16384
/* The writer copies what is left itself when it is less than this (8 MiB). */
#define REST_PAGES 1024
/* Readers or a slow disk let the log grow past this (512 MiB): the writer waits until all is copied
 * and cuts the log back to nothing. */
#define TOO_MANY_PAGES (4 * START_PAGES)
#define CACHE_KIB      64

struct Checkpointer {
    Sqlite *writer;
    Sqlite *db; /* the thread's own */
    GThread *thread;
    GMutex lock; /* guards what follows */
    GCond wake;
    gboolean asked, closing;
    int copied; /* pages of the log that were copied when the thread last looked */
};

/* How many pages of the log are in the database now. A failure is as good as nothing copied. */
static int copy(Sqlite *db, int mode)
{
    int pages = 0, copied = 0;
    sqlite3_busy_timeout(db->handle, 100);
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &pages, &copied);
    sqlite3_busy_timeout(db->handle, 10000);
    return code == SQLITE_OK ? copied : 0;
}

static gpointer checkpointer_thread(gpointer user)
{
    Checkpointer *checkpointer = user;
    background_enter();
    g_mutex_lock(&checkpointer->lock);
    for (;;) {
        while (!checkpointer->asked && !checkpointer->closing)
            g_cond_wait(&checkpointer->wake, &checkpointer->lock);
        if (checkpointer->closing)
            break;
        g_mutex_unlock(&checkpointer->lock);
        int copied = copy(checkpointer->db, SQLITE_CHECKPOINT_PASSIVE);
        g_mutex_lock(&checkpointer->lock);
        checkpointer->copied = copied;
        checkpointer->asked = FALSE;
        g_cond_broadcast(&checkpointer->wake);
    }
    g_mutex_unlock(&checkpointer->lock);
    return NULL;
}

Checkpointer *checkpointer_new(Sqlite *db, GError **error)
{
    g_autoptr(Sqlite) own = sqlite_open(db->path, SQLITE_FOR_WRITING, CACHE_KIB, error);
    if (!own)
        return NULL;
    Checkpointer *checkpointer = g_new0(Checkpointer, 1);
    checkpointer->writer = db;
    checkpointer->db = g_steal_pointer(&own);
    g_mutex_init(&checkpointer->lock);
    g_cond_init(&checkpointer->wake);
    checkpointer->thread = g_thread_new("checkpointer", checkpointer_thread, checkpointer);
    return checkpointer;
}

void checkpointer_free(Checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    g_mutex_lock(&checkpointer->lock);
    checkpointer->closing = TRUE;
    g_cond_broadcast(&checkpointer->wake);
    g_mutex_unlock(&checkpointer->lock);
    g_thread_join(checkpointer->thread);
    sqlite_close(checkpointer->db);
    g_mutex_clear(&checkpointer->lock);
    g_cond_clear(&checkpointer->wake);
    g_free(checkpointer);
}

/* With the lock held: until the thread is idle. */
static void wait_for_thread(Checkpointer *checkpointer)
{
    while (checkpointer->asked)
        g_cond_wait(&checkpointer->wake, &checkpointer->lock);
}

void checkpointer_grown(Checkpointer *checkpointer, int pages)
{
    if (pages < START_PAGES)
        return;
    g_mutex_lock(&checkpointer->lock);
    if (pages > TOO_MANY_PAGES)
        wait_for_thread(checkpointer);
    if (!checkpointer->asked) {
        /* `copied` may be of the log before this one; then there is merely one round more. */
        int rest = pages - checkpointer->copied;
        checkpointer->copied = 0;
        if (pages > TOO_MANY_PAGES) {
            copy(checkpointer->writer, SQLITE_CHECKPOINT_TRUNCATE);
        } else if (rest >= 0 && rest < REST_PAGES) {
            copy(checkpointer->writer, SQLITE_CHECKPOINT_PASSIVE);
        } else {
            checkpointer->asked = TRUE;
            g_cond_broadcast(&checkpointer->wake);
        }
    }
    g_mutex_unlock(&checkpointer->lock);
}

void checkpointer_finish(Checkpointer *checkpointer)
{
    g_mutex_lock(&checkpointer->lock);
    wait_for_thread(checkpointer);
    copy(checkpointer->writer, SQLITE_CHECKPOINT_TRUNCATE);
    g_mutex_unlock(&checkpointer->lock);
}
