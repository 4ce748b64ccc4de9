/* help.h - the help of commands on the screen, from the table of commands. */
#pragma once

#include "cli/command.h"

/* Columns that lines for people keep to. */
#define HELP_WIDTH 80

/* Appends @text in lines of at most HELP_WIDTH columns, each but the first indented by @indent;
 * @column is where the first line has got to. The last line ends in a newline, too. */
void help_wrap(GString *into, const char *text, guint column, guint indent);

/* `concert --help` */
void help_print_all(const Command *const *commands);

/* `concert <path> --help` */
void help_print(const Command *command, const char *path);
