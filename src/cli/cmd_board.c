/* cmd_board.c - `concert board`: needs and offers. What is not here follows from the procedure's
 * table. */
#include <stdlib.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/texts.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/dispatch_view.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "dossier/board.h"
#include "ledger/origin.h"
#include "node/config.h"
#include "store/communities.h"
#include "store/ledger_read.h"

#define UNTIL_MAX (2 * 366 * 24 * 3600) /* seconds */

/* --- add ---------------------------------------------------------------------------------------
 */

/* The members of the community but this node. */
static gboolean add_members(Node *node, const char *name, GPtrArray *names, GError **error)
{
    g_auto(LedgerReadState) ledger = {0};
    g_autoptr(Community) community = communities_get(node_store(node), name, error);
    if (!community || !ledger_read_state(node_store(node), &ledger, error))
        return FALSE;
    g_auto(GStrv) origins = communities_members(community);
    for (guint i = 0; origins[i]; i++)
        if (strcmp(origins[i], ledger.origin) != 0)
            g_ptr_array_add(names, origin_node(origins[i]));
    return TRUE;
}

/* Whom it is posted to: the members of --community, and the peers that are named. Elements: char *,
 * sorted. */
static GPtrArray *find_readers(const CommandCall *call, Node *node, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *community = command_text(call, "community");
    if (community && !add_members(node, community, names, error))
        return NULL;
    for (guint i = 1; i < call->count; i++) {
        g_autoptr(Peer) peer = peers_get(node_store(node), call->arguments[i], error);
        if (!peer)
            return NULL;
        g_ptr_array_add(names, g_strdup(peer->node));
    }
    g_ptr_array_sort(names, texts_compare);
    for (guint i = names->len; i-- > 1;)
        if (strcmp(names->pdata[i], names->pdata[i - 1]) == 0)
            g_ptr_array_remove_index(names, i);
    if (names->len > 0)
        return g_steal_pointer(&names);
    command_usage(call, error, "say who is to read it: peers, or --community NAME@NODE");
    return NULL;
}

static void put_list(DossierAct *act, const char *member, char **texts, guint count)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(act->params, act->payload, member);
    for (guint i = 0; i < count; i++)
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0)
            yyjson_mut_arr_add_strcpy(act->params, list, texts[i]);
}

static gboolean put_until(const CommandCall *call, DossierAct *act, GError **error)
{
    const char *until = command_text(call, "until");
    char time[TIMESTAMP_MAX];
    gint64 us;
    guint seconds;
    if (!until)
        return TRUE;
    if (config_read_duration(until, UNTIL_MAX, &seconds))
        us = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    else if (!timestamp_parse_lenient(until, strlen(until), &us)) {
        command_usage(call, error, "--until %s: neither a time nor a duration such as 30d", until);
        return FALSE;
    }
    jsontext_add(act->params, act->payload, "until", timestamp_format(time, us, 0));
    return TRUE;
}

static int run_add(const CommandCall *call, GError **error)
{
    const char *const *topics = command_texts(call, "topic"), *title = command_text(call, "title");
    if (!topics || !title)
        return command_usage(call, error, "say what it is: --title TEXT --topic WORD");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(GPtrArray) readers = node ? find_readers(call, node, error) : NULL;
    if (!readers)
        return COMMAND_ERROR;
    g_auto(GStrv) sorted = g_strdupv((char **)topics);
    guint n_topics = g_strv_length(sorted);
    qsort(sorted, n_topics, sizeof *sorted, texts_compare);
    g_auto(DossierAct) act = dossier_command_act(&board_procedure, "posted", NULL);
    put_list(&act, "to", (char **)readers->pdata, readers->len);
    put_list(&act, "topics", sorted, n_topics);
    jsontext_add(act.params, act.payload, "side", call->arguments[0]);
    jsontext_add(act.params, act.payload, "title", title);
    jsontext_add(act.params, act.payload, "text", command_text(call, "text"));
    if (!put_until(call, &act, error))
        return COMMAND_ERROR;
    if (command_flag(call, "exercise"))
        yyjson_mut_obj_add_bool(act.params, yyjson_mut_doc_get_root(act.params), "exercise", TRUE);
    return dossier_command_do(call, node, &act, error);
}

static const Command cmd_board_add = {
    .name = "add",
    .summary = "put a need or an offer on the board",
    .arguments = "need|offer [PEER...]",
    .description = "It is told to the members of a community, or to the peers that are named, and "
                   "to nobody else. Topics are analysis, equipment, forensics, hosting, legal, "
                   "people, training, translation and other.",
    .options =
        (const CommandOption[]){
            {"community", 0, COMMAND_TEXT, "NAME@NODE", .help = "its members are to read it"},
            {"topic", 't', COMMAND_TEXTS, "WORD", .help = "what it is about; one or more"},
            {"title", 0, COMMAND_TEXT, "TEXT", .help = "one line"},
            {"text", 0, COMMAND_TEXT, "TEXT", .help = "more of it"},
            {"until", 0, COMMAND_TEXT, "TIME|DURATION", .help = "until when it stands"},
            {"exercise", 0, COMMAND_FLAG, .help = "this is an exercise: it is shown as one"},
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is no such peer or community",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_add,
};

/* --- list --------------------------------------------------------------------------------------
 */

/* Elements: Docket *. */
static GPtrArray *load_all(const CommandCall *call, Node *node, GError **error)
{
    const DossiersQuery query = {.procedure = board_procedure.name,
                                 .is_live = !command_flag(call, "all")};
    g_autoptr(GPtrArray) dockets = g_ptr_array_new_with_free_func((GDestroyNotify)docket_free);
    g_autoptr(GPtrArray) dossiers = dossiers_list(node_store(node), &query, error);
    for (guint i = 0; dossiers && i < dossiers->len; i++) {
        Docket *docket =
            docket_load(node_store(node), ((const Dossier *)dossiers->pdata[i])->id, error);
        if (!docket)
            return NULL;
        g_ptr_array_add(dockets, docket);
    }
    return dossiers ? g_steal_pointer(&dockets) : NULL;
}

/* The ids of what fits with @docket. Elements: const char *. */
static GPtrArray *find_matches(const GPtrArray *dockets, const Docket *docket)
{
    GPtrArray *ids = g_ptr_array_new();
    for (guint i = 0; i < dockets->len; i++) {
        const Docket *other = dockets->pdata[i];
        if (board_matches(docket->result, other->result))
            g_ptr_array_add(ids, other->dossier->id);
    }
    return ids;
}

static void print_json(const Docket *docket, const GPtrArray *matches)
{
    const Event *opening = docket->result->opening;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "id", docket->dossier->id);
    dispatch_view_add_text(doc, root, "from", opening->node);
    dispatch_view_add_text(doc, root, "state", docket->dossier->state);
    yyjson_mut_obj_add_bool(doc, root, "exercise", opening->is_exercise);
    dispatch_view_add_text(doc, root, "side", event_text(opening, "side"));
    yyjson_mut_obj_add_val(doc, root, "topics",
                           yyjson_val_mut_copy(doc, yyjson_obj_get(opening->payload, "topics")));
    dispatch_view_add_text(doc, root, "title", event_text(opening, "title"));
    dispatch_view_add_text(doc, root, "text", event_text(opening, "text"));
    dispatch_view_add_text(doc, root, "until", event_text(opening, "until"));
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "matches");
    for (guint i = 0; i < matches->len; i++)
        yyjson_mut_arr_add_str(doc, list, matches->pdata[i]);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static char *join_topics(const Event *opening)
{
    GString *text = g_string_new(NULL);
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (yyjson_obj_get(opening->payload, "topics"), at, size, one)
        g_string_append_printf(text, "%s%s", at > 0 ? ", " : "", yyjson_get_str(one));
    return g_string_free(text, FALSE);
}

static void print_row(OutputTable *table, const Docket *docket, const GPtrArray *matches)
{
    const Event *opening = docket->result->opening;
    g_autofree char *id = dossier_command_short(docket->dossier->id);
    g_autofree char *of = join_topics(opening);
    g_autofree char *title =
        dispatch_view_title(event_text(opening, "title"), opening->is_exercise);
    g_autoptr(GString) fits = g_string_new(NULL);
    const char *until = event_text(opening, "until");
    char text[OUTPUT_NUMBER_MAX];
    gint64 us;
    if (until && timestamp_parse(until, strlen(until), &us, NULL))
        until = output_time(text, us);
    for (guint i = 0; i < matches->len; i++) {
        g_autofree char *other = dossier_command_short(matches->pdata[i]);
        g_string_append_printf(fits, "%s%s", i > 0 ? ", " : "", other);
    }
    output_table_row(table, (const char *[]){id, event_text(opening, "side"), opening->node, of,
                                             until, fits->str, title});
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) dockets = node ? load_all(call, node, error) : NULL;
    if (!dockets)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("ID", "SIDE", "FROM", "TOPICS", "UNTIL", "FITS", "TITLE", NULL);
    guint shown = 0;
    for (guint i = 0; i < dockets->len; i++) {
        const Docket *docket = dockets->pdata[i];
        g_autoptr(GPtrArray) matches = find_matches(dockets, docket);
        if (!docket->result->opening || (command_flag(call, "matching") && matches->len == 0))
            continue;
        shown++;
        if (command_json(call))
            print_json(docket, matches);
        else
            print_row(table, docket, matches);
    }
    output_table_print(g_steal_pointer(&table));
    return shown > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_board_list = {
    .name = "list",
    .summary = "list what is needed and offered, and what fits together",
    .description =
        "A need and an offer fit when they have a topic in common and each was posted to "
        "who posted the other: both are told nothing that they do not have already.",
    .options =
        (const CommandOption[]){{"all", 'a', COMMAND_FLAG, .help = "also what is off the board"},
                                {"matching", 'm', COMMAND_FLAG, .help = "only what fits something"},
                                COMMAND_OPTION_JSON,
                                COMMAND_OPTIONS_END},
    .nothing = "there is nothing on the board",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {&cmd_board_list, &cmd_board_add, NULL};
    return dossier_command_list(&board_procedure, own);
}

const Command cmd_board = {
    .name = "board",
    .summary = "say what is needed and what is offered, and find what fits",
    .description = "Whoever it is posted to reads it, the coordinator of a community among them, "
                   "who sees no more than any other reader. An answer goes to the poster alone. "
                   "See docs/coordination.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert board add need --community coast@forum.example --topic forensics --title "
             "\"Two people for a week\"",
             "post a need"},
            {"concert board list --matching", "see what fits"},
            {NULL, NULL}},
};
