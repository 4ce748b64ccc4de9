#include "dossier/request.h"

#include <string.h>

#include "base/timestamp.h"

enum { REQUESTER, RESPONDER, OBSERVER };
enum { SENT, RECEIVED, ACKNOWLEDGED, ANSWERED, CLOSED, WITHDRAWN };

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define SIDES       (ROLE(REQUESTER) | ROLE(RESPONDER))
#define ALL         (SIDES | ROLE(OBSERVER))
#define WAITING     (STATE(SENT) | STATE(RECEIVED) | STATE(ACKNOWLEDGED))
#define LIVE        (WAITING | STATE(ANSWERED))

#define HOUR        3600

static const ProcedureRole roles[] = {
    [REQUESTER] = {"requester", "the node that asks"},
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
                      .waits_what = "answer the request"},
    [ANSWERED] = {.name = "answered",
                  .help = "the responder has given, or refused, what was asked for",
                  .waits_for = ROLE(REQUESTER),
                  .waits_what = "close the request"},
    [CLOSED] = {.name = "closed", .help = "the requester is done with it", .is_final = TRUE},
    [WITHDRAWN] = {.name = "withdrawn",
                   .help = "the requester does not want an answer any more",
                   .is_final = TRUE},
};

static const ProcedureWord kinds[] = {
    {"advice", "an opinion or recommendation"},
    {"information", "what the responder knows, or can find out"},
    {"takedown", "that something harmful be made unreachable"},
    {"technical-assistance", "hands, tools or analysis"},
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
    {"refused", "nothing of it"},
    {NULL},
};

static const ProcedureWord grounds[] = {
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

static const ProcedureField sent_fields[] = {
    {"to", "the node that is asked", PROCEDURE_NODE, TRUE, .gives = ROLE(RESPONDER)},
    {"observers", "nodes that may read along", PROCEDURE_NODES, .max = 16, .gives = ROLE(OBSERVER)},
    {"kind", "what is asked for", PROCEDURE_WORD, TRUE, .words = kinds},
    {"urgency", "how soon it has to be acknowledged", PROCEDURE_WORD, TRUE, .words = urgencies},
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "the request", PROCEDURE_TEXT, TRUE, .max = 32 * 1024},
    {"wanted_by", "when an answer is of use at the latest", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField acknowledged_fields[] = {
    {"text", "a word to the requester", PROCEDURE_TEXT, .max = 4 * 1024},
    {"expected", "when an answer can be expected", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField answered_fields[] = {
    {"outcome", "what is given", PROCEDURE_WORD, TRUE, .words = outcomes},
    {"text", "the answer", PROCEDURE_TEXT, TRUE, .max = 64 * 1024},
    {"ground", "why it is refused", PROCEDURE_WORD, .words = grounds},
    {"provision", "the provision that the ground rests on", PROCEDURE_LINE, .max = 256},
    {NULL},
};

static const ProcedureField end_fields[] = {
    {"text", "a word to the responder", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField remark_fields[] = {
    {"text", "the remark", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static gboolean wanted_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "wanted_by");
    gint64 wanted;
    return !text || (timestamp_parse(text, strlen(text), &wanted, NULL) && wanted > event->time_us);
}

static gboolean ground_fits(const EngineResult *dossier, const Event *event)
{
    const char *outcome = event_text(event, "outcome");
    return g_str_equal(outcome, "refused") == (event_text(event, "ground") != NULL);
}

static const ProcedureGuard wanted_later_guard = {"\"wanted_by\" is later than the request itself",
                                                  wanted_later};
static const ProcedureGuard ground_guard = {"a refusal names its \"ground\", and nothing else does",
                                            ground_fits};

static const ProcedureGuard *const sent_rules[] = {&wanted_later_guard, NULL};
static const ProcedureGuard *const answered_rules[] = {&ground_guard, NULL};

static const ProcedureTransition transitions[] = {
    {.type = "sent",
     .verb = "send",
     .help = "opens the request",
     .to = SENT,
     .who = ROLE(REQUESTER),
     .tells = ALL,
     .fields = sent_fields,
     .rules = sent_rules},
    {.type = "received",
     .verb = "receive",
     .help = "says that the request arrived",
     .from = STATE(SENT),
     .to = RECEIVED,
     .who = ROLE(RESPONDER),
     .tells = ALL,
     .maker = PROCEDURE_MACHINE},
    {.type = "acknowledged",
     .verb = "acknowledge",
     .command = "ack",
     .help = "says that somebody has seen it and is on it",
     .from = STATE(SENT) | STATE(RECEIVED),
     .to = ACKNOWLEDGED,
     .who = ROLE(RESPONDER),
     .tells = ALL,
     .fields = acknowledged_fields},
    {.type = "answered",
     .verb = "answer",
     .help = "gives what was asked for, or refuses it",
     .from = WAITING,
     .to = ANSWERED,
     .who = ROLE(RESPONDER),
     .tells = ALL,
     .fields = answered_fields,
     .rules = answered_rules},
    {.type = "closed",
     .verb = "close",
     .help = "takes note of the answer",
     .from = STATE(ANSWERED),
     .to = CLOSED,
     .who = ROLE(REQUESTER),
     .tells = ALL,
     .fields = end_fields},
    {.type = "withdrawn",
     .verb = "withdraw",
     .help = "takes the request back",
     .from = WAITING,
     .to = WITHDRAWN,
     .who = ROLE(REQUESTER),
     .tells = ALL,
     .fields = end_fields},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "adds something for the others to read",
     .from = LIVE,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = remark_fields},
    {NULL},
};

static const ProcedureTerm acknowledge_terms[] = {
    {"critical", 1 * HOUR}, {"high", 4 * HOUR}, {"medium", 24 * HOUR}, {"low", 72 * HOUR}, {NULL},
};

static const guint reminders[] = {50, 100, 0};

static const ProcedureClock clocks[] = {
    {.name = "acknowledge",
     .help = "until a person of the responder has seen it",
     .runs_in = STATE(SENT) | STATE(RECEIVED),
     .field = "urgency",
     .terms = acknowledge_terms,
     .reminders = reminders},
    {.name = "answer",
     .help = "until the answer that is wanted by a time",
     .runs_in = WAITING,
     .field = "wanted_by",
     .reminders = reminders},
};

const Procedure request_procedure = {
    .name = "request",
    .title = "Request",
    .help = "One node asks another for advice, information, a takedown or technical assistance. "
            "Its node says by itself that the request arrived, a person that it was seen; the "
            "answer gives what was asked for or refuses it with a ground.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};
