/* misp_galaxy.h - galaxy clusters of MISP: what some source says of techniques, tools and actors.
 *
 * A cluster becomes a STIX object that is the same in every event that names it. That an attribute
 * or event has to do with it is a claim of the event's organisation: the relationship, or the
 * report, carries its created_by_ref and says "asserted by". */
#pragma once

#include "intake/misp_event.h"

/* Takes the "Galaxy" of @entry. @source_ref: what the clusters are said of; NULL: the event itself,
 * whose report refers to them anyway. */
void misp_galaxy_read(MispEvent *event, yyjson_val *entry, const char *path, const char *source_ref,
                      const MispTimes *times, const MispTags *tags);
