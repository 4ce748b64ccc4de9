/* IODEF 2 in XML, RFC 7970; the order of elements is the schema's (section 8). */
#include <string.h>

#include "base/jsontext.h"
#include "intake/incident_writers.h"
#include "intake/iodef_words.h"

#define XML_HEAD                                                                                   \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<IODEF-Document version=\"2.00\" xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\""                  \
    " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n"

/* Appends text as XML has it. Characters that XML has not become U+FFFD. */
static void add_text(GString *xml, const char *text)
{
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c == '<')
            g_string_append(xml, "&lt;");
        else if (c == '>')
            g_string_append(xml, "&gt;");
        else if (c == '&')
            g_string_append(xml, "&amp;");
        else if (c == '"')
            g_string_append(xml, "&quot;");
        else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff)
            g_string_append(xml, "\xef\xbf\xbd");
        else
            g_string_append_unichar(xml, c);
    }
}

static void add_element(GString *xml, const char *name, const char *text)
{
    if (!text)
        return;
    g_string_append_printf(xml, "<%s>", name);
    add_text(xml, text);
    g_string_append_printf(xml, "</%s>\n", name);
}

static void add_attribute(GString *xml, const char *name, const char *text)
{
    if (!text)
        return;
    g_string_append_printf(xml, " %s=\"", name);
    add_text(xml, text);
    g_string_append_c(xml, '"');
}

static void add_time(GString *xml, const char *name, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != 0)
        add_element(xml, name, timestamp_format(text, time, 0));
}

/* One of IODEF's words, or nothing. */
static const char *word_of(const char *word, const char *const *words)
{
    return word && g_strv_contains(words, word) ? word : NULL;
}

/* --- Findings -------------------------------------------------------------------------------- */

static void add_address(GString *xml, const char *category, const char *text)
{
    if (!text)
        return;
    g_string_append_printf(xml, "<Address category=\"%s\">", category);
    add_text(xml, text);
    g_string_append(xml, "</Address>\n");
}

static void add_system(GString *xml, const Finding *finding)
{
    static const char *const categories[] = {[FINDING_SUBJECT] = "source",
                                             [FINDING_TARGET] = "target",
                                             [FINDING_OTHER] = "intermediate"};
    guint number = iodef_words_protocol_number(finding->protocol);
    gboolean v6 = finding->address && strchr(finding->address, ':');
    gboolean net6 = finding->prefix && strchr(finding->prefix, ':');
    g_string_append_printf(xml, "<Flow><System category=\"%s\">\n<Node>\n",
                           categories[finding->role]);
    if (finding->domain) {
        g_string_append(xml, "<DomainData>");
        add_element(xml, "Name", finding->domain);
        g_string_append(xml, "</DomainData>\n");
    }
    add_address(xml, v6 ? "ipv6-addr" : "ipv4-addr", finding->address);
    add_address(xml, net6 ? "ipv6-net" : "ipv4-net", finding->prefix);
    add_address(xml, "site-uri", finding->url);
    add_address(xml, "e-mail", finding->email);
    if (finding->asn != 0)
        g_string_append_printf(xml, "<Address category=\"asn\">%u</Address>\n", finding->asn);
    g_string_append(xml, "</Node>\n");
    if (number != 0 || finding->port != 0) {
        g_string_append(xml, "<Service");
        if (number != 0)
            g_string_append_printf(xml, " ip-protocol=\"%u\"", number);
        g_string_append(xml, ">");
        if (finding->port != 0)
            g_string_append_printf(xml, "<Port>%u</Port>", finding->port);
        g_string_append(xml, "</Service>\n");
    }
    g_string_append(xml, "</System></Flow>\n");
}

static const char *digest_method(ObservableKind kind)
{
    switch (kind) {
    case OBSERVABLE_MD5:
        return "http://www.w3.org/2001/04/xmldsig-more#md5";
    case OBSERVABLE_SHA1:
        return "http://www.w3.org/2000/09/xmldsig#sha1";
    case OBSERVABLE_SHA256:
        return "http://www.w3.org/2001/04/xmlenc#sha256";
    default:
        return "http://www.w3.org/2001/04/xmlenc#sha512";
    }
}

/* The base64 of what the hex digits stand for. Caller frees. */
static char *digest_value(const char *hex)
{
    gsize size = strlen(hex) / 2;
    g_autofree guchar *bytes = g_malloc(size + 1);
    for (gsize i = 0; i < size; i++)
        bytes[i] =
            (guchar)(g_ascii_xdigit_value(hex[2 * i]) * 16 + g_ascii_xdigit_value(hex[2 * i + 1]));
    return g_base64_encode(bytes, size);
}

static void add_hash(GString *xml, const Finding *finding)
{
    g_autofree char *digest = digest_value(finding->hash);
    g_string_append_printf(xml,
                           "<Record><RecordData><FileData><File><HashData scope=\"file-contents\">"
                           "<Hash><ds:DigestMethod Algorithm=\"%s\"/><ds:DigestValue>%s"
                           "</ds:DigestValue></Hash></HashData></File></FileData></RecordData>"
                           "</Record>\n",
                           digest_method(finding->hash_kind), digest);
}

static void add_assessment(GString *xml, const char *word, const char *severity)
{
    const char *level = !severity                           ? NULL
                        : strcmp(severity, "info") == 0     ? "low"
                        : strcmp(severity, "critical") == 0 ? "high"
                                                            : severity;
    g_string_append(xml, "<Assessment>");
    add_element(xml, "IncidentCategory", word);
    g_string_append(xml, "<SystemImpact");
    add_attribute(xml, "severity", level);
    add_attribute(xml, "type", iodef_words_impact_of_class(word));
    g_string_append(xml, "/></Assessment>\n");
}

static void add_event(GString *xml, const Finding *finding)
{
    g_string_append(xml, "<EventData>\n");
    add_element(xml, "Description", finding->description);
    add_time(xml, "DetectTime", finding->time);
    add_assessment(xml, finding->classification, finding->severity);
    if (finding->address || finding->prefix || finding->domain || finding->url || finding->email)
        add_system(xml, finding);
    if (finding->hash)
        add_hash(xml, finding);
    for (guint i = 0; i < finding->field_count; i++) {
        g_string_append(xml, "<AdditionalData dtype=\"string\"");
        add_attribute(xml, "name", finding->fields[i].name);
        g_string_append(xml, ">");
        add_text(xml, finding->fields[i].value);
        g_string_append(xml, "</AdditionalData>\n");
    }
    g_string_append(xml, "</EventData>\n");
}

/* --- Incidents ------------------------------------------------------------------------------- */

static void add_contact(GString *xml, const IncidentContact *contact)
{
    static const char *const roles[] = {
        "creator", "reporter",        "admin", "tech",   "provider",
        "user",    "billing",         "legal", "abuse",  "irt",
        "cc",      "cc-irt",          "leo",   "vendor", "vendor-services",
        "victim",  "victim-notified", NULL};
    const char *role = word_of(contact->role, roles);
    g_string_append(xml, "<Contact");
    add_attribute(xml, "role", role ? role : "ext-value");
    if (!role)
        add_attribute(xml, "ext-role", contact->role);
    add_attribute(xml, "type", contact->person ? "person" : "organization");
    g_string_append(xml, ">\n");
    add_element(xml, "ContactName", contact->name);
    if (contact->email) {
        g_string_append(xml, "<Email>");
        add_element(xml, "EmailTo", contact->email);
        g_string_append(xml, "</Email>\n");
    }
    if (contact->phone) {
        g_string_append(xml, "<Telephone>");
        add_element(xml, "TelephoneNumber", contact->phone);
        g_string_append(xml, "</Telephone>\n");
    }
    g_string_append(xml, "</Contact>\n");
}

/* The schema wants at least one contact, and RFC 7970 section 3.2 that it is the creator. */
static void add_contacts(GString *xml, const Incident *incident, const IncidentAuthor *author)
{
    if (!incident_contact(incident, "creator")) {
        IncidentContact creator = {(char *)"creator", FALSE, (char *)author->organisation,
                                   (char *)author->email, NULL};
        add_contact(xml, &creator);
    }
    for (guint i = 0; i < incident->contacts->len; i++)
        add_contact(xml, g_ptr_array_index(incident->contacts, i));
}

static void add_incident_tag(GString *xml, const IncidentWriter *writer, const Incident *incident)
{
    static const char *const purposes[] = {"traceback", "mitigation", "reporting",
                                           "watch",     "other",      NULL};
    static const char *const states[] = {"new",      "in-progress", "forwarded",
                                         "resolved", "future",      NULL};
    const char *purpose = word_of(incident->purpose, purposes);
    g_string_append(xml, "<Incident");
    add_attribute(xml, "purpose", purpose ? purpose : "reporting");
    add_attribute(xml, "status", word_of(incident->status, states));
    add_attribute(xml, "restriction",
                  iodef_words_restriction(incident_writers_tlp(writer, incident)));
    g_string_append(xml, ">\n");
}

static gboolean add_incident(IncidentWriter *writer, const Incident *incident, GError **error)
{
    GString *xml = writer->text;
    IncidentAuthor author = incident_writers_author(writer, incident);
    g_autofree char *id = incident_writers_id(incident);
    if (!incident_writers_check_author(&author, FALSE, "IODEF", error))
        return FALSE;
    add_incident_tag(xml, writer, incident);
    g_string_append(xml, "<IncidentID");
    add_attribute(xml, "name", author.numbers);
    g_string_append(xml, ">");
    add_text(xml, id);
    g_string_append(xml, "</IncidentID>\n");
    add_time(xml, "DetectTime", incident->detected);
    add_time(xml, "StartTime", incident->started);
    add_time(xml, "EndTime", incident->ended);
    add_time(xml, "ReportTime", incident->reported);
    add_time(xml, "GenerationTime", incident_writers_created(writer, incident));
    add_element(xml, "Description", incident->title);
    if (g_strcmp0(incident->description, incident->title) != 0)
        add_element(xml, "Description", incident->description);
    add_assessment(xml, incident->classification, incident->severity);
    add_contacts(xml, incident, &author);
    for (guint i = 0; i < incident->findings->len; i++) {
        add_event(xml, g_ptr_array_index(incident->findings, i));
        if (!incident_writers_flush(writer, FALSE, error))
            return FALSE;
    }
    g_string_append(xml, "</Incident>\n");
    return TRUE;
}

gboolean incident_writers_iodef(IncidentWriter *writer, const GPtrArray *incidents, GError **error)
{
    g_string_append(writer->text, XML_HEAD);
    for (guint i = 0; i < incidents->len; i++)
        if (!add_incident(writer, g_ptr_array_index(incidents, i), error))
            return FALSE;
    g_string_append(writer->text, "</IODEF-Document>\n");
    return TRUE;
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* RFC 8727: attributes are members, what may be several is an array; Flow, Record and IndicatorData
 * are left out, and what was in them takes their place. */

static void put_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != 0)
        jsontext_add(doc, object, name, timestamp_format(text, time, 0));
}

static void put_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name,
                     const char *text)
{
    if (text)
        yyjson_mut_arr_add_strcpy(doc, yyjson_mut_obj_add_arr(doc, object, name), text);
}

static void put_assessment(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *word,
                           const char *severity)
{
    const char *level = !severity                           ? NULL
                        : strcmp(severity, "info") == 0     ? "low"
                        : strcmp(severity, "critical") == 0 ? "high"
                                                            : severity;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, parent, "Assessment");
    yyjson_mut_val *assessment = yyjson_mut_arr_add_obj(doc, list);
    put_list(doc, assessment, "IncidentCategory", word);
    yyjson_mut_val *impacts = yyjson_mut_obj_add_arr(doc, assessment, "Impact");
    yyjson_mut_val *impact =
        yyjson_mut_obj_add_obj(doc, yyjson_mut_arr_add_obj(doc, impacts), "SystemImpact");
    jsontext_add(doc, impact, "severity", level);
    jsontext_add(doc, impact, "type", iodef_words_impact_of_class(word));
}

static void put_address(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *category,
                        const char *text)
{
    if (!text)
        return;
    yyjson_mut_val *address = yyjson_mut_arr_add_obj(doc, list);
    jsontext_add(doc, address, "value", text);
    jsontext_add(doc, address, "category", category);
}

static void put_system(yyjson_mut_doc *doc, yyjson_mut_val *event, const Finding *finding)
{
    static const char *const categories[] = {[FINDING_SUBJECT] = "source",
                                             [FINDING_TARGET] = "target",
                                             [FINDING_OTHER] = "intermediate"};
    guint number = iodef_words_protocol_number(finding->protocol);
    gboolean v6 = finding->address && strchr(finding->address, ':');
    gboolean net6 = finding->prefix && strchr(finding->prefix, ':');
    yyjson_mut_val *system =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, event, "System"));
    jsontext_add(doc, system, "category", categories[finding->role]);
    yyjson_mut_val *node = yyjson_mut_obj_add_obj(doc, system, "Node");
    if (finding->domain)
        jsontext_add(doc,
                     yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, node, "DomainData")),
                     "Name", finding->domain);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    put_address(doc, list, v6 ? "ipv6-addr" : "ipv4-addr", finding->address);
    put_address(doc, list, net6 ? "ipv6-net" : "ipv4-net", finding->prefix);
    put_address(doc, list, "site-uri", finding->url);
    put_address(doc, list, "e-mail", finding->email);
    if (finding->asn != 0) {
        g_autofree char *asn = g_strdup_printf("%u", finding->asn);
        put_address(doc, list, "asn", asn);
    }
    if (yyjson_mut_arr_size(list) > 0)
        yyjson_mut_obj_add_val(doc, node, "Address", list);
    if (number == 0 && finding->port == 0)
        return;
    yyjson_mut_val *service =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, system, "Service"));
    if (number != 0)
        yyjson_mut_obj_add_uint(doc, service, "ip-protocol", number);
    if (finding->port != 0)
        yyjson_mut_obj_add_uint(doc, service, "Port", finding->port);
}

static void put_hash(yyjson_mut_doc *doc, yyjson_mut_val *event, const Finding *finding)
{
    g_autofree char *digest = digest_value(finding->hash);
    yyjson_mut_val *record =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, event, "RecordData"));
    yyjson_mut_val *data =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, record, "FileData"));
    yyjson_mut_val *file = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, data, "File"));
    yyjson_mut_val *hashes = yyjson_mut_obj_add_obj(doc, file, "HashData");
    jsontext_add(doc, hashes, "scope", "file-contents");
    yyjson_mut_val *hash = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, hashes, "Hash"));
    jsontext_add(doc, hash, "DigestMethod", digest_method(finding->hash_kind));
    jsontext_add(doc, hash, "DigestValue", digest);
}

static void write_event(IncidentWriter *writer, const Finding *finding)
{
    yyjson_mut_val *event;
    yyjson_mut_doc *doc = jsontext_object(&event);
    put_list(doc, event, "Description", finding->description);
    put_time(doc, event, "DetectTime", finding->time);
    put_assessment(doc, event, finding->classification, finding->severity);
    if (finding->address || finding->prefix || finding->domain || finding->url || finding->email)
        put_system(doc, event, finding);
    if (finding->hash)
        put_hash(doc, event, finding);
    if (finding->field_count > 0) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, event, "AdditionalData");
        for (guint i = 0; i < finding->field_count; i++) {
            yyjson_mut_val *data = yyjson_mut_arr_add_obj(doc, list);
            jsontext_add(doc, data, "value", finding->fields[i].value);
            jsontext_add(doc, data, "name", finding->fields[i].name);
            jsontext_add(doc, data, "dtype", "string");
        }
    }
    incident_writers_json(writer, doc);
}

static void put_contact(yyjson_mut_doc *doc, yyjson_mut_val *list, const IncidentContact *contact)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
    jsontext_add(doc, object, "role", contact->role);
    jsontext_add(doc, object, "type", contact->person ? "person" : "organization");
    put_list(doc, object, "ContactName", contact->name);
    if (contact->email)
        jsontext_add(doc, yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, object, "Email")),
                     "EmailTo", contact->email);
    if (contact->phone)
        jsontext_add(doc,
                     yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, object, "Telephone")),
                     "TelephoneNumber", contact->phone);
}

static void put_contacts(yyjson_mut_doc *doc, yyjson_mut_val *object, const Incident *incident,
                         const IncidentAuthor *author)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "Contact");
    if (!incident_contact(incident, "creator")) {
        IncidentContact creator = {(char *)"creator", FALSE, (char *)author->organisation,
                                   (char *)author->email, NULL};
        put_contact(doc, list, &creator);
    }
    for (guint i = 0; i < incident->contacts->len; i++)
        put_contact(doc, list, g_ptr_array_index(incident->contacts, i));
}

/* Everything but the events. */
static yyjson_mut_doc *incident_document(const IncidentWriter *writer, const Incident *incident,
                                         const IncidentAuthor *author)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    g_autofree char *id = incident_writers_id(incident);
    yyjson_mut_doc_set_root(doc, object);
    jsontext_add(doc, object, "purpose", incident->purpose ? incident->purpose : "reporting");
    jsontext_add(doc, object, "status", incident->status);
    jsontext_add(doc, object, "restriction",
                 iodef_words_restriction(incident_writers_tlp(writer, incident)));
    yyjson_mut_val *identifier = yyjson_mut_obj_add_obj(doc, object, "IncidentID");
    jsontext_add(doc, identifier, "id", id);
    jsontext_add(doc, identifier, "name", author->numbers);
    put_time(doc, object, "DetectTime", incident->detected);
    put_time(doc, object, "StartTime", incident->started);
    put_time(doc, object, "EndTime", incident->ended);
    put_time(doc, object, "ReportTime", incident->reported);
    put_time(doc, object, "GenerationTime", incident_writers_created(writer, incident));
    yyjson_mut_val *texts = yyjson_mut_obj_add_arr(doc, object, "Description");
    yyjson_mut_arr_add_strcpy(doc, texts, incident->title);
    if (incident->description && strcmp(incident->description, incident->title) != 0)
        yyjson_mut_arr_add_strcpy(doc, texts, incident->description);
    put_assessment(doc, object, incident->classification, incident->severity);
    put_contacts(doc, object, incident, author);
    return doc;
}

static gboolean write_incident(IncidentWriter *writer, const Incident *incident, GError **error)
{
    IncidentAuthor author = incident_writers_author(writer, incident);
    if (!incident_writers_check_author(&author, FALSE, "IODEF", error))
        return FALSE;
    incident_writers_json(writer, incident_document(writer, incident, &author));
    if (incident->findings->len == 0)
        return TRUE;
    g_string_truncate(writer->text, writer->text->len - 1); /* the closing brace */
    g_string_append(writer->text, ",\"EventData\":[");
    for (guint i = 0; i < incident->findings->len; i++) {
        g_string_append(writer->text, i > 0 ? ",\n" : "\n");
        write_event(writer, g_ptr_array_index(incident->findings, i));
        if (!incident_writers_flush(writer, FALSE, error))
            return FALSE;
    }
    g_string_append(writer->text, "]}");
    return TRUE;
}

gboolean incident_writers_iodef_json(IncidentWriter *writer, const GPtrArray *incidents,
                                     GError **error)
{
    g_string_append(writer->text, "{\"version\":\"2.0\",\"Incident\":[\n");
    for (guint i = 0; i < incidents->len; i++) {
        if (i > 0)
            g_string_append(writer->text, ",\n");
        if (!write_incident(writer, g_ptr_array_index(incidents, i), error))
            return FALSE;
    }
    g_string_append(writer->text, "]}\n");
    return TRUE;
}
