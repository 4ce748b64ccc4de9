#include "stix/evaluate.h"

#include "base/error.h"
#include "stix/evaluate_index.h"

typedef struct {
    Pattern *pattern;
    EvaluatePlan *plan;
    EvaluateBind *bind; /* NULL until it keeps something */
    guint64 *shown;     /* of each leaf, the number of the observation last shown to it */
    gpointer tag;
} Entry;

struct Evaluate {
    EvaluateOptions options;
    GPtrArray *entries; /* Entry * */
    EvaluateIndex *index;
    GArray *found;  /* EvaluateIndexEntry; used again */
    GArray *leaves; /* guint; likewise */
    gint64 now;     /* the latest begin of an observation */
    EvaluateCounts counts;
};

static void free_entry(gpointer data)
{
    Entry *entry = data;
    evaluate_bind_free(entry->bind);
    evaluate_plan_free(entry->plan);
    pattern_free(entry->pattern);
    g_free(entry->shown);
    g_free(entry);
}

Evaluate *evaluate_new(const EvaluateOptions *options)
{
    Evaluate *evaluate = g_new0(Evaluate, 1);
    evaluate->options = *options;
    evaluate->options.most = CLAMP(options->most, 1, EVALUATE_MAX_MOST);
    evaluate->options.lateness = MAX(options->lateness, 0);
    evaluate->entries = g_ptr_array_new_with_free_func(free_entry);
    evaluate->index = evaluate_index_new();
    evaluate->found = g_array_new(FALSE, FALSE, sizeof(EvaluateIndexEntry));
    evaluate->leaves = g_array_new(FALSE, FALSE, sizeof(guint));
    evaluate->now = G_MININT64;
    return evaluate;
}

void evaluate_free(Evaluate *evaluate)
{
    if (!evaluate)
        return;
    evaluate_index_free(evaluate->index);
    g_ptr_array_unref(evaluate->entries);
    g_array_unref(evaluate->found);
    g_array_unref(evaluate->leaves);
    g_free(evaluate);
}

gboolean evaluate_add(Evaluate *evaluate, Pattern *pattern, gpointer tag, GError **error)
{
    EvaluatePlan *plan = evaluate_plan_new(pattern, error);
    if (!plan) {
        pattern_free(pattern);
        return FALSE;
    }
    Entry *entry = g_new(Entry, 1);
    *entry = (Entry){pattern, plan, NULL, g_new0(guint64, plan->leaves->len), tag};
    for (guint leaf = 0; leaf < plan->leaves->len; leaf++)
        evaluate_index_add(evaluate->index, evaluate_plan_leaf(plan, leaf)->source,
                           (EvaluateIndexEntry){evaluate->entries->len, leaf});
    g_ptr_array_add(evaluate->entries, entry);
    return TRUE;
}

guint evaluate_size(const Evaluate *evaluate)
{
    return evaluate->entries->len;
}

static void tell(Evaluate *evaluate, const Entry *entry, const GPtrArray *observations,
                 EvaluateFound found, gpointer user)
{
    EvaluateHit hit = {.tag = entry->tag,
                       .observations = (EvaluateBindSeen *const *)observations->pdata,
                       .n = observations->len,
                       .first = G_MAXINT64,
                       .last = G_MININT64};
    for (guint i = 0; i < hit.n; i++) {
        hit.first = MIN(hit.first, hit.observations[i]->first);
        hit.last = MAX(hit.last, hit.observations[i]->last);
    }
    evaluate->counts.hits++;
    found(user, &hit);
}

/* Looks for fulfilments that @seen, which fulfils `leaves` of @entry, completes. */
static void bind_leaves(Evaluate *evaluate, Entry *entry, EvaluateBindSeen *seen,
                        GPtrArray *ret_observations)
{
    guint before = entry->bind ? evaluate_bind_size(entry->bind) : 0;
    guint most = evaluate->options.most;

    if (!entry->bind)
        entry->bind = evaluate_bind_new(entry->plan);
    EvaluateBindOutcome outcome =
        evaluate_bind_add(entry->bind, seen, (const guint *)(void *)evaluate->leaves->data,
                          evaluate->leaves->len, ret_observations);
    evaluate->counts.given_up += outcome.given_up;
    evaluate->counts.forgotten += outcome.forgotten;
    if (evaluate->counts.kept + evaluate_bind_size(entry->bind) - before >
        evaluate->options.most_altogether)
        most = MIN(most, before);
    evaluate_bind_expire(entry->bind, evaluate->now, evaluate->options.lateness, most);
    evaluate->counts.kept += evaluate_bind_size(entry->bind);
    evaluate->counts.kept -= before;
}

static gboolean in_time(const EvaluatePlanLeaf *leaf, const Observed *observed)
{
    return !leaf->never && observed->last >= leaf->start && observed->first < leaf->stop;
}

/* Shows @observed to the leaves of one pattern that are in `found` from @from on; returns where
 * those of the next begin. */
static guint show(Evaluate *evaluate, guint from, const Observed *observed, EvaluateBindSeen *seen,
                  EvaluateTrouble *trouble, EvaluateFound found, gpointer user)
{
    const EvaluateIndexEntry *at = &g_array_index(evaluate->found, EvaluateIndexEntry, from);
    Entry *entry = evaluate->entries->pdata[at->pattern];
    g_autoptr(GPtrArray) observations =
        g_ptr_array_new_with_free_func((GDestroyNotify)evaluate_bind_seen_unref);
    guint pattern = at->pattern;
    gboolean alone = FALSE;

    g_array_set_size(evaluate->leaves, 0);
    for (; from < evaluate->found->len; from++, at++) {
        if (at->pattern != pattern)
            break;
        const EvaluatePlanLeaf *leaf = evaluate_plan_leaf(entry->plan, at->leaf);
        if (entry->shown[at->leaf] == evaluate->counts.observations || (alone && leaf->alone) ||
            !in_time(leaf, observed))
            continue;
        entry->shown[at->leaf] = evaluate->counts.observations;
        evaluate->counts.asked++;
        if (!evaluate_test_holds(leaf->test, observed, trouble))
            continue;
        if (leaf->alone)
            alone = TRUE;
        else
            g_array_append_val(evaluate->leaves, at->leaf);
    }
    if (evaluate->leaves->len > 0)
        bind_leaves(evaluate, entry, seen, observations);
    if (alone) {
        g_ptr_array_set_size(observations, 0);
        seen->refs++;
        g_ptr_array_add(observations, seen);
    }
    if (observations->len > 0)
        tell(evaluate, entry, observations, found, user);
    return from;
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
    const EvaluateIndexEntry *one = a, *other = b;
    if (one->pattern != other->pattern)
        return one->pattern < other->pattern ? -1 : 1;
    return (one->leaf > other->leaf) - (one->leaf < other->leaf);
}

void evaluate_feed(Evaluate *evaluate, const Observed *observed, EvaluateFound found, gpointer user)
{
    EvaluateTrouble trouble = {0};

    evaluate->counts.observations++;
    evaluate->now = MAX(evaluate->now, observed->first);
    g_array_set_size(evaluate->found, 0);
    if (!evaluate_index_find(evaluate->index, observed, evaluate->found)) {
        trouble.problems++;
        trouble.what = "references lead to too many values";
    }
    g_array_sort(evaluate->found, compare_entries);
    if (evaluate->found->len > 0) {
        EvaluateBindSeen *seen =
            evaluate_bind_seen_new(observed->id, observed->first, observed->last, observed->count);
        for (guint i = 0; i < evaluate->found->len;)
            i = show(evaluate, i, observed, seen, &trouble, found, user);
        evaluate_bind_seen_unref(seen);
    }
    evaluate->counts.problems += trouble.problems;
    if (trouble.what)
        evaluate->counts.problem = trouble.what;
}

const EvaluateCounts *evaluate_counts(const Evaluate *evaluate)
{
    return &evaluate->counts;
}
