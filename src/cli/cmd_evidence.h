/* cmd_evidence.h - the subcommands of `concert evidence` that are in files of their own. */
#pragma once

#include "cli/command.h"

extern const Command cmd_evidence_bundle;
extern const Command cmd_evidence_verify;
extern const Command cmd_evidence_export;
