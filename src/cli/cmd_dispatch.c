/* cmd_dispatch.c - `concert dispatch`: what is sent to peers, and what they sent. */
#include "cli/cmd_dispatch.h"

#include "cli/commands.h"
#include "cli/output.h"

int cmd_dispatch_failed(GError **error)
{
    if (!error || !g_error_matches(*error, CONCERT_ERROR, CONCERT_ERROR_DENIED))
        return COMMAND_ERROR;
    output_flush();
    output_error((*error)->message);
    g_clear_error(error);
    return COMMAND_NOTHING;
}

const Command cmd_dispatch = {
    .name = "dispatch",
    .summary = "send objects to peers, and see what became of them",
    .description =
        "A dispatch is the unit of exchange: some objects for some nodes, with a marking. It is an "
        "entry of the sender's ledger, so that it can be proven; what should not be provable is a "
        "`concert note`. Whoever it is for confirms it by an entry of its own ledger. See "
        "docs/exchange.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_dispatch_send,
            &cmd_dispatch_list,
            &cmd_dispatch_show,
            &cmd_dispatch_grant,
            &cmd_dispatch_withdraw,
            &cmd_dispatch_recall,
            &cmd_dispatch_hold,
            &cmd_dispatch_release,
            NULL,
        },
};
