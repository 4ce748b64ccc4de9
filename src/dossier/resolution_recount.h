/* resolution_recount.h - what somebody who counts again finds wrong with a resolution. */
#pragma once

#include "dossier/engine.h"

/* Adds to @faults (char *) what must not be: events that the closing event decides on and that are
 * not there, closing events that are void, such as by a wrong count, whatever cannot be judged. To
 * @notes what is void without doing harm: a ballot that came too late, a second one. */
void resolution_recount_find(const EngineResult *dossier, GPtrArray *faults, GPtrArray *notes);

/* Whether the tabling agrees with the community as it is known here (borrowed lists of names of
 * nodes, sorted, NULL-terminated): who votes now, and who changed since the record that the tabling
 * names. CONCERT_ERROR_CONFLICT names the node that is missing or too much. */
gboolean resolution_recount_voters(const EngineResult *dossier, const char *const *voters,
                                   const char *const *changed, GError **error);
