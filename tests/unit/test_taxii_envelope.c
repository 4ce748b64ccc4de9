#include "server/taxii_envelope.h"

#include <string.h>

/* The items of @text, joined by '|'; NULL when it is refused. */
static char *split(const char *text)
{
    g_autoptr(GError) error = NULL;
    /* An exact-size copy lets AddressSanitizer see a read past the end. */
    gsize length = strlen(text);
    g_autofree char *copy = g_memdup2(text, length);
    g_autoptr(GArray) items = taxii_envelope_split(copy, length, &error);
    if (!items) {
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        return NULL;
    }
    GString *joined = g_string_new(NULL);
    for (guint i = 0; i < items->len; i++) {
        const TaxiiEnvelopeItem *item = &g_array_index(items, TaxiiEnvelopeItem, i);
        g_string_append_printf(joined, "%s%.*s", i > 0 ? "|" : "", (int)item->length, item->bytes);
    }
    return g_string_free(joined, FALSE);
}

static void test_good(void)
{
    static const struct {
        const char *text, *items;
    } cases[] = {
        {"{\"objects\":[]}", ""},
        {" {\n\"objects\" : [ {} , {} ] }\t\n", "{}|{}"},
        {"{\"objects\":[{\"a\":\"}]\\\"\",\"b\":[{}]}]}", "{\"a\":\"}]\\\"\",\"b\":[{}]}"},
        {"{\"objects\":[{ \"a\" : 1 }\n,\t{}]}", "{ \"a\" : 1 }|{}"},
        {"{\"more\":true,\"objects\":[{}],\"next\":\"x\",\"x_y\":{\"a\":[1,2]}}", "{}"},
        /* Wrong values are found, for each to be refused by itself. */
        {"{\"objects\":[1,\"a,]\",[],[{}],null,true,{}]}", "1|\"a,]\"|[]|[{}]|null|true|{}"},
        {"{\"objects\":[{\"a\":}]}", "{\"a\":}"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *items = split(cases[i].text);
        g_assert_cmpstr(items, ==, cases[i].items);
    }
}

static void test_bad(void)
{
    static const char *const cases[] = {
        "",
        " ",
        "[]",
        "1",
        "\"objects\"",
        "{",
        "{}",
        "{}}",
        "{\"objects\"}",
        "{\"objects\":}",
        "{\"objects\":[}",
        "{\"objects\":[{}",
        "{\"objects\":[{},]}",
        "{\"objects\":[,{}]}",
        "{\"objects\":[{}{}]}",
        "{\"objects\":[{}]",
        "{\"objects\":[{}],}",
        "{\"objects\":{}}",
        "{\"objects\":[],\"objects\":[]}",
        "{\"objects\":[]} {}",
        "{\"objects\":[]}x",
        "{\"a\":tru,\"objects\":[]}",
        "{\"a\" 1,\"objects\":[]}",
        "{a:1,\"objects\":[]}",
        "{\"objects\":[{\"a\":\"b}]}",
        "{\"a\":[1,\"objects\":[]}",
        "{\"Objects\":[]}",
        "{\"objects\":[{}]]}",
        "{\"objects\":[\"a]}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *items = split(cases[i]);
        if (items)
            g_error("accepted: %s", cases[i]);
    }
}

/* Whatever is cut off is refused, and nothing behind the end is looked at. */
static void test_every_prefix(void)
{
    static const char text[] = "{\"more\":false,\"objects\":[{\"a\":\"\\\\\",\"b\":{}},[1,{}],"
                               "\"c\"],\"x\":[{\"y\":null}]}";
    for (gsize length = 0; length < sizeof text - 1; length++) {
        g_autofree char *part = g_strndup(text, length);
        g_autofree char *items = split(part);
        g_assert_null(items);
    }
    g_autofree char *items = split(text);
    g_assert_nonnull(items);
}

static void test_nul_inside(void)
{
    static const char text[] = "{\"objects\":[]}\0{}";
    g_autoptr(GArray) items = taxii_envelope_split(text, sizeof text - 1, NULL);
    g_assert_null(items);
}

static void test_deep(void)
{
    g_autoptr(GString) text = g_string_new("{\"objects\":[{},");
    for (guint i = 0; i < 100000; i++)
        g_string_append_c(text, '[');
    for (guint i = 0; i < 100000; i++)
        g_string_append_c(text, ']');
    g_string_append(text, ",{}]}");
    g_autoptr(GArray) items = taxii_envelope_split(text->str, text->len, NULL);
    g_assert_nonnull(items);
    g_assert_cmpuint(items->len, ==, 3);
}

static void test_too_many(void)
{
    g_autoptr(GString) text = g_string_new("{\"objects\":[1");
    for (guint i = 0; i < TAXII_ENVELOPE_MAX_OBJECTS; i++)
        g_string_append(text, ",1");
    g_string_append(text, "]}");
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) items = taxii_envelope_split(text->str, text->len, &error);
    g_assert_null(items);
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/taxii-envelope/good", test_good);
    g_test_add_func("/taxii-envelope/bad", test_bad);
    g_test_add_func("/taxii-envelope/every-prefix", test_every_prefix);
    g_test_add_func("/taxii-envelope/nul-inside", test_nul_inside);
    g_test_add_func("/taxii-envelope/deep", test_deep);
    g_test_add_func("/taxii-envelope/too-many", test_too_many);
    return g_test_run();
}
