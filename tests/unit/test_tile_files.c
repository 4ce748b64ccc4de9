/* Tiles as files: those of a recomputation, whatever was there before and whatever was taken away;
 * and mirrors, whose checkpoint never says more than there is. */
#include "node/tile_files.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ledger/opening.h"
#include "node/mirror.h"
#include "patience.h"

#define ORIGIN "cert.alder.example/ledger"

typedef struct {
    char *directory, *db, *ledger;
    Writer *writer;
    Store *store;
    NoteSigner *signer;
    char *vkey;
    guint8 seed; /* of the entries: another one, another ledger */
    GMutex lock; /* guards what the thread has told */
    guint told;
    char *last;
} Fixture;

static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                  GError **error)
{
    Fixture *fixture = user;
    return checkpoint_sign(&(Checkpoint){.origin = (char *)ORIGIN, .size = size, .root = *root},
                           fixture->signer, error);
}

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    const Fixture *fixture = user;
    const char *const keys[LEDGER_KEYS] = {fixture->vkey, fixture->vkey, fixture->vkey};
    return ledger_create(tx, ORIGIN, keys, error);
}

static void open_store(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture->writer = writer_open(fixture->db, &error);
    g_assert_no_error(error);
    writer_set_sign(fixture->writer, sign, fixture);
    fixture->store = store_open(fixture->db, &error);
    g_assert_no_error(error);
}

static void close_store(Fixture *fixture)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
}

static void remove_tree(const char *path)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (directory)
        g_dir_close(directory);
    g_remove(path);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-tiles-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->db = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->ledger = g_build_filename(fixture->directory, "ledger", NULL);
    fixture->signer = note_signer_generate(ORIGIN, NOTE_ED25519, &error);
    g_assert_no_error(error);
    fixture->vkey = note_verifier_format(note_signer_verifier(fixture->signer));
    g_mutex_init(&fixture->lock);
    open_store(fixture);
    g_assert_true(writer_run(fixture->writer, 0, apply_create, fixture, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close_store(fixture);
    note_signer_free(fixture->signer);
    remove_tree(fixture->directory);
    g_mutex_clear(&fixture->lock);
    g_free(fixture->directory);
    g_free(fixture->db);
    g_free(fixture->ledger);
    g_free(fixture->vkey);
    g_free(fixture->last);
}

/* --- a ledger ----------------------------------------------------------------------------------
 */

typedef struct {
    Fixture *fixture;
    guint64 from, count;
    const Opening *opening; /* NULL: entries without meaning */
    guint8 (*entries)[LEDGER_ENTRY_SIZE];
} Append;

static void entry_bytes(const Fixture *fixture, guint64 number, guint8 entry[LEDGER_ENTRY_SIZE])
{
    memset(entry, fixture->seed, LEDGER_ENTRY_SIZE);
    entry[0] = 1;
    memcpy(entry + 1, &number, sizeof number);
}

static gboolean apply_append(StoreTx *tx, gpointer user, GError **error)
{
    const Append *append = user;
    for (guint64 i = 0; i < append->count; i++) {
        static const guint8 nonce[LEDGER_NONCE_SIZE];
        entry_bytes(append->fixture, append->from + i, append->entries[i]);
        LedgerEntry entry = {
            .entry = append->entries[i], .nonce = nonce, .header = "{}", .header_length = 2};
        if (append->opening) {
            entry.entry = opening_entry(append->opening);
            entry.nonce = append->opening->nonce;
            entry.header = append->opening->header;
            entry.header_length = append->opening->header_length;
        }
        guint64 index;
        if (!ledger_append(tx, &entry, &index, error))
            return FALSE;
    }
    return TRUE;
}

static void append(Fixture *fixture, guint64 from, guint64 count)
{
    g_autoptr(GError) error = NULL;
    Append request = {fixture, from, count, NULL, g_malloc(count * LEDGER_ENTRY_SIZE)};
    writer_run(fixture->writer, 0, apply_append, &request, &error);
    g_assert_no_error(error);
    g_free(request.entries);
}

static void append_opening(Fixture *fixture, gboolean is_public)
{
    g_autoptr(GError) error = NULL;
    const OpeningSpec spec = {.origin = ORIGIN,
                              .kind = "statement",
                              .time_us = 1700000000000000,
                              .is_public = is_public,
                              .members = "{\"title\":\"a title\"}",
                              .members_length = 19};
    g_autoptr(Opening) opening = opening_build(&spec, NULL, &error);
    g_assert_no_error(error);
    guint8 entry[1][LEDGER_ENTRY_SIZE];
    Append request = {fixture, 0, 1, opening, entry};
    writer_run(fixture->writer, 0, apply_append, &request, &error);
    g_assert_no_error(error);
}

/* A ledger that has the origin and keys of the other, and other entries. */
static void replace_store(Fixture *fixture, guint8 seed)
{
    g_autoptr(GError) error = NULL;
    close_store(fixture);
    g_remove(fixture->db);
    fixture->seed = seed;
    open_store(fixture);
    g_assert_true(writer_run(fixture->writer, 0, apply_create, fixture, &error));
}

/* --- what is on the disk -----------------------------------------------------------------------
 */

static char *tile_file(const char *directory, const Tile *tile)
{
    char path[TILE_PATH_MAX];
    return g_build_filename(directory, tile_path(tile, path), NULL);
}

static gboolean is_right(Fixture *fixture, const char *directory, const Tile *tile)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = tile_file(directory, tile);
    g_autofree char *bytes = NULL;
    gsize length;
    g_autoptr(GBytes) wanted = ledger_read_tile(fixture->store, tile, &error);
    g_assert_no_error(error);
    return g_file_get_contents(path, &bytes, &length, NULL) && length == g_bytes_get_size(wanted) &&
           memcmp(bytes, g_bytes_get_data(wanted, NULL), length) == 0;
}

/* Files below @path, those under way and "done" not counted. */
static guint64 count_files(const char *path)
{
    guint64 count = 0;
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    if (!directory)
        return g_file_test(path, G_FILE_TEST_EXISTS) && !g_str_has_suffix(path, "done");
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        count += count_files(child);
    }
    return count;
}

/* All full tiles of the store are there, and nothing else. */
static gboolean has_all(Fixture *fixture, guint64 size)
{
    guint64 count = 0;
    for (guint i = 0; i < TILE_LEVELS; i++) {
        Tile tile = {.entries = i == 0, .level = i > 0 ? i - 1 : 0, .width = TILE_WIDTH};
        for (; tile_width(tile.level, tile.index, size) == TILE_WIDTH; tile.index++, count++)
            if (!is_right(fixture, fixture->ledger, &tile))
                return FALSE;
    }
    return count_files(fixture->ledger) == count;
}

static void on_tell(const char *message, gpointer user)
{
    Fixture *fixture = user;
    g_mutex_lock(&fixture->lock);
    fixture->told++;
    g_free(fixture->last);
    fixture->last = g_strdup(message);
    g_mutex_unlock(&fixture->lock);
}

static TileFiles *start(Fixture *fixture)
{
    return tile_files_start(fixture->ledger, fixture->store, fixture->writer, on_tell, fixture);
}

static void wait_for(Fixture *fixture, guint64 size)
{
    for (gint64 end = patience_begin(); !has_all(fixture, size);)
        patience_wait(end);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_follows(Fixture *fixture, gconstpointer data)
{
    g_autoptr(TileFiles) files G_GNUC_UNUSED = start(fixture);
    append(fixture, 0, 255);
    g_usleep(50 * 1000);
    g_assert_true(has_all(fixture, 255));
    append(fixture, 255, 1);
    wait_for(fixture, 256);
    append(fixture, 256, 70000 - 256);
    wait_for(fixture, 70000);
    struct stat status;
    g_autofree char *path =
        tile_file(fixture->ledger, &(Tile){.entries = TRUE, .index = 272, .width = TILE_WIDTH});
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
    g_assert_cmpuint(fixture->told, ==, 0);
}

static void damage(const Fixture *fixture, const Tile *tile, const char *bytes)
{
    g_autofree char *path = tile_file(fixture->ledger, tile);
    if (bytes)
        g_assert_true(g_file_set_contents(path, bytes, -1, NULL));
    else
        g_assert_cmpint(g_remove(path), ==, 0);
}

static void test_repairs(Fixture *fixture, gconstpointer data)
{
    append(fixture, 0, 70000);
    TileFiles *files = start(fixture);
    wait_for(fixture, 70000);
    tile_files_stop(files);

    damage(fixture, &(Tile){.index = 3, .width = TILE_WIDTH}, NULL);
    damage(fixture, &(Tile){.index = 4, .width = TILE_WIDTH}, "half a tile");
    damage(fixture, &(Tile){.level = 1, .width = TILE_WIDTH}, NULL);
    damage(fixture, &(Tile){.entries = TRUE, .index = 5, .width = TILE_WIDTH}, "");
    /* What a crash leaves behind. */
    g_autofree char *under_way = g_build_filename(fixture->ledger, "tile/0/003.tmp", NULL);
    g_assert_true(g_file_set_contents(under_way, "xyz", -1, NULL));
    g_assert_false(has_all(fixture, 70000));
    files = start(fixture);
    wait_for(fixture, 70000);

    /* While it runs too. */
    remove_tree(fixture->ledger);
    wait_for(fixture, 70000);
    g_autofree char *hashes = g_build_filename(fixture->ledger, "tile", NULL);
    remove_tree(hashes);
    wait_for(fixture, 70000);
    tile_files_stop(files);
    g_assert_cmpuint(fixture->told, ==, 0);
}

/* What was made of a tree that the store has not, or not yet, is not taken for the store's. */
static void test_another_tree(Fixture *fixture, gconstpointer data)
{
    static const guint64 sizes[] = {1500, 400, 10};
    append(fixture, 0, 1000);
    TileFiles *files = start(fixture);
    wait_for(fixture, 1000);
    tile_files_stop(files);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        replace_store(fixture, (guint8)(i + 1));
        append(fixture, 0, sizes[i]);
        g_assert_false(has_all(fixture, sizes[i]));
        files = start(fixture);
        wait_for(fixture, sizes[i]);
        tile_files_stop(files);
    }
}

static gboolean apply_replace(StoreTx *tx, gpointer user, GError **error)
{
    const Fixture *fixture = user;
    const char *const keys[LEDGER_KEYS] = {fixture->vkey, fixture->vkey, fixture->vkey};
    return ledger_hold(tx, TRUE, error) &&
           ledger_replace(tx, "cert.alder.example/ledger-2", keys, error);
}

/* A new ledger in the place of the old one, while the node runs. */
static void test_replaced(Fixture *fixture, gconstpointer data)
{
    static const guint64 sizes[] = {600, 10, 2000};
    g_autoptr(GError) error = NULL;
    append(fixture, 0, 1000);
    g_autoptr(TileFiles) files G_GNUC_UNUSED = start(fixture);
    wait_for(fixture, 1000);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_true(writer_run(fixture->writer, 0, apply_replace, fixture, &error));
        fixture->seed++;
        append(fixture, 0, sizes[i]);
        wait_for(fixture, sizes[i]);
    }
    g_assert_cmpuint(fixture->told, ==, 0);
}

static gboolean was_told(Fixture *fixture)
{
    g_mutex_lock(&fixture->lock);
    gboolean told = fixture->last != NULL;
    g_mutex_unlock(&fixture->lock);
    return told;
}

static void test_failure(Fixture *fixture, gconstpointer data)
{
    append(fixture, 0, 300);
    g_assert_true(g_file_set_contents(fixture->ledger, "no directory", -1, NULL));
    TileFiles *files = start(fixture);
    for (gint64 end = patience_begin(); !was_told(fixture);)
        patience_wait(end);
    g_assert_nonnull(strstr(fixture->last, fixture->ledger));
    tile_files_stop(files);
    g_assert_cmpuint(fixture->told, ==, 1);
    g_remove(fixture->ledger);
    files = start(fixture);
    wait_for(fixture, 300);
    tile_files_stop(files);
}

/* --- mirrors -----------------------------------------------------------------------------------
 */

static void mirror(Fixture *fixture, MirrorReport *ret_report)
{
    g_autoptr(GError) error = NULL;
    mirror_update(fixture->store, fixture->ledger, NULL, ret_report, &error);
    g_assert_no_error(error);
}

static char *mirror_text(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->ledger, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

/* The checkpoint is the store's, and every tile of it is there. */
static void expect_mirror(Fixture *fixture, guint64 size)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->store, &state, &error));
    g_assert_cmpuint(state.size, ==, size);
    g_autofree char *checkpoint = mirror_text(fixture, "checkpoint");
    g_assert_cmpstr(checkpoint, ==, state.checkpoint);
    for (guint i = 0; i <= TILE_LEVELS; i++) {
        Tile tile = {.entries = i == 0, .level = i > 0 ? i - 1 : 0};
        for (; (tile.width = tile_width(tile.level, tile.index, size)) > 0; tile.index++)
            g_assert_true(is_right(fixture, fixture->ledger, &tile));
    }
}

static void test_mirror(Fixture *fixture, gconstpointer data)
{
    static const guint64 sizes[] = {1, 2, 255, 256, 257, 600, 65535, 65536, 65537, 66000};
    guint64 before = 0;
    MirrorReport report;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); before = sizes[i++]) {
        append(fixture, before, sizes[i] - before);
        mirror(fixture, &report);
        g_assert_cmpuint(report.size, ==, sizes[i]);
        expect_mirror(fixture, sizes[i]);
    }
    g_autofree char *superseded = g_build_filename(fixture->ledger, "tile/0/255.p", NULL);
    g_assert_false(g_file_test(superseded, G_FILE_TEST_EXISTS));
    g_autofree char *present = g_build_filename(fixture->ledger, "tile/0/257.p/208", NULL);
    struct stat status;
    g_assert_cmpint(stat(present, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0644);

    /* Damage to what was there is mended. */
    damage(fixture, &(Tile){.index = 100, .width = TILE_WIDTH}, NULL);
    damage(fixture, &(Tile){.entries = TRUE, .index = 101, .width = TILE_WIDTH}, "x");
    mirror(fixture, &report);
    expect_mirror(fixture, 66000);
}

static void expect_conflict(Fixture *fixture, const char *directory)
{
    g_autoptr(GError) error = NULL;
    MirrorReport report = {.size = 99};
    g_assert_false(mirror_update(fixture->store, directory, NULL, &report, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_cmpuint(report.size, ==, 99);
}

static void test_mirror_of_another(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    MirrorReport report;
    g_assert_false(mirror_update(fixture->store, fixture->ledger, NULL, &report, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    append(fixture, 0, 500);
    mirror(fixture, &report);
    replace_store(fixture, 1);
    append(fixture, 0, 499);
    expect_conflict(fixture, fixture->ledger); /* further than the store */
    append(fixture, 499, 1);
    expect_conflict(fixture, fixture->ledger); /* of the same size */
    append(fixture, 500, 1);
    expect_conflict(fixture, fixture->ledger);
    g_autofree char *checkpoint = g_build_filename(fixture->ledger, "checkpoint", NULL);
    /* Without a checkpoint nothing that is there is believed. */
    g_assert_cmpint(g_remove(checkpoint), ==, 0);
    mirror(fixture, &report);
    expect_mirror(fixture, 501);
}

typedef struct {
    guint64 index;
} Erase;

static gboolean apply_erase(StoreTx *tx, gpointer user, GError **error)
{
    gboolean erased;
    return ledger_erase(tx, ((const Erase *)user)->index, NULL, 0, &erased, error);
}

static void test_openings(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    MirrorReport report;
    append_opening(fixture, TRUE);
    append_opening(fixture, FALSE);
    append_opening(fixture, TRUE);
    g_autofree char *served = mirror_opening(fixture->store, 2, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(served, "a title"));
    static const guint64 absent[] = {1, 3, MERKLE_SIZE_MAX, G_MAXUINT64};
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++) {
        g_assert_null(mirror_opening(fixture->store, absent[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
        g_clear_error(&error);
    }

    mirror(fixture, &report);
    g_assert_cmpuint(report.openings, ==, 2);
    g_autofree char *mirrored = mirror_text(fixture, "openings/2");
    g_assert_cmpstr(mirrored, ==, served);
    g_assert_null(mirror_text(fixture, "openings/1"));
    g_autofree char *keys = mirror_text(fixture, "keys");
    g_assert_nonnull(strstr(keys, fixture->vkey));
    mirror(fixture, &report);
    g_assert_cmpuint(report.openings, ==, 0);
    g_assert_cmpuint(report.removed, ==, 0);

    Erase erase = {0};
    g_assert_true(writer_run(fixture->writer, 0, apply_erase, &erase, &error));
    g_assert_null(mirror_opening(fixture->store, 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    mirror(fixture, &report);
    g_assert_cmpuint(report.removed, ==, 1);
    g_assert_null(mirror_text(fixture, "openings/0"));
    g_free(g_steal_pointer(&mirrored));
    mirrored = mirror_text(fixture, "openings/2");
    g_assert_cmpstr(mirrored, ==, served);
}

/* --- killed ------------------------------------------------------------------------------------
 */

#define CHILD "--update-until-killed"

/* This program again: writes tiles and mirrors from nothing until it is killed. */
static int update_until_killed(const char *db, const char *directory)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_open(db, &error);
    g_assert_no_error(error);
    g_autofree char *checkpoint = g_build_filename(directory, "checkpoint", NULL);
    for (;;) {
        MirrorReport report;
        mirror_update(store, directory, NULL, &report, &error);
        g_assert_no_error(error);
        g_usleep(30 * 1000);
        g_remove(checkpoint);
        remove_tree(directory);
    }
    return 0;
}

static GPid run_child(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const char *const arguments[] = {"/proc/self/exe", CHILD, fixture->db, fixture->ledger, NULL};
    GPid child;
    g_spawn_async(NULL, (char **)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child,
                  &error);
    g_assert_no_error(error);
    return child;
}

static void kill_child(GPid child)
{
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* How long it takes here until all is written, in microseconds. */
static gint64 measure_child(const Fixture *fixture, const char *checkpoint)
{
    gint64 begin = g_get_monotonic_time();
    GPid child = run_child(fixture);
    for (gint64 end = patience_begin(); !g_file_test(checkpoint, G_FILE_TEST_EXISTS);)
        patience_wait(end);
    gint64 took = g_get_monotonic_time() - begin;
    kill_child(child);
    return took;
}

/* Whatever bears its final name is whole; returns how many there are. */
static guint64 check_whole(Fixture *fixture, const char *path, const char *below)
{
    guint64 count = 0;
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        g_autofree char *relative = g_build_filename(below, name, NULL);
        Tile tile;
        if (g_file_test(child, G_FILE_TEST_IS_DIR)) {
            count += check_whole(fixture, child, relative);
        } else if (!g_str_has_suffix(name, ".tmp")) {
            g_assert_true(tile_path_parse(relative, &tile, NULL));
            g_assert_true(is_right(fixture, fixture->ledger, &tile));
            count++;
        }
    }
    return count;
}

static void test_killed(Fixture *fixture, gconstpointer data)
{
    const guint rounds = g_getenv("CONCERT_LONG") ? 1000 : 20;
    guint partly = 0, complete = 0;
    g_autofree char *tiles = g_build_filename(fixture->ledger, "tile", NULL);
    g_autofree char *checkpoint = g_build_filename(fixture->ledger, "checkpoint", NULL);
    append(fixture, 0, 5000);
    const gint64 took = measure_child(fixture, checkpoint);
    for (guint i = 0; i < rounds; i++) {
        GPid child = run_child(fixture);
        g_usleep((gulong)g_test_rand_double_range(0.1 * (double)took, 2 * (double)took));
        kill_child(child);
        partly += check_whole(fixture, tiles, "tile") > 0;
        /* What has a checkpoint has all of it. */
        if (g_file_test(checkpoint, G_FILE_TEST_EXISTS)) {
            expect_mirror(fixture, 5000);
            complete++;
        }
        /* And is gone on with. */
        if (i % 10 == 9) {
            MirrorReport report;
            mirror(fixture, &report);
            expect_mirror(fixture, 5000);
        }
    }
    g_test_message("%u of %u had files, %u all of them", partly, rounds, complete);
    g_assert_cmpuint(partly, >, 0);
}

int main(int argc, char **argv)
{
    if (argc == 4 && g_str_equal(argv[1], CHILD))
        return update_until_killed(argv[2], argv[3]);
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/tile-files/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(follows);
    TEST(repairs);
    TEST(another_tree);
    TEST(replaced);
    TEST(failure);
    TEST(mirror);
    TEST(mirror_of_another);
    TEST(openings);
    TEST(killed);
    return g_test_run();
}
