#include "node/log_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_SECONDS 60
#define REQUEST_TRIES   3
#define RETRY_US        (500 * 1000)

struct LogSource {
    char *where; /* a URL without slash at its end, or the directory's path */
    int directory;
    FetchOptions fetch;
    char *bearer, *ca_file;
};

static gboolean is_url(const char *where)
{
    return strstr(where, "://") != NULL;
}

LogSource *log_source_open(const char *where, const FetchOptions *options, GError **error)
{
    g_autoptr(LogSource) source = g_new0(LogSource, 1);
    source->directory = -1;
    source->where = g_strdup(where);
    if (options) {
        source->bearer = g_strdup(options->bearer);
        source->ca_file = g_strdup(options->ca_file);
        source->fetch = (FetchOptions){.allow_private = options->allow_private,
                                       .any_certificate = options->any_certificate,
                                       .timeout_seconds = options->timeout_seconds,
                                       .bearer = source->bearer,
                                       .ca_file = source->ca_file};
    }
    if (source->fetch.timeout_seconds == 0)
        source->fetch.timeout_seconds = REQUEST_SECONDS;
    source->fetch.accept_compressed = TRUE;
    if (is_url(where)) {
        gsize length = strlen(where);
        if (strpbrk(where, "?#")) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "%s: the files of a log lie below a URL without \"?\" and \"#\"", where);
            return NULL;
        }
        while (length > 0 && source->where[length - 1] == '/')
            source->where[--length] = '\0';
        return g_steal_pointer(&source);
    }
    source->directory = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source->directory < 0) {
        error_from_errno(error, errno, "%s", where);
        return NULL;
    }
    return g_steal_pointer(&source);
}

void log_source_free(LogSource *source)
{
    if (!source)
        return;
    if (source->directory >= 0)
        close(source->directory);
    g_free(source->where);
    g_free(source->bearer);
    g_free(source->ca_file);
    g_free(source);
}

gboolean log_source_is_remote(const LogSource *source)
{
    return source->directory < 0;
}

/* Reads to the end, which may come sooner or later than the file's size promised. */
static gboolean read_all(int fd, gsize expected, gsize max, const char *path, GByteArray *buffer,
                         GError **error)
{
    gsize length = 0;
    g_byte_array_set_size(buffer, (guint)MIN(expected, max) + 1);
    for (;;) {
        gssize got = read(fd, buffer->data + length, buffer->len - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(error, errno, "%s", path);
        if (got == 0)
            break;
        length += (gsize)got;
        if (length > max) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "%s: larger than %" G_GSIZE_FORMAT " bytes", path, max);
            return FALSE;
        }
        if (length == buffer->len)
            g_byte_array_set_size(buffer, (guint)MIN(2 * length, max) + 1);
    }
    g_byte_array_set_size(buffer, (guint)length);
    return TRUE;
}

static gboolean read_file(const LogSource *source, const char *path, gsize max, GByteArray *buffer,
                          GError **error)
{
    g_autofree char *name = g_build_filename(source->where, path, NULL);
    struct stat status;
    /* Not to wait for whoever might write into a pipe of that name. */
    int fd = openat(source->directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOTDIR)
        errno = ENOENT;
    if (fd < 0)
        return error_from_errno(error, errno, "%s", name);
    gboolean good = fstat(fd, &status) == 0;
    if (!good) {
        error_from_errno(error, errno, "%s", name);
    } else if (!S_ISREG(status.st_mode)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s: not a file", name);
        good = FALSE;
    } else {
        good = read_all(fd, (gsize)status.st_size, max, name, buffer, error);
    }
    close(fd);
    return good;
}

static gboolean read_url(const LogSource *source, const char *path, gsize max, GByteArray *buffer,
                         GError **error)
{
    g_autofree char *url = g_strconcat(source->where, "/", path, NULL);
    FetchOptions options = source->fetch;
    options.max_bytes = max;
    for (guint tries = 1;; tries++) {
        g_auto(FetchResult) result = {.fd = -1};
        g_autoptr(GError) failure = NULL;
        if (fetch_get(url, &options, &result, &failure)) {
            g_byte_array_set_size(buffer, 0);
            return result.length == 0 ||
                   read_all(result.fd, (gsize)result.length, max, path, buffer, error);
        }
        /* One of thousands of requests may well fail for a reason that has passed already. */
        if (tries == REQUEST_TRIES || !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_IO)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        g_usleep(tries * RETRY_US);
    }
}

gboolean log_source_read(const LogSource *source, const char *path, gsize max, GByteArray *buffer,
                         GError **error)
{
    return log_source_is_remote(source) ? read_url(source, path, max, buffer, error)
                                        : read_file(source, path, max, buffer, error);
}

gboolean log_source_list(const LogSource *source, const char *path, char ***ret_names,
                         GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const struct dirent *entry;
    int fd = log_source_is_remote(source)
                 ? -1
                 : openat(source->directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory && !log_source_is_remote(source) && errno != ENOENT && errno != ENOTDIR) {
        error_from_errno(error, errno, "%s", path);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    while (directory && (entry = readdir(directory)))
        g_ptr_array_add(names, g_strdup(entry->d_name));
    if (directory)
        closedir(directory);
    g_ptr_array_add(names, NULL);
    *ret_names = (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
    return TRUE;
}

gboolean log_source_read_tile(const LogSource *source, const Tile *tile, GByteArray *buffer,
                              guint *ret_width, GError **error)
{
    char path[TILE_PATH_MAX];
    gsize max = tile->entries ? TILE_BUNDLE_MAX : TILE_BYTES_MAX;
    g_autoptr(GError) failure = NULL;
    if (log_source_read(source, tile_path(tile, path), max, buffer, &failure)) {
        *ret_width = tile->width;
        return TRUE;
    }
    if (tile->width < TILE_WIDTH &&
        g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        Tile full = *tile;
        full.width = TILE_WIDTH;
        if (log_source_read(source, tile_path(&full, path), max, buffer, NULL)) {
            *ret_width = TILE_WIDTH;
            return TRUE;
        }
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}
