/* evidence.h - the procedure "evidence": something is found, collected or acquired, and sealed by
 * the hashes of its files; from then on each copy has its own chain of custody.
 *
 * The dossier belongs to the node that found it, alone, until a copy is offered to another. What
 * happens to the copies does not change the dossier's state: it follows from the events that name
 * them (evidence_chain.h), and the rules of the custody steps are there to keep that chain sound.
 */
#pragma once

#include "dossier/procedure.h"

extern const Procedure evidence_procedure;
