/* shadowserver.h - what the reports of the Shadowserver Foundation are called, and what they say:
 * which class of incident, and which columns name whom it is about.
 *
 * Source: the lists of fields and classes that are published for its reports
 * (github.com/The-Shadowserver-Foundation/report_schema). */
#pragma once

#include "intake/finding_columns.h"

typedef struct {
    const char *name;    /* of the report, digits of IP versions left out, or its beginning */
    gboolean whole;      /* the name is all of it */
    const char *word;    /* class, intake/rsit.h */
    const char *columns; /* as finding_columns_from_text() has them */
    FindingRole role;    /* of the address */
} ShadowserverReport;

/* The report of that type ("scan6_telnet"), or NULL when no report is called so. */
const ShadowserverReport *shadowserver_report(const char *type);

/* The type that the name of a file tells ("2026-01-31-scan_telnet-alder-asn.csv"), or NULL. Caller
 * frees. */
char *shadowserver_type_of_file(const char *name);

/* Whether a table of these columns (RecordField) may be one of these reports. */
gboolean shadowserver_is_header(const GArray *fields);

/* What a table of these columns is, where its type is not known: never NULL. */
const ShadowserverReport *shadowserver_guess(const GArray *fields);
