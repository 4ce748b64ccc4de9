/* misp_observation.h - what an attribute and an object of MISP have in common on their way to STIX:
 * the observables they name, the observed-data that holds them together, and the indicator that
 * to_ids asks for. */
#pragma once

#include "intake/misp_event.h"

/* Bytes of base64 in one artifact, so that it stays below OBJECT_MAX_SIZE. */
#define MISP_OBSERVATION_PAYLOAD_MAX (12 * 1024 * 1024)

/* Reads what @entry says beside its values. @category: the key of its category; @comment: that of
 * its comment. */
void misp_observation_subject(const MispEvent *event, yyjson_val *entry, const char *path,
                              const char *category, const char *comment, MispSubject *ret_subject);

/* Adds "misp:<key>=\"<text>\"" to the labels of @subject. */
void misp_observation_label(MispSubject *subject, const char *key, const char *text);

/* Adds to @unit the nodes of @graph, observed-data that refers to them, and, when @subject is
 * to_ids and @pattern not empty, an indicator based on that. @name: of the indicator; NULL: none.
 *
 * *ret_keeper is the object that custom properties go to; *ret_main the id that stands for the
 * whole (the indicator's if there is one; caller frees). FALSE when there is neither a node nor an
 * indicator, or a node lacks what STIX demands of it; the unit is then of no use. */
gboolean misp_observation_build(const MispEvent *event, MispUnit *unit, const MispSubject *subject,
                                MispGraph *graph, const char *pattern, const char *name,
                                yyjson_mut_val **ret_keeper, char **ret_main);

/* An indicator with @pattern in the language @pattern_type. */
yyjson_mut_val *misp_observation_indicator(const MispEvent *event, MispUnit *unit,
                                           const MispSubject *subject, const char *pattern,
                                           const char *pattern_type, const char *name);

/* Adds the bytes @data (base64) of the file called @name: the artifact "artifact--@uuid", in
 * content_ref of @file when that is free. @sample: a ZIP with the password "infected". FALSE when
 * they are no base64 or more than MISP_OBSERVATION_PAYLOAD_MAX. */
gboolean misp_observation_attach(MispGraph *graph, yyjson_mut_val *file, const char *uuid,
                                 yyjson_val *data, gboolean sample);

/* The end of each unit: hands it on, or says why not; remembers what @subject became, and adds what
 * is said of it (galaxies, sightings, opinions). */
gboolean misp_observation_finish(MispEvent *event, MispUnit *unit, const MispSubject *subject,
                                 const char *main_id, char **ret_problem);
