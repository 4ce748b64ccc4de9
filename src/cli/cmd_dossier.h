/* cmd_dossier.h - the parts of `concert dossier` that stand in files of their own. */
#pragma once

#include "cli/command.h"

extern const Command cmd_dossier_assign;
extern const Command cmd_dossier_jot;
extern const Command cmd_dossier_desk;
