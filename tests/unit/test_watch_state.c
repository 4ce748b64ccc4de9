/* Where files were left, in a file: written and read, and refused by name and place when it is
 * damaged. */
#include "shield/watch/watch_state.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static TailMark make_mark(guint64 number)
{
    TailMark mark = {.device = G_MAXUINT64 - number,
                     .inode = number,
                     .born = number % 2 ? -1 : 1700000000000000,
                     .offset = number * G_GINT64_CONSTANT(10000000000),
                     .place = {.line = number + 1, .line_bytes = number},
                     .head_length = TAIL_HEAD,
                     .behind_length = (guint)number};
    sha256_digest(&number, sizeof(number), mark.head);
    sha256_digest(&mark, sizeof(number), mark.behind);
    return mark;
}

static char *make_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = g_dir_make_tmp("concert-watch-XXXXXX", &error);
    g_assert_no_error(error);
    return directory;
}

static void check_same(const GPtrArray *files, const GPtrArray *others)
{
    g_assert_cmpuint(files->len, ==, others->len);
    for (guint i = 0; i < files->len; i++) {
        const WatchStateFile *one = files->pdata[i], *other = others->pdata[i];
        g_assert_cmpstr(one->path, ==, other->path);
        g_assert_cmpmem(&one->mark, sizeof(one->mark), &other->mark, sizeof(other->mark));
    }
}

static void test_round(void)
{
    static const char *const names[] = {"/var/log/a.log", "relative", "/with space/%41\n\"\\",
                                        "/b\xc3\xbc"
                                        "cher/\xff\xfe",
                                        "/\x01\x7f\xe2\x80\xae"};
    g_autofree char *directory = make_directory();
    g_autofree char *path = g_build_filename(directory, "state", NULL);
    g_autoptr(GPtrArray) files = watch_state_new();
    g_autoptr(GError) error = NULL;
    struct stat status;

    g_autoptr(GPtrArray) none = watch_state_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const TailMark mark = make_mark(i);
        watch_state_add(files, names[i], &mark);
    }
    g_assert_true(watch_state_write(path, files, &error));
    g_assert_no_error(error);
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_autoptr(GPtrArray) again = watch_state_read(path, &error);
    g_assert_no_error(error);
    check_same(files, again);
    /* A directory is no state; who may not write is told so. */
    g_assert_null(watch_state_read(directory, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    g_autofree char *nowhere = g_build_filename(directory, "no", "state", NULL);
    g_assert_false(watch_state_write(nowhere, files, &error));
    g_assert_nonnull(strstr(error->message, "/no/state"));
    g_unlink(path);
    g_rmdir(directory);
}

/* A state of two files, the second of which has @change in place of its @member; NULL: without. */
static char *changed(const char *member, const char *change)
{
    static const char *const members[][2] = {
        {"path", "\"/a\""},
        {"device", "1"},
        {"inode", "2"},
        {"born", "3"},
        {"offset", "4"},
        {"line", "5"},
        {"line_bytes", "6"},
        {"head_length", "0"},
        {"head", "\"" EMPTY "\""},
        {"behind_length", "0"},
        {"behind", "\"" EMPTY "\""},
    };
    g_autoptr(GString) one = g_string_new(NULL), other = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        gboolean this = g_strcmp0(member, members[i][0]) == 0;
        g_string_append_printf(one, "%s\"%s\":%s", i ? "," : "", members[i][0], members[i][1]);
        if (!this || change)
            g_string_append_printf(other, "%s\"%s\":%s", other->len ? "," : "", members[i][0],
                                   this ? change : members[i][1]);
    }
    return g_strdup_printf("{\"version\":1,\"files\":[{%s},{%s}]}", one->str, other->str);
}

static void refuse(const char *text, gsize length, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(watch_state_parse(text, length, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, wanted))
        g_error("%s: expected %s", error->message, wanted);
}

static void test_refused(void)
{
    static const struct {
        const char *member, *change, *message;
    } cases[] = {
        {"path", NULL, "$.files[1].path"},
        {"path", "7", "$.files[1].path"},
        {"path", "\"\"", "$.files[1].path"},
        {"path", "\"/a\\u0000b\"", "$.files[1].path"},
        {"path", "\"/a%00b\"", "$.files[1].path"},
        {"path", "\"/a%zz\"", "$.files[1].path"},
        {"device", NULL, "$.files[1].device"},
        {"inode", "\"2\"", "$.files[1].inode"},
        {"born", "-3", "$.files[1].born"},
        {"offset", "4.5", "$.files[1].offset"},
        {"offset", "18446744073709551616", "$.files[1].offset"},
        {"line", "0", "$.files[1].line"},
        {"line_bytes", "null", "$.files[1].line_bytes"},
        {"head_length", "1025", "$.files[1].head_length: more than 1024"},
        {"head_length", "4294967296", "$.files[1].head_length"},
        {"head_length", "[]", "$.files[1].head_length"},
        {"head", "\"" EMPTY "00\"", "$.files[1].head"},
        {"behind_length", "65", "$.files[1].behind_length: more than 64"},
        {"behind", "\"x\"", "$.files[1].behind"},
        {"behind", "1,\"behind\":2", "$.files[1]: duplicate key"},
    };
    static const char *const others[][2] = {
        {"", "byte 0"},
        {"[]", "$.version"},
        {"7", "$.version"},
        {"{}", "$.version"},
        {"{\"version\":\"1\"}", "$.version"},
        {"{\"version\":0}", "$.version"},
        {"{\"version\":2}", "newer"},
        {"{\"version\":1}", "$.files"},
        {"{\"version\":1,\"files\":{}}", "$.files"},
        {"{\"version\":1,\"files\":[7]}", "$.files[0]"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = changed(cases[i].member, cases[i].change);
        refuse(text, strlen(text), cases[i].message);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        refuse(others[i][0], strlen(others[i][0]), others[i][1]);
    g_autofree char *good = changed(NULL, NULL);
    g_autoptr(GPtrArray) files = watch_state_parse(good, strlen(good), NULL);
    g_assert_cmpuint(files->len, ==, 2);
    /* Cut off anywhere. */
    for (gsize length = 0; length < strlen(good); length++)
        refuse(good, length, "");
}

static void test_too_many(void)
{
    g_autoptr(GString) text = g_string_new("{\"version\":1,\"files\":[0");
    for (guint i = 0; i < WATCH_STATE_MAX; i++)
        g_string_append(text, ",0");
    g_string_append(text, "]}");
    refuse(text->str, text->len, "$.files: no list of at most 100000");
}

static void test_names_the_file(void)
{
    g_autofree char *directory = make_directory();
    g_autofree char *path = g_build_filename(directory, "state", NULL);
    g_autofree char *text = changed("offset", "true");
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_null(watch_state_read(path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, path));
    g_assert_nonnull(strstr(error->message, "$.files[1].offset"));
    g_assert_nonnull(strstr(error->message, "remove it to begin anew"));
    g_unlink(path);
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-state/round", test_round);
    g_test_add_func("/watch-state/refused", test_refused);
    g_test_add_func("/watch-state/too-many", test_too_many);
    g_test_add_func("/watch-state/names-the-file", test_names_the_file);
    return g_test_run();
}
