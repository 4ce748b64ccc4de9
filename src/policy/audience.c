#include "policy/audience.h"

#include "base/texts.h"
#include "ledger/opening.h"
#include "ledger/origin.h"

static GHashTable *set_of(const char *const *names)
{
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
    for (; names && *names; names++)
        g_hash_table_add(set, (gpointer)*names);
    return set;
}

/* Adds to @set what stands in @names, but not in @without, and is not @self. */
static gboolean add_origins(GHashTable *set, const char *const *names, GHashTable *without,
                            const char *self, GError **error)
{
    for (; names && *names; names++) {
        g_autofree char *node = origin_node(*names);
        if (!node) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "audience: \"%s\" is not the origin of a node's ledger", *names);
            return FALSE;
        }
        if (g_strcmp0(*names, self) == 0 || (without && g_hash_table_contains(without, *names)))
            continue;
        g_hash_table_add(set, (gpointer)*names);
        if (g_hash_table_size(set) > OPENING_AUDIENCE_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "audience: there are more than %d nodes in it", OPENING_AUDIENCE_MAX);
            return FALSE;
        }
    }
    return TRUE;
}

static char **sorted(GHashTable *set, guint *ret_count)
{
    GPtrArray *names = g_ptr_array_sized_new(g_hash_table_size(set) + 1);
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, texts_compare);
    *ret_count = names->len;
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

Audience *audience_resolve(const char *const *named, const char *const *members,
                           const char *const *suspended, const char *self, GError **error)
{
    g_autoptr(GHashTable) one_by_one = set_of(NULL);
    g_autoptr(GHashTable) all = set_of(NULL);
    g_autoptr(GHashTable) without = set_of(suspended);
    if (!add_origins(one_by_one, named, NULL, self, error) ||
        !add_origins(all, named, NULL, self, error) ||
        !add_origins(all, members, without, self, error))
        return NULL;

    Audience *audience = g_new0(Audience, 1);
    audience->origins = sorted(all, &audience->n_origins);
    audience->named = sorted(one_by_one, &audience->n_named);
    return audience;
}

void audience_free(Audience *audience)
{
    if (!audience)
        return;
    g_strfreev(audience->origins);
    g_strfreev(audience->named);
    g_free(audience);
}
