/* incident.h - an incident with its findings, whatever format it came in or is to be written in.
 *
 * The readers of reports (intake/finding.h) fill it: an IODEF document holds incidents with
 * findings, each X-ARF report is one, a table or a text is one incident of many findings.
 * intake/incident_write.h writes it. docs/formats.md says what becomes what, and what is lost. */
#pragma once

#include "intake/finding.h"

/* Bounds of what is kept in memory. */
#define INCIDENT_MAX          10000  /* incidents of one input */
#define INCIDENT_MAX_FINDINGS 200000 /* findings of one input */
#define INCIDENT_MAX_CONTACTS 64
#define INCIDENT_MAX_TEXT     (64 * 1024) /* bytes of a title or description; more is cut off */

typedef struct {
    char *role;      /* "creator", "reporter", "abuse", "victim", "cc", ...: IODEF's words */
    gboolean person; /* rather than an organisation */
    char *name;
    char *email;
    char *phone;
} IncidentContact;

/* Texts are UTF-8, owned, and NULL when unknown; times are microseconds since 1970, 0 when unknown.
 */
typedef struct Incident {
    char *id;        /* as its author calls it */
    char *id_source; /* the author's name for who numbers so: "csirt.alder.example" */
    char *title;     /* one line */
    char *description;
    char *classification; /* intake/rsit.h */
    char *severity;       /* "info", "low", "medium", "high", "critical" */
    char *status;         /* "new", "in-progress", "resolved", ...: IODEF's words */
    char *purpose;        /* "reporting", "mitigation", "traceback", "watch", "other" */
    char *tlp;            /* "clear", "green", "amber", "amber+strict", "red" */
    char *language;       /* RFC 5646: "en" */
    gint64 created, detected, started, ended, reported;
    GPtrArray *contacts; /* IncidentContact * */
    GPtrArray *findings; /* Finding * */
} Incident;

Incident *incident_new(void);

void incident_free(Incident *incident);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incident, incident_free)

/* Adds a contact; empty ones and those past the bound are dropped. Texts may be NULL. */
void incident_add_contact(Incident *incident, const char *role, gboolean person, const char *name,
                          const char *email, const char *phone);

/* The first contact of that role, or NULL. */
const IncidentContact *incident_contact(const Incident *incident, const char *role);

/* Replaces *@place by a copy of @length bytes of @text: valid UTF-8 without blanks around, at most
 * INCIDENT_MAX_TEXT bytes; @line: as one line. Does nothing when nothing is left. */
void incident_set(char **place, const char *text, gsize length, gboolean line);

/* Fills in what is not said but follows: class, severity and times from the findings, a title from
 * @what. */
void incident_complete(Incident *incident, const char *what);

/* Reads the incidents of @stream: Incident *, in the order of the input, at least one. As
 * finding_read(); CONCERT_ERROR_LIMIT when there are more than the bounds above. */
GPtrArray *incident_read(Stream *stream, const FindingOptions *options, FindingSummary *ret_summary,
                         GError **error);
