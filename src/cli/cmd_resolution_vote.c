/* cmd_resolution_vote.c - `concert resolution text`, `call`, `vote` and `close`: the text and its
 * amendments, and the vote on them. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_resolution.h"
#include "cli/output.h"
#include "dossier/resolution_count.h"
#include "dossier/resolution_text.h"
#include "node/config.h"

#define PERIOD_MAX (366 * 24 * 3600) /* seconds */
#define VOTES      "yes|no|abstain"

static void put_list(DossierAct *act, const char *member, const char *const *texts)
{
    if (!texts || !texts[0])
        return;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(act->params, act->payload, member);
    for (guint i = 0; texts[i]; i++)
        yyjson_mut_arr_add_strcpy(act->params, list, texts[i]);
}

/* --- text --------------------------------------------------------------------------------------
 */

static void add_amendment(yyjson_mut_doc *doc, yyjson_mut_val *list, const Event *amendment)
{
    char hex[2 * SHA256_SIZE + 1];
    const char *text = event_text(amendment, "text");
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strcpy(doc, one, "event", event_hash_format(&amendment->hash, hex));
    yyjson_mut_obj_add_str(doc, one, "by", amendment->node);
    yyjson_mut_obj_add_str(doc, one, "replaces", event_text(amendment, "replaces"));
    jsontext_add(doc, one, "text", text);
}

static void print_amendment(const Event *amendment)
{
    char hex[2 * SHA256_SIZE + 1];
    const char *text = event_text(amendment, "text");
    output_line("%s", "");
    output_line("amendment %.8s of %s:", event_hash_format(&amendment->hash, hex), amendment->node);
    output_line("    replaces \"%s\"", event_text(amendment, "replaces"));
    output_line("    %s%s%s", text ? "by \"" : "by nothing", text ? text : "", text ? "\"" : "");
}

static int run_text(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) standing = resolution_text_standing(docket->result);
    const Event *adopted = engine_last(docket->result, "adopted");
    g_autofree char *text =
        adopted ? g_strdup(event_text(adopted, "text")) : resolution_text_now(docket->result);
    if (!command_json(call)) {
        output_lines("", text ? text : "");
        for (guint i = 0; !adopted && i < standing->len; i++)
            print_amendment(standing->pdata[i]);
        return COMMAND_OK;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "text", text ? text : "");
    yyjson_mut_obj_add_bool(doc, root, "bracketed", text && resolution_text_is_bracketed(text));
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "amendments");
    for (guint i = 0; !adopted && i < standing->len; i++)
        add_amendment(doc, list, standing->pdata[i]);
    output_json(root);
    yyjson_mut_doc_free(doc);
    return COMMAND_OK;
}

const Command cmd_resolution_text = {
    .name = "text",
    .summary = "show the text as it stands, and the amendments to it",
    .arguments = "ID",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_text,
};

/* --- call --------------------------------------------------------------------------------------
 */

/* How far an amendment is from the text: the bytes that it takes away and puts there. */
static gsize distance_of(const Event *amendment)
{
    const char *text = event_text(amendment, "text");
    return strlen(event_text(amendment, "replaces")) + (text ? strlen(text) : 0);
}

static int compare_distances(gconstpointer a, gconstpointer b)
{
    gsize x = distance_of(*(const Event *const *)a), y = distance_of(*(const Event *const *)b);
    return (x < y) - (x > y);
}

static const Event *find_amendment(GPtrArray *standing, const char *prefix)
{
    char hex[2 * SHA256_SIZE + 1];
    const Event *found = NULL;
    for (guint i = 0; i < standing->len; i++) {
        if (!g_str_has_prefix(event_hash_format(&((const Event *)standing->pdata[i])->hash, hex),
                              prefix))
            continue;
        if (found)
            return NULL;
        found = standing->pdata[i];
    }
    return found;
}

/* The amendments in the order in which they are voted on: as --order has them, all of them; else
 * the longest first. Elements: const Event *. */
static GPtrArray *order_amendments(const CommandCall *call, const EngineResult *dossier,
                                   GError **error)
{
    const char *const *named = command_texts(call, "order");
    g_autoptr(GPtrArray) standing = resolution_text_standing(dossier);
    if (!named) {
        g_ptr_array_sort(standing, compare_distances);
        return g_steal_pointer(&standing);
    }
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    for (guint i = 0; named[i]; i++) {
        const Event *amendment = find_amendment(standing, named[i]);
        if (!amendment) {
            command_usage(call, error, "--order %s: no amendment that stands, or several, begin so",
                          named[i]);
            return NULL;
        }
        g_ptr_array_add(order, (gpointer)amendment);
    }
    return g_steal_pointer(&order);
}

static void put_order(DossierAct *act, const GPtrArray *order)
{
    char hex[2 * SHA256_SIZE + 1];
    if (order->len == 0)
        return;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(act->params, act->payload, "order");
    for (guint i = 0; i < order->len; i++)
        yyjson_mut_arr_add_strcpy(act->params, list,
                                  event_hash_format(&((const Event *)order->pdata[i])->hash, hex));
}

static int run_call(const CommandCall *call, GError **error)
{
    const char *until = command_text(call, "until");
    char time[TIMESTAMP_MAX];
    gint64 us;
    guint seconds;
    if (!until)
        until = "72h";
    if (config_read_duration(until, PERIOD_MAX, &seconds))
        us = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    else if (!timestamp_parse_lenient(until, strlen(until), &us))
        return command_usage(call, error, "--until %s: neither a time nor a duration such as 72h",
                             until);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    g_autoptr(GPtrArray) order = docket ? order_amendments(call, docket->result, error) : NULL;
    if (!order)
        return COMMAND_ERROR;
    g_auto(DossierAct) act = cmd_resolution_act(docket, "vote-opened");
    jsontext_add(act.params, act.payload, "until", timestamp_format(time, us, 0));
    put_order(&act, order);
    jsontext_add(act.params, act.payload, "vote", command_text(call, "vote"));
    jsontext_add(act.params, act.payload, "if_amended", command_text(call, "if-amended"));
    put_list(&act, "amendments", command_texts(call, "amendment"));
    return dossier_command_do(call, node, &act, error);
}

#define OPTION_IF_AMENDED                                                                          \
    {                                                                                              \
        "if-amended", 0, COMMAND_CHOICE, "WORD",                                                   \
            .choices = VOTES,                                                                      \
            .help = "the vote on the text if an amendment is carried (default: the same)"          \
    }
#define OPTION_AMENDMENT                                                                           \
    {                                                                                              \
        "amendment", 0, COMMAND_TEXTS, "yes|no|abstain",                                           \
            .help = "the vote on each amendment, in the order of the vote: once for each"          \
    }

const Command cmd_resolution_call = {
    .name = "call",
    .summary = "open the vote: on the amendments, the furthest from the text first, and the text",
    .arguments = "ID",
    .description = "Only its chair can, when the consultation is over, and after a silence only if "
                   "it was broken, or less than a majority noted it. A chair that has a vote votes "
                   "here, for all to see, because it will know the ballots before the others do.",
    .options =
        (const CommandOption[]){
            {"until", 0, COMMAND_TEXT, "TIME|DURATION", .help = "when it ends (default: 72h)"},
            {"order", 0, COMMAND_TEXTS, "EVENT",
             .help = "an amendment, by the beginning of its hash: each one, the furthest from the "
                     "text first (default: the longest first)"},
            {"vote", 0, COMMAND_CHOICE, "WORD", .choices = VOTES, .help = "the chair's own vote"},
            OPTION_IF_AMENDED,
            OPTION_AMENDMENT,
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_call,
};

/* --- vote --------------------------------------------------------------------------------------
 */

static gboolean is_vote(const char *word)
{
    static const char *const words[] = {"yes", "no", "abstain", NULL};
    return g_strv_contains(words, word);
}

static int run_vote(const CommandCall *call, GError **error)
{
    if (!is_vote(call->arguments[1]))
        return command_usage(call, error, "a vote is yes, no or abstain");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_auto(DossierAct) act = cmd_resolution_act(docket, "ballot");
    jsontext_add(act.params, act.payload, "vote", call->arguments[1]);
    jsontext_add(act.params, act.payload, "if_amended", command_text(call, "if-amended"));
    put_list(&act, "amendments", command_texts(call, "amendment"));
    jsontext_add(act.params, act.payload, "text", command_text(call, "text"));
    return dossier_command_do(call, node, &act, error);
}

const Command cmd_resolution_vote = {
    .name = "vote",
    .summary = "give this member's vote, once and for good",
    .arguments = "ID yes|no|abstain",
    .description = "The vote is on the text as it will stand. Nobody but the chair sees it until "
                   "the vote is closed; then everybody does. `concert resolution show` has the "
                   "amendments in their order.",
    .options = (const CommandOption[]){OPTION_IF_AMENDED,
                                       OPTION_AMENDMENT,
                                       {"text", 0, COMMAND_TEXT, "TEXT",
                                        .help = "an explanation of the vote"},
                                       DOSSIER_COMMAND_OPTION_AS,
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_vote,
};

/* --- close -------------------------------------------------------------------------------------
 */

static void put_count(DossierAct *act, const ResolutionCount *count)
{
    yyjson_mut_obj_add_uint(act->params, act->payload, "yes", count->tally.yes);
    yyjson_mut_obj_add_uint(act->params, act->payload, "no", count->tally.no);
    yyjson_mut_obj_add_uint(act->params, act->payload, "abstain", count->tally.abstain);
    if (count->is_adopted)
        jsontext_add(act->params, act->payload, "text", count->text);
    if (count->amendments->len == 0)
        return;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(act->params, act->payload, "amendments");
    for (guint i = 0; i < count->amendments->len; i++) {
        g_autofree char *line =
            resolution_count_line(&g_array_index(count->amendments, ResolutionAmendment, i));
        yyjson_mut_arr_add_strcpy(act->params, list, line);
    }
}

static int run_close(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    g_autoptr(ResolutionCount) count = resolution_count_new(docket->result);
    if (count) {
        g_auto(DossierAct) act =
            cmd_resolution_act(docket, count->is_adopted ? "adopted" : "rejected");
        put_count(&act, count);
        return dossier_command_do(call, node, &act, error);
    }
    g_autofree char *text = resolution_text_now(docket->result);
    g_auto(DossierAct) act = cmd_resolution_act(docket, "agreed");
    jsontext_add(act.params, act.payload, "text", text);
    yyjson_mut_obj_add_uint(act.params, act.payload, "noted",
                            resolution_count_noted(docket->result));
    return dossier_command_do(call, node, &act, error);
}

const Command cmd_resolution_close = {
    .name = "close",
    .summary = "count, and close the vote; or end a silence that nobody broke",
    .arguments = "ID",
    .description = "Only its chair can, when the time is over or all have voted. It states the "
                   "counts and shows all ballots; a wrong count would be void at every node.",
    .options = (const CommandOption[]){DOSSIER_COMMAND_OPTION_AS, COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_close,
};
