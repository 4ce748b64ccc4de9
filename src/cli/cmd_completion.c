/* cmd_completion.c - `concert completion`: what a shell needs to complete commands, options and
 * choices, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

/* Calls @each for every command that can be run or has subcommands, with its path ("account token
 * add"; "" for the program itself, whose @command is NULL). */
typedef void (*EachCommand)(const Command *command, const char *path,
                            const Command *const *subcommands);

static void foreach_command(const Command *command, const char *path,
                            const Command *const *subcommands, EachCommand each)
{
    each(command, path, subcommands);
    for (; subcommands && *subcommands; subcommands++) {
        if ((*subcommands)->hidden)
            continue;
        g_autofree char *deeper =
            g_strdup_printf("%s%s%s", path, path[0] ? " " : "", (*subcommands)->name);
        foreach_command(*subcommands, deeper, command_subcommands(*subcommands), each);
    }
}

/* --- bash: one case a command, one case an option with a value --- */

static void print_names(const Command *const *commands)
{
    for (gboolean first = TRUE; *commands; commands++, first = FALSE)
        if (!(*commands)->hidden)
            printf("%s%s", first ? "" : " ", (*commands)->name);
}

static void bash_words(const Command *command, const char *path, const Command *const *subcommands)
{
    printf("    '%s') words='", path);
    if (subcommands)
        print_names(subcommands);
    if (command && !subcommands) {
        g_autoptr(GPtrArray) options = command_options(command);
        for (guint i = 0; i < options->len; i++) {
            const CommandOption *option = options->pdata[i];
            printf("%s--%s", i > 0 ? " " : "", option->name);
        }
    } else if (!command) {
        printf(" --node --help --version");
    }
    printf("' ;;\n");
}

static void bash_values(const Command *command, const char *path, const Command *const *subcommands)
{
    if (!command || subcommands)
        return;
    g_autoptr(GPtrArray) options = command_options(command);
    for (guint i = 0; i < options->len; i++) {
        const CommandOption *option = options->pdata[i];
        if (!option->argument)
            continue;
        printf("    '%s --%s'", path, option->name);
        if (option->letter)
            printf("|'%s -%c'", path, option->letter);
        if (option->type == COMMAND_CHOICE) {
            g_autofree char *choices = g_strdup(option->choices);
            printf(") words='%s'; kind=words ;;\n", g_strdelimit(choices, "|", ' '));
        } else if (g_str_equal(option->argument, "FILE") || g_str_equal(option->argument, "DIR")) {
            printf(") kind=%s ;;\n", g_str_equal(option->argument, "DIR") ? "dir" : "file");
        } else {
            printf(") kind=none ;;\n");
        }
    }
}

static void bash_walk(const Command *command, const char *path, const Command *const *subcommands)
{
    if (command)
        printf("|'%s'", path);
}

/* The commands that are followed by another. */
static void bash_groups(const Command *command, const char *path, const Command *const *subcommands)
{
    if (command && subcommands)
        printf("|'%s'", path);
}

static void print_bash(void)
{
    const Command *const *commands = commands_list();
    printf("# bash completion of concert; made by `concert completion bash`.\n"
           "_concert() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local path='' kind='' words='' i word\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    word=${COMP_WORDS[i]}\n"
           "    case \"${path:+$path }$word\" in\n"
           "    ''");
    foreach_command(NULL, "", commands, bash_walk);
    printf(") path=\"${path:+$path }$word\" ;;\n"
           "    esac\n"
           "  done\n"
           "  case \"$path $prev\" in\n"
           "    ' --node') kind=dir ;;\n");
    foreach_command(NULL, "", commands, bash_values);
    printf("  esac\n"
           "  if [ -z \"$kind\" ]; then\n"
           "    case \"$path\" in\n");
    foreach_command(NULL, "", commands, bash_words);
    printf("    esac\n"
           "    case \"$path\" in\n"
           "    ''");
    foreach_command(NULL, "", commands, bash_groups);
    printf(") kind=words ;;\n"
           "    *) case $cur in -*) kind=words ;; *) kind=file ;; esac ;;\n"
           "    esac\n"
           "  fi\n"
           "  case $kind in\n"
           "  words) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
           "  dir) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
           "  file) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
           "  none) COMPREPLY=() ;;\n"
           "  esac\n"
           "}\n"
           "complete -F _concert concert\n");
}

/* --- zsh: a function a command, made of _arguments and _describe --- */

/* Prints @text inside single quotes, with what _arguments takes for its own escaped. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static char *zsh_function(const char *path)
{
    char *name = g_strdup_printf("_concert%s%s", path[0] ? "_" : "", path);
    return g_strdelimit(name, " -", '_');
}

static void zsh_option(const CommandOption *option)
{
    const char *repeat = option->type == COMMAND_TEXTS ? "*" : "";
    for (guint form = 0; form < (option->letter ? 2 : 1); form++) {
        if (form == 0)
            printf(" \\\n    '%s--%s[", repeat, option->name);
        else
            printf(" \\\n    '%s-%c[", repeat, option->letter);
        zsh_text(option->help);
        putchar(']');
        if (option->argument) {
            printf(":%s:", option->argument);
            if (option->type == COMMAND_CHOICE) {
                g_autofree char *choices = g_strdup(option->choices);
                printf("(%s)", g_strdelimit(choices, "|", ' '));
            } else if (g_str_equal(option->argument, "FILE")) {
                printf("_files");
            } else if (g_str_equal(option->argument, "DIR")) {
                printf("_files -/");
            } else {
                putchar(' ');
            }
        }
        putchar('\'');
    }
}

static void zsh_each(const Command *command, const char *path, const Command *const *subcommands)
{
    g_autofree char *function = zsh_function(path);
    printf("%s() {\n", function);
    if (!subcommands) {
        printf("  _arguments -s");
        g_autoptr(GPtrArray) options = command_options(command);
        for (guint i = 0; i < options->len; i++)
            zsh_option(options->pdata[i]);
        printf(" \\\n    '*:argument:_files'\n}\n");
        return;
    }
    printf("  local -a commands\n  commands=(\n");
    for (const Command *const *sub = subcommands; *sub; sub++) {
        if ((*sub)->hidden)
            continue;
        printf("    '%s:", (*sub)->name);
        zsh_text((*sub)->summary);
        printf("'\n");
    }
    printf("  )\n"
           "  local context state line\n"
           "  _arguments -C '--node[directory of the node]:DIR:_files -/' '--help[print help]' \\\n"
           "    '1:command:->command' '*::argument:->argument'\n"
           "  case $state in\n"
           "  command) _describe command commands ;;\n"
           "  argument) (( $+functions[%s_$line[1]] )) && %s_$line[1] ;;\n"
           "  esac\n}\n",
           function, function);
}

static void print_zsh(void)
{
    printf("#compdef concert\n# zsh completion of concert; made by `concert completion zsh`.\n");
    foreach_command(NULL, "", commands_list(), zsh_each);
    printf("_concert \"$@\"\n");
}

static int run(const CommandCall *call, GError **error)
{
    const char *shell = call->arguments[0];
    if (g_str_equal(shell, "bash"))
        print_bash();
    else if (g_str_equal(shell, "zsh"))
        print_zsh();
    else
        return command_usage(call, error, "%s: bash and zsh are known", shell);
    return COMMAND_OK;
}

const Command cmd_completion = {
    .name = "completion",
    .summary = "print completions for a shell",
    .arguments = "bash|zsh",
    .description = "`make install` puts them in place. To try them: source <(concert completion "
                   "bash).",
    .min_arguments = 1,
    .run = run,
};
