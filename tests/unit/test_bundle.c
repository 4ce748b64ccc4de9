#include "intake/bundle.h"

#include <stdlib.h>

#include "intake_sink.h"

#define OBJECT(n) "{\"type\":\"x-a\",\"id\":\"x-a--" #n "\",\"s\":\"}{\\\"" #n "\"}"

static void read_text(Kept *kept, const char *text)
{
    kept_read(kept, bundle_read, text, strlen(text), NULL);
}

/* The objects of @text are those of @expected, in order, and nothing is noted. */
static void check_objects(const char *text, const char *const *expected)
{
    g_auto(Kept) kept;
    read_text(&kept, text);
    guint count = g_strv_length((char **)expected);
    g_assert_cmpuint(kept.objects->len, ==, count);
    for (guint i = 0; i < count; i++)
        g_assert_cmpstr(g_ptr_array_index(kept.objects, i), ==, expected[i]);
    for (guint i = 0; i < kept.notes->len; i++)
        g_test_message("%s", (char *)g_ptr_array_index(kept.notes, i));
    g_assert_cmpuint(kept.notes->len, ==, 0);
}

static void test_shapes(void)
{
    static const char *const two[] = {OBJECT(1), OBJECT(2), NULL};
    static const char *const one[] = {OBJECT(1), NULL};
    static const char *const none[] = {NULL};
    check_objects("{\"type\":\"bundle\",\"id\":\"bundle--0d7fd5ba-2f66-4d9a-a2e5-0b4f3f2d7a11\","
                  "\"objects\":[" OBJECT(1) "," OBJECT(2) "]}",
                  two);
    check_objects(
        "\xef\xbb\xbf {\"objects\" : [ " OBJECT(1) " , " OBJECT(
            2) " ] , \"id\":"
               "\"bundle--0d7fd5ba-2f66-4d9a-a2e5-0b4f3f2d7a11\", \"spec_version\":\"2.0\" ,"
               " \"type\" : \"bundle\"} \n",
        two);
    check_objects("{\"more\":false,\"objects\":[" OBJECT(1) "]}", one);
    check_objects("[" OBJECT(1) "," OBJECT(2) "]", two);
    check_objects(OBJECT(1), one);
    check_objects(OBJECT(1) "\n" OBJECT(2) "\n", two);
    check_objects("\x1e" OBJECT(1) "\n\x1e" OBJECT(2) "\n", two);
    check_objects(OBJECT(1) OBJECT(2), two);
    check_objects("{\"type\":\"bundle\",\"objects\":[" OBJECT(
                      1) "]}\n"
                         "{\"type\":\"bundle\",\"objects\":[" OBJECT(2) "]}\n",
                  two);
    check_objects("[{\"objects\":[" OBJECT(1) "]}," OBJECT(2) "]", two);
    check_objects("{\"objects\":[]}", none);
    check_objects("{}", none);
    check_objects("[]", none);
    check_objects("", none);
    check_objects(" \n", none);
}

static void test_not_a_bundle(void)
{
    /* The "objects" of a STIX 2.0 observed-data are no list, and it is one object. */
    static const char *const observed[] = {
        "{\"objects\":{\"0\":{\"type\":\"file\"}},\"type\":\"observed-data\",\"id\":\"x\"}", NULL};
    check_objects(observed[0], observed);
    static const char *const custom[] = {"{\"type\":\"x-b\",\"objects\":[1]}", NULL};
    check_objects(custom[0], custom);
    static const char *const foreign[] = {"{\"name\":1}", NULL}; /* object_read() says why not */
    check_objects(foreign[0], foreign);
}

static void test_where(void)
{
    g_auto(Kept) kept;
    read_text(&kept, "{\"objects\":[" OBJECT(1) "," OBJECT(2) "]}" OBJECT(3) "[" OBJECT(4) "]");
    g_assert_cmpuint(kept.objects->len, ==, 4);
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 0), ==, "feed: $.objects[0]");
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 1), ==, "feed: $.objects[1]");
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 2), ==, "feed: object 2");
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 3), ==, "feed: $[0]");
    g_assert_cmpuint(kept.specs[0], ==, 4);
}

static void test_members(void)
{
    g_auto(Kept) kept;
    read_text(&kept, "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"x_own\":{\"a\":[1,\"]}\"]},"
                     "\"x_number\":-1.5e3,\"spec_version\":\"1.9\",\"more\":true,\"next\":\"abc\","
                     "\"objects\":[" OBJECT(1) "],\"objects\":[" OBJECT(2) "]}");
    g_assert_cmpuint(kept.objects->len, ==, 2);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed: $.x_own"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed: $.x_number"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "broken feed: $.id"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "broken feed: $.spec_version"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed: $.more"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "broken feed: $.objects: is there twice"), ==, 1);
    g_assert_cmpuint(kept.notes->len, ==, 6);
}

static void test_no_objects(void)
{
    g_auto(Kept) kept;
    read_text(&kept, "{\"objects\":[1,\"a\"," OBJECT(1) ",null,[" OBJECT(2) "],true]}");
    g_assert_cmpuint(kept.objects->len, ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "not an object"), ==, 5);
    g_assert_cmpuint(kept_notes(&kept, "feed: $.objects[3]: not an object"), ==, 1);
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 0), ==, "feed: $.objects[2]");
}

/* One object is broken as @broken says; its neighbours are read all the same. */
static void check_neighbours(const char *broken, guint given_on)
{
    static const char *const frames[][2] = {
        {"{\"type\":\"bundle\",\"objects\":[" OBJECT(1) ",", "," OBJECT(2) "," OBJECT(3) "]}"},
        {"[" OBJECT(1) ",\n", ",\n" OBJECT(2) ",\n" OBJECT(3) "\n]"},
        {OBJECT(1) "\n", "\n" OBJECT(2) "\n" OBJECT(3) "\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
        g_autofree char *text = g_strconcat(frames[i][0], broken, frames[i][1], NULL);
        g_auto(Kept) kept;
        read_text(&kept, text);
        guint neighbours = 0;
        for (guint j = 0; j < kept.objects->len; j++) {
            const char *object = g_ptr_array_index(kept.objects, j);
            neighbours += strcmp(object, OBJECT(1)) == 0 || strcmp(object, OBJECT(2)) == 0 ||
                          strcmp(object, OBJECT(3)) == 0;
        }
        g_assert_cmpuint(neighbours, ==, 3);
        g_assert_cmpuint(kept.objects->len, ==, 3 + given_on);
        g_assert_cmpuint(kept_notes(&kept, "broken feed: "), ==, given_on == 0);
        g_assert_cmpuint(kept_notes(&kept, "at byte"), ==, given_on == 0);
    }
}

static void test_broken(void)
{
    check_neighbours("{\"type\":\"x-b\",\"id\":\"x-b--1\",\"a\":{\"b\":1}", 0);
    check_neighbours("{\"type\":\"x-b\",\"id\":\"x-b--1\",\"a\":\"b}", 0);
    check_neighbours("{\"type\":\"x-b\",\"id\":\"x-b--1\",\"a\":\"b\nc\"}", 0);
    check_neighbours("{\"type\":\"x-b\",\"id\":\"x-b--1\",\"a\"b\":1}", 0);
    check_neighbours("{\"type\":\"x-b", 0);
    /* These have an end; what they are is for object_read() to say. */
    check_neighbours("{\"type\":\"x-b\",\"a\":[1}", 1);
    check_neighbours("{\"type\":\"x-b\",,}", 1);
}

static void test_junk(void)
{
    g_auto(Kept) kept;
    read_text(&kept, "{\"objects\":[" OBJECT(1) "}," OBJECT(2) " " OBJECT(3) "]}");
    g_assert_cmpuint(kept.objects->len, ==, 3);
    g_assert_cmpuint(kept_notes(&kept, "broken"), ==, 1);
    g_auto(Kept) second;
    read_text(&second, "junk " OBJECT(1) " more junk, " OBJECT(2) "<html>");
    g_assert_cmpuint(second.objects->len, >=, 1);
    g_assert_cmpuint(kept_notes(&second, "broken"), >=, 1);
    g_assert_cmpuint(kept_notes(&second, "lost"), ==, 1);
    g_auto(Kept) third;
    read_text(&third, "<html>nothing</html>");
    g_assert_cmpuint(third.objects->len, ==, 0);
    g_assert_cmpuint(kept_notes(&third, "lost feed: "), ==, 1);
    g_assert_cmpuint(kept_notes(&third, "no object follows"), ==, 1);
}

static void test_cut(void)
{
    const char *text = "{\"type\":\"bundle\",\"objects\":[" OBJECT(1) "," OBJECT(2) "]}";
    for (gsize length = 1; length < strlen(text); length++) {
        g_autofree char *part = g_strndup(text, length);
        g_auto(Kept) kept;
        read_text(&kept, part);
        /* An object whose last byte is there is handed on; that nobody knows what is missing is
         * said, once. */
        const char *second = strstr(part, OBJECT(2));
        const char *first = strstr(part, OBJECT(1));
        g_assert_cmpuint(kept.objects->len, ==, (first != NULL) + (second != NULL));
        g_assert_cmpuint(kept_notes(&kept, "lost feed: "), ==, 1);
        g_assert_cmpuint(kept.notes->len, ==, 1);
    }
}

static void test_pieces(void)
{
    const char *text = "{\"type\":\"bundle\",\"objects\":[" OBJECT(1) "  ,\n" OBJECT(
        2) ",7,"
           "{\"type\":\"x-b\",\"id\":\"x-b--1\",\"a\":\"b\nc\"}, " OBJECT(3) "], \"x\":"
                                                                             "[{}]}\n" OBJECT(
                                                                                 4) "\n";
    g_auto(Kept) whole;
    read_text(&whole, text);
    g_assert_cmpuint(whole.objects->len, ==, 4);
    for (gsize piece = 1; piece < 80; piece += 3) {
        g_auto(Kept) kept;
        kept_read_pieces(&kept, bundle_read, text, strlen(text), piece);
        g_assert_cmpuint(kept.objects->len, ==, whole.objects->len);
        for (guint i = 0; i < kept.objects->len; i++)
            g_assert_cmpstr(g_ptr_array_index(kept.objects, i), ==,
                            g_ptr_array_index(whole.objects, i));
        g_assert_cmpuint(kept.notes->len, ==, whole.notes->len);
        for (guint i = 0; i < kept.notes->len; i++)
            g_assert_cmpstr(g_ptr_array_index(kept.notes, i), ==,
                            g_ptr_array_index(whole.notes, i));
    }
}

static void append_object(GString *text, guint number, gsize size)
{
    g_string_append_printf(text, "{\"type\":\"x-a\",\"id\":\"x-a--%u\",\"s\":\"", number);
    gsize start = text->len;
    g_string_set_size(text, start + size);
    memset(text->str + start, 'z', size);
    g_string_append(text, "\"}");
}

static void test_large(void)
{
    g_autoptr(GString) text = g_string_new("{\"objects\":[");
    append_object(text, 1, OBJECT_MAX_SIZE - 1000);
    g_string_append_c(text, ',');
    append_object(text, 2, OBJECT_MAX_SIZE + 1);
    g_string_append_c(text, ',');
    append_object(text, 3, 3 * OBJECT_MAX_SIZE);
    g_string_append(text, "," OBJECT(4) "]}");
    g_auto(Kept) kept;
    kept_read(&kept, bundle_read, text->str, text->len, NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(kept.objects, 1), ==, OBJECT(4));
    g_assert_cmpuint(kept_notes(&kept, "larger than 16 MiB"), ==, 2);
    g_assert_cmpuint(kept.notes->len, ==, 2);
    g_assert_cmpuint(kept.done, >, 0);
}

/* A brace is missing in the first of very many objects: only that one is lost. */
static void test_large_unclosed(void)
{
    g_autoptr(GString) text = g_string_new("{\"objects\":[{\"type\":\"x-a\",\"a\":{\"b\":1}");
    guint count = 0;
    while (text->len < 2 * OBJECT_MAX_SIZE) {
        g_string_append_c(text, ',');
        append_object(text, count++, 5000);
    }
    g_string_append(text, "]}");
    g_auto(Kept) kept;
    kept_read(&kept, bundle_read, text->str, text->len, NULL);
    g_assert_cmpuint(kept.objects->len, ==, count);
    g_assert_cmpuint(kept.notes->len, ==, 1);
}

/* Text made to keep the search for the next object busy ends soon. */
static void test_hopeless(void)
{
    g_autoptr(GString) text = g_string_new("{\"objects\":[");
    while (text->len < 12 * 1024 * 1024)
        g_string_append(text, "{\"type\":\"x-a\",\"id\":{\"a\":[{\"a\":");
    g_auto(Kept) kept;
    gint64 start = g_get_monotonic_time();
    kept_read(&kept, bundle_read, text->str, text->len, NULL);
    g_assert_cmpuint(kept.objects->len, ==, 0);
    g_assert_cmpuint(kept_notes(&kept, "too broken"), ==, 1);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 60 * G_USEC_PER_SEC);
}

static void test_sink_stops(void)
{
    g_autoptr(GError) error = NULL;
    IntakeSink sink;
    IntakeOptions options = {.confidence = -1};
    g_auto(Kept) kept;
    kept_init(&kept, &sink);
    kept.stop_after = 2;
    const char *text = "[" OBJECT(1) "," OBJECT(2) "," OBJECT(3) "]";
    g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
    g_assert_false(bundle_read(stream, "feed", &options, &sink, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_FULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
}

/* Every object of a real bundle is a piece of the file, in order, and together they are all of it
 * but what is between objects. */
static void check_file(const char *path)
{
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_auto(Kept) kept;
    kept_read(&kept, bundle_read, text, length, NULL);
    gsize at = 0, between = 0;
    for (guint i = 0; i < kept.objects->len; i++) {
        const char *object = g_ptr_array_index(kept.objects, i);
        gsize size = strlen(object);
        const char *place = memmem(text + at, MIN(length - at, size + 4096), object, size);
        g_assert_nonnull(place);
        between += (gsize)(place - text) - at;
        at = (gsize)(place - text) + size;
    }
    g_assert_cmpuint(kept.objects->len, >, 0);
    g_assert_cmpuint(between, <, 200 + 32 * (gsize)kept.objects->len);
    g_assert_cmpuint(length - at, <, 200);
    g_assert_cmpuint(kept_notes(&kept, "broken"), ==, 0);
}

static void test_corpora(void)
{
    const char *data = getenv("CONCERT_DATA");
    if (!data) {
        g_print("# SKIP bundles of ATT&CK: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *enterprise =
        g_build_filename(data, "corpora/enterprise-attack-stix20.json", NULL);
    check_file(enterprise);
    g_autofree char *directory = g_build_filename(data, "corpora/ics-attack", NULL);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        check_file(path);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bundle/shapes", test_shapes);
    g_test_add_func("/bundle/not-a-bundle", test_not_a_bundle);
    g_test_add_func("/bundle/where", test_where);
    g_test_add_func("/bundle/members", test_members);
    g_test_add_func("/bundle/no-objects", test_no_objects);
    g_test_add_func("/bundle/broken", test_broken);
    g_test_add_func("/bundle/junk", test_junk);
    g_test_add_func("/bundle/cut", test_cut);
    g_test_add_func("/bundle/pieces", test_pieces);
    g_test_add_func("/bundle/large", test_large);
    g_test_add_func("/bundle/large-unclosed", test_large_unclosed);
    g_test_add_func("/bundle/hopeless", test_hopeless);
    g_test_add_func("/bundle/sink-stops", test_sink_stops);
    g_test_add_func("/bundle/corpora", test_corpora);
    return g_test_run();
}
