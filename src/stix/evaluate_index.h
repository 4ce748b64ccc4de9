/* evaluate_index.h - which of many patterns an observation could be of interest to.
 *
 * Each leaf (one pair of brackets) of each pattern is entered under what it cannot do without: an
 * object with a certain value at a certain path where it tests equality, else an object of a
 * certain type. An observation is shown to the leaves entered under what it has; the others cannot
 * be fulfilled by it. */
#pragma once

#include "stix/observed.h"
#include "stix/pattern.h"

/* Different paths of one object type that are looked up; tests of others go by the type. */
#define EVALUATE_INDEX_MAX_PATHS 100

typedef struct {
    guint pattern, leaf;
} EvaluateIndexEntry;

typedef struct EvaluateIndex EvaluateIndex;

EvaluateIndex *evaluate_index_new(void);
void evaluate_index_free(EvaluateIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluateIndex, evaluate_index_free)

/* Enters @entry, whose comparisons are @node, which must outlive the index. */
void evaluate_index_add(EvaluateIndex *index, const PatternNode *node, EvaluateIndexEntry entry);

/* Appends to @ret_entries (EvaluateIndexEntry) those that @observed could fulfil; some may be there
 * several times. FALSE when an object's references lead to more values than are followed: some may
 * be missing. */
gboolean evaluate_index_find(const EvaluateIndex *index, const Observed *observed,
                             GArray *ret_entries);
