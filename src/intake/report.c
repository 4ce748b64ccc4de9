#include "intake/report.h"

void report_note(const IntakeSink *sink, IntakeNote note, const char *where, const char *format,
                 ...)
{
    if (!sink->note)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    sink->note(sink->user, note, where, message);
}
