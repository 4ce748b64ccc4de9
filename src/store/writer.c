#include "store/writer.h"

#include <string.h>

#include "store/checkpointer.h"
#include "store/pending.h"
#include "store/schema.h"
#include "store/tx.h"

/* A batch ends at this weight, so that who waits behind a large import waits about 0.1 s. */
#define BATCH_WEIGHT 8000
/* What may wait before writer_submit() refuses. */
#define MAX_WAITING_WEIGHT 200000
#define WRITER_CACHE_KIB   (40 * 1024)

typedef struct {
    WriterApply apply;
    WriterDone done;
    gpointer request;
    guint weight;
    GError *error;
} Job;

struct Writer {
    Sqlite *db;
    StoreTx *tx;
    Checkpointer *checkpointer;
    GThread *thread;
    GMutex lock; /* guards what follows */
    GCond wake;
    GQueue jobs;
    guint64 waiting_weight;
    gboolean closing;
    LedgerSign sign;
    gpointer sign_user;
    WriterStats stats;
    guint64 generation; /* atomic */
    GMutex watch_lock;  /* guards what follows, while they are called too */
    struct {
        WriterWatch watch;
        gpointer user;
    } watches[WRITER_WATCHES];
};

static void job_free(Job *job)
{
    g_clear_error(&job->error);
    g_free(job);
}

void writer_set_sign(Writer *writer, LedgerSign sign, gpointer user)
{
    g_mutex_lock(&writer->lock);
    writer->sign = sign;
    writer->sign_user = user;
    g_mutex_unlock(&writer->lock);
}

void writer_watch(Writer *writer, WriterWatch watch, gpointer user)
{
    g_mutex_lock(&writer->watch_lock);
    guint i = 0;
    while (i < WRITER_WATCHES && writer->watches[i].watch)
        i++;
    g_assert(i < WRITER_WATCHES);
    writer->watches[i].watch = watch;
    writer->watches[i].user = user;
    g_mutex_unlock(&writer->watch_lock);
}

void writer_unwatch(Writer *writer, WriterWatch watch, gpointer user)
{
    g_mutex_lock(&writer->watch_lock);
    for (guint i = 0; i < WRITER_WATCHES; i++)
        if (writer->watches[i].watch == watch && writer->watches[i].user == user)
            writer->watches[i].watch = NULL;
    g_mutex_unlock(&writer->watch_lock);
}

static void call_watches(Writer *writer)
{
    g_mutex_lock(&writer->watch_lock);
    for (guint i = 0; i < WRITER_WATCHES; i++)
        if (writer->watches[i].watch)
            writer->watches[i].watch(writer->watches[i].user);
    g_mutex_unlock(&writer->watch_lock);
}

static gboolean seal(Writer *writer, GError **error)
{
    g_mutex_lock(&writer->lock);
    LedgerSign sign = writer->sign;
    gpointer user = writer->sign_user;
    g_mutex_unlock(&writer->lock);
    return ledger_seal(writer->tx, sign, user, error);
}

static void rollback(Writer *writer)
{
    if (!sqlite3_get_autocommit(writer->db->handle))
        sqlite3_exec(writer->db->handle, "ROLLBACK", NULL, NULL, NULL);
    tx_forget(writer->tx);
}

/* Applies @jobs in one transaction. On failure nothing of it is there, and *ret_failed (NULL for
 * the commit itself) says which job it was. */
static gboolean apply_together(Writer *writer, GPtrArray *jobs, Job **ret_failed, GError **error)
{
    *ret_failed = NULL;
    if (!sqlite_exec(writer->db, "BEGIN IMMEDIATE", error))
        return FALSE;
    for (guint i = 0; i < jobs->len; i++) {
        Job *job = jobs->pdata[i];
        if (!job->apply(writer->tx, job->request, error)) {
            *ret_failed = job;
            rollback(writer);
            return FALSE;
        }
    }
    if (!pending_end(writer->tx, error) || !seal(writer, error) ||
        !sqlite_exec(writer->db, "COMMIT", error)) {
        rollback(writer);
        return FALSE;
    }
    if (writer->tx->changed) {
        writer->tx->changed = FALSE;
        __atomic_add_fetch(&writer->generation, 1, __ATOMIC_RELEASE);
    }
    return TRUE;
}

/* One transaction for all; when one of them fails, one for each, so that a bad request never costs
 * its neighbours. */
static void apply_batch(Writer *writer, GPtrArray *jobs)
{
    Job *failed;
    g_autoptr(GError) error = NULL;
    if (apply_together(writer, jobs, &failed, &error))
        return;
    if (jobs->len == 1) {
        ((Job *)jobs->pdata[0])->error = g_steal_pointer(&error);
        return;
    }
    g_autoptr(GPtrArray) alone = g_ptr_array_new();
    for (guint i = 0; i < jobs->len; i++) {
        Job *job = jobs->pdata[i];
        g_ptr_array_set_size(alone, 0);
        g_ptr_array_add(alone, job);
        if (job == failed)
            job->error = g_error_copy(error);
        else
            apply_together(writer, alone, &(Job *){NULL}, &job->error);
    }
}

static int on_commit(void *user, sqlite3 *handle, const char *name, int pages)
{
    *(int *)user = pages;
    return SQLITE_OK;
}

/* Takes what waits, up to a batch, in order. */
static GPtrArray *take_batch(Writer *writer)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
    guint weight = 0;
    g_mutex_lock(&writer->lock);
    while (g_queue_is_empty(&writer->jobs) && !writer->closing)
        g_cond_wait(&writer->wake, &writer->lock);
    while (!g_queue_is_empty(&writer->jobs) && weight < BATCH_WEIGHT) {
        Job *job = g_queue_pop_head(&writer->jobs);
        weight += job->weight;
        g_ptr_array_add(jobs, job);
    }
    writer->waiting_weight -= weight;
    g_mutex_unlock(&writer->lock);
    return jobs;
}

static void count_batch(Writer *writer, GPtrArray *jobs)
{
    g_mutex_lock(&writer->lock);
    writer->stats.commits++;
    for (guint i = 0; i < jobs->len; i++) {
        Job *job = jobs->pdata[i];
        writer->stats.requests++;
        if (job->error)
            writer->stats.failures++;
        else
            writer->stats.objects += job->weight - 1;
    }
    g_mutex_unlock(&writer->lock);
}

static gboolean disk_is_full(const GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++)
        if (g_error_matches(((Job *)jobs->pdata[i])->error, CONCERT_ERROR, CONCERT_ERROR_FULL))
            return TRUE;
    return FALSE;
}

static gpointer writer_thread(gpointer user)
{
    Writer *writer = user;
    int wal_pages = 0;
    sqlite3_wal_hook(writer->db->handle, on_commit, &wal_pages);
    for (;;) {
        g_autoptr(GPtrArray) jobs = take_batch(writer);
        if (jobs->len == 0)
            break;
        apply_batch(writer, jobs);
        if (writer->tx->erased) {
            writer->tx->erased = FALSE;
            checkpointer_finish(writer->checkpointer);
        }
        count_batch(writer, jobs);
        for (guint i = 0; i < jobs->len; i++) {
            Job *job = jobs->pdata[i];
            job->done(job->request, job->error);
        }
        call_watches(writer);
        /* On a full disk the log's own space may be what is missing. */
        if (disk_is_full(jobs))
            checkpointer_finish(writer->checkpointer);
        else
            checkpointer_grown(writer->checkpointer, wal_pages);
    }
    return NULL;
}

Writer *writer_open(const char *path, GError **error)
{
    g_autoptr(Sqlite) db = sqlite_open(path, SQLITE_FOR_WRITING, WRITER_CACHE_KIB, error);
    if (!db || !schema_migrate(db, error))
        return NULL;
    g_autoptr(Checkpointer) checkpointer = checkpointer_new(db, error);
    StoreTx *tx = checkpointer ? tx_new(db, error) : NULL;
    if (!tx)
        return NULL;
    Writer *writer = g_new0(Writer, 1);
    writer->db = g_steal_pointer(&db);
    writer->tx = tx;
    writer->checkpointer = g_steal_pointer(&checkpointer);
    writer->generation = 1;
    g_mutex_init(&writer->lock);
    g_mutex_init(&writer->watch_lock);
    g_cond_init(&writer->wake);
    g_queue_init(&writer->jobs);
    writer->thread = g_thread_new("writer", writer_thread, writer);
    return writer;
}

void writer_close(Writer *writer)
{
    if (!writer)
        return;
    g_mutex_lock(&writer->lock);
    writer->closing = TRUE;
    g_cond_signal(&writer->wake);
    g_mutex_unlock(&writer->lock);
    g_thread_join(writer->thread);
    tx_free(writer->tx);
    checkpointer_finish(writer->checkpointer);
    checkpointer_free(writer->checkpointer);
    sqlite_close(writer->db);
    g_mutex_clear(&writer->lock);
    g_mutex_clear(&writer->watch_lock);
    g_cond_clear(&writer->wake);
    g_free(writer);
}

gboolean writer_submit(Writer *writer, guint weight, WriterApply apply, WriterDone done,
                       gpointer request, GError **error)
{
    Job *job = g_new(Job, 1);
    /* The transaction itself weighs too, so that empty requests are bounded as well. */
    *job = (Job){.apply = apply, .done = done, .request = request, .weight = weight + 1};

    g_mutex_lock(&writer->lock);
    if (writer->waiting_weight > 0 && writer->waiting_weight + job->weight > MAX_WAITING_WEIGHT) {
        g_mutex_unlock(&writer->lock);
        g_free(job);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                    "the node is busy writing; try again in a moment");
        return FALSE;
    }
    writer->waiting_weight += job->weight;
    g_queue_push_tail(&writer->jobs, job);
    g_cond_signal(&writer->wake);
    g_mutex_unlock(&writer->lock);
    return TRUE;
}

typedef struct {
    WriterApply apply;
    gpointer request;
    GMutex lock;
    GCond wake;
    gboolean finished;
    GError *error;
} Waiting;

static gboolean waiting_apply(StoreTx *tx, gpointer user, GError **error)
{
    Waiting *waiting = user;
    return waiting->apply(tx, waiting->request, error);
}

static void waiting_done(gpointer user, const GError *error)
{
    Waiting *waiting = user;
    g_mutex_lock(&waiting->lock);
    waiting->finished = TRUE;
    waiting->error = error ? g_error_copy(error) : NULL;
    g_cond_signal(&waiting->wake);
    g_mutex_unlock(&waiting->lock);
}

gboolean writer_run(Writer *writer, guint weight, WriterApply apply, gpointer request,
                    GError **error)
{
    Waiting waiting = {.apply = apply, .request = request};
    g_mutex_init(&waiting.lock);
    g_cond_init(&waiting.wake);
    gboolean submitted =
        writer_submit(writer, weight, waiting_apply, waiting_done, &waiting, error);
    if (submitted) {
        g_mutex_lock(&waiting.lock);
        while (!waiting.finished)
            g_cond_wait(&waiting.wake, &waiting.lock);
        g_mutex_unlock(&waiting.lock);
    }
    g_mutex_clear(&waiting.lock);
    g_cond_clear(&waiting.wake);
    if (!submitted)
        return FALSE;
    if (waiting.error) {
        g_propagate_error(error, waiting.error);
        return FALSE;
    }
    return TRUE;
}

void writer_stats(Writer *writer, WriterStats *ret_stats)
{
    g_mutex_lock(&writer->lock);
    *ret_stats = writer->stats;
    ret_stats->waiting = g_queue_get_length(&writer->jobs);
    g_mutex_unlock(&writer->lock);
}

guint64 writer_generation(Writer *writer)
{
    return __atomic_load_n(&writer->generation, __ATOMIC_ACQUIRE);
}
