#include "cli/command.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/help.h"
#include "cli/output.h"

/* What the user gave for one option of the command's table. */
typedef struct {
    const CommandOption *option;
    GPtrArray *texts; /* borrowed from argv, NULL-terminated on reading; NULL: not given */
    gint64 number;    /* COMMAND_INT: the value; COMMAND_CHOICE: the position */
} Given;

/* What CommandCall is the public face of. */
typedef struct {
    CommandCall public;
    GPtrArray *options; /* const CommandOption * */
    Given *given;       /* one for each of options */
    GPtrArray *arguments;
    GString *path;
    char *node_directory;
} Call;

static const CommandOption option_node = {
    .name = "node",
    .type = COMMAND_TEXT,
    .argument = "DIR",
    .help = "directory of the node (default: $CONCERT_NODE, else /var/lib/concert for root, "
            "~/.local/share/concert for others)"};
static const CommandOption option_help = {
    .name = "help", .letter = 'h', .type = COMMAND_FLAG, .help = "print this help"};

GPtrArray *command_options(const Command *command)
{
    GPtrArray *options = g_ptr_array_new();
    for (const CommandOption *option = command->options; option && option->name; option++)
        g_ptr_array_add(options, (gpointer)option);
    if (command->uses_node)
        g_ptr_array_add(options, (gpointer)&option_node);
    g_ptr_array_add(options, (gpointer)&option_help);
    return options;
}

static void call_clear(Call *call)
{
    for (guint i = 0; call->options && i < call->options->len; i++)
        if (call->given[i].texts)
            g_ptr_array_unref(call->given[i].texts);
    g_free(call->given);
    g_clear_pointer(&call->options, g_ptr_array_unref);
    g_clear_pointer(&call->arguments, g_ptr_array_unref);
    if (call->path)
        g_string_free(call->path, TRUE);
    g_free(call->node_directory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Call, call_clear)

static const Given *given_of(const CommandCall *public, const char *name)
{
    const Call *call = (const Call *)public;
    for (guint i = 0; i < call->options->len; i++)
        if (g_str_equal(call->given[i].option->name, name))
            return &call->given[i];
    g_error("%s has no option --%s", public->path, name);
}

gboolean command_flag(const CommandCall *call, const char *name)
{
    return given_of(call, name)->texts != NULL;
}

const char *command_text(const CommandCall *call, const char *name)
{
    const Given *given = given_of(call, name);
    return given->texts ? given->texts->pdata[0] : NULL;
}

const char *const *command_texts(const CommandCall *call, const char *name)
{
    const Given *given = given_of(call, name);
    return given->texts ? (const char *const *)given->texts->pdata : NULL;
}

gint64 command_int(const CommandCall *call, const char *name, gint64 fallback)
{
    const Given *given = given_of(call, name);
    return given->texts ? given->number : fallback;
}

int command_choice(const CommandCall *call, const char *name, int fallback)
{
    return (int)command_int(call, name, fallback);
}

gboolean command_json(const CommandCall *call)
{
    return command_flag(call, "json");
}

const char *command_node_directory(const CommandCall *call)
{
    return ((const Call *)call)->node_directory;
}

int command_usage(const CommandCall *call, GError **error, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    g_autofree char *message = g_strdup_vprintf(what, args);
    va_end(args);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s; see `%s --help`", message,
                call->path);
    return COMMAND_ERROR;
}

int command_file_error(GError **error)
{
    if (error && g_error_matches(*error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        (*error)->code = CONCERT_ERROR_INPUT;
    return COMMAND_ERROR;
}

void command_allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

const Command *command_find(const Command *const *commands, const char *name, const char **ret_near)
{
    Nearest nearest = NEAREST_INIT(name);
    for (; *commands; commands++) {
        if (g_str_equal((*commands)->name, name))
            return *commands;
        if (!(*commands)->hidden)
            nearest_consider(&nearest, (*commands)->name);
    }
    if (ret_near)
        *ret_near = nearest.word;
    return NULL;
}

/* --- Parsing --- */

static gboolean read_int(Given *given, const char *text)
{
    char *end;
    errno = 0;
    gint64 number = g_ascii_strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end || !(g_ascii_isdigit(*text) || *text == '-') ||
        number < given->option->min || number > given->option->max)
        return FALSE;
    given->number = number;
    return TRUE;
}

static gboolean read_choice(Given *given, const char *text)
{
    g_auto(GStrv) choices = g_strsplit(given->option->choices, "|", -1);
    for (guint i = 0; choices[i]; i++)
        if (g_str_equal(choices[i], text)) {
            given->number = i;
            return TRUE;
        }
    return FALSE;
}

/* Takes @text (NULL for a flag) as the value of @given. */
static gboolean give(Call *call, Given *given, const char *text, GError **error)
{
    const CommandOption *option = given->option;
    if (given->texts && option->type != COMMAND_TEXTS && option->type != COMMAND_FLAG) {
        command_usage(&call->public, error, "--%s is given twice", option->name);
        return FALSE;
    }
    if (option->type == COMMAND_INT && !read_int(given, text)) {
        command_usage(&call->public, error,
                      "--%s %s: must be a whole number from %" G_GINT64_FORMAT
                      " to %" G_GINT64_FORMAT,
                      option->name, text, option->min, option->max);
        return FALSE;
    }
    if (option->type == COMMAND_CHOICE && !read_choice(given, text)) {
        g_autofree char *choices = g_strdup(option->choices);
        g_strdelimit(choices, "|", ' ');
        command_usage(&call->public, error, "--%s %s: must be one of %s", option->name, text,
                      choices);
        return FALSE;
    }
    if (!given->texts)
        given->texts = g_ptr_array_new();
    else
        g_ptr_array_set_size(given->texts, given->texts->len - 1); /* the NULL */
    g_ptr_array_add(given->texts, (gpointer)text);
    g_ptr_array_add(given->texts, NULL);
    return TRUE;
}

/* "--name", "--name=value", "--name value". */
static gboolean parse_long(Call *call, char ***argument, GError **error)
{
    const char *text = **argument + 2;
    const char *equals = strchr(text, '=');
    g_autofree char *name = equals ? g_strndup(text, equals - text) : g_strdup(text);

    Nearest nearest = NEAREST_INIT(name);
    for (guint i = 0; i < call->options->len; i++) {
        Given *given = &call->given[i];
        nearest_consider(&nearest, given->option->name);
        if (!g_str_equal(given->option->name, name))
            continue;
        if (given->option->type == COMMAND_FLAG) {
            if (!equals)
                return give(call, given, NULL, error);
            command_usage(&call->public, error, "--%s takes no value", name);
            return FALSE;
        }
        if (equals)
            return give(call, given, equals + 1, error);
        if ((*argument)[1])
            return give(call, given, *++*argument, error);
        command_usage(&call->public, error, "--%s needs a value (%s)", name,
                      given->option->argument);
        return FALSE;
    }
    if (nearest.word)
        command_usage(&call->public, error, "no option --%s (did you mean --%s?)", name,
                      nearest.word);
    else
        command_usage(&call->public, error, "no option --%s", name);
    return FALSE;
}

/* "-x", "-xyz", "-x value", "-xvalue". */
static gboolean parse_short(Call *call, char ***argument, GError **error)
{
    for (const char *letter = **argument + 1; *letter; letter++) {
        Given *given = NULL;
        for (guint i = 0; i < call->options->len; i++)
            if (call->given[i].option->letter == *letter)
                given = &call->given[i];
        if (!given) {
            const char *end = g_utf8_find_next_char(letter, NULL);
            command_usage(&call->public, error, "no option -%.*s", (int)(end - letter), letter);
            return FALSE;
        }
        if (given->option->type == COMMAND_FLAG) {
            if (!give(call, given, NULL, error))
                return FALSE;
            continue;
        }
        if (letter[1])
            return give(call, given, letter + 1, error);
        if ((*argument)[1])
            return give(call, given, *++*argument, error);
        command_usage(&call->public, error, "-%c needs a value (%s)", *letter,
                      given->option->argument);
        return FALSE;
    }
    return TRUE;
}

static gboolean parse(Call *call, char **argument, GError **error)
{
    gboolean options_end = FALSE;
    for (; *argument; argument++) {
        const char *text = *argument;
        if (options_end || text[0] != '-' || text[1] == '\0') {
            g_ptr_array_add(call->arguments, *argument);
        } else if (g_str_equal(text, "--")) {
            options_end = TRUE;
        } else if (text[1] == '-') {
            if (!parse_long(call, &argument, error))
                return FALSE;
        } else if (!parse_short(call, &argument, error)) {
            return FALSE;
        }
    }
    call->public.count = call->arguments->len;
    g_ptr_array_add(call->arguments, NULL);
    call->public.arguments = (char **)call->arguments->pdata;
    return TRUE;
}

static gboolean check_count(Call *call, GError **error)
{
    const Command *command = call->public.command;
    guint count = call->public.count;
    guint max = MAX(command->min_arguments, command->max_arguments);
    if (count < command->min_arguments)
        command_usage(&call->public, error, "too few arguments: needs %s", command->arguments);
    else if (count > max && max == 0)
        command_usage(&call->public, error, "takes no argument (\"%s\")",
                      call->public.arguments[0]);
    else if (count > max)
        command_usage(&call->public, error, "too many arguments (\"%s\")",
                      call->public.arguments[max]);
    else
        return TRUE;
    return FALSE;
}

static char *default_node_directory(void)
{
    const char *environment = g_getenv("CONCERT_NODE");
    if (environment && environment[0])
        return g_strdup(environment);
    if (geteuid() == 0)
        return g_strdup("/var/lib/concert");
    return g_build_filename(g_get_user_data_dir(), "concert", NULL);
}

static void call_start(Call *call, const Command *command)
{
    call->public.command = command;
    call->public.path = call->path->str;
    call->arguments = g_ptr_array_new();
    call->options = command_options(command);
    call->given = g_new0(Given, call->options->len);
    for (guint i = 0; i < call->options->len; i++)
        call->given[i].option = call->options->pdata[i];
}

/* Whether the user asked for the exit status alone. */
static gboolean is_quiet(const Call *call)
{
    for (guint i = 0; i < call->options->len; i++)
        if (call->given[i].texts && g_str_equal(call->given[i].option->name, "quiet"))
            return TRUE;
    return FALSE;
}

static int run(Call *call, char **argv, GError **error)
{
    if (!parse(call, argv, error))
        return COMMAND_ERROR;
    if (command_flag(&call->public, "help")) {
        help_print(call->public.command, call->public.path);
        return COMMAND_OK;
    }
    if (!check_count(call, error))
        return COMMAND_ERROR;
    const char *node = call->public.command->uses_node ? command_text(&call->public, "node") : NULL;
    if (node || !call->node_directory) {
        g_free(call->node_directory);
        call->node_directory = node ? g_strdup(node) : default_node_directory();
    }
    int status = call->public.command->run(&call->public, error);
    if (status == COMMAND_NOTHING && !*error && call->public.command->nothing && !is_quiet(call))
        output_silence(call->public.path, call->public.command->nothing);
    return status;
}

const Command *const *command_subcommands(const Command *command)
{
    static GHashTable *made; /* command -> what it made, once */
    if (!command->make_subcommands)
        return command->subcommands;
    if (!made)
        made = g_hash_table_new(NULL, NULL);
    const Command *const *list = g_hash_table_lookup(made, command);
    if (!list) {
        list = command->make_subcommands(command);
        g_hash_table_insert(made, (gpointer)command, (gpointer)list);
    }
    return list;
}

static gboolean is_help(const char *text)
{
    return g_str_equal(text, "--help") || g_str_equal(text, "-h");
}

/* Takes "--node DIR" or "--node=DIR" at *argv, which stays at its last word; FALSE where there is
 * none, or no DIR. */
static gboolean take_node(Call *call, char ***argv)
{
    const char *directory = NULL;
    if (g_str_has_prefix(**argv, "--node="))
        directory = **argv + strlen("--node=");
    else if (g_str_equal(**argv, "--node") && (*argv)[1])
        directory = *++*argv;
    if (!directory)
        return FALSE;
    g_free(call->node_directory);
    call->node_directory = g_strdup(directory);
    return TRUE;
}

/* The command of @command that is meant where what stands there, @word, is none of them but "-", a
 * file or an option; NULL if none is. */
static const Command *choose_otherwise(Call *call, const Command *command, const char *word)
{
    if (!command->otherwise || !word || is_help(word) ||
        !(word[0] == '-' || g_file_test(word, G_FILE_TEST_EXISTS)))
        return NULL;
    g_string_append_printf(call->path, " %s", command->otherwise);
    return command_find(command_subcommands(command), command->otherwise, NULL);
}

static void set_no_command(const Call *call, const Command *in, const char *name, const char *near,
                           GError **error)
{
    g_autofree char *hint = near ? g_strdup_printf(" (did you mean \"%s\"?)", near) : g_strdup("");
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "no command %s\"%s\"%s; see `%s --help`",
                in && in->otherwise ? "and no file " : "", name, hint, call->path->str);
}

/* Follows @argv down the tree of commands; *argv is left at what follows the command's name. */
static const Command *choose(Call *call, const Command *const *commands, char ***argv,
                             GError **error)
{
    const Command *command = NULL;
    while (commands) {
        while (command && **argv && take_node(call, argv))
            ++*argv;
        const char *name = **argv;
        const char *near = NULL;
        const Command *found = name && name[0] != '-' ? command_find(commands, name, &near) : NULL;
        if (!found) {
            const Command *otherwise = command ? choose_otherwise(call, command, name) : NULL;
            if (otherwise || !name || name[0] == '-')
                return otherwise ? otherwise : command;
            set_no_command(call, command, name, near, error);
            return NULL;
        }
        command = found;
        g_string_append_printf(call->path, " %s", command->name);
        commands = command_subcommands(command);
        ++*argv;
    }
    return command;
}

/* Options before the command: --help, --version, --node DIR. */
static gboolean parse_global(Call *call, const Command *const *commands, char ***argv,
                             int *ret_status, GError **error)
{
    for (; **argv && ***argv == '-'; ++*argv) {
        const char *text = **argv;
        if (is_help(text)) {
            help_print_all(commands);
            *ret_status = COMMAND_OK;
            return FALSE;
        }
        if (g_str_equal(text, "--version")) {
            output_line("concert %s", CONCERT_VERSION);
            *ret_status = COMMAND_OK;
            return FALSE;
        }
        if (!take_node(call, argv)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        g_str_equal(text, "--node") ? "%s needs a value (DIR)"
                                                    : "no option %s here; see `concert --help`",
                        text);
            *ret_status = COMMAND_ERROR;
            return FALSE;
        }
    }
    return TRUE;
}

static int dispatch(const Command *const *commands, char **argv, GError **error)
{
    g_auto(Call) call = {.path = g_string_new("concert")};
    int status;
    if (!parse_global(&call, commands, &argv, &status, error))
        return status;
    const Command *command = choose(&call, commands, &argv, error);
    if (!command) {
        if (!*error)
            help_print_all(commands);
        return COMMAND_ERROR;
    }
    if (!command->run && *argv && is_help(*argv)) {
        help_print(command, call.path->str);
        return COMMAND_OK;
    }
    call_start(&call, command);
    if (!command->run)
        return command_usage(&call.public, error, "%s needs one of its commands", call.path->str);
    return run(&call, argv, error);
}

int command_main(const Command *const *commands, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status = dispatch(commands, argv + (argc > 0 ? 1 : 0), &error);
    if (error) {
        output_flush();
        output_error(error->message);
        return g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) ? COMMAND_NOTHING
                                                                              : COMMAND_ERROR;
    }
    return output_flush() ? status : COMMAND_ERROR;
}
