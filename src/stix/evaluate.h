/* evaluate.h - patterns looked for in a stream of observations (STIX 2.1 section 9).
 *
 * An Evaluate holds many patterns; observations are fed to it one by one, in about the order of
 * their times, and each fulfilment is told when its last observation comes: one a pattern and
 * observation, even where several would do. A pattern that one observation fulfils costs no memory.
 * Others keep observations: those within the pattern's window (WITHIN around all of it) and
 * `lateness`, of some forms only as many as can matter, and never more than `most`. Whenever
 * something may be missed for that - or because a search or a comparison met its bound - it is
 * counted; without counts the result is what looking at all observations at once gives. */
#pragma once

#include "stix/evaluate_bind.h"
#include "stix/observed.h"
#include "stix/pattern.h"

#define EVALUATE_MAX_MOST 10000

typedef struct {
    gint64 lateness;       /* microseconds that an observation may come later than one of a later
                              time */
    guint most;            /* observations kept for one pattern, at most EVALUATE_MAX_MOST */
    guint most_altogether; /* and for all of them */
} EvaluateOptions;

/* An hour; 1000; a million. */
#define EVALUATE_OPTIONS_INIT                                                                      \
    {                                                                                              \
        .lateness = G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC, .most = 1000,                        \
        .most_altogether = 1000000                                                                 \
    }

typedef struct Evaluate Evaluate;

Evaluate *evaluate_new(const EvaluateOptions *options);
void evaluate_free(Evaluate *evaluate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Evaluate, evaluate_free)

/* Adds @pattern, whose ownership is taken, failure or not; @tag comes with its hits. Fails with
 * CONCERT_ERROR_INPUT when one of its constants cannot be used (a set of several types, a wrong
 * regular expression, WITHIN 0), CONCERT_ERROR_LIMIT when it asks for too many observations. */
gboolean evaluate_add(Evaluate *evaluate, Pattern *pattern, gpointer tag, GError **error);

guint evaluate_size(const Evaluate *evaluate);

typedef struct {
    gpointer tag;
    EvaluateBindSeen *const *observations; /* that fulfil it, in the order of time */
    guint n;
    gint64 first, last; /* of all of them */
} EvaluateHit;

typedef void (*EvaluateFound)(gpointer user, const EvaluateHit *hit);

/* Shows @observed to the patterns; @found is called for each that it completes, in the order in
 * which they were added. Nothing of @observed is needed afterwards. */
void evaluate_feed(Evaluate *evaluate, const Observed *observed, EvaluateFound found,
                   gpointer user);

typedef struct {
    guint64 observations; /* fed */
    guint64 hits;
    guint64 asked;       /* brackets compared with observations, after what the index left out */
    guint64 kept;        /* observations kept now, each once for each bracket that keeps it */
    guint64 problems;    /* comparisons without an answer, which count as false */
    const char *problem; /* the last such; NULL: none */
    guint64 given_up;    /* searches that met their bound */
    guint64 forgotten;   /* searches that observations may have been missing for */
} EvaluateCounts;

const EvaluateCounts *evaluate_counts(const Evaluate *evaluate);
