/* cmd_peer.c - `concert peer`: who this node exchanges with, and the steps by which that is agreed.
 */
#include <string.h>

#include "base/durable.h"
#include "base/jsontext.h"
#include "cli/cmd_card.h"
#include "cli/cmd_peer.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/output.h"
#include "exchange/peering.h"

/* --- steps -------------------------------------------------------------------------------------
 */

/* What the operation of a step gave. */
static void report_step(const CommandCall *call, const char *what, yyjson_val *result)
{
    const char *peer = yyjson_get_str(yyjson_obj_get(result, "peer"));
    const char *state = yyjson_get_str(yyjson_obj_get(result, "state"));
    const char *failure = yyjson_get_str(yyjson_obj_get(result, "failure"));
    gboolean delivered = yyjson_get_bool(yyjson_obj_get(result, "delivered"));
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "peer", peer);
        yyjson_mut_obj_add_str(doc, root, "state", state);
        yyjson_mut_obj_add_bool(doc, root, "delivered", delivered);
        jsontext_add(doc, root, "failure", failure);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    gboolean waits = g_strcmp0(state, "invited") == 0;
    output_line("%s %s: the peering %s%s.", what, peer, waits ? "waits for its answer" : "is ",
                waits ? "" : state);
    if (!delivered && !command_text(call, "to-file"))
        output_line("It was not told yet (%s); that is tried again while the node is served.",
                    failure ? failure : "no answer");
}

/* Writes the signed step for who is to carry it. */
static gboolean write_step(const CommandCall *call, yyjson_val *result, GError **error)
{
    const char *path = command_text(call, "to-file");
    const char *text = yyjson_get_str(yyjson_obj_get(result, "text"));
    return !path || durable_write(path, text, strlen(text), 0644, error);
}

/* Runs the operation @name; takes @params. */
static int call_step(const CommandCall *call, Node *node, const char *name, const char *what,
                     yyjson_mut_doc *params, GError **error)
{
    g_autoptr(yyjson_doc) result = NULL;
    if (!command_node_call(node, name, params, &result, error) ||
        !write_step(call, yyjson_doc_get_root(result), error))
        return COMMAND_ERROR;
    report_step(call, what, yyjson_doc_get_root(result));
    return COMMAND_OK;
}

static yyjson_mut_doc *new_params(const char *name, const char *value)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    if (value)
        yyjson_mut_obj_add_strcpy(params, root, name, value);
    return params;
}

static int run_invite(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Card) card = node ? cmd_card_read(node, call->arguments[0], error) : NULL;
    if (!card)
        return command_file_error(error);
    g_autofree char *text = card_format(card);
    yyjson_mut_doc *params = new_params("card", text);
    yyjson_mut_obj_add_bool(params, yyjson_mut_doc_get_root(params), "replace",
                            command_flag(call, "replace-keys"));
    int status = call_step(call, node, "peer.invite", "Invited", params, error);
    if (status == COMMAND_OK && !command_json(call))
        output_line("Compare the words on the telephone: concert peer words %s", card->node);
    return status;
}

/* What came as a file. */
static gboolean hear_file(Node *node, const char *path, char **ret_peer, GError **error)
{
    gsize length;
    g_autoptr(yyjson_doc) result = NULL;
    g_autofree char *text =
        document_read(node_config(node), path, NULL, PEERING_BYTES_MAX, &length, error);
    if (!text)
        return FALSE;
    if (strlen(text) != length) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no step of a peering", path);
        return FALSE;
    }
    if (!command_node_call(node, "peer.hear", new_params("text", text), &result, error))
        return FALSE;
    *ret_peer = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "peer")));
    return TRUE;
}

static int run_step(const CommandCall *call, const char *operation, const char *what,
                    GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params = new_params("peer", call->arguments[0]);
    const char *reason = command_text(call, "reason");
    jsontext_add(params, yyjson_mut_doc_get_root(params), "reason", reason);
    return call_step(call, node, operation, what, params, error);
}

static int run_accept(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "from-file");
    if (!path && call->count == 1)
        return run_step(call, "peer.accept", "Accepted", error);
    if (!path || call->count > 0)
        return command_usage(call, error, "say which peer, or --from-file");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autofree char *name = NULL;
    if (!node || !hear_file(node, path, &name, error))
        return command_file_error(error);
    if (!name) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no invitation", path);
        return COMMAND_ERROR;
    }
    return call_step(call, node, "peer.accept", "Accepted", new_params("peer", name), error);
}

static int run_suspend(const CommandCall *call, GError **error)
{
    return run_step(call, "peer.suspend", "Suspended", error);
}

static int run_resume(const CommandCall *call, GError **error)
{
    return run_step(call, "peer.resume", "Resumed", error);
}

static int run_end(const CommandCall *call, GError **error)
{
    return run_step(call, "peer.end", "Ended", error);
}

static int run_hear(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autofree char *name = NULL;
    if (!node || !hear_file(node, call->arguments[0], &name, error))
        return command_file_error(error);
    g_autoptr(Peer) peer = name ? peers_get(node_store(node), name, error) : NULL;
    if (name && !peer)
        return COMMAND_ERROR;
    if (command_json(call)) {
        if (peer)
            cmd_peer_json(peer, NULL, NULL);
    } else if (peer) {
        output_line("The peering with %s is %s.", peer->node, peer_state_name(peer->state));
        if (peer->state == PEER_ASKED)
            output_line("Compare the words, then: concert peer accept %s", peer->node);
    } else {
        output_line("The invitation was taken back.");
    }
    return COMMAND_OK;
}

/* --- words -------------------------------------------------------------------------------------
 */

static int run_words(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Peer) peer = node ? peers_get(node_store(node), call->arguments[0], error) : NULL;
    g_autofree char *words = peer ? cmd_peer_words(node_store(node), peer, error) : NULL;
    if (!words)
        return COMMAND_ERROR;
    if (command_json(call))
        cmd_peer_json(peer, words, NULL);
    else
        output_line("%s", words);
    return COMMAND_OK;
}

static int run_compared(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    gboolean compared = !command_flag(call, "not");
    yyjson_mut_doc *params = new_params("peer", call->arguments[0]);
    yyjson_mut_obj_add_bool(params, yyjson_mut_doc_get_root(params), "compared", compared);
    if (!command_node_call(node, "peer.compared", params, NULL, error))
        return COMMAND_ERROR;
    output_line(compared ? "Noted: the words of %s were compared and are the same."
                         : "Noted: the words of %s are still to be compared.",
                call->arguments[0]);
    return COMMAND_OK;
}

/* --- tables ------------------------------------------------------------------------------------
 */

#define OPTION_TO_FILE                                                                             \
    {                                                                                              \
        "to-file", 0, COMMAND_TEXT, "FILE",                                                        \
            .help = "also write the signed step to FILE, for who "                                 \
                    "is to carry it"                                                               \
    }
#define OPTION_REASON                                                                              \
    {                                                                                              \
        "reason", 0, COMMAND_TEXT, "TEXT", .help = "say why, in a line that the peer reads"        \
    }
#define NO_PEER "there is no such peer"

static const CommandOption step_options[] = {OPTION_REASON, OPTION_TO_FILE, COMMAND_OPTION_JSON,
                                             COMMAND_OPTIONS_END};

static const Command command_invite = {
    .name = "invite",
    .summary = "invite a node to be a peer",
    .arguments = "URL|CARDFILE",
    .description =
        "Reads the card of the node at URL, or from a file, pins its keys, and sends it an "
        "invitation; inviting a node that has invited this one accepts. Whoever answered at URL "
        "may be somebody else: compare the words on the telephone, then tell `concert peer "
        "compared`.",
    .options =
        (const CommandOption[]){
            {"replace-keys", 0, COMMAND_FLAG,
             .help = "pin the card's keys even if others were pinned for that name"},
            OPTION_TO_FILE,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert peer invite https://cert.birch.example", "over the network"},
            {"concert peer invite birch.json --to-file invitation.json", "to be carried"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_invite,
};

static const Command command_accept = {
    .name = "accept",
    .summary = "accept an invitation",
    .arguments = "[PEER]",
    .options =
        (const CommandOption[]){
            {"from-file", 0, COMMAND_TEXT, "FILE", .help = "accept the invitation in FILE"},
            OPTION_REASON,
            OPTION_TO_FILE,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_PEER,
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_accept,
};

static const Command command_suspend = {
    .name = "suspend",
    .summary = "suspend a peering: nothing is sent or taken until it is resumed",
    .arguments = "PEER",
    .description = "Messages of the emergency channel go on.",
    .options = step_options,
    .nothing = NO_PEER,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_suspend,
};

static const Command command_resume = {
    .name = "resume",
    .summary = "resume a peering that this node suspended",
    .arguments = "PEER",
    .options = step_options,
    .nothing = NO_PEER,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_resume,
};

static const Command command_end = {
    .name = "end",
    .summary = "end a peering, or turn an invitation down",
    .arguments = "PEER",
    .description = "What was exchanged stays where it is. Both sides have to agree anew to begin "
                   "again.",
    .options = step_options,
    .nothing = NO_PEER,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_end,
};

static const Command command_hear = {
    .name = "receive",
    .summary = "take in a step that came as a file: an invitation, an acceptance",
    .arguments = "FILE",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert peer receive invitation.json", "an invitation that came on a stick"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_hear,
};

static const Command command_words = {
    .name = "words",
    .summary = "show the twelve words to compare with a peer on the telephone",
    .arguments = "PEER",
    .description = "Both sides see the same words exactly when nobody stands between them.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = NO_PEER,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_words,
};

static const Command command_compared = {
    .name = "compared",
    .summary = "note that a person compared the words",
    .arguments = "PEER",
    .options =
        (const CommandOption[]){
            {"not", 0, COMMAND_FLAG, .help = "take it back"},
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_PEER,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_compared,
};

const Command cmd_peer = {
    .name = "peer",
    .summary = "invite, accept, suspend and end peers",
    .description = "A peer is another node with which peering was agreed by both sides. Each step "
                   "is an entry of the ledger of who takes it.",
    .subcommands = (const Command *const[]){&command_invite, &command_accept, &cmd_peer_list,
                                            &cmd_peer_show, &command_words, &command_compared,
                                            &command_suspend, &command_resume, &command_end,
                                            &command_hear, &cmd_peer_succeed, NULL},
};
