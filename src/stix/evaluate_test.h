/* evaluate_test.h - one comparison expression, and trees of them between the brackets of an
 * observation, made ready to be asked about many observations.
 *
 * LIKE and MATCHES compare after normalisation to NFC (STIX 2.1 section 9.6.1); MATCHES searches,
 * "." matches line feeds. Regular expressions of PCRE may take for ever, so that each has limits
 * on what it may try; one that meets them too often is not asked any more. */
#pragma once

#include "stix/observed.h"
#include "stix/pattern.h"

/* Longest text that MATCHES looks at, and what a regular expression may try from each of its
 * places. Beyond either, and when one search takes that many milliseconds, there is no answer. */
#define EVALUATE_TEST_MAX_TEXT    8192
#define EVALUATE_TEST_MATCH_LIMIT "20000"
#define EVALUATE_TEST_MAX_MS      200
#define EVALUATE_TEST_MAX_STRIKES 5 /* searches without an answer, then MATCHES is switched off */

/* Steps LIKE may take over one text. */
#define EVALUATE_TEST_MAX_LIKE 10000000

typedef struct EvaluateTest EvaluateTest;

/* What was found while looking, beside yes and no. */
typedef struct {
    guint64 problems; /* comparisons that had no answer, and count as false */
    const char *what; /* the last such, static text */
} EvaluateTrouble;

/* Makes the tree @node, the inside of an observation's brackets, ready; it must outlive the
 * result. Fails with CONCERT_ERROR_INPUT when a constant cannot be used: sets of several types,
 * what is no regular expression or no address. */
EvaluateTest *evaluate_test_new(const PatternNode *node, GError **error);
void evaluate_test_free(EvaluateTest *test);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluateTest, evaluate_test_free)

/* Whether one object of @observed fulfils all of it. */
gboolean evaluate_test_holds(EvaluateTest *test, const Observed *observed,
                             EvaluateTrouble *trouble);
