#include "node/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "node/notary.h"
#include "node/tile_files.h"
#include "store/openings.h"
#include "store/witness.h"

#define FILE_MODE      0644 /* for a web server to read */
#define DIRECTORY_MODE 0755
#define PUBLIC_AT_ONCE 1000 /* indexes of openings that are asked for together */

typedef struct {
    Store *store;
    const Quorum *policy;
    TileFilesTarget target;
    char *openings; /* the directory of these */
    LedgerReadState state;
    guint64 old_size; /* of the mirror as it was; 0: there was none */
    MirrorReport report;
    DurableFile files[DURABLE_FILES_MAX]; /* openings to be written */
    guint n_files;
    GArray *present; /* guint64, ascending: openings that belong there */
} Mirror;

static void mirror_clear(Mirror *mirror)
{
    for (guint i = 0; i < mirror->n_files; i++) {
        g_free(mirror->files[i].path);
        g_bytes_unref(mirror->files[i].bytes);
    }
    mirror->n_files = 0;
    g_clear_pointer(&mirror->openings, g_free);
    g_clear_pointer(&mirror->present, g_array_unref);
    ledger_read_state_clear(&mirror->state);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mirror, mirror_clear)

static char *path_in(const Mirror *mirror, const char *name)
{
    return g_build_filename(mirror->target.directory, name, NULL);
}

/* Leaves a file alone that says the same already. */
static gboolean write_text(const Mirror *mirror, const char *name, const char *text, GError **error)
{
    g_autofree char *path = path_in(mirror, name);
    g_autofree char *before = NULL;
    if (g_file_get_contents(path, &before, NULL, NULL) && strcmp(before, text) == 0)
        return TRUE;
    return durable_write(path, text, strlen(text), FILE_MODE, error);
}

/* --- what is there -----------------------------------------------------------------------------
 */

/* One process at a time; ends with the descriptor. */
static int lock(const char *directory, GError **error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                    "%s: another process is updating this mirror", directory);
    else
        error_from_errno(error, errno, "%s", directory);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whose mirror it is and how far it has come. */
static gboolean read_old(Mirror *mirror, GError **error)
{
    g_autofree char *path = path_in(mirror, "checkpoint");
    g_autofree char *text = NULL;
    gsize length;
    g_auto(Checkpoint) old = {0};
    gboolean ours;
    g_autoptr(GError) local = NULL;
    if (!g_file_get_contents(path, &text, &length, &local)) {
        if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s", local->message);
        return FALSE;
    }
    g_autoptr(Note) note = note_parse(text, length, error);
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &old, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    if (!tile_files_is_ours(mirror->store, &old, &ours, error))
        return FALSE;
    if (!ours) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s: its checkpoint, of %s with %" G_GUINT64_FORMAT
                    " entries, is none of this ledger's: use an empty directory",
                    mirror->target.directory, old.origin, old.size);
        return FALSE;
    }
    mirror->old_size = old.size;
    return TRUE;
}

static char *no_opening(guint64 index, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                "there is no public opening %" G_GUINT64_FORMAT, index);
    return NULL;
}

char *mirror_opening(Store *store, guint64 index, GError **error)
{
    /* Nothing is read of what is not public. */
    g_autoptr(GArray) found = index < MERKLE_SIZE_MAX
                                  ? ledger_read_public(store, index, index + 1, 1, error)
                                  : g_array_new(FALSE, FALSE, sizeof(guint64));
    if (!found || found->len == 0)
        return found ? no_opening(index, error) : NULL;
    g_autoptr(Opening) opening = openings_read(store, index, error);
    if (!opening)
        return NULL;
    return opening->is_public ? opening_format(opening) : no_opening(index, error);
}

/* --- openings ----------------------------------------------------------------------------------
 */

static gboolean flush_openings(Mirror *mirror, GError **error)
{
    if (!durable_write_all(mirror->files, mirror->n_files, FILE_MODE, error))
        return FALSE;
    for (guint i = 0; i < mirror->n_files; i++) {
        g_free(mirror->files[i].path);
        g_bytes_unref(mirror->files[i].bytes);
    }
    mirror->report.openings += mirror->n_files;
    mirror->n_files = 0;
    return TRUE;
}

/* An opening changes only by erasing, which makes it shorter. */
static gboolean is_as_long(const char *path, gsize length)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && (gsize)status.st_size == length;
}

static gboolean add_opening(Mirror *mirror, guint64 index, GError **error)
{
    g_autofree char *json = mirror_opening(mirror->store, index, error);
    if (!json)
        return FALSE;
    g_autofree char *path = g_strdup_printf("%s/%" G_GUINT64_FORMAT, mirror->openings, index);
    gsize length = strlen(json);
    g_array_append_val(mirror->present, index);
    if (is_as_long(path, length))
        return TRUE;
    mirror->files[mirror->n_files++] =
        (DurableFile){g_steal_pointer(&path), g_bytes_new_take(g_steal_pointer(&json), length)};
    return mirror->n_files < DURABLE_FILES_MAX || flush_openings(mirror, error);
}

static int compare_indexes(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
    return x < y ? -1 : x > y;
}

/* Takes away what was erased since. */
static gboolean remove_openings(Mirror *mirror, GError **error)
{
    g_autoptr(GDir) directory = g_dir_open(mirror->openings, 0, NULL);
    if (!directory)
        return error_from_errno(error, errno, "%s", mirror->openings);
    for (const char *name; (name = g_dir_read_name(directory));) {
        guint64 index;
        if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT64, &index, NULL) ||
            g_array_binary_search(mirror->present, &index, compare_indexes, NULL))
            continue;
        g_autofree char *path = g_build_filename(mirror->openings, name, NULL);
        if (unlink(path) != 0)
            return error_from_errno(error, errno, "%s", path);
        mirror->report.removed++;
    }
    return TRUE;
}

static gboolean write_openings(Mirror *mirror, GError **error)
{
    if (!durable_make_directory(mirror->openings, DIRECTORY_MODE, error))
        return FALSE;
    for (guint64 from = 0;;) {
        g_autoptr(GArray) indexes =
            ledger_read_public(mirror->store, from, mirror->state.size, PUBLIC_AT_ONCE, error);
        if (!indexes)
            return FALSE;
        if (indexes->len == 0)
            break;
        for (guint i = 0; i < indexes->len; i++) {
            g_autoptr(GError) local = NULL;
            from = g_array_index(indexes, guint64, i);
            if (!add_opening(mirror, from, &local) &&
                !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
                g_propagate_error(error, g_steal_pointer(&local));
                return FALSE;
            }
        }
        from++;
    }
    return flush_openings(mirror, error) && remove_openings(mirror, error);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static gboolean write_tiles(Mirror *mirror, GError **error)
{
    Store *store = mirror->store;
    guint64 size = mirror->state.size, *written = &mirror->report.tiles;
    return tile_files_repair(store, &mirror->target, mirror->old_size, written, error) &&
           tile_files_write(store, &mirror->target, mirror->old_size, size, written, error) &&
           tile_files_write_partial(store, &mirror->target, size, written, error);
}

static gboolean write_keys(const Mirror *mirror, GError **error)
{
    g_autofree char *keys = notary_keys(mirror->store, error);
    return keys && write_text(mirror, "keys", keys, error);
}

static gboolean write_checkpoint(const Mirror *mirror, GError **error)
{
    g_autofree char *note =
        witness_cosigned(mirror->store, mirror->state.checkpoint, mirror->policy, error);
    return note && write_text(mirror, "checkpoint", note, error);
}

static gboolean update(Mirror *mirror, GError **error)
{
    if (!ledger_read_state(mirror->store, &mirror->state, error))
        return FALSE;
    if (!mirror->state.checkpoint) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "the ledger has no entries yet");
        return FALSE;
    }
    mirror->report.size = mirror->state.size;
    return read_old(mirror, error) && write_tiles(mirror, error) && write_openings(mirror, error) &&
           write_keys(mirror, error) && write_checkpoint(mirror, error) &&
           tile_files_remove_partial(&mirror->target, mirror->old_size, mirror->state.size, error);
}

gboolean mirror_update(Store *store, const char *directory, const Quorum *policy,
                       MirrorReport *ret_report, GError **error)
{
    g_auto(Mirror) mirror = {
        .store = store,
        .policy = policy,
        .target = {.directory = directory, .mode = FILE_MODE},
        .openings = g_build_filename(directory, "openings", NULL),
        .present = g_array_new(FALSE, FALSE, sizeof(guint64)),
    };
    int fd = durable_make_directory(directory, DIRECTORY_MODE, error) ? lock(directory, error) : -1;
    if (fd < 0)
        return FALSE;
    gboolean good = update(&mirror, error);
    close(fd);
    if (good)
        *ret_report = mirror.report;
    return good;
}
