#include "policy/audience.h"

#include <string.h>

#include "ledger/opening.h"

#define ALDER "cert.alder.example/ledger"
#define BIRCH "cert.birch.example/ledger"
#define CEDAR "cert.cedar.example/ledger"
#define FORUM "desk.forum.example/ledger"

typedef const char *const Names[6];

static const struct {
    Names named, members, suspended;
    const char *origins, *one_by_one; /* expected, joined by blanks */
} cases[] = {
    {{NULL}, {NULL}, {NULL}, "", ""},
    {{BIRCH}, {NULL}, {NULL}, BIRCH, BIRCH},
    {{CEDAR, BIRCH, CEDAR}, {NULL}, {NULL}, BIRCH " " CEDAR, BIRCH " " CEDAR},
    {{NULL}, {FORUM, ALDER, BIRCH}, {NULL}, BIRCH " " FORUM, ""},
    {{CEDAR}, {FORUM, CEDAR}, {NULL}, CEDAR " " FORUM, CEDAR},
    {{NULL}, {FORUM, BIRCH}, {BIRCH, CEDAR}, FORUM, ""},
    {{BIRCH}, {FORUM, BIRCH}, {BIRCH, FORUM}, BIRCH, BIRCH},
    /* A community of which only this node is left, or whose others are suspended, is nobody. */
    {{NULL}, {ALDER}, {NULL}, "", ""},
    {{ALDER}, {ALDER, BIRCH}, {BIRCH}, "", ""},
};

static void test_resolve(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Audience) audience =
            audience_resolve(cases[i].named, cases[i].members, cases[i].suspended, ALDER, &error);
        g_assert_no_error(error);
        g_autofree char *origins = g_strjoinv(" ", audience->origins);
        g_autofree char *named = g_strjoinv(" ", audience->named);
        g_assert_cmpstr(origins, ==, cases[i].origins);
        g_assert_cmpstr(named, ==, cases[i].one_by_one);
        g_assert_cmpuint(g_strv_length(audience->origins), ==, audience->n_origins);
        g_assert_cmpuint(g_strv_length(audience->named), ==, audience->n_named);
    }
    g_autoptr(Audience) nobody = audience_resolve(NULL, NULL, NULL, ALDER, NULL);
    g_assert_cmpuint(nobody->n_origins, ==, 0);
    g_assert_nonnull(nobody->origins);
}

static void test_refused(void)
{
    static const char *const wrong[] = {"", "public", "*", "cert.birch.example", "/ledger"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        const char *const names[] = {BIRCH, wrong[i], NULL};
        g_autoptr(GError) first = NULL, second = NULL;
        g_assert_null(audience_resolve(names, NULL, NULL, ALDER, &first));
        g_assert_error(first, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_null(audience_resolve(NULL, names, NULL, ALDER, &second));
        g_assert_error(second, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static void test_bound(void)
{
    g_auto(GStrv) names = g_new0(char *, OPENING_AUDIENCE_MAX + 2);
    for (guint i = 0; i < OPENING_AUDIENCE_MAX; i++)
        names[i] = g_strdup_printf("n%u.example/ledger", i);
    g_autoptr(GError) error = NULL;
    g_autoptr(Audience) audience =
        audience_resolve(NULL, (const char *const *)names, NULL, ALDER, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(audience->n_origins, ==, OPENING_AUDIENCE_MAX);
    for (guint i = 1; i < audience->n_origins; i++)
        g_assert_cmpint(strcmp(audience->origins[i - 1], audience->origins[i]), <, 0);
    names[OPENING_AUDIENCE_MAX] = g_strdup(BIRCH);
    g_assert_null(audience_resolve(NULL, (const char *const *)names, NULL, ALDER, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audience/resolve", test_resolve);
    g_test_add_func("/audience/refused", test_refused);
    g_test_add_func("/audience/bound", test_bound);
    return g_test_run();
}
