/* evaluate_bind.h - finds observations that together fulfil a pattern, each taken for as many parts
 * of it as it was seen times.
 *
 * The search looks only for fulfilments that the newest observation is part of; the older ones were
 * found before. Of a leaf's observations the one that began first is tried first: with the windows
 * fixed there is no better one, unless another part of the pattern needs the same observation. Only
 * then others are tried, and such trying is bounded.
 *
 * Times (STIX 2.1 section 9.5): an observation that lasted may have happened whenever suits. So
 * WITHIN holds when an interval of its length touches all of them; A FOLLOWEDBY B when no
 * observation of A begins after one of B has ended; START-STOP when the observation ended at or
 * after START and began before STOP. */
#pragma once

#include "stix/evaluate_plan.h"

/* Steps of one search; beyond, it is given up, which is counted. */
#define EVALUATE_BIND_MAX_STEPS 30000

/* An observation that may be needed again. */
typedef struct {
    char *id; /* NULL: it has none */
    gint64 first, last;
    guint64 count;
    guint refs;
} EvaluateBindSeen;

EvaluateBindSeen *evaluate_bind_seen_new(const char *id, gint64 first, gint64 last, guint64 count);
void evaluate_bind_seen_unref(EvaluateBindSeen *seen);

/* The observations kept for one pattern. */
typedef struct EvaluateBind EvaluateBind;

EvaluateBind *evaluate_bind_new(const EvaluatePlan *plan);
void evaluate_bind_free(EvaluateBind *bind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluateBind, evaluate_bind_free)

/* Observations kept; one that is kept for several leaves counts as often. */
guint evaluate_bind_size(const EvaluateBind *bind);

typedef struct {
    gboolean found;
    gboolean given_up;  /* the search met its bound: there may be a fulfilment */
    gboolean forgotten; /* observations that might have been part of one are not kept any more */
} EvaluateBindOutcome;

/* Takes @seen, which fulfils the @n @leaves (in ascending order), and looks for a fulfilment that
 * it is part of: if there is one, its observations are added to @ret_found (EvaluateBindSeen *, new
 * references, each once, in the order of time). */
EvaluateBindOutcome evaluate_bind_add(EvaluateBind *bind, EvaluateBindSeen *seen,
                                      const guint *leaves, guint n, GPtrArray *ret_found);

/* Forgets what ended longer before @now than the pattern's windows and @lateness reach, and as many
 * of the others, the oldest, as there are more than @most. */
void evaluate_bind_expire(EvaluateBind *bind, gint64 now, gint64 lateness, guint most);
