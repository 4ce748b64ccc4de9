/* resolution.h - the procedure "resolution": the accredited members of a community decide on a text
 * by equal votes. It binds the community's rulebook, not States. */
#pragma once

#include "dossier/procedure.h"

/* Places in the table, for its rules and for who counts. */
enum { RESOLUTION_SPONSOR, RESOLUTION_CHAIR, RESOLUTION_MEMBER };
enum {
    RESOLUTION_DRAFT,
    RESOLUTION_TABLED,
    RESOLUTION_CONSULTATION,
    RESOLUTION_SILENCE,
    RESOLUTION_CONTESTED,
    RESOLUTION_VOTING,
    RESOLUTION_ADOPTED,
    RESOLUTION_REJECTED,
    RESOLUTION_WITHDRAWN,
    RESOLUTION_LAPSED,
};

#define RESOLUTION_TEXT_MAX       (32 * 1024) /* bytes of a resolution's text */
#define RESOLUTION_AMENDMENTS_MAX 32          /* that stand at a time */

/* The least that a period may last, and how late a chair may be; seconds. Those of an exercise are
 * as long as it says. */
#define RESOLUTION_CONSULTATION_S (14 * 24 * 3600)
#define RESOLUTION_SILENCE_S      (72 * 3600)
#define RESOLUTION_VOTE_S         (72 * 3600)
#define RESOLUTION_PATIENCE_S     (14 * 24 * 3600)

extern const Procedure resolution_procedure;
