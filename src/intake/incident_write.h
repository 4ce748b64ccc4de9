/* incident_write.h - incidents written in the formats others read: IODEF (RFC 7970, RFC 8727),
 * X-ARF 4, CSV, STIX 2.1 with the incident core extension.
 *
 * Written strictly, as the format's own schema demands; what it demands and nobody has said is an
 * error that says so. The same incidents give the same bytes. docs/formats.md says what is lost. */
#pragma once

#include "intake/incident.h"

typedef enum {
    INCIDENT_WRITE_IODEF,
    INCIDENT_WRITE_IODEF_JSON,
    INCIDENT_WRITE_XARF, /* a report a line */
    INCIDENT_WRITE_CSV,
    INCIDENT_WRITE_STIX, /* a bundle */
} IncidentWriteFormat;

/* "iodef|iodef-json|xarf|csv|stix": the formats, in their order, for tables of options. */
#define INCIDENT_WRITE_FORMATS "iodef|iodef-json|xarf|csv|stix"

typedef struct {
    /* Who writes: the creator of incidents that name none, and the sender of reports. May be NULL.
     */
    const char *organisation;
    const char *email;
    const char *domain; /* NULL: that of the e-mail address */
    gint64 now;         /* time of writing, microseconds */
    const char *tlp;    /* of incidents that say none; NULL: they bear none */
} IncidentWriteOptions;

/* Takes the next piece of what is written. FALSE with @error stops. */
typedef gboolean (*IncidentWriteSink)(gpointer user, const char *text, gsize length,
                                      GError **error);

/* Writes @incidents (Incident *). Fails with CONCERT_ERROR_INPUT when the format needs something
 * that is not known, or as @sink does. */
gboolean incident_write(const GPtrArray *incidents, IncidentWriteFormat format,
                        const IncidentWriteOptions *options, IncidentWriteSink sink, gpointer user,
                        GError **error);
