#include "intake/list.h"

#include <stdlib.h>

#include "intake_sink.h"
#include "stix/object.h"

/* One line gives one indicator whose JSON contains @expected, or none when it is NULL. */
static void check_line(const char *line, const char *expected)
{
    g_auto(Kept) kept;
    g_test_message("%s", line);
    kept_read(&kept, list_read, line, strlen(line), NULL);
    g_assert_cmpuint(kept.objects->len, ==, expected != NULL);
    if (expected)
        g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 0), expected));
    else
        g_assert_cmpuint(kept_notes(&kept, "ignored feed:1: "), ==, 1);
}

static void test_values(void)
{
    check_line("192.0.2.1", "[ipv4-addr:value = '192.0.2.1']");
    check_line("  192.0.2.1\t\r\n", "[ipv4-addr:value = '192.0.2.1']");
    check_line("192.0.2.7/24", "ISSUBSET '192.0.2.0/24'");
    check_line("192.0.2.1/32", "[ipv4-addr:value = '192.0.2.1']");
    check_line("2001:DB8::0:1", "[ipv6-addr:value = '2001:db8::1']");
    check_line("Alder.Example.", "[domain-name:value = 'alder.example']");
    check_line("*.alder.example", "[domain-name:value = 'alder.example']");
    check_line(".alder.example", "[domain-name:value = 'alder.example']");
    check_line("hxxp://alder[.]example/a,b;c", "[url:value = 'http://alder.example/a,b;c']");
    check_line("alder[.]example", "[domain-name:value = 'alder.example']");
    check_line("someone[@]alder.example", "[email-addr:value = 'someone@alder.example']");
    check_line("D41D8CD98F00B204E9800998ECF8427E", "MD5 = 'd41d8cd98f00b204e9800998ecf8427e'");
    check_line("\"192.0.2.1\"", "'192.0.2.1'");
    check_line("'alder.example'", "'alder.example'");
}

static void test_ports(void)
{
    check_line("192.0.2.1:8080", "dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 8080");
    check_line("[2001:db8::1]:443", "'2001:db8::1' AND network-traffic:dst_port = 443");
    check_line("alder.example:53", "'alder.example' AND network-traffic:dst_port = 53");
    check_line("192.0.2[.]1:8080", "'192.0.2.1' AND network-traffic:dst_port = 8080");
    check_line("2001:db8::1:443", "'2001:db8::1:443'");
    check_line("192.0.2.1:0", NULL);
    check_line("192.0.2.1:65536", NULL);
    check_line("192.0.2.1:", NULL);
    check_line("d41d8cd98f00b204e9800998ecf8427e:80", NULL);
}

static void test_comments(void)
{
    check_line("192.0.2.1 # of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1#of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1;of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1 ; of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1 // of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1,of Birch,2", "\"description\":\"of Birch,2\"");
    check_line("alder.example,of Birch", "\"description\":\"of Birch\"");
    check_line("192.0.2.1\tof Birch\t7", "\"description\":\"of Birch\\u00097\"");
    check_line("192.0.2.1 | of Birch", "\"description\":\"of Birch\"");
    const char *text = "# one\n; two\n// three\n! four\n\n   \n\t\r\n #five\n";
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text, strlen(text), NULL);
    g_assert_cmpuint(kept.objects->len, ==, 0);
    g_assert_cmpuint(kept.notes->len, ==, 0);
}

static void test_numbers(void)
{
    const char *text = "# IP\tcount\n192.0.2.1\t10\n192.0.2.2\t 9.5\n192.0.2.3\n192.0.2.4\tx9\n";
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text, strlen(text), NULL);
    g_assert_cmpuint(kept.objects->len, ==, 4);
    g_assert_null(strstr(g_ptr_array_index(kept.objects, 0), "description"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 3), "\"description\":\"x9\""));
    g_assert_cmpuint(kept.notes->len, ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "the numbers behind 2 values are not kept"), ==, 1);
}

static void test_hosts(void)
{
    const char *text =
        "127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 alder.example birch.example "
        "# why\n127.0.0.1\tcedar.example\n0.0.0.0 bad..name\n127.0.0.1 # itself\n"
        "192.0.2.9 forum.example\n";
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text, strlen(text), NULL);
    g_assert_cmpuint(kept.objects->len, ==, 5);
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 0), "alder.example"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 0), "\"description\":\"why\""));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 1), "birch.example"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 2), "cedar.example"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 3), "'127.0.0.1'"));
    g_assert_nonnull(strstr(g_ptr_array_index(kept.objects, 4), "'192.0.2.9'"));
    g_assert_cmpuint(kept_notes(&kept, "own name"), ==, 2);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:5: not a domain name"), ==, 1);
}

static void test_filters(void)
{
    check_line("||alder.example^", "[domain-name:value = 'alder.example']");
    check_line("||alder.example^$third-party", "[domain-name:value = 'alder.example']");
    check_line("||192.0.2.1^", "[ipv4-addr:value = '192.0.2.1']");
    check_line("||alder.example", "[domain-name:value = 'alder.example']");
    /* What would block less than the host, or allow it, must not become an indicator of it. */
    check_line("||alder.example/banner^", NULL);
    check_line("||alder.example^path", NULL);
    check_line("||alder.example$script", NULL);
    check_line("||alder.*^", NULL);
    check_line("@@||alder.example^", NULL);
    check_line("alder.example##.banner", NULL);
    check_line("alder.example#@#.banner", NULL);
    check_line("||", NULL);
    check_line("||^", NULL);
}

static void test_unknown(void)
{
    check_line("/wp-admin/evil.php", NULL);
    check_line("hello", NULL);
    check_line("setup.x86", NULL);
    check_line("1.2.3.4.5", NULL);
    check_line("\x01\x02", NULL);
    check_line("\xff\xfe\xfd", NULL);
    check_line("a,192.0.2.1", NULL);
    const char *text = "192.0.2.1\nnothing here\n192.0.2.2\n";
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text, strlen(text), NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:2: nothing that is known: \"nothing here\""),
                     ==, 1);
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 1), ==, "feed:3");
}

static void test_long_line(void)
{
    g_autoptr(GString) text = g_string_new("192.0.2.1\n");
    gsize start = text->len;
    g_string_set_size(text, start + 3000000);
    memset(text->str + start, 'x', 3000000);
    g_string_append(text, "\n192.0.2.2\n192.0.2.3 ");
    for (guint i = 0; i < 5000; i++)
        g_string_append(text, "\xc3\xa9");
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text->str, text->len, NULL);
    g_assert_cmpuint(kept.objects->len, ==, 3);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:2: a line of more than 64 KiB"), ==, 1);
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 2), ==, "feed:4");
    g_assert_cmpuint(strlen(g_ptr_array_index(kept.objects, 2)), <, 1500);
    g_assert_null(strstr(g_ptr_array_index(kept.objects, 2), "\xef\xbf\xbd"));
}

static void test_pieces(void)
{
    const char *text = "\xef\xbb\xbf"
                       "192.0.2.1\r\nnothing\n\n# c\nalder.example x\n192.0.2.2:80";
    for (gsize piece = 1; piece < 20; piece++) {
        g_auto(Kept) kept;
        kept_read_pieces(&kept, list_read, text, strlen(text), piece);
        g_assert_cmpuint(kept.objects->len, ==, 3);
        g_assert_cmpuint(kept.notes->len, ==, 1);
        g_assert_cmpstr(g_ptr_array_index(kept.wheres, 2), ==, "feed:6");
    }
}

static void test_options(void)
{
    const char *text = "D41D8CD98F00B204E9800998ECF8427E\n192.0.2.1\n"
                       "e3b0c44298fc1c149afbf4c8996fb924\n";
    IntakeOptions options = {.source = "alder",
                             .confidence = 40,
                             .tlp = "amber",
                             .valid_from = 1000000,
                             .valid_until = 2000000,
                             .kind = OBSERVABLE_JA3};
    g_auto(Kept) kept;
    kept_read(&kept, list_read, text, strlen(text), &options);
    g_assert_cmpuint(kept.objects->len, ==, 3);
    /* The marking that the others refer to comes first, and once. */
    const char *marking = g_ptr_array_index(kept.objects, 0);
    const char *first = g_ptr_array_index(kept.objects, 1);
    g_assert_true(g_str_has_prefix(marking, "{\"type\":\"marking-definition\""));
    g_assert_nonnull(strstr(first,
                            "\"object_marking_refs\":"
                            "[\"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421\"]"));
    g_assert_nonnull(strstr(first, ".ja3 = 'd41d8cd98f00b204e9800998ecf8427e'"));
    g_assert_nonnull(strstr(first, "\"confidence\":40"));
    g_assert_nonnull(strstr(first, "\"valid_from\":\"1970-01-01T00:00:01.000Z\""));
    g_assert_nonnull(strstr(first, "\"valid_until\":\"1970-01-01T00:00:02.000Z\""));
    g_assert_nonnull(strstr(first, "\"created\":\"1970-01-01T00:00:00.000Z\""));
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:2"), ==, 1);

    g_autoptr(GError) error = NULL;
    IntakeSink sink = {0};
    options.tlp = "ultra";
    g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
    g_assert_false(list_read(stream, "feed", &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Every made object is valid, and a second reading gives the same bytes. */
static void check_file(const char *path, guint values, guint64 ignored_max)
{
    g_auto(Kept) first;
    g_auto(Kept) second;
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    kept_read(&first, list_read, text, length, NULL);
    kept_read(&second, list_read, text, length, NULL);
    g_test_message("%s: %u values, %u notes", path, first.objects->len, first.notes->len);
    g_assert_cmpuint(first.objects->len, >=, values);
    g_assert_cmpuint(first.notes->len, <=, ignored_max);
    g_assert_cmpuint(first.objects->len, ==, second.objects->len);
    for (guint i = 0; i < first.objects->len; i++) {
        const char *one = g_ptr_array_index(first.objects, i);
        g_assert_cmpstr(one, ==, g_ptr_array_index(second.objects, i));
        if (i % 100 != 0)
            continue;
        g_autoptr(GError) error = NULL;
        g_autoptr(Object) object =
            object_read(one, strlen(one), OBJECT_SPEC_21, OBJECT_DEFAULT, &error);
        g_assert_no_error(error);
    }
}

static void test_feeds(void)
{
    const char *data = getenv("CONCERT_DATA");
    if (!data) {
        g_print("# SKIP real lists: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *ipsum = g_build_filename(data, "feeds/ipsum/ipsum.txt", NULL);
    check_file(ipsum, 120000, 1);
    g_autofree char *directory = g_build_filename(data, "feeds/maltrail/static/suspicious", NULL);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        check_file(path, 0, 100000);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/list/values", test_values);
    g_test_add_func("/list/ports", test_ports);
    g_test_add_func("/list/comments", test_comments);
    g_test_add_func("/list/numbers", test_numbers);
    g_test_add_func("/list/hosts", test_hosts);
    g_test_add_func("/list/filters", test_filters);
    g_test_add_func("/list/unknown", test_unknown);
    g_test_add_func("/list/long-line", test_long_line);
    g_test_add_func("/list/pieces", test_pieces);
    g_test_add_func("/list/options", test_options);
    g_test_add_func("/list/feeds", test_feeds);
    return g_test_run();
}
