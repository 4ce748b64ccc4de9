/* help.h - the help of commands on the screen, from the table of commands. */
#pragma once

#include "cli/command.h"

/* `concert --help` */
void help_print_all(const Command *const *commands);

/* `concert <path> --help` */
void help_print(const Command *command, const char *path);
