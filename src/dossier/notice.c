#include "dossier/notice.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/engine.h"

enum { REPORTER, RECIPIENT };
enum {
    DRAFTED,
    APPROVED,
    SENT,
    RETURNED,
    RECEIVED,
    ACKNOWLEDGED,
    WORKING,
    ANSWERED,
    CLOSED,
    WITHDRAWN,
    DISCARDED
};

#define ROLE(name)    PROCEDURE_BIT(name)
#define STATE(name)   PROCEDURE_BIT(name)
#define SIDES         (ROLE(REPORTER) | ROLE(RECIPIENT))
#define PRIVATE       (STATE(DRAFTED) | STATE(APPROVED))
#define UNSEEN        (STATE(SENT) | STATE(RECEIVED))
#define OPEN          (UNSEEN | STATE(ACKNOWLEDGED) | STATE(WORKING))
#define SHARED        (OPEN | STATE(RETURNED) | STATE(ANSWERED))

#define HOUR          3600

#define MEMBERS_MAX   32   /* of a finding */
#define MEMBER_MAX    4096 /* bytes of one's text */
#define ADDRESS_MAX   254  /* bytes of a mail address, RFC 5321 section 4.5.3.1.3 */
#define DIGEST_DIGITS (2 * SHA256_SIZE)

static const ProcedureRole roles[] = {
    [REPORTER] = {"reporter", "the node that tells what was found"},
    [RECIPIENT] = {"recipient", "the node that answers for where it was found"},
    {NULL},
};

static const ProcedureState states[] = {
    [DRAFTED] = {.name = "drafted",
                 .help = "it is written; nobody outside knows of it",
                 .is_private = TRUE,
                 .waits_for = ROLE(REPORTER),
                 .waits_what = "approve the notice"},
    [APPROVED] = {.name = "approved",
                  .help = "a person has approved what is to be sent, and to whom",
                  .is_private = TRUE,
                  .waits_for = ROLE(REPORTER),
                  .waits_what = "send the notice"},
    [SENT] = {.name = "sent",
              .help = "it is on its way, or lies in somebody's mail: nobody said that it arrived",
              .waits_for = ROLE(RECIPIENT) | ROLE(REPORTER),
              .waits_what = "acknowledge the notice"},
    [RETURNED] = {.name = "returned",
                  .help = "the mail could not be delivered",
                  .waits_for = ROLE(REPORTER),
                  .waits_what = "send it to another address, or close it"},
    [RECEIVED] = {.name = "received",
                  .help = "the recipient's node has it; nobody has looked at it yet",
                  .waits_for = ROLE(RECIPIENT),
                  .waits_what = "acknowledge the notice"},
    [ACKNOWLEDGED] = {.name = "acknowledged",
                      .help = "a person of the recipient has seen it",
                      .waits_for = ROLE(RECIPIENT) | ROLE(REPORTER),
                      .waits_what = "answer the notice"},
    [WORKING] = {.name = "in-progress",
                 .help = "the recipient is at it",
                 .waits_for = ROLE(RECIPIENT) | ROLE(REPORTER),
                 .waits_what = "answer the notice"},
    [ANSWERED] = {.name = "answered",
                  .help = "the recipient has said what became of it",
                  .waits_for = ROLE(REPORTER),
                  .waits_what = "close the notice, or reopen it"},
    [CLOSED] = {.name = "closed", .help = "the reporter is done with it", .is_final = TRUE},
    [WITHDRAWN] = {.name = "withdrawn",
                   .help = "the reporter has taken it back: it was wrong, or is of no use any more",
                   .is_final = TRUE},
    [DISCARDED] = {.name = "discarded",
                   .help = "it was never sent",
                   .is_final = TRUE,
                   .is_private = TRUE},
};

static const ProcedureWord urgencies[] = {
    {"critical", "harm goes on now"},
    {"high", "harm is near"},
    {"medium", "within days"},
    {"low", "when it suits"},
    {NULL},
};

static const ProcedureWord outcomes[] = {
    {"fixed", "what was found is not there any more"},
    {"taken-down", "it cannot be reached any more"},
    {"not-ours", "somebody else answers for it"},
    {"disputed", "the recipient does not see it so; the text says why"},
    {NULL},
};

/* --- what is in an event -----------------------------------------------------------------------
 */

static gboolean is_line(yyjson_val *value, gsize max)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0 || length > max)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if ((guchar)text[i] < 0x20 || text[i] == 0x7f)
            return FALSE;
    return TRUE;
}

static gboolean check_finding(yyjson_val *finding, gsize number, GError **error)
{
    size_t at, count;
    yyjson_val *name, *value;
    if (!yyjson_is_obj(finding) || yyjson_obj_size(finding) > MEMBERS_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "[%zu] is no object of at most %d members",
                         number, MEMBERS_MAX);
    if (!is_line(yyjson_obj_get(finding, "value"), MEMBER_MAX))
        return error_set(error, CONCERT_ERROR_INPUT, "[%zu] has no \"value\"", number);
    yyjson_obj_foreach (finding, at, count, name, value) {
        if (!is_line(name, PROCEDURE_NODE_MAX) ||
            (!is_line(value, MEMBER_MAX) && !yyjson_is_uint(value)))
            return error_set(error, CONCERT_ERROR_INPUT,
                             "[%zu]: a member is neither a line of text nor a whole number",
                             number);
    }
    return TRUE;
}

gboolean notice_check_findings(yyjson_val *value, GError **error)
{
    size_t at, count;
    yyjson_val *finding;
    if (!yyjson_is_arr(value) || yyjson_arr_size(value) == 0 ||
        yyjson_arr_size(value) > NOTICE_FINDINGS_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "it is no list of 1 to %d findings",
                         NOTICE_FINDINGS_MAX);
    yyjson_arr_foreach (value, at, count, finding) {
        if (!check_finding(finding, at, error))
            return FALSE;
    }
    return TRUE;
}

/* As a header of a mail may have it, and nothing that would begin another. */
static gboolean check_address(yyjson_val *value, GError **error)
{
    const char *text = yyjson_get_str(value), *at = text ? strchr(text, '@') : NULL;
    gboolean good = at && at > text && at[1] && !strchr(at + 1, '@') && strlen(text) <= ADDRESS_MAX;
    for (const char *one = text; good && *one; one++)
        good = g_ascii_isgraph(*one) && !strchr("<>()[],;:\\\"", *one);
    return good || error_set(error, CONCERT_ERROR_INPUT, "it is no mail address");
}

static gboolean check_mail(yyjson_val *value, GError **error)
{
    static const char *const protections[] = {"none", "signed", "encrypted", "signed-encrypted",
                                              NULL};
    const char *protection = yyjson_get_str(yyjson_obj_get(value, "protection"));
    const char *digest = yyjson_get_str(yyjson_obj_get(value, "sha256"));
    EventHash hash;
    if (!yyjson_is_obj(value) || yyjson_obj_size(value) > MEMBERS_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "it is no object");
    if (!check_address(yyjson_obj_get(value, "to"), error))
        return FALSE;
    if (!is_line(yyjson_obj_get(value, "message_id"), PROCEDURE_LINE_MAX))
        return error_set(error, CONCERT_ERROR_INPUT, "it has no \"message_id\"");
    if (!digest || !event_hash_parse(digest, strlen(digest), &hash))
        return error_set(error, CONCERT_ERROR_INPUT, "its \"sha256\" is no %d hex digits",
                         DIGEST_DIGITS);
    if (!protection || !g_strv_contains(protections, protection))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "its \"protection\" is none of none, signed, encrypted, signed-encrypted");
    return TRUE;
}

#define MAIL_HELP                                                                                  \
    "the mail that went out: {\"to\", \"message_id\", \"sha256\" of its text, \"protection\"}"

static const ProcedureField drafted_fields[] = {
    {"to", "the node that is told", PROCEDURE_NODE, .gives = ROLE(RECIPIENT)},
    {"contact", "the mail address of who is told and has no node", PROCEDURE_LINE,
     .max = ADDRESS_MAX, .check = check_address},
    {"contact_name", "who that is", PROCEDURE_LINE, .max = 256},
    {"why", "why this recipient is the one", PROCEDURE_LINE, TRUE, .max = 512},
    {"language", "that of the text, as RFC 5646 has it", PROCEDURE_LINE, .max = 35},
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "what the recipient reads", PROCEDURE_TEXT, TRUE, .max = 32 * 1024},
    {"findings", "what was found, as data", PROCEDURE_DATA, TRUE, .check = notice_check_findings},
    {"urgency", "how soon it has to be acknowledged", PROCEDURE_WORD, TRUE, .words = urgencies,
     .otherwise = "medium"},
    {"wanted_by", "when an answer is of use at the latest", PROCEDURE_TIME},
    {"reference", "what mails about it are known by", PROCEDURE_LINE, .max = 64},
    {"batch", "what was drafted together has the same", PROCEDURE_LINE, .max = 64},
    {"four_eyes", "who approves it is not who wrote it", PROCEDURE_FLAG},
    {NULL},
};

static const ProcedureField revised_fields[] = {
    {"subject", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "what the recipient reads", PROCEDURE_TEXT, TRUE, .max = 32 * 1024},
    {NULL},
};

static const ProcedureField approved_fields[] = {
    {"text", "a word for the record", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField sent_fields[] = {
    {"mail", MAIL_HELP, PROCEDURE_DATA, .check = check_mail},
    {NULL},
};

static const ProcedureField reminded_fields[] = {
    {"mail", MAIL_HELP, PROCEDURE_DATA, .check = check_mail},
    {"text", "a word to the recipient", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField returned_fields[] = {
    {"text", "what the mail's return says", PROCEDURE_TEXT, TRUE, .max = 4 * 1024},
    {"message_id", "the mail in which it was said", PROCEDURE_LINE, .max = PROCEDURE_LINE_MAX},
    {NULL},
};

static const ProcedureField acknowledged_fields[] = {
    {"text", "a word to the reporter", PROCEDURE_TEXT, .max = 16 * 1024},
    {"expected", "when an answer can be expected", PROCEDURE_TIME},
    {"message_id", "the mail in which it was said", PROCEDURE_LINE, .max = PROCEDURE_LINE_MAX},
    {NULL},
};

static const ProcedureField answered_fields[] = {
    {"outcome", "what became of it", PROCEDURE_WORD, TRUE, .words = outcomes},
    {"text", "more about it", PROCEDURE_TEXT, .max = 16 * 1024},
    {"since", "since when it is so", PROCEDURE_TIME},
    {"message_id", "the mail in which it was said", PROCEDURE_LINE, .max = PROCEDURE_LINE_MAX},
    {NULL},
};

static const ProcedureField word_fields[] = {
    {"text", "a word to the recipient", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static const ProcedureField remark_fields[] = {
    {"text", "the remark", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {"message_id", "the mail in which it was said", PROCEDURE_LINE, .max = PROCEDURE_LINE_MAX},
    {NULL},
};

/* --- rules -------------------------------------------------------------------------------------
 */

/* Whether the notice goes by mail: its recipient has no node. */
static gboolean by_mail(const EngineResult *dossier)
{
    return event_text(dossier->opening, "contact") != NULL;
}

static gboolean one_recipient(const EngineResult *dossier, const Event *event)
{
    return !event_text(event, "to") == (event_text(event, "contact") != NULL);
}

static gboolean not_itself(const EngineResult *dossier, const Event *event)
{
    const char *to = event_text(event, "to");
    return !to || strcmp(to, event->node) != 0;
}

static gboolean wanted_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "wanted_by");
    gint64 wanted;
    return !text || (timestamp_parse(text, strlen(text), &wanted, NULL) && wanted > event->time_us);
}

/* Nobody's word but who wrote none of it. */
static gboolean other_person(const EngineResult *dossier, const Event *event)
{
    static const char *const writing[] = {"drafted", "revised"};
    if (!yyjson_get_bool(yyjson_obj_get(dossier->opening->payload, "four_eyes")))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(writing); i++)
        for (guint n = 0; n < engine_count(dossier, writing[i]); n++)
            if (g_strcmp0(engine_nth(dossier, writing[i], n)->signatory, event->signatory) == 0)
                return FALSE;
    return TRUE;
}

static gboolean has_mail(const EngineResult *dossier, const Event *event)
{
    return (yyjson_obj_get(event->payload, "mail") != NULL) == by_mail(dossier);
}

static gboolean is_by_mail(const EngineResult *dossier, const Event *event)
{
    return by_mail(dossier);
}

/* A recipient with a node speaks for itself; for one without, the reporter keeps the record. */
static gboolean speaks_for_itself(const EngineResult *dossier, const Event *event)
{
    guint role = by_mail(dossier) ? ROLE(REPORTER) : ROLE(RECIPIENT);
    return (engine_roles(dossier, event->node) & role) != 0;
}

static gboolean few_reminders(const EngineResult *dossier, const Event *event)
{
    return engine_count(dossier, "reminded") < NOTICE_REMINDERS_MAX;
}

static gboolean dispute_says_why(const EngineResult *dossier, const Event *event)
{
    return strcmp(event_text(event, "outcome"), "disputed") != 0 || event_text(event, "text");
}

static const ProcedureGuard one_recipient_guard = {
    "it goes either \"to\" a node or to a \"contact\" by mail", one_recipient};
static const ProcedureGuard not_itself_guard = {"it goes to another node", not_itself};
static const ProcedureGuard wanted_later_guard = {"\"wanted_by\" is later than the draft",
                                                  wanted_later};
static const ProcedureGuard other_person_guard = {
    "somebody approves it who wrote nothing of it, where four eyes are asked for", other_person};
static const ProcedureGuard has_mail_guard = {
    "\"mail\" says which mail went out, exactly where it goes by mail", has_mail};
static const ProcedureGuard by_mail_guard = {"only mail comes back", is_by_mail};
static const ProcedureGuard speaks_guard = {
    "the recipient answers for itself; the reporter records only what came by mail from somebody "
    "who has no node",
    speaks_for_itself};
static const ProcedureGuard few_reminders_guard = {
    "nobody is reminded more than " G_STRINGIFY(NOTICE_REMINDERS_MAX) " times", few_reminders};
static const ProcedureGuard dispute_guard = {"a dispute says why in its \"text\"",
                                             dispute_says_why};

static const ProcedureGuard *const drafted_rules[] = {&one_recipient_guard, &not_itself_guard,
                                                      &wanted_later_guard, NULL};
static const ProcedureGuard *const approved_rules[] = {&other_person_guard, NULL};
static const ProcedureGuard *const sent_rules[] = {&has_mail_guard, NULL};
static const ProcedureGuard *const reminded_rules[] = {&has_mail_guard, &few_reminders_guard, NULL};
static const ProcedureGuard *const returned_rules[] = {&by_mail_guard, NULL};
static const ProcedureGuard *const acknowledged_rules[] = {&speaks_guard, NULL};
static const ProcedureGuard *const answered_rules[] = {&speaks_guard, &dispute_guard, NULL};

/* --- the table ---------------------------------------------------------------------------------
 */

static const ProcedureTransition transitions[] = {
    {.type = "drafted",
     .verb = "draft",
     .help = "writes down what is to be told, and to whom",
     .to = DRAFTED,
     .who = ROLE(REPORTER),
     .fields = drafted_fields,
     .rules = drafted_rules},
    {.type = "revised",
     .verb = "revise",
     .help = "writes it anew; it has to be approved again",
     .from = PRIVATE,
     .to = DRAFTED,
     .who = ROLE(REPORTER),
     .fields = revised_fields},
    {.type = "approved",
     .verb = "approve",
     .help = "approves what is to be sent, and to whom",
     .from = STATE(DRAFTED),
     .to = APPROVED,
     .who = ROLE(REPORTER),
     .fields = approved_fields,
     .rules = approved_rules},
    {.type = "discarded",
     .verb = "discard",
     .help = "lets it be",
     .from = PRIVATE,
     .to = DISCARDED,
     .who = ROLE(REPORTER),
     .fields = approved_fields},
    {.type = "sent",
     .verb = "send",
     .help = "sends it, or sends a mail that came back once more",
     .from = STATE(APPROVED) | STATE(RETURNED),
     .to = SENT,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .opens = TRUE,
     .fields = sent_fields,
     .rules = sent_rules},
    {.type = "received",
     .verb = "receive",
     .help = "says that the notice arrived",
     .from = STATE(SENT),
     .to = RECEIVED,
     .who = ROLE(RECIPIENT),
     .tells = SIDES,
     .maker = PROCEDURE_MACHINE},
    {.type = "returned",
     .verb = "return",
     .command = "returned",
     .help = "records that the mail could not be delivered",
     .from = OPEN,
     .to = RETURNED,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .fields = returned_fields,
     .rules = returned_rules},
    {.type = "acknowledged",
     .verb = "acknowledge",
     .command = "ack",
     .help = "says that somebody has seen it",
     .from = UNSEEN,
     .to = ACKNOWLEDGED,
     .who = SIDES,
     .tells = SIDES,
     .fields = acknowledged_fields,
     .rules = acknowledged_rules},
    {.type = "in-progress",
     .verb = "work on",
     .command = "progress",
     .help = "says that somebody is at it",
     .from = UNSEEN | STATE(ACKNOWLEDGED),
     .to = WORKING,
     .who = SIDES,
     .tells = SIDES,
     .fields = acknowledged_fields,
     .rules = acknowledged_rules},
    {.type = "answered",
     .verb = "answer",
     .help = "says what became of it",
     .from = OPEN,
     .to = ANSWERED,
     .who = SIDES,
     .tells = SIDES,
     .fields = answered_fields,
     .rules = answered_rules},
    {.type = "reopened",
     .verb = "reopen",
     .help = "says that it is still there",
     .from = STATE(ANSWERED),
     .to = ACKNOWLEDGED,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .fields = remark_fields},
    {.type = "reminded",
     .verb = "remind of",
     .command = "remind",
     .help = "reminds the recipient of it",
     .from = OPEN,
     .to = PROCEDURE_STAY,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .fields = reminded_fields,
     .rules = reminded_rules},
    {.type = "remark",
     .verb = "remark on",
     .command = "comment",
     .help = "adds something for the other side to read",
     .from = SHARED,
     .to = PROCEDURE_STAY,
     .who = SIDES,
     .tells = SIDES,
     .fields = remark_fields},
    {.type = "closed",
     .verb = "close",
     .help = "is done with it, answered or not",
     .from = SHARED,
     .to = CLOSED,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .fields = word_fields},
    {.type = "withdrawn",
     .verb = "withdraw",
     .help = "takes it back",
     .from = OPEN | STATE(RETURNED),
     .to = WITHDRAWN,
     .who = ROLE(REPORTER),
     .tells = SIDES,
     .fields = word_fields},
    {NULL},
};

static const ProcedureTerm acknowledge_terms[] = {
    {"critical", 4 * HOUR, .is_urgent = TRUE},
    {"high", 24 * HOUR},
    {"medium", 72 * HOUR},
    {"low", 168 * HOUR},
    {NULL},
};

static const ProcedureClock clocks[] = {
    {.name = "acknowledge",
     .help = "until somebody has seen it",
     .runs_in = UNSEEN,
     .field = "urgency",
     .terms = acknowledge_terms,
     .in_hours = TRUE,
     .reminders = procedure_reminders},
    {.name = "answer",
     .help = "until the answer that is wanted by a time",
     .runs_in = OPEN,
     .field = "wanted_by",
     .reminders = procedure_reminders},
};

const Procedure notice_procedure = {
    .name = "notice",
    .command = "notify",
    .title = "Notice",
    .help = "Who answers for an address, a name or a URL is told what was found there: by their "
            "node, or by mail if they have none. Nothing leaves before a person has approved it; "
            "what the recipient makes of it is kept, with its times.",
    .subject = "subject",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};

gboolean notice_is_private(const char *state)
{
    for (guint i = 0; i < G_N_ELEMENTS(states); i++)
        if (g_strcmp0(states[i].name, state) == 0)
            return states[i].is_private;
    return FALSE;
}
