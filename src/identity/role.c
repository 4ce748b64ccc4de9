#include "identity/role.h"

#define WORK_ON_OBJECTS                                                                            \
    (ROLE_ACTION_READ | ROLE_ACTION_ADD | ROLE_ACTION_REMOVE | ROLE_ACTION_ADOPT)

static const struct {
    Role role;
    const char *name;
    guint actions;
} roles_table[] = {
    {ROLE_READER, "reader", ROLE_ACTION_READ},
    {ROLE_CONTRIBUTOR, "contributor", ROLE_ACTION_READ | ROLE_ACTION_ADD},
    {ROLE_ANALYST, "analyst", WORK_ON_OBJECTS},
    {ROLE_OFFICER, "officer", WORK_ON_OBJECTS},
    {ROLE_APPROVER, "approver", ROLE_ACTION_READ},
    {ROLE_AUDITOR, "auditor", ROLE_ACTION_MEASURE | ROLE_ACTION_AUDIT},
    {ROLE_ADMIN, "admin", ROLE_ACTION_MEASURE | ROLE_ACTION_ADMINISTER},
};

guint role_actions(guint roles)
{
    guint actions = 0;
    for (guint i = 0; i < G_N_ELEMENTS(roles_table); i++)
        if (roles & roles_table[i].role)
            actions |= roles_table[i].actions;
    return actions;
}

gboolean role_allows(guint roles, RoleAction action)
{
    return (role_actions(roles) & action) != 0;
}

guint role_from_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(roles_table); i++)
        if (g_str_equal(roles_table[i].name, name))
            return roles_table[i].role;
    return 0;
}

gboolean role_parse(const char *text, guint *ret_roles, GError **error)
{
    guint roles = 0;
    g_autofree char *whole = g_strstrip(g_strdup(text));
    g_auto(GStrv) names = g_strsplit(whole, ",", -1);
    for (guint i = 0; names[i]; i++) {
        guint role = role_from_name(g_strstrip(names[i]));
        if (!role) {
            g_autofree char *known = role_format(ROLE_ALL);
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "\"%s\" is no role; there are %s", names[i], known);
            return FALSE;
        }
        roles |= role;
    }
    *ret_roles = roles;
    return TRUE;
}

const char **role_names(guint roles)
{
    const char **names = g_new0(const char *, G_N_ELEMENTS(roles_table) + 1);
    guint count = 0;
    for (guint i = 0; i < G_N_ELEMENTS(roles_table); i++)
        if (roles & roles_table[i].role)
            names[count++] = roles_table[i].name;
    return names;
}

char *role_format(guint roles)
{
    g_autofree const char **names = role_names(roles);
    return names[0] ? g_strjoinv(", ", (char **)names) : g_strdup("none");
}
