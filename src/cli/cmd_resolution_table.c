/* cmd_resolution_table.c - `concert resolution table` and `consult`: who votes, as the sponsor has
 * it of the community's records, and as the chair finds it in its own. */
#include <string.h>

#include "base/jsontext.h"
#include "base/texts.h"
#include "base/timestamp.h"
#include "cli/cmd_resolution.h"
#include "cli/output.h"
#include "dossier/resolution_recount.h"
#include "exchange/rulebook.h"
#include "ledger/origin.h"
#include "node/config.h"
#include "store/ledger_read.h"

#define PERIOD_MAX (366 * 24 * 3600) /* seconds */

/* --- the community -----------------------------------------------------------------------------
 */

static char **end_list(GPtrArray *names)
{
    g_ptr_array_sort(names, texts_compare);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

char **cmd_resolution_voters(const Community *community)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (member->votes && communities_has(community, member->origin))
            g_ptr_array_add(names, origin_node(member->origin));
    }
    return end_list(names);
}

char **cmd_resolution_changed(const Community *community, guint64 record)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (member->record > record)
            g_ptr_array_add(names, origin_node(member->origin));
    }
    return end_list(names);
}

gboolean cmd_resolution_check_voters(const Docket *docket, Node *node, GError **error)
{
    const Event *tabled = engine_last(docket->result, "tabled");
    if (!tabled)
        return TRUE;
    guint64 record = yyjson_get_uint(yyjson_obj_get(tabled->payload, "record"));
    g_autoptr(Community) community =
        communities_get(node_store(node), event_text(tabled, "community"), error);
    if (!community)
        return FALSE;
    if (community->records < record) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s has %" G_GUINT64_FORMAT
                    " membership records here, not the %" G_GUINT64_FORMAT " of the tabling",
                    community->name, community->records, record);
        return FALSE;
    }
    g_auto(GStrv) voters = cmd_resolution_voters(community);
    g_auto(GStrv) changed = cmd_resolution_changed(community, record);
    return resolution_recount_voters(docket->result, (const char *const *)voters,
                                     (const char *const *)changed, error);
}

/* --- table -------------------------------------------------------------------------------------
 */

/* The one of --community, or the only one there is. */
static Community *find_community(const CommandCall *call, Node *node, GError **error)
{
    const char *name = command_text(call, "community");
    if (name)
        return communities_get(node_store(node), name, error);
    g_autoptr(GPtrArray) all = communities_list(node_store(node), error);
    if (!all)
        return NULL;
    if (all->len == 1)
        return communities_get(node_store(node), ((Community *)all->pdata[0])->name, error);
    command_usage(call, error,
                  all->len == 0 ? "this node is in no community"
                                : "this node is in several communities: say --community NAME@NODE");
    return NULL;
}

/* The node that leads through it: of --chair, or the community's owner. Caller frees. */
static char *find_chair(const CommandCall *call, Node *node, const Community *community,
                        const char *self, GError **error)
{
    const char *name = command_text(call, "chair");
    if (name) {
        g_autoptr(Peer) peer = peers_get(node_store(node), name, error);
        return peer ? g_strdup(peer->node) : NULL;
    }
    g_autofree char *owner = origin_node(community->owner);
    if (g_strcmp0(owner, self) != 0)
        return g_steal_pointer(&owner);
    command_usage(call, error,
                  "this node owns the community, and its sponsor cannot chair a resolution: say "
                  "--chair PEER");
    return NULL;
}

static void add_names(DossierAct *act, const char *member, char **names, const char *without,
                      const char *nor)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(act->params, act->payload, member);
    for (guint i = 0; names[i]; i++)
        if (g_strcmp0(names[i], without) != 0 && g_strcmp0(names[i], nor) != 0)
            yyjson_mut_arr_add_strcpy(act->params, list, names[i]);
}

static char **members_of(const Community *community)
{
    g_auto(GStrv) origins = communities_members(community);
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; origins[i]; i++)
        g_ptr_array_add(names, origin_node(origins[i]));
    return end_list(names);
}

static void fill_tabling(DossierAct *act, const Community *community, const char *self,
                         const char *chair)
{
    gsize length;
    const char *rules = community->rules ? g_bytes_get_data(community->rules, &length) : NULL;
    g_autofree char *hash = rules ? rulebook_hash(rules, length) : NULL;
    g_auto(GStrv) members = members_of(community), voters = cmd_resolution_voters(community);
    yyjson_mut_obj_add_strcpy(act->params, act->payload, "community", community->name);
    yyjson_mut_obj_add_uint(act->params, act->payload, "record", community->records);
    jsontext_add(act->params, act->payload, "rulebook", hash);
    yyjson_mut_obj_add_strcpy(act->params, act->payload, "chair", chair);
    add_names(act, "members", members, self, chair);
    add_names(act, "voters", voters, NULL, NULL);
}

static int run_table(const CommandCall *call, GError **error)
{
    g_auto(LedgerReadState) ledger = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !ledger_read_state(node_store(node), &ledger, error))
        return COMMAND_ERROR;
    g_autofree char *self = origin_node(ledger.origin);
    g_autoptr(Docket) docket = cmd_resolution_load(call, node, error);
    g_autoptr(Community) community = docket ? find_community(call, node, error) : NULL;
    g_autofree char *chair = community ? find_chair(call, node, community, self, error) : NULL;
    if (!chair)
        return COMMAND_ERROR;
    g_auto(DossierAct) act = cmd_resolution_act(docket, "tabled");
    fill_tabling(&act, community, self, chair);
    return dossier_command_do(call, node, &act, error);
}

const Command cmd_resolution_table = {
    .name = "table",
    .summary = "put a draft before all members of a community",
    .arguments = "ID",
    .description = "From here on it can be read by all members. The list of those who vote is "
                   "taken from the community's records as they are known here; the chair compares "
                   "it with its own before it opens the consultation. The chair leads through the "
                   "steps and counts: it cannot be the node that tables the text.",
    .options =
        (const CommandOption[]){
            {"community", 0, COMMAND_TEXT, "NAME@NODE",
             .help = "whose members decide (default: the only one this node is in)"},
            {"chair", 0, COMMAND_TEXT, "PEER",
             .help = "who leads through it (default: the community's owner)"},
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution, community or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_table,
};

/* --- consult -----------------------------------------------------------------------------------
 */

static int run_consult(const CommandCall *call, GError **error)
{
    const char *until = command_text(call, "until"), *text = command_text(call, "text");
    char time[TIMESTAMP_MAX];
    gint64 us;
    guint seconds;
    if (!until)
        until = "14d";
    if (config_read_duration(until, PERIOD_MAX, &seconds))
        us = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    else if (!timestamp_parse_lenient(until, strlen(until), &us))
        return command_usage(call, error, "--until %s: neither a time nor a duration such as 14d",
                             until);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    if (!cmd_resolution_check_voters(docket, node, error)) {
        g_prefix_error(error, "the list of those who vote is not that of the community: ");
        return COMMAND_ERROR;
    }
    g_auto(DossierAct) act = cmd_resolution_act(docket, "consultation-opened");
    yyjson_mut_obj_add_strcpy(act.params, act.payload, "until", timestamp_format(time, us, 0));
    jsontext_add(act.params, act.payload, "text", text);
    return dossier_command_do(call, node, &act, error);
}

const Command cmd_resolution_consult = {
    .name = "consult",
    .summary = "open the consultation, once the list of those who vote is found right",
    .arguments = "ID",
    .description = "Only its chair can. What must hold: those who vote are those who vote in the "
                   "community, as this node knows it; the consultation lasts at least 14 days, "
                   "shorter only in an exercise.",
    .options =
        (const CommandOption[]){
            {"until", 0, COMMAND_TEXT, "TIME|DURATION", .help = "when it ends (default: 14d)"},
            {"text", 0, COMMAND_TEXT, "TEXT", .help = "a word to the members"},
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_consult,
};
