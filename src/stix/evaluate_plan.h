/* evaluate_plan.h - what a pattern asks of several observations, brought to the few forms that the
 * search (evaluate_bind.h) knows.
 *
 * Brackets become leaves; START-STOP, which asks each observation alone, moves into them; REPEATS
 * of a leaf becomes its number of times, and so do equal leaves of one AND. */
#pragma once

#include "stix/evaluate_test.h"
#include "stix/pattern.h"

/* Leaves that one fulfilment may need, when REPEATS of several of them is written out. */
#define EVALUATE_PLAN_MAX_SLOTS 1000

typedef enum {
    EVALUATE_PLAN_LEAF,
    EVALUATE_PLAN_AND,
    EVALUATE_PLAN_OR,
    EVALUATE_PLAN_FOLLOWEDBY,
    EVALUATE_PLAN_REPEATS, /* of one child that is no leaf */
    EVALUATE_PLAN_WITHIN,  /* of one child */
} EvaluatePlanKind;

typedef struct EvaluatePlanNode EvaluatePlanNode;
struct EvaluatePlanNode {
    EvaluatePlanKind kind;
    const EvaluatePlanNode *children; /* the first */
    const EvaluatePlanNode *next;     /* the parent's next child */
    guint first_leaf, end_leaf;       /* the leaves below it; a leaf's own is first_leaf */
    guint64 times;                    /* LEAF, REPEATS */
    gint64 within;                    /* WITHIN: microseconds, at least 0 */
    guint64 fewest;                   /* observations that fulfil it at least */
    guint64 slots;                    /* leaves of its largest fulfilment, those of REPEATS often */
};

/* Which observations of a leaf can be of use later. */
typedef enum {
    EVALUATE_PLAN_KEEP_ALL,
    EVALUATE_PLAN_KEEP_ANY,   /* any `most` of them */
    EVALUATE_PLAN_KEEP_FIRST, /* the `most` that began first */
    EVALUATE_PLAN_KEEP_LAST,  /* the `most` that ended last */
} EvaluatePlanKeep;

typedef struct {
    EvaluateTest *test;
    const PatternNode *source;
    gint64 start, stop; /* an observation must end at or after start, and begin before stop */
    gboolean never;     /* START is not before STOP */
    gboolean alone;     /* one observation of it fulfils the whole pattern */
    gint64 window;      /* microseconds all observations lie within; G_MAXINT64: no bound */
    EvaluatePlanKeep keep;
} EvaluatePlanLeaf;

typedef struct {
    const EvaluatePlanNode *root;
    GArray *leaves;   /* EvaluatePlanLeaf */
    guint64 most;     /* observations of the largest fulfilment */
    gboolean windows; /* there is a WITHIN */
    GPtrArray *nodes; /* owns them */
} EvaluatePlan;

/* The plan of @pattern, which must outlive it. Fails with CONCERT_ERROR_INPUT when a constant
 * cannot be used, CONCERT_ERROR_LIMIT when too many observations are asked for. */
EvaluatePlan *evaluate_plan_new(const Pattern *pattern, GError **error);
void evaluate_plan_free(EvaluatePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluatePlan, evaluate_plan_free)

const EvaluatePlanLeaf *evaluate_plan_leaf(const EvaluatePlan *plan, guint leaf);
