/* main.c - the program: hands its arguments to the table of commands. */
#include <locale.h>

#include "cli/commands.h"

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    return command_main(commands_list(), argc, argv);
}
