/* cmd_contact.h - the subcommands of `concert contact`. */
#pragma once

#include "cli/command.h"

extern const Command cmd_contact_add;
extern const Command cmd_contact_find;
extern const Command cmd_contact_hold;
extern const Command cmd_contact_import;
extern const Command cmd_contact_list;
extern const Command cmd_contact_opt_out;
extern const Command cmd_contact_release;
extern const Command cmd_contact_remove;
