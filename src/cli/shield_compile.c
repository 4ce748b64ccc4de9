/* shield_compile.c - `concert shield compile`: indicators as one file for those who look for them.
 */
#include <string.h>

#include "base/durable.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/match_indicators.h"
#include "cli/output.h"
#include "cli/shield_set.h"
#include "node/shield_cache.h"
#include "store/communities.h"
#include "store/content.h"

/* Only who compiled it may read what may be marked. */
#define SET_MODE 0600

static gboolean read_levels(const CommandCall *call, LoadOptions *options, GError **error)
{
    const char *tlp = command_text(call, "tlp"), *pap = command_text(call, "pap");

    options->min_confidence = (int)command_int(call, "min-confidence", 0);
    options->most_tlp = tlp ? marking_tlp_from_name(tlp) : MARKING_TLP_NONE;
    options->most_pap = pap ? marking_pap_from_name(pap) : MARKING_PAP_NONE;
    if (tlp && options->most_tlp == MARKING_TLP_NONE)
        command_usage(call, error, "--tlp %s: there are clear, green, amber, amber+strict, red",
                      tlp);
    else if (pap && options->most_pap == MARKING_PAP_NONE)
        command_usage(call, error, "--pap %s: there are clear, green, amber, red", pap);
    else
        return TRUE;
    return FALSE;
}

/* What was left out, and why. */
static void print_counts(const LoadCounts *counts)
{
    const struct {
        guint64 count;
        const char *why;
    } left_out[] = {
        {counts->out_of_date, "revoked, no longer valid or taken back"},
        {counts->unwanted, "by their confidence or marking"},
        {counts->empty, "name nothing that can be looked for"},
        {counts->misread, "their pattern cannot be read"},
        {counts->broken, "could not be read"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(left_out); i++)
        if (left_out[i].count > 0)
            output_note("left out: %" G_GUINT64_FORMAT " indicators: %s", left_out[i].count,
                        left_out[i].why);
}

/* Whoever has a set of yesterday is better off with it than with one of what could not be read. */
static gboolean was_read(const LoadCounts *counts, GError **error)
{
    if (counts->misread + counts->broken + counts->lost == 0 ||
        counts->taken + counts->empty + counts->patterns + counts->out_of_date + counts->unwanted +
                counts->observables >
            0)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "nothing of it could be read; no set is written");
    return FALSE;
}

/* Nor is half a list one to replace a whole one, unless a person says so; and whoever waits for the
 * command's end hears of it all the same. */
static void tell_lost(const LoadCounts *counts, const char *path, gboolean written)
{
    output_note("concert: %" G_GUINT64_FORMAT
                " inputs could not be read to their end (above): %s %s",
                counts->lost, path,
                written ? "is written without what is missing"
                        : "is not written; --partial writes what could be read");
}

/* A community that is not known has no indicators, but was not meant. */
static gboolean know_community(Node *node, const char *name, GError **error)
{
    g_autoptr(Community) community = name ? communities_get(node_store(node), name, error) : NULL;
    return !name || community;
}

static GBytes *compile(const CommandCall *call, const LoadOptions *options, LoadCounts *counts,
                       GError **error)
{
    guint8 secret[SET_BUILDER_SECRET];
    const char *const *files = command_texts(call, "from");
    const char *community = command_text(call, "community");
    g_autoptr(Node) node = files ? NULL : command_node_open(call, NODE_READ, error);
    g_autoptr(Warninglist) lists = NULL;

    if (!files && (!node || !know_community(node, community, error) ||
                   !content_secret(node_store(node), SHIELD_CACHE_SECRET, secret, error)))
        return NULL;
    if (!shield_set_lists(call, node ? node_config(node) : NULL, &lists, error))
        return NULL;
    g_autoptr(SetBuilder) builder = set_builder_new(files ? NULL : secret);
    set_builder_use_lists(builder, lists);
    if (!(files ? match_indicators_read(call, files, match_set_take, builder, options, TRUE, counts,
                                        error)
                : match_set_read_store(match_set_take, builder, node_store(node), community,
                                       options, counts, error)))
        return NULL;
    return set_builder_finish(builder, error);
}

static int run(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "output");
    LoadOptions options = {.now = timestamp_now(), .future = TRUE};
    LoadCounts counts = {0};

    if (!path)
        return command_usage(call, error, "where to? -o FILE is missing");
    if (command_text(call, "community") && command_texts(call, "from"))
        return command_usage(call, error, "--community and --from do not go together");
    if (command_flag(call, "partial") && !command_texts(call, "from"))
        return command_usage(call, error, "--partial is for what --from reads");
    if (!match_indicators_check_files(call, "from", error) || !read_levels(call, &options, error))
        return COMMAND_ERROR;
    g_autoptr(GBytes) bytes = compile(call, &options, &counts, error);
    g_autoptr(Set) set = bytes ? set_open_bytes(bytes, error) : NULL;
    if (!set || !was_read(&counts, error))
        return command_file_error(error);
    print_counts(&counts);
    if (counts.lost > 0 && !command_flag(call, "partial")) {
        tell_lost(&counts, path, FALSE);
        return COMMAND_NOTHING;
    }
    if (!durable_write_bytes(path, bytes, SET_MODE, error))
        return command_file_error(error);
    shield_set_print(set, path, command_json(call));
    if (counts.lost > 0)
        tell_lost(&counts, path, TRUE);
    return counts.lost > 0 ? COMMAND_NOTHING : COMMAND_OK;
}

const Command shield_compile = {
    .name = "compile",
    .summary = "make one file of indicators, to look for them at full speed",
    .description =
        "Makes the file that `concert match --set` and the exports read: values, filters and what "
        "is known of the indicators, to be used as it lies on the disk. Takes the indicators of "
        "the node, or of files in any format that `concert import` understands. What is revoked, "
        "no longer valid or taken back is left out; what is not yet valid counts from then on.\n\n"
        "With a ceiling of --tlp or --pap what bears no such level is left out, too: nobody has "
        "said how far it may go.\n\n"
        "Values on lists of --suppress (MISP warninglists: a file, or a directory of them) stay in "
        "it, marked: `concert match` leaves their hits out and counts them. A domain that is a "
        "public suffix, such as co.uk, is refused.\n\n"
        "Where an input of --from ends too early, or a file of a directory or feed cannot be read, "
        "the file that is there stays, and the exit status is 1; with --partial it is made of what "
        "could be read, and the exit status is 1 all the same. Single entries that are broken, or "
        "whose pattern is, are named, counted and left out.",
    .options =
        (const CommandOption[]){
            {"output", 'o', COMMAND_TEXT, "FILE", .help = "the file to make or replace"},
            {"from", 0, COMMAND_TEXTS, "FILE",
             .help = "the indicators of this file, directory or URL, not the node's"},
            MATCH_INDICATORS_OPTION_FORMAT,
            MATCH_INDICATORS_OPTION_COLUMNS,
            MATCH_INDICATORS_OPTION_KIND,
            {"community", 0, COMMAND_TEXT, "NAME@NODE",
             .help = "only what came or went in dispatches to this community"},
            {"min-confidence", 0, COMMAND_INT, "N", .min = 0, .max = 100,
             .help = "only indicators of at least this confidence"},
            {"tlp", 0, COMMAND_TEXT, "LEVEL", .help = "only what is marked up to this TLP level"},
            {"pap", 0, COMMAND_TEXT, "LEVEL", .help = "only what is marked up to this PAP level"},
            {"partial", 0, COMMAND_FLAG,
             .help = "write the file also when of --from not all could be read"},
            SHIELD_SET_OPTION_SUPPRESS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert shield compile -o node.shield", "the node's indicators"},
            {"concert shield compile --from feed.csv --suppress misp-warninglists/lists -o "
             "f.shield",
             "a feed's, with its well-known values marked"},
            {"concert shield compile --community banks@cert.forum.example -o banks.shield",
             "what a community knows, for those it may be given to"},
            {NULL},
        },
    .uses_node = TRUE,
    .run = run,
};
