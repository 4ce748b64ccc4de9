/* claim_fields.h - what the events of a claim say: the members of their payloads, and the words in
 * them. The steps that they belong to are in claim.c, in the same order. */
#pragma once

#include "dossier/procedure.h"

/* Roles, as fields give them. */
enum {
    CLAIM_FIELDS_CLAIMANT,
    CLAIM_FIELDS_REVIEWER,
    CLAIM_FIELDS_PARTY,
    CLAIM_FIELDS_PANEL,
    CLAIM_FIELDS_READER
};

extern const ProcedureField claim_fields_drafted[];
extern const ProcedureField claim_fields_revised[];
extern const ProcedureField claim_fields_item[];
extern const ProcedureField claim_fields_dropped[];
extern const ProcedureField claim_fields_weighed[];
extern const ProcedureField claim_fields_word[];
extern const ProcedureField claim_fields_reason[];
extern const ProcedureField claim_fields_review_asked[];
extern const ProcedureField claim_fields_reviewed[];
extern const ProcedureField claim_fields_deferred[];
extern const ProcedureField claim_fields_contacting[];
extern const ProcedureField claim_fields_attempt[];
extern const ProcedureField claim_fields_confirmed[];
extern const ProcedureField claim_fields_replied[];
extern const ProcedureField claim_fields_recorded[];
extern const ProcedureField claim_fields_assessed[];
extern const ProcedureField claim_fields_restricted[];
extern const ProcedureField claim_fields_published[];
extern const ProcedureField claim_fields_panel_proposed[];
extern const ProcedureField claim_fields_panel_agreed[];
extern const ProcedureField claim_fields_sealed_shown[];
extern const ProcedureField claim_fields_sealed_seen[];

/* The words for how long it may take to reply. */
#define CLAIM_FIELDS_ORDINARY "ordinary"
#define CLAIM_FIELDS_HARM     "ongoing-harm"
