#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Writes the new file @path and syncs it, but not its directory. */
static gboolean write_new(const char *path, const void *bytes, gsize length, mode_t mode,
                          GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", path);
        return FALSE;
    }
    if (fd < 0)
        return error_from_errno(error, errno, "%s", path);
    gboolean good = write_all(fd, bytes, length) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
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

gboolean durable_write(const char *path, const void *bytes, gsize length, mode_t mode,
                       GError **error)
{
    g_autofree char *temporary = g_strconcat(path, DURABLE_SUFFIX, NULL);
    if (unlink(temporary) != 0 && errno != ENOENT)
        return error_from_errno(error, errno, "%s", temporary);
    return write_new(temporary, bytes, length, mode, error) &&
           durable_rename(temporary, path, error);
}
