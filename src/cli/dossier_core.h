/* dossier_core.h - what the parts of dossier_command.h share; for them alone. */
#pragma once

#include "cli/command.h"
#include "dossier/procedure.h"

#define DOSSIER_CORE_MALICIOUS "malicious"

/* The name of the option of a field. Caller frees. */
char *dossier_core_option(const ProcedureField *field);

/* The field that stands on the command line without an option; NULL: none. */
const ProcedureField *dossier_core_argument(const ProcedureTransition *row);

/* Whether the command of @call fills the field by itself (dossier_command_with()). */
gboolean dossier_core_is_own(const CommandCall *call, const ProcedureField *field);

static inline gboolean dossier_core_is_nodes(const ProcedureField *field)
{
    return field->type == PROCEDURE_NODE || field->type == PROCEDURE_NODES;
}
