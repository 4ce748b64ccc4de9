#include "dossier/board.h"

#include <string.h>

#include "base/timestamp.h"

enum { POSTER, READER };
enum { POSTED, CLOSED };

#define ROLE(name)  PROCEDURE_BIT(name)
#define STATE(name) PROCEDURE_BIT(name)
#define ALL         (ROLE(POSTER) | ROLE(READER))

static const ProcedureRole roles[] = {
    [POSTER] = {"poster", "the node that needs or offers something"},
    [READER] = {"reader", "a node that it is posted to"},
    {NULL},
};

static const ProcedureState states[] = {
    [POSTED] = {.name = "posted",
                .help = "it stands on the board; whoever can help, or wants it, answers",
                .is_rest = TRUE},
    [CLOSED] = {.name = "closed", .help = "it is off the board", .is_final = TRUE},
};

static const ProcedureWord sides[] = {
    {"need", "the poster needs it"},
    {"offer", "the poster offers it"},
    {NULL},
};

static const ProcedureWord topics[] = {
    {"analysis", "looking into malware, logs, traffic"},
    {"equipment", "hardware and software"},
    {"forensics", "securing and examining evidence"},
    {"hosting", "machines and lines"},
    {"legal", "advice on law and procedure"},
    {"other", "something else, said in the text"},
    {"people", "hands, on site or from afar"},
    {"translation", "languages"},
    {"training", "courses and exercises"},
    {NULL},
};

static const ProcedureWord outcomes[] = {
    {"met", "what was needed was given, or what was offered was taken"},
    {"not-met", "nobody could, or wanted it"},
    {"out-of-date", "it is of no use any more"},
    {NULL},
};

static const ProcedureField posted_fields[] = {
    {"to", "who is to read it", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX,
     .gives = ROLE(READER)},
    {"side", "whether it is needed or offered", PROCEDURE_WORD, TRUE, .words = sides},
    {"topics", "what it is about", PROCEDURE_WORDS, TRUE, .words = topics},
    {"title", "one line", PROCEDURE_LINE, TRUE, .max = 256},
    {"text", "more of it", PROCEDURE_TEXT, .max = 16 * 1024},
    {"until", "until when it stands", PROCEDURE_TIME},
    {NULL},
};

static const ProcedureField shared_fields[] = {
    {"to", "who is to read it, too", PROCEDURE_NODES, TRUE, .max = PROCEDURE_LIST_MAX,
     .gives = ROLE(READER)},
    {NULL},
};

static const ProcedureField answered_fields[] = {
    {"text", "what can be done, or is wanted", PROCEDURE_TEXT, TRUE, .max = 16 * 1024},
    {NULL},
};

static const ProcedureField closed_fields[] = {
    {"outcome", "what came of it", PROCEDURE_WORD, TRUE, .words = outcomes, .otherwise = "met"},
    {"text", "a word to the readers", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

static gboolean until_is_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "until");
    gint64 until;
    return !text || (timestamp_parse(text, strlen(text), &until, NULL) && until > event->time_us);
}

static const ProcedureGuard until_guard = {"\"until\" is later than the posting itself",
                                           until_is_later};
static const ProcedureGuard *const posted_rules[] = {&until_guard, NULL};

static const ProcedureTransition transitions[] = {
    {.type = "posted",
     .verb = "post",
     .command = "add",
     .help = "puts a need or an offer on the board",
     .to = POSTED,
     .who = ROLE(POSTER),
     .tells = ALL,
     .fields = posted_fields,
     .rules = posted_rules},
    {.type = "shared",
     .verb = "share",
     .help = "shows it to more nodes",
     .from = STATE(POSTED),
     .to = PROCEDURE_STAY,
     .who = ROLE(POSTER),
     .tells = ALL,
     .fields = shared_fields},
    {.type = "answered",
     .verb = "answer",
     .help = "says to the poster alone what can be done, or is wanted",
     .from = STATE(POSTED),
     .to = PROCEDURE_STAY,
     .who = ROLE(READER),
     .tells = ROLE(POSTER),
     .fields = answered_fields},
    {.type = "closed",
     .verb = "close",
     .help = "takes it off the board",
     .from = STATE(POSTED),
     .to = CLOSED,
     .who = ROLE(POSTER),
     .tells = ALL,
     .fields = closed_fields},
    {NULL},
};

static const guint reminders[] = {100, 0};

static const ProcedureClock clocks[] = {
    {.name = "until",
     .help = "until it is out of date",
     .runs_in = STATE(POSTED),
     .field = "until",
     .reminders = reminders},
};

const Procedure board_procedure = {
    .name = "board",
    .title = "Board",
    .help =
        "Nodes post what they need and what they offer to those who may read it. An answer goes "
        "to the poster alone; what comes of it is a matter of the two.",
    .subject = "title",
    .roles = roles,
    .states = states,
    .n_states = G_N_ELEMENTS(states),
    .transitions = transitions,
    .clocks = clocks,
    .n_clocks = G_N_ELEMENTS(clocks),
};

/* --- matching ----------------------------------------------------------------------------------
 */

static gboolean is_posted(const EngineResult *dossier)
{
    return dossier->procedure == &board_procedure && dossier->state == POSTED;
}

static gboolean has_topic(yyjson_val *topics_of, const char *topic)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (topics_of, at, size, one)
        if (yyjson_equals_str(one, topic))
            return TRUE;
    return FALSE;
}

static gboolean have_common_topic(const Event *a, const Event *b)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (yyjson_obj_get(a->payload, "topics"), at, size, one)
        if (has_topic(yyjson_obj_get(b->payload, "topics"), yyjson_get_str(one)))
            return TRUE;
    return FALSE;
}

gboolean board_matches(const EngineResult *a, const EngineResult *b)
{
    if (!is_posted(a) || !is_posted(b))
        return FALSE;
    const Event *of_a = a->opening, *of_b = b->opening;
    return strcmp(event_text(of_a, "side"), event_text(of_b, "side")) != 0 &&
           of_a->is_exercise == of_b->is_exercise && engine_roles(a, of_b->node) == ROLE(READER) &&
           engine_roles(b, of_a->node) == ROLE(READER) && have_common_topic(of_a, of_b);
}
