/* sighting_record.h - the --record of `match` and `watch`: what was found, into the node's store
 * and back to whom it came from, as [shield] sightings says. */
#pragma once

#include "cli/command.h"
#include "node/sightings.h"

#define SIGHTING_RECORD_OPTION                                                                     \
    {                                                                                              \
        "record", 0, COMMAND_FLAG,                                                                 \
            .help = "count what is found, by indicator and day, as sightings in the node's store"  \
    }

/* What --record counts in; *ret_sightings is NULL without it. Fails where it makes no sense, or the
 * node's settings say no. */
gboolean sighting_record_begin(const CommandCall *call, Sightings **ret_sightings, GError **error);

/* Stores what was counted, if anything was; with @tell what the settings return is sent, too. */
gboolean sighting_record_store(const CommandCall *call, Sightings *sightings, gboolean tell,
                               GError **error);
