#include "shield/watch/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gboolean refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", path, what);
    return FALSE;
}

/* Logs that are packed do not grow; they are rotated copies. */
static gboolean check_kind(int fd, const char *path, GError **error)
{
    static const struct {
        const char *magic;
        gsize length;
    } packed[] = {{"\x1f\x8b", 2},
                  {"BZh", 3},
                  {"\x28\xb5\x2f\xfd", 4},
                  {"\xfd"
                   "7zXZ",
                   5},
                  {"PK\x03\x04", 4}};
    char start[8] = {0};
    gsize length = log_file_read(fd, start, sizeof(start), 0);

    for (gsize i = 0; i < G_N_ELEMENTS(packed); i++)
        if (length >= packed[i].length && memcmp(start, packed[i].magic, packed[i].length) == 0)
            return refuse(path, "it is compressed; see `concert match`", error);
    return TRUE;
}

int log_file_open(const char *path, struct stat *ret_status, GError **error)
{
    struct stat status;
    /* What became a pipe meanwhile must not keep anybody waiting. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &status) != 0) {
        error_from_errno(error, errno, "%s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!(S_ISREG(status.st_mode) || refuse(path, "it is no regular file", error)) ||
        !check_kind(fd, path, error)) {
        close(fd);
        return -1;
    }
    *ret_status = status;
    return fd;
}

/* What statx() alone says. */
gint64 log_file_born(int fd)
{
    struct statx status;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME))
        return 0;
    return status.stx_btime.tv_sec * G_USEC_PER_SEC + status.stx_btime.tv_nsec / 1000;
}

gsize log_file_read(int fd, void *buffer, gsize size, guint64 offset)
{
    gsize done = 0;
    while (done < size && offset <= G_MAXINT64 - done) {
        ssize_t got = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (gsize)got;
    }
    return done;
}
