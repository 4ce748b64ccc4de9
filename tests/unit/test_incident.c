/* Incidents written in every format and read back: what is said stays said, and what the formats
 * demand is there. */
#include <glib/gstdio.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <unistd.h>
#include <yyjson.h>

#include "findings.h"
#include "intake/incident_write.h"
#include "stix/object.h"

static const char table[] =
    "address,domain,url,email,prefix,port,protocol,asn,hash,time,class,severity,description,role,"
    "extra\n"
    "192.0.2.1,,,,,23,tcp,64496,,2026-01-31T10:00:00Z,vulnerable.vulnerable-system,high,"
    "open & <telnet>,subject,=1+1\n"
    "2001:db8::1,,,,,0,,,,2026-01-31T10:00:01Z,intrusion-attempts.brute-force,low,,target,\"a "
    "\"\"b\"\"\"\n"
    ",www.alder.example,,,,,,,,,fraud.phishing,,\xc3\xa4\xc3\xb6,other,\n"
    ",,http://www.birch.example/a?b=1&c=2,,,,,,,2026-01-31T10:00:02Z,fraud.phishing,,,subject,x\n"
    ",,,someone@cedar.example,,,,,,,abusive-content.spam,,-1 cell,subject,\n"
    ",,,,203.0.113.0/24,,,,,,other.other,,,subject,\n"
    ",,,,,,,,44d88612fea8a8f36de82e1278abb02f,,malicious-code.malware-distribution,,,other,\n"
    "198.51.100.7,,http://198.51.100.7:8080/x,,,8080,tcp,64497,,2026-01-31T10:00:03Z,"
    "malicious-code.malware-distribution,critical,,subject,\n";

static const IncidentWriteOptions options = {
    .organisation = "Alder <CSIRT> & Co",
    .email = "csirt@alder.example",
    .now = G_GINT64_CONSTANT(1770000000000000),
    .tlp = "amber",
};

static gboolean keep(gpointer user, const char *text, gsize length, GError **error)
{
    g_string_append_len(user, text, (gssize)length);
    return TRUE;
}

static GPtrArray *read_text(const char *text, gsize length)
{
    static const FindingOptions none = {0};
    g_autoptr(GError) error = NULL;
    g_auto(FindingSummary) summary = {0};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    GPtrArray *incidents = incident_read(stream, &none, &summary, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(summary.refused, ==, 0);
    return incidents;
}

static GString *write_as(const GPtrArray *incidents, IncidentWriteFormat format)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(incident_write(incidents, format, &options, keep, text, &error));
    g_assert_no_error(error);
    return text;
}

static guint count_findings(const GPtrArray *incidents)
{
    guint count = 0;
    for (guint i = 0; i < incidents->len; i++)
        count += ((const Incident *)g_ptr_array_index(incidents, i))->findings->len;
    return count;
}

/* The finding of @incidents that is about @value. */
static const Finding *find(const GPtrArray *incidents, const char *value)
{
    for (guint i = 0; i < incidents->len; i++) {
        const Incident *incident = g_ptr_array_index(incidents, i);
        for (guint k = 0; k < incident->findings->len; k++) {
            const Finding *finding = g_ptr_array_index(incident->findings, k);
            if (strcmp(finding_value(finding, NULL), value) == 0)
                return finding;
        }
    }
    g_error("no finding about %s", value);
}

/* What is written as @format and read again says the same of every finding; @class, @port and so on
 * where the format can say it. */
static void check_round(IncidentWriteFormat format, gboolean severities, gboolean fields)
{
    g_autoptr(GPtrArray) incidents = read_text(table, strlen(table));
    const Incident *first = g_ptr_array_index(incidents, 0);
    g_assert_cmpuint(incidents->len, ==, 1);
    g_assert_cmpuint(first->findings->len, ==, 8);
    g_autoptr(GString) text = write_as(incidents, format);
    g_autoptr(GString) same = write_as(incidents, format);
    g_assert_cmpstr(text->str, ==, same->str);
    g_autoptr(GPtrArray) again = read_text(text->str, text->len);
    g_assert_cmpuint(count_findings(again), ==, 8);
    for (guint i = 0; i < 8; i++) {
        const Finding *old = g_ptr_array_index(first->findings, i);
        const Finding *new = find(again, finding_value(old, NULL));
        g_assert_cmpstr(new->address, ==, old->address);
        g_assert_cmpstr(new->prefix, ==, old->prefix);
        g_assert_cmpstr(new->domain, ==, old->domain);
        g_assert_cmpstr(new->email, ==, old->email);
        g_assert_cmpstr(new->hash, ==, old->hash);
        g_assert_cmpstr(new->classification, ==, old->classification);
        g_assert_cmpint(new->role, ==, old->role);
        g_assert_cmpuint(new->port, ==, old->port);
        g_assert_cmpuint(new->asn, ==, old->asn);
        if (old->time != 0)
            g_assert_cmpint(new->time, ==, old->time);
        if (severities)
            g_assert_cmpstr(new->description, ==, old->description);
        if (fields)
            g_assert_cmpstr(finding_field(new, "extra"), ==, finding_field(old, "extra"));
    }
}

static void test_iodef(void)
{
    check_round(INCIDENT_WRITE_IODEF, FALSE, TRUE);
}

static void test_iodef_json(void)
{
    check_round(INCIDENT_WRITE_IODEF_JSON, FALSE, TRUE);
}

static void test_stix(void)
{
    check_round(INCIDENT_WRITE_STIX, FALSE, FALSE);
}

/* --- What is about the incident -------------------------------------------------------------- */

static Incident *make_incident(void)
{
    Incident *incident = incident_new();
    incident->id = g_strdup("2026-17");
    incident->id_source = g_strdup("csirt.birch.example");
    incident->title = g_strdup("Phishing in the name of a bank");
    incident->description = g_strdup("First line\nsecond \"line\" & <more>");
    incident->classification = g_strdup("fraud.phishing");
    incident->severity = g_strdup("high");
    incident->status = g_strdup("in-progress");
    incident->purpose = g_strdup("mitigation");
    incident->tlp = g_strdup("green");
    incident->created = G_GINT64_CONSTANT(1769999990000000);
    incident->detected = incident->started = G_GINT64_CONSTANT(1769990000000000);
    incident_add_contact(incident, "creator", FALSE, "Birch CSIRT", "csirt@birch.example",
                         "+1 555 0100");
    incident_add_contact(incident, "victim", TRUE, "Somebody", NULL, NULL);
    return incident;
}

static void check_incident(IncidentWriteFormat format, gboolean all)
{
    g_autoptr(GPtrArray) incidents = g_ptr_array_new_with_free_func((GDestroyNotify)incident_free);
    Incident *old = make_incident();
    Finding finding = {.url = "http://bank.alder.example/",
                       .classification = "fraud.phishing",
                       .time = G_GINT64_CONSTANT(1769990000000000)};
    g_ptr_array_add(incidents, old);
    g_ptr_array_add(old->findings, finding_copy(&finding));
    g_autoptr(GString) text = write_as(incidents, format);
    g_autoptr(GPtrArray) again = read_text(text->str, text->len);
    g_assert_cmpuint(again->len, ==, 1);
    const Incident *new = g_ptr_array_index(again, 0);
    g_assert_cmpstr(new->title, ==, old->title);
    g_assert_cmpstr(new->id, ==, old->id);
    g_assert_cmpstr(new->id_source, ==, old->id_source);
    g_assert_cmpstr(new->description, ==, old->description);
    g_assert_cmpstr(new->classification, ==, old->classification);
    g_assert_cmpstr(new->severity, ==, old->severity);
    g_assert_cmpstr(new->status, ==, old->status);
    g_assert_cmpstr(new->tlp, ==, old->tlp);
    g_assert_cmpint(new->created, ==, old->created);
    g_assert_cmpstr(incident_contact(new, "creator")->email, ==, "csirt@birch.example");
    if (!all)
        return;
    g_assert_cmpstr(new->purpose, ==, old->purpose);
    g_assert_cmpint(new->detected, ==, old->detected);
    g_assert_cmpstr(incident_contact(new, "creator")->phone, ==, "+1 555 0100");
    g_assert_true(incident_contact(new, "victim")->person);
}

static void test_heads(void)
{
    check_incident(INCIDENT_WRITE_IODEF, TRUE);
    check_incident(INCIDENT_WRITE_IODEF_JSON, TRUE);
    check_incident(INCIDENT_WRITE_STIX, FALSE);
}

/* --- CSV ------------------------------------------------------------------------------------- */

static void test_csv(void)
{
    g_autoptr(GPtrArray) incidents = read_text(table, strlen(table));
    g_autoptr(GString) text = write_as(incidents, INCIDENT_WRITE_CSV);
    /* No cell begins with what a spreadsheet computes. */
    for (const char *at = text->str; (at = strpbrk(at, ",\n")); at++)
        g_assert_null(strchr("=+-@", at[1] == '"' ? at[2] : at[1] ? at[1] : ' '));
    g_assert_nonnull(strstr(text->str, "\"'=1+1\""));
    g_assert_nonnull(strstr(text->str, "\"a \"\"b\"\"\""));
    g_autoptr(GPtrArray) again = read_text(text->str, text->len);
    g_assert_cmpuint(count_findings(again), ==, 8);
    const Finding *finding = find(again, "http://198.51.100.7:8080/x");
    g_assert_cmpstr(finding->address, ==, "198.51.100.7");
    g_assert_cmpstr(finding->severity, ==, "critical");
    g_assert_cmpuint(finding->asn, ==, 64497);
    g_assert_cmpint(find(again, "2001:db8::1")->role, ==, FINDING_TARGET);
}

/* --- X-ARF ----------------------------------------------------------------------------------- */

/* What the schemas of version 4.2 demand of all reports, and of those of a type. */
static void check_report(yyjson_val *report)
{
    static const char *const all[] = {"xarf_version", "report_id",        "timestamp",
                                      "reporter",     "sender",           "category",
                                      "type",         "source_identifier"};
    static const char *const people[] = {"reporter", "sender"};
    static const char *const members[] = {"org", "contact", "domain"};
    static const struct {
        const char *category, *type, *member;
    } demands[] = {
        {"connection", NULL, "protocol"},   {"connection", NULL, "first_seen"},
        {"content", NULL, "url"},           {"content", "fraud", "fraud_type"},
        {"vulnerability", NULL, "service"}, {"reputation", NULL, "threat_type"},
        {"messaging", NULL, "protocol"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        g_assert_nonnull(yyjson_obj_get(report, all[i]));
    for (guint i = 0; i < G_N_ELEMENTS(people); i++)
        for (guint k = 0; k < G_N_ELEMENTS(members); k++)
            g_assert_true(
                yyjson_is_str(yyjson_obj_get(yyjson_obj_get(report, people[i]), members[k])));
    const char *category = yyjson_get_str(yyjson_obj_get(report, "category"));
    const char *type = yyjson_get_str(yyjson_obj_get(report, "type"));
    for (guint i = 0; i < G_N_ELEMENTS(demands); i++)
        if (strcmp(demands[i].category, category) == 0 &&
            (!demands[i].type || strcmp(demands[i].type, type) == 0))
            g_assert_nonnull(yyjson_obj_get(report, demands[i].member));
}

static void test_xarf(void)
{
    g_autoptr(GPtrArray) incidents = read_text(table, strlen(table));
    g_autoptr(GString) text = write_as(incidents, INCIDENT_WRITE_XARF);
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    guint count = 0;
    for (; lines[count] && *lines[count]; count++) {
        yyjson_doc *doc = yyjson_read(lines[count], strlen(lines[count]), 0);
        g_assert_nonnull(doc);
        check_report(yyjson_doc_get_root(doc));
        g_assert_true(g_hash_table_add(
            ids, g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "report_id")))));
        yyjson_doc_free(doc);
    }
    g_assert_cmpuint(count, ==, 8);
    static const FindingOptions none = {0};
    g_autoptr(GError) error = NULL;
    g_auto(FindingSummary) summary = {0};
    g_autoptr(Stream) stream = stream_from_memory(text->str, text->len);
    g_autoptr(GPtrArray) again = incident_read(stream, &none, &summary, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(summary.findings, ==, 8);
    g_assert_cmpstr(find(again, "http://www.birch.example/a?b=1&c=2")->classification, ==,
                    "fraud.phishing");
    g_assert_cmpuint(find(again, "192.0.2.1")->port, ==, 23);
}

/* What a format demands and nobody said is an error. */
static void test_unknown_author(void)
{
    static const IncidentWriteOptions nobody = {.now = 1};
    static const IncidentWriteFormat formats[] = {INCIDENT_WRITE_IODEF, INCIDENT_WRITE_IODEF_JSON,
                                                  INCIDENT_WRITE_XARF, INCIDENT_WRITE_STIX};
    g_autoptr(GPtrArray) incidents = read_text(table, strlen(table));
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(incident_write(incidents, formats[i], &nobody, keep, text, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

/* --- Schemas --------------------------------------------------------------------------------- */

static void test_stix_objects(void)
{
    g_autoptr(GPtrArray) incidents = read_text(table, strlen(table));
    g_ptr_array_add(incidents, make_incident());
    g_autoptr(GString) text = write_as(incidents, INCIDENT_WRITE_STIX);
    yyjson_doc *doc = yyjson_read(text->str, text->len, 0);
    g_assert_nonnull(doc);
    size_t at, count;
    yyjson_val *value;
    yyjson_arr_foreach (yyjson_obj_get(yyjson_doc_get_root(doc), "objects"), at, count, value) {
        gsize length;
        g_autoptr(GError) error = NULL;
        char *bytes = yyjson_val_write(value, 0, &length);
        g_autoptr(Object) object =
            object_read(bytes, length, OBJECT_SPEC_21, OBJECT_DEFAULT, &error);
        g_assert_no_error(error);
        g_assert_nonnull(object);
        free(bytes);
    }
    g_assert_cmpuint(count, >, 20);
    yyjson_doc_free(doc);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* What the schema imports, as much of it as it refers to. */
static void write_imports(const char *folder)
{
#define SCHEMA(space, content)                                                                     \
    "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"" space            \
    "\" elementFormDefault=\"qualified\">" content "</xs:schema>"
#define ANY(name) "<xs:element name=\"" name "\" type=\"xs:anyType\"/>"
    write_file(
        folder, "stub-dsig.xsd",
        SCHEMA(
            "http://www.w3.org/2000/09/xmldsig#",
            ANY("DigestMethod") "<xs:element name=\"DigestValue\" type=\"xs:base64Binary\"/>" ANY(
                "CanonicalizationMethod") ANY("Signature") ANY("X509Data")));
    write_file(folder, "stub-enum.xsd",
               SCHEMA("urn:ietf:params:xml:ns:iodef-enum-1.0", ANY("ReferenceName")));
    write_file(folder, "stub-sci.xsd",
               SCHEMA("urn:ietf:params:xml:ns:iodef-sci-1.0",
                      ANY("AttackPattern") ANY("Vulnerability") ANY("Weakness")));
    write_file(folder, "stub-xml.xsd",
               SCHEMA("http://www.w3.org/XML/1998/namespace",
                      "<xs:attribute name=\"lang\" type=\"xs:language\"/>"));
}

static void say_nothing(void *user, const char *format, ...)
{
}

static void fail_loudly(void *user, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_test_message("schema: %s", message);
}

/* What is written is valid by the schema of RFC 7970: the table's, and every sample's. */
static void test_schema(void)
{
    const char *data = g_getenv("CONCERT_DATA");
    g_autofree char *samples = data ? g_build_filename(data, "incident", "iodef", NULL) : NULL;
    g_autofree char *schema_path =
        samples ? g_build_filename(samples, "iodef-2.0-local.xsd", NULL) : NULL;
    g_autofree char *schema_text = NULL;
    if (!schema_path || !g_file_get_contents(schema_path, &schema_text, NULL, NULL)) {
        g_print("# SKIP the schema of IODEF: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *folder = g_dir_make_tmp("concert-iodef-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "iodef.xsd", NULL);
    write_file(folder, "iodef.xsd", schema_text);
    write_imports(folder);
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaSetParserErrors(parser, fail_loudly, say_nothing, NULL);
    xmlSchema *schema = xmlSchemaParse(parser);
    g_assert_nonnull(schema);
    xmlSchemaFreeParserCtxt(parser);

    g_autoptr(GDir) dir = g_dir_open(samples, 0, NULL);
    guint checked = 0;
    for (const char *name = ""; name; name = g_dir_read_name(dir)) {
        g_autofree char *text = NULL;
        g_autofree char *sample = g_build_filename(samples, name, NULL);
        gsize length = strlen(table);
        if (*name && !g_str_has_suffix(name, ".xml") && !g_str_has_suffix(name, ".json"))
            continue;
        if (*name)
            g_assert_true(g_file_get_contents(sample, &text, &length, NULL));
        static const FindingOptions none = {0};
        g_autoptr(Stream) stream = stream_from_memory(text ? text : table, length);
        g_autoptr(GPtrArray) incidents = incident_read(stream, &none, NULL, NULL);
        g_assert_nonnull(incidents);
        if (!*name)
            g_ptr_array_add(incidents, make_incident());
        g_autoptr(GString) xml = write_as(incidents, INCIDENT_WRITE_IODEF);
        xmlDoc *document = xmlReadMemory(xml->str, (int)xml->len, "written", NULL, XML_PARSE_NONET);
        g_assert_nonnull(document);
        xmlSchemaValidCtxt *validity = xmlSchemaNewValidCtxt(schema);
        xmlSchemaSetValidErrors(validity, fail_loudly, say_nothing, NULL);
        if (xmlSchemaValidateDoc(validity, document) != 0)
            g_error("%s: not valid:\n%s", name, xml->str);
        xmlSchemaFreeValidCtxt(validity);
        xmlFreeDoc(document);
        checked++;
    }
    g_assert_cmpuint(checked, >=, 14);
    xmlSchemaFree(schema);
    static const char *const written[] = {"iodef.xsd", "stub-dsig.xsd", "stub-enum.xsd",
                                          "stub-sci.xsd", "stub-xml.xsd"};
    for (guint i = 0; i < G_N_ELEMENTS(written); i++) {
        g_autofree char *file = g_build_filename(folder, written[i], NULL);
        g_unlink(file);
    }
    g_rmdir(folder);
}

/* --- Hostile XML ----------------------------------------------------------------------------- */

#define DOCUMENT(content)                                                                          \
    "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\" version=\"2.00\">" content         \
    "</IODEF-Document>"
#define HEAD                                                                                       \
    "<IncidentID name=\"a\">1</IncidentID><Contact role=\"creator\" type=\"organization\">"        \
    "<ContactName>Alder</ContactName></Contact>"
#define EVENT(address)                                                                             \
    "<EventData><Flow><System category=\"source\"><Node><Address category=\"ipv4-addr\">" address  \
    "</Address></Node></System></Flow></EventData>"

static void test_hostile(void)
{
    findings_fail("<!DOCTYPE x [<!ENTITY a \"192.0.2.1\">]>" DOCUMENT(
                      "<Incident purpose=\"other\">" HEAD EVENT("&a;") "</Incident>"),
                  NULL, "DOCTYPE");
    findings_fail(DOCUMENT("<Incident purpose=\"other\">" HEAD EVENT("&a;") "</Incident>"), NULL,
                  "Entity 'a' not defined");
    findings_fail("<?xml version=\"1.0\"?><x><IODEF-Document/></x>", NULL, "root element");
    g_autoptr(GString) deep = g_string_new("<IODEF-Document><Incident>");
    for (guint i = 0; i < 100000; i++)
        g_string_append(deep, "<EventData>");
    findings_fail(deep->str, NULL, "depth");
}

/* What stands well before an error is read, and the error is told with its line. */
static void test_broken(void)
{
    static const char text[] =
        "<IODEF-Document>\n<Incident purpose=\"watch\">\n" HEAD
        "\n" EVENT("192.0.2.1") "\n" EVENT("192.0.2.999") "\n" EVENT("192.0.2.3");
    g_autoptr(GString) whole = g_string_new(text);
    for (guint i = 0; i < 100; i++)
        g_string_append(whole, "\n" EVENT("192.0.2.3"));
    g_string_append(whole, "\n<EventData></Oops>" EVENT("192.0.2.4"));
    g_auto(Findings) findings = {0};
    findings_read(&findings, whole->str, NULL);
    g_assert_cmpuint(findings.found->len, >, 90);
    g_assert_cmpuint(findings_at(&findings, 0)->line, ==, 4);
    g_assert_cmpuint(findings.summary.refused, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 0), ==,
                    "/IODEF-Document/Incident[1]/EventData[2]/Flow[1]/System[1]/Node[1]: Address: "
                    "\"192.0.2.999\" is no address");
    g_assert_true(g_str_has_prefix(g_ptr_array_index(findings.refused, 1), "line 107: "));
}

/* An event in an event inherits; bulk lists and folded URLs are taken apart and put together. */
static void test_shapes(void)
{
    static const char text[] = DOCUMENT(
        "<Incident purpose=\"watch\">" HEAD
        "<EventData><DetectTime>2026-01-31T10:00:00+01:00</DetectTime><Description>outer"
        "</Description><Flow><System category=\"source\"><Node><Address category=\"ipv4-addr\">"
        "192.0.2.1</Address><Address category=\"ipv4-addr\">192.0.2.2</Address>"
        "<Address category=\"site-uri\">http://a.alder.example/\n   b?c</Address></Node>"
        "<NodeRole category=\"phishing-site\"/><Service ip-protocol=\"6\"><Port>80</Port></Service>"
        "</System></Flow><EventData><Flow><System category=\"target\"><Node><DomainData><Name>"
        "www.birch.example</Name></DomainData></Node></System></Flow></EventData></EventData>"
        "<IndicatorData><Indicator><IndicatorID name=\"a\" version=\"1\">i-1</IndicatorID>"
        "<Observable><BulkObservable type=\"fqdn\"><BulkObservableList>\n a.cedar.example\n "
        "b.cedar.example\n</BulkObservableList></BulkObservable></Observable></Indicator>"
        "</IndicatorData></Incident>");
    g_auto(Findings) findings = {0};
    findings_read(&findings, text, NULL);
    g_assert_cmpuint(findings.found->len, ==, 5);
    const Finding *finding = findings_at(&findings, 1);
    g_assert_cmpstr(finding->address, ==, "192.0.2.2");
    g_assert_cmpstr(finding->url, ==, "http://a.alder.example/b?c");
    g_assert_cmpstr(finding->classification, ==, "fraud.phishing");
    g_assert_cmpuint(finding->port, ==, 80);
    g_assert_cmpstr(finding->protocol, ==, "tcp");
    finding = findings_at(&findings, 2);
    g_assert_cmpint(finding->role, ==, FINDING_TARGET);
    g_assert_cmpstr(finding->description, ==, "outer");
    g_assert_cmpint(finding->time, ==, findings_at(&findings, 0)->time);
    g_assert_cmpstr(findings_at(&findings, 4)->domain, ==, "b.cedar.example");
    g_assert_cmpstr(findings_at(&findings, 4)->report_id, ==, "i-1");
}

/* 100,000 findings in seconds, in memory that does not grow with them. */
static void test_many(void)
{
    g_autoptr(GString) text = g_string_new("<IODEF-Document><Incident purpose=\"watch\">" HEAD);
    for (guint i = 0; i < 20000; i++)
        g_string_append_printf(text, EVENT("10.%u.%u.%u"), i >> 16, (i >> 8) & 255, i & 255);
    g_string_append(text, "</Incident></IODEF-Document>");
    g_autoptr(GPtrArray) incidents = read_text(text->str, text->len);
    g_assert_cmpuint(count_findings(incidents), ==, 20000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/incident/iodef", test_iodef);
    g_test_add_func("/incident/iodef-json", test_iodef_json);
    g_test_add_func("/incident/stix", test_stix);
    g_test_add_func("/incident/heads", test_heads);
    g_test_add_func("/incident/csv", test_csv);
    g_test_add_func("/incident/xarf", test_xarf);
    g_test_add_func("/incident/unknown-author", test_unknown_author);
    g_test_add_func("/incident/stix-objects", test_stix_objects);
    g_test_add_func("/incident/schema", test_schema);
    g_test_add_func("/incident/hostile", test_hostile);
    g_test_add_func("/incident/broken", test_broken);
    g_test_add_func("/incident/shapes", test_shapes);
    g_test_add_func("/incident/many", test_many);
    return g_test_run();
}
