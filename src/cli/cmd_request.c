/* cmd_request.c - `concert request`: asking peers for something, and answering them. All but this
 * head and the legal profile of `send` follows from the procedure's table (dossier/request.h). */
#include "cli/cmd_request.h"

#include <string.h>

#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "dossier/request.h"
#include "exchange/card.h"
#include "ledger/origin.h"
#include "node/config.h"
#include "node/profile_files.h"
#include "store/ledger_read.h"

/* Puts the terms of the profile, in force for both sides, into a request that is otherwise whole.
 */
static gboolean put_terms(const Profile *profile, Node *node, DossierAct *act, GError **error)
{
    const char *to = yyjson_mut_get_str(yyjson_mut_obj_get(act->payload, "to"));
    const char *kind = yyjson_mut_get_str(yyjson_mut_obj_get(act->payload, "kind"));
    gint64 now = timestamp_now(), own_since, peer_since;
    g_auto(LedgerReadState) own = {0};
    if (!ledger_read_state(node_store(node), &own, error))
        return FALSE;
    g_autofree char *self = origin_node(own.origin);
    g_autoptr(Peer) peer = peers_get(node_store(node), to, error);
    g_autoptr(Card) card = peer ? card_parse(peer->card, strlen(peer->card), error) : NULL;
    if (!card)
        return FALSE;
    const char *own_names[] = {self, config_string(node_config(node), SETTING_CARD_AFFILIATION),
                               NULL};
    const char *peer_names[] = {card->node, card->affiliation, NULL};
    if (!profile_in_force(profile, own_names, now, &own_since, error) ||
        !profile_in_force(profile, peer_names, now, &peer_since, error)) {
        g_prefix_error(error, "without --profile the request is voluntary; ");
        return FALSE;
    }
    g_autofree char *text = profile_terms(profile, kind ? kind : "", own_since, peer_since, error);
    g_autoptr(yyjson_doc) terms = text ? jsonguard_read(text, strlen(text), error) : NULL;
    if (!terms)
        return FALSE;
    yyjson_mut_obj_put(act->payload, yyjson_mut_str(act->params, "profile"),
                       yyjson_val_mut_copy(act->params, yyjson_doc_get_root(terms)));
    return TRUE;
}

static gboolean fill_profile(const CommandCall *call, Node *node, DossierAct *act, GError **error)
{
    const char *name = command_text(call, "profile");
    if (!name || g_str_equal(name, "voluntary"))
        return TRUE;
    g_autoptr(Profile) profile = profile_files_load(node_directory(node), name, error);
    return profile && put_terms(profile, node, act, error);
}

static const Command *const *list(const Command *self)
{
    static const CommandOption profile = {
        .name = "profile",
        .type = COMMAND_TEXT,
        .argument = "NAME",
        .help = "the legal profile that it rests on, in force for both sides; see `concert "
                "request profiles` (default: voluntary)"};
    static const Command *const *made;
    if (!made) {
        const Command *const own[] = {
            dossier_command_with(&request_procedure, "sent", &profile, fill_profile),
            &cmd_request_profiles, NULL};
        made = dossier_command_list(&request_procedure, own);
    }
    return made;
}

const Command cmd_request = {
    .name = "request",
    .summary = "ask peers for advice, information, a takedown, help or data, and answer them",
    .description = "A request is a record that both nodes keep alike: who asked for what, when it "
                   "arrived, when a person saw it, and what the answer was, each signed by who did "
                   "it. `concert request list` has what waits for an answer; `show` says what can "
                   "be done next. See docs/requests.md.",
    .make_subcommands = list,
    .examples =
        (const CommandExample[]){
            {"concert request send cert.birch.example --kind advice --subject \"Scans of port "
             "445\" "
             "--text \"Are these yours?\"",
             "ask for an opinion"},
            {"concert request list --waiting", "what waits for an answer from here"},
            {"concert request answer 72ad55eb \"They are.\"", "answer"},
            {NULL, NULL}},
};
