/* dossier_core.h - what the parts of dossier_command.h share; for them alone. */
#pragma once

#include "dossier/procedure.h"

#define DOSSIER_CORE_MALICIOUS "malicious"

/* The name of the option of a field. Caller frees. */
char *dossier_core_option(const ProcedureField *field);

/* The field that stands on the command line without an option; NULL: none. */
const ProcedureField *dossier_core_argument(const ProcedureTransition *row);

static inline gboolean dossier_core_is_nodes(const ProcedureField *field)
{
    return field->type == PROCEDURE_NODE || field->type == PROCEDURE_NODES;
}
