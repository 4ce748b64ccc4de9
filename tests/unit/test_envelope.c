/* What stands around a page's objects, however it is written and wherever it is broken. */
#include "intake/envelope.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static gboolean scan(const char *text, Envelope *ret_envelope, GError **error)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    lseek(fd, 1, SEEK_SET);
    gboolean good = envelope_scan(fd, ret_envelope, error);
    g_assert_cmpint(lseek(fd, 0, SEEK_CUR), ==, 1);
    close(fd);
    return good;
}

static void test_good(void)
{
    static const struct {
        const char *text;
        gboolean more;
        const char *next;
    } cases[] = {
        {"{}", FALSE, NULL},
        {"\xef\xbb\xbf {\"objects\":[]} \n", FALSE, NULL},
        {"{\"more\":true,\"next\":\"a\"}", TRUE, "a"},
        {"{ \"next\" : \"a b\" , \"more\" : true , \"objects\" : [ {\"more\":false} ] }", TRUE,
         "a b"},
        {"{\"objects\":[{\"next\":\"x\"},{\"a\":\"]}\\\"\"}],\"next\":\"\\u00e4\\\"\\\\\",\"more\":"
         "true}",
         TRUE, "\xc3\xa4\"\\"},
        {"{\"more\":false,\"next\":\"a\"}", FALSE, "a"},
        {"{\"next\":\"a\"}", TRUE, "a"}, /* it does not say, but names a next page */
        {"{\"next\":null,\"more\":true}", TRUE, NULL},
        {"{\"next\":\"\",\"more\":true}", TRUE, NULL},
        {"{\"next\":17}", FALSE, NULL},
        {"{\"more\":\"true\"}", FALSE, NULL},
        {"{\"objects\":[{\"id\":NaN, \"x\":\"\\u12\"},17,],\"more\":true}", TRUE, NULL},
        {"{\"\\u006dore\":true}", FALSE, NULL}, /* nobody writes that, and nothing is lost */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Envelope) envelope = {0};
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].text);
        g_assert_true(scan(cases[i].text, &envelope, &error));
        g_assert_cmpint(envelope.more, ==, cases[i].more);
        g_assert_cmpstr(envelope.next, ==, cases[i].next);
        g_assert_cmpuint(strlen(envelope.digest), ==, 64);
    }
}

static void test_broken(void)
{
    static const char *const cases[] = {
        "",
        " ",
        "[]",
        "17",
        "{",
        "{\"objects\":[{}",
        "{\"objects\":[{]}}",
        "{}{}",
        "{} x",
        "{\"objects\":[{\"a\":\"b}],\"more\":true}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Envelope untouched = {.more = 7};
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i]);
        if (scan(cases[i], &untouched, &error)) {
            /* Brackets of the wrong kind are the bundle reader's to find. */
            g_assert_cmpstr(cases[i], ==, "{\"objects\":[{]}}");
            envelope_clear(&untouched);
            continue;
        }
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpint(untouched.more, ==, 7);
    }
    g_autofree char *fill = g_strnfill(ENVELOPE_NEXT_MAX + 1, 'x');
    g_autofree char *text = g_strdup_printf("{\"next\":\"%s\"}", fill);
    g_autofree char *much =
        g_strdup_printf("{\"next\":\"%s%s%s%s%s%s%s\"}", fill, fill, fill, fill, fill, fill, fill);
    Envelope none = {0};
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(scan(i == 0 ? text : much, &none, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    }
    /* Long text that is no `next` is nobody's harm. */
    g_autofree char *other = g_strdup_printf("{\"title\":\"%s%s%s%s%s%s%s\",\"more\":true}", fill,
                                             fill, fill, fill, fill, fill, fill);
    g_assert_true(scan(other, &none, NULL));
    g_assert_true(none.more);
    envelope_clear(&none);
}

/* The digest is of everything but `next`, also where the page is read in pieces. */
static void test_digest(void)
{
    g_autofree char *fill = g_strnfill(64 * 1024 - 20, 'x');
    for (guint pad = 0; pad < 24; pad++) {
        g_auto(Envelope) one = {0}, two = {0}, three = {0};
        g_autofree char *head =
            g_strdup_printf("{\"x\":\"%s%.*s\"", fill, (int)pad, "........................");
        g_autofree char *first = g_strdup_printf("%s,\"next\":\"aaaa\",\"objects\":[1]}", head);
        g_autofree char *second =
            g_strdup_printf("%s,\"next\":\"bbbbbbbb\",\"objects\":[1]}", head);
        g_autofree char *third = g_strdup_printf("%s,\"next\":\"aaaa\",\"objects\":[2]}", head);
        g_assert_true(scan(first, &one, NULL));
        g_assert_true(scan(second, &two, NULL));
        g_assert_true(scan(third, &three, NULL));
        g_assert_cmpstr(one.digest, ==, two.digest);
        g_assert_cmpstr(one.digest, !=, three.digest);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/envelope/good", test_good);
    g_test_add_func("/envelope/broken", test_broken);
    g_test_add_func("/envelope/digest", test_digest);
    return g_test_run();
}
