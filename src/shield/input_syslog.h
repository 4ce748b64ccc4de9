/* input_syslog.h - the header of a syslog line, which other formats come in, too. */
#pragma once

#include "shield/input_row.h"

typedef struct {
    const char *time;
    gsize time_length;
    gint64 us;        /* 0: the header says that it does not know */
    const char *host; /* of length 0: none */
    gsize host_length;
    const char *message; /* all behind it, with program and process */
    gsize message_length;
} InputSyslog;

/* FALSE when the line has no such header. @now as in input_time_read(). */
gboolean input_syslog_header(const char *line, gsize length, gint64 now, InputSyslog *ret_header);
