/* command.h - what a command of the program is: one table, from which it is parsed, helped,
 * completed and documented.
 *
 * To add a command x: write cmd_x.c with a `const Command cmd_x`, and name it in commands.h, in the
 * list of commands.c and in meson.build. `concert x --help`, the manual and the completions follow
 * from the table. */
#pragma once

#include "base/error.h"

typedef struct Command Command;
typedef struct CommandCall CommandCall;

/* The exit statuses of every command. */
enum {
    COMMAND_OK = 0,
    COMMAND_NOTHING = 1, /* found nothing, or a check failed */
    COMMAND_ERROR = 2,   /* usage or input error */
};

typedef enum {
    COMMAND_FLAG,   /* takes no value */
    COMMAND_TEXT,   /* takes a value; given twice is an error */
    COMMAND_TEXTS,  /* may be given more than once */
    COMMAND_INT,    /* a whole number from min to max */
    COMMAND_CHOICE, /* one of `choices` */
} CommandOptionType;

typedef struct {
    const char *name; /* long name, without dashes */
    char letter;      /* short name; 0: none */
    CommandOptionType type;
    const char *argument; /* what the value is, in capitals: "FILE", "DIR", "N"; NULL for flags.
                             FILE and DIR are completed as such */
    const char *choices;  /* "lenient|default|strict" */
    gint64 min, max;
    const char *help; /* half a sentence, lower case, no full stop */
} CommandOption;

/* Ends a table of options. */
#define COMMAND_OPTIONS_END                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* What every command that reports has. */
#define COMMAND_OPTION_JSON                                                                        \
    {                                                                                              \
        .name = "json", .type = COMMAND_FLAG, .help = "print JSON, one value a line"               \
    }

typedef struct {
    const char *line; /* to be typed at a shell */
    const char *help; /* what it does */
} CommandExample;

struct Command {
    const char *name;
    const char *summary;               /* half a sentence, lower case, no full stop */
    const char *arguments;             /* "FILE..."; NULL: none */
    const char *description;           /* paragraphs, separated by an empty line; NULL: none */
    const CommandOption *options;      /* ended by COMMAND_OPTIONS_END; NULL: none */
    const Command *const *subcommands; /* NULL-terminated; then run is NULL */
    /* Instead of them, where they follow from another table: makes them once and keeps them. */
    const Command *const *(*make_subcommands)(const Command *self);
    const char *otherwise; /* the subcommand that is meant when a file or "-" stands where one of
                              theirs would; NULL: none */
    const CommandExample *examples;     /* ended by a NULL line; NULL: none */
    const char *nothing;                /* when the exit status is 1; NULL: never */
    guint min_arguments, max_arguments; /* max 0: as min */
    gboolean uses_node;                 /* takes --node DIR */
    gboolean hidden;                    /* not in lists */

    /* Does it; returns an exit status. With @error set the message is printed ("concert: ...") and
     * the status follows from its code: 1 for CONCERT_ERROR_NOT_FOUND, else 2. */
    int (*run)(const CommandCall *call, GError **error);
};

/* As many arguments as the user likes. */
#define COMMAND_ANY_NUMBER G_MAXUINT

/* One call of a command: what the user typed, parsed by the command's table. */
struct CommandCall {
    const Command *command;
    const char *path; /* how it was named: "account token add" */
    char **arguments; /* NULL-terminated */
    guint count;      /* of arguments */
};

/* Values of options. @name must be one of the command's table. */
gboolean command_flag(const CommandCall *call, const char *name);
/* The value of a COMMAND_TEXT or COMMAND_CHOICE; NULL when not given. */
const char *command_text(const CommandCall *call, const char *name);
/* The values of a COMMAND_TEXTS, NULL-terminated; NULL when not given. */
const char *const *command_texts(const CommandCall *call, const char *name);
/* The value of a COMMAND_INT; @fallback when not given. */
gint64 command_int(const CommandCall *call, const char *name, gint64 fallback);
/* The position of a COMMAND_CHOICE's value among its choices; @fallback when not given. */
int command_choice(const CommandCall *call, const char *name, int fallback);
/* The command's --json. */
gboolean command_json(const CommandCall *call);
/* --node DIR, else $CONCERT_NODE, else /var/lib/concert for root and $XDG_DATA_HOME/concert for
 * others. */
const char *command_node_directory(const CommandCall *call);

/* Sets @error to CONCERT_ERROR_INPUT "<what>; see `concert <path> --help`". Returns COMMAND_ERROR.
 */
int command_usage(const CommandCall *call, GError **error, const char *what, ...)
    G_GNUC_PRINTF(3, 4);

/* Says that a file of the user's which is not there is a mistake, not a search without a result:
 * makes CONCERT_ERROR_INPUT of CONCERT_ERROR_NOT_FOUND in @error. Returns COMMAND_ERROR. */
int command_file_error(GError **error);

/* Lets the program open as many files and connections as the system lets it have at all. */
void command_allow_files(void);

/* Parses @argv, finds the command among @commands (NULL-terminated) and runs it. Returns the
 * program's exit status; errors have been printed. */
int command_main(const Command *const *commands, int argc, char **argv);

/* The subcommands of @command, NULL-terminated; NULL if it has none. */
const Command *const *command_subcommands(const Command *command);

/* The subcommand of that name in a NULL-terminated list, or NULL; ret_near (may be NULL) is then
 * the name that was perhaps meant, or NULL. */
const Command *command_find(const Command *const *commands, const char *name,
                            const char **ret_near);

/* Every option of @command, --node and --help included, in the order they are shown. Elements:
 * const CommandOption *. */
GPtrArray *command_options(const Command *command);
