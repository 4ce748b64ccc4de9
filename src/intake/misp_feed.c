#include "intake/misp_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/jsonguard.h"
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

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The UUIDs that the manifest names, sorted; others are noted and never become a name. */
static GPtrArray *read_names(yyjson_val *manifest, const char *where, const IntakeSink *sink)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (manifest, at, size, key, value) {
        const char *uuid = yyjson_get_str(key);
        if (identifier_is_uuid(uuid, yyjson_get_len(key), NULL)) {
            g_ptr_array_add(names, g_strdup(uuid));
            continue;
        }
        g_autofree char *safe = g_strescape(uuid, NULL);
        g_autofree char *message =
            g_strdup_printf("\"%.100s\" is no UUID: no event is read for it", safe);
        note(sink, INTAKE_BROKEN, where, message);
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static GPtrArray *open_manifest(const char *name, MispFeedOpen open_file, gpointer user,
                                const IntakeSink *sink, GError **error)
{
    g_autoptr(Stream) stream = open_file(user, "manifest.json", error);
    g_autoptr(GString) text = stream != NULL ? read_manifest(stream, error) : NULL;
    if (text == NULL)
        return NULL;
    yyjson_read_err problem;
    yyjson_doc *doc = yyjson_read_opts(text->str, text->len, 0, NULL, &problem);
    g_autofree char *where = g_strdup_printf("%s/manifest.json", name);
    GPtrArray *names = NULL;
    if (doc == NULL || !yyjson_is_obj(yyjson_doc_get_root(doc)))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", where,
                    doc == NULL ? problem.msg : "not a JSON object of events");
    else if (jsonguard_check(yyjson_doc_get_root(doc), error))
        names = read_names(yyjson_doc_get_root(doc), where, sink);
    yyjson_doc_free(doc);
    return names;
}

gboolean misp_feed_read(const char *name, MispFeedOpen open_file, gpointer user,
                        const IntakeOptions *options, const IntakeSink *sink, GError **error)
{
    g_autoptr(GPtrArray) names = open_manifest(name, open_file, user, sink, error);
    if (names == NULL)
        return FALSE;
    /* the files are small against the feed: progress is told in events */
    IntakeSink inner = *sink;
    inner.progress = NULL;
    guint failures = 0;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strconcat(names->pdata[i], ".json", NULL);
        g_autofree char *where = g_strdup_printf("%s/%s", name, file);
        g_autoptr(GError) problem = NULL;
        g_autoptr(Stream) stream = open_file(user, file, &problem);
        if (stream == NULL) {
            note(sink, INTAKE_BROKEN, where, problem->message);
            if (++failures < FAILURES_MAX)
                continue;
            g_propagate_prefixed_error(error, g_steal_pointer(&problem),
                                       "%s: %u events in a row cannot be read: ", name, failures);
            return FALSE;
        }
        failures = 0;
        if (!misp_read(stream, where, options, &inner, error))
            return FALSE;
        if (sink->progress != NULL)
            sink->progress(sink->user, i + 1, names->len);
    }
    return TRUE;
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
