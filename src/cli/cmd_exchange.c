/* cmd_exchange.c - `concert exchange`: how the exchange with peers goes. */
#include "cli/cmd_exchange.h"

#include "cli/commands.h"

const Command cmd_exchange = {
    .name = "exchange",
    .summary = "see how the exchange with peers goes, and what was shared",
    .description = "Each peer's ledger is followed by its index, and each peer follows this "
                   "node's. While the node is served that goes on by itself. See docs/exchange.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_exchange_status,
            &cmd_exchange_sync,
            &cmd_exchange_report,
            NULL,
        },
};
