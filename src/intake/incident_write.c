#include <string.h>

#include "base/sha256.h"
#include "intake/incident_writers.h"

#define FLUSH_SIZE (256 * 1024)

/* The part of an e-mail address behind the "@". */
static const char *domain_of(const char *email)
{
    const char *at = email ? strrchr(email, '@') : NULL;
    return at && at[1] ? at + 1 : NULL;
}

IncidentAuthor incident_writers_author(const IncidentWriter *writer, const Incident *incident)
{
    const IncidentWriteOptions *options = writer->options;
    const IncidentContact *creator = incident_contact(incident, "creator");
    IncidentAuthor author = {options->organisation, options->email, options->domain};
    if (!author.domain)
        author.domain = domain_of(author.email);
    if (creator && (creator->name || creator->email)) {
        author.organisation = creator->name ? creator->name : creator->email;
        if (creator->email) {
            author.email = creator->email;
            author.domain = domain_of(creator->email);
        }
    }
    if (!author.organisation)
        author.organisation = author.domain ? author.domain : incident->id_source;
    author.numbers = incident->id && incident->id_source ? incident->id_source
                     : author.domain                     ? author.domain
                                                         : author.organisation;
    return author;
}

gboolean incident_writers_check_author(const IncidentAuthor *author, gboolean address,
                                       const char *format, GError **error)
{
    if (author->organisation && (!address || (author->email && author->domain)))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s names who reports, by %s, and the incident does not say: give your own", format,
                address ? "name, e-mail address and domain" : "name");
    return FALSE;
}

gint64 incident_writers_created(const IncidentWriter *writer, const Incident *incident)
{
    return incident->created    ? incident->created
           : incident->reported ? incident->reported
           : incident->detected ? incident->detected
                                : writer->options->now;
}

const char *incident_writers_tlp(const IncidentWriter *writer, const Incident *incident)
{
    return incident->tlp ? incident->tlp : writer->options->tlp;
}

char *incident_writers_uuid(const char *text)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(text, strlen(text), digest);
    digest[6] = (guint8)((digest[6] & 0x0f) | 0x40);
    digest[8] = (guint8)((digest[8] & 0x3f) | 0x80);
    sha256_hex(digest, hex);
    return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

char *incident_writers_id(const Incident *incident)
{
    if (incident->id)
        return g_strdup(incident->id);
    g_autoptr(GString) text = g_string_new(incident->title);
    g_string_append_printf(text, "\n%s\n%s\n%" G_GINT64_FORMAT, incident->classification,
                           incident->description ? incident->description : "", incident->started);
    for (guint i = 0; i < incident->findings->len; i++) {
        const Finding *finding = g_ptr_array_index(incident->findings, i);
        g_string_append_printf(text, "\n%s %" G_GINT64_FORMAT, finding_value(finding, NULL),
                               finding->time);
    }
    return incident_writers_uuid(text->str);
}

gboolean incident_writers_flush(IncidentWriter *writer, gboolean all, GError **error)
{
    if (writer->text->len == 0 || (!all && writer->text->len < FLUSH_SIZE))
        return TRUE;
    gboolean good = writer->sink(writer->user, writer->text->str, writer->text->len, error);
    g_string_truncate(writer->text, 0);
    return good;
}

void incident_writers_json(IncidentWriter *writer, yyjson_mut_doc *doc)
{
    gsize length = 0;
    char *text = yyjson_mut_write(doc, 0, &length);
    g_assert(text); /* all texts are UTF-8 */
    g_string_append_len(writer->text, text, (gssize)length);
    free(text);
    yyjson_mut_doc_free(doc);
}

gboolean incident_write(const GPtrArray *incidents, IncidentWriteFormat format,
                        const IncidentWriteOptions *options, IncidentWriteSink sink, gpointer user,
                        GError **error)
{
    static gboolean (*const writers[])(IncidentWriter *, const GPtrArray *, GError **) = {
        [INCIDENT_WRITE_IODEF] = incident_writers_iodef,
        [INCIDENT_WRITE_IODEF_JSON] = incident_writers_iodef_json,
        [INCIDENT_WRITE_XARF] = incident_writers_xarf,
        [INCIDENT_WRITE_CSV] = incident_writers_csv,
        [INCIDENT_WRITE_STIX] = incident_writers_stix,
    };
    g_autoptr(GString) text = g_string_sized_new(FLUSH_SIZE + 64 * 1024);
    IncidentWriter writer = {.options = options, .sink = sink, .user = user, .text = text};
    return writers[format](&writer, incidents, error) &&
           incident_writers_flush(&writer, TRUE, error);
}
