#include "shield/withhold.h"

#include <string.h>

struct Withhold {
    WithholdOptions options;
    GTree *counts; /* name -> guint64 * */
    guint64 hits;
};

static gint compare_names(gconstpointer a, gconstpointer b, gpointer user)
{
    return strcmp(a, b);
}

Withhold *withhold_new(const WithholdOptions *options)
{
    Withhold *withhold = g_new0(Withhold, 1);
    withhold->options = *options;
    withhold->counts = g_tree_new_full(compare_names, NULL, g_free, g_free);
    return withhold;
}

void withhold_free(Withhold *withhold)
{
    if (!withhold)
        return;
    g_tree_unref(withhold->counts);
    g_free(withhold);
}

static gboolean is_allowed(const Withhold *withhold, const char *list)
{
    for (const char *const *name = withhold->options.allowed; name && *name; name++)
        if (g_ascii_strcasecmp(*name, list) == 0)
            return TRUE;
    return FALSE;
}

static void count(Withhold *withhold, const char *list)
{
    if (!g_tree_lookup(withhold->counts, list))
        g_tree_insert(withhold->counts, g_strdup(list), g_new0(guint64, 1));
    guint64 *hits = g_tree_lookup(withhold->counts, list);
    (*hits)++;
}

gboolean withhold_admits(Withhold *withhold, const SetValue *value, gint64 now)
{
    gboolean listed = FALSE;

    if (!withhold->options.expired && !set_value_is_valid(value, now))
        return FALSE;
    if (withhold->options.suppressed)
        return TRUE;
    for (const char *const *list = value->lists; *list; list++)
        if (!is_allowed(withhold, *list)) {
            count(withhold, *list);
            listed = TRUE;
        }
    withhold->hits += listed;
    return !listed;
}

gboolean withhold_check(const Withhold *withhold, const Set *set, GError **error)
{
    SetList list;

    for (const char *const *name = withhold->options.allowed; name && *name; name++) {
        gboolean found = FALSE;
        for (guint i = 0; i < set_count_lists(set) && !found; i++) {
            set_read_list(set, i, &list);
            found = g_ascii_strcasecmp(list.name, *name) == 0;
        }
        if (!found) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "no list \"%s\" is used to suppress hits", *name);
            return FALSE;
        }
    }
    return TRUE;
}

typedef struct {
    WithholdEach each;
    gpointer user;
} Telling;

static gboolean tell(gpointer list, gpointer hits, gpointer user)
{
    const Telling *telling = user;
    telling->each(telling->user, list, *(const guint64 *)hits);
    return FALSE;
}

guint64 withhold_each(const Withhold *withhold, WithholdEach each, gpointer user)
{
    Telling telling = {each, user};
    if (each)
        g_tree_foreach(withhold->counts, tell, &telling);
    return withhold->hits;
}
