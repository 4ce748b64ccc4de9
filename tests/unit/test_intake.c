#include "intake/intake.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "intake_sink.h"

static void write_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void write_gzip(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    gzFile file = gzopen(path, "wb");
    g_assert_nonnull(file);
    g_assert_cmpint(gzwrite(file, text, (unsigned)strlen(text)), ==, (int)strlen(text));
    gzclose(file);
}

static void remove_all(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *full = g_build_filename(path, name, NULL);
        if (!g_file_test(full, G_FILE_TEST_IS_SYMLINK) && g_file_test(full, G_FILE_TEST_IS_DIR))
            remove_all(full);
        else
            g_unlink(full);
    }
    g_rmdir(path);
}

static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    IntakeOptions options = {.confidence = -1};
    IntakeSink sink;
    g_autofree char *directory = g_dir_make_tmp("concert-intake-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "feed.txt.gz", NULL);
    write_gzip(directory, "feed.txt.gz", "192.0.2.1\n");
    g_auto(Kept) kept;
    kept_init(&kept, &sink);
    g_assert_true(intake_path(path, &options, &sink, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(kept.objects->len, ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "list, ipv4 (1 of 1 lines looked at), gzip"), ==, 1);
    /* What is unknown is an error that names the file and says why. */
    write_file(directory, "feed.txt.gz", "some words\n");
    g_assert_false(intake_path(path, &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, path));
    g_clear_error(&error);
    /* A format that is told is not guessed. */
    options.format = INTAKE_LIST;
    g_assert_true(intake_path(path, &options, &sink, &error));
    g_assert_cmpuint(kept_notes(&kept, "list, as told"), ==, 1);
    options.format = INTAKE_MISP_FEED;
    g_assert_false(intake_path(path, &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    options.format = INTAKE_NONE;
    remove_all(directory);
    g_assert_false(intake_path(path, &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static void test_directory(void)
{
    g_autoptr(GError) error = NULL;
    IntakeOptions options = {.confidence = -1};
    IntakeSink sink;
    g_autofree char *directory = g_dir_make_tmp("concert-intake-XXXXXX", NULL);
    g_autofree char *below = g_build_filename(directory, "m", NULL);
    g_autofree char *link = g_build_filename(directory, "n", NULL);
    g_autofree char *loop = g_build_filename(below, "loop", NULL);
    g_assert_cmpint(g_mkdir(below, 0700), ==, 0);
    g_assert_cmpint(symlink(directory, loop), ==, 0);
    g_assert_cmpint(symlink("nowhere", link), ==, 0);
    write_file(directory, "z.txt", "192.0.2.4\n");
    write_file(directory, "a.json", "{\"type\":\"tool\",\"id\":\"tool--1\"}");
    write_file(directory, "b.txt", "just some words\n");
    write_file(directory, ".hidden", "192.0.2.9\n");
    write_file(below, "c.csv", "ip,first_seen\n192.0.2.2,2024-01-01\n");
    g_auto(Kept) kept;
    kept_init(&kept, &sink);
    g_assert_true(intake_path(directory, &options, &sink, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(kept.objects->len, ==, 3);
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 0), "tool--1"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 1), "192.0.2.2"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 2), "192.0.2.4"));
    g_assert_cmpuint(kept_notes(&kept, "hidden file"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "symbolic link to a directory"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "broken "), ==, 1); /* b.txt is of no format */
    g_assert_cmpuint(kept_notes(&kept, "lost "), ==, 1);   /* the dangling link */
    /* When the sink refuses, nothing else is tried. */
    g_auto(Kept) stopped;
    kept_init(&stopped, &sink);
    stopped.stop_after = 1;
    g_assert_false(intake_path(directory, &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_FULL);
    g_assert_cmpuint(stopped.objects->len, ==, 1);
    remove_all(directory);
}

static void test_urls(void)
{
    g_autoptr(GError) error = NULL;
    IntakeOptions options = {.confidence = -1};
    IntakeSink sink;
    g_auto(Kept) kept;
    kept_init(&kept, &sink);
    g_assert_false(intake_url("http://127.0.0.1/feed", &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

static void test_names(void)
{
    static const IntakeFormat all[] = {INTAKE_STIX, INTAKE_MISP, INTAKE_MISP_FEED, INTAKE_LIST,
                                       INTAKE_CSV};
    static const char *const names[] = {"stix", "misp", "misp-feed", "list", "csv"};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        g_assert_cmpstr(intake_format_name(all[i]), ==, names[i]);
    g_assert_null(intake_format_name(INTAKE_NONE));
    g_assert_null(intake_format_name((IntakeFormat)99));
}

static gboolean count_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                             const char *where, GError **error)
{
    (*(guint64 *)user)++;
    return TRUE;
}

/* All of a real collection of lists goes through. */
static void test_feeds(void)
{
    const char *data = getenv("CONCERT_DATA");
    if (!data) {
        g_print("# SKIP real feeds: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    guint64 objects = 0;
    g_autoptr(GError) error = NULL;
    IntakeOptions options = {.confidence = -1, .source = "maltrail"};
    IntakeSink sink = {.object = count_object, .user = &objects};
    g_autofree char *path = g_build_filename(data, "feeds/maltrail/static", NULL);
    gint64 start = g_get_monotonic_time();
    g_assert_true(intake_path(path, &options, &sink, &error));
    g_assert_no_error(error);
    g_test_message("%" G_GUINT64_FORMAT " objects in %.1f s", objects,
                   (double)(g_get_monotonic_time() - start) / 1e6);
    g_assert_cmpuint(objects, >, 1700000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/intake/files", test_files);
    g_test_add_func("/intake/directory", test_directory);
    g_test_add_func("/intake/urls", test_urls);
    g_test_add_func("/intake/names", test_names);
    g_test_add_func("/intake/feeds", test_feeds);
    return g_test_run();
}
