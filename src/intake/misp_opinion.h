/* misp_opinion.h - what is said of MISP attributes, objects and events: sightings, analyst data
 * (notes, opinions, relationships) and event reports. */
#pragma once

#include "intake/misp_event.h"

/* The "Sighting" of @entry, said of @target: a sighting, for a false positive an opinion, for an
 * expiration a note. */
void misp_opinion_sightings(MispEvent *event, yyjson_val *entry, const char *path,
                            const char *target, const MispTags *tags);

/* The "Note", "Opinion" and "Relationship" of @entry, said of @target, and those said of these, up
 * to eight deep. */
void misp_opinion_analyst_data(MispEvent *event, yyjson_val *entry, const char *path,
                               const char *target, const MispTags *tags);

/* The "EventReport" of the event itself, said of @target, as notes. */
void misp_opinion_reports(MispEvent *event, yyjson_val *entry, const char *path,
                          const char *target);
