#include "base/stream_ahead.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    char *bytes;
    gsize length; /* 0: the end, or the failure */
} Chunk;

typedef struct {
    Stream *stream; /* the thread's */
    gboolean owned;
    GThread *thread;
    int wake; /* eventfd: nobody reads any more */

    GMutex lock;
    GCond changed;
    Chunk chunks[STREAM_AHEAD_CHUNKS];
    guint first, count; /* that are full */
    gboolean stop;
    GError *failed;

    gsize at; /* in the first chunk; the reader's */
} Ahead;

/* Waits for an empty chunk; NULL: nobody reads any more. */
static Chunk *wait_empty(Ahead *ahead)
{
    Chunk *chunk = NULL;
    g_mutex_lock(&ahead->lock);
    while (ahead->count == STREAM_AHEAD_CHUNKS && !ahead->stop)
        g_cond_wait(&ahead->changed, &ahead->lock);
    if (!ahead->stop)
        chunk = &ahead->chunks[(ahead->first + ahead->count) % STREAM_AHEAD_CHUNKS];
    g_mutex_unlock(&ahead->lock);
    return chunk;
}

static gpointer run(gpointer user)
{
    Ahead *ahead = user;
    gboolean go_on = TRUE;

    for (Chunk *chunk; go_on && (chunk = wait_empty(ahead));) {
        g_autoptr(GError) error = NULL;
        gsize length = 0;
        if (!stream_read(ahead->stream, chunk->bytes, STREAM_AHEAD_CHUNK, &length, &error))
            length = 0;
        go_on = length > 0;
        chunk->length = length;
        g_mutex_lock(&ahead->lock);
        ahead->count++;
        ahead->failed = g_steal_pointer(&error);
        g_cond_signal(&ahead->changed);
        g_mutex_unlock(&ahead->lock);
    }
    return NULL;
}

/* The first full chunk. The last, empty one stays where it is. */
static const Chunk *wait_full(Ahead *ahead)
{
    g_mutex_lock(&ahead->lock);
    while (ahead->count == 0)
        g_cond_wait(&ahead->changed, &ahead->lock);
    const Chunk *chunk = &ahead->chunks[ahead->first];
    g_mutex_unlock(&ahead->lock);
    return chunk;
}

static void give_back(Ahead *ahead)
{
    g_mutex_lock(&ahead->lock);
    ahead->first = (ahead->first + 1) % STREAM_AHEAD_CHUNKS;
    ahead->count--;
    ahead->at = 0;
    g_cond_signal(&ahead->changed);
    g_mutex_unlock(&ahead->lock);
}

static gboolean source(gpointer user, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    Ahead *ahead = user;
    const Chunk *chunk = wait_full(ahead);

    if (chunk->length == 0) {
        if (ahead->failed) {
            g_propagate_error(error, g_error_copy(ahead->failed));
            return FALSE;
        }
        *ret_read = 0;
        return TRUE;
    }
    gsize length = MIN(size, chunk->length - ahead->at);
    memcpy(buffer, chunk->bytes + ahead->at, length);
    ahead->at += length;
    if (ahead->at == chunk->length)
        give_back(ahead);
    *ret_read = length;
    return TRUE;
}

static void ahead_free(gpointer user)
{
    Ahead *ahead = user;

    g_mutex_lock(&ahead->lock);
    ahead->stop = TRUE;
    g_cond_signal(&ahead->changed);
    g_mutex_unlock(&ahead->lock);
    if (ahead->wake >= 0)
        eventfd_write(ahead->wake, 1);
    g_thread_join(ahead->thread);
    if (ahead->owned)
        stream_close(ahead->stream);
    else
        stream_set_wake(ahead->stream, -1);
    if (ahead->wake >= 0)
        close(ahead->wake);
    for (guint i = 0; i < STREAM_AHEAD_CHUNKS; i++)
        g_free(ahead->chunks[i].bytes);
    g_clear_error(&ahead->failed);
    g_mutex_clear(&ahead->lock);
    g_cond_clear(&ahead->changed);
    g_free(ahead);
}

static Stream *start(Stream *stream, gboolean owned)
{
    Ahead *ahead = g_new0(Ahead, 1);

    ahead->stream = stream;
    ahead->owned = owned;
    ahead->wake = eventfd(0, EFD_CLOEXEC);
    stream_set_wake(stream, ahead->wake);
    g_mutex_init(&ahead->lock);
    g_cond_init(&ahead->changed);
    for (guint i = 0; i < STREAM_AHEAD_CHUNKS; i++)
        ahead->chunks[i].bytes = g_malloc(STREAM_AHEAD_CHUNK);
    ahead->thread = g_thread_new("unpack", run, ahead);
    Stream *outer = stream_from_source(source, ahead, ahead_free, TRUE);
    stream_set_under(outer, stream);
    return outer;
}

Stream *stream_ahead_new(Stream *stream)
{
    return start(stream, TRUE);
}

Stream *stream_ahead_borrow(Stream *stream)
{
    return start(stream, FALSE);
}
