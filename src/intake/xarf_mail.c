#include "intake/xarf_mail.h"

#include <string.h>

#include "intake/finding_readers.h"
#include "intake/finding_text.h"
#include "intake/incident.h"
#include "intake/mime.h"
#include "intake/rsit.h"
#include "intake/xarf.h"
#include "intake/xarf_types.h"

#define LINES_MAX 1000

static char *read_all(Stream *stream, gsize *ret_length, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (;;) {
        char buffer[32 * 1024];
        gsize got;
        if (!stream_read(stream, buffer, sizeof buffer, &got, error))
            return NULL;
        if (got == 0)
            break;
        if (text->len + got > MIME_MAX_SIZE) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "a mail of more than %d MiB is not read", MIME_MAX_SIZE >> 20);
            return NULL;
        }
        g_string_append_len(text, buffer, (gssize)got);
    }
    *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* --- Version 0.2 ----------------------------------------------------------------------------- */

typedef struct {
    GHashTable *values; /* lower-case name -> value */
    GPtrArray *names;   /* as written, in order */
} Lines;

/* The lines of the report, up to one that is none. */
static void split_lines(Lines *lines, const GString *body)
{
    g_autofree char *text = g_utf8_make_valid(body->str, (gssize)body->len);
    g_auto(GStrv) parts = g_strsplit(text, "\n", LINES_MAX);
    for (guint i = 0; parts[i]; i++) {
        char *line = g_strstrip(parts[i]);
        char *colon = strchr(line, ':');
        if (!*line || strcmp(line, "---") == 0)
            continue;
        if (!colon)
            return;
        *colon = '\0';
        char *value = g_strstrip(colon + 1);
        gsize length = strlen(value);
        if (length >= 2 && strchr("\"'", value[0]) && value[length - 1] == value[0]) {
            value[length - 1] = '\0';
            value++;
        }
        if (g_hash_table_replace(lines->values, g_ascii_strdown(line, -1), g_strdup(value)))
            g_ptr_array_add(lines->names, g_strdup(line));
    }
}

static const char *value_of(const Lines *lines, const char *name)
{
    const char *value = g_hash_table_lookup(lines->values, name);
    return value && *value ? value : NULL;
}

static void take_incident(FindingMaker *maker, const Lines *lines)
{
    Incident *incident = finding_readers_incident(maker);
    const RsitClass *class = rsit_find(maker->finding.classification);
    const char *id = value_of(lines, "report-id");
    const char *from = value_of(lines, "reported-from");
    if (!incident)
        return;
    incident->purpose = g_strdup("reporting");
    incident->reported = maker->finding.time;
    if (id)
        incident_set(&incident->id, id, strlen(id), TRUE);
    if (class) {
        incident->classification = g_strdup(class->word);
        incident->title = g_strdup_printf("%s (%s)", class->title, value_of(lines, "report-type"));
    }
    if (from)
        incident_add_contact(incident, "creator", FALSE, NULL, from, NULL);
}

/* RFC 2822's dates, which X-ARF 0.2 has too. */
static void take_date(FindingMaker *maker, const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second = 0, zone = 0;
    char month[4], buffer[64];
    const char *comma = strchr(text, ',');
    if (sscanf(comma ? comma + 1 : text, " %2d %3s %4d %2d:%2d:%2d %5d", &day, month, &year, &hour,
               &minute, &second, &zone) < 5) {
        finding_maker_time(maker, text, strlen(text));
        return;
    }
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 != 0)
        return;
    g_snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", year,
               (int)(found - months) / 3 + 1, day, hour, minute, second, zone < 0 ? '-' : '+',
               ABS(zone) / 100, ABS(zone) % 100);
    finding_maker_time(maker, buffer, strlen(buffer));
}

static gboolean read_lines(FindingMaker *maker, const Lines *lines, GError **error)
{
    Finding *finding = &maker->finding;
    const char *source = value_of(lines, "source");
    const char *type = value_of(lines, "report-type");
    const char *date = value_of(lines, "date");
    const char *port = value_of(lines, "port");
    const char *service = value_of(lines, "service");
    const char *where = "report";
    finding_maker_begin(maker, 1, FALSE);
    if (!source || !type) {
        finding_maker_refuse(maker, where, "%s: there is none", source ? "Report-Type" : "Source");
        return TRUE;
    }
    finding->classification = xarf_types_class(value_of(lines, "category"), type);
    finding->report_type = finding_maker_text(maker, type, strlen(type));
    if (!finding_maker_value(maker, "Source", source, strlen(source), OBSERVABLE_NONE)) {
        finding_maker_refuse(maker, where, "%s", maker->wrong);
        return TRUE;
    }
    if (date)
        take_date(maker, date);
    if (port)
        finding_maker_port(maker, port, strlen(port));
    if (service)
        finding->description = finding_maker_text(maker, service, strlen(service));
    const char *id = value_of(lines, "report-id");
    const char *from = value_of(lines, "reported-from");
    finding->report_id = id ? finding_maker_text(maker, id, strlen(id)) : NULL;
    finding->reporter = from ? finding_maker_text(maker, from, strlen(from)) : NULL;
    if (!finding->classification)
        finding->classification = RSIT_UNDETERMINED;
    take_incident(maker, lines);
    for (guint i = 0; i < lines->names->len; i++) {
        const char *name = g_ptr_array_index(lines->names, i);
        g_autofree char *key = g_ascii_strdown(name, -1);
        const char *value = g_hash_table_lookup(lines->values, key);
        finding_maker_field(maker, name, value, strlen(value));
    }
    return finding_maker_give(maker, where, error);
}

static gboolean read_part_lines(FindingMaker *maker, const MimePart *part, gboolean *ret_report,
                                GError **error)
{
    Lines lines = {
        .values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .names = g_ptr_array_new_with_free_func(g_free),
    };
    split_lines(&lines, part->body);
    gboolean good = TRUE;
    if (value_of(&lines, "report-type") || value_of(&lines, "reported-from")) {
        *ret_report = TRUE;
        good = read_lines(maker, &lines, error);
    }
    g_hash_table_unref(lines.values);
    g_ptr_array_unref(lines.names);
    return good;
}

/* --- Mails ----------------------------------------------------------------------------------- */

static gboolean read_part(FindingMaker *maker, const MimePart *part, gboolean *ret_report,
                          GError **error)
{
    const char *body = part->body->str;
    while (g_ascii_isspace(*body))
        body++;
    if (*body == '{' && (strstr(body, "\"xarf_version\"") || strstr(body, "\"ReporterInfo\""))) {
        g_autoptr(Stream) stream = stream_from_memory(part->body->str, part->body->len);
        *ret_report = TRUE;
        return xarf_read(stream, maker, error);
    }
    return !g_str_has_prefix(part->type, "text/") ||
           read_part_lines(maker, part, ret_report, error);
}

/* A mail that holds no report is text as any other: its first part that is text. */
static gboolean read_as_text(FindingMaker *maker, const GPtrArray *parts, GError **error)
{
    for (guint i = 0; i < parts->len; i++) {
        const MimePart *part = g_ptr_array_index(parts, i);
        if (!g_str_has_prefix(part->type, "text/"))
            continue;
        g_autoptr(Stream) stream = stream_from_memory(part->body->str, part->body->len);
        if (!finding_text_read(stream, maker, error))
            return FALSE;
        finding_maker_what(maker, "mail without a report, read as text");
        return TRUE;
    }
    return TRUE;
}

gboolean xarf_mail_read(Stream *stream, FindingMaker *maker, GError **error)
{
    gsize length = 0;
    gboolean report = FALSE;
    g_autofree char *text = read_all(stream, &length, error);
    if (!text)
        return FALSE;
    MimePart whole = {.type = (char *)"text/plain", .body = g_string_new_len(text, (gssize)length)};
    gboolean good = TRUE;
    /* The lines of a report alone look like the header of a mail. */
    if (strstr(whole.body->str, "Report-Type:") && !strstr(whole.body->str, "boundary="))
        good = read_part_lines(maker, &whole, &report, error);
    g_string_free(whole.body, TRUE);
    finding_maker_what(maker, "X-ARF in a mail");
    if (!good || report)
        return good;
    g_autoptr(GPtrArray) parts = mime_parts(text, length);
    for (guint i = 0; i < parts->len && good && !report; i++)
        good = read_part(maker, g_ptr_array_index(parts, i), &report, error);
    finding_maker_what(maker, "X-ARF in a mail");
    return good && (report || read_as_text(maker, parts, error));
}
