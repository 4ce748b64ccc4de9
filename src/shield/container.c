#include "shield/container.h"

#include <errno.h>
#include <string.h>

#include "base/late_archive.h"
#include "shield/frame_stream.h"
#include "shield/walk.h"

#define CHUNK (64 * 1024)
#define GRACE (64 * 1024 * 1024) /* as of stream.h */

typedef struct {
    Stream *stream; /* of the outermost archive, whose size counts */
    ContainerEach each;
    gpointer user;
    guint64 given; /* by all members */
    guint members;
    gboolean stopped;
} Container;

/* An archive being read. */
typedef struct {
    Container *container;
    Stream *stream;
    struct archive *zip;
    GError *failed; /* of the stream below */
    char buffer[CHUNK];
} Level;

static gboolean read_level(Container *container, Stream *stream, const char *name, guint depth,
                           GError **error);

gboolean container_detect(Stream *stream, gboolean *ret_is, GError **error)
{
    const char *start;
    gsize length;

    if (!stream_peek(stream, 4, &start, &length, error))
        return FALSE;
    *ret_is = length >= 4 && (memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0);
    return TRUE;
}

static la_ssize_t read_below(struct archive *zip, void *user, const void **ret_buffer)
{
    Level *level = user;
    gsize length;

    if (!stream_read(level->stream, level->buffer, CHUNK, &length, &level->failed)) {
        late_archive()->set_error(zip, EIO, "%s", level->failed->message);
        return -1;
    }
    *ret_buffer = level->buffer;
    return (la_ssize_t)length;
}

/* What the archive's reader, or the stream below it, says is wrong. */
static gboolean fail(Level *level, GError **error)
{
    if (level->failed) {
        g_propagate_error(error, g_error_copy(level->failed));
        return FALSE;
    }
    const char *what = late_archive()->error_string(level->zip);
    g_autofree char *valid = g_utf8_make_valid(what ? what : "cannot be read", -1);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "broken ZIP archive (%s)", valid);
    return FALSE;
}

static gboolean read_member(gpointer user, void *buffer, gsize size, gsize *ret_read,
                            GError **error)
{
    Level *level = user;
    Container *container = level->container;
    guint64 taken, total;

    la_ssize_t length = late_archive()->read_data(level->zip, buffer, size);
    if (length < 0)
        return fail(level, error);
    container->given += (guint64)length;
    stream_progress(container->stream, &taken, &total);
    if (container->given > GRACE && container->given / STREAM_MAX_RATIO > taken) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the ZIP archive unpacks to more than %d times its size", STREAM_MAX_RATIO);
        return FALSE;
    }
    *ret_read = (gsize)length;
    return TRUE;
}

static char *member_name(const Container *container, const char *archive,
                         struct archive_entry *entry)
{
    const char *name = late_archive()->entry_pathname_utf8(entry);
    if (!name)
        name = late_archive()->entry_pathname(entry);
    if (!name)
        return g_strdup_printf("%s:(member %u)", archive, container->members);
    g_autofree char *valid = g_utf8_make_valid(name, MIN((gssize)strlen(name), 1024));
    return g_strdup_printf("%s:%s", archive, valid);
}

/* Hands the member on, or, if it is an archive, its members. */
static void take_member(Level *level, const char *name, guint depth)
{
    Container *container = level->container;
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) member = stream_from_source(read_member, level, NULL, FALSE);
    gboolean is_container;

    if (!container_detect(member, &is_container, &error)) {
        container->stopped = !container->each(container->user, name, NULL, error);
        return;
    }
    if (!is_container) {
        container->stopped = !container->each(container->user, name, member, NULL);
        return;
    }
    if (depth == CONTAINER_MAX_DEPTH)
        g_set_error(&error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "archives nest more than %d deep",
                    CONTAINER_MAX_DEPTH);
    else
        read_level(container, member, name, depth + 1, &error);
    if (error && !container->stopped)
        container->stopped = !container->each(container->user, name, NULL, error);
}

static gboolean read_members(Level *level, const char *name, guint depth, GError **error)
{
    Container *container = level->container;

    while (!container->stopped) {
        struct archive_entry *entry;
        int result = late_archive()->read_next_header(level->zip, &entry);
        if (result == ARCHIVE_EOF)
            return TRUE;
        if (result == ARCHIVE_RETRY)
            continue;
        if (result < ARCHIVE_WARN)
            return fail(level, error);
        if (late_archive()->entry_filetype(entry) != AE_IFREG)
            continue;
        if (container->members++ == CONTAINER_MAX_MEMBERS) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d files",
                        CONTAINER_MAX_MEMBERS);
            return FALSE;
        }
        g_autofree char *member = member_name(container, name, entry);
        take_member(level, member, depth);
    }
    return TRUE;
}

static gboolean read_level(Container *container, Stream *stream, const char *name, guint depth,
                           GError **error)
{
    g_autofree Level *level = g_new0(Level, 1);

    level->container = container;
    level->stream = stream;
    level->zip = late_archive()->read_new();
    /* From front to back: nothing in it can point elsewhere, and pipes do. */
    gboolean read =
        late_archive()->read_support_format_zip_streamable(level->zip) == ARCHIVE_OK &&
        late_archive()->read_open(level->zip, level, NULL, read_below, NULL) == ARCHIVE_OK;
    read = read ? read_members(level, name, depth, error) : fail(level, error);
    late_archive()->read_free(level->zip);
    g_clear_error(&level->failed);
    return read;
}

gboolean container_read(Stream *stream, const char *name, ContainerEach each, gpointer user,
                        GError **error)
{
    Container container = {.stream = stream, .each = each, .user = user};
    return late_archive_load(error) && read_level(&container, stream, name, 1, error);
}

typedef struct {
    gboolean records;
    ContainerEach each;
    gpointer user;
    gboolean go_on;
} Walk;

/* What is read as lines comes as such. */
static gboolean pass_on(gpointer user, const char *name, Stream *stream, const GError *error)
{
    Walk *walk = user;
    g_autoptr(GError) failed = NULL;
    g_autoptr(Stream) lines = NULL;

    if (stream && !frame_stream_open(stream, walk->records, &lines, &failed))
        walk->go_on = walk->each(walk->user, name, NULL, failed);
    else
        walk->go_on = walk->each(walk->user, name, lines ? lines : stream, error);
    return walk->go_on;
}

static gboolean walk_file(gpointer user, const char *path, const GError *unreadable)
{
    Walk *walk = user;
    g_autoptr(GError) error = NULL;
    gboolean is_container;

    if (unreadable)
        return pass_on(walk, path, NULL, unreadable);
    g_autoptr(Stream) stream = stream_open(path, &error);
    if (!stream || !container_detect(stream, &is_container, &error))
        return pass_on(walk, path, NULL, error);
    if (!is_container)
        return pass_on(walk, path, stream, NULL);
    if (!container_read(stream, path, pass_on, walk, &error) && walk->go_on)
        return pass_on(walk, path, NULL, error);
    return walk->go_on;
}

gboolean container_walk(const char *path, gboolean records, ContainerEach each, gpointer user)
{
    Walk walk = {.records = records, .each = each, .user = user, .go_on = TRUE};
    return walk_files(path, walk_file, &walk);
}
