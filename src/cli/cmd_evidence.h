/* cmd_evidence.h - the subcommands of `concert evidence` that are in files of their own. */
#pragma once

#include "cli/command.h"
