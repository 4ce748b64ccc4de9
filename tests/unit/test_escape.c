#include "base/escape.h"

#include <string.h>

static void check(const char *text, gssize length, const char *expected)
{
    g_autofree char *copy = length < 0 ? g_strdup(text) : g_memdup2(text, (gsize)length);
    g_autofree char *escaped = escape_terminal(copy, length);
    g_assert_cmpstr(escaped, ==, expected);
}

static void test_plain(void)
{
    check("", -1, "");
    check("C:\\alder\\birch.log ~", -1, "C:\\alder\\birch.log ~");
    check("b\303\274cher \346\274\242 \360\237\246\211", -1,
          "b\303\274cher \346\274\242 \360\237\246\211");
    check("cut here", 3, "cut");
}

static void test_controls(void)
{
    check("\033[2Jx\a\t\r\n\177", -1, "\\x1b[2Jx\\x07\\x09\\x0d\\x0a\\x7f");
    check("a\0b", 3, "a\\x00b");
    check("\302\233"
          "2J",
          -1, "\\u009b2J");
    check("\302\240", -1, "\302\240");
    check("\342\200\250", -1, "\\u2028");
}

static void test_bidi(void)
{
    check("gnp\342\200\256exe", -1, "gnp\\u202eexe");
    check("\342\201\246a\342\201\251\330\234\342\200\217", -1, "\\u2066a\\u2069\\u061c\\u200f");
    check("a\342\200\213b\357\273\277", -1, "a\\u200bb\\ufeff");
    check("\363\240\201\201", -1, "\\ue0041");
}

static void test_invalid(void)
{
    check("\377\376a", -1, "\\xff\\xfea");
    check("\342\200", -1, "\\xe2\\x80");          /* cut short */
    check("\342\200\256", 2, "\\xe2\\x80");       /* cut short by the length */
    check("\300\200", -1, "\\xc0\\x80");          /* overlong */
    check("\355\240\200", -1, "\\xed\\xa0\\x80"); /* surrogate */
    check("\364\220\200\200", -1, "\\xf4\\x90\\x80\\x80");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/escape/plain", test_plain);
    g_test_add_func("/escape/controls", test_controls);
    g_test_add_func("/escape/bidi", test_bidi);
    g_test_add_func("/escape/invalid", test_invalid);
    return g_test_run();
}
