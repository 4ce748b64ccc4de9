/* evidence_certificate.h - the certificate of the collector: what was found, how it was taken and
 * sealed, and through whose hands each copy went, as a text to be printed and signed by hand. It
 * follows from the events alone, so that whoever has these can tell whether a text is it. */
#pragma once

#include "dossier/evidence_chain.h"

/* Plain text in UTF-8, lines of any length. Caller frees. */
char *evidence_certificate(const EngineResult *result, const EvidenceChain *chain);
