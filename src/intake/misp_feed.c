#include "intake/misp_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/jsonguard.h"
#include "base/sha256.h"
#include "intake/misp.h"
#include "stix/identifier.h"

#define MANIFEST_MAX ((gsize)256 * 1024 * 1024)

/* Events in a row that may fail to arrive before a feed is taken for gone. */
#define FAILURES_MAX 10

/* The whole manifest, followed by room for a parser's padding. */
static GString *read_manifest(Stream *stream, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char chunk[64 * 1024];
    gsize got;
    do {
        if (!stream_read(stream, chunk, sizeof chunk, &got, error))
            return NULL;
        g_string_append_len(text, chunk, (gssize)got);
        if (text->len > MANIFEST_MAX) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                                "manifest.json: larger than 256 MiB");
            return NULL;
        }
    } while (got > 0);
    return g_steal_pointer(&text);
}

static void note(const IntakeSink *sink, IntakeNote kind, const char *where, const char *message)
{
    if (sink->note != NULL)
        sink->note(sink->user, kind, where, message);
}

/* An event of the manifest. */
typedef struct {
    char uuid[37];
    char digest[MISP_FEED_DIGEST_SIZE];
} Event;

static int compare_events(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Event *)a)->uuid, ((const Event *)b)->uuid);
}

static void digest_entry(yyjson_val *entry, char ret_digest[MISP_FEED_DIGEST_SIZE])
{
    size_t length = 0;
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    char *text = yyjson_val_write(entry, 0, &length);
    sha256_digest(text ? text : "", text ? length : 0, digest);
    g_strlcpy(ret_digest, sha256_hex(digest, hex), MISP_FEED_DIGEST_SIZE);
    free(text);
}

/* The events that the manifest names by a UUID, sorted; others are noted and never become a name.
 */
static GArray *read_events(yyjson_val *manifest, const char *where, const IntakeSink *sink)
{
    GArray *events = g_array_new(FALSE, FALSE, sizeof(Event));
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (manifest, at, size, key, value) {
        const char *uuid = yyjson_get_str(key);
        if (identifier_is_uuid(uuid, yyjson_get_len(key), NULL)) {
            Event event;
            g_strlcpy(event.uuid, uuid, sizeof event.uuid);
            digest_entry(value, event.digest);
            g_array_append_val(events, event);
            continue;
        }
        g_autofree char *safe = g_strescape(uuid, NULL);
        g_autofree char *message =
            g_strdup_printf("\"%.100s\" is no UUID: no event is read for it", safe);
        note(sink, INTAKE_BROKEN, where, message);
    }
    g_array_sort(events, compare_events);
    return events;
}

static GArray *open_manifest(const char *name, MispFeedOpen open_file, gpointer user,
                             const IntakeSink *sink, GError **error)
{
    g_autoptr(Stream) stream = open_file(user, "manifest.json", error);
    g_autoptr(GString) text = stream != NULL ? read_manifest(stream, error) : NULL;
    if (text == NULL)
        return NULL;
    yyjson_read_err problem;
    yyjson_doc *doc = yyjson_read_opts(text->str, text->len, 0, NULL, &problem);
    g_autofree char *where = g_strdup_printf("%s/manifest.json", name);
    GArray *events = NULL;
    if (doc == NULL || !yyjson_is_obj(yyjson_doc_get_root(doc)))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", where,
                    doc == NULL ? problem.msg : "not a JSON object of events");
    else if (jsonguard_check(yyjson_doc_get_root(doc), error))
        events = read_events(yyjson_doc_get_root(doc), where, sink);
    yyjson_doc_free(doc);
    return events;
}

gboolean misp_feed_read_some(const char *name, MispFeedOpen open_file, gpointer user,
                             const MispFeedFilter *filter, const IntakeOptions *options,
                             const IntakeSink *sink, GError **error)
{
    g_autoptr(GArray) events = open_manifest(name, open_file, user, sink, error);
    if (events == NULL)
        return FALSE;
    /* the files are small against the feed: progress is told in events */
    IntakeSink inner = *sink;
    inner.progress = NULL;
    guint failures = 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = &g_array_index(events, Event, i);
        if (filter != NULL && !filter->wants(filter->user, event->uuid, event->digest))
            continue;
        g_autofree char *file = g_strconcat(event->uuid, ".json", NULL);
        g_autofree char *where = g_strdup_printf("%s/%s", name, file);
        g_autoptr(GError) problem = NULL;
        g_autoptr(Stream) stream = open_file(user, file, &problem);
        if (stream == NULL) {
            note(sink, INTAKE_LOST, where, problem->message);
            if (filter != NULL)
                filter->failed(filter->user, event->uuid);
            if (++failures < FAILURES_MAX)
                continue;
            g_propagate_prefixed_error(error, g_steal_pointer(&problem),
                                       "%s: %u events in a row cannot be read: ", name, failures);
            return FALSE;
        }
        failures = 0;
        if (!misp_read(stream, where, options, &inner, error))
            return FALSE;
        if (filter != NULL && !filter->done(filter->user, event->uuid, event->digest, error))
            return FALSE;
        if (sink->progress != NULL)
            sink->progress(sink->user, i + 1, events->len);
    }
    return TRUE;
}

gboolean misp_feed_read(const char *name, MispFeedOpen open_file, gpointer user,
                        const IntakeOptions *options, const IntakeSink *sink, GError **error)
{
    return misp_feed_read_some(name, open_file, user, NULL, options, sink, error);
}

/* Names are fixed or UUIDs, and symbolic links are not followed: nothing outside the directory is
 * read. */
static Stream *open_in_directory(gpointer user, const char *file, GError **error)
{
    int directory = GPOINTER_TO_INT(user);
    int fd = openat(directory, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        error_from_errno(error, errno, "%s", file);
        return NULL;
    }
    return stream_from_fd(fd, error);
}

gboolean misp_feed_directory(const char *path, const IntakeOptions *options, const IntakeSink *sink,
                             GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_from_errno(error, errno, "%s", path);
    gboolean done =
        misp_feed_read(path, open_in_directory, GINT_TO_POINTER(fd), options, sink, error);
    close(fd);
    return done;
}
