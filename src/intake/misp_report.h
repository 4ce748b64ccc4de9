/* misp_report.h - the MISP event itself: who gives it, and the report or grouping that holds
 * together what became of its parts. */
#pragma once

#include "intake/misp_event.h"

/* Takes @event, the content of "Event": its parts first, then the report. */
void misp_report_read(MispEvent *state, yyjson_val *event, const char *path);

/* Takes who and when from @event, for its parts: what stands beside attributes that came alone. */
void misp_report_context(MispEvent *state, yyjson_val *event, const char *path);
