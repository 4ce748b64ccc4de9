#include "shield/set.h"

#include <string.h>
#include <unistd.h>

#include "shield/scan.h"
#include "shield/set_builder.h"
#include "shield/set_file.h"

/* More indicators than records are kept of. */
#define INDICATORS 700

static char *path;
static GBytes *bytes;

/* Names of many lengths: what is read at first, what is kept, and more than both. */
static char *name_of(guint i)
{
    static const guint sizes[] = {0, 5, 254, 256, 5000};
    guint size = sizes[i % G_N_ELEMENTS(sizes)];
    return size > 0 ? g_strdup_printf("%0*u", size, i) : NULL;
}

static void build(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    for (guint i = 0; i < INDICATORS; i++) {
        g_autofree char *name = name_of(i);
        char id[64], value[64];
        g_snprintf(id, sizeof(id), "indicator--%08x-0000-4000-8000-%012x%s", i * 2654435761u, i,
                   i % 3 == 0 ? "-not-a-uuid" : "");
        SetIndicator indicator = {.id = id,
                                  .source = i % 2 ? "Alder" : "Birch",
                                  .name = name,
                                  .confidence = (int)(i % 101),
                                  .version = i};
        g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
        g_snprintf(value, sizeof(value), "h%u.cedar.example", i / 2);
        g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, value, NULL));
    }
    bytes = set_builder_finish(builder, NULL);
    g_assert_nonnull(bytes);
}

static void write_file(void)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    g_assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
}

static Set *open_file(void)
{
    g_autoptr(GError) error = NULL;
    write_file();
    Set *set = set_open(path, &error);
    g_assert_no_error(error);
    return set;
}

static SetEntry find(const Set *set, guint i)
{
    char value[64];
    gsize length = (gsize)g_snprintf(value, sizeof(value), "h%u.cedar.example", i / 2);
    return set_find(set, OBSERVABLE_DOMAIN, value, length);
}

static void assert_same(const Set *file, const Set *memory, SetEntry entry)
{
    g_auto(SetValue) read = {0}, there = {0};

    g_assert_true(set_read(file, entry, &read));
    g_assert_true(set_read(memory, entry, &there));
    g_assert_cmpstr(read.value, ==, there.value);
    g_assert_cmpstr(read.id, ==, there.id);
    g_assert_cmpstr(read.source, ==, there.source);
    g_assert_cmpstr(read.name, ==, there.name);
    g_assert_cmpint(read.confidence, ==, there.confidence);
    g_assert_cmpint(read.version, ==, there.version);
    g_assert_cmpuint(read.entry, ==, entry);
    g_autofree char *name = name_of((guint)read.version);
    g_assert_cmpstr(read.name, ==, name);
}

static void read_all(const Set *file)
{
    g_autoptr(Set) memory = set_open_bytes(bytes, NULL);
    for (guint i = 0; i < INDICATORS; i += 2) {
        /* Twice: as it is kept, too. */
        for (guint times = 0; times < 2; times++) {
            guint count = 0;
            for (SetEntry entry = find(file, i); entry != SET_NONE; entry = set_next(file, entry)) {
                assert_same(file, memory, entry);
                count++;
            }
            g_assert_cmpuint(count, ==, 2);
        }
    }
    g_assert_false(set_failed(memory, NULL));
}

/* What is read from the file is what lies in memory. */
static void test_same(void)
{
    g_autoptr(Set) set = open_file();
    g_autoptr(GError) error = NULL;
    read_all(set);
    read_all(set);
    g_assert_false(set_failed(set, NULL));
    g_assert_true(set_check(set, &error));
    g_assert_no_error(error);
}

static gpointer read_on_thread(gpointer set)
{
    read_all(set);
    return NULL;
}

static void test_threads(void)
{
    g_autoptr(Set) set = open_file();
    GThread *threads[4];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("read", read_on_thread, set);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_false(set_failed(set, NULL));
}

/* The name outlives the place it was kept in. */
static void test_kept(void)
{
    g_autoptr(Set) set = open_file();
    g_auto(SetValue) first = {0};

    g_assert_true(set_read(set, find(set, 2), &first));
    g_autofree char *before = g_strdup(first.name);
    for (guint i = 0; i < INDICATORS; i++) {
        g_auto(SetValue) other = {0};
        g_assert_true(set_read(set, find(set, i), &other));
    }
    g_assert_cmpstr(first.name, ==, before);
}

static gboolean count_hit(gpointer user, const ScanHit *hit)
{
    ++*(guint *)user;
    return TRUE;
}

static gboolean scan(const Set *set, const char *text, guint *ret_hits, GError **error)
{
    g_autofree char *log = g_strconcat(path, ".log", NULL);
    g_assert_true(g_file_set_contents(log, text, -1, NULL));
    g_autoptr(Stream) stream = stream_open(log, error);
    g_assert_nonnull(stream);
    *ret_hits = 0;
    gboolean good = scan_stream(set, stream, count_hit, ret_hits, error);
    unlink(log);
    return good;
}

/* A file that is cut while it is used: what can be read of it is, and what cannot is an error, of
 * the scan, too. */
static void test_cut(void)
{
    g_autoptr(Set) set = open_file();
    const SetFileHeader *header = g_bytes_get_data(bytes, NULL);
    g_auto(SetValue) value = {0};
    g_autoptr(GError) error = NULL;
    guint hits;

    g_assert_true(scan(set, "h1.cedar.example\n", &hits, NULL));
    g_assert_cmpuint(hits, ==, 2);
    g_assert_cmpint(truncate(path, (off_t)header->parts[SET_PART_INDICATORS].offset), ==, 0);
    g_assert_true(scan(set, "h1.cedar.example\n", &hits, NULL)); /* it is kept */
    g_assert_cmpuint(hits, ==, 2);
    g_assert_true(scan(set, "nothing.cedar.example\n", &hits, &error));
    g_assert_no_error(error);
    g_assert_false(scan(set, "h1.cedar.example h9.cedar.example\n", &hits, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "became shorter"));
    g_assert_cmpuint(hits, ==, 2);
    g_clear_error(&error);
    g_assert_false(set_read(set, find(set, 40), &value));
    g_assert_true(set_failed(set, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_clear_error(&error);
    g_assert_false(set_check(set, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
}

static gboolean take_none(gpointer user, SetEntry entry, const SetValue *value)
{
    ++*(guint *)user;
    return TRUE;
}

/* Kilobytes of the process that are pages of files. */
static guint64 resident_file_kb(void)
{
    g_autofree char *status = NULL;
    g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    const char *line = strstr(status, "RssFile:");
    return line ? g_ascii_strtoull(line + strlen("RssFile:"), NULL, 10) : 0;
}

/* What was walked through does not stay. */
static void test_walked(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autofree char *name = g_strnfill(4000, 'x');
    guint count = 0;

    for (guint i = 0; i < 10000; i++) {
        char id[64], value[64];
        g_snprintf(id, sizeof(id), "indicator--%08x-0000-4000-8000-%012x", i, i);
        SetIndicator indicator = {.id = id, .source = "Alder", .name = name};
        g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
        g_snprintf(value, sizeof(value), "h%u.cedar.example", i);
        g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, value, NULL));
    }
    g_autoptr(GBytes) large = set_builder_finish(builder, NULL);
    gsize length;
    const char *data = g_bytes_get_data(large, &length);
    g_assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
    g_autoptr(Set) set = set_open(path, NULL);
    guint64 before = resident_file_kb();
    g_assert_true(set_each(set, take_none, &count));
    g_assert_cmpuint(count, ==, 10000);
    if (before > 0)
        g_assert_cmpuint(resident_file_kb(), <, before + length / 1024 / 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *directory = g_dir_make_tmp("set-XXXXXX", NULL);
    path = g_build_filename(directory, "made.shield", NULL);
    build();
    g_test_add_func("/set-side/same", test_same);
    g_test_add_func("/set-side/threads", test_threads);
    g_test_add_func("/set-side/kept", test_kept);
    g_test_add_func("/set-side/cut", test_cut);
    g_test_add_func("/set-side/walked", test_walked);
    int result = g_test_run();
    unlink(path);
    rmdir(directory);
    g_free(path);
    g_bytes_unref(bytes);
    return result;
}
