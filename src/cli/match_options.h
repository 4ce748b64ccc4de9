/* match_options.h - what `match` and `watch` have in common beside where indicators come from
 * (match_indicators.h): how logs are read, and which hits are kept back. */
#pragma once

#include "cli/command.h"
#include "shield/input.h"
#include "shield/withhold.h"

/* The names are those of input_format_names(), "text" before them. */
#define MATCH_OPTIONS_INPUT                                                                        \
    {                                                                                              \
        "input", 0, COMMAND_CHOICE, "FORMAT",                                                      \
            .choices =                                                                             \
                "text|eve|zeek|zeek-json|windows-json|windows-xml|json|cef|leef|dns|windows-dns|"  \
                "access|syslog|w3c|csv",                                                           \
            .help = "what the logs are, instead of looking; text: nothing but text"                \
    }
#define MATCH_OPTIONS_ECS                                                                          \
    {                                                                                              \
        "ecs", 0, COMMAND_FLAG,                                                                    \
            .help = "print hits as documents of the Elastic Common Schema, one a line"             \
    }
#define MATCH_OPTIONS_SUPPRESSED                                                                   \
    {                                                                                              \
        "suppressed", 0, COMMAND_FLAG, .help = "print hits of well-known values, too"              \
    }
#define MATCH_OPTIONS_ALLOW_LIST                                                                   \
    {                                                                                              \
        "allow-list", 0, COMMAND_TEXTS, "NAME",                                                    \
            .help = "what is well-known by this list alone counts like anything else"              \
    }
#define MATCH_OPTIONS_OBSERVABLES                                                                  \
    {                                                                                              \
        "observables", 0, COMMAND_FLAG,                                                            \
            .help = "also the values of observables, not only of indicators"                       \
    }

/* Whether files are looked through as logs, by --input: *ret_format is the format it names, NULL
 * where each file says its own. FALSE: as nothing but text. */
gboolean match_options_logs(const CommandCall *call, const InputFormat **ret_format);

/* What --suppressed and --allow-list keep back; @expired: hits of what is not valid now, not. */
Withhold *match_options_withhold(const CommandCall *call, gboolean expired);

/* Tells people how many hits were kept back, and by which lists; nothing if there are none. */
void match_options_note_withheld(const Withhold *withhold);
