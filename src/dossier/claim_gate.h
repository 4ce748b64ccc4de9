/* claim_gate.h - what has to hold before a claim may be shown to anybody but those who prepare it,
 * the party named and the panel.
 *
 * The conditions are one list: the guards of "restricted", "published" and "relayed" go through it,
 * `concert claim check` tells it one by one, docs/claims.md is about it. There is no other way to
 * these states. */
#pragma once

#include "dossier/claim_view.h"

#define CLAIM_GATE_SILENCE (14 * 24 * 3600) /* seconds without a reply; */
#define CLAIM_GATE_HARM    (72 * 3600)      /* while harm goes on */

typedef struct {
    const char *name; /* "roots" */
    const char *rule; /* what satisfies it */
    /* Of the claim as the view has it; the view's act, if any, is what would show it. The error,
     * CONCERT_ERROR_DENIED, says what is missing. */
    gboolean (*check)(const ClaimView *view, GError **error);
} ClaimCondition;

/* All of them; ends with a NULL name. */
const ClaimCondition *claim_gate_conditions(void);

/* The rules of steps that one condition or more guards. */
extern const ProcedureGuard claim_gate_evidence; /* the writing is done: roots, hypotheses */
extern const ProcedureGuard claim_gate_reviews;
extern const ProcedureGuard claim_gate_silence;
extern const ProcedureGuard claim_gate_all;
