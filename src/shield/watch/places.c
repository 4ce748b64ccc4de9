#include "shield/watch/places.h"

#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"

struct Places {
    char *path;         /* NULL: nothing is kept */
    GPtrArray *waiting; /* WatchStateFile; path NULL: it was found again, or given up */
    GHashTable *marks;  /* device and inode, or "=" and name -> index + 1 into waiting */
    Told *told;
};

static char *make_key(const TailMark *mark)
{
    return g_strdup_printf("%" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER "x", mark->device,
                           mark->inode);
}

static void index_marks(Places *places)
{
    for (guint i = 0; i < places->waiting->len; i++) {
        const WatchStateFile *file = places->waiting->pdata[i];
        g_hash_table_insert(places->marks, make_key(&file->mark), GUINT_TO_POINTER(i + 1));
        g_hash_table_insert(places->marks, g_strconcat("=", file->path, NULL),
                            GUINT_TO_POINTER(i + 1));
    }
}

/* Who removed the state wants everything to be told again. */
static gboolean open_state(Places *places, const char *path, GError **error)
{
    gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);

    places->path = g_strdup(path);
    places->told = told_open(path, !there, error);
    if (!places->told)
        return FALSE;
    g_clear_pointer(&places->waiting, g_ptr_array_unref);
    places->waiting = watch_state_read(path, error);
    return places->waiting && (there || watch_state_write(path, places->waiting, error));
}

Places *places_open(const char *path, GError **error)
{
    g_autoptr(Places) places = g_new0(Places, 1);

    places->waiting = watch_state_new();
    places->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (path && !open_state(places, path, error))
        return NULL;
    index_marks(places);
    return g_steal_pointer(&places);
}

void places_free(Places *places)
{
    if (!places)
        return;
    g_clear_pointer(&places->waiting, g_ptr_array_unref);
    g_hash_table_unref(places->marks);
    told_free(places->told);
    g_free(places->path);
    g_free(places);
}

Told *places_told(const Places *places)
{
    return places->told;
}

gboolean places_is_own(const Places *places, const char *path)
{
    static const char *const suffixes[] = {"", DURABLE_SUFFIX, TOLD_SUFFIX, NULL};
    struct stat one, other;

    if (!places->path)
        return FALSE;
    g_autofree char *base = g_path_get_basename(places->path);
    g_autofree char *name = g_path_get_basename(path);
    if (!g_str_has_prefix(name, base) || !g_strv_contains(suffixes, name + strlen(base)))
        return FALSE;
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *own = g_path_get_dirname(places->path);
    return stat(directory, &one) == 0 && stat(own, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

gboolean places_resume(Places *places, Tail *tail)
{
    TailMark mark;

    tail_mark(tail, &mark);
    g_autofree char *key = make_key(&mark);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(places->marks, key));
    if (index == 0) {
        g_autofree char *by_path = g_strconcat("=", tail_path(tail), NULL);
        index = GPOINTER_TO_UINT(g_hash_table_lookup(places->marks, by_path));
    }
    WatchStateFile *file = index > 0 ? places->waiting->pdata[index - 1] : NULL;
    if (!file || !file->path || !tail_go_on(tail, &file->mark))
        return FALSE;
    g_clear_pointer(&file->path, g_free);
    return TRUE;
}

void places_recall(const Places *places, Tail *tail)
{
    if (places->told)
        tail_recall(tail, places->told);
}

const WatchStateFile *places_next(const Places *places, guint *index)
{
    while (*index < places->waiting->len) {
        const WatchStateFile *file = places->waiting->pdata[(*index)++];
        if (file->path)
            return file;
    }
    return NULL;
}

void places_give_up(Places *places, guint index)
{
    WatchStateFile *file = places->waiting->pdata[index - 1];
    g_clear_pointer(&file->path, g_free);
}

gboolean places_save(Places *places, const GPtrArray *tails, GError **error)
{
    g_autoptr(GPtrArray) files = watch_state_new();
    const WatchStateFile *waiting;
    guint index = 0;

    if (!places->path)
        return TRUE;
    for (guint i = 0; i < tails->len; i++) {
        TailMark mark;
        tail_mark(tails->pdata[i], &mark);
        watch_state_add(files, tail_path(tails->pdata[i]), &mark);
    }
    while ((waiting = places_next(places, &index)))
        watch_state_add(files, waiting->path, &waiting->mark);
    if (!watch_state_write(places->path, files, error))
        return FALSE;
    told_begin_anew(places->told);
    for (guint i = 0; i < tails->len; i++)
        tail_keep_told(tails->pdata[i], places->told);
    return told_commit(places->told, error);
}
