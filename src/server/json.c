#include "server/json.h"

#include "base/timestamp.h"

void json_append_string(GString *json, const char *text)
{
    g_string_append_c(json, '"');
    const char *clean = text;
    for (const char *c = text; *c; c++) {
        if ((guchar)*c >= 0x20 && *c != '"' && *c != '\\')
            continue;
        g_string_append_len(json, clean, c - clean);
        if ((guchar)*c < 0x20)
            g_string_append_printf(json, "\\u%04x", (guint)*c);
        else
            g_string_append_printf(json, "\\%c", *c);
        clean = c + 1;
    }
    g_string_append(json, clean);
    g_string_append_c(json, '"');
}

void json_append_time(GString *json, gint64 us)
{
    char buffer[TIMESTAMP_MAX];
    g_string_append_c(json, '"');
    g_string_append(json, timestamp_format(buffer, us, 6));
    g_string_append_c(json, '"');
}
