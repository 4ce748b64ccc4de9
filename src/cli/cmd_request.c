/* cmd_request.c - `concert request`: asking peers for something, and answering them. All but this
 * head follows from the procedure's table (dossier/request.h). */
#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "dossier/request.h"

static const Command *const *list(const Command *self)
{
    return dossier_command_list(&request_procedure, NULL);
}

const Command cmd_request = {
    .name = "request",
    .summary = "ask peers for advice, information, a takedown or help, and answer them",
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
