#include "cli/manual.h"

#include <string.h>

#include "node/settings.h"

/* Appends @text so that roff prints it as it is. */
static void append_escaped(GString *page, const char *text)
{
    gboolean line_start = page->len == 0 || page->str[page->len - 1] == '\n';
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            g_string_append(page, "\\&");
        if (*text == '\\')
            g_string_append(page, "\\e");
        else if (*text == '-')
            g_string_append(page, "\\-");
        else
            g_string_append_c(page, *text);
        line_start = *text == '\n';
    }
}

/* A request line with one argument, such as ".B text". */
static void append_request(GString *page, const char *request, const char *text)
{
    g_string_append(page, request);
    g_string_append_c(page, ' ');
    append_escaped(page, text);
    g_string_append_c(page, '\n');
}

static void append_paragraphs(GString *page, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
    for (guint i = 0; paragraphs[i]; i++) {
        gboolean verbatim = paragraphs[i][0] == ' ';
        g_string_append(page, verbatim ? ".PP\n.nf\n" : ".PP\n");
        append_escaped(page, paragraphs[i]);
        g_string_append(page, verbatim ? "\n.fi\n" : "\n");
    }
}

static void append_option(GString *page, const CommandOption *option)
{
    g_string_append(page, ".TP\n.B ");
    if (option->letter)
        g_string_append_printf(page, "\\-%c, ", option->letter);
    g_string_append(page, "\\-\\-");
    append_escaped(page, option->name);
    if (option->argument)
        g_string_append_printf(page, " \\fI%s\\fR", option->argument);
    g_string_append_c(page, '\n');
    append_escaped(page, option->help);
    if (option->type == COMMAND_CHOICE) {
        g_auto(GStrv) choices = g_strsplit(option->choices, "|", -1);
        g_autofree char *list = g_strjoinv(", ", choices);
        g_string_append(page, ": ");
        append_escaped(page, list);
    }
    g_string_append_c(page, '\n');
}

static void append_command(GString *page, const Command *command, const char *parent)
{
    g_autofree char *path = g_strdup_printf("%s %s", parent, command->name);
    if (command_subcommands(command)) {
        if (command->description) {
            append_request(page, ".SS", path);
            append_paragraphs(page, command->description);
        }
        for (const Command *const *sub = command_subcommands(command); *sub; sub++)
            append_command(page, *sub, path);
        return;
    }
    g_autofree char *title = g_strdup_printf("%s%s%s", path, command->arguments ? " " : "",
                                             command->arguments ? command->arguments : "");
    append_request(page, ".SS", title);
    g_autofree char *summary = g_strdup_printf("%s.", command->summary);
    summary[0] = g_ascii_toupper(summary[0]);
    append_escaped(page, summary);
    g_string_append_c(page, '\n');
    if (command->description)
        append_paragraphs(page, command->description);
    for (const CommandOption *option = command->options; option && option->name; option++)
        append_option(page, option);
    if (command->nothing) {
        g_autofree char *text = g_strdup_printf("Exit status 1: %s.", command->nothing);
        append_paragraphs(page, text);
    }
    for (const CommandExample *example = command->examples; example && example->line; example++) {
        g_string_append(page, ".TP\n\\fB");
        append_escaped(page, example->line);
        g_string_append(page, "\\fR\n");
        append_escaped(page, example->help);
        g_string_append_c(page, '\n');
    }
}

char *manual_commands(const Command *const *commands)
{
    GString *page = g_string_new(NULL);
    g_string_append_printf(page, ".TH CONCERT 1 \"\" \"concert %s\" \"Concert\"\n",
                           CONCERT_VERSION);
    g_string_append(
        page,
        ".SH NAME\nconcert \\- keep, serve, share and find cyber threat information\n"
        ".SH SYNOPSIS\n.B concert\n[\\-\\-node \\fIDIR\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n"
        ".SH DESCRIPTION\n"
        "A node belongs to one organisation and lives in one directory. It keeps STIX objects byte "
        "for byte, serves them to TAXII 2.1 clients, and finds their indicators in logs.\n"
        ".PP\nCommands work beside a running\n.B concert serve\nand without one.\n"
        ".SH COMMANDS\n");
    for (; *commands; commands++)
        if (!(*commands)->hidden)
            append_command(page, *commands, "concert");
    g_string_append(
        page,
        ".SH \"OPTIONS OF EVERY COMMAND\"\n"
        ".TP\n.B \\-\\-node \\fIDIR\\fR\nthe directory of the node; also before the command\n"
        ".TP\n.B \\-h, \\-\\-help\nprint the help of the command\n"
        ".SH \"EXIT STATUS\"\n.TP\n.B 0\nfine\n.TP\n.B 1\nfound nothing, or a check failed\n"
        ".TP\n.B 2\nusage or input error\n"
        ".SH ENVIRONMENT\n.TP\n.B CONCERT_NODE\nthe directory of the node, unless \\-\\-node says "
        "so. Without either it is /var/lib/concert for root, and $XDG_DATA_HOME/concert for "
        "others.\n"
        ".SH FILES\n.TP\n.I concert.conf\nthe settings, see\n.BR concert.conf (5)\n"
        ".TP\n.I concert.db\nthe store\n"
        ".SH \"SEE ALSO\"\n.BR concert.conf (5)\n");
    return g_string_free(page, FALSE);
}

char *manual_settings(void)
{
    GString *page = g_string_new(NULL);
    g_string_append_printf(page, ".TH CONCERT.CONF 5 \"\" \"concert %s\" \"Concert\"\n",
                           CONCERT_VERSION);
    g_string_append(
        page,
        ".SH NAME\nconcert.conf \\- settings of a Concert node\n"
        ".SH DESCRIPTION\nThe file is in the node's directory. It has sections in brackets, and "
        "settings below them, one a line:\n"
        ".PP\n.nf\n[server]\nlisten = 192.0.2.1:443\nthreads = 4\n.fi\n"
        ".PP\nA line that begins with # or ; is a comment. A value in double quotes may have "
        "either, and blanks at its ends. A section and a setting may be given once. What is not "
        "known is an error, told with file and line:\n.B concert config check\nnames every one.\n");
    for (const SettingsSection *section = settings_sections(); section->name; section++) {
        g_autofree char *title = g_strdup_printf("[%s]", section->name);
        append_request(page, ".SH", title);
        append_escaped(page, section->help);
        g_string_append_c(page, '\n');
        for (SettingId id = 0; id < SETTING_COUNT; id++) {
            const Setting *setting = settings_get(id);
            if (!g_str_equal(setting->section, section->name))
                continue;
            g_autofree char *allowed = settings_allowed(setting);
            g_autofree char *text =
                g_strdup_printf("%s Takes %s. Default: %s.", setting->help, allowed,
                                setting->fallback ? setting->fallback : "not set");
            g_string_append(page, ".TP\n");
            append_request(page, ".B", setting->name);
            append_escaped(page, text);
            g_string_append_c(page, '\n');
        }
    }
    g_string_append(page, ".SH \"SEE ALSO\"\n.BR concert (1)\n");
    return g_string_free(page, FALSE);
}
