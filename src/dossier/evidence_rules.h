/* evidence_rules.h - what must hold for the steps of an evidence. */
#pragma once

#include "dossier/procedure.h"

extern const ProcedureGuard evidence_rules_past;     /* "time" is not after the step itself */
extern const ProcedureGuard evidence_rules_sealed;   /* of "sealed" */
extern const ProcedureGuard evidence_rules_complete; /* of "sealed": all that was collected */
extern const ProcedureGuard evidence_rules_held;    /* the copy is in its author's hands, at rest */
extern const ProcedureGuard evidence_rules_new;     /* of "copied" */
extern const ProcedureGuard evidence_rules_matches; /* "verified" is what was sealed */
extern const ProcedureGuard evidence_rules_copy;    /* of "examined" */
extern const ProcedureGuard evidence_rules_checked; /* of "checked" */
extern const ProcedureGuard evidence_rules_other;   /* of "offered" */
extern const ProcedureGuard evidence_rules_before;  /* of "returned" */
extern const ProcedureGuard evidence_rules_offered; /* of "accepted" and "declined" */
extern const ProcedureGuard evidence_rules_own;     /* of "recalled" */
extern const ProcedureGuard evidence_rules_differs; /* of "disputed" */
extern const ProcedureGuard evidence_rules_concerns; /* of "disputed": by whom */
extern const ProcedureGuard evidence_rules_disposed; /* of "disposed" */
extern const ProcedureGuard evidence_rules_approved; /* of "disposed": by two people */
extern const ProcedureGuard evidence_rules_at_rest;  /* of "closed" */

/* Checks of fields: the name of a copy; what was sealed without being attached. */
gboolean evidence_rules_check_name(yyjson_val *value, GError **error);
gboolean evidence_rules_check_items(yyjson_val *value, GError **error);
