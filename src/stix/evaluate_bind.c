#include "stix/evaluate_bind.h"

/* An observation in the lists of one pattern. */
typedef struct {
    EvaluateBindSeen *seen;
    guint64 used; /* in the fulfilment being tried */
    guint lists;  /* that it stands in */
} Held;

struct EvaluateBind {
    const EvaluatePlan *plan;
    GPtrArray **candidates; /* of each leaf: Held *, in the order in which they began */
    guint size;             /* of all of them */
    guint64 instances;      /* of the observations in them, as often as they were seen */
    gint64 *forgotten;      /* of each leaf, the latest end of what was forgotten of it;
                               G_MININT64: nothing was */
};

EvaluateBindSeen *evaluate_bind_seen_new(const char *id, gint64 first, gint64 last, guint64 count)
{
    EvaluateBindSeen *seen = g_new(EvaluateBindSeen, 1);
    *seen = (EvaluateBindSeen){g_strdup(id), first, last, count, 1};
    return seen;
}

void evaluate_bind_seen_unref(EvaluateBindSeen *seen)
{
    if (!seen || --seen->refs > 0)
        return;
    g_free(seen->id);
    g_free(seen);
}

EvaluateBind *evaluate_bind_new(const EvaluatePlan *plan)
{
    EvaluateBind *bind = g_new0(EvaluateBind, 1);
    bind->plan = plan;
    bind->candidates = g_new(GPtrArray *, plan->leaves->len);
    bind->forgotten = g_new(gint64, plan->leaves->len);
    for (guint i = 0; i < plan->leaves->len; i++) {
        bind->candidates[i] = g_ptr_array_new();
        bind->forgotten[i] = G_MININT64;
    }
    return bind;
}

static void free_held(EvaluateBind *bind, Held *held)
{
    bind->instances -= held->seen->count;
    evaluate_bind_seen_unref(held->seen);
    g_free(held);
}

static void leave_list(EvaluateBind *bind, guint leaf, guint position)
{
    Held *held = g_ptr_array_remove_index(bind->candidates[leaf], position);
    bind->size--;
    if (--held->lists == 0)
        free_held(bind, held);
}

void evaluate_bind_free(EvaluateBind *bind)
{
    if (!bind)
        return;
    for (guint i = 0; i < bind->plan->leaves->len; i++) {
        while (bind->candidates[i]->len > 0)
            leave_list(bind, i, bind->candidates[i]->len - 1);
        g_ptr_array_unref(bind->candidates[i]);
    }
    g_free(bind->candidates);
    g_free(bind->forgotten);
    g_free(bind);
}

guint evaluate_bind_size(const EvaluateBind *bind)
{
    return bind->size;
}

/* One search. */
typedef struct {
    const EvaluateBind *bind;
    Held *newest;
    guint leaf;       /* the leaf that the newest observation takes */
    GPtrArray *taken; /* Held *, in the order of the leaves they were taken for */
    guint steps;
    gboolean given_up;
    gboolean
        placed; /* the newest observation has been taken for its leaf, which no choice undoes */
    gboolean conflict; /* an observation was passed over because it is used already */
} Search;

/* What is still to be done, in order. */
typedef enum {
    GOAL_NODE,  /* fulfil `node` */
    GOAL_REST,  /* fulfil the children of `node` from `child` on */
    GOAL_AGAIN, /* fulfil the child of `node`, a REPEATS, `left` times */
} GoalKind;

typedef struct Goal Goal;
struct Goal {
    GoalKind kind;
    gboolean newest; /* the newest observation must be part of it */
    const EvaluatePlanNode *node, *child;
    gint64 from, to; /* observations must end at or after, and begin at or before */
    guint64 left;
    guint mark; /* of REST: where the observations of the node's earlier children begin */
    const Goal *next;
};

static gboolean solve(Search *search, const Goal *goal);

static gboolean has_newest(const Search *search, const EvaluatePlanNode *node)
{
    return node->first_leaf <= search->leaf && search->leaf < node->end_leaf;
}

static void take(Search *search, Held *held, guint64 times)
{
    held->used += times;
    g_ptr_array_add(search->taken, held);
}

static void untake(Search *search, Held *held, guint64 times)
{
    held->used -= times;
    g_ptr_array_set_size(search->taken, (gint)search->taken->len - 1);
}

static gboolean fits(const EvaluateBindSeen *seen, const Goal *goal)
{
    return seen->last >= goal->from && seen->first <= goal->to;
}

/* Takes @left observations for the leaf of @goal, from candidate @from on. */
static gboolean solve_leaf(Search *search, const Goal *goal, guint64 left, guint from)
{
    const GPtrArray *candidates = search->bind->candidates[goal->node->first_leaf];
    if (left == 0)
        return solve(search, goal->next);
    for (guint i = from; i < candidates->len && !search->given_up; i++) {
        Held *held = candidates->pdata[i];
        if (++search->steps > EVALUATE_BIND_MAX_STEPS) {
            search->given_up = TRUE;
            return FALSE;
        }
        if (held->seen->first > goal->to)
            return FALSE;
        if (!fits(held->seen, goal))
            continue;
        guint64 free = held->seen->count - held->used;
        if (free < left && held->used > (search->placed && held == search->newest))
            search->conflict = TRUE;
        gboolean before = search->conflict;
        search->conflict = FALSE;
        for (guint64 times = MIN(free, left); times > 0; times--) {
            take(search, held, times);
            if (solve_leaf(search, goal, left - times, i + 1))
                return TRUE;
            untake(search, held, times);
            /* What failed without a conflict fails with later observations, too. */
            if (!search->conflict || search->given_up) {
                search->conflict = before;
                return FALSE;
            }
        }
        search->conflict = search->conflict || before;
    }
    return FALSE;
}

static gboolean solve_newest_leaf(Search *search, const Goal *goal)
{
    Held *newest = search->newest;
    if (!fits(newest->seen, goal))
        return FALSE;
    if (newest->used >= newest->seen->count) {
        search->conflict = TRUE;
        return FALSE;
    }
    take(search, newest, 1);
    search->placed = TRUE;
    if (solve_leaf(search, goal, goal->node->times - 1, 0))
        return TRUE;
    search->placed = FALSE;
    untake(search, newest, 1);
    return FALSE;
}

static gboolean solve_or(Search *search, const Goal *goal)
{
    for (const EvaluatePlanNode *child = goal->node->children; child; child = child->next) {
        if (goal->newest && !has_newest(search, child))
            continue;
        Goal one = *goal;
        one.node = child;
        if (solve(search, &one))
            return TRUE;
        if (search->given_up)
            return FALSE;
    }
    return FALSE;
}

/* The child of an AND that has the newest observation comes first, for it leaves the least choice.
 */
static const EvaluatePlanNode *next_child(const Search *search, const Goal *goal,
                                          const EvaluatePlanNode *child)
{
    if (goal->newest && goal->node->kind == EVALUATE_PLAN_AND)
        while (child && has_newest(search, child))
            child = child->next;
    return child;
}

static gboolean solve_rest(Search *search, const Goal *goal)
{
    const EvaluatePlanNode *child = next_child(search, goal, goal->child);
    if (!child)
        return solve(search, goal->next);
    Goal rest = *goal;
    rest.child = child->next;
    Goal one = *goal;
    one.kind = GOAL_NODE;
    one.node = child;
    one.newest = goal->newest && has_newest(search, child);
    one.next = &rest;
    if (goal->node->kind == EVALUATE_PLAN_FOLLOWEDBY) {
        for (guint i = goal->mark; i < search->taken->len; i++) {
            const Held *earlier = search->taken->pdata[i];
            one.from = MAX(one.from, earlier->seen->first);
        }
        if (goal->newest && child->end_leaf <= search->leaf)
            one.to = MIN(one.to, search->newest->seen->last);
    }
    return solve(search, &one);
}

static gboolean solve_children(Search *search, const Goal *goal)
{
    Goal rest = *goal;
    rest.kind = GOAL_REST;
    rest.child = goal->node->children;
    rest.mark = search->taken->len;
    if (!goal->newest || goal->node->kind != EVALUATE_PLAN_AND)
        return solve_rest(search, &rest);
    Goal one = *goal;
    one.node = goal->node->children;
    while (!has_newest(search, one.node))
        one.node = one.node->next;
    one.next = &rest;
    return solve(search, &one);
}

static gboolean solve_again(Search *search, const Goal *goal)
{
    if (goal->left == 0)
        return solve(search, goal->next);
    Goal again = *goal;
    again.kind = GOAL_AGAIN;
    again.left = goal->left - 1;
    again.newest = FALSE;
    Goal one = *goal;
    one.kind = GOAL_NODE;
    one.node = goal->node->children;
    one.next = &again;
    return solve(search, &one);
}

static gint compare_times(gconstpointer a, gconstpointer b)
{
    gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;
    return (one > other) - (one < other);
}

/* When windows may begin: where an observation below the node of @goal ends. *ret_last is when the
 * last of them begins. */
static GArray *window_starts(Search *search, const Goal *goal, gint64 *ret_last)
{
    const EvaluateBindSeen *newest = search->newest->seen;
    GArray *starts = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 last = G_MININT64;

    for (guint leaf = goal->node->first_leaf; leaf < goal->node->end_leaf; leaf++) {
        const GPtrArray *candidates = search->bind->candidates[leaf];
        for (guint i = 0; i < candidates->len; i++) {
            const EvaluateBindSeen *seen = ((const Held *)candidates->pdata[i])->seen;
            search->steps++;
            if (!fits(seen, goal))
                continue;
            last = MAX(last, seen->first);
            if (goal->newest &&
                (seen->last > newest->last || seen->last < newest->first - goal->node->within))
                continue;
            g_array_append_val(starts, seen->last);
        }
    }
    g_array_sort(starts, compare_times);
    *ret_last = last;
    return starts;
}

/* Tries each place where the window may lie; then every observation can be judged alone. */
static gboolean solve_within(Search *search, const Goal *goal)
{
    gint64 last, reached = G_MININT64;
    g_autoptr(GArray) starts = window_starts(search, goal, &last);

    for (guint i = 0; i < starts->len && !search->given_up; i++) {
        gint64 start = g_array_index(starts, gint64, i);
        if (i > 0 && reached >= last)
            return FALSE; /* a later window has nothing that this one had not */
        Goal one = *goal;
        one.node = goal->node->children;
        one.from = MAX(goal->from, start);
        one.to = MIN(goal->to, start + goal->node->within);
        reached = MAX(reached, one.to);
        if (solve(search, &one))
            return TRUE;
    }
    return FALSE;
}

static gboolean solve(Search *search, const Goal *goal)
{
    if (!goal)
        return TRUE;
    if (++search->steps > EVALUATE_BIND_MAX_STEPS) {
        search->given_up = TRUE;
        return FALSE;
    }
    if (goal->kind == GOAL_REST)
        return solve_rest(search, goal);
    if (goal->kind == GOAL_AGAIN)
        return solve_again(search, goal);
    switch (goal->node->kind) {
    case EVALUATE_PLAN_LEAF:
        return goal->newest ? solve_newest_leaf(search, goal)
                            : solve_leaf(search, goal, goal->node->times, 0);
    case EVALUATE_PLAN_OR:
        return solve_or(search, goal);
    case EVALUATE_PLAN_WITHIN:
        return solve_within(search, goal);
    case EVALUATE_PLAN_REPEATS: {
        Goal again = *goal;
        again.left = goal->node->times;
        return solve_again(search, &again);
    }
    default:
        return solve_children(search, goal);
    }
}

static gint compare_seen(gconstpointer a, gconstpointer b)
{
    const EvaluateBindSeen *one = *(EvaluateBindSeen *const *)a;
    const EvaluateBindSeen *other = *(EvaluateBindSeen *const *)b;
    if (one->first != other->first)
        return one->first < other->first ? -1 : 1;
    return (one->last > other->last) - (one->last < other->last);
}

/* Hands out what was taken, each once. */
static void report(Search *search, GPtrArray *ret_found)
{
    for (guint i = 0; i < search->taken->len; i++) {
        Held *held = search->taken->pdata[i];
        if (held->used == 0)
            continue;
        held->used = 0;
        held->seen->refs++;
        g_ptr_array_add(ret_found, held->seen);
    }
    g_ptr_array_sort(ret_found, compare_seen);
}

/* Whether there are observations for each leaf that cannot be left out. */
static gboolean can_be(const EvaluateBind *bind, const EvaluatePlanNode *node)
{
    if (node->kind == EVALUATE_PLAN_LEAF)
        return bind->candidates[node->first_leaf]->len > 0;
    for (const EvaluatePlanNode *child = node->children; child; child = child->next) {
        gboolean can = can_be(bind, child);
        if (node->kind == EVALUATE_PLAN_OR ? can : !can)
            return can;
    }
    return node->kind != EVALUATE_PLAN_OR;
}

static void join_list(EvaluateBind *bind, guint leaf, Held *held)
{
    GPtrArray *candidates = bind->candidates[leaf];
    guint at = candidates->len;
    while (at > 0 && ((Held *)candidates->pdata[at - 1])->seen->first > held->seen->first)
        at--;
    g_ptr_array_insert(candidates, (gint)at, held);
    held->lists++;
    bind->size++;
}

/* Leaves out of a list what better ones make useless. */
static void thin_list(EvaluateBind *bind, guint leaf)
{
    const GPtrArray *candidates = bind->candidates[leaf];
    EvaluatePlanKeep keep = evaluate_plan_leaf(bind->plan, leaf)->keep;
    if (keep == EVALUATE_PLAN_KEEP_ALL)
        return;
    while (candidates->len > bind->plan->most) {
        guint worst = candidates->len - 1;
        if (keep == EVALUATE_PLAN_KEEP_LAST) {
            for (guint i = 0; i < candidates->len; i++) {
                const Held *held = candidates->pdata[i], *least = candidates->pdata[worst];
                if (held->seen->last < least->seen->last)
                    worst = i;
            }
        }
        leave_list(bind, leaf, worst);
    }
}

/* Whether what was forgotten could have stood beside @seen in a fulfilment. Leaves of one branch
 * have one window; those with other windows stand in other branches. */
static gboolean may_miss(const EvaluateBind *bind, const EvaluateBindSeen *seen,
                         const guint *leaves, guint n)
{
    for (guint i = 0; i < n; i++) {
        gint64 window = evaluate_plan_leaf(bind->plan, leaves[i])->window;
        for (guint other = 0; other < bind->plan->leaves->len; other++) {
            gint64 forgotten = bind->forgotten[other];
            if (forgotten != G_MININT64 &&
                evaluate_plan_leaf(bind->plan, other)->window == window &&
                (window == G_MAXINT64 || forgotten >= seen->first - window))
                return TRUE;
        }
    }
    return FALSE;
}

EvaluateBindOutcome evaluate_bind_add(EvaluateBind *bind, EvaluateBindSeen *seen,
                                      const guint *leaves, guint n, GPtrArray *ret_found)
{
    EvaluateBindOutcome outcome = {0};
    Held *held = g_new0(Held, 1);
    g_autoptr(GPtrArray) taken = g_ptr_array_new();

    held->seen = seen;
    held->lists = 1; /* this call's own */
    seen->refs++;
    bind->instances += seen->count;
    for (guint i = 0; i < n; i++)
        join_list(bind, leaves[i], held);
    gboolean can = bind->instances >= bind->plan->root->fewest && can_be(bind, bind->plan->root);
    for (guint i = 0; i < n && can && !outcome.found; i++) {
        Search search = {.bind = bind, .newest = held, .leaf = leaves[i], .taken = taken};
        Goal goal = {
            .node = bind->plan->root, .newest = TRUE, .from = G_MININT64, .to = G_MAXINT64};
        outcome.found = solve(&search, &goal);
        outcome.given_up = outcome.given_up || search.given_up;
        if (outcome.found)
            report(&search, ret_found);
    }
    outcome.given_up = outcome.given_up && !outcome.found;
    outcome.forgotten = !outcome.found && may_miss(bind, seen, leaves, n);
    for (guint i = 0; i < n; i++)
        thin_list(bind, leaves[i]);
    if (--held->lists == 0)
        free_held(bind, held);
    return outcome;
}

static void forget_oldest(EvaluateBind *bind, guint leaf)
{
    const Held *held = bind->candidates[leaf]->pdata[0];
    bind->forgotten[leaf] = MAX(bind->forgotten[leaf], held->seen->last);
    leave_list(bind, leaf, 0);
}

void evaluate_bind_expire(EvaluateBind *bind, gint64 now, gint64 lateness, guint most)
{
    guint n = bind->plan->leaves->len;
    for (guint leaf = 0; leaf < n; leaf++) {
        gint64 window = evaluate_plan_leaf(bind->plan, leaf)->window;
        const GPtrArray *candidates = bind->candidates[leaf];
        while (window < G_MAXINT64 - lateness && candidates->len > 0 &&
               ((const Held *)candidates->pdata[0])->seen->last < now - window - lateness)
            forget_oldest(bind, leaf);
    }
    for (guint leaf = 0; leaf < n && bind->size > most; leaf++)
        while (bind->candidates[leaf]->len > MAX(most / n, 1))
            forget_oldest(bind, leaf);
}
