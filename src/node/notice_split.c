#include "node/notice_split.h"

#include <string.h>

static void group_free(NoticeGroup *group)
{
    g_ptr_array_unref(group->findings);
    g_ptr_array_unref(group->whys);
    g_hash_table_unref(group->known);
    g_free(group);
}

static void left_free(NoticeLeft *left)
{
    g_free(left->value);
    g_free(left->why);
    finding_free(left->finding);
    g_free(left);
}

NoticeSplit *notice_split_new(const Routing *routing, gboolean victims)
{
    NoticeSplit *split = g_new0(NoticeSplit, 1);
    split->routing = routing;
    split->victims = victims;
    split->groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
    split->left = g_ptr_array_new_with_free_func((GDestroyNotify)left_free);
    split->by_party = g_hash_table_new(NULL, NULL);
    return split;
}

void notice_split_free(NoticeSplit *split)
{
    if (!split)
        return;
    g_ptr_array_unref(split->groups);
    g_ptr_array_unref(split->left);
    g_hash_table_unref(split->by_party);
    g_free(split);
}

static NoticeGroup *get_group(NoticeSplit *split, guint party)
{
    NoticeGroup *group = g_hash_table_lookup(split->by_party, GUINT_TO_POINTER(party));
    if (group)
        return group;
    group = g_new0(NoticeGroup, 1);
    group->party = party;
    group->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    group->whys = g_ptr_array_new_with_free_func(g_free);
    group->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_add(split->groups, group);
    g_hash_table_insert(split->by_party, GUINT_TO_POINTER(party), group);
    return group;
}

static void add_why(NoticeGroup *group, const char *why)
{
    for (guint i = 0; i < group->whys->len; i++)
        if (strcmp(group->whys->pdata[i], why) == 0)
            return;
    group->n_whys++;
    if (group->whys->len < NOTICE_SPLIT_WHYS_MAX)
        g_ptr_array_add(group->whys, g_strdup(why));
}

static void leave(NoticeSplit *split, const Finding *finding, const RoutingResult *result)
{
    if (split->left->len >= NOTICE_SPLIT_LEFT_MAX)
        return;
    NoticeLeft *left = g_new0(NoticeLeft, 1);
    *left = (NoticeLeft){result->verdict, finding->line, g_strdup(finding_value(finding, NULL)),
                         g_strdup(result->why), split->keeps_left ? finding_copy(finding) : NULL};
    g_ptr_array_add(split->left, left);
}

static void route(NoticeSplit *split, const Finding *finding)
{
    g_auto(RoutingResult) result = {0};
    routing_find(split->routing, finding, &result);
    split->count[result.verdict]++;
    if (result.verdict != ROUTING_PARTY) {
        leave(split, finding, &result);
        return;
    }
    NoticeGroup *group = get_group(split, result.party);
    char *key = finding_key(finding);
    if (g_hash_table_contains(group->known, key)) {
        split->duplicates++;
        g_free(key);
        return;
    }
    g_hash_table_add(group->known, key);
    g_ptr_array_add(group->findings, finding_copy(finding));
    add_why(group, result.why);
}

gboolean notice_split_add(NoticeSplit *split, const Finding *finding, GError **error)
{
    if (split->findings >= NOTICE_SPLIT_FINDINGS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d findings at once",
                    NOTICE_SPLIT_FINDINGS_MAX);
        return FALSE;
    }
    split->findings++;
    if (finding->role != FINDING_SUBJECT && !split->victims)
        split->other_roles++;
    else
        route(split, finding);
    return TRUE;
}

void notice_split_again(NoticeSplit *split)
{
    g_autoptr(GPtrArray) left = g_steal_pointer(&split->left);
    split->left = g_ptr_array_new_with_free_func((GDestroyNotify)left_free);
    for (guint i = 0; i < left->len; i++) {
        NoticeLeft *one = left->pdata[i];
        if (one->finding) {
            split->count[one->verdict]--;
            route(split, one->finding);
        } else {
            g_ptr_array_add(split->left, g_memdup2(one, sizeof *one));
            *one = (NoticeLeft){0};
        }
    }
}
