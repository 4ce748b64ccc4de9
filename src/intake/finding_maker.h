/* finding_maker.h - what the readers of reports have in common: one finding is put together from
 * texts of unknown worth, bounded, and handed to the sink, or refused with its place.
 *
 * Private to the readers behind finding_read() and incident_read(). */
#pragma once

#include "intake/finding.h"

/* What is told of the incident that the findings from here on belong to; see intake/incident.h. */
typedef struct Incident Incident;

typedef struct {
    const FindingOptions *options;
    const FindingSink *sink;
    FindingSummary *summary;
    /* A new incident begins: returns where what is known of it goes, valid until the next call.
     * NULL: nobody wants to know. */
    Incident *(*incident)(gpointer user);
    gpointer incident_user;
    Finding finding; /* being made */
    GStringChunk *texts;
    GArray *fields; /* FindingField */
    gsize fields_size;
    char *wrong;      /* why a value of the finding being made could not be used: the first one */
    gboolean handing; /* the sink failed: its error, not the input's */
} FindingMaker;

void finding_maker_init(FindingMaker *maker, const FindingOptions *options, const FindingSink *sink,
                        FindingSummary *summary);

void finding_maker_clear(FindingMaker *maker);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FindingMaker, finding_maker_clear)

/* Starts a finding, and counts a record unless it is a further one of the same. */
void finding_maker_begin(FindingMaker *maker, guint64 line, gboolean further);

/* A copy of @text that lives until the next finding begins: valid UTF-8, one line, without blanks
 * around, at most FINDING_MAX_TEXT bytes. NULL when nothing is left. */
const char *finding_maker_text(FindingMaker *maker, const char *text, gsize length);

/* Adds a field of the original. */
void finding_maker_field(FindingMaker *maker, const char *name, const char *text, gsize length);

/* Takes @text as a value of @kind (OBSERVABLE_NONE: by its looks), and its port, unless there is
 * one of the kind already. FALSE when it is nothing of the kind; the finding then remembers why it
 * might be refused. @name is what the text is called in the report. */
gboolean finding_maker_value(FindingMaker *maker, const char *name, const char *text, gsize length,
                             ObservableKind kind);

/* Sets what the text says; FALSE, with the reason remembered, when it says nothing of the sort. */
gboolean finding_maker_port(FindingMaker *maker, const char *text, gsize length);
gboolean finding_maker_asn(FindingMaker *maker, const char *text, gsize length);
gboolean finding_maker_time(FindingMaker *maker, const char *text, gsize length);
void finding_maker_protocol(FindingMaker *maker, const char *text, gsize length);

/* "critical", "High", "7" of ten, ...: one of the five words, or nothing. */
void finding_maker_severity(FindingMaker *maker, const char *text, gsize length);

/* Whether the finding being made names anything yet. */
gboolean finding_maker_has_value(const FindingMaker *maker);

/* Hands the finding on. One that names nothing is counted as empty, or refused when a value was
 * there but wrong; @where may then be NULL: "line N". FALSE with @error when the sink says so. */
gboolean finding_maker_give(FindingMaker *maker, const char *where, GError **error);

/* Counts and tells a record that cannot be used; @where NULL: "line N" of the present finding. */
void finding_maker_refuse(FindingMaker *maker, const char *where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Says what the input is, for people. */
void finding_maker_what(FindingMaker *maker, const char *format, ...) G_GNUC_PRINTF(2, 3);
