#include "dossier/evidence.h"

#include "dossier/evidence_rules.h"

enum { HOLDER, RECIPIENT, OBSERVER };
enum { IDENTIFIED, COLLECTED, SEALED, SHARED, CLOSED, SHELVED };

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define HANDS       (ROLE(HOLDER) | ROLE(RECIPIENT))
#define ALL         (HANDS | ROLE(OBSERVER))
#define CUSTODY     (STATE(SEALED) | STATE(SHARED))
#define LIVE        (STATE(IDENTIFIED) | STATE(COLLECTED) | CUSTODY)

static const ProcedureRole roles[] = {
    [HOLDER] = {"holder", "the node that found it and sealed it"},
    [RECIPIENT] = {"recipient", "a node that a copy was offered to"},
    [OBSERVER] = {"observer", "a node that may read along, and gets no copy"},
    {NULL},
};

static const ProcedureState states[] = {
    [IDENTIFIED] = {.name = "identified",
                    .help = "it is known where it is; nothing was taken yet",
                    .is_private = TRUE,
                    .waits_for = ROLE(HOLDER),
                    .waits_what = "collect or acquire it"},
    [COLLECTED] = {.name = "collected",
                   .help = "it was taken, or an image of it was",
                   .is_private = TRUE,
                   .waits_for = ROLE(HOLDER),
                   .waits_what = "seal it"},
    [SEALED] = {.name = "sealed",
                .help = "its hashes are fixed; nobody else knows of it yet",
                .is_private = TRUE,
                .is_rest = TRUE},
    [SHARED] = {.name = "shared",
                .help = "a copy was offered to another node; in whose hands each copy is follows "
                        "from the steps",
                .is_rest = TRUE},
    [CLOSED] = {.name = "closed", .help = "every copy is back or disposed of", .is_final = TRUE},
    [SHELVED] = {.name = "shelved",
                 .help = "the holder does nothing more with it; nobody else knew of it",
                 .is_private = TRUE,
                 .is_final = TRUE},
};

static const ProcedureWord kinds[] = {
    {"account-data", "what a provider knows of an account"},
    {"device", "a machine or a part of one"},
    {"document", "on paper, or scanned"},
    {"file", "single files"},
    {"image", "of a disk or another medium"},
    {"log", "of a system or service"},
    {"mail", "messages, or a mailbox"},
    {"memory", "of a running machine"},
    {"sample", "of harmful software"},
    {"traffic", "recorded on a network"},
    {"other", "something else, named in the subject"},
    {NULL},
};

#define COPY(what)                                                                                 \
    {                                                                                              \
        "copy", what, PROCEDURE_LINE, TRUE, .max = 32, .check = evidence_rules_check_name          \
    }
#define HELD_COPY(what)                                                                            \
    {                                                                                              \
        "copy", what, PROCEDURE_LINE, TRUE, .max = 32, .check = evidence_rules_check_name,         \
                                            .filled = "the only one that it can be"                \
    }
#define TEXT(what)                                                                                 \
    {                                                                                              \
        "text", what, PROCEDURE_TEXT, .max = 16 * 1024                                             \
    }
#define REQUIRED_TEXT(what)                                                                        \
    {                                                                                              \
        "text", what, PROCEDURE_TEXT, TRUE, .max = 16 * 1024                                       \
    }
#define TIME(what)                                                                                 \
    {                                                                                              \
        "time", what, PROCEDURE_TIME, TRUE                                                         \
    }
#define METHOD(what)                                                                               \
    {                                                                                              \
        "method", what, PROCEDURE_LINE, TRUE, .max = 512                                           \
    }
#define TOOL                                                                                       \
    {                                                                                              \
        "tool", "the tool, with its version", PROCEDURE_LINE, TRUE, .max = 256                     \
    }
#define VERIFIED                                                                                   \
    {                                                                                              \
        "verified", "the SHA-256 of each of its files, hashed for this step, sorted",              \
            PROCEDURE_HASHES, TRUE, .filled = "of the attachments that are here"                   \
    }
#define OFFER                                                                                      \
    {                                                                                              \
        "offer", "the offer that is answered", PROCEDURE_EVENT, TRUE,                              \
            .filled = "the only one that it can be"                                                \
    }
#define PLACE(is_required)                                                                         \
    {                                                                                              \
        "place", "where it is kept", PROCEDURE_LINE, is_required, .max = 256                       \
    }

static const ProcedureField identified_fields[] = {
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"kind", "what it is", PROCEDURE_WORD, TRUE, .words = kinds},
    {"source", "the machine, medium, account or service where it is", PROCEDURE_LINE, TRUE,
     .max = 512},
    {"basis", "by what right it is taken", PROCEDURE_LINE, .max = 512},
    {"reference", "the holder's own reference", PROCEDURE_LINE, .max = 128},
    TEXT("what is known of it"),
    {NULL},
};

static const ProcedureField collected_fields[] = {
    TIME("when it was taken"),
    METHOD("how"),
    {"tool", "the tool, with its version", PROCEDURE_LINE, .max = 256},
    {"place", "where it was taken", PROCEDURE_LINE, .max = 256},
    {"files", "what records it: photographs, forms", PROCEDURE_FILES},
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField acquired_fields[] = {
    TIME("when the image was made"),
    METHOD("how"),
    TOOL,
    {"place", "where it was made", PROCEDURE_LINE, .max = 256},
    {"files", "the image, and what records it", PROCEDURE_FILES},
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField sealed_fields[] = {
    {"files", "what is sealed, and kept as attachments", PROCEDURE_FILES},
    {"items", "what is sealed by its hash alone: a list of name, sha256 and size", PROCEDURE_DATA,
     .check = evidence_rules_check_items},
    TIME("when it was sealed"),
    METHOD("how"),
    TOOL,
    {"timestamp", "a time-stamp token (RFC 3161) over one of the files, or over the seal",
     PROCEDURE_FILES},
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField stored_fields[] = {
    HELD_COPY("which copy"),
    PLACE(TRUE),
    TEXT("who has access, and the like"),
    {NULL},
};

static const ProcedureField copied_fields[] = {
    COPY("what the new one is called"),
    {"of", "the copy that it is made of", PROCEDURE_LINE, TRUE, .max = 32,
     .check = evidence_rules_check_name, .filled = "the only one that it can be"},
    METHOD("how"),
    TOOL,
    VERIFIED,
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField examined_fields[] = {
    HELD_COPY("which copy"),
    METHOD("how"),
    TOOL,
    {"files", "what came of it", PROCEDURE_FILES},
    REQUIRED_TEXT("what was found"),
    {NULL},
};

static const ProcedureField checked_fields[] = {
    HELD_COPY("which copy"),
    {"tool", "the tool, with its version", PROCEDURE_LINE, .max = 256},
    VERIFIED,
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField offered_fields[] = {
    HELD_COPY("which copy"),
    {"to", "the node that it is offered to", PROCEDURE_NODE, TRUE, .gives = ROLE(RECIPIENT)},
    {"observers", "nodes that may read along", PROCEDURE_NODES, .max = 16, .gives = ROLE(OBSERVER)},
    VERIFIED,
    {"condition", "on which it may be used", PROCEDURE_LINE, .max = 512},
    TEXT("a word to the recipient"),
    {NULL},
};

static const ProcedureField accepted_fields[] = {
    OFFER,
    VERIFIED,
    {"tool", "the tool, with its version", PROCEDURE_LINE, .max = 256},
    PLACE(FALSE),
    TEXT("what was observed"),
    {NULL},
};

static const ProcedureField answer_fields[] = {
    OFFER,
    REQUIRED_TEXT("why"),
    {NULL},
};

static const ProcedureField disputed_fields[] = {
    HELD_COPY("which copy"),
    {"found", "the SHA-256 of each of its files as they were found, sorted", PROCEDURE_HASHES, TRUE,
     .filled = "of the attachments that are here"},
    {"tool", "the tool, with its version", PROCEDURE_LINE, .max = 256},
    REQUIRED_TEXT("what does not match"),
    {NULL},
};

static const ProcedureField returned_fields[] = {
    HELD_COPY("which copy"),
    VERIFIED,
    TEXT("a word to who gets it back"),
    {NULL},
};

static const ProcedureField disposed_fields[] = {
    HELD_COPY("which copy"),
    METHOD("how it was destroyed, or what became of it"),
    {"approved_by", "who approved it", PROCEDURE_LINE, TRUE, .max = 256},
    TEXT("why"),
    {NULL},
};

static const ProcedureField end_fields[] = {
    TEXT("why"),
    {NULL},
};

static const ProcedureField remark_fields[] = {
    REQUIRED_TEXT("the remark"),
    {NULL},
};

static const ProcedureGuard *const past_rules[] = {&evidence_rules_past, NULL};
static const ProcedureGuard *const sealed_rules[] = {&evidence_rules_past, &evidence_rules_sealed,
                                                     &evidence_rules_complete, NULL};
static const ProcedureGuard *const held_rules[] = {&evidence_rules_held, NULL};
static const ProcedureGuard *const copied_rules[] = {&evidence_rules_new, &evidence_rules_matches,
                                                     NULL};
static const ProcedureGuard *const examined_rules[] = {&evidence_rules_held, &evidence_rules_copy,
                                                       NULL};
static const ProcedureGuard *const checked_rules[] = {&evidence_rules_checked,
                                                      &evidence_rules_matches, NULL};
static const ProcedureGuard *const offered_rules[] = {&evidence_rules_held, &evidence_rules_other,
                                                      &evidence_rules_matches, NULL};
static const ProcedureGuard *const returned_rules[] = {&evidence_rules_before,
                                                       &evidence_rules_matches, NULL};
static const ProcedureGuard *const accepted_rules[] = {&evidence_rules_offered,
                                                       &evidence_rules_matches, NULL};
static const ProcedureGuard *const declined_rules[] = {&evidence_rules_offered, NULL};
static const ProcedureGuard *const recalled_rules[] = {&evidence_rules_own, NULL};
static const ProcedureGuard *const disputed_rules[] = {&evidence_rules_concerns,
                                                       &evidence_rules_differs, NULL};
static const ProcedureGuard *const disposed_rules[] = {&evidence_rules_disposed,
                                                       &evidence_rules_approved, NULL};
static const ProcedureGuard *const closed_rules[] = {&evidence_rules_at_rest, NULL};

/* A step of custody: it is about one copy, and leaves the dossier as it is. */
#define STEP(from_states) .from = (from_states), .to = PROCEDURE_STAY, .who = HANDS, .tells = ALL

static const ProcedureTransition transitions[] = {
    {.type = "identified",
     .verb = "identify",
     .help = "says where something is that may be evidence",
     .to = IDENTIFIED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = identified_fields},
    {.type = "collected",
     .verb = "collect",
     .help = "takes the thing itself",
     .from = STATE(IDENTIFIED) | STATE(COLLECTED),
     .to = COLLECTED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = collected_fields,
     .rules = past_rules},
    {.type = "acquired",
     .verb = "acquire",
     .help = "makes an image of what is there",
     .from = STATE(IDENTIFIED) | STATE(COLLECTED),
     .to = COLLECTED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = acquired_fields,
     .rules = past_rules},
    {.type = "sealed",
     .verb = "seal",
     .help =
         "fixes the hashes of all that belongs to it: from now on there is the copy \"original\"",
     .from = STATE(COLLECTED),
     .to = SEALED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = sealed_fields,
     .rules = sealed_rules},
    {.type = "stored",
     .verb = "store",
     .help = "says where a copy is kept",
     STEP(CUSTODY),
     .fields = stored_fields,
     .rules = held_rules},
    {.type = "copied",
     .verb = "copy",
     .help = "makes a copy, and hashes it",
     STEP(CUSTODY),
     .fields = copied_fields,
     .rules = copied_rules},
    {.type = "examined",
     .verb = "examine",
     .help = "says what was found in a copy",
     STEP(CUSTODY),
     .fields = examined_fields,
     .rules = examined_rules},
    {.type = "checked",
     .verb = "check",
     .help = "hashes a copy again, and finds it equal; ends its dispute",
     STEP(CUSTODY),
     .fields = checked_fields,
     .rules = checked_rules},
    {.type = "offered",
     .verb = "offer",
     .help = "offers a copy to another node, and shows it all that came before",
     .from = CUSTODY,
     .to = SHARED,
     .who = HANDS,
     .tells = ALL,
     .opens = TRUE,
     .fields = offered_fields,
     .rules = offered_rules},
    {.type = "accepted",
     .verb = "accept",
     .help = "takes a copy over, after hashing it",
     STEP(STATE(SHARED)),
     .fields = accepted_fields,
     .rules = accepted_rules},
    {.type = "declined",
     .verb = "decline",
     .help = "does not take it over: it stays where it is",
     STEP(STATE(SHARED)),
     .fields = answer_fields,
     .rules = declined_rules},
    {.type = "recalled",
     .verb = "recall",
     .help = "takes an offer back",
     STEP(STATE(SHARED)),
     .fields = answer_fields,
     .rules = recalled_rules},
    {.type = "disputed",
     .verb = "dispute",
     .help = "says that a copy is not what was sealed; no other copy is concerned",
     STEP(CUSTODY),
     .fields = disputed_fields,
     .rules = disputed_rules},
    {.type = "returned",
     .verb = "return",
     .help = "gives a copy back to who had it before, who has to accept it",
     STEP(STATE(SHARED)),
     .fields = returned_fields,
     .rules = returned_rules},
    {.type = "disposed",
     .verb = "dispose",
     .help = "says that a copy is destroyed, or gone for good",
     STEP(CUSTODY),
     .fields = disposed_fields,
     .rules = disposed_rules},
    {.type = "closed",
     .verb = "close",
     .help = "is done with it",
     .from = STATE(SHARED),
     .to = CLOSED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = end_fields,
     .rules = closed_rules},
    {.type = "shelved",
     .verb = "shelve",
     .help = "is done with it before anybody else knew of it",
     .from = STATE(IDENTIFIED) | STATE(COLLECTED) | STATE(SEALED),
     .to = SHELVED,
     .who = ROLE(HOLDER),
     .tells = ALL,
     .fields = end_fields},
    {.type = "remark",
     .verb = "remark on",
     .command = "remark",
     .help = "adds something for the others to read",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = HANDS,
     .tells = ALL,
     .fields = remark_fields},
    {NULL},
};

const Procedure evidence_procedure = {
    .name = "evidence",
    .title = "Evidence",
    .help =
        "Something is found, collected or acquired, and sealed by the hashes of its files. From "
        "then on each copy has its own chain of custody: it is stored, copied, examined, offered, "
        "accepted by who has hashed it again, given back, disposed of. Only who holds a copy can "
        "move it, and who gives and who takes both sign. A copy that is not what was sealed is "
        "disputed, and no other. Nobody else knows of it before a copy is offered.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
};
