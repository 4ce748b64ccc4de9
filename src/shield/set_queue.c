#include "shield/set_queue.h"

/* Bytes of records that are handed over at once; a longer record goes alone. */
#define BATCH_SIZE (128u << 10)

typedef struct {
    gsize length, room;
    guint8 *bytes;
} Batch;

struct SetQueue {
    SetQueueLook look;
    gpointer user;
    Batch *filling; /* the caller's */

    GMutex mutex;
    GCond changed;
    GError *failed;       /* then nothing more is looked at */
    Batch *given, *spare; /* what the thread is to look at; what it is done with */
    gboolean ending;
    GThread *thread; /* NULL: there is none yet, or can be none */
};

static Batch *batch_new(void)
{
    Batch *batch = g_new(Batch, 1);
    *batch = (Batch){.room = BATCH_SIZE, .bytes = g_malloc(BATCH_SIZE)};
    return batch;
}

static void batch_free(Batch *batch)
{
    if (!batch)
        return;
    g_free(batch->bytes);
    g_free(batch);
}

SetQueue *set_queue_new(SetQueueLook look, gpointer user)
{
    SetQueue *queue = g_new0(SetQueue, 1);
    queue->look = look;
    queue->user = user;
    queue->filling = batch_new();
    g_mutex_init(&queue->mutex);
    g_cond_init(&queue->changed);
    return queue;
}

/* --- On the thread --------------------------------------------------------------------------- */

static gpointer run(gpointer user)
{
    SetQueue *queue = user;

    g_mutex_lock(&queue->mutex);
    while (queue->given || !queue->ending) {
        if (!queue->given) {
            g_cond_wait(&queue->changed, &queue->mutex);
            continue;
        }
        Batch *batch = queue->given;
        gboolean failed = queue->failed != NULL;
        GError *error = NULL;
        g_mutex_unlock(&queue->mutex);
        if (!failed)
            queue->look(queue->user, batch->bytes, batch->length, &error);
        g_mutex_lock(&queue->mutex);
        if (error)
            queue->failed = error;
        queue->given = NULL;
        queue->spare = batch;
        g_cond_broadcast(&queue->changed);
    }
    g_mutex_unlock(&queue->mutex);
    return NULL;
}

/* --- The caller ------------------------------------------------------------------------------ */

static gboolean tell(const SetQueue *queue, GError **error)
{
    if (queue->failed)
        g_propagate_error(error, g_error_copy(queue->failed));
    return queue->failed == NULL;
}

/* Without a thread. */
static gboolean look_now(SetQueue *queue, GError **error)
{
    Batch *batch = queue->filling;
    if (!queue->failed)
        queue->look(queue->user, batch->bytes, batch->length, &queue->failed);
    batch->length = 0;
    return tell(queue, error);
}

/* Hands over what was filled, when the one before is done with. */
static gboolean hand_over(SetQueue *queue, GError **error)
{
    if (!queue->thread)
        queue->thread = g_thread_try_new("compile", run, queue, NULL);
    if (!queue->thread)
        return look_now(queue, error);
    g_mutex_lock(&queue->mutex);
    while (queue->given)
        g_cond_wait(&queue->changed, &queue->mutex);
    queue->given = queue->filling;
    queue->filling = g_steal_pointer(&queue->spare);
    gboolean good = tell(queue, error);
    g_cond_broadcast(&queue->changed);
    g_mutex_unlock(&queue->mutex);
    if (!queue->filling)
        queue->filling = batch_new();
    queue->filling->length = 0;
    return good;
}

guint8 *set_queue_room(SetQueue *queue, gsize size, GError **error)
{
    if (queue->filling->room - queue->filling->length < size && queue->filling->length > 0 &&
        !hand_over(queue, error))
        return NULL;
    Batch *batch = queue->filling;
    if (batch->room - batch->length < size) {
        batch->bytes = g_realloc(batch->bytes, size);
        batch->room = size;
    }
    guint8 *room = batch->bytes + batch->length;
    batch->length += size;
    return room;
}

static void end_thread(SetQueue *queue)
{
    if (!queue->thread)
        return;
    g_mutex_lock(&queue->mutex);
    queue->ending = TRUE;
    g_cond_broadcast(&queue->changed);
    g_mutex_unlock(&queue->mutex);
    g_thread_join(g_steal_pointer(&queue->thread));
}

gboolean set_queue_end(SetQueue *queue, GError **error)
{
    end_thread(queue);
    return look_now(queue, error);
}

void set_queue_free(SetQueue *queue)
{
    if (!queue)
        return;
    end_thread(queue);
    batch_free(queue->filling);
    batch_free(queue->given);
    batch_free(queue->spare);
    g_clear_error(&queue->failed);
    g_mutex_clear(&queue->mutex);
    g_cond_clear(&queue->changed);
    g_free(queue);
}
