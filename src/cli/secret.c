#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "identity/password.h"

#define LINE_MAX_BYTES 1024

void secret_free(char *secret)
{
    if (secret)
        sodium_memzero(secret, strlen(secret));
    g_free(secret);
}

/* The signal that broke off an answer, or 0. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
}

/* The first line of @fd, without its end; never reads past it byte by byte, so that a pipe's rest
 * stays there. On a terminal @unblocked is the mask of signals while it waits for a letter, the
 * only time they may break in; NULL for files. */
static char *read_line(int fd, const char *name, const sigset_t *unblocked, GError **error)
{
    char line[LINE_MAX_BYTES];
    gsize length = 0;
    for (;;) {
        char c;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        gssize got = unblocked ? ppoll(&waiting, 1, NULL, unblocked) : 1;
        if (got > 0)
            got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR && !interrupted)
            continue;
        if (got < 0) {
            error_from_errno(error, errno, "%s", name);
            return NULL;
        }
        if (got == 0 || c == '\n')
            break;
        if (length + 1 >= sizeof line || c == '\0') {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no password in one line",
                        name);
            return NULL;
        }
        line[length++] = c;
    }
    if (length > 0 && line[length - 1] == '\r')
        length--;
    char *secret = g_strndup(line, length);
    sodium_memzero(line, sizeof line);
    return secret;
}

/* Asks on the terminal without showing what is typed. */
static char *ask(const char *prompt, GError **error)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before;
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "there is no terminal to ask for a password on; use --password-stdin or "
                    "--password-file");
        if (tty >= 0)
            close(tty);
        return NULL;
    }
    /* An interrupt must not leave a terminal behind that shows nothing. */
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction old[G_N_ELEMENTS(numbers)], catch = {.sa_handler = on_interrupt};
    sigset_t blocked, unblocked;
    sigemptyset(&blocked);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        sigaddset(&blocked, numbers[i]);
        sigaction(numbers[i], &catch, &old[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &unblocked);
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    dprintf(tty, "%s: ", prompt);
    char *secret = read_line(tty, "terminal", &unblocked, error);
    tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        sigaction(numbers[i], &old[i], NULL);
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    if (interrupted)
        raise(interrupted);
    close(tty);
    return secret;
}

static char *ask_twice(GError **error)
{
    g_auto(SecretText) first = ask("New password", error);
    if (!first)
        return NULL;
    g_auto(SecretText) second = ask("The same again", error);
    if (!second)
        return NULL;
    if (!g_str_equal(first, second)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the two passwords differ");
        return NULL;
    }
    return g_steal_pointer(&first);
}

char *secret_from_file(const char *path, GError **error)
{
    if (g_str_equal(path, "-"))
        return read_line(STDIN_FILENO, "standard input", NULL, error);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_from_errno(error, errno, "%s", path);
        command_file_error(error);
        return NULL;
    }
    char *secret = read_line(fd, path, NULL, error);
    close(fd);
    return secret;
}

static gboolean get_password(const CommandCall *call, gboolean is_new, char **ret_password,
                             GError **error)
{
    gboolean terminal = command_flag(call, "password");
    gboolean made = is_new && command_flag(call, "password-new");
    gboolean standard_input = command_flag(call, "password-stdin");
    const char *path = command_text(call, "password-file");
    int given = terminal + made + standard_input + (path != NULL);
    if (given > 1) {
        command_usage(call, error, "a password comes from one place only");
        return FALSE;
    }
    char *password = terminal         ? is_new ? ask_twice(error) : ask("Password", error)
                             : made ? password_generate()
                     : standard_input ? read_line(STDIN_FILENO, "standard input", NULL, error)
                     : path           ? secret_from_file(path, error)
                                      : NULL;
    if (given == 1 && !password)
        return FALSE;
    *ret_password = password;
    return TRUE;
}

gboolean secret_new_password(const CommandCall *call, char **ret_password, gboolean *ret_made,
                             GError **error)
{
    *ret_made = command_flag(call, "password-new");
    return get_password(call, TRUE, ret_password, error);
}

gboolean secret_known_password(const CommandCall *call, char **ret_password, GError **error)
{
    return get_password(call, FALSE, ret_password, error);
}
