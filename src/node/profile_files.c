#include "node/profile_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"

#define FOLDER    "profiles"
#define SUFFIX    ".json"
#define COUNT_MAX 256 /* profiles of a node */

static char *path_of(const char *directory, const char *name)
{
    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    return g_build_filename(directory, FOLDER, file, NULL);
}

/* A profile's name, which is no path. */
static gboolean check_name(const char *name, GError **error)
{
    if (*name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is not the name of a profile",
                name);
    return FALSE;
}

Profile *profile_files_load(const char *directory, const char *name, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    gsize length;
    if (!check_name(name, error))
        return NULL;
    g_autofree char *path = path_of(directory, name);
    if (!g_file_get_contents(path, &text, &length, &local)) {
        gboolean is_gone = g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_set_error(error, CONCERT_ERROR, is_gone ? CONCERT_ERROR_NOT_FOUND : CONCERT_ERROR_IO,
                    is_gone ? "there is no legal profile %s here; see `concert request profiles`"
                            : "%s",
                    is_gone ? name : local->message);
        return NULL;
    }
    Profile *profile = profile_parse(text, length, error);
    if (!profile)
        g_prefix_error(error, "%s: ", path);
    return profile;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const Profile *const *)a)->name, (*(const Profile *const *)b)->name);
}

GPtrArray *profile_files_list(const char *directory, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)profile_free);
    g_autofree char *folder = g_build_filename(directory, FOLDER, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;
    while (dir && (file = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(file, SUFFIX))
            continue;
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(SUFFIX));
        Profile *profile = profile_files_load(directory, name, error);
        if (!profile)
            return NULL;
        g_ptr_array_add(list, profile);
        if (list->len > COUNT_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%s: more than %d profiles",
                        folder, COUNT_MAX);
            return NULL;
        }
    }
    g_ptr_array_sort(list, compare_names);
    return g_steal_pointer(&list);
}

gboolean profile_files_put(const char *directory, const char *text, gsize length, GError **error)
{
    g_autoptr(Profile) profile = profile_parse(text, length, error);
    if (!profile || !check_name(profile->name, error))
        return FALSE;
    g_autofree char *folder = g_build_filename(directory, FOLDER, NULL);
    g_autofree char *path = path_of(directory, profile->name);
    return durable_make_directory(folder, 0700, error) &&
           durable_write(path, text, length, 0600, error);
}

gboolean profile_files_remove(const char *directory, const char *name, GError **error)
{
    if (!check_name(name, error))
        return FALSE;
    g_autofree char *path = path_of(directory, name);
    return unlink(path) == 0 || error_from_errno(error, errno, "%s", path);
}
