/* shield_set.h - what the commands that make and show compiled sets have in common. */
#pragma once

#include "cli/command.h"
#include "node/config.h"
#include "shield/export.h"
#include "shield/set_builder.h"

#define SHIELD_SET_OPTION_SUPPRESS                                                                 \
    {                                                                                              \
        "suppress", 0, COMMAND_TEXTS, "FILE",                                                      \
            .help = "mark well-known values: a MISP warninglist, or a directory of them"           \
    }

/* The lists of --suppress and, when the indicators are those of a node, of its settings (@config,
 * else NULL); *ret_lists is NULL when there are none. */
gboolean shield_set_lists(const CommandCall *call, const Config *config, Warninglist **ret_lists,
                          GError **error);

/* Prints what the set in the file @path holds. */
void shield_set_print(const Set *set, const char *path, gboolean json);

/* Kinds that --kind can name. */
#define SHIELD_SET_KINDS EXPORT_KIND_CHOICES

/* The kinds of --kind as bits 1 << ObservableKind; 0: all. */
gboolean shield_set_kinds(const CommandCall *call, guint32 *ret_kinds, GError **error);
