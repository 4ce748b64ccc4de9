/* cmd_request_send.c - `concert request send`: asking a peer. */
#include <string.h>

#include "cli/cmd_request.h"
#include "cli/document.h"
#include "cli/letter.h"
#include "store/peers.h"

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of nodes that the observers' are, sorted, none twice. */
static gboolean add_observers(const CommandCall *call, Store *store, RequestAct *act,
                              GError **error)
{
    const char *const *names = command_texts(call, "observer");
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; names && names[i]; i++) {
        g_autoptr(Peer) peer = peers_get(store, names[i], error);
        if (!peer)
            return FALSE;
        g_ptr_array_add(nodes, g_strdup(peer->node));
    }
    g_ptr_array_sort(nodes, compare_names);
    yyjson_mut_val *list =
        nodes->len > 0 ? yyjson_mut_obj_add_arr(act->params, act->payload, "observers") : NULL;
    for (guint i = 0; i < nodes->len; i++)
        if (i == 0 || !g_str_equal(nodes->pdata[i], nodes->pdata[i - 1]))
            yyjson_mut_arr_add_strcpy(act->params, list, nodes->pdata[i]);
    return TRUE;
}

/* What --text says; without it the subject is all there is to say. Caller frees. */
static gboolean read_text(const CommandCall *call, char **ret_text, GError **error)
{
    const char *option = command_text(call, "text");
    const CommandCall of_option = {.arguments = (char *[]){(char *)option, NULL}, .count = 1};
    if (!option)
        *ret_text = g_strdup(command_text(call, "subject"));
    return !option || cmd_request_text(&of_option, 0, ret_text, error);
}

static void add_marking(const CommandCall *call, RequestAct *act)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(act->params);
    const char *tlp = command_text(call, "tlp"), *pap = command_text(call, "pap");
    if (tlp)
        yyjson_mut_obj_add_str(act->params, root, "tlp", tlp);
    if (pap)
        yyjson_mut_obj_add_str(act->params, root, "pap", pap);
    if (command_flag(call, "exercise"))
        yyjson_mut_obj_add_bool(act->params, root, "exercise", TRUE);
}

static gboolean fill(const CommandCall *call, Store *store, const char *text, RequestAct *act,
                     GError **error)
{
    const char *urgency = command_text(call, "urgency");
    g_autoptr(Peer) peer = peers_get(store, call->arguments[0], error);
    if (!peer)
        return FALSE;
    yyjson_mut_obj_add_strcpy(act->params, act->payload, "to", peer->node);
    cmd_request_add(act, "kind", command_text(call, "kind"));
    cmd_request_add(act, "urgency", urgency ? urgency : "medium");
    cmd_request_add(act, "subject", command_text(call, "subject"));
    cmd_request_add(act, "text", text);
    add_marking(call, act);
    return add_observers(call, store, act, error) &&
           cmd_request_add_time(act, "wanted_by", call, "by", error);
}

static int run(const CommandCall *call, GError **error)
{
    if (!command_text(call, "kind") || !command_text(call, "subject"))
        return command_usage(call, error, "say what is asked for: --kind and --subject");
    g_autofree char *text = NULL;
    if (!read_text(call, &text, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    RequestAct act = cmd_request_act("sent", NULL);
    if (!fill(call, node_store(node), text, &act, error)) {
        yyjson_mut_doc_free(act.params);
        return COMMAND_ERROR;
    }
    int status = cmd_request_run(call, node, &act, error);
    g_clear_pointer(&node, node_close);
    if (status == COMMAND_OK)
        letter_warn_unserved(call);
    return status;
}

const Command cmd_request_send = {
    .name = "send",
    .summary = "ask a peer for something",
    .arguments = "PEER",
    .description = "The peer's node says by itself that the request arrived; how soon a person "
                   "there has to acknowledge it follows from its urgency.",
    .options =
        (const CommandOption[]){
            {"kind", 'k', COMMAND_CHOICE, "KIND",
             .choices = "advice|information|takedown|technical-assistance",
             .help = "what is asked for"},
            {"subject", 's', COMMAND_TEXT, "TEXT", .help = "what it is about, one line"},
            {"text", 't', COMMAND_TEXT, "TEXT|-",
             .help = "the request; \"-\": from standard input (default: the subject)"},
            {"urgency", 'u', COMMAND_CHOICE, "LEVEL", .choices = "critical|high|medium|low",
             .help = "how soon it has to be acknowledged (default: medium)"},
            {"by", 0, COMMAND_TEXT, "TIME|DURATION",
             .help = "when an answer is of use at the latest"},
            {"observer", 0, COMMAND_TEXTS, "PEER", .help = "a peer that may read along"},
            {"tlp", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|amber+strict|red",
             .help = "the TLP level of all that is said (default: [exchange] unmarked)"},
            {"pap", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|red",
             .help = "its PAP level"},
            {"exercise", 0, COMMAND_FLAG, .help = "this is an exercise: it is shown as one"},
            CMD_REQUEST_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is no such peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
