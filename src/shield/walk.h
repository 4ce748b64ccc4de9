/* walk.h - the files under a path, to be looked through. */
#pragma once

#include "base/error.h"

/* Called for each file; @error is NULL, or why the file or directory @path cannot be read. FALSE
 * stops the walk. */
typedef gboolean (*WalkEach)(gpointer user, const char *path, const GError *error);

/* Calls @each for @path if it is no directory ("-" too), else for every regular file below it, in
 * the order of names. Symbolic links below a directory are not followed, pipes and devices there
 * are passed over. Returns FALSE when @each did. */
gboolean walk_files(const char *path, WalkEach each, gpointer user);
