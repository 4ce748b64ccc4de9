#include "node/verify_openings.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"
#include "ledger/opening.h"

/* The bundle that was read last: openings come in the order of their entries. */
typedef struct {
    const LogSource *source;
    const char *origin;
    guint64 size;
    guint64 index; /* of the bundle */
    guint width;   /* 0: nothing is held */
    GByteArray *bundle;
    GByteArray *opening;
    TileEntry entries[TILE_WIDTH];
} Walk;

static gint compare_indices(gconstpointer a, gconstpointer b)
{
    guint64 one = *(const guint64 *)a, other = *(const guint64 *)b;
    return one < other ? -1 : one > other;
}

/* The indices of the openings that are there, ascending: guint64. */
static GArray *list_indices(const LogSource *source, guint64 size, GError **error)
{
    g_auto(GStrv) names = NULL;
    if (!log_source_list(source, VERIFY_OPENINGS_PATH, &names, error))
        return NULL;
    GArray *indices = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; names[i]; i++) {
        guint64 index;
        /* A mirror that is being updated may have those of entries to come. */
        if (size > 0 && line_number(names[i], strlen(names[i]), size - 1, &index))
            g_array_append_val(indices, index);
    }
    g_array_sort(indices, compare_indices);
    return indices;
}

/* The entry, or NULL where verify_tree() has already told what is wrong with its bundle. */
static const TileEntry *find_entry(Walk *walk, guint64 index, GError **error)
{
    Tile tile = {.entries = TRUE, .index = index / TILE_WIDTH};
    g_autoptr(GError) failure = NULL;
    guint width;
    tile.width = tile_width(0, tile.index, walk->size);
    if (walk->width == 0 || walk->index != tile.index) {
        walk->width = 0;
        if (!log_source_read_tile(walk->source, &tile, walk->bundle, &width, &failure)) {
            if (!g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) &&
                !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT))
                g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
        if (!tile_bundle_split(walk->bundle->data, walk->bundle->len, width, walk->entries, NULL))
            return NULL;
        walk->index = tile.index;
        walk->width = tile.width;
    }
    return &walk->entries[index % TILE_WIDTH];
}

/* FALSE if the opening is not that of the entry. */
static gboolean check_opening(const Walk *walk, const TileEntry *entry, GError **error)
{
    g_autoptr(Opening) opening = opening_parse(
        (const char *)walk->opening->data, walk->opening->len, VERIFY_OPENINGS_BYTES_MAX, error);
    return opening && opening_verify(opening, walk->origin, entry->bytes, entry->length, error);
}

static gboolean walk_one(Walk *walk, guint64 index, VerifyTreeReport *report, GError **error)
{
    g_autofree char *path = g_strdup_printf(VERIFY_OPENINGS_PATH "/%" G_GUINT64_FORMAT, index);
    g_autoptr(GError) failure = NULL, reason = NULL;
    gboolean good =
        log_source_read(walk->source, path, VERIFY_OPENINGS_BYTES_MAX, walk->opening, &failure);
    /* It may have been erased just now. */
    if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    if (!good && !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    const TileEntry *entry = good ? find_entry(walk, index, &reason) : NULL;
    if (reason) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    if (good && !entry)
        return TRUE;
    report->openings++;
    if (!good || !check_opening(walk, entry, &failure))
        g_ptr_array_add(report->problems,
                        verify_tree_problem_new(VERIFY_TREE_WRONG, path, failure->message));
    report->gave_up = report->problems->len >= VERIFY_TREE_PROBLEMS_MAX;
    return TRUE;
}

gboolean verify_openings(const LogSource *source, const char *origin, guint64 size,
                         VerifyTreeReport *report, GError **error)
{
    g_autoptr(GByteArray) bundle = g_byte_array_new();
    g_autoptr(GByteArray) opening = g_byte_array_new();
    g_autofree Walk *walk = g_new0(Walk, 1);
    g_autoptr(GArray) indices = list_indices(source, size, error);
    *walk = (Walk){
        .source = source, .origin = origin, .size = size, .bundle = bundle, .opening = opening};
    for (guint i = 0; indices && i < indices->len && !report->gave_up; i++)
        if (!walk_one(walk, g_array_index(indices, guint64, i), report, error))
            return FALSE;
    return indices != NULL;
}
