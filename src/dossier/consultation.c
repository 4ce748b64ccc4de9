#include "dossier/consultation.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/engine.h"

enum { INITIATOR, RESPONDENT, OBSERVER };
enum {
    ASKED,
    RECEIVED,
    CLARIFYING,
    REPRESENTED,
    COUNTERED,
    REPLIED,
    PROPOSED,
    AGREED,
    CLOSED,
    WITHDRAWN
};

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define SIDES       (ROLE(INITIATOR) | ROLE(RESPONDENT))
#define ALL         (SIDES | ROLE(OBSERVER))
#define TO_ANSWER   (STATE(ASKED) | STATE(RECEIVED) | STATE(REPRESENTED))
#define TALKING     (TO_ANSWER | STATE(CLARIFYING) | STATE(COUNTERED) | STATE(REPLIED))
#define OPEN        (TALKING | STATE(PROPOSED))
#define TEXT_SIZE   (32 * 1024)
#define DIGEST_SIZE (2 * SHA256_SIZE)

static const ProcedureRole roles[] = {
    [INITIATOR] = {"initiator", "the node that asks for the consultation"},
    [RESPONDENT] = {"respondent", "the node that is asked"},
    [OBSERVER] = {"observer", "a node that may read along, and takes no part"},
    {NULL},
};

static const ProcedureState states[] = {
    [ASKED] = {.name = "asked",
               .help = "it is on its way: the respondent's node has not taken it in yet",
               .waits_for = ROLE(RESPONDENT),
               .waits_what = "receive it, and reply"},
    [RECEIVED] = {.name = "received",
                  .help = "the respondent's node has what is asked",
                  .waits_for = ROLE(RESPONDENT),
                  .waits_what = "reply, or ask what is meant"},
    [CLARIFYING] = {.name = "clarifying",
                    .help = "the respondent asks what is meant",
                    .waits_for = ROLE(INITIATOR),
                    .waits_what = "clarify"},
    [REPRESENTED] = {.name = "represented",
                     .help = "the initiator has made a formal representation",
                     .waits_for = ROLE(RESPONDENT),
                     .waits_what = "reply to the representation"},
    [COUNTERED] = {.name = "counter-represented",
                   .help = "the respondent has made a formal representation of its own",
                   .waits_for = ROLE(INITIATOR),
                   .waits_what = "reply to the representation"},
    [REPLIED] = {.name = "replied",
                 .help = "there is a reply",
                 .waits_for = ROLE(INITIATOR),
                 .waits_what = "ask further, propose a record or close it"},
    [PROPOSED] = {.name = "record-proposed",
                  .help = "one side proposes what is recorded; the other has not agreed yet",
                  .waits_for = SIDES,
                  .waits_what = "agree to the record or decline it"},
    [AGREED] = {.name = "agreed",
                .help = "both sides have signed the same record",
                .is_final = TRUE},
    [CLOSED] = {.name = "closed", .help = "it ended without an agreed record", .is_final = TRUE},
    [WITHDRAWN] = {.name = "withdrawn",
                   .help = "the initiator has taken it back",
                   .is_final = TRUE},
};

static const ProcedureWord kinds[] = {
    {"question", "something that the initiator wants to know"},
    {"representation", "a formal statement, to which a formal reply is expected"},
    {NULL},
};

static gboolean check_digest(yyjson_val *value, GError **error)
{
    EventHash hash;
    return event_hash_parse(yyjson_get_str(value), yyjson_get_len(value), &hash) ||
           (g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "it is no SHA-256 in hex"),
            FALSE);
}

static const ProcedureField opened_fields[] = {
    {"to", "the node that is asked", PROCEDURE_NODE, TRUE, .gives = ROLE(RESPONDENT)},
    {"observers", "nodes that may read along", PROCEDURE_NODES, .max = 16, .gives = ROLE(OBSERVER)},
    {"kind", "what it is", PROCEDURE_WORD, TRUE, .words = kinds, .otherwise = "question"},
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "the question or representation", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {"language", "that of the text, as RFC 5646 has it", PROCEDURE_LINE, .max = 35},
    {"wanted_by", "when a reply is of use at the latest", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField said_fields[] = {
    {"text", "what is said", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {"language", "that of the text, as RFC 5646 has it", PROCEDURE_LINE, .max = 35},
    {NULL},
};

static const ProcedureField translated_fields[] = {
    {"of", "the event that is translated; its own text is what counts", PROCEDURE_EVENT, TRUE},
    {"language", "that of the translation, as RFC 5646 has it", PROCEDURE_LINE, TRUE, .max = 35},
    {"text", "the translation", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {NULL},
};

static const ProcedureField proposed_fields[] = {
    {"text", "the record", PROCEDURE_TEXT, TRUE, .max = TEXT_SIZE},
    {"record", "SHA-256 of that text", PROCEDURE_LINE, TRUE, .max = DIGEST_SIZE,
     .filled = "the one that it has", .check = check_digest},
    {"language", "that of the text, as RFC 5646 has it", PROCEDURE_LINE, .max = 35},
    {NULL},
};

static const ProcedureField agreed_fields[] = {
    {"record", "SHA-256 of the text that is agreed", PROCEDURE_LINE, TRUE, .max = DIGEST_SIZE,
     .check = check_digest},
    {NULL},
};

static const ProcedureField word_fields[] = {
    {"text", "a word to the other side", PROCEDURE_TEXT, .max = TEXT_SIZE},
    {NULL},
};

/* --- rules -------------------------------------------------------------------------------------
 */

char *consultation_digest(const char *text)
{
    guint8 digest[SHA256_SIZE];
    char hex[DIGEST_SIZE + 1];
    sha256_digest(text, strlen(text), digest);
    return g_strdup(sha256_hex(digest, hex));
}

static gboolean wanted_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "wanted_by");
    gint64 wanted;
    return !text || (timestamp_parse(text, strlen(text), &wanted, NULL) && wanted > event->time_us);
}

/* Nobody replies to itself. */
static gboolean is_its_turn(const EngineResult *dossier, const Event *event)
{
    guint role = dossier->state == COUNTERED ? ROLE(INITIATOR) : ROLE(RESPONDENT);
    return (engine_roles(dossier, event->node) & role) != 0;
}

static gboolean is_digest(const EngineResult *dossier, const Event *event)
{
    g_autofree char *digest = consultation_digest(event_text(event, "text"));
    return strcmp(event_text(event, "record"), digest) == 0;
}

static gboolean is_of_other(const EngineResult *dossier, const Event *event)
{
    const Event *proposal = engine_last(dossier, "record-proposed");
    return proposal && strcmp(proposal->node, event->node) != 0;
}

static gboolean is_proposed(const EngineResult *dossier, const Event *event)
{
    const Event *proposal = engine_last(dossier, "record-proposed");
    return proposal && g_strcmp0(event_text(proposal, "record"), event_text(event, "record")) == 0;
}

static gboolean has_text(const EngineResult *dossier, const Event *event)
{
    const Event *original = engine_named(dossier, event, "of");
    return original && event_text(original, "text") && strcmp(original->type, "translated") != 0;
}

static const ProcedureGuard later_guard = {.rule = "\"wanted_by\" is later than the event itself",
                                           .holds = wanted_later};
static const ProcedureGuard turn_guard = {
    .rule = "the respondent replies; to a counter-representation the initiator",
    .holds = is_its_turn};
static const ProcedureGuard digest_guard = {.rule = "\"record\" is the SHA-256 of the text",
                                            .holds = is_digest};
static const ProcedureGuard other_guard = {
    .rule = "the side agrees that did not propose the record", .holds = is_of_other};
static const ProcedureGuard same_guard = {
    .rule = "\"record\" is that of the text that was proposed last", .holds = is_proposed};
static const ProcedureGuard original_guard = {
    .rule = "what is translated is an original with a text", .holds = has_text};

/* --- the table ---------------------------------------------------------------------------------
 */

static const ProcedureTransition transitions[] = {
    {.type = "opened",
     .verb = "open",
     .help = "asks something, or makes a formal representation",
     .to = ASKED,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = opened_fields,
     .rules = PROCEDURE_RULES(&later_guard)},
    {.type = "received",
     .verb = "receive",
     .help = "says that it arrived",
     .from = STATE(ASKED),
     .to = RECEIVED,
     .who = ROLE(RESPONDENT),
     .tells = ALL,
     .maker = PROCEDURE_MACHINE},
    {.type = "clarification-asked",
     .verb = "ask for clarification of",
     .command = "ask",
     .help = "asks what is meant",
     .from = TO_ANSWER,
     .to = CLARIFYING,
     .who = ROLE(RESPONDENT),
     .tells = ALL,
     .fields = said_fields},
    {.type = "clarified",
     .verb = "clarify",
     .help = "says what is meant",
     .from = STATE(CLARIFYING),
     .to = RECEIVED,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = said_fields},
    {.type = "represented",
     .verb = "make a representation in",
     .command = "represent",
     .help = "makes a formal representation",
     .from = TALKING & ~STATE(ASKED),
     .to = REPRESENTED,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = said_fields},
    {.type = "counter-represented",
     .verb = "make a representation back in",
     .command = "counter-represent",
     .help = "makes a formal representation of the respondent's own",
     .from = TO_ANSWER | STATE(REPLIED),
     .to = COUNTERED,
     .who = ROLE(RESPONDENT),
     .tells = ALL,
     .fields = said_fields},
    {.type = "replied",
     .verb = "reply to",
     .command = "reply",
     .help = "replies",
     .from = TO_ANSWER | STATE(COUNTERED),
     .to = REPLIED,
     .who = SIDES,
     .tells = ALL,
     .fields = said_fields,
     .rules = PROCEDURE_RULES(&turn_guard)},
    {.type = "asked-further",
     .verb = "ask further in",
     .command = "ask-further",
     .help = "asks something more",
     .from = STATE(REPLIED),
     .to = RECEIVED,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = said_fields},
    {.type = "record-proposed",
     .verb = "propose a record of",
     .command = "propose-record",
     .help = "proposes the text that both sides record",
     .from = OPEN & ~STATE(ASKED),
     .to = PROPOSED,
     .who = SIDES,
     .tells = ALL,
     .fields = proposed_fields,
     .rules = PROCEDURE_RULES(&digest_guard)},
    {.type = "record-agreed",
     .verb = "agree to the record of",
     .command = "agree",
     .help = "signs the same record, by the digest of its text",
     .from = STATE(PROPOSED),
     .to = AGREED,
     .who = SIDES,
     .tells = ALL,
     .fields = agreed_fields,
     .rules = PROCEDURE_RULES(&other_guard, &same_guard)},
    {.type = "record-declined",
     .verb = "decline the record of",
     .command = "decline",
     .help = "declines the record that is proposed, or takes one's own back",
     .from = STATE(PROPOSED),
     .to = REPLIED,
     .who = SIDES,
     .tells = ALL,
     .fields = word_fields},
    {.type = "closed",
     .verb = "close",
     .help = "ends it without an agreed record",
     .from = OPEN,
     .to = CLOSED,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = word_fields},
    {.type = "withdrawn",
     .verb = "withdraw",
     .help = "takes it back before there is a reply",
     .from = TO_ANSWER | STATE(CLARIFYING),
     .to = WITHDRAWN,
     .who = ROLE(INITIATOR),
     .tells = ALL,
     .fields = word_fields},
    {.type = "translated",
     .verb = "translate",
     .help = "adds a translation; the original's text is what counts",
     .from = OPEN,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = translated_fields,
     .rules = PROCEDURE_RULES(&original_guard)},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "adds something that is not part of the formal exchange",
     .from = OPEN,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = ALL,
     .fields = said_fields},
    {NULL},
};

static const ProcedureClock clocks[] = {
    {.name = "reply",
     .help = "until the reply that is wanted by a time",
     .runs_in = TO_ANSWER,
     .field = "wanted_by",
     .reminders = procedure_reminders},
};

const Procedure consultation_procedure = {
    .name = "consultation",
    .title = "Consultation",
    .help = "Two nodes talk with each other on the record: a question or a formal representation, "
            "clarification, the reply, and if both want, a record that both sign. It goes on while "
            "their peering is suspended.",
    .subject = "subject",
    .goes_on = TRUE,
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};
