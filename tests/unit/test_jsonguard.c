#include "base/jsonguard.h"

#include <string.h>

#include "base/error.h"

static void check(const char *json, const char *expected)
{
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    g_assert_nonnull(document);
    g_autoptr(GError) error = NULL;
    gboolean fine = jsonguard_check(yyjson_doc_get_root(document), &error);
    if (expected) {
        g_assert_false(fine);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, expected);
    } else {
        g_assert_no_error(error);
        g_assert_true(fine);
    }
    yyjson_doc_free(document);
}

static void test_duplicates(void)
{
    check("{}", NULL);
    check("5", NULL);
    check("[1, 1, {\"a\": 1}, {\"a\": 1}]", NULL);
    check("{\"a\": {\"a\": {\"a\": 1}}, \"b\": [\"a\", \"a\"]}", NULL);
    check("{\"a\": 1, \"A\": 1, \"a \": 1, \"\": 1, \"ab\": 1}", NULL);
    check("{\"a\": 1, \"a\": 2}", "$: duplicate key \"a\"");
    check("{\"\": 1, \"\": 1}", "$: duplicate key \"\"");
    check("{\"a\": 1, \"\\u0061\": 1}", "$: duplicate key \"a\"");
    check("{\"a\\u0000b\": 1, \"a\\u0000c\": 1}", NULL);
    check("{\"external_references\": [{\"url\": 1, \"name\": 2, \"url\": 3}]}",
          "$.external_references[0]: duplicate key \"url\"");
    check("[0, [1, [{\"x\": {}}, {\"y\": [], \"x\": {\"k\": 1, \"l\": 2, \"k\": 3}}]]]",
          "$[1][1][1].x: duplicate key \"k\"");
    check("{\"a b\": {\"c\": 1, \"c\": 1}}", "$[\"a b\"]: duplicate key \"c\"");
    /* Letters that make a terminal do things are shown escaped. */
    check("{\"\\u001b[2J\": 1, \"\\u001b[2J\": 1}", "$: duplicate key \"\\033[2J\"");
}

/* Every size around the limit between both ways of looking, with the duplicate at every place. */
static void test_many_keys(void)
{
    for (guint count = 2; count < 140; count += count < 120 ? 13 : 1) {
        for (guint first = 0; first < count; first += 7) {
            g_autoptr(GString) json = g_string_new("{");
            for (guint i = 0; i < count; i++)
                g_string_append_printf(json, "\"x_example_%03u\": %u,", i, i);
            g_autofree char *fine = g_strdup_printf("%s \"last\": 1}", json->str);
            check(fine, NULL);
            g_autofree char *broken =
                g_strdup_printf("%s \"x_example_%03u\": 1}", json->str, first);
            g_autofree char *expected =
                g_strdup_printf("$: duplicate key \"x_example_%03u\"", first);
            check(broken, expected);
        }
    }
}

static void test_depth(void)
{
    for (guint depth = JSONGUARD_MAX_DEPTH - 1; depth <= JSONGUARD_MAX_DEPTH + 1; depth++) {
        g_autoptr(GString) json = g_string_new(NULL);
        for (guint i = 0; i < depth; i++)
            g_string_append(json, i % 2 ? "[" : "{\"a\":");
        g_string_append(json, "1");
        for (guint i = depth; i-- > 0;)
            g_string_append(json, i % 2 ? "]" : "}");
        yyjson_doc *document = yyjson_read(json->str, json->len, 0);
        g_assert_nonnull(document);
        g_autoptr(GError) error = NULL;
        gboolean fine = jsonguard_check(yyjson_doc_get_root(document), &error);
        if (depth <= JSONGUARD_MAX_DEPTH) {
            g_assert_no_error(error);
            g_assert_true(fine);
        } else {
            g_assert_false(fine);
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
            g_assert_true(g_str_has_prefix(error->message, "$.a[0].a[0].a[0]"));
        }
        yyjson_doc_free(document);
    }
    /* Many containers side by side are not deep. */
    g_autoptr(GString) wide = g_string_new("[");
    for (guint i = 0; i < 1000; i++)
        g_string_append(wide, "[[]],");
    g_string_append(wide, "{}]");
    check(wide->str, NULL);
}

static void test_path(void)
{
    static const char json[] = "{\"a\": [10, {\"b\": {\"c-d\": [[1, 2], 3]}}], \"e\": {}}";
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    yyjson_val *root = yyjson_doc_get_root(document);
    static const struct {
        const char *pointer;
        const char *path;
    } cases[] = {
        {"", "$"},
        {"/a", "$.a"},
        {"/a/0", "$.a[0]"},
        {"/a/1", "$.a[1]"},
        {"/a/1/b/c-d", "$.a[1].b.c-d"},
        {"/a/1/b/c-d/0/1", "$.a[1].b.c-d[0][1]"},
        {"/a/1/b/c-d/1", "$.a[1].b.c-d[1]"},
        {"/e", "$.e"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        yyjson_val *value = yyjson_doc_ptr_get(document, cases[i].pointer);
        g_assert_nonnull(value);
        g_autofree char *path = jsonguard_path(root, value);
        g_assert_cmpstr(path, ==, cases[i].path);
        if (i == 0)
            continue;
        yyjson_val *key = value - 1;
        if (yyjson_is_str(key)) { /* a key's path is that of its value */
            g_autofree char *key_path = jsonguard_path(root, key);
            g_assert_cmpstr(key_path, ==, cases[i].path);
        }
    }
    yyjson_doc_free(document);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jsonguard/duplicates", test_duplicates);
    g_test_add_func("/jsonguard/many-keys", test_many_keys);
    g_test_add_func("/jsonguard/depth", test_depth);
    g_test_add_func("/jsonguard/path", test_path);
    return g_test_run();
}
