#include "node/verify_tree.h"

#include <string.h>

#define THREADS_MAX    16
#define THREADS_REMOTE 8    /* requests in flight */
#define THREADS_FROM   2048 /* entries below which one thread is enough */

/* A tile above those of the leaves. */
typedef struct {
    Tile tile;
    gboolean has_stored;
    gboolean is_backed;            /* what is stored leads to the hash above it, or the root */
    MerkleHash stored[TILE_WIDTH]; /* what the file says */
    MerkleHash found[TILE_WIDTH];  /* what the tiles below say */
    gboolean is_found[TILE_WIDTH];
} Node;

typedef struct {
    GByteArray *bytes;
    TileEntry entries[TILE_WIDTH];
    MerkleHash stored[TILE_WIDTH];
    MerkleHash leaves[TILE_WIDTH];
} Worker;

typedef struct {
    const LogSource *source;
    const VerifyTreeOptions *options;
    guint64 size;
    VerifyTreeReport report;
    Node *edges; /* [level]: the partial tile; of width 0 if there is none */
    Node *inner; /* [level]: the full tile that is being looked at */

    Worker *workers; /* [0] is the calling thread's */
    guint n_workers;
    GThreadPool *pool; /* of the others */
    Node *job;         /* whose children they check */
    gint next;         /* child; atomic */
    gint stop;         /* atomic: it gave up, or failed */

    GMutex lock;
    GCond idle;
    guint busy; /* under the lock, as all below and the report */
    GError *failure;
} Walk;

/* --- Problems -------------------------------------------------------------------------------- */

VerifyTreeProblem *verify_tree_problem_new(VerifyTreeKind kind, const char *path, const char *what)
{
    VerifyTreeProblem *problem = g_new0(VerifyTreeProblem, 1);
    problem->kind = kind;
    problem->path = g_strdup(path);
    problem->what = g_strdup(what);
    return problem;
}

void verify_tree_problem_free(VerifyTreeProblem *problem)
{
    if (!problem)
        return;
    g_free(problem->path);
    g_free(problem->what);
    g_free(problem);
}

void verify_tree_report_clear(VerifyTreeReport *report)
{
    g_clear_pointer(&report->problems, g_ptr_array_unref);
}

static void tell(Walk *walk, VerifyTreeKind kind, const Tile *tile, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void tell(Walk *walk, VerifyTreeKind kind, const Tile *tile, const char *format, ...)
{
    char path[TILE_PATH_MAX];
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    VerifyTreeProblem *problem = verify_tree_problem_new(kind, tile_path(tile, path), what);
    problem->order = (tile->index << TILE_HEIGHT * tile->level) << TILE_HEIGHT;
    g_mutex_lock(&walk->lock);
    g_ptr_array_add(walk->report.problems, problem);
    if (walk->report.problems->len >= VERIFY_TREE_PROBLEMS_MAX) {
        walk->report.gave_up = TRUE;
        g_atomic_int_set(&walk->stop, TRUE);
    }
    g_mutex_unlock(&walk->lock);
}

/* A file could not be read. What that says of the log is told; what it says of the system or the
 * network ends everything. */
static void tell_unread(Walk *walk, const Tile *tile, GError *failure)
{
    if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        tell(walk, VERIFY_TREE_MISSING, tile, "is missing");
    } else if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_LIMIT)) {
        tell(walk, VERIFY_TREE_WRONG, tile, "is too large: %s", failure->message);
    } else {
        g_mutex_lock(&walk->lock);
        if (!walk->failure)
            walk->failure = g_error_copy(failure);
        g_mutex_unlock(&walk->lock);
        g_atomic_int_set(&walk->stop, TRUE);
    }
    g_error_free(failure);
}

static void tell_not_leading(Walk *walk, const Tile *tile)
{
    char path[TILE_PATH_MAX];
    Tile parent = {.level = tile->level + 1, .index = tile->index / TILE_WIDTH};
    parent.width = tile_width(parent.level, parent.index, walk->size);
    tell(walk, VERIFY_TREE_WRONG, tile, "is not what hash %u of %s stands for",
         (guint)(tile->index % TILE_WIDTH), tile_path(&parent, path));
}

static void count(Walk *walk, guint tiles, guint entries)
{
    g_mutex_lock(&walk->lock);
    walk->report.tiles += tiles;
    walk->report.entries += entries;
    g_mutex_unlock(&walk->lock);
}

/* --- Files ----------------------------------------------------------------------------------- */

/* Reads a tile of hashes; FALSE, and told, if it is not there or has another length. */
static gboolean read_hashes(Walk *walk, GByteArray *bytes, const Tile *tile,
                            MerkleHash ret_hashes[TILE_WIDTH])
{
    GError *failure = NULL;
    guint width;
    if (!log_source_read_tile(walk->source, tile, bytes, &width, &failure)) {
        tell_unread(walk, tile, failure);
        return FALSE;
    }
    count(walk, 1, 0);
    if (bytes->len != width * SHA256_SIZE) {
        tell(walk, VERIFY_TREE_WRONG, tile, "has %u bytes instead of %u", bytes->len,
             width * SHA256_SIZE);
        return FALSE;
    }
    memcpy(ret_hashes, bytes->data, tile->width * sizeof *ret_hashes);
    return TRUE;
}

static Tile bundle_of(const Tile *tile)
{
    Tile bundle = *tile;
    bundle.entries = TRUE;
    return bundle;
}

/* Reads the entries of a tile and hashes them; FALSE, and told, if they are not there. */
static gboolean read_entries(Walk *walk, Worker *worker, const Tile *tile)
{
    const Tile bundle = bundle_of(tile);
    g_autoptr(GError) reason = NULL;
    GError *failure = NULL;
    guint width;
    if (!log_source_read_tile(walk->source, &bundle, worker->bytes, &width, &failure)) {
        tell_unread(walk, &bundle, failure);
        return FALSE;
    }
    count(walk, 0, tile->width);
    if (!tile_bundle_split(worker->bytes->data, worker->bytes->len, width, worker->entries,
                           &reason)) {
        tell(walk, VERIFY_TREE_WRONG, &bundle, "%s", reason->message);
        return FALSE;
    }
    for (guint i = 0; i < tile->width; i++)
        merkle_leaf_hash(worker->entries[i].bytes, worker->entries[i].length, &worker->leaves[i]);
    return TRUE;
}

/* --- The tiles of the leaves ----------------------------------------------------------------- */

/* Tells of the first hash that is not that of its entry, and how many more there are. It is the
 * entry's fault if the tile is backed. */
static void compare_leaves(Walk *walk, const Tile *tile, gboolean is_backed,
                           const MerkleHash *stored, const MerkleHash *leaves)
{
    char path[TILE_PATH_MAX];
    guint first = 0, differing = 0;
    for (guint i = tile->width; i-- > 0;) {
        if (merkle_hash_equal(&stored[i], &leaves[i]))
            continue;
        first = i;
        differing++;
    }
    if (differing == 0)
        return;
    g_autofree char *more =
        differing > 1 ? g_strdup_printf("; nor are %u more", differing - 1) : g_strdup("");
    const Tile bundle = bundle_of(tile);
    guint64 entry = tile->index * TILE_WIDTH + first;
    if (is_backed)
        tell(walk, VERIFY_TREE_WRONG, &bundle,
             "entry %" G_GUINT64_FORMAT " is not the one that hash %u of %s is of%s", entry, first,
             tile_path(tile, path), more);
    else
        tell(walk, VERIFY_TREE_WRONG, tile,
             "hash %u (entry %" G_GUINT64_FORMAT ") is not that of the entry%s", first, entry,
             more);
}

/* Checks a full tile of leaf hashes and its entries; @expected is what @parent has for it, or NULL.
 * Of the three, two that agree are believed. *ret_root is the node as it is found; FALSE if nothing
 * is found. */
static gboolean check_leaves(Walk *walk, Worker *worker, const Tile *tile, const Node *parent,
                             const MerkleHash *expected, MerkleHash *ret_root)
{
    gboolean has_stored = read_hashes(walk, worker->bytes, tile, worker->stored);
    gboolean has_leaves = !walk->options->hashes_only && read_entries(walk, worker, tile);
    MerkleHash root;
    if (has_stored && (expected || !has_leaves))
        tile_root((const guint8 *)worker->stored, &root);
    gboolean is_backed = has_stored && expected && merkle_hash_equal(&root, expected);
    if (has_stored && has_leaves)
        compare_leaves(walk, tile, is_backed, worker->stored, worker->leaves);
    if (!has_stored && !has_leaves)
        return FALSE;
    if (has_leaves && !is_backed)
        tile_root((const guint8 *)worker->leaves, &root);
    const Tile bundle = bundle_of(tile);
    if (parent->is_backed && !merkle_hash_equal(&root, expected))
        tell_not_leading(walk, has_stored ? tile : &bundle);
    *ret_root = root;
    return TRUE;
}

/* --- The tiles above ------------------------------------------------------------------------- */

/* Checks children of the job until none is left. */
static void work(Walk *walk, Worker *worker)
{
    Node *job = walk->job;
    while (!g_atomic_int_get(&walk->stop)) {
        guint i = (guint)g_atomic_int_add(&walk->next, 1);
        if (i >= job->tile.width)
            break;
        const Tile child = {.index = job->tile.index * TILE_WIDTH + i, .width = TILE_WIDTH};
        job->is_found[i] = check_leaves(walk, worker, &child, job,
                                        job->has_stored ? &job->stored[i] : NULL, &job->found[i]);
        if (worker == walk->workers && walk->options->progress) {
            g_mutex_lock(&walk->lock);
            guint64 done =
                walk->options->hashes_only ? walk->report.tiles * TILE_WIDTH : walk->report.entries;
            g_mutex_unlock(&walk->lock);
            walk->options->progress(MIN(done, walk->size), walk->size, walk->options->user_data);
        }
    }
}

static void work_beside(gpointer worker, gpointer user_data)
{
    Walk *walk = user_data;
    work(walk, worker);
    g_mutex_lock(&walk->lock);
    if (--walk->busy == 0)
        g_cond_signal(&walk->idle);
    g_mutex_unlock(&walk->lock);
}

/* Checks all leaf tiles below a tile of level 1, by all workers. */
static void check_leaf_tiles(Walk *walk, Node *node)
{
    walk->job = node;
    g_atomic_int_set(&walk->next, 0);
    g_mutex_lock(&walk->lock);
    walk->busy = walk->n_workers - 1;
    g_mutex_unlock(&walk->lock);
    for (guint i = 1; i < walk->n_workers; i++)
        g_thread_pool_push(walk->pool, &walk->workers[i], NULL);
    work(walk, &walk->workers[0]);
    g_mutex_lock(&walk->lock);
    while (walk->busy > 0)
        g_cond_wait(&walk->idle, &walk->lock);
    g_mutex_unlock(&walk->lock);
}

/* Compares what is stored with what the tiles below say, and puts the one in place of the other
 * where that says nothing. FALSE if still not all is found. */
static gboolean compare_children(Walk *walk, Node *node)
{
    char path[TILE_PATH_MAX];
    guint first = 0, differing = 0;
    gboolean is_whole = TRUE;
    for (guint i = node->tile.width; i-- > 0;) {
        if (!node->is_found[i] && node->has_stored) {
            node->found[i] = node->stored[i];
        } else if (!node->is_found[i]) {
            is_whole = FALSE;
        } else if (node->has_stored && !merkle_hash_equal(&node->stored[i], &node->found[i])) {
            first = i;
            differing++;
        }
    }
    if (differing == 0)
        return is_whole;
    g_autofree char *more =
        differing > 1 ? g_strdup_printf("; nor are %u more", differing - 1) : g_strdup("");
    const Tile child = {.level = node->tile.level - 1,
                        .index = node->tile.index * TILE_WIDTH + first,
                        .width = TILE_WIDTH};
    tell(walk, VERIFY_TREE_WRONG, &node->tile, "hash %u is not that of %s%s", first,
         tile_path(&child, path), more);
    return is_whole;
}

static gboolean check_node(Walk *walk, const Tile *tile, const Node *parent,
                           const MerkleHash *expected, MerkleHash *ret_root);

/* Checks all that lies below a tile of level 1 or higher. No deeper than there are TILE_LEVELS. */
static void check_below(Walk *walk, Node *node)
{
    memset(node->is_found, 0, sizeof node->is_found);
    if (node->tile.level == 1) {
        check_leaf_tiles(walk, node);
        return;
    }
    for (guint i = 0; i < node->tile.width && !g_atomic_int_get(&walk->stop); i++) {
        const Tile child = {.level = node->tile.level - 1,
                            .index = node->tile.index * TILE_WIDTH + i,
                            .width = TILE_WIDTH};
        node->is_found[i] = check_node(walk, &child, node,
                                       node->has_stored ? &node->stored[i] : NULL, &node->found[i]);
    }
}

/* Checks a full tile of level 1 or higher and all that lies below it, as check_leaves() does. */
static gboolean check_node(Walk *walk, const Tile *tile, const Node *parent,
                           const MerkleHash *expected, MerkleHash *ret_root)
{
    Node *node = &walk->inner[tile->level];
    MerkleHash root;
    node->tile = *tile;
    node->has_stored = read_hashes(walk, walk->workers[0].bytes, tile, node->stored);
    node->is_backed = FALSE;
    if (node->has_stored && expected) {
        tile_root((const guint8 *)node->stored, &root);
        node->is_backed = merkle_hash_equal(&root, expected);
    }
    check_below(walk, node);
    if (node->is_backed) {
        *ret_root = *expected;
        return TRUE;
    }
    if (!compare_children(walk, node))
        return FALSE;
    tile_root((const guint8 *)node->found, ret_root);
    if (parent->is_backed && !g_atomic_int_get(&walk->stop) &&
        !merkle_hash_equal(ret_root, expected))
        tell_not_leading(walk, tile);
    return TRUE;
}

/* --- The right edge -------------------------------------------------------------------------- */

/* The root of a tree whose partial tiles are these: each is as many complete nodes as its width
 * has bits. */
static void edge_root(const Walk *walk, gboolean of_stored, MerkleHash *ret_root)
{
    MerkleFrontier frontier = {.size = walk->size};
    for (guint level = 0; level < TILE_LEVELS; level++) {
        const Node *edge = &walk->edges[level];
        const MerkleHash *hashes = of_stored ? edge->stored : edge->found;
        for (guint height = TILE_HEIGHT, first = 0; height-- > 0;) {
            if (!(edge->tile.width >> height & 1))
                continue;
            tile_node((const guint8 *)hashes, height, first,
                      &frontier.peaks[level * TILE_HEIGHT + height]);
            first += 1u << height;
        }
    }
    merkle_frontier_root(&frontier, ret_root);
}

static void read_edges(Walk *walk, const MerkleHash *root)
{
    gboolean has_all = TRUE;
    for (guint level = 0; level < TILE_LEVELS; level++) {
        Node *edge = &walk->edges[level];
        guint64 count = tile_count(level, walk->size);
        edge->tile = (Tile){.level = level, .index = count > 0 ? count - 1 : 0};
        edge->tile.width = count > 0 ? tile_width(level, count - 1, walk->size) : 0;
        if (edge->tile.width == TILE_WIDTH) /* it lies below the next level's */
            edge->tile.width = 0;
        if (edge->tile.width == 0)
            continue;
        edge->has_stored = read_hashes(walk, walk->workers[0].bytes, &edge->tile, edge->stored);
        has_all = has_all && edge->has_stored;
    }
    MerkleHash found;
    if (!has_all)
        return;
    edge_root(walk, TRUE, &found);
    gboolean is_backed = merkle_hash_equal(&found, root);
    for (guint level = 0; level < TILE_LEVELS; level++)
        walk->edges[level].is_backed = is_backed;
}

/* The entries of the last, partial tile. */
static void check_last_leaves(Walk *walk, Node *edge)
{
    Worker *worker = &walk->workers[0];
    memset(edge->is_found, 0, sizeof edge->is_found);
    if (walk->options->hashes_only || !read_entries(walk, worker, &edge->tile))
        return;
    if (edge->has_stored)
        compare_leaves(walk, &edge->tile, edge->is_backed, edge->stored, worker->leaves);
    for (guint i = 0; i < edge->tile.width; i++) {
        edge->found[i] = worker->leaves[i];
        edge->is_found[i] = TRUE;
    }
}

static void check_edges(Walk *walk, const MerkleHash *root)
{
    gboolean is_backed = TRUE, is_whole = TRUE;
    for (guint level = TILE_LEVELS; level-- > 0 && !g_atomic_int_get(&walk->stop);) {
        Node *edge = &walk->edges[level];
        if (edge->tile.width == 0)
            continue;
        if (level > 0)
            check_below(walk, edge);
        else
            check_last_leaves(walk, edge);
        is_backed = edge->is_backed;
        if (is_backed)
            continue;
        if (level > 0) {
            is_whole = compare_children(walk, edge) && is_whole;
        } else if (!edge->is_found[0]) {
            memcpy(edge->found, edge->stored, sizeof edge->found);
            is_whole = edge->has_stored && is_whole;
        }
    }
    if (is_backed || !is_whole || g_atomic_int_get(&walk->stop))
        return;
    MerkleHash found;
    edge_root(walk, FALSE, &found);
    if (merkle_hash_equal(&found, root))
        return;
    g_autofree char *text = g_base64_encode(found.bytes, SHA256_SIZE);
    g_autofree char *what = g_strdup_printf("its root is not that of the tree, %s", text);
    g_ptr_array_add(walk->report.problems,
                    verify_tree_problem_new(VERIFY_TREE_WRONG, "checkpoint", what));
}

/* --- All of it ------------------------------------------------------------------------------- */

static void free_problem(gpointer problem)
{
    verify_tree_problem_free(problem);
}

static guint choose_threads(const LogSource *source, guint64 size, guint wanted)
{
    guint good = log_source_is_remote(source) ? THREADS_REMOTE
                 : size < THREADS_FROM        ? 1
                                              : g_get_num_processors();
    return CLAMP(wanted > 0 ? wanted : good, 1, THREADS_MAX);
}

static void walk_init(Walk *walk)
{
    walk->report.problems = g_ptr_array_new_with_free_func(free_problem);
    walk->edges = g_new0(Node, TILE_LEVELS);
    walk->inner = g_new0(Node, TILE_LEVELS);
    walk->n_workers = choose_threads(walk->source, walk->size, walk->options->threads);
    walk->workers = g_new0(Worker, walk->n_workers);
    for (guint i = 0; i < walk->n_workers; i++)
        walk->workers[i].bytes = g_byte_array_new();
    g_mutex_init(&walk->lock);
    g_cond_init(&walk->idle);
    if (walk->n_workers > 1)
        walk->pool = g_thread_pool_new(work_beside, walk, (gint)walk->n_workers - 1, FALSE, NULL);
}

static void walk_clear(Walk *walk)
{
    if (walk->pool)
        g_thread_pool_free(walk->pool, FALSE, TRUE);
    for (guint i = 0; i < walk->n_workers; i++)
        g_byte_array_unref(walk->workers[i].bytes);
    g_free(walk->workers);
    g_free(walk->edges);
    g_free(walk->inner);
    g_mutex_clear(&walk->lock);
    g_cond_clear(&walk->idle);
    g_clear_error(&walk->failure);
    verify_tree_report_clear(&walk->report);
}

/* Those of one tile come from one thread, in order: their number keeps it. */
static gint compare_problems(gconstpointer a, gconstpointer b)
{
    const VerifyTreeProblem *one = *(VerifyTreeProblem *const *)a;
    const VerifyTreeProblem *other = *(VerifyTreeProblem *const *)b;
    if (one->order != other->order)
        return one->order < other->order ? -1 : 1;
    return strcmp(one->path, other->path);
}

gboolean verify_tree(const LogSource *source, guint64 size, const MerkleHash *root,
                     const VerifyTreeOptions *options, VerifyTreeReport *ret_report, GError **error)
{
    Walk walk = {.source = source, .options = options, .size = size};
    MerkleHash empty;
    walk_init(&walk);
    if (size > 0) {
        read_edges(&walk, root);
        check_edges(&walk, root);
    } else {
        merkle_empty_root(&empty);
        if (!merkle_hash_equal(&empty, root))
            g_ptr_array_add(walk.report.problems,
                            verify_tree_problem_new(VERIFY_TREE_WRONG, "checkpoint",
                                                    "its root is not that of an empty tree"));
    }
    gboolean good = !walk.failure;
    if (good) {
        g_ptr_array_sort(walk.report.problems, compare_problems);
        *ret_report = walk.report;
        walk.report = (VerifyTreeReport){0};
    } else {
        g_propagate_error(error, g_steal_pointer(&walk.failure));
    }
    walk_clear(&walk);
    return good;
}
