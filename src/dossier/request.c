#include "dossier/request.h"

#include "dossier/profile.h"
#include "dossier/request_rules.h"
#include "dossier/silence.h"

enum { REQUESTER, RESPONDER, OBSERVER };
enum {
    SENT,
    RECEIVED,
    ACKNOWLEDGED,
    INFORMATION_NEEDED,
    WARNED,
    POSTPONED,
    ACCEPTED,
    PARTIAL,
    EXECUTING,
    PRESERVED,
    EXTENDED,
    LAPSED,
    FORMAL_RECEIVED,
    RELEASED,
    REFUSED,
    DELIVERED,
    CONFIRMED,
    CLOSED,
    WITHDRAWN
};

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define SIDES       (ROLE(REQUESTER) | ROLE(RESPONDER))
#define ALL         (SIDES | ROLE(OBSERVER))

/* Not taken on yet; taken on; kept for a formal request; done with, for the responder. */
#define ASKED     (STATE(SENT) | STATE(RECEIVED) | STATE(ACKNOWLEDGED))
#define OPEN      (ASKED | STATE(INFORMATION_NEEDED) | STATE(POSTPONED))
#define TAKEN     (STATE(ACCEPTED) | STATE(PARTIAL) | STATE(EXECUTING))
#define KEPT      (STATE(PRESERVED) | STATE(EXTENDED))
#define UNDECIDED (OPEN | TAKEN | STATE(WARNED))
#define DONE                                                                                       \
    (STATE(LAPSED) | STATE(RELEASED) | STATE(REFUSED) | STATE(DELIVERED) | STATE(CONFIRMED))
#define LIVE (UNDECIDED | KEPT | STATE(FORMAL_RECEIVED) | DONE)

#define HOUR 3600
#define DAY  (24 * HOUR)

static const ProcedureRole roles[] = {
    [REQUESTER] = {"requester", "the node that asks, or offers"},
    [RESPONDER] = {"responder", "the node that is asked"},
    [OBSERVER] = {"observer", "a node that may read along, and takes no part"},
    {NULL},
};

static const ProcedureState states[] = {
    [SENT] = {.name = "sent",
              .help = "it is on its way: the responder's node has not taken it in yet",
              .waits_for = ROLE(RESPONDER),
              .waits_what = "receive the request"},
    [RECEIVED] = {.name = "received",
                  .help = "the responder's node has it; nobody has looked at it yet",
                  .waits_for = ROLE(RESPONDER),
                  .waits_what = "acknowledge the request"},
    [ACKNOWLEDGED] = {.name = "acknowledged",
                      .help = "a person of the responder has seen it",
                      .waits_for = ROLE(RESPONDER),
                      .waits_what = "answer, accept or refuse the request"},
    [INFORMATION_NEEDED] = {.name = "more-information-needed",
                            .help = "the responder cannot go on without knowing more",
                            .waits_for = ROLE(REQUESTER),
                            .waits_what = "say what the responder has to know"},
    [WARNED] = {.name = "warned",
                .help = "the responder warns that doing it would fail, or alert the suspect, and "
                        "holds still",
                .waits_for = ROLE(REQUESTER),
                .waits_what = "say whether to go on all the same"},
    [POSTPONED] = {.name = "postponed",
                   .help = "the responder does not take it on before a date",
                   .waits_for = ROLE(RESPONDER),
                   .waits_what = "take the request on, or refuse it"},
    [ACCEPTED] = {.name = "accepted",
                  .help = "the responder takes it on",
                  .waits_for = ROLE(RESPONDER),
                  .waits_what = "do what it accepted"},
    [PARTIAL] = {.name = "partial",
                 .help = "the responder takes a part of it on, and said which",
                 .waits_for = ROLE(RESPONDER),
                 .waits_what = "do the part that it accepted"},
    [EXECUTING] = {.name = "executing",
                   .help = "the responder is at it",
                   .waits_for = ROLE(RESPONDER),
                   .waits_what = "deliver"},
    [PRESERVED] = {.name = "preserved",
                   .help = "the data is kept until the date that was told, and shown to nobody: "
                           "preservation is not disclosure",
                   .waits_for = ROLE(REQUESTER),
                   .waits_what = "see that the formal request reaches the authority in time"},
    [EXTENDED] = {.name = "extended",
                  .help = "the data is kept until a later date than it was told first",
                  .waits_for = ROLE(REQUESTER),
                  .waits_what = "see that the formal request reaches the authority in time"},
    [LAPSED] = {.name = "lapsed",
                .help = "the time of the preservation is over: the data may be gone",
                .waits_for = ROLE(REQUESTER),
                .waits_what = "close the request"},
    [FORMAL_RECEIVED] = {.name = "formal-request-received",
                         .help = "the responder's authority has the formal request; what is "
                                 "preserved stays so until it is decided",
                         .waits_for = ROLE(RESPONDER),
                         .waits_what = "release the data, or refuse"},
    [RELEASED] = {.name = "released",
                  .help = "a person of the responder disclosed the data, as an order allows",
                  .waits_for = ROLE(REQUESTER),
                  .waits_what = "confirm it, or close the request"},
    [REFUSED] = {.name = "refused",
                 .help = "the responder does not do it, and said on what ground",
                 .waits_for = ROLE(REQUESTER),
                 .waits_what = "close the request"},
    [DELIVERED] = {.name = "delivered",
                   .help = "the responder has given what was asked for, or a part of it",
                   .waits_for = ROLE(REQUESTER),
                   .waits_what = "confirm it, or close the request"},
    [CONFIRMED] = {.name = "confirmed",
                   .help = "the requester has what it asked for, and can use it",
                   .waits_for = ROLE(REQUESTER),
                   .waits_what = "close the request"},
    [CLOSED] = {.name = "closed", .help = "the requester is done with it", .is_final = TRUE},
    [WITHDRAWN] = {.name = "withdrawn",
                   .help = "the requester does not want it any more",
                   .is_final = TRUE},
};

const ProcedureWord request_kinds[] = {
    {"advice", "an opinion or recommendation"},
    {"information", "what the responder knows, or can find out"},
    {"takedown", "that something harmful be made unreachable"},
    {"technical-assistance", "hands, tools or analysis"},
    {"preservation", "that data be kept as it is; addressed to an authority"},
    {"disclosure", "traffic data that was preserved; addressed to an authority"},
    {"joint-investigation", "to look into something together"},
    {"training", "that people be taught"},
    {"help-offered", "that help which the requester offers be taken"},
    {"help-needed", "any help there is"},
    {NULL},
};

static const ProcedureWord urgencies[] = {
    {"critical", "harm goes on now"},
    {"high", "harm is near"},
    {"medium", "within days"},
    {"low", "when it suits"},
    {NULL},
};

static const ProcedureWord outcomes[] = {
    {"given", "all that was asked for"},
    {"partial", "a part of it"},
    {NULL},
};

static const ProcedureWord bases[] = {
    {"profile", "the profile that the request names applies, as its terms are told there"},
    {"voluntary", "it does not apply: what is done is done of good will"},
    {NULL},
};

static const ProcedureWord risks[] = {
    {"would-fail", "it would not reach its aim: the data would be gone all the same"},
    {"would-alert", "those whom it concerns would notice"},
    {"would-harm", "it would do harm, or break an investigation"},
    {NULL},
};

const ProcedureWord request_grounds[] = {
    {"sovereignty-or-security", "sovereignty, security or public order"},
    {"political-offence", "a political offence"},
    {"discrimination", "danger of persecution or discrimination"},
    {"human-rights", "human rights"},
    {"dual-criminality", "not an offence where the responder is"},
    {"double-jeopardy", "it was judged already"},
    {"no-legal-basis", "no law allows it"},
    {"other", "another ground, given in the text"},
    {NULL},
};

#define TEXT(bytes, what)                                                                          \
    {                                                                                              \
        "text", what, PROCEDURE_TEXT, .max = (bytes)                                               \
    }
#define FILES(what)                                                                                \
    {                                                                                              \
        "files", what, PROCEDURE_FILES                                                             \
    }
#define BASIS                                                                                      \
    {                                                                                              \
        "basis", "what it rests on", PROCEDURE_WORD, .words = bases                                \
    }

static const ProcedureField sent_fields[] = {
    {"to", "the node that is asked", PROCEDURE_NODE, TRUE, .gives = ROLE(RESPONDER)},
    {"observers", "nodes that may read along", PROCEDURE_NODES, .max = 16, .gives = ROLE(OBSERVER)},
    {"kind", "what is asked for", PROCEDURE_WORD, TRUE, .words = request_kinds},
    {"urgency", "how soon it has to be acknowledged", PROCEDURE_WORD, TRUE, .words = urgencies,
     .otherwise = "medium"},
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "the request", PROCEDURE_TEXT, TRUE, .max = 32 * 1024},
    {"wanted_by", "when an answer is of use at the latest", PROCEDURE_TIME},
    {"reference", "the requester's own reference", PROCEDURE_LINE, .max = 256},
    {"authority", "the competent authority that it is addressed to", PROCEDURE_LINE, .max = 256},
    {"seeking", "the authority for which it is asked", PROCEDURE_LINE, .max = 256},
    {"offence", "the offence that is looked into", PROCEDURE_TEXT, .max = 4 * 1024},
    {"facts", "a summary of the facts", PROCEDURE_TEXT, .max = 16 * 1024},
    {"data", "the data that is meant", PROCEDURE_TEXT, .max = 16 * 1024},
    {"relation", "what the data has to do with the offence", PROCEDURE_TEXT, .max = 4 * 1024},
    {"custodian", "who holds the data, or where its system is", PROCEDURE_TEXT, .max = 4 * 1024},
    {"necessity", "why it is necessary", PROCEDURE_TEXT, .max = 4 * 1024},
    {"formal_follows", "that a formal request is going to follow", PROCEDURE_FLAG},
    {"confidential", "that nobody be told of it", PROCEDURE_FLAG},
    {"preserved_in", "the request in which the data was preserved, or the responder's reference",
     PROCEDURE_LINE, .max = 256},
    {"profile", "the terms of the legal profile that it rests on; without, it is voluntary",
     PROCEDURE_DATA, .check = profile_terms_check},
    FILES("what belongs to it"),
    {NULL},
};

static const ProcedureField acknowledged_fields[] = {
    TEXT(4 * 1024, "a word to the requester"),
    {"expected", "when an answer can be expected", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField question_fields[] = {
    {"text", "what the responder has to know", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static const ProcedureField reply_fields[] = {
    {"text", "what the responder asked for", PROCEDURE_TEXT, TRUE, .max = 32 * 1024},
    FILES("what belongs to it"),
    {NULL},
};

static const ProcedureField warned_fields[] = {
    {"risk", "what would happen", PROCEDURE_WORD, TRUE, .words = risks},
    {"text", "why, and what else could be done", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static const ProcedureField word_fields[] = {
    TEXT(4 * 1024, "a word to the other side"),
    {NULL},
};

static const ProcedureField accepted_fields[] = {
    BASIS,
    TEXT(16 * 1024, "a word to the requester"),
    {"expected", "when it can be expected", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField part_fields[] = {
    BASIS,
    {"text", "which part is accepted, and why not the rest", PROCEDURE_TEXT, TRUE,
     .max = 16 * 1024},
    {"expected", "when it can be expected", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField postponed_fields[] = {
    {"until", "until when", PROCEDURE_TIME, TRUE},
    {"text", "why", PROCEDURE_TEXT, TRUE, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField refused_fields[] = {
    {"ground", "why it is refused", PROCEDURE_WORD, TRUE, .words = request_grounds},
    {"provision", "the provision that the ground rests on", PROCEDURE_LINE, .max = 256},
    BASIS,
    {"text", "the reason", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static const ProcedureField answered_fields[] = {
    {"outcome", "what is given", PROCEDURE_WORD, TRUE, .words = outcomes, .otherwise = "given"},
    {"text", "the answer", PROCEDURE_TEXT, TRUE, .max = 64 * 1024},
    FILES("what is handed over"),
    {NULL},
};

static const ProcedureField preserved_fields[] = {
    {"until", "until when the data is kept", PROCEDURE_TIME, TRUE},
    {"reference", "the responder's reference, for the formal request", PROCEDURE_LINE, .max = 256},
    TEXT(16 * 1024, "what is preserved, in words"),
    {NULL},
};

static const ProcedureField extended_fields[] = {
    {"until", "until when the data is kept", PROCEDURE_TIME, TRUE},
    TEXT(4 * 1024, "a word to the requester"),
    {NULL},
};

static const ProcedureField formal_sent_fields[] = {
    {"reference", "the formal request's reference", PROCEDURE_LINE, TRUE, .max = 256},
    {"authority", "the authority that it was sent to", PROCEDURE_LINE, TRUE, .max = 256},
    TEXT(4 * 1024, "by which way it goes"),
    FILES("a copy of it"),
    {NULL},
};

static const ProcedureField formal_received_fields[] = {
    {"reference", "the formal request's reference", PROCEDURE_LINE, TRUE, .max = 256},
    {"authority", "the authority that has it", PROCEDURE_LINE, TRUE, .max = 256},
    TEXT(4 * 1024, "a word to the requester"),
    {NULL},
};

static const ProcedureField released_fields[] = {
    {"order", "the decision of the responder's authority that allows it", PROCEDURE_LINE, TRUE,
     .max = 256},
    {"text", "what is disclosed, and on what conditions", PROCEDURE_TEXT, TRUE, .max = 64 * 1024},
    FILES("the data"),
    {NULL},
};

static const ProcedureField remark_fields[] = {
    {"text", "the remark", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    FILES("what belongs to it"),
    {NULL},
};

static const ProcedureGuard *const sent_rules[] = {
    &request_rules_wanted_later, &request_rules_in_force, &request_rules_complete, NULL};
static const ProcedureGuard *const accepted_rules[] = {&request_rules_basis, NULL};
static const ProcedureGuard *const postponed_rules[] = {&request_rules_until_later, NULL};
static const ProcedureGuard *const refused_rules[] = {&request_rules_ground,
                                                      &request_rules_provision, NULL};
static const ProcedureGuard *const answered_rules[] = {&request_rules_not_coercive, NULL};
static const ProcedureGuard *const preserved_rules[] = {
    &request_rules_preservation, &request_rules_until_later, &request_rules_long_enough, NULL};
static const ProcedureGuard *const extended_rules[] = {&request_rules_until_later,
                                                       &request_rules_extends, NULL};
static const ProcedureGuard *const lapsed_rules[] = {&request_rules_expired, NULL};
static const ProcedureGuard *const formal_rules[] = {&request_rules_formal_is_due, NULL};

/* Who may, what it needs, and everybody is told. */
#define BY(role, given_fields, given_rules)                                                        \
    .who = ROLE(role), .tells = ALL, .fields = (given_fields), .rules = (given_rules)

static const ProcedureTransition transitions[] = {
    {.type = "sent",
     .verb = "send",
     .help = "opens the request",
     .to = SENT,
     BY(REQUESTER, sent_fields, sent_rules)},
    {.type = "received",
     .verb = "receive",
     .help = "says that the request arrived",
     .from = STATE(SENT),
     .to = RECEIVED,
     .maker = PROCEDURE_MACHINE,
     BY(RESPONDER, NULL, NULL)},
    {.type = "acknowledged",
     .verb = "acknowledge",
     .command = "ack",
     .help = "says that somebody has seen it and is on it",
     .from = STATE(SENT) | STATE(RECEIVED),
     .to = ACKNOWLEDGED,
     BY(RESPONDER, acknowledged_fields, NULL)},
    {.type = "information-needed",
     .verb = "ask back about",
     .command = "ask-back",
     .help = "asks for what has to be known to go on",
     .from = ASKED | STATE(POSTPONED) | TAKEN,
     .to = INFORMATION_NEEDED,
     BY(RESPONDER, question_fields, NULL)},
    {.type = "information-given",
     .verb = "supply what is missing to",
     .command = "supply",
     .help = "says what the responder has to know",
     .from = STATE(INFORMATION_NEEDED),
     .to = ACKNOWLEDGED,
     BY(REQUESTER, reply_fields, NULL)},
    {.type = "warned",
     .verb = "warn about",
     .command = "warn",
     .help = "warns that doing it would fail, or alert the suspect, and waits",
     .from = OPEN | TAKEN,
     .to = WARNED,
     BY(RESPONDER, warned_fields, NULL)},
    {.type = "go-on",
     .verb = "insist on",
     .command = "go-on",
     .help = "wants it done all the same",
     .from = STATE(WARNED),
     .to = ACKNOWLEDGED,
     BY(REQUESTER, word_fields, NULL)},
    {.type = "postponed",
     .verb = "postpone",
     .help = "does not take it on before a date",
     .from = OPEN | TAKEN,
     .to = POSTPONED,
     BY(RESPONDER, postponed_fields, postponed_rules)},
    {.type = "accepted",
     .verb = "accept",
     .help = "takes it on, and confirms or contests the profile that it names",
     .from = OPEN | STATE(PARTIAL),
     .to = ACCEPTED,
     BY(RESPONDER, accepted_fields, accepted_rules)},
    {.type = "partly-accepted",
     .verb = "accept a part of",
     .command = "accept-part",
     .help = "takes a part of it on",
     .from = OPEN | STATE(ACCEPTED) | STATE(EXECUTING),
     .to = PARTIAL,
     BY(RESPONDER, part_fields, accepted_rules)},
    {.type = "refused",
     .verb = "refuse",
     .help = "does not do it, and says on what ground",
     .from = UNDECIDED | STATE(FORMAL_RECEIVED),
     .to = REFUSED,
     BY(RESPONDER, refused_fields, refused_rules)},
    {.type = "executing",
     .verb = "start on",
     .command = "start",
     .help = "says that it is being done",
     .from = STATE(ACCEPTED) | STATE(PARTIAL),
     .to = EXECUTING,
     BY(RESPONDER, word_fields, NULL)},
    {.type = "answered",
     .verb = "answer",
     .help = "gives what was asked for, or a part of it",
     .from = OPEN | TAKEN,
     .to = DELIVERED,
     BY(RESPONDER, answered_fields, answered_rules)},
    {.type = "preserved",
     .verb = "preserve the data of",
     .command = "preserve",
     .help = "says until when the data is kept",
     .from = TAKEN,
     .to = PRESERVED,
     BY(RESPONDER, preserved_fields, preserved_rules)},
    {.type = "extended",
     .verb = "extend",
     .help = "keeps the data for longer",
     .from = KEPT,
     .to = EXTENDED,
     BY(RESPONDER, extended_fields, extended_rules)},
    {.type = "lapsed",
     .verb = "let lapse",
     .command = "lapse",
     .help = "says that the data is not kept any more: its time is over",
     .from = KEPT,
     .to = LAPSED,
     BY(RESPONDER, word_fields, lapsed_rules)},
    {.type = "formal-sent",
     .verb = "announce the formal request of",
     .command = "announce-formal",
     .help = "says that the formal request is on its way",
     .from = KEPT | TAKEN,
     .to = PROCEDURE_STAY,
     BY(REQUESTER, formal_sent_fields, formal_rules)},
    {.type = "formal-received",
     .verb = "record the formal request of",
     .command = "record-formal",
     .help = "says that the authority has the formal request",
     .from = KEPT | TAKEN,
     .to = FORMAL_RECEIVED,
     BY(RESPONDER, formal_received_fields, formal_rules)},
    {.type = "released",
     .verb = "release the data of",
     .command = "release",
     .help = "discloses the data, as an order of the authority allows",
     .from = STATE(FORMAL_RECEIVED),
     .to = RELEASED,
     BY(RESPONDER, released_fields, NULL)},
    {.type = "confirmed",
     .verb = "confirm",
     .help = "says that what came is what was asked for",
     .from = STATE(DELIVERED) | STATE(RELEASED),
     .to = CONFIRMED,
     BY(REQUESTER, word_fields, NULL)},
    {.type = "closed",
     .verb = "close",
     .help = "takes note of the answer: the request is over",
     .from = DONE,
     .to = CLOSED,
     BY(REQUESTER, word_fields, NULL)},
    {.type = "withdrawn",
     .verb = "withdraw",
     .help = "takes the request back",
     .from = UNDECIDED | KEPT | STATE(FORMAL_RECEIVED),
     .to = WITHDRAWN,
     BY(REQUESTER, word_fields, NULL)},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "adds something for the others to read",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = remark_fields},
    SILENCE_TRANSITIONS(LIVE, SIDES, ALL),
    {NULL},
};

static const ProcedureTerm acknowledge_terms[] = {
    {"critical", 1 * HOUR, .is_urgent = TRUE},
    {"high", 4 * HOUR},
    {"medium", 24 * HOUR},
    {"low", 72 * HOUR},
    {NULL},
};

static const guint warnings[] = {14 * DAY, 7 * DAY, 2 * DAY, 0};

static const ProcedureClock clocks[] = {
    {.name = "acknowledge",
     .help = "until a person of the responder has seen it",
     .runs_in = STATE(SENT) | STATE(RECEIVED),
     .field = "urgency",
     .terms = acknowledge_terms,
     .in_hours = TRUE,
     .reminders = procedure_reminders},
    {.name = "answer",
     .help = "until the answer that is wanted by a time",
     .runs_in = UNDECIDED,
     .field = "wanted_by",
     .reminders = procedure_reminders},
    {.name = "postponement",
     .help = "until the date to which it was postponed",
     .runs_in = STATE(POSTPONED),
     .event = "postponed",
     .field = "until",
     .reminders = procedure_reminders},
    {.name = "preservation",
     .help = "until the data is not kept any more",
     .runs_in = STATE(PRESERVED),
     .event = "preserved",
     .field = "until",
     .before = warnings},
    {.name = "extension",
     .help = "until the data is not kept any more, as it was extended last",
     .runs_in = STATE(EXTENDED),
     .event = "extended",
     .field = "until",
     .before = warnings},
};

const Procedure request_procedure = {
    .name = "request",
    .title = "Request",
    .help = "One node asks another for advice, information, a takedown, help or training, for data "
            "to be preserved or disclosed, or offers help. Its node says by itself that the "
            "request arrived, a person that it was seen. It is answered, accepted or refused with "
            "a ground. Data is preserved until a date, and released by a person only, once a "
            "formal request was received.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};
