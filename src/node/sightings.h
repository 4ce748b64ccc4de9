/* sightings.h - what was found of indicators, kept in the node's store as STIX sightings and, where
 * that is wanted, told to whom they came from.
 *
 * One sighting for each indicator and day (UTC): how often, and from when to when; nothing of
 * where, or whom. What is found later on the same day is a new version of the same sighting, with
 * the count of both. */
#pragma once

#include "node/node.h"
#include "shield/scan.h"

/* Indicators and days counted at the same time; hits of more are counted as left out. */
#define SIGHTINGS_MAX 100000

typedef struct Sightings Sightings;

Sightings *sightings_new(void);

void sightings_free(Sightings *sightings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sightings, sightings_free)

/* Counts @hit, found at @now (microseconds): the day is that of its record, if that says. */
void sightings_add(Sightings *sightings, const ScanHit *hit, gint64 now);

/* Hits that were counted and are not stored yet. */
guint64 sightings_waiting(const Sightings *sightings);

/* Hits that are not counted. */
typedef struct {
    guint64 no_room; /* there were SIGHTINGS_MAX indicators and days */
    guint64 unknown; /* of indicators that the node does not have: of a set that it did not make */
} SightingsLeftOut;

/* Stores what was counted of indicators that the node has, durably, and counts from nought. @node
 * is open for writing. What could not be stored, and only that, is counted still:
 * CONCERT_ERROR_CONFLICT when the store does not accept it. ret_left_out may be NULL. */
gboolean sightings_store(Sightings *sightings, Node *node, SightingsLeftOut *ret_left_out,
                         GError **error);

/* Sends the sightings stored since it was called last to the peers that their indicators came from,
 * as the store has it, each to its own: a dispatch that nobody else gets, marked as strictly as the
 * indicators. Of what came from elsewhere nothing is sent. @each (may be NULL) is told what became
 * of it: @error is NULL, or why @peer was not told; then it is tried again the next time. */
typedef void (*SightingsEach)(gpointer user, const char *peer, guint sightings,
                              const GError *error);
gboolean sightings_return(Sightings *sightings, Node *node, SightingsEach each, gpointer user,
                          GError **error);
