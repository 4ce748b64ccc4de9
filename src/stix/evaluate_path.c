#include "stix/evaluate_path.h"

typedef struct {
    const Observed *observed;
    EvaluatePathVisit visit;
    gpointer user;
    guint left; /* of EVALUATE_PATH_MAX_STEPS */
} Walk;

/* What @at stands for when a step is to be taken from it. */
static yyjson_val *follow(const Walk *walk, const EvaluatePathValue *at)
{
    if (!yyjson_is_str(at->value) || !at->name)
        return at->value;
    if (!g_str_has_suffix(at->name, "_ref") && !g_str_has_suffix(at->name, "_refs"))
        return at->value;
    return observed_find(walk->observed, yyjson_get_str(at->value));
}

static EvaluatePathResult walk_from(Walk *walk, EvaluatePathValue at, const PatternStep *step,
                                    guint lists);

static EvaluatePathResult walk_list(Walk *walk, const EvaluatePathValue *at,
                                    const PatternStep *step, guint lists)
{
    EvaluatePathValue next = *at;
    size_t i, n;
    if (lists >= EVALUATE_PATH_MAX_LISTS)
        return EVALUATE_PATH_TOO_FAR;
    yyjson_arr_foreach (at->value, i, n, next.value) {
        EvaluatePathResult result = walk_from(walk, next, step->next, lists + 1);
        if (result != EVALUATE_PATH_DONE)
            return result;
    }
    return EVALUATE_PATH_DONE;
}

/* Goes deeper only at "[*]". */
static EvaluatePathResult walk_from(Walk *walk, EvaluatePathValue at, const PatternStep *step,
                                    guint lists)
{
    for (; step; step = step->next) {
        if (walk->left == 0)
            return EVALUATE_PATH_TOO_FAR;
        walk->left--;
        if (step->kind == PATTERN_STEP_NAME) {
            at.holder = follow(walk, &at);
            at.value = yyjson_obj_get(at.holder, step->name);
            at.name = step->name;
        } else if (step->kind == PATTERN_STEP_INDEX) {
            at.value = step->index >= 0 ? yyjson_arr_get(at.value, (size_t)step->index) : NULL;
        } else {
            return yyjson_is_arr(at.value) ? walk_list(walk, &at, step, lists) : EVALUATE_PATH_DONE;
        }
        if (!at.value)
            return EVALUATE_PATH_DONE;
    }
    return walk->visit(walk->user, &at) ? EVALUATE_PATH_ENDED : EVALUATE_PATH_DONE;
}

EvaluatePathResult evaluate_path_walk(const Observed *observed, yyjson_val *object,
                                      const PatternStep *steps, EvaluatePathVisit visit,
                                      gpointer user)
{
    Walk walk = {
        .observed = observed, .visit = visit, .user = user, .left = EVALUATE_PATH_MAX_STEPS};
    return walk_from(&walk, (EvaluatePathValue){.value = object}, steps, 0);
}
