/* tally.h - hits counted: by indicator and value, source, file, address and hour; and as sightings.
 *
 * Memory is bounded: of each there are at most TALLY_MAX different ones, what comes after those is
 * counted together. */
#pragma once

#include "shield/scan.h"

#define TALLY_MAX 100000

typedef struct Tally Tally;

Tally *tally_new(void);

void tally_free(Tally *tally);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

void tally_add(Tally *tally, const char *file, const ScanHit *hit);

/* Appends tables of the @most largest counts of each (0: all), for people; safe for terminals. */
void tally_append_table(const Tally *tally, GString *into, guint most);

/* Appends the same as one JSON object and a line feed. */
void tally_append_json(const Tally *tally, GString *into, guint most);

/* Appends a STIX 2.1 bundle with one sighting of each indicator: how often, and, where records say,
 * from when to when. Its identifiers follow from what was found where: the same hits make the same
 * ones. Sightings are `created` at @now (microseconds) and bear the indicator's TLP. */
void tally_append_stix(const Tally *tally, GString *into, gint64 now);
