/* survey.h - asking the witnesses of the own ledger how far they have seen it, to know whether it
 * may go on after a restore.
 *
 * Each is asked to cosign the checkpoint that is stored (node/cosigner.h): nothing is signed for
 * that. A witness that has seen more says so; one that has seen less is shown how it went on. */
#pragma once

#include "node/config.h"
#include "node/notary.h"
#include "store/witness.h"

typedef enum {
    SURVEY_AGREES,  /* it has cosigned what is here */
    SURVEY_AHEAD,   /* it has cosigned more */
    SURVEY_FORK,    /* it has cosigned a tree that does not lead to this one */
    SURVEY_UNKNOWN, /* it does not watch the ledger, not under this key, or has frozen it */
    SURVEY_SILENT,  /* no answer that says anything */
} SurveyAnswer;

/* "agrees", "ahead", "fork", "unknown", "silent". */
const char *survey_answer_name(SurveyAnswer answer);

typedef struct {
    guint64 size;         /* of the ledger */
    GPtrArray *witnesses; /* WitnessAsked, in the order they were added */
    GArray *answers;      /* SurveyAnswer of each */
    guint64 seen;         /* the largest size that a witness has told */
    const char *obstacle; /* static: why the ledger may not go on; NULL: it may */
} Survey;

void survey_clear(Survey *survey);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Survey, survey_clear)

/* Whether a witness has answered something that counts. */
gboolean survey_is_answered(const Survey *survey);

/* Asks all of them at once and waits for the last. What they answer is no failure. The ledger may
 * go on when none is ahead or has another tree, and those that agree are enough: the quorum of
 * [ledger] policy, or without one a single witness. */
gboolean survey_witnesses(const Config *config, Notary *notary, Survey *ret_survey, GError **error);
