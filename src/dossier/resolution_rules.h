/* resolution_rules.h - what each step of a resolution has to satisfy besides its place in the
 * table: the lists that resolution.c refers to, NULL-terminated. */
#pragma once

#include "dossier/procedure.h"

extern const ProcedureGuard *const resolution_rules_tabled[];
extern const ProcedureGuard *const resolution_rules_consultation_opened[];
extern const ProcedureGuard *const resolution_rules_co_sponsored[];
extern const ProcedureGuard *const resolution_rules_revised[];
extern const ProcedureGuard *const resolution_rules_amendment[];
extern const ProcedureGuard *const resolution_rules_amendment_accepted[];
extern const ProcedureGuard *const resolution_rules_amendment_withdrawn[];
extern const ProcedureGuard *const resolution_rules_silence_opened[];
extern const ProcedureGuard *const resolution_rules_noted[];
extern const ProcedureGuard *const resolution_rules_silence_broken[];
extern const ProcedureGuard *const resolution_rules_agreed[];
extern const ProcedureGuard *const resolution_rules_vote_opened[];
extern const ProcedureGuard *const resolution_rules_ballot[];
extern const ProcedureGuard *const resolution_rules_adopted[];
extern const ProcedureGuard *const resolution_rules_rejected[];
extern const ProcedureGuard *const resolution_rules_lapsed[];
extern const ProcedureGuard *const resolution_rules_commitment[];
extern const ProcedureGuard *const resolution_rules_progress[];
extern const ProcedureGuard *const resolution_rules_implementation[];

/* When a period ends that @opened ("consultation-opened", "silence-opened", "vote-opened") began:
 * what it says, but not before the least that there has to be. G_MAXINT64: it has not begun. */
gint64 resolution_rules_end(const EngineResult *dossier, const char *opened);

/* From when on anybody may end a resolution that its chair leaves lying. */
gint64 resolution_rules_patience(const EngineResult *dossier);
