/* Syslog: the header of RFC 5424, of RFC 3164 with or without priority, and what rsyslog writes to
 * files; the rest is text. */
#include <string.h>

#include "shield/input_syslog.h"
#include "shield/input_time.h"

/* Bytes of a line within which the mark of another format's message stands. */
#define MARK_WITHIN 1024

static const InputField fields[] = {
    {"time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"host", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"message", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    {NULL, 0, 0, NULL},
};

/* "<34>1 ", "<34>"; sets *ret_numbered for the first. */
static gsize priority_length(const char *line, gsize length, gboolean *ret_numbered)
{
    gsize at = 1;

    *ret_numbered = FALSE;
    if (length < 4 || line[0] != '<')
        return 0;
    while (at < length && at < 4 && g_ascii_isdigit(line[at]))
        at++;
    if (at == 1 || at >= length || line[at] != '>')
        return 0;
    at++;
    if (length - at > 2 && line[at] == '1' && line[at + 1] == ' ') {
        *ret_numbered = TRUE;
        at += 2;
    }
    return at;
}

static gboolean is_host(char c)
{
    return g_ascii_isalnum(c) || (c && strchr(".-_:[]%/", c));
}

gboolean input_syslog_header(const char *line, gsize length, gint64 now, InputSyslog *ret_header)
{
    InputSyslog header = {0};
    gboolean numbered;
    gsize at = priority_length(line, length, &numbered);

    header.time = line + at;
    if (numbered && length - at > 2 && line[at] == '-')
        header.time_length = 1;
    else
        header.time_length = input_time_read(line + at, length - at, now, &header.us);
    at += header.time_length;
    if (header.time_length == 0 || at >= length || line[at] != ' ')
        return FALSE;
    header.host = line + ++at;
    while (at < length && is_host(line[at]))
        at++;
    header.host_length = (gsize)(line + at - header.host);
    if (header.host_length == 0 || at >= length || line[at] != ' ')
        return FALSE;
    /* A program, not a host: "Jan 1 00:00:00 kernel: ..." */
    if (header.host[header.host_length - 1] == ':') {
        at = (gsize)(header.host - line) - 1;
        header.host_length = 0;
    }
    header.message = line + at + 1;
    header.message_length = length - at - 1;
    *ret_header = header;
    return TRUE;
}

/* To tell a header any day will do that is later than those in logs: 2100-01-01. */
#define LATER G_GINT64_CONSTANT(4102444800000000)

const char *input_syslog_find(const char *line, gsize length, const char *mark)
{
    gsize size = strlen(mark);
    const char *start = length > 0 ? memmem(line, MIN(length, MARK_WITHIN), mark, size) : NULL;

    if (!start || (gsize)(start - line) + size + 2 > length || !g_ascii_isdigit(start[size]) ||
        (start > line && start[-1] != ' '))
        return NULL;
    return start;
}

gboolean input_syslog_detect(const char *sample, gsize length, const char *mark)
{
    gsize at = 0, line_length;
    const char *line;
    return input_next_line(sample, length, &at, &line, &line_length) &&
           input_syslog_find(line, line_length, mark);
}

gint64 input_syslog_take_header(InputRow *row, const char *start)
{
    gsize length = (gsize)(start - row->line);
    InputSyslog header;

    if (length == 0)
        return 0;
    gboolean is_header = input_syslog_header(row->line, length, row->now, &header);
    input_row_add_piece(row, NULL, "syslog", row->line, length);
    return is_header ? header.us : 0;
}

static gboolean detect(const char *sample, gsize length)
{
    gsize at = 0, line_length;
    const char *line;
    InputSyslog header;
    guint right = 0, lines = 0;

    while (lines < 8 && input_next_line(sample, length, &at, &line, &line_length)) {
        lines += line_length > 0;
        right += input_syslog_header(line, line_length, LATER, &header);
    }
    return lines > 0 && right == lines;
}

static gboolean read_line(Input *input, InputRow *row)
{
    InputSyslog header;

    if (!input_syslog_header(row->line, row->length, row->now, &header))
        return FALSE;
    row->observation->time = header.us;
    input_row_add_piece(row, &fields[1], "host", header.host, header.host_length);
    input_row_add_piece(row, &fields[2], "message", header.message, header.message_length);
    return TRUE;
}

const InputFormat input_syslog = {
    .name = "syslog", .detect = detect, .read = read_line, .fields = fields};
