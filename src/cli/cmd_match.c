/* cmd_match.c - `concert match`: finds indicators in logs and any other text, in the manner of
 * grep. What counts as found is docs/match.md. */
#include <stdio.h>
#include <string.h>

#include "base/stream_ahead.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/match_indicators.h"
#include "cli/match_observed.h"
#include "cli/match_options.h"
#include "cli/match_patterns.h"
#include "cli/match_progress.h"
#include "cli/output.h"
#include "cli/shield_set.h"
#include "cli/sighting_record.h"
#include "shield/container.h"
#include "shield/hit.h"
#include "shield/packets/packets.h"
#include "shield/scan.h"
#include "shield/sieve.h"
#include "shield/tally.h"

/* Rows of each table of --summary; with --json there are all. */
#define SUMMARY_ROWS 20

/* Threads that look through a file, at most. */
#define JOBS_MAX 16

typedef struct {
    const Set *set;
    gboolean json, quiet, count, ecs;
    gboolean logs;            /* structured logs are read as such */
    const InputFormat *input; /* NULL: what each file says it is */
    gint64 now;
    guint jobs;
    Withhold *withhold;
    Tally *tally;         /* NULL: hits are printed as they are found */
    Sightings *sightings; /* of --record; NULL: none */
    const char *file;
    guint64 file_hits, hits, failed;
    GString *text; /* being written; its memory is used again */
    MatchProgress progress;
} Match;

static gboolean print_hit(gpointer user, const ScanHit *hit)
{
    Match *match = user;
    if (!withhold_admits(match->withhold, &hit->value, match->now))
        return TRUE;
    match->file_hits++;
    if (match->sightings)
        sightings_add(match->sightings, hit, match->now);
    if (match->quiet)
        return FALSE;
    if (match->tally)
        tally_add(match->tally, match->file, hit);
    if (match->count || match->tally)
        return TRUE;
    g_string_truncate(match->text, 0);
    if (match->ecs) {
        hit_append_ecs(match->text, match->file, hit, match->now);
    } else if (match->json) {
        hit_append_json(match->text, match->file, hit);
    } else {
        if (match->hits + match->file_hits == 1)
            hit_append_heading(match->text);
        hit_append_row(match->text, match->file, hit);
    }
    if (match->progress.beside)
        match_progress_make_way(&match->progress);
    fwrite(match->text->str, 1, match->text->len, stdout);
    /* Whoever pipes a growing log in wants to know now. */
    if (strcmp(match->file, "-") == 0)
        fflush(stdout);
    return TRUE;
}

static void print_count(const Match *match)
{
    if (!match->json) {
        output_line("%s: %" G_GUINT64_FORMAT, match->file, match->file_hits);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(match->file, -1);
    yyjson_mut_obj_add_str(doc, root, "file", file);
    yyjson_mut_obj_add_uint(doc, root, "hits", match->file_hits);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_failure(Match *match, const char *path, const GError *error)
{
    match->failed++;
    match_progress_make_way(&match->progress);
    output_failure(path, error);
}

static void show_progress(gpointer user)
{
    match_progress_tick(&((Match *)user)->progress);
}

static gboolean look_up(gpointer user, const Observation *observation, guint64 packet)
{
    Match *match = user;
    match_progress_tick(&match->progress);
    return packets_look_up(match->set, observation, packet, print_hit, match);
}

/* Looks through text, or packets: what the file holds, not what it is called, says which. */
static gboolean scan_any(Match *match, Stream *stream, GError **error)
{
    PacketsCounts counts = {0};
    gboolean packets;

    if (!packets_detect(stream, &packets, error))
        return FALSE;
    if (!packets) {
        const ScanOptions options = {.log = match->logs,
                                     .format = match->input,
                                     .now = match->now,
                                     .jobs = match->jobs,
                                     .progress = show_progress};
        return scan_stream_with(match->set, stream, &options, print_hit, match, error);
    }
    gboolean scanned =
        packets_read(stream, look_up, match, &counts, error) && !set_failed(match->set, error);
    g_autoptr(GString) left = g_string_new(NULL);
    packets_explain(&counts, left);
    match_progress_make_way(&match->progress);
    if (left->len > 0 && !match->quiet)
        output_note("%s: %s", match->file, left->str);
    return scanned;
}

/* Looks through a file, or a member of an archive, which @stream is. What is compressed is unpacked
 * meanwhile. One file that cannot be read does not keep the others from being looked through. */
static gboolean scan_one(gpointer user, const char *name, Stream *stream, const GError *unreadable)
{
    Match *match = user;
    g_autoptr(GError) error = NULL;

    if (unreadable) {
        print_failure(match, name, unreadable);
        return TRUE;
    }
    match->file = name;
    match->file_hits = 0;
    g_autoptr(Stream) ahead = stream_compression(stream) ? stream_ahead_borrow(stream) : NULL;
    match_progress_begin_file(&match->progress, name, stream);
    if (!scan_any(match, ahead ? ahead : stream, &error))
        print_failure(match, name, error);
    match_progress_end_file(&match->progress);
    if (match->count && !match->quiet)
        print_count(match);
    match->hits += match->file_hits;
    return !(match->quiet && match->hits > 0);
}

static gboolean reads_stdin_twice(const CommandCall *call)
{
    const char *const *inputs = command_texts(call, "indicators");
    guint times = call->count == 0;
    for (guint i = 0; i < call->count; i++)
        times += strcmp(call->arguments[i], "-") == 0;
    for (; inputs && *inputs; inputs++)
        times += strcmp(*inputs, "-") == 0;
    return times > 1;
}

/* What was counted, when all is looked through. */
static void print_tally(const CommandCall *call, const Match *match)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (command_flag(call, "stix"))
        tally_append_stix(match->tally, text, match->now);
    else if (match->json)
        tally_append_json(match->tally, text, 0);
    else
        tally_append_table(match->tally, text, SUMMARY_ROWS);
    fwrite(text->str, 1, text->len, stdout);
}

/* Fills @detector with the patterns to look for; without any there is nothing to do, but with
 * --set, as a set may be empty. */
static gboolean add_patterns(const CommandCall *call, const LoadOptions *options,
                             Detector *detector, guint64 *ret_lost, GError **error)
{
    LoadCounts counts = {0};
    const char *path = command_text(call, "set");

    if (!(path
              ? match_patterns_add_set(detector, path, options, error)
              : match_indicators_add(call, match_observed_take, detector, options, &counts, error)))
        return FALSE;
    detector_finish(detector);
    *ret_lost = counts.lost;
    if (detector_size(detector) > 0)
        return TRUE;
    if (!path)
        match_indicators_explain(call, &counts, error);
    else if (!command_flag(call, "quiet"))
        output_note("concert: %s has no whole patterns to look for; its values are found without "
                    "--patterns and --observed",
                    path);
    return path != NULL;
}

/* Whoever looks for the indicators of a list that is cut off is not to believe that all were looked
 * for, whatever was found; with --quiet one hit is all that was asked. */
static int tell_lost(const CommandCall *call, guint64 lost, int status)
{
    if (lost == 0 || (command_flag(call, "quiet") && status == COMMAND_OK))
        return status;
    output_note("concert: %" G_GUINT64_FORMAT
                " inputs of -i could not be read to their end (above): what is missing of them was "
                "not looked for",
                lost);
    return COMMAND_ERROR;
}

/* Looks for whole patterns in observations, or in logs and packets, instead of values in text. */
static int run_patterns(const CommandCall *call, const LoadOptions *options, GError **error)
{
    static const EvaluateOptions bounds = EVALUATE_OPTIONS_INIT;
    g_autoptr(Detector) detector = detector_new(&bounds);
    guint64 lost = 0;

    if (!add_patterns(call, options, detector, &lost, error))
        return COMMAND_ERROR;
    if (command_flag(call, "observed"))
        return tell_lost(call, lost, match_observed(detector, call));
    const InputFormat *input;
    match_options_logs(call, &input);
    return tell_lost(call, lost, match_patterns(detector, call, input, options->now));
}

/* What does not go together with looking for whole patterns. */
static const char *clashes_with_patterns(const CommandCall *call)
{
    static const char *const flags[] = {"ecs", "summary", "stix", "suppressed", "observables"};

    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        if (command_flag(call, flags[i]))
            return flags[i];
    const InputFormat *input;
    if (command_flag(call, "observed"))
        return command_text(call, "input") ? "input" : NULL;
    return match_options_logs(call, &input) ? NULL : "input=text";
}

/* What a compiled set has that looking for values does not find. */
static void note_patterns(const CommandCall *call, const Set *set)
{
    guint64 count = set_count_patterns(set);
    if (command_text(call, "set") && count > 0)
        output_note("%" G_GUINT64_FORMAT " indicators of the set are whole patterns, which only "
                    "--patterns and --observed look for",
                    count);
}

/* COMMAND_OK unless options are given together of which one would do nothing. */
static int check_options(const CommandCall *call, GError **error)
{
    const char *mode = command_flag(call, "patterns")   ? "patterns"
                       : command_flag(call, "observed") ? "observed"
                                                        : NULL;
    if (reads_stdin_twice(call))
        return command_usage(call, error, "standard input can be read only once");
    if (command_flag(call, "ecs") + command_flag(call, "summary") + command_flag(call, "stix") +
            command_flag(call, "count") + command_flag(call, "quiet") >
        1)
        return command_usage(call, error,
                             "only one of --ecs, --summary, --stix, --count and --quiet");
    if (command_flag(call, "patterns") && command_flag(call, "observed"))
        return command_usage(call, error, "--patterns and --observed do not go together");
    if (mode && clashes_with_patterns(call))
        return command_usage(call, error, "--%s and --%s do not go together", mode,
                             clashes_with_patterns(call));
    if (command_flag(call, "record") && (mode || command_flag(call, "quiet")))
        return command_usage(call, error,
                             "--record does not go together with --patterns, --observed, --quiet");
    return COMMAND_OK;
}

static int run(const CommandCall *call, GError **error)
{
    static const char *const standard_input[] = {"-", NULL};
    LoadOptions options = {
        .now = timestamp_now(),
        .expired = command_flag(call, "expired"),
        .observables = command_flag(call, "observables"),
    };

    if (!match_indicators_check(call, error) || !sieve_check_environment(error) ||
        check_options(call, error) != COMMAND_OK)
        return COMMAND_ERROR;
    if (command_flag(call, "patterns") || command_flag(call, "observed"))
        return run_patterns(call, &options, error);
    g_autoptr(Sightings) sightings = NULL;
    if (!sighting_record_begin(call, &sightings, error))
        return COMMAND_ERROR;
    guint64 lost = 0;
    g_autoptr(Set) set = match_indicators_open(call, &options, FALSE, &lost, error);
    g_autoptr(Withhold) withhold = match_options_withhold(call, options.expired);
    if (!set || !withhold_check(withhold, set, error))
        return COMMAND_ERROR;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(Tally) tally =
        command_flag(call, "summary") || command_flag(call, "stix") ? tally_new() : NULL;
    Match match = {
        .set = set,
        .json = command_json(call),
        .quiet = command_flag(call, "quiet"),
        .count = command_flag(call, "count"),
        .ecs = command_flag(call, "ecs"),
        .now = options.now,
        .jobs = (guint)command_int(call, "jobs", (gint64)MIN(g_get_num_processors(), JOBS_MAX)),
        .withhold = withhold,
        .tally = tally,
        .sightings = sightings,
        .text = text,
    };
    match.logs = match_options_logs(call, &match.input);
    match_progress_start(&match.progress, match.quiet);
    const char *const *paths =
        call->count > 0 ? (const char *const *)call->arguments : standard_input;
    gboolean go_on = TRUE;
    for (; *paths && go_on; paths++)
        go_on = container_walk(*paths, match.logs, scan_one, &match);
    if (tally && !match.quiet)
        print_tally(call, &match);
    if (!match.quiet) {
        match_options_note_withheld(withhold);
        note_patterns(call, set);
    }
    if (sightings && !sighting_record_store(call, sightings, TRUE, error))
        return COMMAND_ERROR;
    if (match.quiet && match.hits > 0)
        return COMMAND_OK;
    return tell_lost(call, lost,
                     match.failed > 0 ? COMMAND_ERROR
                     : match.hits > 0 ? COMMAND_OK
                                      : COMMAND_NOTHING);
}

const Command cmd_match = {
    .name = "match",
    .summary = "find indicators in logs and other text",
    .arguments = "[FILE|DIR|-...]",
    .description =
        "Looks through files, everything in directories, or standard input, plain or compressed "
        "with gzip, bzip2, zstd or xz, or in ZIP archives, for the addresses, networks, domains, "
        "URLs, hashes and e-mail "
        "addresses that indicators name, in whatever spelling: upper case, punycode or not, "
        "escaped, defanged, any form of IPv6. A domain is found with all names under it, a network "
        "with all addresses in it.\n\n"
        "Structured logs are read as what they say they are: fields have their types, host and "
        "path make a URL, and a hit says when and between whom.\n\n"
        "With -i the indicators come from files of any format `concert import` understands, and "
        "no node is needed; else from the node's store, the latest version of each. Indicators "
        "that are revoked, no longer or not yet valid are left out, and those that their sender "
        "has withdrawn or recalled.\n\n"
        "With --observed the files hold observed-data of STIX 2.0 or 2.1, as bundles or one object "
        "after the other, and the indicators' whole patterns are looked for in them: AND, "
        "FOLLOWEDBY, WITHIN, REPEATS and all comparisons, not only values. With --patterns they "
        "are looked for in structured logs and packets. A compiled set has only those patterns "
        "that say more than one of some values.\n\n"
        "Like grep it exits with 0 when something was found, 1 when nothing was, 2 when something "
        "went wrong; a file that cannot be read does not keep it from the others. A list of -i "
        "that ends too early went wrong, too: what of it could be read is looked for, and what is "
        "found told.",
    .options =
        (const CommandOption[]){
            {"indicators", 'i', COMMAND_TEXTS, "FILE",
             .help = "look for the indicators in this file, directory or URL"},
            {"observed", 0, COMMAND_FLAG,
             .help = "the files hold STIX observed-data; look for whole patterns in them"},
            {"patterns", 0, COMMAND_FLAG,
             .help = "look for whole patterns in what structured logs and packets say, not for "
                     "values; slower"},
            {"count", 'c', COMMAND_FLAG, .help = "print only how many hits each file has"},
            MATCH_OPTIONS_INPUT,
            MATCH_OPTIONS_ECS,
            {"summary", 0, COMMAND_FLAG,
             .help = "print at the end how many hits each indicator, value, source, file, address "
                     "and hour has"},
            {"stix", 0, COMMAND_FLAG,
             .help = "print at the end a STIX bundle: a sighting of each indicator found"},
            SIGHTING_RECORD_OPTION,
            {"quiet", 'q', COMMAND_FLAG, .help = "print nothing, stop at the first hit"},
            {"jobs", 'j', COMMAND_INT, "N", .min = 1, .max = JOBS_MAX,
             .help = "threads that look through one file (default: as many as the machine has)"},
            {"set", 's', COMMAND_TEXT, "FILE",
             .help = "look for what this file has, made by `concert shield compile`"},
            SHIELD_SET_OPTION_SUPPRESS,
            MATCH_OPTIONS_SUPPRESSED,
            MATCH_OPTIONS_ALLOW_LIST,
            {"expired", 0, COMMAND_FLAG,
             .help = "also indicators that are revoked, taken back, no longer or not yet valid"},
            MATCH_OPTIONS_OBSERVABLES,
            MATCH_INDICATORS_OPTION_FORMAT,
            MATCH_INDICATORS_OPTION_COLUMNS,
            MATCH_INDICATORS_OPTION_KIND,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert match /var/log", "the node's indicators in all logs, rotated ones too"},
            {"concert match -i feed.csv -i bundle.json access.log.gz", "without a node"},
            {"concert match --observed -i indicators.json observed.json",
             "which patterns the observations fulfil, and by which of them"},
            {"tail -f access.log | concert match --json -i list.txt", "as the log grows"},
            {NULL},
        },
    .nothing = "nothing was found",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run,
};
