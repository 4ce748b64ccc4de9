/* tree.h - directories that a test has made end with it, whatever is in them by then. */
#pragma once

#include <glib/gstdio.h>

static inline void tree_remove(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        tree_remove(inside);
    }
    g_remove(path);
}
