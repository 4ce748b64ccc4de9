/* cmd_ledger.c - `concert ledger`: what proves what was said to whom. */
#include "cli/cmd_ledger.h"

#include "cli/commands.h"

const Command cmd_ledger = {
    .name = "ledger",
    .summary = "the node's ledger, and verifying anybody's",
    .description =
        "A ledger is an append-only Merkle log that proves what was said, when and to whom, and "
        "that nothing was changed since. What the commands write and verify is in the formats "
        "of C2SP, so that they serve for other logs too, and other programs for ours: "
        "see docs/ledger.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_ledger_status,
            &cmd_ledger_list,
            &cmd_ledger_show,
            &cmd_ledger_append,
            &cmd_ledger_erase,
            &cmd_ledger_prove,
            &cmd_ledger_disclose,
            &cmd_ledger_verify,
            &cmd_ledger_verify_proof,
            &cmd_ledger_verify_disclosure,
            &cmd_ledger_audit,
            &cmd_ledger_mirror,
            &cmd_ledger_witness,
            &cmd_ledger_open,
            &cmd_ledger_resume,
            NULL,
        },
};
