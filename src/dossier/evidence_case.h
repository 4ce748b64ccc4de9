/* evidence_case.h - an evidence as CASE/UCO JSON-LD (caseontology.org, CASE 1.3, UCO 1.3): the
 * sealed files with their hashes, the copies as provenance records, the steps as investigative
 * actions with who made them and with which tools. */
#pragma once

#include "dossier/evidence_chain.h"

/* The text of a JSON-LD document. The same events give the same text: the identifiers follow from
 * the dossier. Caller frees. */
char *evidence_case(const EngineResult *result, const EvidenceChain *chain);
