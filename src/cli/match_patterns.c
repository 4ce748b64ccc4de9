#include "cli/match_patterns.h"

#include <unistd.h>

#include "base/stream_ahead.h"
#include "cli/match_found.h"
#include "cli/match_progress.h"
#include "cli/output.h"
#include "shield/container.h"
#include "shield/input_stream.h"
#include "shield/packets/packets.h"

typedef struct {
    MatchFound found;
    const InputFormat *format;
    gint64 now;
    GString *id; /* of the observation being shown; its memory is used again */
    gsize name;  /* bytes of it that name the file */
    guint64 timeless, others, cut, texts;
    MatchProgress progress;
} Match;

/* Shows an observation to the patterns, named by where it stands. */
static gboolean feed(gpointer user, const Observation *observation, guint64 number)
{
    Match *match = user;

    match_progress_tick(&match->progress);
    g_string_truncate(match->id, match->name);
    g_string_append_printf(match->id, ":%" G_GUINT64_FORMAT, number);
    if (!detector_feed_observation(match->found.detector, observation, match->id->str,
                                   match_found_print, &match->found))
        match->timeless++;
    return !match_found_is_done(&match->found);
}

static gboolean read_packets(Match *match, Stream *stream, GError **error)
{
    PacketsCounts counts = {0};
    gboolean read = packets_read(stream, feed, match, &counts, error);
    g_autoptr(GString) left = g_string_new(NULL);

    packets_explain(&counts, left);
    match_progress_make_way(&match->progress);
    if (left->len > 0 && !match->found.quiet)
        output_note("%s: %s", match->found.file, left->str);
    return read;
}

static gboolean read_log(Match *match, Stream *stream, GError **error)
{
    const InputFormat *format = NULL;
    InputStreamCounts counts;
    gboolean read =
        input_stream_read(stream, match->format, match->now, feed, match, &format, &counts, error);

    match->others += counts.others;
    match->cut += counts.cut;
    match->texts += read && !format;
    return read;
}

static gboolean read_any(Match *match, Stream *stream, GError **error)
{
    gboolean packets;

    if (!packets_detect(stream, &packets, error))
        return FALSE;
    return packets ? read_packets(match, stream, error) : read_log(match, stream, error);
}

static gboolean read_one(gpointer user, const char *name, Stream *stream, const GError *unreadable)
{
    Match *match = user;
    g_autoptr(GError) error = NULL;

    if (unreadable) {
        match_found_fail(&match->found, name, unreadable);
        return TRUE;
    }
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_string_assign(match->id, valid);
    match->name = match->id->len;
    match_found_begin(&match->found, name);
    g_autoptr(Stream) ahead = stream_compression(stream) ? stream_ahead_borrow(stream) : NULL;
    match_progress_begin_file(&match->progress, name, stream);
    gboolean read = read_any(match, ahead ? ahead : stream, &error);
    match_progress_end_file(&match->progress);
    if (!read)
        match_found_fail(&match->found, name, error);
    match_found_end(&match->found);
    return !match_found_is_done(&match->found);
}

static void note(guint64 count, const char *what)
{
    if (count > 0)
        output_note("concert: %" G_GUINT64_FORMAT " %s", count, what);
}

typedef struct {
    Detector *detector;
    const LoadOptions *options;
} Adding;

static gboolean add_pattern(gpointer user, const SetIndicator *indicator)
{
    const Adding *adding = user;
    gint64 now = adding->options->now;
    g_autoptr(GError) wrong = NULL;
    gboolean valid = indicator->valid_from <= now &&
                     (indicator->valid_until == 0 || now < indicator->valid_until);

    if ((valid || adding->options->expired) && !detector_add(adding->detector, indicator, &wrong))
        output_error(wrong->message);
    return TRUE;
}

gboolean match_patterns_add_set(Detector *detector, const char *path, const LoadOptions *options,
                                GError **error)
{
    Adding adding = {detector, options};
    g_autoptr(Set) set = set_open(path, error);

    if (!set) {
        command_file_error(error);
        return FALSE;
    }
    return set_each_pattern(set, add_pattern, &adding);
}

int match_patterns(Detector *detector, const CommandCall *call, const InputFormat *format,
                   gint64 now)
{
    static const char *const standard_input[] = {"-", NULL};
    const char *const *paths =
        call->count > 0 ? (const char *const *)call->arguments : standard_input;
    g_autoptr(GString) id = g_string_new(NULL);
    Match match = {.format = format, .now = now, .id = id};
    gboolean go_on = TRUE;

    match_found_init(&match.found, detector, call);
    /* Hits on the same terminal would be torn apart. */
    match_progress_start(&match.progress, match.found.quiet || isatty(STDOUT_FILENO));
    for (; *paths && go_on; paths++)
        go_on = container_walk(*paths, TRUE, read_one, &match);
    note(match.texts,
         "files are neither structured logs nor packets: nothing was looked for there");
    note(match.others, "lines are no records: nothing was looked for there");
    note(match.timeless, "records say no time: nothing was looked for there");
    note(match.cut, "records said more than is kept of one");
    return match_found_finish(&match.found);
}
