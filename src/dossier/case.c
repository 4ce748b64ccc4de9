#include "dossier/case.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/case_rules.h"
#include "dossier/silence.h"

enum { LEAD, INVITED, MEMBER, GONE };
enum {
    DRAFT,
    SHARED,
    ACKNOWLEDGED,
    TRIAGED,
    ACTIVE,
    RESOLVED,
    CLOSED,
    REOPENED,
    DISCARDED,
};

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define ALL         (ROLE(LEAD) | ROLE(INVITED) | ROLE(MEMBER))
#define TEAM        (ROLE(LEAD) | ROLE(MEMBER))

#define IN_WORK     (STATE(ACKNOWLEDGED) | STATE(TRIAGED) | STATE(ACTIVE) | STATE(REOPENED))
#define LIVE        (STATE(SHARED) | IN_WORK | STATE(RESOLVED))

#define HOUR        3600

static const ProcedureRole roles[] = {
    [LEAD] = {"lead", "the node that leads the case: one at a time"},
    [INVITED] = {"invited", "a node that it was shared with, and that has not said whether it "
                            "takes part"},
    [MEMBER] = {"member", "a node that takes part"},
    [GONE] = {"gone",
              "a node that declined or left: it is told nothing more, unless it is invited again",
              .is_gone = TRUE},
    {NULL},
};

static const ProcedureState states[] = {
    [DRAFT] = {.name = "draft",
               .help = "nobody but its lead has it",
               .is_private = TRUE,
               .waits_for = ROLE(LEAD),
               .waits_what = "share the draft, or discard it"},
    [SHARED] = {.name = "shared",
                .help = "it was sent to those who are invited; none of them takes part yet",
                .waits_for = ROLE(INVITED),
                .waits_what = "acknowledge the case, or decline"},
    [ACKNOWLEDGED] = {.name = "acknowledged",
                      .help = "somebody else takes part",
                      .waits_for = ROLE(LEAD),
                      .waits_what = "triage the case"},
    [TRIAGED] = {.name = "triaged",
                 .help = "what it is, and how severe, is agreed",
                 .waits_for = TEAM,
                 .waits_what = "start to work on it"},
    [ACTIVE] = {.name = "active",
                .help = "it is being worked on",
                .waits_for = TEAM,
                .waits_what = "work on it until it is resolved"},
    [RESOLVED] = {.name = "resolved",
                  .help = "what can be done was done",
                  .waits_for = ROLE(LEAD),
                  .waits_what = "close the case; a member who disagrees resumes it"},
    [CLOSED] = {.name = "closed", .help = "it is over, and may be opened again", .is_final = TRUE},
    [REOPENED] = {.name = "reopened",
                  .help = "it was not over after all",
                  .waits_for = TEAM,
                  .waits_what = "triage it anew, or start to work on it"},
    [DISCARDED] = {.name = "discarded", .help = "the draft was never shared", .is_final = TRUE},
};

static const ProcedureWord severities[] = {
    {"critical", "harm goes on now, and spreads"},
    {"high", "harm goes on, or is near"},
    {"medium", "within days"},
    {"low", "when it suits"},
    {NULL},
};

const ProcedureWord case_purposes[] = {
    {"fraud", "to get at somebody's money"},
    {"financial-system", "against banks, payments or markets"},
    {"data-theft", "to take data away"},
    {"sabotage", "to stop or destroy something"},
    {"intellectual-property", "to take what others made"},
    {"critical-infrastructure", "against what people cannot do without"},
    {"terrorist-use", "to prepare or help acts of terror by technical means"},
    {"other", "something else, said in the text"},
    {NULL},
};

const ProcedureWord case_losses[] = {
    {"none", "nothing was lost"},
    {"below-10k", "less than ten thousand"},
    {"10k-to-100k", "less than a hundred thousand"},
    {"100k-to-1m", "less than a million"},
    {"1m-to-10m", "less than ten million"},
    {"above-10m", "more"},
    {"unknown", "not known yet"},
    {NULL},
};

static const ProcedureWord outcomes[] = {
    {"resolved", "it was resolved"},
    {"false-alarm", "there was no incident"},
    {"duplicate", "another case has it"},
    {"abandoned", "nothing more can be done, or nobody takes part"},
    {NULL},
};

static const ProcedureWord targets[] = {
    {"counterfeit-page", "a page that pretends to be another"},
    {"malware-host", "a place that malware is got from"},
    {"command-and-control", "a server that leads infected machines"},
    {"stolen-data", "a place where stolen data is shown or sold"},
    {"other", "something else, said in the text"},
    {NULL},
};

#define TEXT(bytes, what)                                                                          \
    {                                                                                              \
        "text", what, PROCEDURE_TEXT, .max = (bytes)                                               \
    }
#define NEEDED_TEXT(bytes, what)                                                                   \
    {                                                                                              \
        "text", what, PROCEDURE_TEXT, TRUE, .max = (bytes)                                         \
    }
#define FILES(what)                                                                                \
    {                                                                                              \
        "files", what, PROCEDURE_FILES                                                             \
    }
#define OBJECTS(required)                                                                          \
    {                                                                                              \
        "objects", "ids of STIX objects", PROCEDURE_LINES, (required),                             \
            .max = PROCEDURE_LIST_MAX, .check = case_rules_check_objects                           \
    }
#define CLASS(required)                                                                            \
    {                                                                                              \
        "class", "what it is: a class of the RSIT, such as fraud.phishing", PROCEDURE_LINE,        \
            (required), .max = 64, .check = case_rules_check_class                                 \
    }
#define PURPOSES                                                                                   \
    {                                                                                              \
        "purposes", "what the act was for, technically", PROCEDURE_WORDS, .words = case_purposes   \
    }
#define TIMES                                                                                      \
    {"started", "when it began", PROCEDURE_TIME},                                                  \
        {"detected", "when it was found", PROCEDURE_TIME},                                         \
    {                                                                                              \
        "ended", "when it ended", PROCEDURE_TIME                                                   \
    }
#define IMPACT                                                                                     \
    {"constituency", "who is affected", PROCEDURE_LINE, .max = 512},                               \
        {"victims", "how many victims are known", PROCEDURE_NUMBER},                               \
        {"loss", "the loss, as a range", PROCEDURE_WORD, .words = case_losses},                    \
    {                                                                                              \
        "currency", "of the loss, as three letters", PROCEDURE_LINE,                               \
            .max = 3, .check = case_rules_check_currency                                           \
    }

static const ProcedureField opened_fields[] = {
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"severity", "how bad it is: how soon it has to be acknowledged", PROCEDURE_WORD, TRUE,
     .words = severities, .otherwise = "medium"},
    CLASS(FALSE),
    PURPOSES,
    TEXT(32 * 1024, "what happened"),
    TIMES,
    IMPACT,
    {"reference", "the opener's own reference", PROCEDURE_LINE, .max = 256},
    OBJECTS(FALSE),
    FILES("what belongs to it"),
    {NULL},
};

static const ProcedureField revised_fields[] = {
    NEEDED_TEXT(32 * 1024, "what happened, as it is known now"),
    CLASS(FALSE),
    PURPOSES,
    TIMES,
    IMPACT,
    OBJECTS(FALSE),
    {NULL},
};

static const ProcedureField shared_fields[] = {
    {"to", "who is invited", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX,
     .gives = ROLE(INVITED)},
    TEXT(16 * 1024, "a word to them"),
    {NULL},
};

static const ProcedureField added_fields[] = {
    {"to", "who is invited, or, having declined or left, is invited again", PROCEDURE_NODES, TRUE,
     .max = PROCEDURE_LIST_MAX, .gives = ROLE(INVITED)},
    TEXT(16 * 1024, "why"),
    {NULL},
};

static const ProcedureField word_fields[] = {
    TEXT(4 * 1024, "a word to the others"),
    {NULL},
};

static const ProcedureField triaged_fields[] = {
    {"severity", "how bad it is: how soon work has to start", PROCEDURE_WORD, TRUE,
     .words = severities, .otherwise = "medium"},
    CLASS(TRUE),
    PURPOSES,
    IMPACT,
    TEXT(16 * 1024, "how it is seen"),
    {NULL},
};

static const ProcedureField resolved_fields[] = {
    NEEDED_TEXT(32 * 1024, "what was done"),
    {NULL},
};

static const ProcedureField reason_fields[] = {
    NEEDED_TEXT(16 * 1024, "why"),
    {NULL},
};

static const ProcedureField closed_fields[] = {
    {"outcome", "how it ended", PROCEDURE_WORD, TRUE, .words = outcomes, .otherwise = "resolved"},
    TEXT(16 * 1024, "a word to the others"),
    {NULL},
};

static const ProcedureField offer_fields[] = {
    {"to", "the member that is to lead", PROCEDURE_NODE, TRUE},
    TEXT(4 * 1024, "why"),
    {NULL},
};

static const ProcedureField asked_fields[] = {
    {"target", "what is to go: an URL, a name or an address", PROCEDURE_LINE, TRUE, .max = 1024},
    {"what", "what it is", PROCEDURE_WORD, TRUE, .words = targets},
    {"host", "who was asked to take it down", PROCEDURE_LINE, .max = 256},
    TEXT(4 * 1024, "more of it"),
    {NULL},
};

static const ProcedureField down_fields[] = {
    {"asked", "the event with which it was asked for", PROCEDURE_EVENT, TRUE},
    {"at", "since when it is down, if not since now", PROCEDURE_TIME},
    TEXT(4 * 1024, "how that is known"),
    {NULL},
};

static const ProcedureField failed_fields[] = {
    {"asked", "the event with which it was asked for", PROCEDURE_EVENT, TRUE},
    NEEDED_TEXT(4 * 1024, "why it stays"),
    {NULL},
};

static const ProcedureField impact_fields[] = {
    IMPACT,
    NEEDED_TEXT(16 * 1024, "what it means where this is said"),
    {NULL},
};

static const ProcedureField sample_fields[] = {
    {"files", "the samples", PROCEDURE_FILES, TRUE},
    NEEDED_TEXT(16 * 1024, "what they are, and where they come from"),
    {NULL},
};

static const ProcedureField linked_fields[] = {
    OBJECTS(TRUE),
    TEXT(4 * 1024, "what they have to do with it"),
    {NULL},
};

static const ProcedureField team_fields[] = {
    {"name", "what it is called; the same name replaces it", PROCEDURE_LINE, TRUE, .max = 128},
    {"people", "who is in it, by name or office", PROCEDURE_LINES, TRUE, .max = 64},
    NEEDED_TEXT(4 * 1024, "what it does"),
    {NULL},
};

static const ProcedureField remark_fields[] = {
    NEEDED_TEXT(16 * 1024, "the remark"),
    FILES("what belongs to it"),
    {NULL},
};

static const ProcedureGuard *const closed_rules[] = {&case_rules_outcome, NULL};
static const ProcedureGuard *const offer_rules[] = {&case_rules_to_member, NULL};
static const ProcedureGuard *const taken_rules[] = {&case_rules_offered, NULL};
static const ProcedureGuard *const failed_rules[] = {&case_rules_open_asking, NULL};
static const ProcedureGuard *const down_rules[] = {&case_rules_open_asking, &case_rules_down_since,
                                                   NULL};

static const ProcedureTransition transitions[] = {
    {.type = "opened",
     .verb = "open",
     .help = "opens a draft that nobody else sees",
     .to = DRAFT,
     .who = ROLE(LEAD),
     .fields = opened_fields},
    {.type = "revised",
     .verb = "revise",
     .help = "says what is known now",
     .from = STATE(DRAFT) | LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = revised_fields},
    {.type = "discarded",
     .verb = "discard",
     .help = "throws the draft away",
     .from = STATE(DRAFT),
     .to = DISCARDED,
     .who = ROLE(LEAD),
     .tells = ALL,
     .opens = TRUE,
     .fields = word_fields},
    {.type = "shared",
     .verb = "share",
     .help = "sends it to whom it concerns, and invites them",
     .from = STATE(DRAFT),
     .to = SHARED,
     .who = ROLE(LEAD),
     .tells = ALL,
     .opens = TRUE,
     .fields = shared_fields},
    {.type = "added",
     .verb = "add somebody to",
     .command = "add",
     .help = "invites more nodes, or again those that declined or left; they get what came before",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(LEAD),
     .tells = ALL,
     .opens = TRUE,
     .fields = added_fields},
    {.type = "acknowledged",
     .verb = "acknowledge",
     .command = "ack",
     .help = "takes part",
     .from = LIVE,
     .to = ACKNOWLEDGED,
     .stays = LIVE & ~STATE(SHARED),
     .who = ROLE(INVITED),
     .tells = ALL,
     .becomes = ROLE(MEMBER),
     .fields = word_fields},
    {.type = "declined",
     .verb = "decline",
     .help = "does not take part, and is told nothing more",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(INVITED),
     .tells = ALL,
     .becomes = ROLE(GONE),
     .fields = word_fields},
    {.type = "left",
     .verb = "leave",
     .help = "takes part no more, and is told nothing more",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .becomes = ROLE(GONE),
     .fields = word_fields},
    {.type = "triaged",
     .verb = "triage",
     .help = "says what it is, and how severe",
     .from = STATE(ACKNOWLEDGED) | STATE(REOPENED),
     .to = TRIAGED,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = triaged_fields},
    {.type = "started",
     .verb = "start",
     .help = "starts to work on it",
     .from = STATE(TRIAGED) | STATE(REOPENED),
     .to = ACTIVE,
     .who = TEAM,
     .tells = ALL,
     .fields = word_fields},
    {.type = "resolved",
     .verb = "resolve",
     .help = "says that what can be done was done",
     .from = STATE(TRIAGED) | STATE(ACTIVE),
     .to = RESOLVED,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = resolved_fields},
    {.type = "resumed",
     .verb = "resume",
     .help = "does not hold it for resolved",
     .from = STATE(RESOLVED),
     .to = ACTIVE,
     .who = TEAM,
     .tells = ALL,
     .fields = reason_fields},
    {.type = "closed",
     .verb = "close",
     .help = "ends it",
     .from = LIVE,
     .to = CLOSED,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = closed_fields,
     .rules = closed_rules},
    {.type = "reopened",
     .verb = "reopen",
     .help = "opens it again",
     .from = STATE(CLOSED),
     .to = REOPENED,
     .who = TEAM,
     .tells = ALL,
     .fields = reason_fields},
    {.type = "lead-offered",
     .verb = "offer the lead of",
     .command = "offer-lead",
     .help = "offers the lead to a member",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = offer_fields,
     .rules = offer_rules},
    {.type = "lead-taken",
     .verb = "take the lead of",
     .command = "take-lead",
     .help = "takes the lead that was offered",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .becomes = ROLE(LEAD),
     .swaps = TRUE,
     .fields = word_fields,
     .rules = taken_rules},
    {.type = "lead-refused",
     .verb = "refuse the lead of",
     .command = "refuse-lead",
     .help = "does not take the lead that was offered",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(MEMBER),
     .tells = ALL,
     .fields = word_fields,
     .rules = taken_rules},
    {.type = "lead-kept",
     .verb = "keep the lead of",
     .command = "keep-lead",
     .help = "takes back the offer of the lead",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ROLE(LEAD),
     .tells = ALL,
     .fields = word_fields},
    {.type = "takedown-asked",
     .verb = "ask for a takedown in",
     .command = "ask-takedown",
     .help = "says that something was asked to be taken down",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = asked_fields},
    {.type = "taken-down",
     .verb = "tell of a takedown in",
     .command = "down",
     .help = "says that it is down",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = down_fields,
     .rules = down_rules},
    {.type = "takedown-failed",
     .verb = "tell of a failed takedown in",
     .command = "not-down",
     .help = "says that it stays where it is",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = failed_fields,
     .rules = failed_rules},
    {.type = "impact",
     .verb = "tell the impact of",
     .command = "impact",
     .help = "says who is affected where it is said, and how",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = impact_fields},
    {.type = "samples",
     .verb = "add samples to",
     .command = "sample",
     .help = "hands over samples",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = sample_fields},
    {.type = "linked",
     .verb = "link objects to",
     .command = "link",
     .help = "names STIX objects that belong to it",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = linked_fields},
    {.type = "team",
     .verb = "form a team in",
     .command = "team",
     .help = "forms a joint team",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = TEAM,
     .tells = ALL,
     .fields = team_fields},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "adds something for the others to read",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = ALL,
     .tells = ALL,
     .fields = remark_fields},
    SILENCE_TRANSITIONS(LIVE, ALL, ALL),
    {NULL},
};

static const ProcedureTerm terms[] = {
    {"critical", 1 * HOUR, .is_urgent = TRUE},
    {"high", 4 * HOUR},
    {"medium", 24 * HOUR},
    {"low", 72 * HOUR},
    {NULL},
};

static const ProcedureClock clocks[] = {
    {.name = "acknowledge",
     .help = "until one of those who are invited takes part",
     .runs_in = STATE(SHARED),
     .field = "severity",
     .terms = terms,
     .in_hours = TRUE,
     .reminders = procedure_reminders},
    {.name = "triage",
     .help = "until it is told what it is, and how severe",
     .runs_in = STATE(ACKNOWLEDGED),
     .field = "severity",
     .terms = terms,
     .in_hours = TRUE,
     .reminders = procedure_reminders},
    {.name = "start",
     .help = "until work on it starts",
     .runs_in = STATE(TRIAGED),
     .event = "triaged",
     .field = "severity",
     .terms = terms,
     .in_hours = TRUE,
     .reminders = procedure_reminders},
};

const Procedure case_procedure = {
    .name = "case",
    .title = "Case",
    .help = "Several nodes work on an incident. Its lead drafts it alone, then shares it; who is "
            "invited takes part or declines, and may leave. The lead moves by consent of both. "
            "Takedowns are measured from asking to done.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};
