#include "intake/iodef_read.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/finding_readers.h"
#include "intake/incident.h"
#include "intake/iodef_value.h"
#include "intake/iodef_words.h"
#include "intake/late_xml.h"
#include "intake/rsit.h"

#define EVENTS_DEPTH 16    /* of events in events */
#define BULK_MAX     50000 /* values of one BulkObservable */

/* What an event, an indicator or a system inherits from what it is in. */
typedef struct {
    IodefRead *read;
    const xmlNode *top; /* the child of the incident it is in */
    const char *place;  /* of top */
    gint64 time;
    const char *classification, *severity, *description, *id;
    FindingRole role;
    const xmlNode *data; /* the event or indicator whose AdditionalData are its fields */
} Scope;

/* --- Incidents ------------------------------------------------------------------------------- */

static void set_text(char **place, const xmlNode *node, const char *name, gboolean line)
{
    g_autofree char *text = iodef_node_text(node, name);
    if (text)
        incident_set(place, text, strlen(text), line);
}

void iodef_read_begin(IodefRead *read, FindingMaker *maker, const xmlNode *node, guint64 number,
                      gboolean json)
{
    iodef_read_clear(read);
    read->maker = maker;
    read->json = json;
    read->line = number;
    read->place = json ? g_strdup_printf("$.Incident[%" G_GUINT64_FORMAT "]", number - 1)
                       : g_strdup_printf("/IODEF-Document/Incident[%" G_GUINT64_FORMAT "]", number);
    read->incident = finding_readers_incident(maker);
    if (!read->incident)
        read->incident = read->own = incident_new();
    set_text(&read->incident->purpose, node, "purpose", TRUE);
    set_text(&read->incident->status, node, "status", TRUE);
    set_text(&read->incident->language, node, "lang", TRUE);
    g_autofree char *restriction = iodef_node_text(node, "restriction");
    read->incident->tlp = g_strdup(iodef_words_tlp(restriction));
}

void iodef_read_clear(IodefRead *read)
{
    g_clear_pointer(&read->own, incident_free);
    g_clear_pointer(&read->place, g_free);
    g_clear_pointer(&read->classification, g_free);
    g_clear_pointer(&read->severity, g_free);
    read->incident = NULL;
    read->texts = 0;
}

static gint64 time_of(const xmlNode *node)
{
    gint64 us = 0;
    g_autofree char *text = iodef_node_value(node);
    if (text)
        timestamp_parse_lenient(text, strlen(text), &us);
    return us;
}

/* The class and severity an Assessment tells: RSIT's words before the kinds of impact. @node may
 * hold several impacts; those of JSON are in "Impact" objects. */
static void read_impacts(const xmlNode *node, const char **ret_class, char **severity, guint depth)
{
    for (const xmlNode *child = iodef_node_child(node, NULL); child && depth > 0;
         child = iodef_node_next(child, TRUE)) {
        if (iodef_node_is(child, "IncidentCategory")) {
            g_autofree char *word = iodef_node_value(child);
            const RsitClass *class = rsit_find(word);
            if (class && !*ret_class)
                *ret_class = class->word;
        }
        if (!iodef_node_is(child, "SystemImpact") && !iodef_node_is(child, "BusinessImpact") &&
            !iodef_node_is(child, "Impact") && !iodef_node_is(child, "IntendedImpact"))
            continue;
        g_autofree char *type = iodef_node_text(child, "type");
        if (!*severity)
            *severity = iodef_node_text(child, "severity");
        if (!*ret_class)
            *ret_class = iodef_words_class_of_impact(type);
        read_impacts(child, ret_class, severity, depth - 1);
    }
}

static void read_contact(IodefRead *read, const xmlNode *node)
{
    g_autofree char *role = iodef_node_text(node, "role");
    g_autofree char *type = iodef_node_text(node, "type");
    g_autofree char *name = iodef_node_text(node, "ContactName");
    const xmlNode *email = iodef_node_child(node, "Email");
    const xmlNode *phone = iodef_node_child(node, "Telephone");
    g_autofree char *to = iodef_node_text(email, "EmailTo");
    g_autofree char *plain = to ? NULL : iodef_node_value(email); /* RFC 5070 */
    g_autofree char *number = iodef_node_text(phone, "TelephoneNumber");
    g_autofree char *plain_number = number ? NULL : iodef_node_value(phone);
    incident_add_contact(read->incident, role ? role : "creator", g_strcmp0(type, "person") == 0,
                         name, to ? to : plain, number ? number : plain_number);
}

/* The first Description is the title too; where there is a second, that one says more. */
static void read_text(IodefRead *read, const xmlNode *node)
{
    g_autofree char *text = iodef_node_value(node);
    if (!text || ++read->texts > 2)
        return;
    incident_set(&read->incident->description, text, strlen(text), FALSE);
    gsize length = MIN(strlen(text), 200);
    while (((guchar)text[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a character */
    if (read->texts == 1)
        incident_set(&read->incident->title, text, length, TRUE);
}

/* One of the elements that say what the incident is. */
static void read_head(IodefRead *read, const xmlNode *node)
{
    static const struct {
        const char *name;
        gsize offset;
    } times[] = {
        {"DetectTime", G_STRUCT_OFFSET(Incident, detected)},
        {"StartTime", G_STRUCT_OFFSET(Incident, started)},
        {"EndTime", G_STRUCT_OFFSET(Incident, ended)},
        {"ReportTime", G_STRUCT_OFFSET(Incident, reported)},
        {"GenerationTime", G_STRUCT_OFFSET(Incident, created)},
    };
    Incident *incident = read->incident;
    for (guint i = 0; i < G_N_ELEMENTS(times); i++)
        if (iodef_node_is(node, times[i].name))
            G_STRUCT_MEMBER(gint64, incident, times[i].offset) = time_of(node);
    if (iodef_node_is(node, "IncidentID")) {
        g_autofree char *id = iodef_node_value(node);
        if (id)
            incident_set(&incident->id, id, strlen(id), TRUE);
        set_text(&incident->id_source, node, "name", TRUE);
    } else if (iodef_node_is(node, "Description")) {
        read_text(read, node);
    } else if (iodef_node_is(node, "Contact")) {
        read_contact(read, node);
    } else if (iodef_node_is(node, "Assessment")) {
        const char *class = NULL;
        read_impacts(node, &class, &read->severity, 3);
        if (class && !read->classification)
            read->classification = g_strdup(class);
        if (read->classification && !incident->classification)
            incident->classification = g_strdup(read->classification);
        if (read->severity && !incident->severity && strcmp(read->severity, "unknown") != 0 &&
            strcmp(read->severity, "none") != 0 && strcmp(read->severity, "ext-value") != 0)
            incident->severity = g_strdup(read->severity);
    }
}

/* --- Findings -------------------------------------------------------------------------------- */

static void begin(const Scope *scope, const xmlNode *node)
{
    FindingMaker *maker = scope->read->maker;
    Finding *finding = &maker->finding;
    guint64 line =
        scope->read->json ? scope->read->line : (guint64)MAX(late_xml()->GetLineNo(node), 0);
    finding_maker_begin(maker, line, TRUE);
    finding->time = scope->time;
    finding->role = scope->role;
    finding->classification = scope->classification;
    finding->reporter = NULL;
    if (scope->severity)
        finding_maker_severity(maker, scope->severity, strlen(scope->severity));
    if (scope->description)
        finding->description =
            finding_maker_text(maker, scope->description, strlen(scope->description));
    const Incident *incident = scope->read->incident;
    const IncidentContact *creator = incident_contact(incident, "creator");
    if (creator && creator->name)
        finding->reporter = finding_maker_text(maker, creator->name, strlen(creator->name));
    const char *id = scope->id ? scope->id : incident->id;
    if (id)
        finding->report_id = finding_maker_text(maker, id, strlen(id));
    if (incident->purpose)
        finding->report_type =
            finding_maker_text(maker, incident->purpose, strlen(incident->purpose));
    for (const xmlNode *data = iodef_node_child(scope->data, "AdditionalData"); data;
         data = iodef_node_next(data, FALSE)) {
        g_autofree char *name = iodef_node_text(data, "name");
        g_autofree char *meaning = name ? NULL : iodef_node_text(data, "meaning");
        g_autofree char *text = iodef_node_value(data);
        iodef_value_field(maker, name ? name : meaning ? meaning : "AdditionalData", text);
    }
}

static char *place_of(const Scope *scope, const xmlNode *node)
{
    g_autofree char *path = iodef_node_path(scope->top, node, scope->read->json);
    return g_strconcat(scope->place, path, NULL);
}

static gboolean give(const Scope *scope, const xmlNode *node, GError **error)
{
    FindingMaker *maker = scope->read->maker;
    if (!finding_maker_has_value(maker) && !maker->wrong)
        return TRUE;
    g_autofree char *where = place_of(scope, node);
    return finding_maker_give(maker, where, error);
}

/* A finding of each address of a node, together with the first name and URL. */
static gboolean read_system(const Scope *scope, const xmlNode *system, const xmlNode *node,
                            GError **error)
{
    FindingMaker *maker = scope->read->maker;
    begin(scope, node);
    iodef_value_system(maker, system);
    for (const xmlNode *child = iodef_node_child(node, NULL); child;
         child = iodef_node_next(child, TRUE)) {
        gboolean name = iodef_node_is(child, "DomainData") || iodef_node_is(child, "NodeName");
        if (!name && !iodef_node_is(child, "Address"))
            continue;
        if (iodef_value_is_taken(maker, child)) {
            if (!give(scope, node, error))
                return FALSE;
            begin(scope, node);
            iodef_value_system(maker, system);
        }
        g_autofree char *text = name ? NULL : iodef_node_value(child);
        if (name)
            iodef_value_name(maker, child);
        else if (text)
            iodef_value_address(maker, child, text);
    }
    return give(scope, node, error);
}

static FindingRole role_of(const xmlNode *system, FindingRole inherited)
{
    g_autofree char *category = iodef_node_text(system, "category");
    if (!category || strcmp(category, "source") == 0 || strcmp(category, "infrastructure") == 0)
        return inherited;
    return strcmp(category, "target") == 0 ? FINDING_TARGET : FINDING_OTHER;
}

static gboolean read_any_system(Scope scope, const xmlNode *system, GError **error)
{
    scope.role = role_of(system, scope.role);
    const xmlNode *node = iodef_node_child(system, "Node");
    return !node || read_system(&scope, system, node, error);
}

/* --- Files ----------------------------------------------------------------------------------- */

/* Every digest below @node, a finding each: files are seen, not answered for. */
static gboolean read_hashes(Scope scope, const xmlNode *node, guint depth, GError **error)
{
    FindingMaker *maker = scope.read->maker;
    scope.role = FINDING_OTHER;
    for (const xmlNode *child = iodef_node_child(node, NULL); child && depth > 0;
         child = iodef_node_next(child, TRUE)) {
        if (!iodef_node_is(child, "Hash")) {
            if (!read_hashes(scope, child, depth - 1, error))
                return FALSE;
            continue;
        }
        g_autofree char *digest = iodef_node_text(child, "DigestValue");
        if (!digest)
            continue;
        begin(&scope, child);
        iodef_value_digest(maker, digest);
        if (!give(&scope, child, error))
            return FALSE;
    }
    return TRUE;
}

/* --- Indicators ------------------------------------------------------------------------------ */

static gboolean read_bulk(const Scope *scope, const xmlNode *bulk, GError **error)
{
    FindingMaker *maker = scope->read->maker;
    g_autofree char *type = iodef_node_text(bulk, "type");
    g_autofree char *list = iodef_node_text(bulk, "BulkObservableList");
    g_autofree char *where = place_of(scope, bulk);
    ObservableKind kind;
    if (!list)
        return TRUE;
    if (!iodef_value_kind(type, &kind)) {
        begin(scope, bulk);
        finding_maker_refuse(maker, where, "a list of \"%s\" names nobody to be told", type);
        return TRUE;
    }
    guint count = 0;
    for (char *at = list; *at;) {
        gsize length = strcspn(at, "\r\n\t ,");
        if (length > 0) {
            if (++count > BULK_MAX) {
                finding_maker_refuse(maker, where, "more than %d values; the others are left out",
                                     BULK_MAX);
                return TRUE;
            }
            begin(scope, bulk);
            finding_maker_value(maker, "BulkObservableList", at, length, kind);
            if (!give(scope, bulk, error))
                return FALSE;
        }
        at += length;
        at += *at != '\0';
    }
    return TRUE;
}

static gboolean read_event(Scope scope, const xmlNode *event, guint depth, GError **error);

/* Everything below an Observable, an IndicatorExpression or data of other name spaces that says who
 * is to be told. */
static gboolean read_observable(const Scope *scope, const xmlNode *node, guint depth,
                                GError **error)
{
    FindingMaker *maker = scope->read->maker;
    for (const xmlNode *child = iodef_node_child(node, NULL); child && depth > 0;
         child = iodef_node_next(child, TRUE)) {
        gboolean good = TRUE;
        if (iodef_node_is(child, "System")) {
            good = read_any_system(*scope, child, error);
        } else if (iodef_node_is(child, "BulkObservable")) {
            good = read_bulk(scope, child, error);
        } else if (iodef_node_is(child, "EventData")) {
            good = read_event(*scope, child, depth, error);
        } else if (iodef_node_is(child, "Address") || iodef_node_is(child, "DomainData")) {
            g_autofree char *text = iodef_node_value(child);
            begin(scope, child);
            if (iodef_node_is(child, "DomainData"))
                iodef_value_name(maker, child);
            else if (text)
                iodef_value_address(maker, child, text);
            good = give(scope, child, error);
        } else if (iodef_node_is(child, "SiteURL")) { /* RFC 5901 */
            g_autofree char *text = iodef_node_value(child);
            begin(scope, child);
            if (text)
                iodef_value_address(maker, child, text);
            good = give(scope, child, error);
        } else if (iodef_node_is(child, "FileData") || iodef_node_is(child, "RecordData")) {
            good = read_hashes(*scope, child, IODEF_NODE_MAX_DEPTH, error);
        } else if (!iodef_node_is(child, "AdditionalData") || scope->data != node) {
            good = read_observable(scope, child, depth - 1, error);
        }
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_indicator(Scope scope, const xmlNode *indicator, GError **error)
{
    g_autofree char *description = iodef_node_text(indicator, "Description");
    g_autofree char *id = iodef_node_text(indicator, "IndicatorID");
    gint64 start = time_of(iodef_node_child(indicator, "StartTime"));
    scope.read->maker->summary->records++;
    if (description)
        scope.description = description;
    if (id)
        scope.id = id;
    if (start != 0)
        scope.time = start;
    scope.data = indicator;
    guint64 before = scope.read->maker->summary->findings + scope.read->maker->summary->refused;
    if (!read_observable(&scope, indicator, IODEF_NODE_MAX_DEPTH, error))
        return FALSE;
    scope.read->maker->summary->empty +=
        before == scope.read->maker->summary->findings + scope.read->maker->summary->refused;
    return TRUE;
}

/* --- Events ---------------------------------------------------------------------------------- */

static gboolean read_parts(const Scope *scope, const xmlNode *event, guint depth, GError **error)
{
    for (const xmlNode *child = iodef_node_child(event, NULL); child;
         child = iodef_node_next(child, TRUE)) {
        if (iodef_node_is(child, "Flow")) {
            for (const xmlNode *system = iodef_node_child(child, "System"); system;
                 system = iodef_node_next(system, FALSE))
                if (!read_any_system(*scope, system, error))
                    return FALSE;
        } else if (iodef_node_is(child, "System")) { /* RFC 8727 has no Flow */
            if (!read_any_system(*scope, child, error))
                return FALSE;
        } else if (iodef_node_is(child, "Record") || iodef_node_is(child, "RecordData")) {
            if (!read_hashes(*scope, child, IODEF_NODE_MAX_DEPTH, error))
                return FALSE;
        } else if (iodef_node_is(child, "EventData") && depth > 0) {
            if (!read_event(*scope, child, depth - 1, error))
                return FALSE;
        } else if (iodef_node_is(child, "AdditionalData")) {
            if (!read_observable(scope, child, IODEF_NODE_MAX_DEPTH, error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_event(Scope scope, const xmlNode *event, guint depth, GError **error)
{
    static const char *const times[] = {"DetectTime", "StartTime", "ReportTime"};
    g_autofree char *description = iodef_node_text(event, "Description");
    g_autofree char *severity = NULL;
    const char *class = NULL;
    if (depth == 0)
        return TRUE;
    read_impacts(iodef_node_child(event, "Assessment"), &class, &severity, 3);
    if (class)
        scope.classification = class;
    if (severity)
        scope.severity = severity;
    if (description)
        scope.description = description;
    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        gint64 time = time_of(iodef_node_child(event, times[i]));
        if (time != 0) {
            scope.time = time;
            break;
        }
    }
    scope.data = event;
    return read_parts(&scope, event, depth, error);
}

gboolean iodef_read_child(IodefRead *read, const xmlNode *node, guint number, GError **error)
{
    FindingSummary *summary = read->maker->summary;
    const Incident *incident = read->incident;
    g_autofree char *place =
        read->json ? g_strdup_printf("%s.%s[%u]", read->place, (const char *)node->name, number - 1)
                   : g_strdup_printf("%s/%s[%u]", read->place, (const char *)node->name, number);
    Scope scope = {
        .read = read,
        .top = node,
        .place = place,
        .time = incident->detected  ? incident->detected
                : incident->started ? incident->started
                                    : incident->reported,
        .classification = read->classification,
        .severity = read->severity,
        .description = incident->title,
        .role = FINDING_SUBJECT,
    };
    if (iodef_node_is(node, "Indicator"))
        return read_indicator(scope, node, error);
    if (!iodef_node_is(node, "EventData")) {
        read_head(read, node);
        return TRUE;
    }
    guint64 before = summary->findings + summary->refused;
    summary->records++;
    if (!read_event(scope, node, EVENTS_DEPTH, error))
        return FALSE;
    summary->empty += before == summary->findings + summary->refused;
    return TRUE;
}
