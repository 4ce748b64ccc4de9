#include "cli/help.h"

#include <stdio.h>
#include <string.h>

void help_wrap(GString *into, const char *text, guint column, guint indent)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    gboolean first = TRUE;
    for (guint i = 0; words[i]; i++) {
        guint width = g_utf8_strlen(words[i], -1);
        if (!first && column + 1 + width > HELP_WIDTH) {
            g_string_append_printf(into, "\n%*s", (int)indent, "");
            column = indent;
            first = TRUE;
        }
        g_string_append_printf(into, "%s%s", first ? "" : " ", words[i]);
        column += width + (first ? 0 : 1);
        first = FALSE;
    }
    g_string_append_c(into, '\n');
}

static void print_wrapped(const char *text, guint column, guint indent)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    help_wrap(lines, text, column, indent);
    fputs(lines->str, stdout);
}

/* Prints paragraphs as they are wrapped; one that begins with a blank is printed as it stands. */
static void print_paragraphs(const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
    for (guint i = 0; paragraphs[i]; i++) {
        putchar('\n');
        if (paragraphs[i][0] == ' ')
            printf("%s\n", paragraphs[i]);
        else
            print_wrapped(paragraphs[i], 0, 0);
    }
}

static void print_term(const char *term, const char *help, guint column)
{
    guint width = g_utf8_strlen(term, -1);
    if (width + 2 > column)
        printf("%s\n%*s", term, (int)column, "");
    else
        printf("%s%*s", term, (int)(column - width), "");
    print_wrapped(help, column, column);
}

/* "-s, --source NAME" */
static char *option_term(const CommandOption *option)
{
    GString *term = g_string_new(NULL);
    if (option->letter)
        g_string_append_printf(term, "-%c, ", option->letter);
    else
        g_string_append(term, "    ");
    g_string_append_printf(term, "--%s", option->name);
    if (option->argument)
        g_string_append_printf(term, " %s", option->argument);
    return g_string_free(term, FALSE);
}

/* The help of an option with what its value may be. */
static char *option_help(const CommandOption *option)
{
    if (option->type == COMMAND_TEXTS)
        return g_strdup_printf("%s (may be given more than once)", option->help);
    if (option->type != COMMAND_CHOICE)
        return g_strdup(option->help);
    g_auto(GStrv) choices = g_strsplit(option->choices, "|", -1);
    g_autofree char *list = g_strjoinv(", ", choices);
    return g_strdup_printf("%s: %s", option->help, list);
}

static char *usage(const Command *command, const char *path)
{
    if (command_subcommands(command))
        return g_strdup_printf("%s COMMAND [OPTION...]", path);
    return g_strdup_printf("%s [OPTION...]%s%s", path, command->arguments ? " " : "",
                           command->arguments ? command->arguments : "");
}

static void print_commands(const Command *const *commands)
{
    for (; *commands; commands++) {
        if ((*commands)->hidden)
            continue;
        g_autofree char *term = g_strdup_printf("  %s", (*commands)->name);
        print_term(term, (*commands)->summary, 16);
    }
}

void help_print_all(const Command *const *commands)
{
    printf("Usage: concert [--node DIR] COMMAND [OPTION...]\n\n"
           "A node that keeps, serves, shares and finds cyber threat information.\n\n"
           "Commands:\n");
    print_commands(commands);
    printf("\n`concert COMMAND --help` tells more; concert(1) and concert.conf(5) tell all.\n"
           "Exit status: 0 fine, 1 found nothing or a check failed, 2 usage or input error.\n");
}

void help_print(const Command *command, const char *path)
{
    g_autofree char *line = usage(command, path);
    printf("Usage: %s\n\n", line);
    g_autofree char *title = g_strdup_printf("%s - %s", path, command->summary);
    print_wrapped(title, 0, 4);
    if (command->description)
        print_paragraphs(command->description);
    if (command_subcommands(command)) {
        printf("\nCommands:\n");
        print_commands(command_subcommands(command));
        return;
    }
    printf("\nOptions:\n");
    g_autoptr(GPtrArray) options = command_options(command);
    for (guint i = 0; i < options->len; i++) {
        g_autofree char *bare = option_term(options->pdata[i]);
        g_autofree char *term = g_strdup_printf("  %s", bare);
        g_autofree char *help = option_help(options->pdata[i]);
        print_term(term, help, 28);
    }
    printf("\nExit status:\n  0  fine\n");
    if (command->nothing)
        printf("  1  %s\n", command->nothing);
    printf("  2  usage or input error\n");
    if (command->examples)
        printf("\nExamples:\n");
    for (const CommandExample *example = command->examples; example && example->line; example++)
        printf("  %s\n      %s\n", example->line, example->help);
}
