/* cmd_emergency.c - `concert emergency`: short messages between people that a person acknowledges,
 * and that a suspended peering does not stop. */
#include "base/jsontext.h"
#include "cli/commands.h"
#include "cli/letter.h"
#include "cli/output.h"

static int run_send(const CommandCall *call, GError **error)
{
    return letter_send(call, MESSAGE_EMERGENCY, error);
}

static int run_list(const CommandCall *call, GError **error)
{
    return letter_list(call, MESSAGE_EMERGENCY, error);
}

static int run_show(const CommandCall *call, GError **error)
{
    return letter_show(call, MESSAGE_EMERGENCY, error);
}

static int run_remove(const CommandCall *call, GError **error)
{
    return letter_remove(call, MESSAGE_EMERGENCY, error);
}

static int run_ack(const CommandCall *call, GError **error)
{
    g_autofree char *text = letter_text(call, 1, error);
    g_autoptr(Node) node = text ? command_node_open(call, NODE_WRITE, error) : NULL;
    if (!node)
        return COMMAND_ERROR;
    const char *by = command_text(call, "by");
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "id", call->arguments[0]);
    jsontext_add(params, root, "by", by);
    if (*text)
        yyjson_mut_obj_add_str(params, root, "text", text);
    yyjson_doc *result = NULL;
    if (!command_node_call(node, "message.acknowledge", params, &result, error))
        return COMMAND_ERROR;
    yyjson_val *answer = yyjson_doc_get_root(result);
    gboolean is_sent = yyjson_get_bool(yyjson_obj_get(answer, "sent"));
    output_line("Acknowledged %s of %s.", yyjson_get_str(yyjson_obj_get(answer, "id")),
                yyjson_get_str(yyjson_obj_get(answer, "to")));
    if (!is_sent)
        output_note("%s cannot be told: it is no peer any more, or names no address.",
                    yyjson_get_str(yyjson_obj_get(answer, "to")));
    yyjson_doc_free(result);
    g_clear_pointer(&node, node_close);
    if (is_sent)
        letter_warn_unserved(call);
    return COMMAND_OK;
}

static const Command send = {
    .name = "send",
    .summary = "send an emergency message to a peer",
    .arguments = "PEER TEXT|-",
    .description = "At most 2000 bytes, with \"-\" from standard input. It is delivered as soon as "
                   "the peer can be reached, also while the peering is suspended, and asks a "
                   "person there to acknowledge it.",
    .options = (const CommandOption[]){{.name = "exercise",
                                        .type = COMMAND_FLAG,
                                        .help = "this is an exercise: it is shown as one"},
                                       {.name = "reply-to",
                                        .type = COMMAND_TEXT,
                                        .argument = "ID",
                                        .help = "the message that it answers"},
                                       COMMAND_OPTIONS_END},
    .min_arguments = 2,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_send,
};

static const Command list = {
    .name = "list",
    .summary = "list emergency messages that wait for an answer",
    .description = "Those that came and that nobody here acknowledged, those that were sent and "
                   "that nobody there acknowledged, and acknowledgements that are not delivered "
                   "yet.",
    .options =
        (const CommandOption[]){
            {.name = "all", .type = COMMAND_FLAG, .help = "also those that wait for nobody"},
            {.name = "peer", .type = COMMAND_TEXT, .argument = "PEER", .help = "only of this peer"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is none, or none that waits for somebody",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command show = {
    .name = "show",
    .summary = "show an emergency message and what became of it",
    .arguments = "ID",
    .description = "The beginning of its id is enough.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such message",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

static const Command ack = {
    .name = "ack",
    .summary = "acknowledge an emergency message: a person has read it",
    .arguments = "ID [TEXT|-]",
    .description = "Tells the sender, with a few words if there are any.",
    .options = (const CommandOption[]){{.name = "by",
                                        .type = COMMAND_TEXT,
                                        .argument = "NAME",
                                        .help = "who has read it, as the sender is told"},
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such message",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_ack,
};

static const Command remove_command = {
    .name = "remove",
    .summary = "remove the text of emergency messages from this node",
    .arguments = "ID...",
    .nothing = "there is no such message",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_remove,
};

const Command cmd_emergency = {
    .name = "emergency",
    .summary = "write to the people of a peer, who acknowledge it",
    .description = "Emergency messages are for people, go out at once, and are not stopped by a "
                   "suspended peering. They are known for genuine by who receives them and can be "
                   "proven to nobody else.",
    .subcommands = (const Command *const[]){&send, &list, &show, &ack, &remove_command, NULL},
    .examples =
        (const CommandExample[]){
            {"concert emergency send cert.birch.example \"Please call: our name server is down\"",
             "ask for a call"},
            {"concert emergency ack 3f2a --by \"A. Example\" \"calling now\"",
             "tell the sender that a person has read it"},
            {NULL, NULL}},
};
