/* fuzz_evaluate.c - a pattern, a line feed, and observed-data or a bundle of them: the evaluator
 * must come to an end, tell only observations it was shown, and its index must leave out nothing
 * that fulfils a bracket. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "base/jsonguard.h"
#include "stix/evaluate.h"
#include "stix/evaluate_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hit(gpointer user, const EvaluateHit *hit)
{
    g_assert_cmpuint(hit->n, >, 0);
    for (guint i = 0; i < hit->n; i++) {
        g_assert_cmpint(hit->observations[i]->first, >=, hit->first);
        g_assert_cmpint(hit->observations[i]->last, <=, hit->last);
        if (i > 0)
            g_assert_cmpint(hit->observations[i]->first, >=, hit->observations[i - 1]->first);
    }
    ++*(guint *)user;
}

static void check_index(const EvaluatePlan *plan, const Observed *observed)
{
    g_autoptr(EvaluateIndex) index = evaluate_index_new();
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(EvaluateIndexEntry));
    EvaluateTrouble trouble = {0};
    for (guint leaf = 0; leaf < plan->leaves->len; leaf++)
        evaluate_index_add(index, evaluate_plan_leaf(plan, leaf)->source,
                           (EvaluateIndexEntry){0, leaf});
    if (!evaluate_index_find(index, observed, found))
        return;
    for (guint leaf = 0; leaf < plan->leaves->len; leaf++) {
        if (!evaluate_test_holds(evaluate_plan_leaf(plan, leaf)->test, observed, &trouble))
            continue;
        gboolean there = FALSE;
        for (guint i = 0; i < found->len; i++)
            there = there || g_array_index(found, EvaluateIndexEntry, i).leaf == leaf;
        g_assert_true(there);
    }
}

static void show(Evaluate *evaluate, const EvaluatePlan *plan, yyjson_val *value,
                 const ObservedPool *pool, guint *hits)
{
    g_autoptr(Observed) observed = observed_read(value, pool, NULL);
    if (!observed)
        return;
    guint before = *hits;
    evaluate_feed(evaluate, observed, check_hit, hits);
    g_assert_cmpuint(*hits - before, <=, 1);
    check_index(plan, observed);
}

static void check(Pattern *pattern, yyjson_val *root)
{
    EvaluateOptions options = EVALUATE_OPTIONS_INIT;
    g_autoptr(ObservedPool) pool = observed_pool_new();
    g_autoptr(EvaluatePlan) plan = evaluate_plan_new(pattern, NULL);
    g_autoptr(Evaluate) evaluate = evaluate_new(&options);
    yyjson_val *objects = yyjson_obj_get(root, "objects"), *object;
    guint hits = 0;
    size_t i, n;

    /* The plan borrows from the pattern, which the evaluator owns from here on. */
    if (!evaluate_add(evaluate, pattern, NULL, NULL)) {
        g_assert_null(plan);
        return;
    }
    g_assert_nonnull(plan);
    observed_pool_add_bundle(pool, root);
    show(evaluate, plan, root, pool, &hits);
    yyjson_arr_foreach (objects, i, n, object)
        show(evaluate, plan, object, pool, &hits);
    g_assert_cmpuint(evaluate_counts(evaluate)->hits, ==, hits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size > 0 && size <= 65536 ? memchr(text, '\n', size) : NULL;
    if (!end)
        return 0;
    gsize length = (gsize)(end - text);
    g_autoptr(yyjson_doc) doc = jsonguard_read(end + 1, size - length - 1, NULL);
    if (!doc)
        return 0;
    Pattern *pattern = pattern_parse(text, length, NULL);
    if (pattern)
        check(pattern, yyjson_doc_get_root(doc));
    pattern = pattern_parse_20(text, length, NULL);
    if (pattern)
        check(pattern, yyjson_doc_get_root(doc));
    return 0;
}
