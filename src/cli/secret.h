/* secret.h - passwords from people and files, never from the command line, where every user of the
 * machine could read them. */
#pragma once

#include "cli/command.h"

/* The options that say where a password comes from that there is already. */
#define SECRET_KNOWN_OPTIONS                                                                       \
    {"password", 'p', COMMAND_FLAG, .help = "ask for a password on the terminal"},                 \
        {"password-stdin", 0, COMMAND_FLAG,                                                        \
         .help = "read the password from the first line of standard input"},                       \
    {                                                                                              \
        "password-file", 0, COMMAND_TEXT, "FILE",                                                  \
            .help = "read the password from the first line of FILE"                                \
    }

/* Those that say where a new one comes from. */
#define SECRET_OPTIONS                                                                             \
    SECRET_KNOWN_OPTIONS,                                                                          \
    {                                                                                              \
        "password-new", 0, COMMAND_FLAG, .help = "make a random password and print it, once"       \
    }

/* Gets a new password as the call's SECRET_OPTIONS say; *ret_password is NULL when they say
 * nothing. *ret_made tells that it was made here and must be shown. At most one of the options may
 * be given. Free with secret_free(). */
gboolean secret_new_password(const CommandCall *call, char **ret_password, gboolean *ret_made,
                             GError **error);

/* Gets the password that opens something, as the call's SECRET_KNOWN_OPTIONS say: typed once, where
 * it is asked for. NULL when they say nothing. Free with secret_free(). */
gboolean secret_known_password(const CommandCall *call, char **ret_password, GError **error);

/* The first line of a file ("-": standard input), without its newline. That there is no such file
 * is the user's mistake: CONCERT_ERROR_INPUT. Free with secret_free(). */
char *secret_from_file(const char *path, GError **error);

/* Overwrites and frees; NULL is fine. */
void secret_free(char *secret);

/* For g_auto(). */
typedef char *SecretText;

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(SecretText, secret_free, NULL)
