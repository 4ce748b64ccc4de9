/* cmd_follow.h - the parts of `concert follow`, each in the file of its name. */
#pragma once

#include "cli/command.h"

extern const Command cmd_follow_taxii, cmd_follow_list; /* cmd_follow_add.c */
extern const Command cmd_follow_run;
extern const Command cmd_follow_show;
