/* csv.c - RFC 4180, every cell in quotes, a row for each indicator of a value. */
#include <string.h>

#include "base/timestamp.h"
#include "shield/exports/format.h"

static void begin(Export *export)
{
    g_string_append(export->out, "type,value,indicator,source,name,confidence,tlp,pap,valid_from,"
                                 "valid_until,warninglist,port\r\n");
}

/* A cell that a spreadsheet would take for a formula begins with an apostrophe instead, as people
 * write it (OWASP, CSV injection); line breaks and other control characters become blanks. */
static void append_cell(GString *out, const char *text, char end)
{
    g_string_append_c(out, '"');
    if (text && *text && strchr("=+-@\t\r\n|%", *text))
        g_string_append_c(out, '\'');
    for (const char *c = text; c && *c; c++) {
        if (*c == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, (guchar)*c < ' ' || *c == 0x7f ? ' ' : *c);
    }
    g_string_append_printf(out, "\"%s", end == '\n' ? "\r\n" : ",");
}

static const char *time_text(char buffer[TIMESTAMP_MAX], gint64 us)
{
    return us == 0 ? NULL : timestamp_format(buffer, us, 3);
}

static ExportReason add(Export *export, const ExportValue *value)
{
    char confidence[16] = "", port[8] = "", from[TIMESTAMP_MAX], until[TIMESTAMP_MAX];
    if (value->confidence >= 0)
        g_snprintf(confidence, sizeof confidence, "%d", value->confidence);
    if (value->port != 0)
        g_snprintf(port, sizeof port, "%u", value->port);
    const char *const cells[] = {
        observable_kind_name(value->kind),
        value->text,
        value->id,
        value->source,
        value->name,
        confidence,
        marking_tlp_name(value->tlp),
        marking_pap_name(value->pap),
        time_text(from, value->valid_from),
        time_text(until, value->valid_until),
        value->suppressed,
        port,
    };
    for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
        append_cell(export->out, cells[i], i + 1 < G_N_ELEMENTS(cells) ? ',' : '\n');
    return EXPORT_DONE;
}

const ExportFormat format_csv = {
    .name = "csv",
    .summary = "a table, a row for each indicator of a value",
    .media_type = "text/csv; charset=utf-8",
    .every = TRUE,
    .ports = TRUE,
    .kinds = FORMAT_ALL_KINDS,
    .names = FORMAT_EITHER,
    .begin = begin,
    .value = add,
};
