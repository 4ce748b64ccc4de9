/* cmd_ledger.c - `concert ledger`: what proves what was said to whom. */
#include "cli/cmd_ledger.h"

#include "cli/commands.h"

const Command cmd_ledger = {
    .name = "ledger",
    .summary = "verify ledgers and what is proven by them",
    .description =
        "A ledger is an append-only Merkle log. What the commands verify is in the formats "
        "of C2SP, so that they serve for other logs too, and other programs for ours: "
        "see docs/ledger.md.",
    .subcommands = (const Command *const[]){&cmd_ledger_verify, &cmd_ledger_verify_proof, NULL},
};
