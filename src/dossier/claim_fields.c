#include "dossier/claim_fields.h"

#include "dossier/claim_evidence.h"
#include "dossier/claim_rules.h"

#define SHORT  (4 * 1024)
#define MEDIUM (16 * 1024)

/* --- words -------------------------------------------------------------------------------------
 */

static const ProcedureWord abouts[] = {
    {"actor", "who did it"},
    {"state-role", "what part a state had in it"},
    {NULL},
};

static const ProcedureWord actor_kinds[] = {
    {"group", "people known by what they do, not by their names"},
    {"intrusion-set", "activity that one name was given to"},
    {"organisation", "a company, an authority or another body"},
    {"state", "a state, by its organs or those it directs"},
    {NULL},
};

static const ProcedureWord item_kinds[] = {
    {"fact", "what was observed, and can be checked"},
    {"assessment", "what was concluded from facts"},
    {"opinion", "what somebody thinks"},
    {NULL},
};

static const ProcedureWord findings[] = {
    {"supports", "the evidence bears the claim"},
    {"does-not-support", "it does not"},
    {NULL},
};

static const ProcedureWord urgencies[] = {
    {CLAIM_FIELDS_ORDINARY, "14 days"},
    {CLAIM_FIELDS_HARM, "72 hours: harm goes on"},
    {NULL},
};

static const ProcedureWord channels[] = {
    {"concert", "a node, by other means than this claim"},
    {"diplomatic", "through those who speak for states"},
    {"e-mail", "mail to a listed address"},
    {"meeting", "in person"},
    {"post", "a letter"},
    {"telephone", "a listed number"},
    {"web-form", "a listed form"},
    {"other", "another way, named in the text"},
    {NULL},
};

static const ProcedureWord confidences[] = {
    {"low", "the evidence allows other readings as well"},
    {"medium", "the evidence speaks for it more than for any other reading"},
    {"high", "no other reading fits the evidence"},
    {NULL},
};

/* --- fields ------------------------------------------------------------------------------------
 */

const ProcedureField claim_fields_drafted[] = {
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"about", "what is claimed", PROCEDURE_WORD, TRUE, .words = abouts, .otherwise = "actor"},
    {"actor", "who is named; never a natural person", PROCEDURE_LINE, TRUE, .max = 256},
    {"actor_kind", "what that is", PROCEDURE_WORD, TRUE, .words = actor_kinds,
     .otherwise = "group"},
    {"names_no_person", "no natural person is named, nor can be told from it", PROCEDURE_FLAG,
     TRUE},
    {"rests_on", "the claim about the actor, where this is about a state's role", PROCEDURE_LINE,
     .max = EVENT_DOSSIER_MAX, .check = claim_rules_check_claim},
    {"incident", "the incident or case that it is about", PROCEDURE_LINE, .max = 256},
    {"text", "the claim: what is claimed, and on what grounds", PROCEDURE_TEXT, TRUE,
     .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_revised[] = {
    {"text", "the claim, written anew", PROCEDURE_TEXT, TRUE, .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_item[] = {
    {"name", "what it is called in the weighing", PROCEDURE_LINE, TRUE, .max = CLAIM_NAME_MAX,
     .check = claim_evidence_check_name},
    {"kind", "what kind of statement it is; only facts count as evidence", PROCEDURE_WORD, TRUE,
     .words = item_kinds},
    {"text", "what it says; of a sealed item, what can be said openly", PROCEDURE_TEXT, TRUE,
     .max = SHORT},
    {"root", "of a fact: where the knowledge comes from in the end, whoever tells it",
     PROCEDURE_LINE, .max = CLAIM_NAME_MAX, .check = claim_evidence_check_name},
    {"independent_of", "roots that this root is independent of", PROCEDURE_LINES,
     .max = PROCEDURE_LIST_MAX, .check = claim_evidence_check_names},
    {"shown_by", "what shows that", PROCEDURE_TEXT, .max = SHORT},
    {"sponsors", "who tells it too; of one root ten count as one", PROCEDURE_LINES,
     .max = PROCEDURE_LIST_MAX},
    {"sealed", "the digest of what is shown to the party or the panel alone", PROCEDURE_LINE,
     .max = 2 * SHA256_SIZE, .check = claim_rules_check_digest},
    {"files", "what can be looked at", PROCEDURE_FILES, .max = 16},
    {NULL},
};

const ProcedureField claim_fields_dropped[] = {
    {"item", "its name", PROCEDURE_LINE, TRUE, .max = CLAIM_NAME_MAX,
     .check = claim_evidence_check_name},
    {"text", "why", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_weighed[] = {
    {"weighing", "the hypotheses, and how each item weighs for each", PROCEDURE_DATA, TRUE,
     .check = claim_evidence_check_weighing},
    {"text", "what follows from it", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_word[] = {
    {"text", "a word for the record", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_reason[] = {
    {"text", "what, and why", PROCEDURE_TEXT, TRUE, .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_review_asked[] = {
    {"reviewers", "nodes of other organisations", PROCEDURE_NODES, TRUE, .max = 16,
     .gives = PROCEDURE_BIT(CLAIM_FIELDS_REVIEWER)},
    {"text", "a word to them", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_reviewed[] = {
    {"finding", "whether the evidence bears the claim", PROCEDURE_WORD, TRUE, .words = findings},
    {"text", "on what grounds", PROCEDURE_TEXT, TRUE, .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_deferred[] = {
    {"operation", "the live operation that the contact would endanger", PROCEDURE_LINE, TRUE,
     .max = 256},
    {"decided_by", "who decided that", PROCEDURE_LINE, TRUE, .max = 256},
    {"until", "until when at the latest", PROCEDURE_TIME, TRUE},
    {"text", "why the contact would endanger it", PROCEDURE_TEXT, TRUE, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_contacting[] = {
    {"party", "its node, if it has one or one speaks for it", PROCEDURE_NODE,
     .gives = PROCEDURE_BIT(CLAIM_FIELDS_PARTY)},
    {"name", "who is contacted", PROCEDURE_LINE, TRUE, .max = 256},
    {"urgency", "how long it may take to reply", PROCEDURE_WORD, TRUE, .words = urgencies,
     .otherwise = "ordinary"},
    {"harm", "the harm that goes on", PROCEDURE_TEXT, .max = SHORT},
    {"text", "what is put to the party", PROCEDURE_TEXT, TRUE, .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_attempt[] = {
    {"channel", "by what channel", PROCEDURE_WORD, TRUE, .words = channels},
    {"contact", "the address, number or office", PROCEDURE_LINE, TRUE, .max = 256},
    {"listed_in", "where that contact is listed", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "what was said, and what came of it", PROCEDURE_TEXT, TRUE, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_confirmed[] = {
    {"attempt", "the attempt", PROCEDURE_EVENT, TRUE},
    {"text", "how one knows of it", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_replied[] = {
    {"text", "the reply, as it goes with every copy", PROCEDURE_TEXT, TRUE,
     .max = PROCEDURE_TEXT_MAX},
    {NULL},
};

const ProcedureField claim_fields_recorded[] = {
    {"text", "the reply, word by word", PROCEDURE_TEXT, TRUE, .max = PROCEDURE_TEXT_MAX},
    {"author", "whose reply it is: a party or an office", PROCEDURE_LINE, TRUE, .max = 256},
    {"channel", "how it came", PROCEDURE_WORD, TRUE, .words = channels},
    {"cleared", "how its author cleared this text for every copy", PROCEDURE_LINE, TRUE,
     .max = 512},
    {NULL},
};

const ProcedureField claim_fields_assessed[] = {
    {"confidence", "how sure one can be", PROCEDURE_WORD, TRUE, .words = confidences},
    {"basis", "on what that rests", PROCEDURE_TEXT, TRUE, .max = MEDIUM},
    {"dissent", "who sees it otherwise, and why; \"none\" if nobody does", PROCEDURE_TEXT, TRUE,
     .max = MEDIUM},
    {"on_reply", "what was made of the reply", PROCEDURE_TEXT, .max = MEDIUM},
    {NULL},
};

const ProcedureField claim_fields_restricted[] = {
    {"readers", "whom it is shown to", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX,
     .gives = PROCEDURE_BIT(CLAIM_FIELDS_READER)},
    {"text", "a word to them", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_published[] = {
    {"readers", "nodes that are told", PROCEDURE_NODES, .max = PROCEDURE_LIST_MAX,
     .gives = PROCEDURE_BIT(CLAIM_FIELDS_READER)},
    {"text", "a word to them", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_panel_proposed[] = {
    {"panel", "who is to see what is sealed", PROCEDURE_NODES, TRUE, .max = 16},
    {"text", "a word to the party", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};

const ProcedureField claim_fields_panel_agreed[] = {
    {"proposal", "the proposal", PROCEDURE_EVENT, TRUE},
    {"panel", "the same nodes", PROCEDURE_NODES, TRUE, .max = 16,
     .gives = PROCEDURE_BIT(CLAIM_FIELDS_PANEL)},
    {NULL},
};

const ProcedureField claim_fields_sealed_shown[] = {
    {"item", "the item's name", PROCEDURE_LINE, TRUE, .max = CLAIM_NAME_MAX,
     .check = claim_evidence_check_name},
    {"salt", "what was sealed with it", PROCEDURE_LINE, TRUE, .max = 128},
    {"text", "what was sealed", PROCEDURE_TEXT, TRUE, .max = PROCEDURE_TEXT_MAX},
    {NULL},
};

const ProcedureField claim_fields_sealed_seen[] = {
    {"items", "names of the items", PROCEDURE_LINES, TRUE, .max = PROCEDURE_LIST_MAX,
     .check = claim_evidence_check_names},
    {"text", "a word for the record", PROCEDURE_TEXT, .max = SHORT},
    {NULL},
};
