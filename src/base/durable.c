#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"

/* FALSE with errno set. */
static gboolean write_all(int fd, const char *bytes, gsize length)
{
    while (length > 0) {
        gssize written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        bytes += written;
        length -= (gsize)written;
    }
    return TRUE;
}

/* Writes the new file @path, which is not synced yet. Returns its descriptor, or -1. */
static int begin_new(const char *path, const void *bytes, gsize length, mode_t mode, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", path);
        return -1;
    }
    if (fd >= 0 && write_all(fd, bytes, length) && fchmod(fd, mode) == 0)
        return fd;
    disk_fail(error, errno, path);
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return -1;
}

/* Syncs the file, but not its directory, and closes it; removes it if that fails. */
static gboolean finish_new(const char *path, int fd, GError **error)
{
    gboolean good = fsync(fd) == 0;
    int errnum = errno;
    if (close(fd) != 0 && good) {
        good = FALSE;
        errnum = errno;
    }
    if (good)
        return TRUE;
    unlink(path);
    return error_from_errno(error, errnum, "%s", path);
}

static gboolean write_new(const char *path, const void *bytes, gsize length, mode_t mode,
                          GError **error)
{
    int fd = begin_new(path, bytes, length, mode, error);
    return fd >= 0 && finish_new(path, fd, error);
}

gboolean durable_sync_parent(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_from_errno(error, errno, "%s", directory);
    int errnum = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return errnum == 0 || error_from_errno(error, errnum, "%s", directory);
}

gboolean durable_rename(const char *from, const char *to, GError **error)
{
    if (rename(from, to) != 0)
        return error_from_errno(error, errno, "renaming %s to %s", from, to);
    return durable_sync_parent(to, error);
}

gboolean durable_create(const char *path, const void *bytes, gsize length, mode_t mode,
                        GError **error)
{
    return write_new(path, bytes, length, mode, error) && durable_sync_parent(path, error);
}

/* A file can be there instead of what @path is now. Renaming would put one in the place of a device
 * or a socket, too, and fail late for a directory. */
static gboolean is_replaceable(const char *path, GError **error)
{
    struct stat status;
    if (path[0] == '\0')
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "a file has a name");
    else if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is there and is no file", path);
    else
        return TRUE;
    return FALSE;
}

gboolean durable_write(const char *path, const void *bytes, gsize length, mode_t mode,
                       GError **error)
{
    g_autofree char *temporary = g_strconcat(path, DURABLE_SUFFIX, NULL);
    if (!is_replaceable(path, error))
        return FALSE;
    if (unlink(temporary) != 0 && errno != ENOENT)
        return error_from_errno(error, errno, "%s", temporary);
    gboolean good =
        write_new(temporary, bytes, length, mode, error) && durable_rename(temporary, path, error);
    if (!good)
        unlink(temporary);
    return good;
}

/* Fills the file @fd, named @path to the user, syncs and closes it. */
static gboolean fill_file(int fd, const char *path, DurableFill fill, gpointer user, GError **error)
{
    FILE *stream = fdopen(fd, "w");
    if (!stream) {
        int errnum = errno;
        close(fd);
        return error_from_errno(error, errnum, "%s", path);
    }
    gboolean good = fill(stream, user, error);
    errno = 0; /* what failed before the last flush left no errno */
    if (good && (fflush(stream) != 0 || ferror(stream) || fsync(fd) != 0))
        good = error_from_errno(error, errno ? errno : EIO, "%s", path);
    if (fclose(stream) != 0 && good)
        good = error_from_errno(error, errno, "%s", path);
    return good;
}

gboolean durable_write_stream(const char *path, mode_t mode, DurableFill fill, gpointer user,
                              GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    if (!is_replaceable(path, error))
        return FALSE;
    int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, (int)mode);
    if (fd < 0)
        return disk_fail(error, errno, path);
    gboolean good =
        fill_file(fd, path, fill, user, error) && durable_rename(temporary, path, error);
    if (!good)
        unlink(temporary);
    return good;
}

typedef struct {
    const char *path;
    GBytes *bytes;
} Whole;

/* A DurableFill. */
static gboolean fill_bytes(FILE *stream, gpointer user, GError **error)
{
    const Whole *whole = user;
    gsize length;
    const void *data = g_bytes_get_data(whole->bytes, &length);
    errno = 0;
    return fwrite(data, 1, length, stream) == length ||
           error_from_errno(error, errno ? errno : EIO, "%s", whole->path);
}

gboolean durable_write_bytes(const char *path, GBytes *bytes, mode_t mode, GError **error)
{
    Whole whole = {path, bytes};
    return durable_write_stream(path, mode, fill_bytes, &whole, error);
}

/* A file under way. */
typedef struct {
    char *path;
    int fd;
} Temporary;

static gboolean begin_all(const DurableFile *files, guint n_files, mode_t mode,
                          Temporary *temporaries, GError **error)
{
    for (guint i = 0; i < n_files; i++) {
        gsize length;
        const void *bytes = g_bytes_get_data(files[i].bytes, &length);
        temporaries[i].path = g_strconcat(files[i].path, DURABLE_SUFFIX, NULL);
        if (unlink(temporaries[i].path) != 0 && errno != ENOENT)
            return error_from_errno(error, errno, "%s", temporaries[i].path);
        temporaries[i].fd = begin_new(temporaries[i].path, bytes, length, mode, error);
        if (temporaries[i].fd < 0)
            return FALSE;
        /* The disk begins on all of them before the first is waited for. */
        sync_file_range(temporaries[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return TRUE;
}

static gboolean finish_all(Temporary *temporaries, guint n_files, GError **error)
{
    for (guint i = 0; i < n_files; i++) {
        int fd = temporaries[i].fd;
        temporaries[i].fd = -1;
        if (!finish_new(temporaries[i].path, fd, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean rename_all(const DurableFile *files, const Temporary *temporaries, guint n_files,
                           GError **error)
{
    for (guint i = 0; i < n_files; i++)
        if (rename(temporaries[i].path, files[i].path) != 0)
            return error_from_errno(error, errno, "renaming %s to %s", temporaries[i].path,
                                    files[i].path);
    return durable_sync_parent(files[0].path, error);
}

gboolean durable_write_all(const DurableFile *files, guint n_files, mode_t mode, GError **error)
{
    Temporary temporaries[DURABLE_FILES_MAX];
    g_return_val_if_fail(n_files <= DURABLE_FILES_MAX, FALSE);
    for (guint i = 0; i < n_files; i++)
        temporaries[i] = (Temporary){NULL, -1};
    gboolean good = n_files == 0 || (begin_all(files, n_files, mode, temporaries, error) &&
                                     finish_all(temporaries, n_files, error) &&
                                     rename_all(files, temporaries, n_files, error));
    for (guint i = 0; i < n_files; i++) {
        if (temporaries[i].fd >= 0)
            close(temporaries[i].fd);
        if (!good && temporaries[i].path)
            unlink(temporaries[i].path);
        g_free(temporaries[i].path);
    }
    return good;
}

gboolean durable_make_directory(const char *path, mode_t mode, GError **error)
{
    if (mkdir(path, mode) == 0)
        return durable_sync_parent(path, error);
    int errnum = errno;
    if (errnum == EEXIST && g_file_test(path, G_FILE_TEST_IS_DIR))
        return TRUE;
    g_autofree char *parent = g_path_get_dirname(path);
    if (errnum != ENOENT || strcmp(parent, path) == 0)
        return disk_fail(error, errnum, path);
    if (!durable_make_directory(parent, mode, error))
        return FALSE;
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return disk_fail(error, errno, path);
    return durable_sync_parent(path, error);
}
