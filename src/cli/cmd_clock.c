/* cmd_clock.c - `concert clock`: what has to be done by when, in all procedures, and whom that
 * reaches. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/dispatch_view.h"
#include "cli/dossier_command.h"
#include "cli/dossier_view.h"
#include "cli/output.h"
#include "dossier/clock_hours.h"
#include "dossier/silence.h"
#include "exchange/dispatch_header.h"
#include "ledger/opening.h"
#include "ledger/origin.h"
#include "node/reminder_mail.h"
#include "store/records.h"

#define SILENCES_MAX 100000 /* dispatches that are looked through */

static gboolean read_at(const CommandCall *call, gint64 *ret_at, GError **error)
{
    const char *text = command_text(call, "at");
    guint seconds;
    if (!text) {
        *ret_at = timestamp_now();
        return TRUE;
    }
    if (config_read_duration(text, 366 * 24 * 3600, &seconds)) {
        *ret_at = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
        return TRUE;
    }
    if (timestamp_parse_lenient(text, strlen(text), ret_at))
        return TRUE;
    command_usage(call, error,
                  "--at %s: neither a time such as 2026-05-01T10:20Z nor a duration from now such "
                  "as 48h",
                  text);
    return FALSE;
}

/* --- list --------------------------------------------------------------------------------------
 */

/* One clock that runs. */
typedef struct {
    Dossier *dossier; /* without its texts */
    const ProcedureClock *clock;
    gint64 started, due, next;
    guint percent;
    char *counted; /* in which hours, whose, and why: for people */
    const char *why;
    char *hours, *hours_of; /* NULL: all; nobody's */
} Row;

static void row_clear(gpointer data)
{
    Row *row = data;
    dossier_free(row->dossier);
    g_free(row->counted);
    g_free(row->hours);
    g_free(row->hours_of);
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    const Row *x = a, *y = b;
    return (x->due > y->due) - (x->due < y->due);
}

static gboolean add_clocks(Store *store, const char *id, gint64 now, GArray *rows, GError **error)
{
    g_autoptr(Docket) docket = docket_load(store, id, error);
    if (!docket)
        return FALSE;
    for (guint i = 0; i < docket->result->clocks->len; i++) {
        const EngineClock *clock = &g_array_index(docket->result->clocks, EngineClock, i);
        Row row = {.clock = clock->clock, .started = clock->started_us, .due = clock->due_us};
        if (!clock->is_running)
            continue;
        engine_clock_read(clock, now, &row.percent, NULL, &row.next);
        row.dossier = dossiers_get(store, id, error);
        if (!row.dossier)
            return FALSE;
        row.counted = clock_hours_explain(clock->hours);
        row.why = clock_hours_name(clock->hours);
        row.hours = clock->hours ? g_strdup(clock->hours->text) : NULL;
        row.hours_of = clock->hours ? g_strdup(clock->hours->nodes) : NULL;
        g_array_append_val(rows, row);
    }
    return TRUE;
}

static void print_json(const Row *row, gint64 now)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "clock", row->clock->name);
    yyjson_mut_obj_add_str(doc, root, "what", row->clock->help);
    yyjson_mut_obj_add_uint(doc, root, "percent", row->percent);
    dispatch_view_add_time(doc, root, "started", row->started);
    dispatch_view_add_time(doc, root, "ends", row->due);
    dispatch_view_add_time(doc, root, "next_reminder", row->next);
    dispatch_view_add_text(doc, root, "hours", row->hours);
    dispatch_view_add_text(doc, root, "hours_of", row->hours_of);
    yyjson_mut_obj_add_str(doc, root, "hours_why", row->why);
    yyjson_mut_val *dossier = yyjson_mut_obj_add_obj(doc, root, "dossier");
    dossier_view_add(doc, dossier, row->dossier, now);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void add_row(OutputTable *table, const Row *row, gint64 now)
{
    const Dossier *dossier = row->dossier;
    g_autofree char *abridged = dossier_command_short(dossier->id);
    g_autofree char *id = g_strdup_printf("%s %s", dossier->procedure, abridged);
    g_autofree char *due = dossier_view_due(row->due, now);
    g_autofree char *percent = g_strdup_printf("%u %%", row->percent);
    g_autofree char *others = g_strjoinv(", ", dossier->waits_for);
    g_autofree char *what =
        g_strdup_printf("%s%s", dossier->is_exercise ? "EXERCISE: " : "", row->clock->help);
    output_table_row(table, (const char *[]){id, row->clock->name, percent, due,
                                             dossier->waits_here ? "THIS NODE" : others, what,
                                             row->counted});
}

static int run_list(const CommandCall *call, GError **error)
{
    gint64 now;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !read_at(call, &now, error))
        return COMMAND_ERROR;
    const DossiersQuery query = {.is_live = TRUE, .waits_here = command_flag(call, "waiting")};
    g_autoptr(GPtrArray) dossiers = dossiers_list(node_store(node), &query, error);
    if (!dossiers)
        return COMMAND_ERROR;
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_array_set_clear_func(rows, row_clear);
    for (guint i = 0; i < dossiers->len; i++) {
        const Dossier *dossier = dossiers->pdata[i];
        if (dossier->due != G_MAXINT64 &&
            !add_clocks(node_store(node), dossier->id, now, rows, error))
            return COMMAND_ERROR;
    }
    g_array_sort(rows, compare_rows);
    g_autoptr(OutputTable) table = output_table_new("DOSSIER", "CLOCK", "OVER", "ENDS", "WAITS FOR",
                                                    "WHAT", "COUNTED IN", NULL);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        if (command_json(call))
            print_json(row, now);
        else
            add_row(table, row, now);
    }
    output_table_print(g_steal_pointer(&table));
    return rows->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_list = {
    .name = "list",
    .summary = "list the clocks that run, those that end first before the others",
    .options =
        (const CommandOption[]){
            {"waiting", 'w', COMMAND_FLAG, .help = "only where this node has to act"},
            {"at", 0, COMMAND_TEXT, "TIME|DURATION", .help = "as they will stand then"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "none runs",
    .uses_node = TRUE,
    .run = run_list,
};

/* --- run ---------------------------------------------------------------------------------------
 */

typedef struct {
    const CommandCall *call;
    const Config *config;
    gboolean only_look;
} Giving;

static gboolean give(const Reminder *reminder, gpointer user, GError **error)
{
    const Giving *giving = user;
    if (!giving->only_look && !reminder_give(reminder, (gpointer)giving->config, error))
        return FALSE;
    if (command_json(giving->call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        reminder_write(reminder, doc, root);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return TRUE;
    }
    g_autofree char *id = dossier_command_short(reminder->dossier);
    output_line("%s%s %s (%s): %s: %u %% of the time is over%s",
                reminder->is_exercise ? "EXERCISE: " : "", reminder->procedure, id,
                reminder->waits_here ? "this node has to act" : "another node is waited for",
                reminder->help, reminder->percent, reminder->is_second ? "; second contact" : "");
    return TRUE;
}

static int run_run(const CommandCall *call, GError **error)
{
    gint64 now;
    guint count = 0;
    gboolean only_look = command_flag(call, "check") || command_text(call, "at");
    g_autoptr(Node) node = command_node_open(call, only_look ? NODE_READ : NODE_WRITE, error);
    g_autoptr(Hours) hours = node ? reminder_hours(node_config(node), error) : NULL;
    if (!hours || !read_at(call, &now, error))
        return COMMAND_ERROR;
    Giving giving = {call, node_config(node), only_look};
    if (!reminder_run(node, hours, now, only_look, give, &giving, &count, error))
        return COMMAND_ERROR;
    return count > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_run = {
    .name = "run",
    .summary = "give the reminders that are due now",
    .description = "`concert serve` does it by itself. With --at nobody is reminded: it shows who "
                   "would be by then, if nothing happens until then.",
    .options = (const CommandOption[]){{"check", 0, COMMAND_FLAG, .help = "only show what is due"},
                                       {"at", 0, COMMAND_TEXT, "TIME|DURATION",
                                        .help = "show what will be due then"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "none is due",
    .uses_node = TRUE,
    .run = run_run,
};

/* --- test --------------------------------------------------------------------------------------
 */

static int run_test(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    const Config *config = node_config(node);
    gboolean by_mail = command_flag(call, "mail");
    if (!config_path(config, SETTING_CLOCK_COMMAND) &&
        !config_path(config, SETTING_CLOCK_SECOND_COMMAND) && !reminder_mail_is_set(config))
        return command_usage(call, error,
                             "concert.conf has no [clock] command or mail: nobody is reminded");
    if (by_mail && !reminder_mail_is_set(config))
        return command_usage(call, error, "concert.conf has no [clock] mail");
    gint64 now = timestamp_now();
    const Reminder reminder = {.dossier = "test-00000000-0000-8000-8000-000000000000",
                               .procedure = "test",
                               .state = "test",
                               .clock = "test",
                               .help = "this is a test of the reminders",
                               .started = now,
                               .due = now,
                               .percent = 100,
                               .waits_here = TRUE,
                               .is_second = TRUE,
                               .is_exercise = TRUE};
    if (by_mail) {
        g_autoptr(GPtrArray) mails = reminder_mail_make(&reminder, 1, config, error);
        if (!mails || !reminder_mail_send(mails, config, error))
            return COMMAND_ERROR;
        for (guint i = 0; i < mails->len; i++)
            output_line("a test mail went to %s", ((const Mail *)mails->pdata[i])->to);
        return COMMAND_OK;
    }
    if (!reminder_give(&reminder, (gpointer)config, error))
        return COMMAND_ERROR;
    output_line("the test reminder was given");
    return COMMAND_OK;
}

static const Command cmd_test = {
    .name = "test",
    .summary = "give a reminder that says it is a test, to see whom it reaches",
    .options = (const CommandOption[]){{"mail", 0, COMMAND_FLAG,
                                        .help = "by mail, at once, to all of [clock] mail and "
                                                "mail_second, instead of the programs"},
                                       COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = run_test,
};

/* --- silences ----------------------------------------------------------------------------------
 */

/* What a peer told this node, as a coordinator: one dispatch. FALSE if it is none of these. */
static gboolean print_silence(const CommandCall *call, Store *store, const Record *record,
                              OutputTable *table)
{
    g_autoptr(Opening) opening = records_opening(store, record->origin, record->entry, NULL);
    g_autofree char *by = origin_node(record->origin), *dossier = NULL;
    char time[OUTPUT_NUMBER_MAX];
    gint64 since;
    gsize length;
    if (!opening || opening->n_items != 1 || opening->items[0].state != OPENING_PRESENT ||
        strcmp(opening->items[0].type, SILENCE_MEDIA_TYPE) != 0)
        return FALSE;
    const char *text = g_bytes_get_data(opening->items[0].bytes, &length);
    if (!silence_read(text, length, &dossier, &since, NULL))
        return FALSE;
    gboolean is_over = record->state != RECORD_LIVE;
    const char *state = is_over ? "over" : "no answer";
    if (!command_json(call)) {
        output_table_row(table, (const char *[]){dossier, output_time(time, since), by,
                                                 record->exercise ? "exercise" : "", state});
        return TRUE;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "dossier", dossier);
    dispatch_view_add_time(doc, root, "no_answer_since", since);
    yyjson_mut_obj_add_str(doc, root, "told_by", by);
    yyjson_mut_obj_add_bool(doc, root, "exercise", record->exercise);
    yyjson_mut_obj_add_bool(doc, root, "over", is_over);
    output_json(root);
    yyjson_mut_doc_free(doc);
    return TRUE;
}

static int run_silences(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    const RecordsQuery query = {.kind = DISPATCH_HEADER_DISPATCH, .limit = SILENCES_MAX};
    g_autoptr(GPtrArray) records = node ? records_list(node_store(node), &query, error) : NULL;
    if (!records)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("DOSSIER", "SINCE", "TOLD BY", "EXERCISE", "STATE", NULL);
    guint count = 0;
    for (guint i = 0; i < records->len; i++) {
        const Record *record = records->pdata[i];
        if (record->origin && g_strcmp0(record->title, SILENCE_TITLE) == 0 &&
            (command_flag(call, "all") || record->state == RECORD_LIVE))
            count += print_silence(call, node_store(node), record, table);
    }
    output_table_print(g_steal_pointer(&table));
    return count > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_silences = {
    .name = "silences",
    .summary = "list the dossiers in which nobody answers, as this node was told as a coordinator",
    .description = "Only where all sides of a dossier named this node (`concert request "
                   "watch-silence`). It is told the dossier's id and since when there is no "
                   "answer, not what it is about, nor who is waited for.",
    .options =
        (const CommandOption[]){{"all", 'a', COMMAND_FLAG, .help = "those that are over, too"},
                                COMMAND_OPTION_JSON,
                                COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_silences,
};

const Command cmd_clock = {
    .name = "clock",
    .summary = "see what has to be done by when, and whom that reaches",
    .description =
        "Every procedure says how long each step may take (docs/procedures.md). A served node "
        "reminds its people at half of the time and at its end, and a second contact at one and a "
        "half times: [clock] in concert.conf says how. See docs/clocks.md.",
    .subcommands = (const Command *const[]){&cmd_list, &cmd_run, &cmd_silences, &cmd_test, NULL},
    .examples =
        (const CommandExample[]){{"concert clock list --waiting", "what this node has to do"},
                                 {"concert clock run --at 24h", "who is reminded within a day"},
                                 {NULL, NULL}},
};
