#include "base/disk.h"

#include <errno.h>

gboolean disk_counts_no_inode(const struct statvfs *disk)
{
    return disk->f_files > 0 && disk->f_favail == 0;
}

gboolean disk_has_no_inode(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    struct statvfs disk;
    return statvfs(directory, &disk) == 0 && disk_counts_no_inode(&disk);
}

gboolean disk_fail(GError **error, int errnum, const char *path)
{
    if (errnum == ENOSPC && disk_has_no_inode(path))
        return error_set(error, CONCERT_ERROR_FULL, "%s: " DISK_NO_INODE, path);
    return error_from_errno(error, errnum, "%s", path);
}
