#include "intake/incident.h"

#include <string.h>

#include "intake/finding_readers.h"
#include "intake/rsit.h"

static void contact_free(gpointer data)
{
    IncidentContact *contact = data;
    g_free(contact->role);
    g_free(contact->name);
    g_free(contact->email);
    g_free(contact->phone);
    g_free(contact);
}

Incident *incident_new(void)
{
    Incident *incident = g_new0(Incident, 1);
    incident->contacts = g_ptr_array_new_with_free_func(contact_free);
    incident->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    return incident;
}

void incident_free(Incident *incident)
{
    if (!incident)
        return;
    char *texts[] = {
        incident->id,          incident->id_source,      incident->title,
        incident->description, incident->classification, incident->severity,
        incident->status,      incident->purpose,        incident->tlp,
        incident->language,
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_ptr_array_unref(incident->contacts);
    g_ptr_array_unref(incident->findings);
    g_free(incident);
}

void incident_set(char **place, const char *text, gsize length, gboolean line)
{
    if (!text)
        return;
    gsize max = line ? 1024 : INCIDENT_MAX_TEXT;
    while (length > 0 && g_ascii_isspace(text[0]))
        text++, length--;
    if (length > max)
        for (length = max; length > 0 && ((guchar)text[length] & 0xc0) == 0x80;)
            length--;
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length == 0)
        return;
    g_autofree char *copy = g_utf8_make_valid(text, (gssize)length);
    gsize kept = 0;
    for (char *at = copy; *at; at++) {
        gboolean control = (guchar)*at < ' ' || *at == 0x7f;
        char c = control && (line || *at != '\n') ? ' ' : *at;
        if (line && c == ' ' && kept > 0 && copy[kept - 1] == ' ')
            continue;
        copy[kept++] = c;
    }
    copy[kept] = '\0';
    g_free(*place);
    *place = g_steal_pointer(&copy);
}

void incident_add_contact(Incident *incident, const char *role, gboolean person, const char *name,
                          const char *email, const char *phone)
{
    IncidentContact *contact = g_new0(IncidentContact, 1);
    contact->person = person;
    incident_set(&contact->name, name, name ? strlen(name) : 0, TRUE);
    incident_set(&contact->email, email, email ? strlen(email) : 0, TRUE);
    incident_set(&contact->phone, phone, phone ? strlen(phone) : 0, TRUE);
    incident_set(&contact->role, role, strlen(role), TRUE);
    if ((!contact->name && !contact->email && !contact->phone) || !contact->role ||
        incident->contacts->len >= INCIDENT_MAX_CONTACTS)
        contact_free(contact);
    else
        g_ptr_array_add(incident->contacts, contact);
}

const IncidentContact *incident_contact(const Incident *incident, const char *role)
{
    for (guint i = 0; i < incident->contacts->len; i++) {
        const IncidentContact *contact = g_ptr_array_index(incident->contacts, i);
        if (strcmp(contact->role, role) == 0)
            return contact;
    }
    return NULL;
}

static guint severity_rank(const char *severity)
{
    static const char *const words[] = {"info", "low", "medium", "high", "critical"};
    for (guint i = 0; severity && i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], severity) == 0)
            return i + 1;
    return 0;
}

void incident_complete(Incident *incident, const char *what)
{
    const char *severity = NULL;
    gint64 first = 0;
    for (guint i = 0; i < incident->findings->len; i++) {
        const Finding *finding = g_ptr_array_index(incident->findings, i);
        if (!incident->classification && strcmp(finding->classification, RSIT_UNDETERMINED) != 0)
            incident->classification = g_strdup(finding->classification);
        if (severity_rank(finding->severity) > severity_rank(severity))
            severity = finding->severity;
        if (finding->time != 0 && (first == 0 || finding->time < first))
            first = finding->time;
    }
    if (!incident->severity)
        incident->severity = g_strdup(severity);
    if (!incident->classification)
        incident->classification = g_strdup(RSIT_UNDETERMINED);
    if (incident->started == 0)
        incident->started = first;
    if (!incident->title) {
        const RsitClass *class = rsit_find(incident->classification);
        if (what)
            incident_set(&incident->title, what, strlen(what), TRUE);
        else
            incident->title = g_strdup(class ? class->title : incident->classification);
    }
}

/* --- Reading --------------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *incidents; /* Incident * */
    guint64 findings;
    gboolean too_many;
} Collector;

static Incident *begin_incident(gpointer user)
{
    Collector *collector = user;
    if (collector->incidents->len >= INCIDENT_MAX) {
        collector->too_many = TRUE;
        return NULL;
    }
    Incident *incident = incident_new();
    g_ptr_array_add(collector->incidents, incident);
    return incident;
}

static gboolean collect(gpointer user, const Finding *finding, GError **error)
{
    Collector *collector = user;
    if (collector->incidents->len == 0)
        begin_incident(collector);
    if (++collector->findings > INCIDENT_MAX_FINDINGS) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "there are more than %d findings: split the input", INCIDENT_MAX_FINDINGS);
        return FALSE;
    }
    if (collector->too_many) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "there are more than %d incidents: split the input", INCIDENT_MAX);
        return FALSE;
    }
    Incident *incident = g_ptr_array_index(collector->incidents, collector->incidents->len - 1);
    g_ptr_array_add(incident->findings, finding_copy(finding));
    return TRUE;
}

GPtrArray *incident_read(Stream *stream, const FindingOptions *options, FindingSummary *ret_summary,
                         GError **error)
{
    g_autoptr(GPtrArray) incidents = g_ptr_array_new_with_free_func((GDestroyNotify)incident_free);
    Collector collector = {.incidents = incidents};
    FindingSink sink = {.found = collect, .user = &collector};
    g_auto(FindingSummary) summary = {0};
    gboolean good =
        finding_readers_run(stream, options, &sink, begin_incident, &collector, &summary, error);
    if (good && incidents->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "there is no incident%s%s",
                    summary.refusals->len > 0 ? ": " : "",
                    summary.refusals->len > 0
                        ? ((FindingRefusal *)g_ptr_array_index(summary.refusals, 0))->why
                        : "");
        good = FALSE;
    }
    /* What has incidents of its own has titles of its own. */
    gboolean whole = summary.format == FINDING_FORMAT_SHADOWSERVER ||
                     summary.format == FINDING_FORMAT_CSV || summary.format == FINDING_FORMAT_TEXT;
    const char *what = whole ? summary.what : NULL;
    for (guint i = 0; good && i < incidents->len; i++)
        incident_complete(g_ptr_array_index(incidents, i), what);
    if (ret_summary) {
        finding_summary_clear(ret_summary);
        *ret_summary = summary;
        summary = (FindingSummary){0};
    }
    return good ? g_steal_pointer(&incidents) : NULL;
}
