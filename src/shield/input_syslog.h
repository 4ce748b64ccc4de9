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

/* Formats whose messages begin with a mark ("CEF:") and the digit of their version, at the start of
 * the line or behind a syslog header. Where it stands; NULL: nowhere. */
const char *input_syslog_find(const char *line, gsize length, const char *mark);

/* Is the first line of @sample such a message? */
gboolean input_syslog_detect(const char *sample, gsize length, const char *mark);

/* What stands before the message at @start of the row's line becomes a piece of it. Returns the
 * time that it says, microseconds since 1970; 0: none. */
gint64 input_syslog_take_header(InputRow *row, const char *start);
