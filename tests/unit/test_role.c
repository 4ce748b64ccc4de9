#include "identity/role.h"

#include <string.h>

static void test_admin_reads_nothing(void)
{
    g_assert_false(role_allows(ROLE_ADMIN, ROLE_ACTION_READ));
    g_assert_false(role_allows(ROLE_ADMIN, ROLE_ACTION_ADD));
    g_assert_true(role_allows(ROLE_ADMIN, ROLE_ACTION_ADMINISTER));
    g_assert_false(role_allows(ROLE_AUDITOR, ROLE_ACTION_READ));
    g_assert_true(role_allows(ROLE_ADMIN | ROLE_READER, ROLE_ACTION_READ));
}

static void test_no_role_allows_nothing(void)
{
    g_assert_cmpuint(role_actions(0), ==, 0);
    g_assert_cmpuint(role_actions(~ROLE_ALL), ==, 0);
}

static void test_only_admin_administers(void)
{
    g_assert_false(role_allows(ROLE_ALL & ~ROLE_ADMIN, ROLE_ACTION_ADMINISTER));
}

static void test_only_auditors_audit(void)
{
    g_assert_true(role_allows(ROLE_AUDITOR, ROLE_ACTION_AUDIT));
    g_assert_false(role_allows(ROLE_ALL & ~ROLE_AUDITOR, ROLE_ACTION_AUDIT));
}

static void test_readers_do_not_write(void)
{
    g_assert_cmpuint(role_actions(ROLE_READER | ROLE_APPROVER), ==, ROLE_ACTION_READ);
    g_assert_true(role_allows(ROLE_CONTRIBUTOR, ROLE_ACTION_ADD));
    g_assert_false(role_allows(ROLE_CONTRIBUTOR, ROLE_ACTION_REMOVE));
    g_assert_true(role_allows(ROLE_ANALYST, ROLE_ACTION_REMOVE));
}

static void test_names(void)
{
    guint roles = 99;
    g_assert_true(role_parse("admin, reader", &roles, NULL));
    g_assert_cmpuint(roles, ==, ROLE_ADMIN | ROLE_READER);
    g_autofree char *text = role_format(roles);
    g_assert_cmpstr(text, ==, "reader, admin");
    g_assert_true(role_parse(" ", &roles, NULL));
    g_assert_cmpuint(roles, ==, 0);
    g_autofree char *none = role_format(0);
    g_assert_cmpstr(none, ==, "none");
    g_autofree char *all = role_format(ROLE_ALL);
    g_assert_true(role_parse(all, &roles, NULL));
    g_assert_cmpuint(roles, ==, ROLE_ALL);
}

static void test_wrong_names(void)
{
    static const char *const wrong[] = {"Reader", "reader,", "root", "reader analyst", ","};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        guint roles = 99;
        g_autoptr(GError) error = NULL;
        g_assert_false(role_parse(wrong[i], &roles, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "contributor"));
        g_assert_cmpuint(roles, ==, 99);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/role/admin-reads-nothing", test_admin_reads_nothing);
    g_test_add_func("/role/no-role-allows-nothing", test_no_role_allows_nothing);
    g_test_add_func("/role/only-admin-administers", test_only_admin_administers);
    g_test_add_func("/role/only-auditors-audit", test_only_auditors_audit);
    g_test_add_func("/role/readers-do-not-write", test_readers_do_not_write);
    g_test_add_func("/role/names", test_names);
    g_test_add_func("/role/wrong-names", test_wrong_names);
    return g_test_run();
}
