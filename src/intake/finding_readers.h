/* finding_readers.h - the readers of reports, one a format, and the one that tells which. Private
 * to finding_read() and incident_read(). */
#pragma once

#include "intake/finding_maker.h"

/* Reads @stream as the format of the maker's options, detecting it if none is said. @incident (may
 * be NULL) as in FindingMaker. */
gboolean finding_readers_run(Stream *stream, const FindingOptions *options, const FindingSink *sink,
                             Incident *(*incident)(gpointer user), gpointer incident_user,
                             FindingSummary *summary, GError **error);

/* A new incident begins: where what is known of it goes, or NULL when nobody wants to know. */
Incident *finding_readers_incident(FindingMaker *maker);
