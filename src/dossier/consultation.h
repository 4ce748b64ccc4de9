/* consultation.h - the procedure "consultation": two nodes talk with each other, on the record, and
 * may agree on what is recorded. It goes on while their peering is suspended: then above all. */
#pragma once

#include "dossier/procedure.h"

extern const Procedure consultation_procedure;

/* The digest by which both sides sign a record: SHA-256 of its text, in hex. Caller frees. */
char *consultation_digest(const char *text);
