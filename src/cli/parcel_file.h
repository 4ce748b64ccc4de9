/* parcel_file.h - writing a sealed parcel as one file, or as several that each are a part of it. */
#pragma once

#include "base/error.h"

/* Writes the parcel in the file @sealed, which is for the key @key, as the new file @path, or, if
 * it has more than @part_size bytes, as @path.001, @path.002, ... @is_armored: as text, for mail.
 * The names, NULL-terminated. CONCERT_ERROR_CONFLICT if one of them is there already,
 * CONCERT_ERROR_LIMIT if there would be too many; what was written by then is removed. */
char **parcel_file_write(const char *sealed, const char *key, const char *path, guint64 part_size,
                         gboolean is_armored, GError **error);
