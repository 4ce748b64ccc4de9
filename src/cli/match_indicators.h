/* match_indicators.h - what `match` and `watch` look for, as their options say: --set, -i (with
 * --format, --columns, --kind, --suppress), or the node's indicators. */
#pragma once

#include "cli/command.h"
#include "cli/match_set.h"

/* What the options of match_indicators_read() are. */
#define MATCH_INDICATORS_OPTION_FORMAT                                                             \
    {                                                                                              \
        "format", 'f', COMMAND_CHOICE, "FORMAT",                                                   \
            .choices = "stix|misp|misp-feed|list|csv",                                             \
            .help = "what the files of indicators are, instead of looking"                         \
    }
#define MATCH_INDICATORS_OPTION_COLUMNS                                                            \
    {                                                                                              \
        "columns", 0, COMMAND_TEXT, "MAPPING",                                                     \
            .help = "columns of CSV: value=2,type=1,comment=5 (default: from its header)"          \
    }
#define MATCH_INDICATORS_OPTION_KIND                                                               \
    {                                                                                              \
        "kind", 'k', COMMAND_CHOICE, "KIND",                                                       \
            .choices = "ipv4|ipv6|cidr|domain|url|md5|sha1|sha256|sha512|email|ja3|ja4",           \
            .help = "what the values of a list are, where their looks do not tell"                 \
    }

/* Whether the options that say what to look for go together: what would do nothing is a mistake. */
gboolean match_indicators_check(const CommandCall *call, GError **error);

/* The same of --format, --columns and --kind alone, which say how the files of option @files are
 * read. */
gboolean match_indicators_check_files(const CommandCall *call, const char *files, GError **error);

/* Shows @take what the files @inputs hold, read as --format, --columns and --kind say; @partly: as
 * match_set_read_input() has it. */
gboolean match_indicators_read(const CommandCall *call, const char *const *inputs, LoadTake take,
                               gpointer into, const LoadOptions *options, gboolean partly,
                               LoadCounts *counts, GError **error);

/* Shows @take the indicators that -i names, or the node's. */
gboolean match_indicators_add(const CommandCall *call, LoadTake take, gpointer into,
                              const LoadOptions *options, LoadCounts *counts, GError **error);

/* Sets @error to CONCERT_ERROR_INPUT: why there is nothing to look for, in the files of -i or the
 * node. */
void match_indicators_explain(const CommandCall *call, const LoadCounts *counts, GError **error);

/* The compiled set that --set names, or the node's, or what is built of what -i names; never an
 * empty one, but the one of --set. @whole: that an input of -i ends too early is an error; else
 * *ret_lost (may be NULL; 0 before) says how many did. */
Set *match_indicators_open(const CommandCall *call, const LoadOptions *options, gboolean whole,
                           guint64 *ret_lost, GError **error);
