/* cmd_ledger.h - the subcommands of `concert ledger`; each is defined in the file of its name. */
#pragma once

#include "cli/command.h"

extern const Command cmd_ledger_append;
extern const Command cmd_ledger_audit;
extern const Command cmd_ledger_disclose;
extern const Command cmd_ledger_erase;
extern const Command cmd_ledger_list;
extern const Command cmd_ledger_mirror;
extern const Command cmd_ledger_open;
extern const Command cmd_ledger_prove;
extern const Command cmd_ledger_resume;
extern const Command cmd_ledger_show;
extern const Command cmd_ledger_status;
extern const Command cmd_ledger_verify;
extern const Command cmd_ledger_verify_disclosure;
extern const Command cmd_ledger_verify_proof;
extern const Command cmd_ledger_witness;
extern const Command cmd_ledger_witness_follow; /* of `concert ledger witness` */
