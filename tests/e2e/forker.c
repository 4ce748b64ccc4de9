/* forker.c - the program for tests that start it thousands of times: the same objects, linked with
 * this file, which starts main() as often as it is asked, each time in a process of its own. Only
 * what comes before main() is done once: loading some fifty libraries, most of what a short command
 * costs.
 *
 * CONCERT_FORKER names the descriptor of a socket of datagrams. Each has five descriptors: the
 * order (the directory to be in, then the arguments, an empty text, and the environment; each ends
 * with a zero), standard input, output and error, and a socket that is told the process's number
 * and in the end its status, as waitpid(2) has it, 4 bytes each. It ends when its socket does. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOGETHER 64 /* processes */

enum { ORDER, INPUT, OUTPUT, ERRORS, ANSWER, DESCRIPTORS };

typedef struct {
    pid_t pid; /* 0: none */
    int answer;
} Running;

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static void fail(const char *what)
{
    g_printerr("forker: %s: %s\n", what, g_strerror(errno));
    _exit(1);
}

/* Texts up to an empty one or @end. */
static char **take_texts(char **at, const char *end)
{
    GPtrArray *texts = g_ptr_array_new();
    while (*at < end && **at) {
        g_ptr_array_add(texts, *at);
        *at += strlen(*at) + 1;
    }
    *at += 1;
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}

static char *read_order(int fd, gsize *ret_length)
{
    struct stat found;
    if (fstat(fd, &found) < 0)
        fail("order");
    char *text = g_malloc0((gsize)found.st_size + 1);
    if (pread(fd, text, (gsize)found.st_size, 0) != found.st_size)
        fail("order");
    *ret_length = (gsize)found.st_size;
    return text;
}

/* The program, in a process that has nothing of this one's but what is loaded. */
static G_NORETURN void run(const int *fds)
{
    static char **arguments, **environment; /* for those who look for leaks in the end */
    gsize length;
    char *at = read_order(fds[ORDER], &length);
    const char *end = at + length, *directory = at;
    sigset_t none;

    at += strlen(at) + 1;
    arguments = take_texts(&at, end);
    environment = take_texts(&at, end);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir(directory) < 0)
        fail(directory);
    clearenv();
    for (char **each = environment; *each; each++)
        putenv(*each);
    for (int i = 0; i < 3; i++)
        dup2(fds[INPUT + i], i);
    close_range(3, ~0U, 0);
    exit(__real_main((int)g_strv_length(arguments), arguments));
}

/* FALSE: nobody will ask any more. */
static gboolean receive(int socket, int fds[DESCRIPTORS])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    gssize got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got == 0)
        return FALSE;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (got < 0 || !head || head->cmsg_len != CMSG_LEN(DESCRIPTORS * sizeof(int)))
        fail("socket");
    memcpy(fds, CMSG_DATA(head), DESCRIPTORS * sizeof(int));
    return TRUE;
}

static void tell(int answer, gint32 number)
{
    /* Who asked may be gone. */
    if (send(answer, &number, sizeof number, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        fail("answer");
}

static void start(Running *running, const int *fds)
{
    while (running->pid)
        running++;
    running->pid = fork();
    if (running->pid < 0)
        fail("fork");
    if (running->pid == 0)
        run(fds);
    running->answer = fds[ANSWER];
    tell(running->answer, running->pid);
    for (int i = 0; i < ANSWER; i++)
        close(fds[i]);
}

static guint reap(Running *running)
{
    guint ended = 0;
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (Running *each = running; each < running + TOGETHER; each++)
            if (each->pid == pid) {
                tell(each->answer, status);
                close(each->answer);
                each->pid = 0;
                ended++;
            }
    return ended;
}

int __wrap_main(int argc, char **argv)
{
    static Running running[TOGETHER];
    const char *name = g_getenv("CONCERT_FORKER");
    guint count = 0;
    sigset_t children;

    if (!name)
        return __real_main(argc, argv);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    struct pollfd waiting[] = {
        {.fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
        {.fd = atoi(name), .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo signals;
        int fds[DESCRIPTORS];
        if (poll(waiting, count < TOGETHER ? 2 : 1, -1) < 0 && errno != EINTR)
            fail("poll");
        while (read(waiting[0].fd, &signals, sizeof signals) > 0)
            continue;
        count -= reap(running);
        if (count < TOGETHER && waiting[1].revents) {
            if (!receive(waiting[1].fd, fds))
                return 0;
            start(running, fds);
            count++;
        }
        waiting[1].revents = 0;
    }
}
