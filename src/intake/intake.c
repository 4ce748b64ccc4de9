#include "intake/intake.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fetch.h"
#include "base/texts.h"
#include "intake/bundle.h"
#include "intake/csv.h"
#include "intake/detect.h"
#include "intake/list.h"
#include "intake/misp.h"
#include "intake/report.h"

#define INTAKE_MAX_DEPTH 16     /* of directories in directories */
#define INTAKE_MAX_FILES 100000 /* in one directory */

typedef gboolean (*Reader)(Stream *stream, const char *name, const IntakeOptions *options,
                           const IntakeSink *sink, GError **error);

static const struct {
    const char *name;
    Reader read; /* NULL: not from a stream */
} formats[] = {
    [INTAKE_NONE] = {NULL, NULL},        [INTAKE_STIX] = {"stix", bundle_read},
    [INTAKE_MISP] = {"misp", misp_read}, [INTAKE_MISP_FEED] = {"misp-feed", NULL},
    [INTAKE_LIST] = {"list", list_read}, [INTAKE_CSV] = {"csv", csv_read},
};

const char *intake_format_name(IntakeFormat format)
{
    return (gsize)format < G_N_ELEMENTS(formats) ? formats[format].name : NULL;
}

/* Says once what the input is, and how it is compressed. */
static void note_format(const IntakeSink *sink, const char *name, Stream *stream,
                        IntakeFormat format, const char *why)
{
    const char *compression = stream_compression(stream);
    report_note(sink, INTAKE_DETECTED, name, "%s%s%s%s", why ? why : intake_format_name(format),
                why ? "" : ", as told", compression ? ", " : "", compression ? compression : "");
}

/* *ret_strange: it fails because it is of no format that is known. */
static gboolean read_stream(Stream *stream, const char *name, const IntakeOptions *options,
                            const IntakeSink *sink, gboolean *ret_strange, GError **error)
{
    g_auto(Detection) detection = {0};
    IntakeFormat format = options->format;
    if (format == INTAKE_NONE) {
        g_autoptr(GError) failure = NULL;
        if (!detect_format(stream, options, &detection, &failure)) {
            gboolean named = strncmp(failure->message, name, strlen(name)) == 0;
            g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s%s", named ? "" : name,
                                       named ? "" : ": ");
            return FALSE;
        }
        format = detection.format;
    }
    if (!intake_format_name(format) || !formats[format].read) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", name,
                    detection.why ? detection.why : "a MISP feed is a directory or its URL");
        *ret_strange = TRUE;
        return FALSE;
    }
    const char *data;
    gsize length;
    if (!stream_peek(stream, 1, &data, &length, error)) /* so that the compression is known */
        return FALSE;
    note_format(sink, name, stream, format, detection.why);
    return formats[format].read(stream, name, options, sink, error);
}

gboolean intake_stream(Stream *stream, const char *name, const IntakeOptions *options,
                       const IntakeSink *sink, GError **error)
{
    gboolean strange;
    return read_stream(stream, name, options, sink, &strange, error);
}

gboolean intake_give_made(const IntakeSink *sink, const char *bytes, gsize length, ObjectSpec spec,
                          const char *where, GError **error)
{
    return (sink->made ? sink->made : sink->object)(sink->user, bytes, length, spec, where, error);
}

gboolean intake_show_indicator(const IntakeSink *sink, const Indicator *indicator,
                               gboolean *ret_taken, GError **error)
{
    *ret_taken = FALSE;
    return !sink->indicator || sink->indicator(sink->user, indicator, ret_taken, error);
}

/* --- Files and directories ------------------------------------------------------------------- */

/* A sink in front of the caller's that remembers whether it refused: then a directory's other files
 * are not tried. */
typedef struct {
    const IntakeSink *sink;
    gboolean refused;
} Guard;

static gboolean guard_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                             const char *where, GError **error)
{
    Guard *guard = user;
    guard->refused = !guard->sink->object(guard->sink->user, bytes, length, spec, where, error);
    return !guard->refused;
}

static gboolean guard_made(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                           const char *where, GError **error)
{
    Guard *guard = user;
    guard->refused = !intake_give_made(guard->sink, bytes, length, spec, where, error);
    return !guard->refused;
}

static gboolean guard_indicator(gpointer user, const Indicator *indicator, gboolean *ret_taken,
                                GError **error)
{
    Guard *guard = user;
    guard->refused = !intake_show_indicator(guard->sink, indicator, ret_taken, error);
    return !guard->refused;
}

static void guard_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    const IntakeSink *sink = ((Guard *)user)->sink;
    if (sink->note)
        sink->note(sink->user, note, where, message);
}

static void guard_progress(gpointer user, guint64 done, guint64 total)
{
    const IntakeSink *sink = ((Guard *)user)->sink;
    if (sink->progress)
        sink->progress(sink->user, done, total);
}

/* The names in a directory, sorted; NULL with @error. */
static GPtrArray *list_directory(const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GDir) directory = g_dir_open(path, 0, &failure);
    if (!directory) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: %s", path, failure->message);
        return NULL;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(directory));) {
        if (names->len >= INTAKE_MAX_FILES) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%s: more than %d files", path,
                        INTAKE_MAX_FILES);
            return NULL;
        }
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, texts_compare);
    return g_steal_pointer(&names);
}

static gboolean read_file(const char *path, const IntakeOptions *options, const IntakeSink *sink,
                          GError **error)
{
    g_autoptr(Stream) stream = stream_open(path, error);
    return stream && intake_stream(stream, path, options, sink, error);
}

static gboolean read_directory(const char *path, guint depth, const IntakeOptions *options,
                               const IntakeSink *sink, Guard *guard, GError **error);

/* Reads one entry of a directory. What cannot be read there is a note: the others go on. A file of
 * no known format may never have held anything; of what else fails nobody knows what it held. */
static gboolean read_entry(const char *path, const char *name, guint depth,
                           const IntakeOptions *options, const IntakeSink *sink, Guard *guard,
                           GError **error)
{
    struct stat info;
    g_autoptr(GError) failure = NULL;
    g_autofree char *full = g_build_filename(path, name, NULL);
    if (name[0] == '.') {
        report_note(sink, INTAKE_IGNORED, full, "hidden file");
        return TRUE;
    }
    if (lstat(full, &info) == 0 && S_ISLNK(info.st_mode) && stat(full, &info) == 0 &&
        S_ISDIR(info.st_mode)) {
        report_note(sink, INTAKE_IGNORED, full, "symbolic link to a directory");
        return TRUE;
    }
    gboolean good = TRUE, strange = FALSE;
    if (stat(full, &info) == 0 && S_ISDIR(info.st_mode)) {
        good = read_directory(full, depth + 1, options, sink, guard, &failure);
    } else if (stat(full, &info) == 0 && !S_ISREG(info.st_mode)) {
        report_note(sink, INTAKE_IGNORED, full, "not a regular file");
    } else {
        g_autoptr(Stream) stream = stream_open(full, &failure);
        good = stream && read_stream(stream, full, options, sink, &strange, &failure);
    }
    if (!good && !guard->refused) {
        /* The note says where; the message may begin with it. */
        const char *message = failure->message;
        if (g_str_has_prefix(message, full) && g_str_has_prefix(message + strlen(full), ": "))
            message += strlen(full) + strlen(": ");
        report_note(sink, strange ? INTAKE_BROKEN : INTAKE_LOST, full, "%s", message);
        return TRUE;
    }
    if (!good)
        g_propagate_error(error, g_steal_pointer(&failure));
    return good;
}

static gboolean read_directory(const char *path, guint depth, const IntakeOptions *options,
                               const IntakeSink *sink, Guard *guard, GError **error)
{
    g_autofree char *manifest = g_build_filename(path, "manifest.json", NULL);
    if (options->format == INTAKE_MISP_FEED ||
        (options->format == INTAKE_NONE && g_file_test(manifest, G_FILE_TEST_IS_REGULAR))) {
        report_note(sink, INTAKE_DETECTED, path, "MISP feed (there is a manifest.json)");
        return misp_feed_directory(path, options, sink, error);
    }
    if (depth > INTAKE_MAX_DEPTH) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d directories deep",
                    INTAKE_MAX_DEPTH);
        return FALSE;
    }
    g_autoptr(GPtrArray) names = list_directory(path, error);
    if (!names)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        if (!read_entry(path, g_ptr_array_index(names, i), depth, options, sink, guard, error))
            return FALSE;
    return TRUE;
}

gboolean intake_path(const char *path, const IntakeOptions *options, const IntakeSink *sink,
                     GError **error)
{
    if (strcmp(path, "-") == 0 || !g_file_test(path, G_FILE_TEST_IS_DIR))
        return read_file(path, options, sink, error);
    Guard guard = {.sink = sink};
    IntakeSink guarded = {.object = guard_object,
                          .made = guard_made,
                          .indicator = guard_indicator,
                          .note = guard_note,
                          .progress = guard_progress,
                          .user = &guard};
    return read_directory(path, 0, options, &guarded, &guard, error);
}

gboolean intake_url(const char *url, const IntakeOptions *options, const IntakeSink *sink,
                    GError **error)
{
    if (options->format == INTAKE_MISP_FEED ||
        (options->format == INTAKE_NONE && g_str_has_suffix(url, "/")))
        return misp_feed_url(url, options, sink, error);
    g_auto(FetchResult) result = {.fd = -1};
    if (!fetch_get(url, &options->fetch, &result, error))
        return FALSE;
    int fd = result.fd;
    result.fd = -1; /* the stream's now */
    g_autoptr(Stream) stream = fd >= 0 ? stream_from_fd(fd, error) : stream_from_memory("", 0);
    return stream && intake_stream(stream, url, options, sink, error);
}
