/* cmd_notify_stats.c - `concert notify stats`: what became of the notices, in numbers. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_notify.h"
#include "cli/output.h"
#include "dossier/notice.h"
#include "store/mails.h"

#define OUTCOMES_MAX 8

/* Of the notices that this node sent; exercises are left out. */
typedef struct {
    const char *batch; /* NULL: all */
    guint by_state[PROCEDURE_SET_MAX];
    guint notices, sent, reminded, findings;
    guint outcomes[OUTCOMES_MAX];
    GArray *acknowledged, *answered; /* gint64: seconds from sending on */
} Stats;

static const ProcedureWord *outcomes(void)
{
    const ProcedureField *field = procedure_transition(&notice_procedure, "answered")->fields;
    while (field->type != PROCEDURE_WORD)
        field++;
    return field->words;
}

/* The first valid event of one of two types; NULL: none. */
static const Event *first_of(const EngineResult *result, const char *a, const char *b)
{
    const Event *one = engine_nth(result, a, 0), *other = b ? engine_nth(result, b, 0) : NULL;
    return !one || (other && other->time_us < one->time_us) ? other : one;
}

static void add_time(GArray *times, const Event *from, const Event *to)
{
    gint64 seconds = from && to ? (to->time_us - from->time_us) / G_USEC_PER_SEC : -1;
    if (seconds >= 0)
        g_array_append_val(times, seconds);
}

static void count_outcome(Stats *stats, const Event *answer)
{
    const ProcedureWord *words = outcomes();
    for (guint i = 0; answer && words[i].word; i++)
        if (g_strcmp0(event_text(answer, "outcome"), words[i].word) == 0)
            stats->outcomes[i]++;
}

static void count(Stats *stats, const EngineResult *result, const char *self)
{
    const Event *opening = result->opening, *sent = engine_nth(result, "sent", 0);
    const Event *answer = engine_last(result, "answered");
    if (!opening || opening->is_exercise || strcmp(opening->node, self) != 0 || result->state < 0 ||
        (stats->batch && g_strcmp0(stats->batch, event_text(opening, "batch")) != 0))
        return;
    stats->notices++;
    stats->by_state[result->state]++;
    stats->findings += (guint)yyjson_arr_size(yyjson_obj_get(opening->payload, "findings"));
    stats->sent += sent != NULL;
    stats->reminded += engine_count(result, "reminded") > 0;
    count_outcome(stats, answer);
    const Event *seen = first_of(result, "acknowledged", "in-progress");
    add_time(stats->acknowledged, sent, seen ? seen : engine_nth(result, "answered", 0));
    add_time(stats->answered, sent, answer);
}

static gboolean gather(Stats *stats, Store *store, const char *self, GError **error)
{
    const DossiersQuery query = {.procedure = "notice"};
    g_autoptr(GPtrArray) dossiers = dossiers_list(store, &query, error);
    for (guint i = 0; dossiers && i < dossiers->len; i++) {
        g_autoptr(Docket) docket =
            docket_load(store, ((const Dossier *)dossiers->pdata[i])->id, error);
        if (!docket)
            return FALSE;
        count(stats, docket->result, self);
    }
    return dossiers != NULL;
}

static int compare_seconds(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

/* -1: there is none. */
static gint64 median(GArray *times)
{
    if (times->len == 0)
        return -1;
    g_array_sort(times, compare_seconds);
    return g_array_index(times, gint64, times->len / 2);
}

static void print_json(const Stats *stats, const MailsSummary *mails)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *object;
    const ProcedureWord *words = outcomes();
    gint64 acknowledged = median(stats->acknowledged), answered = median(stats->answered);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "notices", stats->notices);
    yyjson_mut_obj_add_uint(doc, root, "findings", stats->findings);
    yyjson_mut_obj_add_uint(doc, root, "sent", stats->sent);
    yyjson_mut_obj_add_uint(doc, root, "reminded", stats->reminded);
    object = yyjson_mut_obj_add_obj(doc, root, "states");
    for (guint i = 0; i < notice_procedure.n_states; i++)
        yyjson_mut_obj_add_uint(doc, object, notice_procedure.states[i].name, stats->by_state[i]);
    object = yyjson_mut_obj_add_obj(doc, root, "outcomes");
    for (guint i = 0; words[i].word; i++)
        yyjson_mut_obj_add_uint(doc, object, words[i].word, stats->outcomes[i]);
    if (acknowledged >= 0)
        yyjson_mut_obj_add_int(doc, root, "median_seconds_to_acknowledge", acknowledged);
    if (answered >= 0)
        yyjson_mut_obj_add_int(doc, root, "median_seconds_to_answer", answered);
    object = yyjson_mut_obj_add_obj(doc, root, "mails");
    yyjson_mut_obj_add_uint(doc, object, "sent", mails->sent);
    yyjson_mut_obj_add_uint(doc, object, "waiting", mails->waiting);
    yyjson_mut_obj_add_uint(doc, object, "given_up", mails->failed);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_time(const char *what, GArray *times)
{
    gint64 seconds = median(times);
    if (seconds >= 0)
        output_line("%s: half of %u within %" G_GINT64_FORMAT " h %02d min", what, times->len,
                    seconds / 3600, (int)(seconds / 60 % 60));
}

static void print_text(const Stats *stats, const MailsSummary *mails)
{
    const ProcedureWord *words = outcomes();
    output_line("%u notices of %u findings, %u sent, %u reminded of", stats->notices,
                stats->findings, stats->sent, stats->reminded);
    for (guint i = 0; i < notice_procedure.n_states; i++)
        if (stats->by_state[i] > 0)
            output_line("  %s: %u", notice_procedure.states[i].name, stats->by_state[i]);
    for (guint i = 0; words[i].word; i++)
        if (stats->outcomes[i] > 0)
            output_line("  answered \"%s\": %u", words[i].word, stats->outcomes[i]);
    print_time("acknowledged", stats->acknowledged);
    print_time("answered", stats->answered);
    output_line("mails: %" G_GUINT64_FORMAT " sent, %" G_GUINT64_FORMAT " wait, %" G_GUINT64_FORMAT
                " given up",
                mails->sent, mails->waiting, mails->failed);
}

static int run(const CommandCall *call, GError **error)
{
    MailsSummary mails;
    g_autoptr(GArray) acknowledged = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GArray) answered = g_array_new(FALSE, FALSE, sizeof(gint64));
    Stats stats = {
        .batch = command_text(call, "batch"), .acknowledged = acknowledged, .answered = answered};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node ||
        !gather(&stats, node_store(node), config_string(node_config(node), SETTING_NODE_NAME),
                error) ||
        !mails_summary(node_store(node), &mails, error))
        return COMMAND_ERROR;
    if (command_json(call))
        print_json(&stats, &mails);
    else
        print_text(&stats, &mails);
    return stats.notices > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_notify_stats = {
    .name = "stats",
    .summary = "say what became of the notices, in numbers",
    .description = "Of the notices that this node drafted; exercises do not count.",
    .options = (const CommandOption[]){{"batch", 'b', COMMAND_TEXT, "NAME",
                                        .help = "only those that were drafted together"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run,
};
