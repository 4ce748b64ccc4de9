/* cmd_ledger.h - the subcommands of `concert ledger`; each is defined in the file of its name. */
#pragma once

#include "cli/command.h"

extern const Command cmd_ledger_verify;
extern const Command cmd_ledger_verify_proof;
