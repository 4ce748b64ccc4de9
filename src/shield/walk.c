#include "shield/walk.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static gboolean tell_errno(const char *path, int errnum, WalkEach each, gpointer user)
{
    g_autoptr(GError) error = NULL;
    error_from_errno(&error, errnum, "%s", path);
    return each(user, path, error);
}

gboolean walk_files(const char *path, WalkEach each, gpointer user)
{
    struct stat status;
    if (strcmp(path, "-") == 0)
        return each(user, path, NULL);
    if (stat(path, &status) != 0)
        return tell_errno(path, errno, each, user);
    if (!S_ISDIR(status.st_mode))
        return each(user, path, NULL);

    g_autofree char *root = g_strdup(path);
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!tree)
        return tell_errno(path, errno, each, user);
    gboolean go_on = TRUE;
    for (FTSENT *file; go_on && (errno = 0, file = fts_read(tree));) {
        if (file->fts_info == FTS_F)
            go_on = each(user, file->fts_path, NULL);
        else if (file->fts_info == FTS_DNR || file->fts_info == FTS_ERR || file->fts_info == FTS_NS)
            go_on = tell_errno(file->fts_path, file->fts_errno, each, user);
    }
    if (go_on && errno != 0)
        go_on = tell_errno(path, errno, each, user);
    fts_close(tree);
    return go_on;
}
