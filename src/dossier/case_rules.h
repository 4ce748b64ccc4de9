/* case_rules.h - what the table of cases (case.c) demands besides. */
#pragma once

#include "dossier/engine.h"

extern const ProcedureGuard case_rules_outcome;     /* resolved, if and only if it is */
extern const ProcedureGuard case_rules_to_member;   /* the lead is offered to one */
extern const ProcedureGuard case_rules_offered;     /* the lead was offered to who takes it */
extern const ProcedureGuard case_rules_open_asking; /* names a takedown that is not over */
extern const ProcedureGuard case_rules_down_since;  /* it was down after it was asked for */

/* For fields: a class of intake/rsit.h, a currency of three letters, ids of STIX objects. */
gboolean case_rules_check_class(yyjson_val *value, GError **error);
gboolean case_rules_check_currency(yyjson_val *value, GError **error);
gboolean case_rules_check_objects(yyjson_val *list, GError **error);
