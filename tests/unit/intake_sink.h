/* intake_sink.h - a sink that keeps what it is given, for the tests of the readers. */
#pragma once

#include <string.h>
#include <unistd.h>

#include "intake/intake.h"

typedef struct {
    GPtrArray *objects; /* char *: the bytes */
    GPtrArray *wheres;  /* char *: of the objects */
    GPtrArray *notes;   /* char *: "kind where: message" */
    guint specs[2];     /* how many of 2.0 and of 2.1 */
    guint stop_after;   /* objects; 0: never */
    guint64 done;
} Kept;

static gboolean kept_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Kept *kept = user;
    g_ptr_array_add(kept->objects, g_strndup(bytes, length));
    g_ptr_array_add(kept->wheres, g_strdup(where));
    kept->specs[spec == OBJECT_SPEC_21]++;
    if (kept->stop_after > 0 && kept->objects->len >= kept->stop_after) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_FULL, "stopped");
        return FALSE;
    }
    return TRUE;
}

static void kept_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    static const char *const names[] = {"detected", "ignored", "unmapped", "broken", "lost"};
    Kept *kept = user;
    g_ptr_array_add(kept->notes, g_strdup_printf("%s %s: %s", names[note], where, message));
}

static void kept_progress(gpointer user, guint64 done, guint64 total)
{
    Kept *kept = user;
    g_assert_cmpuint(done, >=, kept->done);
    kept->done = done;
}

static void kept_init(Kept *kept, IntakeSink *ret_sink)
{
    *kept = (Kept){.objects = g_ptr_array_new_with_free_func(g_free),
                   .wheres = g_ptr_array_new_with_free_func(g_free),
                   .notes = g_ptr_array_new_with_free_func(g_free)};
    *ret_sink = (IntakeSink){
        .object = kept_object, .note = kept_note, .progress = kept_progress, .user = kept};
}

static void kept_clear(Kept *kept)
{
    g_ptr_array_unref(kept->objects);
    g_ptr_array_unref(kept->wheres);
    g_ptr_array_unref(kept->notes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kept, kept_clear)

typedef gboolean (*KeptReader)(Stream *stream, const char *name, const IntakeOptions *options,
                               const IntakeSink *sink, GError **error);

/* Reads @text with @reader, as one piece of memory. */
static inline void kept_read(Kept *kept, KeptReader reader, const char *text, gsize length,
                             const IntakeOptions *options)
{
    static const IntakeOptions none = {.confidence = -1};
    g_autoptr(GError) error = NULL;
    IntakeSink sink;
    kept_init(kept, &sink);
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_assert_true(reader(stream, "feed", options ? options : &none, &sink, &error));
    g_assert_no_error(error);
}

typedef struct {
    int fd;
    const char *text;
    gsize length, piece;
} KeptFeed;

static inline gpointer kept_feed(gpointer data)
{
    KeptFeed *feed = data;
    for (gsize at = 0; at < feed->length;) {
        gssize written = write(feed->fd, feed->text + at, MIN(feed->piece, feed->length - at));
        g_assert_cmpint(written, >, 0);
        at += (gsize)written;
    }
    close(feed->fd);
    return NULL;
}

/* The same through a pipe, in pieces of @piece bytes, so that entries are cut everywhere. */
static inline void kept_read_pieces(Kept *kept, KeptReader reader, const char *text, gsize length,
                                    gsize piece)
{
    static const IntakeOptions none = {.confidence = -1};
    g_autoptr(GError) error = NULL;
    int fds[2];
    IntakeSink sink;
    kept_init(kept, &sink);
    g_assert_cmpint(pipe(fds), ==, 0);
    KeptFeed feed = {fds[1], text, length, piece};
    GThread *thread = g_thread_new("feed", kept_feed, &feed);
    g_autoptr(Stream) stream = stream_from_fd(fds[0], &error);
    g_assert_true(reader(stream, "feed", &none, &sink, &error));
    g_assert_no_error(error);
    g_thread_join(thread);
}

/* How many notes contain @words. */
static inline guint kept_notes(const Kept *kept, const char *words)
{
    guint count = 0;
    for (guint i = 0; i < kept->notes->len; i++)
        count += strstr(g_ptr_array_index(kept->notes, i), words) != NULL;
    return count;
}
