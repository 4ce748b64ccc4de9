#include "intake/finding_readers.h"

#include <string.h>

#include "intake/finding_csv.h"
#include "intake/finding_stix.h"
#include "intake/finding_text.h"
#include "intake/iodef.h"
#include "intake/skim.h"
#include "intake/xarf.h"
#include "intake/xarf_mail.h"

#define SAMPLE (64 * 1024)

Incident *finding_readers_incident(FindingMaker *maker)
{
    return maker->incident ? maker->incident(maker->incident_user) : NULL;
}

/* --- Telling formats ------------------------------------------------------------------------- */

typedef struct {
    FindingFormat format;
    FindingCsv csv;
} Told;

/* What the members of a JSON object say. */
static FindingFormat tell_object(const char *text, gsize length)
{
    Skim skim;
    SkimMember member;
    skim_init(&skim, text, length);
    while (skim_next(&skim, &member) == SKIM_MEMBER) {
        if (skim_key_is(&member, "xarf_version") || skim_key_is(&member, "ReporterInfo") ||
            (skim_key_is(&member, "Report") && member.value[0] == '{'))
            return FINDING_FORMAT_XARF;
        if (skim_key_is(&member, "Incident"))
            return FINDING_FORMAT_IODEF_JSON;
        if (skim_key_is(&member, "type") &&
            (skim_value_is(&member, "bundle") || skim_value_is(&member, "incident")))
            return FINDING_FORMAT_STIX;
    }
    return FINDING_FORMAT_NONE;
}

static FindingFormat tell_json(const char *text, gsize length)
{
    if (text[0] == '{')
        return tell_object(text, length);
    Skim skim;
    SkimMember element;
    skim_init(&skim, text, length);
    if (skim_next(&skim, &element) != SKIM_MEMBER || element.value[0] != '{')
        return FINDING_FORMAT_NONE;
    return tell_object(element.value, element.value_length);
}

static gboolean contains(const char *text, gsize length, const char *part)
{
    return g_strstr_len(text, (gssize)length, part) != NULL;
}

static gboolean begins(const char *text, gsize length, const char *part)
{
    return length >= strlen(part) && g_ascii_strncasecmp(text, part, strlen(part)) == 0;
}

static gboolean is_mail(const char *text, gsize length)
{
    static const char *const headers[] = {
        "Return-Path:",  "Received:",     "Delivered-To:",   "From:",       "To:",
        "Subject:",      "MIME-Version:", "Date:",           "Message-ID:", "X-XARF:",
        "Content-Type:", "X-ARF:",        "DKIM-Signature:", "Reply-To:"};
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++)
        if (begins(text, length, headers[i]))
            return TRUE;
    return contains(text, length, "Reported-From:") && contains(text, length, "Report-Type:");
}

/* JSON that is no report known is read as text if it is a log, an object a line. */
static gboolean is_log(const char *text, gsize length)
{
    const char *newline = memchr(text, '\n', length);
    gsize object = skim_value(text, length);
    return newline && object > 0 && object <= (gsize)(newline - text);
}

/* What the beginning of an input tells. FALSE with @error: nothing that is known. */
static gboolean tell(const char *text, gsize length, Told *ret_told, GError **error)
{
    const char *whole = text;
    gsize whole_length = length;
    const char *wrong = NULL;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, length -= 3;
    while (length > 0 && g_ascii_isspace(text[0]))
        text++, length--;
    if (length == 0) {
        wrong = "the input is empty";
    } else if (memchr(text, '\0', length)) {
        wrong = "the input is neither text, nor packed with gzip, zstd or xz";
    } else if (begins(text, length, "<?xml") || begins(text, length, "<!") ||
               begins(text, length, "<IODEF") ||
               (text[0] == '<' && contains(text, MIN(length, 4096), "IODEF-Document"))) {
        ret_told->format = FINDING_FORMAT_IODEF;
        if (!contains(text, length, "IODEF-Document"))
            wrong = "XML, but no IODEF document";
    } else if (text[0] == '{' || text[0] == '[') {
        ret_told->format = tell_json(text, length);
        if (ret_told->format == FINDING_FORMAT_NONE && (text[0] == '[' || is_log(text, length)))
            ret_told->format = FINDING_FORMAT_TEXT;
        if (ret_told->format == FINDING_FORMAT_NONE)
            wrong = "JSON, but neither X-ARF, IODEF nor STIX";
    } else if (is_mail(text, length)) {
        ret_told->format = FINDING_FORMAT_XARF_MAIL;
    } else if (finding_csv_sniff(whole, whole_length, &ret_told->csv)) {
        ret_told->format =
            ret_told->csv.shadowserver ? FINDING_FORMAT_SHADOWSERVER : FINDING_FORMAT_CSV;
    } else {
        ret_told->format = FINDING_FORMAT_TEXT;
    }
    if (wrong)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, wrong);
    return !wrong;
}

/* --- Reading --------------------------------------------------------------------------------- */

static gboolean read_table(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return finding_csv_read(stream, told->csv.separator,
                            told->format == FINDING_FORMAT_SHADOWSERVER, maker, error);
}

static gboolean read_xarf(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return xarf_read(stream, maker, error);
}

static gboolean read_mail(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return xarf_mail_read(stream, maker, error);
}

static gboolean read_text(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return finding_text_read(stream, maker, error);
}

static gboolean read_stix(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return finding_stix_read(stream, maker, error);
}

static gboolean read_iodef(Stream *stream, const Told *told, FindingMaker *maker, GError **error)
{
    return told->format == FINDING_FORMAT_IODEF ? iodef_read_xml(stream, maker, error)
                                                : iodef_read_json(stream, maker, error);
}

static gboolean (*const readers[])(Stream *stream, const Told *told, FindingMaker *maker,
                                   GError **error) = {
    [FINDING_FORMAT_SHADOWSERVER] = read_table, [FINDING_FORMAT_XARF] = read_xarf,
    [FINDING_FORMAT_XARF_MAIL] = read_mail,     [FINDING_FORMAT_IODEF] = read_iodef,
    [FINDING_FORMAT_IODEF_JSON] = read_iodef,   [FINDING_FORMAT_STIX] = read_stix,
    [FINDING_FORMAT_CSV] = read_table,          [FINDING_FORMAT_TEXT] = read_text,
};

/* A whole line of the sample, so that the last column of a header is not cut. */
static gboolean choose(Stream *stream, const FindingOptions *options, Told *told, GError **error)
{
    const char *sample;
    gsize length;
    if (!stream_peek(stream, SAMPLE, &sample, &length, error))
        return FALSE;
    told->format = options->format;
    if (options->format == FINDING_FORMAT_NONE) {
        if (!tell(sample, length, told, error))
            return FALSE;
        if (told->format == FINDING_FORMAT_TEXT && options->csv_columns)
            told->format = FINDING_FORMAT_CSV;
    }
    if (told->format == FINDING_FORMAT_CSV && options->report_type)
        told->format = FINDING_FORMAT_SHADOWSERVER;
    if (told->csv.separator == '\0') {
        if (!finding_csv_sniff(sample, length, &told->csv))
            told->csv.separator = ',';
    }
    return TRUE;
}

/* Nothing at all is no result: say the first reason, if there is one. */
static gboolean check_result(const FindingSummary *summary, GError **error)
{
    if (summary->findings > 0)
        return TRUE;
    if (summary->refusals->len > 0) {
        const FindingRefusal *first = g_ptr_array_index(summary->refusals, 0);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "none of %" G_GUINT64_FORMAT " record(s) could be used; %s: %s",
                    summary->records, first->where, first->why);
    } else {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "nothing found: no address, name, URL or e-mail address is in it (%s)",
                    summary->what ? summary->what : finding_format_name(summary->format));
    }
    return FALSE;
}

gboolean finding_readers_run(Stream *stream, const FindingOptions *options, const FindingSink *sink,
                             Incident *(*incident)(gpointer user), gpointer incident_user,
                             FindingSummary *summary, GError **error)
{
    g_auto(FindingMaker) maker = {0};
    Told told = {0};
    finding_maker_init(&maker, options, sink, summary);
    maker.incident = incident;
    maker.incident_user = incident_user;
    if (!choose(stream, options, &told, error))
        return FALSE;
    summary->format = told.format;
    if (told.format >= (int)G_N_ELEMENTS(readers) || !readers[told.format]) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "this format cannot be read: %s",
                    finding_format_name(told.format));
        return FALSE;
    }
    return readers[told.format](stream, &told, &maker, error) &&
           (incident || check_result(summary, error));
}

gboolean finding_read(Stream *stream, const FindingOptions *options, const FindingSink *sink,
                      FindingSummary *ret_summary, GError **error)
{
    g_auto(FindingSummary) summary = {0};
    gboolean good = finding_readers_run(stream, options, sink, NULL, NULL, &summary, error);
    if (ret_summary) {
        finding_summary_clear(ret_summary);
        *ret_summary = summary;
        summary = (FindingSummary){0};
    }
    return good;
}
