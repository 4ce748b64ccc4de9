/* sighting_list.h - the sightings in the node's store, counted by what was seen and by who saw it:
 * this node, a peer that told it, or whoever else gave them.
 *
 * Of each sighting its latest version counts, and none that was revoked or taken back. A sighting
 * counts whole, at the time it was last seen; where it does not say, when it was made. */
#pragma once

#include "node/node.h"

/* Different rows; sightings of more are counted as left out. */
#define SIGHTING_LIST_MAX 1000000

typedef enum { SIGHTING_LIST_OWN, SIGHTING_LIST_PEER, SIGHTING_LIST_OTHER } SightingListWho;

/* "own", "peer", "other"; static. */
const char *sighting_list_who_name(SightingListWho who);

typedef struct {
    GHashTable *ids;    /* of what was seen, char *; NULL: any */
    const char *source; /* who gave them; NULL: any */
    gint64 since;       /* last seen then or later; microseconds */
    gint64 until;       /* last seen before */
} SightingListQuery;

#define SIGHTING_LIST_QUERY_INIT                                                                   \
    {                                                                                              \
        .since = G_MININT64, .until = G_MAXINT64                                                   \
    }

typedef struct {
    guint64 sightings;  /* objects */
    guint64 count;      /* of times, as they say; 1 of one that does not */
    gint64 first, last; /* microseconds; 0: none of them says */
} SightingListSum;

/* What one source says of it. */
typedef struct {
    SightingListWho who;
    char *source;
    SightingListSum sum;
} SightingListPart;

/* One thing that was seen. */
typedef struct {
    char *id; /* of the indicator, or whatever else it is */
    SightingListSum sum;
    GPtrArray *parts; /* SightingListPart *: own, peers', others', each by name */
} SightingListRow;

/* Most seen first, then by id. Elements: SightingListRow *. ret_left_out: sightings that there was
 * no room for. */
GPtrArray *sighting_list_read(Node *node, const SightingListQuery *query, guint64 *ret_left_out,
                              GError **error);

/* How many sightings @query finds. */
gboolean sighting_list_count(Store *store, const SightingListQuery *query, guint64 *ret_count,
                             GError **error);
