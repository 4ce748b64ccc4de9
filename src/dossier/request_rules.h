/* request_rules.h - what the table of requests (request.c) demands besides: predicates of the
 * events so far and the one that is judged. */
#pragma once

#include "dossier/engine.h"

extern const ProcedureGuard request_rules_in_force;      /* of the profile, on both sides */
extern const ProcedureGuard request_rules_complete;      /* all that kind and profile need */
extern const ProcedureGuard request_rules_wanted_later;  /* "wanted_by" */
extern const ProcedureGuard request_rules_basis;         /* confirms or contests the profile */
extern const ProcedureGuard request_rules_ground;        /* of a refusal, among the profile's */
extern const ProcedureGuard request_rules_provision;     /* of a refusal */
extern const ProcedureGuard request_rules_until_later;   /* "until" lies ahead */
extern const ProcedureGuard request_rules_not_coercive;  /* may be answered */
extern const ProcedureGuard request_rules_preservation;  /* is one */
extern const ProcedureGuard request_rules_long_enough;   /* as the profile has it */
extern const ProcedureGuard request_rules_extends;       /* is later than it was */
extern const ProcedureGuard request_rules_expired;       /* the date has passed */
extern const ProcedureGuard request_rules_formal_is_due; /* data is preserved, or asked for */

/* Whether a kind of request is addressed to a competent authority. */
gboolean request_rules_is_coercive(const char *kind);

/* The members that a request of @kind needs under the profile that @payload names, if any, and does
 * not have: "offence", "necessity". NULL if it is complete. Caller frees. */
char *request_rules_missing(yyjson_val *payload);

/* Whether the legal profile applies to an open request: it names one, and the responder did not
 * contest it last. */
gboolean request_rules_profile_applies(const EngineResult *dossier);
