/* main.c - the program: hands its arguments to the table of commands. */
#include <locale.h>
#include <sys/stat.h>

#include "cli/commands.h"

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    umask(077); /* what a node writes is for its owner alone */
    return command_main(commands_list(), argc, argv);
}
