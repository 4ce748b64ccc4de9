/* cmd_watch.c - `concert watch`: finds indicators in logs as they grow, and in packets as they
 * come. How files are followed is shield/watch/watch.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/sha256.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/match_indicators.h"
#include "cli/match_options.h"
#include "cli/output.h"
#include "cli/shield_set.h"
#include "cli/sighting_record.h"
#include "cli/watch_supply.h"
#include "shield/hit.h"
#include "shield/sieve.h"
#include "shield/watch/watch_live.h"

/* Hits that are written in one go. */
#define PENDING_MAX (64 * 1024)

/* How long who reads the hits may take when the watcher is told to end (milliseconds). */
#define LAST_WAIT 2000

/* Sightings are stored soon after the first hit, then not so often: each time is a new version of
 * each. Microseconds. */
#define RECORD_FIRST (5 * G_USEC_PER_SEC)
#define RECORD_EVERY (600 * G_USEC_PER_SEC)
#define RETURN_EVERY (3600 * G_GINT64_CONSTANT(1000000))

typedef struct {
    const CommandCall *call;
    WatchSupply *supply;
    Sightings *sightings;            /* of --record; NULL: none */
    gint64 next_record, next_return; /* monotonic; 0: not yet */
    Withhold *withhold;
    gboolean json, ecs, headed;
    GString *pending; /* hits that are not written yet */
    gboolean broken;  /* they cannot be */
    gint64 now;
} Watching;

/* What signals asked for. */
static volatile sig_atomic_t told_to_stop, told_to_reopen;
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    int kept = errno;
    if (number == SIGHUP)
        told_to_reopen = 1;
    else
        told_to_stop = 1;
    if (write(wake[1], "", 1) < 0) {
        /* It is full: it wakes as well. */
    }
    errno = kept;
}

static gboolean catch_signals(GError **error)
{
    const struct sigaction stop = {.sa_handler = on_signal}; /* a write that waits ends */
    const struct sigaction reopen = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_from_errno(error, errno, "pipe");
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &reopen, NULL);
    signal(SIGPIPE, SIG_IGN);
    return TRUE;
}

/* How much of @text to write at once: whole lines that a pipe takes wholly or not at all, so that
 * whoever reads them gets no half of one when the watcher is killed. */
static gsize next_piece(const char *text, gsize length)
{
    gsize most = PIPE_BUF;

    if (length <= most)
        return length;
    while (most > 0 && text[most - 1] != '\n')
        most--;
    if (most > 0)
        return most;
    const char *end = memchr(text, '\n', length);
    return end ? (gsize)(end + 1 - text) : length;
}

/* Writes to whoever reads the hits, and waits for them; but not for ever when it is to end. */
static gboolean write_out(Watching *watching, GError **error)
{
    const char *at = watching->pending->str;
    gsize left = watching->pending->len;

    while (left > 0) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (told_to_stop && poll(&out, 1, LAST_WAIT) == 0) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                        "whoever reads the hits does not take them");
            return FALSE;
        }
        /* When it is to end, no more than goes into a pipe that has room without waiting. */
        gsize piece = next_piece(at, left);
        ssize_t written = write(STDOUT_FILENO, at, told_to_stop ? MIN(piece, PIPE_BUF) : piece);
        if (written < 0 && errno == EAGAIN)
            poll(&out, 1, 100);
        else if (written < 0 && errno != EINTR)
            return error_from_errno(error, errno, "standard output");
        if (written > 0) {
            at += written;
            left -= (gsize)written;
        }
    }
    g_string_truncate(watching->pending, 0);
    return TRUE;
}

static gboolean flush(gpointer user, gboolean durable, GError **error)
{
    Watching *watching = user;
    struct stat status;

    if (watching->broken || !write_out(watching, error)) {
        if (error && !*error)
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "hits cannot be written");
        return FALSE;
    }
    if (durable && fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
        fdatasync(STDOUT_FILENO) != 0)
        return error_from_errno(error, errno, "standard output");
    return TRUE;
}

static gboolean print_hit(gpointer user, const char *file, const ScanHit *hit)
{
    Watching *watching = user;

    if (!withhold_admits(watching->withhold, &hit->value, watching->now))
        return TRUE;
    if (watching->sightings)
        sightings_add(watching->sightings, hit, watching->now);
    if (watching->ecs) {
        hit_append_ecs(watching->pending, file, hit, watching->now);
    } else if (watching->json) {
        hit_append_json(watching->pending, file, hit);
    } else {
        if (!watching->headed)
            hit_append_heading(watching->pending);
        watching->headed = TRUE;
        hit_append_row(watching->pending, file, hit);
    }
    watching->broken = watching->pending->len >= PENDING_MAX && !write_out(watching, NULL);
    return !watching->broken;
}

static Set *supply(gpointer user)
{
    return watch_supply_take(((Watching *)user)->supply);
}

/* Stores what was counted, when it is time; that it cannot be, now, costs nothing that was counted.
 */
static void record(Watching *watching)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    if (!watching->sightings || sightings_waiting(watching->sightings) == 0)
        return;
    if (watching->next_record == 0)
        watching->next_record = now + RECORD_FIRST;
    if (now < watching->next_record)
        return;
    gboolean tell = now >= watching->next_return;
    if (!sighting_record_store(watching->call, watching->sightings, tell, &error))
        output_note("concert: sightings cannot be stored yet: %s", error->message);
    else if (tell)
        watching->next_return = now + RETURN_EVERY;
    watching->next_record = now + (error ? RECORD_FIRST : RECORD_EVERY);
}

static WatchOrder take_orders(gpointer user)
{
    Watching *watching = user;
    char bytes[64];

    watching->now = timestamp_now();
    while (read(wake[0], bytes, sizeof(bytes)) > 0)
        continue;
    if (told_to_stop)
        return WATCH_STOP;
    if (!told_to_reopen) {
        record(watching);
        return WATCH_GO_ON;
    }
    told_to_reopen = 0;
    watching->next_record = watching->next_return = 1;
    record(watching);
    watch_supply_again(watching->supply);
    return WATCH_REOPEN;
}

static void tell(gpointer user, const char *message)
{
    output_note("concert: %s", message);
}

/* The state that a node keeps of what is watched with its indicators: one for the same files. */
static char *node_state(const CommandCall *call, const char *const *paths)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    g_autofree char *here = g_get_current_dir(), *all = g_strjoinv("\n", (char **)paths);
    g_autofree char *text = g_strconcat(here, "\n", all, NULL);
    g_autofree char *directory = g_build_filename(command_node_directory(call), "shield", NULL);
    g_autoptr(GError) error = NULL;

    sha256_digest(text, strlen(text), digest);
    g_autofree char *name = g_strdup_printf("watch-%.16s.json", sha256_hex(digest, hex));
    if (!durable_make_directory(directory, 0700, &error) || access(directory, W_OK) != 0) {
        output_note("concert: the node's directory cannot be written to: where files are left is "
                    "not kept (see --state)");
        return NULL;
    }
    return g_build_filename(directory, name, NULL);
}

static gboolean is_stdin_only(const char *const *paths)
{
    for (; *paths; paths++)
        if (strcmp(*paths, "-") != 0)
            return FALSE;
    return TRUE;
}

/* What is about files, of which there are none when packets are looked through. */
static const char *clashes_with_packets(const CommandCall *call)
{
    return call->count > 0               ? "files"
           : command_text(call, "state") ? "--state"
           : command_text(call, "input") ? "--input"
           : command_flag(call, "new")   ? "--new"
           : command_flag(call, "poll")  ? "--poll"
                                         : NULL;
}

static int run(const CommandCall *call, GError **error)
{
    static const char *const standard_input[] = {"-", NULL};
    const char *const *paths =
        call->count > 0 ? (const char *const *)call->arguments : standard_input;
    const LoadOptions options = {
        .now = timestamp_now(),
        .observables = command_flag(call, "observables"),
    };

    if (!match_indicators_check(call, error) || !sieve_check_environment(error))
        return COMMAND_ERROR;
    if (command_flag(call, "ecs") && command_json(call))
        return command_usage(call, error, "only one of --ecs and --json");
    if (command_text(call, "interface") && clashes_with_packets(call))
        return command_usage(call, error, "--interface and %s do not go together",
                             clashes_with_packets(call));
    if (command_text(call, "filter") && !command_text(call, "interface"))
        return command_usage(call, error, "--filter is for packets: --interface");
    command_allow_files();
    if (!catch_signals(error))
        return COMMAND_ERROR;
    g_autoptr(Sightings) sightings = NULL;
    if (!sighting_record_begin(call, &sightings, error))
        return COMMAND_ERROR;
    g_autoptr(Withhold) withhold = match_options_withhold(call, options.expired);
    g_autoptr(WatchSupply) indicators = watch_supply_start(call, &options, withhold, error);
    if (!indicators)
        return COMMAND_ERROR;
    gboolean node = !command_text(call, "set") && !command_texts(call, "indicators");
    g_autofree char *state = command_text(call, "state")     ? g_strdup(command_text(call, "state"))
                             : node && !is_stdin_only(paths) ? node_state(call, paths)
                                                             : NULL;
    g_autoptr(GString) pending = g_string_new(NULL);
    Watching watching = {.call = call,
                         .supply = indicators,
                         .sightings = sightings,
                         .withhold = withhold,
                         .json = command_json(call),
                         .ecs = command_flag(call, "ecs"),
                         .pending = pending,
                         .now = options.now};
    WatchOptions watch = {
        .paths = paths,
        .state = state,
        .poll = command_flag(call, "poll"),
        .only_new = command_flag(call, "new"),
        .found = print_hit,
        .supply = supply,
        .flush = flush,
        .turn = take_orders,
        .note = tell,
        .wake = wake[0],
        .user = &watching,
    };
    watch.log = match_options_logs(call, &watch.format);
    const char *interface = command_text(call, "interface");
    const LiveOptions live = {.filter = command_text(call, "filter"), .promiscuous = TRUE};
    gboolean watched =
        interface ? watch_live_run(interface, &live, &watch, error) : watch_run(&watch, error);
    match_options_note_withheld(withhold);
    if (sightings && !sighting_record_store(call, sightings, TRUE, watched ? error : NULL))
        return COMMAND_ERROR;
    return watched ? COMMAND_OK : command_file_error(error);
}

const Command cmd_watch = {
    .name = "watch",
    .summary = "find indicators in logs as they grow",
    .arguments = "[FILE|DIR|PATTERN|-...]",
    .description =
        "Follows logs by name through rotation, whole directories and patterns as files appear in "
        "them, and standard input, and prints what `concert match` would find, as soon as a line "
        "is whole. Files are read from their start, unless it is known where they were left.\n\n"
        "Where each file was left is kept in a file, written after the hits were: a watcher that "
        "was killed goes on there, nothing is lost, and what it had told is not told again. When "
        "the compiled set, the files of -i or the node's indicators change, the next lines are "
        "looked through for the new ones.\n\n"
        "SIGTERM ends it, with all that was found told; SIGHUP looks at files and indicators anew.",
    .options =
        (const CommandOption[]){
            {"indicators", 'i', COMMAND_TEXTS, "FILE",
             .help = "look for the indicators in this file, directory or URL"},
            {"set", 's', COMMAND_TEXT, "FILE",
             .help = "look for what this file has, made by `concert shield compile`"},
            {"state", 0, COMMAND_TEXT, "FILE",
             .help = "keep here where files were left (default: in the node's directory)"},
            {"interface", 0, COMMAND_TEXT, "NAME",
             .help = "look through the packets of this network interface"},
            {"filter", 0, COMMAND_TEXT, "EXPRESSION",
             .help = "only packets that pcap-filter(7) lets through"},
            {"new", 0, COMMAND_FLAG,
             .help = "of files that are there already look only at what comes"},
            {"poll", 0, COMMAND_FLAG,
             .help = "look whether files have grown, instead of being told by the system"},
            MATCH_OPTIONS_INPUT,
            MATCH_OPTIONS_ECS,
            SIGHTING_RECORD_OPTION,
            SHIELD_SET_OPTION_SUPPRESS,
            MATCH_OPTIONS_SUPPRESSED,
            MATCH_OPTIONS_ALLOW_LIST,
            MATCH_OPTIONS_OBSERVABLES,
            MATCH_INDICATORS_OPTION_FORMAT,
            MATCH_INDICATORS_OPTION_COLUMNS,
            MATCH_INDICATORS_OPTION_KIND,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert watch /var/log/nginx /var/log/suricata/eve.json", "the node's indicators"},
            {"concert watch --set current.set --state watch.json --json '/var/log/*.log'",
             "without a node, for a program"},
            {"concert watch --interface eth0 --filter 'port 53 or port 443'",
             "packets, as they come"},
            {NULL},
        },
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run,
};
