/* Files that are there, whole, after a crash: what can be seen of it without one. */
#include "base/durable.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

typedef struct {
    char *directory;
    char *path;
    char *temporary;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-durable-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->directory, "file", NULL);
    fixture->temporary = g_strconcat(fixture->path, DURABLE_SUFFIX, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_remove(fixture->temporary);
    g_remove(fixture->path);
    g_assert_cmpint(g_rmdir(fixture->directory), ==, 0); /* nothing else is left */
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->temporary);
}

static void check(const Fixture *fixture, const char *expected, mode_t mode)
{
    g_autofree char *text = NULL;
    GStatBuf info;
    g_assert_true(g_file_get_contents(fixture->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpint(g_stat(fixture->path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, mode);
    g_assert_false(g_file_test(fixture->temporary, G_FILE_TEST_EXISTS));
}

static void test_write(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    mode_t before = umask(0077);
    g_assert_true(durable_write(fixture->path, "one", 3, 0644, &error));
    umask(before);
    g_assert_no_error(error);
    check(fixture, "one", 0644); /* whatever the umask */
    /* What a crash left is no hindrance, and does not lend its mode. */
    g_file_set_contents(fixture->temporary, "half", -1, NULL);
    g_chmod(fixture->temporary, 0666);
    g_assert_true(durable_write(fixture->path, "two", 3, 0600, &error));
    g_assert_no_error(error);
    check(fixture, "two", 0600);
    g_assert_true(durable_write(fixture->path, "", 0, 0600, &error));
    check(fixture, "", 0600);
}

static void test_create(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(durable_create(fixture->path, "one", 3, 0600, &error));
    g_assert_no_error(error);
    g_assert_false(durable_create(fixture->path, "two", 3, 0644, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, fixture->path));
    check(fixture, "one", 0600);
}

static void test_rename(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(durable_rename(fixture->temporary, fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(durable_create(fixture->path, "old", 3, 0600, &error));
    g_assert_true(durable_create(fixture->temporary, "new", 3, 0600, &error));
    g_assert_true(durable_rename(fixture->temporary, fixture->path, &error));
    g_assert_no_error(error);
    check(fixture, "new", 0600);
}

/* A failure leaves the old file, and nothing beside it. */
static void test_failures(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *nowhere = g_build_filename(fixture->directory, "no", "file", NULL);
    g_assert_false(durable_write(nowhere, "one", 3, 0600, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(durable_write(fixture->path, "one", 3, 0600, &error));
    g_mkdir(fixture->temporary, 0700);
    g_assert_false(durable_write(fixture->path, "two", 3, 0600, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    g_rmdir(fixture->temporary);
    check(fixture, "one", 0600);
}

/* How much is written, and how it ends. */
typedef struct {
    guint lines;
    gboolean fails;
    const char *path; /* as it is meanwhile: the old one */
    const char *old;
} Filling;

static gboolean fill(FILE *stream, gpointer user, GError **error)
{
    const Filling *filling = user;
    for (guint i = 0; i < filling->lines; i++)
        fprintf(stream, "line %u\n", i);
    fflush(stream);
    if (filling->old) {
        g_autofree char *text = NULL;
        g_assert_true(g_file_get_contents(filling->path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, filling->old);
    }
    if (filling->fails)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "that is enough");
    return !filling->fails;
}

static void test_stream(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Filling filling = {.lines = 2, .path = fixture->path};
    mode_t before = umask(0027);
    g_assert_true(durable_write_stream(fixture->path, 0644, fill, &filling, &error));
    umask(before);
    g_assert_no_error(error);
    check(fixture, "line 0\nline 1\n", 0640);
    filling = (Filling){.lines = 1, .path = fixture->path, .old = "line 0\nline 1\n"};
    g_assert_true(durable_write_stream(fixture->path, 0600, fill, &filling, &error));
    g_assert_no_error(error);
    check(fixture, "line 0\n", 0600);
}

/* A failure leaves the old file, and nothing beside it (tear_down() looks). */
static void test_stream_failures(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *nowhere = g_build_filename(fixture->directory, "no", "file", NULL);
    Filling filling = {.lines = 1};
    g_assert_true(durable_write_stream(fixture->path, 0600, fill, &filling, &error));
    filling = (Filling){.lines = 100000, .fails = TRUE};
    g_assert_false(durable_write_stream(fixture->path, 0600, fill, &filling, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    check(fixture, "line 0\n", 0600);
    g_assert_false(durable_write_stream(nowhere, 0600, fill, &filling, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, nowhere));
    g_clear_error(&error);
    /* What is no file is not made one. */
    g_assert_cmpint(mkfifo(fixture->temporary, 0600), ==, 0);
    g_assert_false(durable_write_stream(fixture->temporary, 0600, fill, &filling, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_false(durable_write_stream(fixture->directory, 0600, fill, &filling, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_false(durable_write(fixture->temporary, "one", 3, 0600, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_false(durable_write(fixture->directory, "one", 3, 0600, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* What the disk does not take is not lost in silence, though nobody looked while writing. */
static void test_stream_full(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Filling filling = {.lines = 100000};
    const struct rlimit small = {4096, 4096};
    g_assert_true(durable_write(fixture->path, "one", 3, 0600, NULL));
    if (!g_test_subprocess()) {
        g_test_trap_subprocess("/durable/stream-full", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
        g_test_trap_assert_passed();
        return;
    }
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_false(durable_write_stream(fixture->path, 0600, fill, &filling, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_nonnull(strstr(error->message, fixture->path));
    g_clear_error(&error);
    g_autofree char *much = g_strnfill(100000, 'x');
    g_autoptr(GBytes) bytes = g_bytes_new(much, 100000);
    g_assert_false(durable_write_bytes(fixture->path, bytes, 0600, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_nonnull(strstr(error->message, g_strerror(EFBIG)));
    g_assert_nonnull(strstr(error->message, fixture->path));
    check(fixture, "one", 0600);
}

#define ADD(name, function) g_test_add("/durable/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("write", test_write);
    ADD("create", test_create);
    ADD("rename", test_rename);
    ADD("failures", test_failures);
    ADD("stream", test_stream);
    ADD("stream-failures", test_stream_failures);
    ADD("stream-full", test_stream_full);
    return g_test_run();
}
