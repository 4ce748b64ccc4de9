#include "node/tile_files.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/background.h"
#include "base/durable.h"
#include "base/ticker.h"

#define POLL_US  G_TIME_SPAN_SECOND
#define RETRY_US (10 * G_TIME_SPAN_SECOND) /* after a failure */

/* The tree whose full tiles are all there: a checkpoint, unsigned. What was made of another tree,
 * such as that of a store that was put back since, is written anew. */
#define DONE_NAME "done"

/* --- writing -----------------------------------------------------------------------------------
 */

/* Tiles of one directory that are written together. */
typedef struct {
    Store *store;
    const TileFilesTarget *target;
    gboolean repair; /* only what is missing or of wrong length */
    DurableFile files[DURABLE_FILES_MAX];
    guint count;
    char *directory; /* in which these lie */
    guint64 written;
} Batch;

static void batch_clear(Batch *batch)
{
    for (guint i = 0; i < batch->count; i++) {
        g_free(batch->files[i].path);
        g_bytes_unref(batch->files[i].bytes);
    }
    batch->count = 0;
    g_clear_pointer(&batch->directory, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static gboolean batch_flush(Batch *batch, GError **error)
{
    if (batch->count == 0)
        return TRUE;
    mode_t search = (batch->target->mode & 0444) >> 2;
    if (!durable_make_directory(batch->directory, batch->target->mode | search, error) ||
        !durable_write_all(batch->files, batch->count, batch->target->mode, error))
        return FALSE;
    batch->written += batch->count;
    batch_clear(batch);
    return TRUE;
}

static char *file_path(const TileFilesTarget *target, const Tile *tile)
{
    char path[TILE_PATH_MAX];
    return g_build_filename(target->directory, tile_path(tile, path), NULL);
}

static gboolean is_there(const char *path, const Tile *tile)
{
    struct stat status;
    gsize length = tile->width * (tile->entries ? 2 + LEDGER_ENTRY_SIZE : sizeof(MerkleHash));
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && (gsize)status.st_size == length;
}

static gboolean batch_add(Batch *batch, const Tile *tile, GError **error)
{
    g_autofree char *path = file_path(batch->target, tile);
    if (batch->repair && is_there(path, tile))
        return TRUE;
    g_autofree char *directory = g_path_get_dirname(path);
    if ((batch->count == DURABLE_FILES_MAX || g_strcmp0(directory, batch->directory) != 0) &&
        !batch_flush(batch, error))
        return FALSE;
    GBytes *bytes = ledger_read_tile(batch->store, tile, error);
    if (!bytes)
        return FALSE;
    if (!batch->directory)
        batch->directory = g_steal_pointer(&directory);
    batch->files[batch->count++] = (DurableFile){g_steal_pointer(&path), bytes};
    return TRUE;
}

/* Full tiles of a level that a tree of @size entries has. */
static guint64 full_tiles(guint level, guint64 size)
{
    return size >> ((level + 1) * TILE_HEIGHT);
}

static gboolean add_full(Batch *batch, const Tile *first, guint64 from, guint64 size,
                         GError **error)
{
    Tile tile = *first;
    for (tile.index = full_tiles(tile.level, from); tile.index < full_tiles(tile.level, size);
         tile.index++) {
        if (batch->target->stop && g_atomic_int_get(batch->target->stop))
            return TRUE;
        if (!batch_add(batch, &tile, error))
            return FALSE;
    }
    return batch_flush(batch, error);
}

static gboolean write_full(Batch *batch, guint64 from, guint64 size, guint64 *ret_written,
                           GError **error)
{
    gboolean good =
        add_full(batch, &(Tile){.entries = TRUE, .width = TILE_WIDTH}, from, size, error);
    for (guint level = 0; good && level + 1 < TILE_LEVELS; level++)
        good = add_full(batch, &(Tile){.level = level, .width = TILE_WIDTH}, from, size, error);
    if (ret_written)
        *ret_written += batch->written;
    return good;
}

gboolean tile_files_write(Store *store, const TileFilesTarget *target, guint64 from, guint64 size,
                          guint64 *ret_written, GError **error)
{
    g_auto(Batch) batch = {.store = store, .target = target};
    return write_full(&batch, from, size, ret_written, error);
}

gboolean tile_files_repair(Store *store, const TileFilesTarget *target, guint64 size,
                           guint64 *ret_written, GError **error)
{
    g_auto(Batch) batch = {.store = store, .target = target, .repair = TRUE};
    return write_full(&batch, 0, size, ret_written, error);
}

/* Calls @visit for each partial tile of a tree of @size entries. */
typedef gboolean (*PartialVisit)(const Tile *tile, gpointer user, GError **error);

static gboolean foreach_partial(guint64 size, PartialVisit visit, gpointer user, GError **error)
{
    for (guint level = 0; level < TILE_LEVELS; level++) {
        guint64 nodes = size >> (level * TILE_HEIGHT);
        Tile tile = {
            .level = level, .index = nodes / TILE_WIDTH, .width = (guint)(nodes % TILE_WIDTH)};
        if (tile.width == 0)
            continue;
        if (!visit(&tile, user, error))
            return FALSE;
        tile.entries = TRUE;
        if (level == 0 && !visit(&tile, user, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_partial(const Tile *tile, gpointer batch, GError **error)
{
    return batch_add(batch, tile, error);
}

gboolean tile_files_write_partial(Store *store, const TileFilesTarget *target, guint64 size,
                                  guint64 *ret_written, GError **error)
{
    g_auto(Batch) batch = {.store = store, .target = target};
    if (!foreach_partial(size, add_partial, &batch, error) || !batch_flush(&batch, error))
        return FALSE;
    if (ret_written)
        *ret_written += batch.written;
    return TRUE;
}

typedef struct {
    const TileFilesTarget *target;
    guint64 size;
} Removal;

/* Removes "NNN.p" with the widths in it. */
static gboolean remove_partial(const Tile *tile, gpointer user, GError **error)
{
    const Removal *removal = user;
    if (tile_width(tile->level, tile->index, removal->size) < TILE_WIDTH)
        return TRUE;
    g_autofree char *path = file_path(removal->target, tile);
    g_autofree char *directory = g_path_get_dirname(path);
    DIR *entries = opendir(directory);
    if (!entries)
        return errno == ENOENT || error_from_errno(error, errno, "%s", directory);
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    return rmdir(directory) == 0 || error_from_errno(error, errno, "%s", directory);
}

gboolean tile_files_remove_partial(const TileFilesTarget *target, guint64 old_size, guint64 size,
                                   GError **error)
{
    Removal removal = {target, size};
    return foreach_partial(old_size, remove_partial, &removal, error);
}

gboolean tile_files_is_ours(Store *store, const Checkpoint *checkpoint, gboolean *ret_ours,
                            GError **error)
{
    g_auto(LedgerReadState) state = {0};
    MerkleHash root;
    if (!ledger_read_state(store, &state, error))
        return FALSE;
    if (strcmp(state.origin, checkpoint->origin) != 0 || checkpoint->size > state.size) {
        *ret_ours = FALSE;
        return TRUE;
    }
    if (!ledger_read_root(store, checkpoint->size, &root, error))
        return FALSE;
    *ret_ours = merkle_hash_equal(&root, &checkpoint->root);
    return TRUE;
}

/* --- the node's own ----------------------------------------------------------------------------
 */

struct TileFiles {
    char *directory, *done_path;
    Store *store;
    Writer *writer;
    TileFilesTell tell;
    gpointer user;
    Ticker *ticker;
    /* Of the ticker alone. */
    guint64 seen; /* the writer's generation when all was done; 0: it is not */
    guint64 done; /* the full tiles of this size are there */
    gboolean failing;
};

/* How far the files that are there can be trusted. */
static gboolean read_done(TileFiles *files, guint64 *ret_size, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_auto(Checkpoint) checkpoint = {0};
    gboolean ours = FALSE;
    if (g_file_get_contents(files->done_path, &text, &length, NULL) &&
        checkpoint_parse(text, length, &checkpoint, NULL) &&
        !tile_files_is_ours(files->store, &checkpoint, &ours, error))
        return FALSE;
    *ret_size = ours ? checkpoint.size : 0;
    return TRUE;
}

static gboolean write_done(TileFiles *files, const LedgerReadState *state, GError **error)
{
    const Checkpoint checkpoint = {
        .origin = state->origin, .size = state->size, .root = state->root};
    g_autofree char *text = checkpoint_format(&checkpoint, error);
    return text && durable_make_directory(files->directory, 0700, error) &&
           durable_write(files->done_path, text, strlen(text), 0600, error);
}

/* Whether somebody has taken away what was there. */
static gboolean is_lost(const TileFiles *files)
{
    if (files->done < TILE_WIDTH)
        return FALSE;
    const TileFilesTarget target = {.directory = files->directory};
    const Tile last = {.index = files->done / TILE_WIDTH - 1, .width = TILE_WIDTH};
    g_autofree char *path = file_path(&target, &last);
    return access(files->done_path, F_OK) != 0 || access(path, F_OK) != 0;
}

/* Removes the full tiles that a tree of @size entries has not, which another one had. */
static void remove_beyond(const TileFiles *files, guint64 size)
{
    const TileFilesTarget target = {.directory = files->directory};
    for (guint i = 0; i < TILE_LEVELS; i++) {
        Tile tile = {.entries = i == 0, .level = i > 0 ? i - 1 : 0, .width = TILE_WIDTH};
        for (tile.index = full_tiles(tile.level, size);; tile.index++) {
            g_autofree char *path = file_path(&target, &tile);
            if (unlink(path) != 0)
                break;
        }
    }
}

/* Brings the files up to what is committed now. */
static gboolean follow(TileFiles *files, const gint *stop, GError **error)
{
    const TileFilesTarget target = {.directory = files->directory, .mode = 0600, .stop = stop};
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GError) local = NULL;
    guint64 written = 0;
    if (!ledger_read_state(files->store, &state, &local)) {
        if (g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
            return TRUE; /* no ledger yet */
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    /* The ledger may be another one by now, and somebody may have taken files away. */
    gboolean lost = files->done == 0 || is_lost(files);
    if (!read_done(files, &files->done, error))
        return FALSE;
    if (lost || files->done == 0) {
        remove_beyond(files, state.size);
        if (!tile_files_repair(files->store, &target, files->done, &written, error))
            return FALSE;
    }
    if (!tile_files_write(files->store, &target, files->done, state.size, &written, error))
        return FALSE;
    if (g_atomic_int_get(stop) != 0 || state.size / TILE_WIDTH == files->done / TILE_WIDTH)
        return TRUE;
    if (!write_done(files, &state, error))
        return FALSE;
    files->done = state.size;
    return TRUE;
}

static void report(TileFiles *files, const GError *error)
{
    if (error && !files->failing)
        files->tell(error->message, files->user);
    else if (!error && files->failing)
        files->tell(NULL, files->user);
    files->failing = error != NULL;
}

static gint64 follow_writer(gpointer user, const gint *stop)
{
    TileFiles *files = user;
    guint64 generation = writer_generation(files->writer);
    g_autoptr(GError) error = NULL;
    background_enter();
    if (generation != files->seen || is_lost(files)) {
        follow(files, stop, &error);
        report(files, error);
        files->seen = error ? 0 : generation;
    }
    return error ? RETRY_US : POLL_US;
}

TileFiles *tile_files_start(const char *directory, Store *store, Writer *writer, TileFilesTell tell,
                            gpointer user)
{
    TileFiles *files = g_new0(TileFiles, 1);
    files->directory = g_strdup(directory);
    files->done_path = g_build_filename(directory, DONE_NAME, NULL);
    files->store = store;
    files->writer = writer;
    files->tell = tell;
    files->user = user;
    files->ticker = ticker_start("tile-files", follow_writer, files);
    return files;
}

void tile_files_stop(TileFiles *files)
{
    if (!files)
        return;
    ticker_stop(files->ticker);
    g_free(files->directory);
    g_free(files->done_path);
    g_free(files);
}
