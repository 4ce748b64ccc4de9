/* report.h - telling the sink what happened to an input. */
#pragma once

#include "intake/intake.h"

/* Tells @sink (its note may be NULL) a formatted message about @where. */
void report_note(const IntakeSink *sink, IntakeNote note, const char *where, const char *format,
                 ...) G_GNUC_PRINTF(4, 5);
