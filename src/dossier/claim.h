/* claim.h - the procedure "claim": to name who did something, with evidence and after direct
 * contact.
 *
 * It is about naming alone. Indicators, warnings, notices and assistance are dispatches and
 * dossiers of their own: nothing here delays them. Natural persons are not named.
 *
 * The table is here, the small rules in claim_rules.h, what evidence there is in claim_evidence.h,
 * and what has to hold before a claim may be shown to others in claim_gate.h. */
#pragma once

#include "dossier/procedure.h"

extern const Procedure claim_procedure;

/* Whether the event documents an attempt to reach the party. */
gboolean claim_is_attempt(const Event *event);

/* How long the party may take to reply to that contact, before it is taken to be silent. */
gint64 claim_silence_seconds(const Event *contacting);
