#include "stix/evaluate_plan.h"

#include <string.h>

#include "base/error.h"
#include "stix/pattern_print.h"

/* More observations than anything asks for: counts end here. */
#define MANY (G_GUINT64_CONSTANT(1) << 40)

/* The longest window, in seconds; a longer one is none. */
#define LONGEST_WINDOW 3e11

typedef struct {
    EvaluatePlan *plan;
    GError **error;
} Maker;

static guint64 capped_sum(guint64 a, guint64 b)
{
    return MIN(a + b, MANY);
}

static guint64 capped_product(guint64 a, guint64 b)
{
    return a != 0 && b > MANY / a ? MANY : MIN(a * b, MANY);
}

static EvaluatePlanNode *new_node(Maker *maker, EvaluatePlanKind kind)
{
    EvaluatePlanNode *node = g_new0(EvaluatePlanNode, 1);
    node->kind = kind;
    node->times = 1;
    node->first_leaf = node->end_leaf = maker->plan->leaves->len;
    g_ptr_array_add(maker->plan->nodes, node);
    return node;
}

static EvaluatePlanLeaf *leaf_at(EvaluatePlan *plan, guint leaf)
{
    return &g_array_index(plan->leaves, EvaluatePlanLeaf, leaf);
}

const EvaluatePlanLeaf *evaluate_plan_leaf(const EvaluatePlan *plan, guint leaf)
{
    return &g_array_index(plan->leaves, EvaluatePlanLeaf, leaf);
}

static EvaluatePlanNode *make_leaf(Maker *maker, const PatternNode *source)
{
    EvaluatePlanNode *node = new_node(maker, EVALUATE_PLAN_LEAF);
    EvaluatePlanLeaf leaf = {
        .test = evaluate_test_new(source, maker->error),
        .source = source,
        .start = G_MININT64,
        .stop = G_MAXINT64,
        .window = G_MAXINT64,
    };
    if (!leaf.test)
        return NULL;
    g_array_append_val(maker->plan->leaves, leaf);
    node->end_leaf = maker->plan->leaves->len;
    node->fewest = node->slots = 1;
    return node;
}

/* Whether two leaves ask the same, START and STOP included. */
static gboolean same_leaf(EvaluatePlan *plan, guint a, guint b)
{
    const EvaluatePlanLeaf *one = leaf_at(plan, a), *other = leaf_at(plan, b);
    if (one->start != other->start || one->stop != other->stop || one->never != other->never)
        return FALSE;
    g_autofree char *text = pattern_print_tree(one->source->children);
    g_autofree char *same = pattern_print_tree(other->source->children);
    return strcmp(text, same) == 0;
}

/* Leaves directly below an AND that equal the one before: "[a] AND [a]" is "[a] REPEATS 2 TIMES".
 * Without this, which of them takes which observation would be tried in vain. */
static gboolean merge_leaf(Maker *maker, EvaluatePlanNode *last, const EvaluatePlanNode *node)
{
    EvaluatePlan *plan = maker->plan;
    if (!last || last->kind != EVALUATE_PLAN_LEAF || node->kind != EVALUATE_PLAN_LEAF ||
        !same_leaf(plan, last->first_leaf, node->first_leaf))
        return FALSE;
    last->times = last->fewest = capped_sum(last->times, node->times);
    evaluate_test_free(leaf_at(plan, node->first_leaf)->test);
    g_array_set_size(plan->leaves, node->first_leaf);
    return TRUE;
}

static EvaluatePlanNode *make(Maker *maker, const PatternNode *source);

static void count_child(EvaluatePlanNode *node, const EvaluatePlanNode *child, gboolean first)
{
    if (node->kind == EVALUATE_PLAN_OR) {
        node->fewest = first ? child->fewest : MIN(node->fewest, child->fewest);
        node->slots = MAX(node->slots, child->slots);
    } else {
        node->fewest = capped_sum(node->fewest, child->fewest);
        node->slots = capped_sum(node->slots, child->slots);
    }
}

static EvaluatePlanNode *make_several(Maker *maker, const PatternNode *source,
                                      EvaluatePlanKind kind)
{
    EvaluatePlanNode *node = new_node(maker, kind), *last = NULL;
    for (const PatternNode *child = source->children; child; child = child->next) {
        EvaluatePlanNode *made = make(maker, child);
        if (!made)
            return NULL;
        if (kind == EVALUATE_PLAN_AND && merge_leaf(maker, last, made))
            continue;
        if (last)
            last->next = made;
        else
            node->children = made;
        last = made;
    }
    for (const EvaluatePlanNode *child = node->children; child; child = child->next)
        count_child(node, child, child == node->children);
    node->end_leaf = maker->plan->leaves->len;
    /* One that took in all the others stands for them. */
    return kind == EVALUATE_PLAN_AND && last == node->children ? last : node;
}

static gboolean refuse(Maker *maker, const char *message)
{
    g_set_error_literal(maker->error, CONCERT_ERROR, CONCERT_ERROR_INPUT, message);
    return FALSE;
}

static EvaluatePlanNode *make_parent(Maker *maker, EvaluatePlanKind kind, EvaluatePlanNode *child)
{
    EvaluatePlanNode *node = new_node(maker, kind);
    node->first_leaf = child->first_leaf;
    node->end_leaf = child->end_leaf;
    node->fewest = child->fewest;
    node->slots = child->slots;
    node->children = child;
    return node;
}

static EvaluatePlanNode *add_within(Maker *maker, EvaluatePlanNode *node,
                                    const PatternLiteral *value)
{
    double seconds = value->kind == PATTERN_INTEGER ? (double)value->integer : value->real;
    if (!(seconds > 0)) {
        refuse(maker, "WITHIN needs a number of seconds above 0");
        return NULL;
    }
    /* One observation, whenever it was, is within any time. */
    if (seconds > LONGEST_WINDOW || (node->kind == EVALUATE_PLAN_LEAF && node->times == 1))
        return node;
    gint64 us = (gint64)(seconds * G_USEC_PER_SEC + 0.5);
    if (node->kind == EVALUATE_PLAN_WITHIN) {
        node->within = MIN(node->within, us);
        return node;
    }
    EvaluatePlanNode *within = make_parent(maker, EVALUATE_PLAN_WITHIN, node);
    within->within = us;
    maker->plan->windows = TRUE;
    return within;
}

static EvaluatePlanNode *add_repeats(Maker *maker, EvaluatePlanNode *node,
                                     const PatternLiteral *value)
{
    if (value->kind != PATTERN_INTEGER || value->integer < 1) {
        refuse(maker, "REPEATS needs a number of times above 0");
        return NULL;
    }
    guint64 times = MIN((guint64)value->integer, MANY);
    if (node->kind != EVALUATE_PLAN_LEAF && times > 1)
        node = make_parent(maker, EVALUATE_PLAN_REPEATS, node);
    if (times > 1) {
        node->times = capped_product(node->times, times);
        node->fewest = capped_product(node->fewest, times);
        if (node->kind == EVALUATE_PLAN_REPEATS)
            node->slots = capped_product(node->slots, times);
    }
    return node;
}

static void add_start_stop(Maker *maker, const EvaluatePlanNode *node,
                           const PatternQualifier *qualifier)
{
    for (guint i = node->first_leaf; i < node->end_leaf; i++) {
        EvaluatePlanLeaf *leaf = leaf_at(maker->plan, i);
        leaf->start = MAX(leaf->start, qualifier->value->us);
        leaf->stop = MIN(leaf->stop, qualifier->stop->us);
        leaf->never = leaf->never || qualifier->value->us >= qualifier->stop->us;
    }
}

static EvaluatePlanNode *make(Maker *maker, const PatternNode *source)
{
    EvaluatePlanNode *node;
    switch (source->kind) {
    case PATTERN_OBSERVATION:
        node = make_leaf(maker, source);
        break;
    case PATTERN_GROUP:
        node = make(maker, source->children);
        break;
    case PATTERN_AND:
        node = make_several(maker, source, EVALUATE_PLAN_AND);
        break;
    case PATTERN_OR:
        node = make_several(maker, source, EVALUATE_PLAN_OR);
        break;
    default:
        node = make_several(maker, source, EVALUATE_PLAN_FOLLOWEDBY);
        break;
    }
    for (const PatternQualifier *each = source->qualifiers; each && node; each = each->next) {
        if (each->kind == PATTERN_WITHIN)
            node = add_within(maker, node, each->value);
        else if (each->kind == PATTERN_REPEATS)
            node = add_repeats(maker, node, each->value);
        else
            add_start_stop(maker, node, each);
    }
    return node;
}

/* What holds for the leaves below @node when it is the whole pattern, or one branch of its ORs:
 * @window lies around all of them. */
static void mark_window(EvaluatePlan *plan, const EvaluatePlanNode *node, gint64 window)
{
    if (node->kind == EVALUATE_PLAN_WITHIN) {
        mark_window(plan, node->children, MIN(window, node->within));
    } else if (node->kind == EVALUATE_PLAN_OR) {
        for (const EvaluatePlanNode *child = node->children; child; child = child->next)
            mark_window(plan, child, window);
    } else {
        for (guint i = node->first_leaf; i < node->end_leaf; i++)
            leaf_at(plan, i)->window = window;
        if (node->kind == EVALUATE_PLAN_LEAF && node->times == 1)
            leaf_at(plan, node->first_leaf)->alone = TRUE;
    }
}

/* Which leaves only ever come before others, or only after, tells which of their observations can
 * be replaced by others. Windows make every one of them count. */
static void mark_keep(EvaluatePlan *plan, const EvaluatePlanNode *node, gboolean before,
                      gboolean after)
{
    if (node->kind == EVALUATE_PLAN_LEAF) {
        leaf_at(plan, node->first_leaf)->keep = before && after ? EVALUATE_PLAN_KEEP_ALL
                                                : before        ? EVALUATE_PLAN_KEEP_FIRST
                                                : after         ? EVALUATE_PLAN_KEEP_LAST
                                                                : EVALUATE_PLAN_KEEP_ANY;
        return;
    }
    gboolean ordered = node->kind == EVALUATE_PLAN_FOLLOWEDBY;
    for (const EvaluatePlanNode *child = node->children; child; child = child->next)
        mark_keep(plan, child, before || (ordered && child->next),
                  after || (ordered && child != node->children));
}

/* The most observations that a fulfilment of @node has. */
static guint64 most_of(const EvaluatePlanNode *node)
{
    if (node->kind == EVALUATE_PLAN_LEAF)
        return node->times;
    guint64 most = 0;
    for (const EvaluatePlanNode *child = node->children; child; child = child->next)
        most = node->kind == EVALUATE_PLAN_OR ? MAX(most, most_of(child))
                                              : capped_sum(most, most_of(child));
    return capped_product(most, node->times);
}

EvaluatePlan *evaluate_plan_new(const Pattern *pattern, GError **error)
{
    g_autoptr(EvaluatePlan) plan = g_new0(EvaluatePlan, 1);
    plan->leaves = g_array_new(FALSE, FALSE, sizeof(EvaluatePlanLeaf));
    plan->nodes = g_ptr_array_new_with_free_func(g_free);
    Maker maker = {plan, error};

    plan->root = make(&maker, pattern_root(pattern));
    if (!plan->root)
        return NULL;
    if (plan->root->slots > EVALUATE_PLAN_MAX_SLOTS) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the pattern needs more than %d observations at once", EVALUATE_PLAN_MAX_SLOTS);
        return NULL;
    }
    plan->most = most_of(plan->root);
    mark_window(plan, plan->root, G_MAXINT64);
    if (!plan->windows)
        mark_keep(plan, plan->root, FALSE, FALSE);
    return g_steal_pointer(&plan);
}

void evaluate_plan_free(EvaluatePlan *plan)
{
    if (!plan)
        return;
    for (guint i = 0; i < plan->leaves->len; i++)
        evaluate_test_free(leaf_at(plan, i)->test);
    g_array_unref(plan->leaves);
    g_ptr_array_unref(plan->nodes);
    g_free(plan);
}
