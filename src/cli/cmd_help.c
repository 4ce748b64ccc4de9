/* cmd_help.c - `concert help`: the help of a command, and the manual pages. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/manual.h"

static int run(const CommandCall *call, GError **error)
{
    const char *page = command_text(call, "man");
    if (page) {
        g_autofree char *roff =
            g_str_equal(page, "concert") ? manual_commands(commands_list()) : manual_settings();
        fputs(roff, stdout);
        return COMMAND_OK;
    }
    if (call->count == 0) {
        help_print_all(commands_list());
        return COMMAND_OK;
    }
    const Command *const *commands = commands_list();
    const Command *command = NULL;
    g_autoptr(GString) path = g_string_new("concert");
    for (guint i = 0; i < call->count; i++) {
        const char *near = NULL;
        command = commands ? command_find(commands, call->arguments[i], &near) : NULL;
        if (!command && near)
            return command_usage(call, error, "no command \"%s\" (did you mean \"%s\"?)",
                                 call->arguments[i], near);
        if (!command)
            return command_usage(call, error, "no command \"%s\"", call->arguments[i]);
        g_string_append_printf(path, " %s", command->name);
        commands = command_subcommands(command);
    }
    help_print(command, path->str);
    return COMMAND_OK;
}

const Command cmd_help = {
    .name = "help",
    .summary = "print the help of a command",
    .arguments = "[COMMAND...]",
    .options =
        (const CommandOption[]){
            {"man", 0, COMMAND_CHOICE, "PAGE", .choices = "concert|concert.conf",
             .help = "print a manual page in roff instead"},
            COMMAND_OPTIONS_END,
        },
    .max_arguments = 3,
    .run = run,
};
