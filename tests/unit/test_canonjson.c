#include "base/canonjson.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"

static void check(const char *json, const char *expected)
{
    yyjson_doc *document = yyjson_read(json, strlen(json), 0);
    g_assert_nonnull(document);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    gboolean fine = canonjson_append(out, yyjson_doc_get_root(document), &error);
    g_assert_no_error(error);
    g_assert_true(fine);
    g_assert_cmpstr(out->str, ==, expected);
    yyjson_doc_free(document);
}

static void test_values(void)
{
    check(" null ", "null");
    check("[ true , false ]", "[true,false]");
    check("[ ]", "[]");
    check("{ }", "{}");
    check("{\"b\": 1, \"a\": {\"d\": [3, {\"z\": 0, \"y\": \"\"}], \"c\": 2}}",
          "{\"a\":{\"c\":2,\"d\":[3,{\"y\":\"\",\"z\":0}]},\"b\":1}");
    /* RFC 8785 section 3.2.4 */
    check("{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
          "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
          "\"literals\": [null, true, false]}",
          "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
          "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

static void test_strings(void)
{
    check("\"\\b\\t\\n\\f\\r\\\"\\\\\\/\\u0000\\u001f\\u007f\"",
          "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0000\\u001f\x7f\"");
    check("\"\\ud83d\\ude00\\u00e9\"", "\"\xf0\x9f\x98\x80\xc3\xa9\"");
}

/* RFC 8785 section 3.2.3: keys in the order of UTF-16 code units. */
static void test_order(void)
{
    check("{\"\\u20ac\": 1, \"\\r\": 2, \"\\ufb33\": 3, \"1\": 4, \"\\ud83d\\ude00\": 5,"
          "\"\\u0080\": 6, \"\\u00f6\": 7}",
          "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
          "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
    check("{\"aa\": 1, \"a\": 2, \"\": 3, \"B\": 4, \"a\\u0000\": 5}",
          "{\"\":3,\"B\":4,\"a\":2,\"a\\u0000\":5,\"aa\":1}");
    g_assert_cmpint(canonjson_compare_keys("a", 1, "a", 1), ==, 0);
    g_assert_cmpint(canonjson_compare_keys("a", 1, "ab", 2), <, 0);
    /* U+D7FF, U+10000, U+E000 in this order */
    g_assert_cmpint(canonjson_compare_keys("\xed\x9f\xbf", 3, "\xf0\x90\x80\x80", 4), <, 0);
    g_assert_cmpint(canonjson_compare_keys("\xf0\x90\x80\x80", 4, "\xee\x80\x80", 3), <, 0);
    g_assert_cmpint(canonjson_compare_keys("\xee\x80\x80", 3, "\xed\x9f\xbf", 3), >, 0);
}

/* RFC 8785 appendix B, and what lies around the borders of ECMAScript's notations. */
static void test_numbers(void)
{
    static const struct {
        guint64 bits;
        const char *text;
    } cases[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
        {0x3ff0000000000000, "1"},
        {0x3ff199999999999a, "1.1"},
        {0x4059000000000000, "100"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        double number;
        memcpy(&number, &cases[i].bits, sizeof number);
        g_autoptr(GString) out = g_string_new(NULL);
        canonjson_append_number(out, number);
        g_assert_cmpstr(out->str, ==, cases[i].text);
    }
    check("[18446744073709551615, -9223372036854775808, 1.0, 1e2, -0.0, 9007199254740993]",
          "[18446744073709552000,-9223372036854776000,1,100,0,9007199254740992]");
}

static void test_depth(void)
{
    g_autoptr(GString) json = g_string_new(NULL);
    for (guint i = 0; i <= JSONGUARD_MAX_DEPTH; i++)
        g_string_append_c(json, '[');
    for (guint i = 0; i <= JSONGUARD_MAX_DEPTH; i++)
        g_string_append_c(json, ']');
    yyjson_doc *document = yyjson_read(json->str, json->len, 0);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(canonjson_append(out, yyjson_doc_get_root(document), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    yyjson_val *inner = yyjson_arr_get_first(yyjson_doc_get_root(document));
    g_assert_true(canonjson_append(out, inner, NULL));
    yyjson_doc_free(document);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/canonjson/values", test_values);
    g_test_add_func("/canonjson/strings", test_strings);
    g_test_add_func("/canonjson/order", test_order);
    g_test_add_func("/canonjson/numbers", test_numbers);
    g_test_add_func("/canonjson/depth", test_depth);
    return g_test_run();
}
