/* log_file.h - a file that a log is written to, as whoever watches it opens and reads it. */
#pragma once

#include <sys/stat.h>

#include "base/error.h"

/* Opens the regular file @path; -1 on failure: CONCERT_ERROR_INPUT when it is none, or is
 * compressed, as what is packed does not grow. */
int log_file_open(const char *path, struct stat *ret_status, GError **error);

/* When it was made, in microseconds since 1970; 0: the file system does not say. */
gint64 log_file_born(int fd);

/* Reads up to @size bytes at @offset and returns how many it read; what cannot be read is not
 * there. */
gsize log_file_read(int fd, void *buffer, gsize size, guint64 offset);
