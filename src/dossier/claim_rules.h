/* claim_rules.h - the small rules of the steps of a claim; the conditions under which it may be
 * shown are in claim_gate.h. */
#pragma once

#include "dossier/procedure.h"

extern const ProcedureGuard claim_rules_about;      /* of "drafted" */
extern const ProcedureGuard claim_rules_item;       /* of "item" */
extern const ProcedureGuard claim_rules_few;        /* of "revised" and "weighed" */
extern const ProcedureGuard claim_rules_dropped;    /* of "item-dropped" */
extern const ProcedureGuard claim_rules_reviewer;   /* of "reviewed" */
extern const ProcedureGuard claim_rules_deferred;   /* of "deferred" */
extern const ProcedureGuard claim_rules_harm;       /* of "contacting" */
extern const ProcedureGuard claim_rules_second;     /* of "attempted-again" */
extern const ProcedureGuard claim_rules_confirmed;  /* of "attempt-confirmed" */
extern const ProcedureGuard claim_rules_length;     /* of replies */
extern const ProcedureGuard claim_rules_taken;      /* of "reply-taken" */
extern const ProcedureGuard claim_rules_considered; /* of "assessed" */
extern const ProcedureGuard claim_rules_published;  /* of "relayed" */
extern const ProcedureGuard claim_rules_panel;      /* of "panel-agreed" */
extern const ProcedureGuard claim_rules_sealed;     /* of "sealed-shown" */
extern const ProcedureGuard claim_rules_seen;       /* of "sealed-seen" */

/* What a sealed item bears instead of its content: SHA-256 of salt, a newline and the text, in hex.
 * Caller frees. */
char *claim_rules_seal(const char *salt, const char *text);

/* Checks of fields: a digest as claim_rules_seal() makes it; the id of a claim. */
gboolean claim_rules_check_digest(yyjson_val *value, GError **error);
gboolean claim_rules_check_claim(yyjson_val *value, GError **error);
