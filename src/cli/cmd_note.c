/* cmd_note.c - `concert note`: informal notes to a peer, which prove nothing to anybody else. */
#include "cli/commands.h"
#include "cli/letter.h"

static int run_send(const CommandCall *call, GError **error)
{
    return letter_send(call, MESSAGE_NOTE, error);
}

static int run_list(const CommandCall *call, GError **error)
{
    return letter_list(call, MESSAGE_NOTE, error);
}

static int run_show(const CommandCall *call, GError **error)
{
    return letter_show(call, MESSAGE_NOTE, error);
}

static int run_remove(const CommandCall *call, GError **error)
{
    return letter_remove(call, MESSAGE_NOTE, error);
}

static const Command send = {
    .name = "send",
    .summary = "send a note to a peer",
    .arguments = "PEER TEXT|-",
    .description = "At most 2000 bytes, with \"-\" from standard input.",
    .options = (const CommandOption[]){{.name = "reply-to",
                                        .type = COMMAND_TEXT,
                                        .argument = "ID",
                                        .help = "the note that it answers"},
                                       COMMAND_OPTIONS_END},
    .min_arguments = 2,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_send,
};

static const Command list = {
    .name = "list",
    .summary = "list notes, newest last",
    .options =
        (const CommandOption[]){
            {.name = "peer", .type = COMMAND_TEXT, .argument = "PEER", .help = "only of this peer"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command show = {
    .name = "show",
    .summary = "show a note",
    .arguments = "ID",
    .description = "The beginning of its id is enough.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such note",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

static const Command remove_command = {
    .name = "remove",
    .summary = "remove the text of notes from this node",
    .arguments = "ID...",
    .nothing = "there is no such note",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_remove,
};

const Command cmd_note = {
    .name = "note",
    .summary = "write informally to the people of a peer",
    .description = "A note is known for genuine by who receives it, and proves nothing to anybody "
                   "else: the recipient could have written it. It stands in no ledger. What has to "
                   "be provable is a dispatch or a statement.",
    .subcommands = (const Command *const[]){&send, &list, &show, &remove_command, NULL},
    .examples =
        (const CommandExample[]){
            {"concert note send cert.birch.example \"Between us: is the list from June yours?\"",
             "ask without a record"},
            {NULL, NULL}},
};
