/* incident_writers.h - what the writers of incidents have in common. Private to incident_write().
 */
#pragma once

#include <yyjson.h>

#include "base/timestamp.h"
#include "intake/incident_write.h"

typedef struct {
    const IncidentWriteOptions *options;
    IncidentWriteSink sink;
    gpointer user;
    GString *text; /* not yet given */
    guint64 count; /* of what the format separates, so far */
} IncidentWriter;

/* Who an incident is by: as it says, else as the options say. Texts are borrowed; any may be NULL.
 */
typedef struct {
    const char *organisation, *email, *domain;
    const char *numbers; /* by whose numbering the incident has its identifier; NULL as
                            organisation */
} IncidentAuthor;

IncidentAuthor incident_writers_author(const IncidentWriter *writer, const Incident *incident);

/* Fails unless the author has a name and, with @address, an e-mail address and a domain. */
gboolean incident_writers_check_author(const IncidentAuthor *author, gboolean address,
                                       const char *format, GError **error);

/* The incident's identifier, or one derived from what it says. Caller frees. */
char *incident_writers_id(const Incident *incident);

/* A UUID (version 4 by its form) that follows from @text. Caller frees. */
char *incident_writers_uuid(const char *text);

/* When the incident was written down: created, reported, detected, or now. */
gint64 incident_writers_created(const IncidentWriter *writer, const Incident *incident);

/* The TLP of the incident, or the options'; NULL: none. */
const char *incident_writers_tlp(const IncidentWriter *writer, const Incident *incident);

/* Hands on what is in the writer's text if it is much, or @all. */
gboolean incident_writers_flush(IncidentWriter *writer, gboolean all, GError **error);

/* Appends @doc's JSON to the writer's text and frees it. */
void incident_writers_json(IncidentWriter *writer, yyjson_mut_doc *doc);

/* The writers; they leave text for the last flush. */
gboolean incident_writers_iodef(IncidentWriter *writer, const GPtrArray *incidents, GError **error);
gboolean incident_writers_iodef_json(IncidentWriter *writer, const GPtrArray *incidents,
                                     GError **error);
gboolean incident_writers_xarf(IncidentWriter *writer, const GPtrArray *incidents, GError **error);
gboolean incident_writers_csv(IncidentWriter *writer, const GPtrArray *incidents, GError **error);
gboolean incident_writers_stix(IncidentWriter *writer, const GPtrArray *incidents, GError **error);
