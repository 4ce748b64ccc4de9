/* Several threads that look through one stream find what one finds, in the same order. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "shield/scan.h"
#include "sieve_texts.h"

#define SIZE (5 * 1024 * 1024)

typedef struct {
    GString *hits;
    guint left; /* hits until it stops */
} Taken;

static gboolean take(gpointer user, const ScanHit *hit)
{
    Taken *taken = user;
    g_string_append_printf(taken->hits, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " %s %.*s\n",
                           hit->line, hit->column, hit->value.value, (int)hit->seen_length,
                           hit->seen);
    return --taken->left > 0;
}

static char *scan_file(const Set *set, const char *path, guint jobs, guint most)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_open(path, &error);
    const ScanOptions options = {.jobs = jobs};
    Taken taken = {g_string_new(NULL), most};
    g_assert_no_error(error);
    g_assert_true(scan_stream_with(set, stream, &options, take, &taken, &error));
    g_assert_no_error(error);
    return g_string_free(taken.hits, FALSE);
}

/* Lines of a log, some with values, and one that is longer than a window. */
static char *write_log(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint64 state = 11;
    for (guint line = 0; text->len < SIZE; line++) {
        sieve_texts_append_line(text, &state);
        if (line % 50 == 0)
            g_string_append_printf(text, "%u alder.example, 192.0.2.1\n", line);
        if (line == 5000)
            for (guint i = 0; i < 40000; i++)
                g_string_append(text, i % 1000 ? "0123456789," : " b.alder.example ");
    }
    char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("concert-pool-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, &error));
    return path;
}

static void test_same(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autofree char *path = write_log();
    g_autofree char *alone = scan_file(set, path, 1, G_MAXUINT);
    g_assert_cmpuint(strlen(alone), >, 10000);
    for (guint jobs = 2; jobs <= 5; jobs += 3) {
        g_autofree char *together = scan_file(set, path, jobs, G_MAXUINT);
        g_assert_cmpstr(together, ==, alone);
    }
    /* Stopped while threads are still looking. */
    g_autofree char *three = scan_file(set, path, 4, 3);
    g_assert_true(g_str_has_prefix(alone, three));
    g_unlink(path);
}

static void check_together(const Set *set, const char *path, const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, text, (gssize)length, &error));
    g_autofree char *alone = scan_file(set, path, 1, G_MAXUINT);
    g_autofree char *together = scan_file(set, path, 4, G_MAXUINT);
    g_test_message("%zu bytes", length);
    g_assert_cmpstr(together, ==, alone);
}

/* Files that end where a window does, or near it, with and without lines. */
static void test_sizes(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autofree char *path = write_log();
    g_autofree char *lines = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    const gsize window = 256 * 1024;
    gsize length;

    g_assert_true(g_file_get_contents(path, &lines, &length, NULL));
    for (guint i = 0; line->len < 4 * window; i++)
        g_string_append_printf(line, "%u alder.example, 192.0.2.1, http://birch.example/a?b ", i);
    for (gsize windows = 0; windows <= 3; windows++)
        for (gsize more = 0; more <= 4; more++) {
            gsize size = windows * window + 100 * (more / 4) + more;
            check_together(set, path, lines, size - MIN(size, 2));
            check_together(set, path, line->str, size - MIN(size, 2));
        }
    /* A line that fills windows behind short ones, and is followed by short ones. */
    g_string_insert(line, (gssize)window / 2, "\n1\n2\n");
    g_string_insert(line, (gssize)(3 * window), "\n1\n2\n");
    check_together(set, path, line->str, line->len);
    g_unlink(path);
}

/* Who reads on behind it from a descriptor that was handed over begins where it ended. */
static void test_shared_offset(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = write_log();
    const ScanOptions options = {.jobs = 4};
    Taken taken = {g_string_new(NULL), G_MAXUINT};

    int fd = g_open(path, O_RDONLY | O_CLOEXEC, 0), other = dup(fd);
    off_t end = lseek(fd, 0, SEEK_END);
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_autoptr(Stream) stream = stream_from_fd(fd, &error);
    g_assert_no_error(error);
    g_assert_true(scan_stream_with(set, stream, &options, take, &taken, &error));
    g_assert_cmpint(lseek(other, 0, SEEK_CUR), ==, end);
    g_assert_cmpuint(taken.hits->len, >, 10000);
    g_string_free(taken.hits, TRUE);
    g_close(other, NULL);
    g_unlink(path);
}

/* As gzip data of blocks that are stored, and cut off. */
static GString *pack_cut(const char *text, gsize length)
{
    GString *packed = g_string_new_len("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    while (length > 0) {
        guint16 size = (guint16)MIN(length, G_MAXUINT16);
        const guint16 sizes[] = {GUINT16_TO_LE(size), GUINT16_TO_LE((guint16)~size)};
        g_string_append_c(packed, '\0');
        g_string_append_len(packed, (const char *)sizes, sizeof(sizes));
        g_string_append_len(packed, text, size);
        text += size;
        length -= size;
    }
    g_string_truncate(packed, packed->len - 1000);
    return packed;
}

static char *scan_cut(const Set *set, const GString *packed, guint jobs)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_memory(packed->str, packed->len);
    const ScanOptions options = {.jobs = jobs};
    Taken taken = {g_string_new(NULL), G_MAXUINT};
    g_assert_false(scan_stream_with(set, stream, &options, take, &taken, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_string_append(taken.hits, error->message);
    return g_string_free(taken.hits, FALSE);
}

/* What comes before a failure is found, whoever looks for it. */
static void test_failure(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autofree char *path = write_log(), *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_unlink(path);
    g_autoptr(GString) packed = pack_cut(text, length);
    g_autofree char *alone = scan_cut(set, packed, 1);
    g_autofree char *together = scan_cut(set, packed, 4);
    g_assert_cmpuint(strlen(alone), >, 10000);
    g_assert_cmpstr(together, ==, alone);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scan-pool/same", test_same);
    g_test_add_func("/scan-pool/sizes", test_sizes);
    g_test_add_func("/scan-pool/shared-offset", test_shared_offset);
    g_test_add_func("/scan-pool/failure", test_failure);
    return g_test_run();
}
