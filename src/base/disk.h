/* disk.h - disks that have bytes left, but no inode for one more file. */
#pragma once

#include <sys/statvfs.h>

#include "base/error.h"

/* What stands in messages beside the name of a file. */
#define DISK_NO_INODE                                                                              \
    "no inode is left on the disk, so that no more files can be made, however many bytes there "   \
    "are"

/* Is that so of what statvfs() said? Some file systems do not count inodes. */
gboolean disk_counts_no_inode(const struct statvfs *disk);

/* Is that so of the disk on which the file @path lies, or would? */
gboolean disk_has_no_inode(const char *path);

/* error_from_errno() for the file @path that could not be made: says so when it is inodes that are
 * missing, not bytes. Returns FALSE. */
gboolean disk_fail(GError **error, int errnum, const char *path);
