#include "node/verify_partials.h"

#include <string.h>

#include "base/error.h"

#define DEPTH_MAX 10 /* of directories: "tile", a level, groups of an index, "NNN.p" */

typedef struct {
    const LogSource *source;
    guint64 size;
    gboolean hashes_only;
    VerifyTreeReport *report;
    GByteArray *partial, *whole;
} Walk;

static gboolean is_told(const Walk *walk, const char *path)
{
    for (guint i = 0; i < walk->report->problems->len; i++) {
        const VerifyTreeProblem *problem = g_ptr_array_index(walk->report->problems, i);
        if (strcmp(problem->path, path) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Whether the bytes are no less and no more than what such a tile has. */
static gboolean has_form(const Tile *tile, const GByteArray *bytes)
{
    TileEntry entries[TILE_WIDTH];
    return tile->entries ? tile_bundle_split(bytes->data, bytes->len, tile->width, entries, NULL)
                         : bytes->len == tile->width * SHA256_SIZE;
}

static gboolean is_verdict(const GError *failure)
{
    return g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) ||
           g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

/* Compares a partial tile with the one that verify_tree() has read. */
static gboolean check_partial(Walk *walk, const Tile *tile, const char *path, GError **error)
{
    char whole_path[TILE_PATH_MAX];
    Tile whole = *tile;
    guint width;
    g_autoptr(GError) failure = NULL;
    whole.width = tile_width(tile->level, tile->index, walk->size);
    if (tile->width >= whole.width || is_told(walk, tile_path(&whole, whole_path)))
        return TRUE;
    gboolean has_both =
        log_source_read(walk->source, path, tile->entries ? TILE_BUNDLE_MAX : TILE_BYTES_MAX,
                        walk->partial, &failure) &&
        log_source_read_tile(walk->source, &whole, walk->whole, &width, &failure);
    if (failure && !is_verdict(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (has_both && has_form(tile, walk->partial) && walk->partial->len <= walk->whole->len &&
        memcmp(walk->partial->data, walk->whole->data, walk->partial->len) == 0)
        return TRUE;
    g_autofree char *what = g_strdup_printf("is not the beginning of %s", whole_path);
    g_ptr_array_add(walk->report->problems, verify_tree_problem_new(VERIFY_TREE_WRONG, path, what));
    walk->report->gave_up = walk->report->problems->len >= VERIFY_TREE_PROBLEMS_MAX;
    return TRUE;
}

/* What a name is, the tile's path says: "NNN" and "W" are files, "xNNN" and "NNN.p" directories. */
static gboolean walk_directory(Walk *walk, const char *directory, guint depth, GError **error)
{
    g_auto(GStrv) names = NULL;
    if (!log_source_list(walk->source, directory, &names, error))
        return FALSE;
    for (guint i = 0; names[i] && !walk->report->gave_up; i++) {
        g_autofree char *path = g_strconcat(directory, "/", names[i], NULL);
        Tile tile;
        gboolean is_level = depth == 1 && names[i][0] != '.' &&
                            !(walk->hashes_only && strcmp(names[i], "entries") == 0);
        gboolean is_inner = names[i][0] == 'x' || g_str_has_suffix(names[i], ".p");
        if (is_level || (depth > 1 && depth < DEPTH_MAX && is_inner)) {
            if (!walk_directory(walk, path, depth + 1, error))
                return FALSE;
        } else if (depth > 1 && tile_path_parse(path, &tile, NULL) && tile.width < TILE_WIDTH &&
                   !check_partial(walk, &tile, path, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean verify_partials(const LogSource *source, guint64 size, gboolean hashes_only,
                         VerifyTreeReport *report, GError **error)
{
    g_autoptr(GByteArray) partial = g_byte_array_new();
    g_autoptr(GByteArray) whole = g_byte_array_new();
    Walk walk = {.source = source,
                 .size = size,
                 .hashes_only = hashes_only,
                 .report = report,
                 .partial = partial,
                 .whole = whole};
    return walk_directory(&walk, "tile", 1, error);
}
