#include "node/verify_log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define ORIGIN "cert.alder.example/ledger"

/* A log in a directory of its own. */
typedef struct {
    char *directory;
    guint64 size;
    GPtrArray *paths; /* of its files */
    Trust *trust;
    LogSource *source;
} Log;

static void keep(Log *log, const char *path, const void *bytes, gsize length)
{
    g_autofree char *full = g_build_filename(log->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_file_set_contents(full, bytes, (gssize)length, &error);
    g_assert_no_error(error);
    g_ptr_array_add(log->paths, g_strdup(path));
}

/* Entries of no, one and two bytes. */
static gsize make_entry(guint64 index, guint8 entry[2])
{
    entry[0] = (guint8)index;
    entry[1] = (guint8)(index >> 8);
    return (gsize)(index % 3);
}

static void keep_entries(Log *log)
{
    char path[TILE_PATH_MAX];
    for (guint64 i = 0; i < tile_count(0, log->size); i++) {
        const Tile tile = {.entries = TRUE, .index = i, .width = tile_width(0, i, log->size)};
        g_autoptr(GByteArray) bundle = g_byte_array_new();
        for (guint j = 0; j < tile.width; j++) {
            guint8 entry[2];
            gsize length = make_entry(i * TILE_WIDTH + j, entry);
            g_assert_true(tile_bundle_append(bundle, entry, length, NULL));
        }
        keep(log, tile_path(&tile, path), bundle->data, bundle->len);
    }
}

static void keep_tiles(Log *log, MerkleHash *ret_root)
{
    char path[TILE_PATH_MAX];
    g_autofree MerkleHash *nodes = g_new(MerkleHash, log->size + 1);
    guint64 count = log->size;
    MerkleFrontier frontier;
    merkle_frontier_init(&frontier);
    for (guint64 i = 0; i < count; i++) {
        guint8 entry[2];
        gsize length = make_entry(i, entry);
        merkle_leaf_hash(entry, length, &nodes[i]);
        merkle_frontier_append(&frontier, &nodes[i]);
    }
    merkle_frontier_root(&frontier, ret_root);
    for (guint level = 0; count > 0; level++, count /= TILE_WIDTH) {
        for (guint64 i = 0; i < tile_count(level, log->size); i++) {
            const Tile tile = {
                .level = level, .index = i, .width = tile_width(level, i, log->size)};
            const MerkleHash *hashes = &nodes[i * TILE_WIDTH];
            MerkleHash root;
            keep(log, tile_path(&tile, path), hashes, tile.width * sizeof *hashes);
            if (tile.width < TILE_WIDTH)
                continue;
            tile_root((const guint8 *)hashes, &root);
            nodes[i] = root;
        }
    }
}

static Log *log_new(guint64 size)
{
    static const guint8 seed[NOTE_SEED_SIZE] = {7};
    Log *log = g_new0(Log, 1);
    g_autoptr(GError) error = NULL;
    char origin[] = ORIGIN;
    Checkpoint checkpoint = {.origin = origin, .size = size};
    log->directory = g_dir_make_tmp("concert-test-XXXXXX", &error);
    log->size = size;
    log->paths = g_ptr_array_new_with_free_func(g_free);
    keep_entries(log);
    keep_tiles(log, &checkpoint.root);

    g_autoptr(NoteSigner) signer = note_signer_new(ORIGIN, NOTE_ED25519, seed, &error);
    g_autofree char *note = checkpoint_sign(&checkpoint, signer, &error);
    g_assert_no_error(error);
    keep(log, VERIFY_LOG_CHECKPOINT, note, strlen(note));
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
    const char *const keys[] = {vkey, NULL};
    log->trust = trust_new(keys, NULL, 0, &error);
    log->source = log_source_open(log->directory, NULL, &error);
    g_assert_no_error(error);
    return log;
}

static void remove_all(const char *path)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        GDir *directory = g_dir_open(path, 0, NULL);
        const char *name;
        while ((name = g_dir_read_name(directory))) {
            g_autofree char *inner = g_build_filename(path, name, NULL);
            remove_all(inner);
        }
        g_dir_close(directory);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void log_free(Log *log)
{
    remove_all(log->directory);
    g_free(log->directory);
    g_ptr_array_unref(log->paths);
    trust_free(log->trust);
    log_source_free(log->source);
    g_free(log);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Log, log_free)

/* Verifies; what is wrong in words, one file a line. */
static char *verdict(const Log *log, const VerifyTreeOptions *options)
{
    g_auto(VerifyLogReport) report = {0};
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);
    verify_log(log->source, log->trust, options, &report, &error);
    g_assert_no_error(error);
    if (report.distrust)
        g_string_append(text, "distrust\n");
    for (guint i = 0; i < report.tree.problems->len; i++) {
        const VerifyTreeProblem *problem = g_ptr_array_index(report.tree.problems, i);
        g_string_append_printf(text, "%s %s\n",
                               problem->kind == VERIFY_TREE_MISSING ? "missing" : "wrong",
                               problem->path);
    }
    return g_string_free(text, FALSE);
}

static int open_file(const Log *log, const char *path, gsize *ret_length)
{
    g_autofree char *full = g_build_filename(log->directory, path, NULL);
    int fd = open(full, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    *ret_length = (gsize)lseek(fd, 0, SEEK_END);
    return fd;
}

static void flip(int fd, gsize at, guint8 bits)
{
    guint8 byte;
    g_assert_cmpint(pread(fd, &byte, 1, (off_t)at), ==, 1);
    byte ^= bits;
    g_assert_cmpint(pwrite(fd, &byte, 1, (off_t)at), ==, 1);
}

/* Each byte of a log counts, and the file in which one is spoilt is the one that is named. */
static void test_every_byte(gconstpointer size)
{
    const VerifyTreeOptions options = {.threads = 1}; /* nothing for ThreadSanitizer to find */
    gsize step = g_strcmp0(g_getenv("CONCERT_SANITIZER"), "thread") == 0 ? 61 : 1;
    g_autoptr(Log) log = log_new(GPOINTER_TO_UINT(size));
    g_autofree char *good = verdict(log, &options);
    g_assert_cmpstr(good, ==, "");
    for (guint i = 0; i < log->paths->len; i++) {
        const char *path = g_ptr_array_index(log->paths, i);
        gboolean is_checkpoint = strcmp(path, VERIFY_LOG_CHECKPOINT) == 0;
        g_autofree char *expected = g_strdup_printf("wrong %s\n", path);
        gsize length;
        int fd = open_file(log, path, &length);
        for (gsize at = 0; at < length; at += step) {
            guint8 bits = (guint8)(1 << at % 8);
            flip(fd, at, bits);
            g_autofree char *told = verdict(log, &options);
            flip(fd, at, bits);
            if (is_checkpoint)
                g_assert_cmpstr(told, !=, "");
            else
                g_assert_cmpstr(told, ==, expected);
        }
        close(fd);
    }
}

static void test_threads(void)
{
    static const char *const spoilt[] = {"tile/entries/000", "tile/0/001", "tile/entries/130",
                                         "tile/0/255", "tile/entries/272"};
    g_autoptr(Log) log = log_new(70000);
    for (guint threads = 1; threads <= 5; threads += 2) {
        const VerifyTreeOptions options = {.threads = threads};
        g_autofree char *good = verdict(log, &options);
        g_assert_cmpstr(good, ==, "");
    }
    for (guint i = 0; i < G_N_ELEMENTS(spoilt); i++) {
        gsize length;
        int fd = open_file(log, spoilt[i], &length);
        flip(fd, length / 2, 0x40);
        close(fd);
    }
    g_autofree char *away = g_build_filename(log->directory, "tile/0/200", NULL);
    g_assert_cmpint(g_remove(away), ==, 0);
    for (guint threads = 1; threads <= 5; threads += 2) {
        const VerifyTreeOptions options = {.threads = threads};
        g_autofree char *told = verdict(log, &options);
        g_assert_cmpstr(told, ==,
                        "wrong tile/entries/000\nwrong tile/0/001\nwrong tile/entries/130\n"
                        "missing tile/0/200\nwrong tile/0/255\nwrong tile/entries/272\n");
    }
}

/* Whatever is spoilt at once, it is noticed, and no other file is accused as long as the tiles at
 * the right edge can be held on to. */
static void test_many_at_once(void)
{
    const VerifyTreeOptions options = {.threads = 2};
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    g_autoptr(Log) log = log_new(1500);
    for (guint round = 0; round < 300; round++) {
        guint count = (guint)g_rand_int_range(rand, 1, 6);
        const char *paths[6];
        gsize places[6], length;
        guint8 bits = (guint8)(1 << g_rand_int_range(rand, 0, 8));
        gboolean is_edge_spoilt = FALSE;
        for (guint i = 0; i < count; i++) {
            /* The last is the checkpoint; without it there is nothing to hold on to. */
            paths[i] = g_ptr_array_index(
                log->paths, (guint)g_rand_int_range(rand, 0, (gint32)log->paths->len - 1));
            int fd = open_file(log, paths[i], &length);
            places[i] = (gsize)g_rand_int_range(rand, 0, (gint32)length);
            is_edge_spoilt = is_edge_spoilt || strcmp(paths[i], "tile/1/000.p/5") == 0 ||
                             strcmp(paths[i], "tile/0/005.p/220") == 0;
            flip(fd, places[i], bits);
            close(fd);
        }
        g_autofree char *told = verdict(log, &options);
        g_auto(GStrv) lines = g_strsplit(told, "\n", -1);
        for (guint i = 0; lines[i] && *lines[i]; i++) {
            g_assert_true(g_str_has_prefix(lines[i], "wrong "));
            const char *path = lines[i] + strlen("wrong ");
            gboolean is_spoilt = FALSE;
            for (guint j = 0; j < count; j++)
                is_spoilt = is_spoilt || strcmp(path, paths[j]) == 0;
            if (!is_spoilt)
                g_assert_true(is_edge_spoilt);
        }
        gboolean undone = FALSE;
        for (guint i = 0; i < count; i++) {
            for (guint j = 0; j < i; j++)
                undone = undone || (strcmp(paths[i], paths[j]) == 0 && places[i] == places[j]);
            int fd = open_file(log, paths[i], &length);
            flip(fd, places[i], bits);
            close(fd);
        }
        if (!undone)
            g_assert_cmpstr(told, !=, "");
    }
    g_autofree char *good = verdict(log, &options);
    g_assert_cmpstr(good, ==, "");
}

static void note_progress(guint64 done, guint64 size, gpointer user_data)
{
    guint64 *last = user_data;
    g_assert_cmpuint(done, >=, *last);
    g_assert_cmpuint(done, <=, size);
    *last = done;
}

static void test_progress(void)
{
    g_autoptr(Log) log = log_new(70000);
    for (guint hashes_only = 0; hashes_only < 2; hashes_only++) {
        guint64 last = 0;
        const VerifyTreeOptions options = {.threads = 3,
                                           .hashes_only = hashes_only != 0,
                                           .progress = note_progress,
                                           .user_data = &last};
        g_autofree char *good = verdict(log, &options);
        g_assert_cmpstr(good, ==, "");
        g_assert_cmpuint(last, >, 60000);
    }
}

/* That a file cannot be read says nothing about the log: it is no verdict. */
static void test_unreadable(void)
{
    const VerifyTreeOptions options = {.threads = 2};
    g_autoptr(Log) log = log_new(600);
    g_autofree char *path = g_build_filename(log->directory, "tile/entries/001", NULL);
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(symlink("001", path), ==, 0); /* to itself */
    VerifyLogReport report = {0};
    g_autoptr(GError) error = NULL;
    g_assert_false(verify_log(log->source, log->trust, &options, &report, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_null(report.note);
}

static void test_no_checkpoint(void)
{
    const VerifyTreeOptions options = {0};
    VerifyLogReport report = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(Log) log = log_new(0);
    g_autofree char *good = verdict(log, &options);
    g_assert_cmpstr(good, ==, "");
    g_autofree char *path = g_build_filename(log->directory, VERIFY_LOG_CHECKPOINT, NULL);
    g_assert_true(g_file_set_contents(path, "no note\n", -1, NULL));
    g_autofree char *told = verdict(log, &options);
    g_assert_cmpstr(told, ==, "wrong checkpoint\n");
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_false(verify_log(log->source, log->trust, &options, &report, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/verify_log/every-byte/1", GUINT_TO_POINTER(1), test_every_byte);
    g_test_add_data_func("/verify_log/every-byte/255", GUINT_TO_POINTER(255), test_every_byte);
    g_test_add_data_func("/verify_log/every-byte/256", GUINT_TO_POINTER(256), test_every_byte);
    g_test_add_data_func("/verify_log/every-byte/257", GUINT_TO_POINTER(257), test_every_byte);
    g_test_add_func("/verify_log/threads", test_threads);
    g_test_add_func("/verify_log/many-at-once", test_many_at_once);
    g_test_add_func("/verify_log/progress", test_progress);
    g_test_add_func("/verify_log/unreadable", test_unreadable);
    g_test_add_func("/verify_log/no-checkpoint", test_no_checkpoint);
    return g_test_run();
}
