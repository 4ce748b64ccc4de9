/* cmd_exchange.h - the subcommands of `concert exchange`; each is defined in the file of its name.
 */
#pragma once

#include "cli/command.h"

extern const Command cmd_exchange_report;
extern const Command cmd_exchange_status;
extern const Command cmd_exchange_sync;
