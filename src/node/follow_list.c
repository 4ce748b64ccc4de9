#include <string.h>
#include <yyjson.h>

#include "base/jsontext.h"
#include "intake/misp.h"
#include "intake/misp_feed.h"
#include "node/follow_core.h"
#include "node/follow_reading.h"

#define MANIFEST    "manifest.json"
#define EVENTS_KEPT 50 /* events of a feed that are made durable together */

/* --- one file ----------------------------------------------------------------------------------
 */

/* What came of asking for a file. */
typedef struct {
    Stream *stream; /* NULL: it has not changed */
    char *mark;     /* to be kept once it is stored; NULL: the server gives nothing to go by */
} File;

static void file_clear(File *file)
{
    g_clear_pointer(&file->stream, stream_close);
    g_clear_pointer(&file->mark, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(File, file_clear)

static char *format_mark(const FetchResult *result)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    jsontext_add(doc, root, "etag", result->etag);
    jsontext_add(doc, root, "modified", result->kept[0]);
    return jsontext_take(doc);
}

static gboolean check_status(FollowRun *run, const FetchResult *result, const char *url,
                             GError **error)
{
    guint status = result->status;
    if (status == 200 || status == 304)
        return TRUE;
    gboolean busy = status == 429 || status == 503;
    ConcertError code = busy                             ? CONCERT_ERROR_BUSY
                        : status == 401 || status == 403 ? CONCERT_ERROR_DENIED
                        : status == 404 || status == 410 ? CONCERT_ERROR_NOT_FOUND
                                                         : CONCERT_ERROR_IO;
    if (busy)
        run->wait = result->retry_after;
    g_set_error(error, CONCERT_ERROR, code, "%s: the server answers with status %u", url, status);
    return FALSE;
}

/* GETs @url, unless it is what @mark (may be NULL) says. */
static gboolean get_file(FollowRun *run, const char *url, const char *mark, File *ret_file,
                         GError **error)
{
    static const char *const keep[] = {"Last-Modified", NULL};
    yyjson_doc *doc = mark ? yyjson_read(mark, strlen(mark), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    g_auto(FetchResult) result = {.fd = -1};
    FetchOptions options = run->fetch;
    options.any_status = options.accept_compressed = TRUE;
    options.keep = keep;
    options.etag = yyjson_get_str(yyjson_obj_get(root, "etag"));
    options.modified = yyjson_get_str(yyjson_obj_get(root, "modified"));
    run->requests++;
    gboolean good = fetch_get(url, &options, &result, error);
    yyjson_doc_free(doc);
    if (!good || !check_status(run, &result, url, error))
        return FALSE;
    run->bytes += result.length;
    if (result.status == 304)
        return TRUE;
    int fd = result.fd;
    result.fd = -1; /* the stream's now */
    ret_file->stream = fd >= 0 ? stream_from_fd(fd, error) : stream_from_memory("", 0);
    if (ret_file->stream)
        ret_file->mark = format_mark(&result);
    return ret_file->stream != NULL;
}

/* --- a sink that can be stopped ----------------------------------------------------------------
 */

static gboolean check_stop(FollowRun *run, GError **error)
{
    if (!follow_run_is_stopped(run))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY, "%s: asked to stop", run->followed->name);
    return FALSE;
}

static gboolean sink_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    FollowRun *run = user;
    const IntakeSink *sink = importer_sink(run->importer);
    return check_stop(run, error) && sink->object(sink->user, bytes, length, spec, where, error);
}

static gboolean sink_made(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                          const char *where, GError **error)
{
    FollowRun *run = user;
    const IntakeSink *sink = importer_sink(run->importer);
    return check_stop(run, error) && sink->made(sink->user, bytes, length, spec, where, error);
}

static void sink_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    const IntakeSink *sink = importer_sink(((FollowRun *)user)->importer);
    sink->note(sink->user, note, where, message);
}

static void sink_progress(gpointer user, guint64 done, guint64 total)
{
    const IntakeSink *sink = importer_sink(((FollowRun *)user)->importer);
    sink->progress(sink->user, done, total);
}

static IntakeSink stoppable(FollowRun *run)
{
    return (IntakeSink){.object = sink_object,
                        .made = sink_made,
                        .note = sink_note,
                        .progress = sink_progress,
                        .user = run};
}

/* --- a list ------------------------------------------------------------------------------------
 */

static gboolean read_list(FollowRun *run, const IntakeOptions *options, GError **error)
{
    const char *url = run->followed->url;
    g_auto(File) file = {0};
    IntakeSink sink = stoppable(run);
    if (!get_file(run, url, g_hash_table_lookup(run->marks, url), &file, error))
        return FALSE;
    if (!file.stream)
        return TRUE;
    return intake_stream(file.stream, url, options, &sink, error) &&
           follow_run_keep(run, (const char *const[]){url, file.mark}, 1, error);
}

/* --- a MISP feed -------------------------------------------------------------------------------
 */

typedef struct {
    FollowRun *run;
    char *base;          /* ends in "/" */
    char *manifest_mark; /* NULL: it has not changed */
    GPtrArray *pending;  /* pairs of part and mark that wait until all is durable */
    guint failed;        /* events that could not be fetched */
    gboolean unchanged, late;
} Feed;

static void feed_clear(Feed *feed)
{
    g_free(feed->base);
    g_free(feed->manifest_mark);
    g_ptr_array_unref(feed->pending);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Feed, feed_clear)

static Stream *open_file(gpointer user, const char *name, GError **error)
{
    Feed *feed = user;
    gboolean manifest = g_str_equal(name, MANIFEST);
    g_autofree char *url = g_strconcat(feed->base, name, NULL);
    g_auto(File) file = {0};
    const char *mark = manifest ? g_hash_table_lookup(feed->run->marks, MANIFEST) : NULL;
    if (!get_file(feed->run, url, mark, &file, error))
        return NULL;
    if (manifest)
        feed->manifest_mark = g_steal_pointer(&file.mark);
    if (!file.stream) {
        feed->unchanged = TRUE;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s: not changed", url);
    }
    return g_steal_pointer(&file.stream);
}

static gboolean wants_event(gpointer user, const char *uuid, const char *digest)
{
    Feed *feed = user;
    FollowRun *run = feed->run;
    if (g_strcmp0(g_hash_table_lookup(run->marks, uuid), digest) == 0)
        return FALSE;
    feed->late |= g_get_monotonic_time() > run->deadline || run->bytes > run->max_bytes;
    return !feed->late;
}

static gboolean keep_pending(Feed *feed, GError **error)
{
    gboolean good = follow_run_keep(feed->run, (const char *const *)feed->pending->pdata,
                                    feed->pending->len / 2, error);
    g_ptr_array_set_size(feed->pending, 0);
    return good;
}

static gboolean event_done(gpointer user, const char *uuid, const char *digest, GError **error)
{
    Feed *feed = user;
    g_ptr_array_add(feed->pending, g_strdup(uuid));
    g_ptr_array_add(feed->pending, g_strdup(digest));
    return feed->pending->len < 2 * EVENTS_KEPT || keep_pending(feed, error);
}

static void event_failed(gpointer user, const char *uuid)
{
    ((Feed *)user)->failed++;
}

/* The manifest's own mark comes last, and only when no event is missing: else it would say that
 * there is nothing new. */
static gboolean read_feed(FollowRun *run, const IntakeOptions *options, GError **error)
{
    const char *url = run->followed->url;
    IntakeSink sink = stoppable(run);
    g_auto(Feed) feed = {.run = run,
                         .base = g_strconcat(url, g_str_has_suffix(url, "/") ? "" : "/", NULL),
                         .pending = g_ptr_array_new_with_free_func(g_free)};
    const MispFeedFilter filter = {wants_event, event_done, event_failed, &feed};
    g_autoptr(GError) failure = NULL;
    gboolean good = misp_feed_read_some(url, open_file, &feed, &filter, options, &sink, &failure);
    if (feed.unchanged)
        return TRUE;
    if (!keep_pending(&feed, good ? error : NULL))
        return FALSE;
    if (!good) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    run->more = feed.late;
    if (feed.failed > 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                    "%s: %u of its events could not be fetched", url, feed.failed);
        return FALSE;
    }
    return feed.late ||
           follow_run_keep(run, (const char *const[]){MANIFEST, feed.manifest_mark}, 1, error);
}

gboolean follow_core_list(FollowRun *run, GError **error)
{
    IntakeOptions options;
    yyjson_doc *doc = NULL;
    if (!follow_reading_parse(run->followed->reading, &options, &doc, error))
        return FALSE;
    options.source = run->followed->source;
    options.fetch = run->fetch;
    gboolean feed = options.format == INTAKE_MISP_FEED ||
                    (options.format == INTAKE_NONE && g_str_has_suffix(run->followed->url, "/"));
    gboolean good = feed ? read_feed(run, &options, error) : read_list(run, &options, error);
    yyjson_doc_free(doc);
    return good;
}
