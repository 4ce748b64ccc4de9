#include "findings.h"
#include "intake/incident.h"
#include "intake/rsit.h"

/* --- Text ------------------------------------------------------------------------------------ */

static void test_text(void)
{
    static const struct {
        const char *line;
        const char *values[4]; /* in their order */
        guint port;            /* of the first */
    } cases[] = {
        {"192.0.2.1", {"192.0.2.1"}, 0},
        {"192.0.2.1:8080", {"192.0.2.1"}, 8080},
        {"Please look at (192.0.2.7), and at 2001:DB8::0:1.", {"192.0.2.7", "2001:db8::1"}, 0},
        {"hxxp://login[.]alder[.]example/a?b=1 still there",
         {"http://login.alder.example/a?b=1"},
         0},
        {"src=192.0.2.3 dst=198.51.100.4 proto=tcp", {"192.0.2.3", "198.51.100.4"}, 0},
        {"url=http://birch.example/a,b;c=(d)", {"http://birch.example/a,b;c=(d)"}, 0},
        {"Failed password for root from 192.0.2.9 port 52342 ssh2", {"192.0.2.9"}, 52342},
        {"mail from: <someone@cedar.example>", {"someone@cedar.example"}, 0},
        {"net 203.0.113.0/24 and AS64496", {"203.0.113.0/24"}, 0},
        {"192.0.2.5 - - [10/Oct/2026:13:55:36 +0200] \"GET /index.php HTTP/1.1\" 200 12 \"-\" "
         "\"Mozilla/5.0 (X11) lib/1.2\"",
         {"192.0.2.5"},
         0},
        {"127.0.0.1 0.0.0.0 ::1 setup.exe file.txt 10:20:30", {NULL}, 0},
        {"the same 192.0.2.1 and 192.0.2.1 once", {"192.0.2.1"}, 0},
        {"alder.example, birch.example", {"alder.example", "birch.example"}, 0},
        {"44d88612fea8a8f36de82e1278abb02f", {"44d88612fea8a8f36de82e1278abb02f"}, 0},
        {"session 44d88612fea8a8f36de82e1278abb02f", {NULL}, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Findings) findings = {0};
        findings_read_bytes(&findings, cases[i].line, strlen(cases[i].line), NULL);
        guint count = 0;
        for (; count < 4 && cases[i].values[count]; count++) {
            if (count >= findings.found->len)
                g_error("\"%s\": %u findings", cases[i].line, findings.found->len);
            g_assert_cmpstr(finding_value(findings_at(&findings, count), NULL), ==,
                            cases[i].values[count]);
        }
        if (findings.found->len != count)
            g_error("\"%s\": %u findings, not %u", cases[i].line, findings.found->len, count);
        if (count > 0)
            g_assert_cmpuint(findings_at(&findings, 0)->port, ==, cases[i].port);
        else
            g_assert_error(findings.error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static void test_text_lines(void)
{
    static const char text[] = "# a comment with 192.0.2.99\n"
                               "2026-01-31 12:30:00 deny 192.0.2.1\r\n"
                               "\n"
                               "nothing here\n"
                               "10/Oct/2026:13:55:36 +0200 192.0.2.2\n"
                               "2026-01-31T12:30:00.25+01:00: 192.0.2.3";
    g_auto(Findings) findings = {0};
    findings_read(&findings, text, NULL);
    g_assert_cmpint(findings.summary.format, ==, FINDING_FORMAT_TEXT);
    g_assert_cmpuint(findings.found->len, ==, 3);
    g_assert_cmpuint(findings.summary.records, ==, 4);
    g_assert_cmpuint(findings.summary.empty, ==, 1);
    const Finding *first = findings_at(&findings, 0);
    g_assert_cmpuint(first->line, ==, 2);
    g_assert_cmpint(first->time, ==, 1769862600 * G_GINT64_CONSTANT(1000000));
    g_assert_cmpstr(finding_field(first, "LINE"), ==, "2026-01-31 12:30:00 deny 192.0.2.1");
    g_assert_cmpstr(first->classification, ==, RSIT_UNDETERMINED);
    g_assert_cmpint(findings_at(&findings, 1)->time, ==, 1791633336 * G_GINT64_CONSTANT(1000000));
    g_assert_cmpint(findings_at(&findings, 2)->time, ==, 1769859000250000);
    g_assert_cmpuint(findings_at(&findings, 2)->line, ==, 6);
}

static void test_long_lines(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 200000; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, " 192.0.2.1\n192.0.2.2\n");
    g_auto(Findings) findings = {0};
    findings_read(&findings, text->str, NULL);
    g_assert_cmpstr(findings_at(&findings, findings.found->len - 1)->address, ==, "192.0.2.2");
}

/* --- Tables ---------------------------------------------------------------------------------- */

static const char telnet[] =
    "\"timestamp\",\"severity\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\"geo\","
    "\"naics\",\"sector\",\"banner\"\n"
    "\"2026-01-30 00:11:22\",\"high\",\"192.0.2.10\",\"tcp\",\"23\",\"host.alder.example\","
    "\"telnet-alt\",\"64496\",\"AA\",\"0\",\"\",\"login: , please\"\n"
    "\"2026-01-30 00:11:23\",\"high\",\"999.0.2.10\",\"tcp\",\"23\",\"\",\"telnet\",\"64496\","
    "\"AA\",\"0\",\"\",\"\"\n"
    "\"2026-01-30 00:11:24\",\"medium\",\"2001:DB8::0:a\",\"tcp\",\"2323\",\"\",\"telnet\","
    "\"64497\",\"BB\",\"0\",\"\",\"\"\n";

static void test_shadowserver(void)
{
    FindingOptions options = {.name = "in/2026-01-30-scan6_telnet-alder-asn.csv"};
    g_auto(Findings) findings = {0};
    findings_read(&findings, telnet, &options);
    g_assert_cmpint(findings.summary.format, ==, FINDING_FORMAT_SHADOWSERVER);
    g_assert_cmpstr(findings.summary.what, ==, "Shadowserver report scan6_telnet");
    g_assert_cmpuint(findings.found->len, ==, 2);
    g_assert_cmpuint(findings.summary.refused, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 0), ==,
                    "line 3: address: \"999.0.2.10\" is no address");
    const Finding *first = findings_at(&findings, 0);
    g_assert_cmpstr(first->address, ==, "192.0.2.10");
    g_assert_null(first->domain); /* its reverse name is not what it is about */
    g_assert_cmpuint(first->port, ==, 23);
    g_assert_cmpstr(first->protocol, ==, "tcp");
    g_assert_cmpuint(first->asn, ==, 64496);
    g_assert_cmpstr(first->severity, ==, "high");
    g_assert_cmpstr(first->classification, ==, "vulnerable.vulnerable-system");
    g_assert_cmpstr(first->report_type, ==, "scan6_telnet");
    g_assert_cmpstr(first->description, ==, "Vulnerable System: telnet-alt");
    g_assert_cmpstr(finding_field(first, "banner"), ==, "login: , please");
    g_assert_cmpint(first->time, ==, 1769731882 * G_GINT64_CONSTANT(1000000));
    g_assert_cmpstr(findings_at(&findings, 1)->address, ==, "2001:db8::a");
}

static void test_shadowserver_types(void)
{
    static const struct {
        const char *type, *header, *row, *value, *word;
        FindingRole role;
    } cases[] = {
        {"event4_honeypot_ddos_target", "timestamp,dst_ip,dst_port,dst_geo,src_ip",
         "2026-01-30 00:00:00,192.0.2.1,80,AA,198.51.100.1", "192.0.2.1", "availability.ddos",
         FINDING_TARGET},
        {"event6_sinkhole_http_referer", "timestamp,http_referer_ip,http_referer_geo,dst_ip",
         "2026-01-30 00:00:00,2001:db8::7,AA,198.51.100.1", "2001:db8::7",
         "malicious-code.infected-system", FINDING_SUBJECT},
        {"malware_url", "timestamp,url,ip,geo",
         "2026-01-30 00:00:00,http://a.alder.example/x,192.0.2.2,AA", "http://a.alder.example/x",
         "malicious-code.malware-distribution", FINDING_SUBJECT},
        {"compromised_account", "timestamp,email,public_source",
         "2026-01-30 00:00:00,Someone@Birch.example,x", "someone@birch.example",
         "information-content-security.data-leak", FINDING_SUBJECT},
        {"scan_ssh", "timestamp,ip,geo", "2026-01-30 00:00:00,192.0.2.3,AA", "192.0.2.3",
         "other.other", FINDING_SUBJECT},
        {"scan_ssl_poodle", "timestamp,ip,geo", "2026-01-30 00:00:00,192.0.2.3,AA", "192.0.2.3",
         "vulnerable.weak-crypto", FINDING_SUBJECT},
        {NULL, "timestamp,ip,geo", "2026-01-30 00:00:00,192.0.2.3,AA", "192.0.2.3",
         RSIT_UNDETERMINED, FINDING_SUBJECT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("%s\n%s\n", cases[i].header, cases[i].row);
        FindingOptions options = {.report_type = cases[i].type};
        g_auto(Findings) findings = {0};
        findings_read(&findings, text, &options);
        const Finding *finding = findings_at(&findings, 0);
        g_assert_cmpstr(finding_value(finding, NULL), ==, cases[i].value);
        g_assert_cmpstr(finding->classification, ==, cases[i].word);
        g_assert_cmpint(finding->role, ==, cases[i].role);
    }
    FindingOptions wrong = {.report_type = "no_such_report"};
    findings_fail(telnet, &wrong, "no report of Shadowserver is called");
}

static void test_csv(void)
{
    static const char text[] = "Time;Source IP;Port;Class;Description;Other\n"
                               "2026-01-31T10:00:00Z;192.0.2.1;22;brute-force;many tries;=1+1\n"
                               ";;;;nothing;\n"
                               "not a time;192.0.2.2;22;x;y;z\n"
                               "2026-01-31;192.0.2.3;99999;x;y;z\n"
                               "2026-01-31;192.0.2.3;1;x;y;z;too;many\n"
                               "2026-01-31;192.0.2.4/32;;Fraud: Phishing;;\n";
    g_auto(Findings) findings = {0};
    findings_read(&findings, text, NULL);
    g_assert_cmpint(findings.summary.format, ==, FINDING_FORMAT_CSV);
    g_assert_cmpuint(findings.found->len, ==, 3);
    g_assert_cmpuint(findings.summary.empty, ==, 1);
    g_assert_cmpuint(findings.summary.refused, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 0), ==,
                    "line 4: time: \"not a time\" is no time");
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 1), ==,
                    "line 6: 8 columns where the header has 6");
    g_assert_cmpstr(findings_at(&findings, 0)->classification, ==,
                    "intrusion-attempts.brute-force");
    g_assert_cmpstr(finding_field(findings_at(&findings, 0), "Other"), ==, "=1+1");
    g_assert_cmpuint(findings_at(&findings, 1)->port, ==, 0);
    g_assert_cmpstr(findings_at(&findings, 2)->classification, ==, "fraud.phishing");
    g_assert_cmpstr(findings_at(&findings, 2)->address, ==, "192.0.2.4");
}

static void test_csv_columns(void)
{
    FindingOptions options = {.csv_columns = "address=where,time=1"};
    g_auto(Findings) findings = {0};
    findings_read(&findings, "when,where,what\n2026-01-31,192.0.2.1,x\n", &options);
    g_assert_cmpstr(findings_at(&findings, 0)->address, ==, "192.0.2.1");
    options.csv_columns = "address=nowhere";
    findings_fail("when,where\n2026-01-31,192.0.2.1\n", &options, "no column \"nowhere\"");
    options.csv_columns = "place=where";
    findings_fail("when,where\n2026-01-31,192.0.2.1\n", &options, "no role");
    options.csv_columns = "time=1";
    findings_fail("when,where\n2026-01-31,192.0.2.1\n", &options, "columns: none holds");
}

/* --- X-ARF ----------------------------------------------------------------------------------- */

#define REPORTER                                                                                   \
    "\"reporter\":{\"org\":\"Alder CSIRT\",\"contact\":\"csirt@alder.example\","                   \
    "\"domain\":\"alder.example\"}"
#define V4(id, rest)                                                                               \
    "{\"xarf_version\":\"4.2.0\",\"report_id\":\"" id                                              \
    "\",\"timestamp\":\"2026-01-31T10:00:00Z\"," REPORTER "," rest "}"
#define LOGIN(id, source)                                                                          \
    V4(id, "\"category\":\"connection\",\"type\":\"login_attack\",\"source_identifier\":" source   \
           ",\"source_port\":52000,\"protocol\":\"TCP\",\"evidence\":[{\"payload\":\"AAAA\"}]")
#define V3(report)                                                                                 \
    "{\"Version\":\"3\",\"ReporterInfo\":{\"ReporterOrg\":\"Birch\"},\"Report\":" report "}"

static void test_xarf(void)
{
    g_auto(Findings) findings = {0};
    findings_read(&findings, LOGIN("r-1", "\"192.0.2.1\""), NULL);
    g_assert_cmpint(findings.summary.format, ==, FINDING_FORMAT_XARF);
    const Finding *finding = findings_at(&findings, 0);
    g_assert_cmpstr(finding->address, ==, "192.0.2.1");
    g_assert_cmpuint(finding->port, ==, 52000);
    g_assert_cmpstr(finding->protocol, ==, "tcp");
    g_assert_cmpstr(finding->classification, ==, "intrusion-attempts.brute-force");
    g_assert_cmpstr(finding->report_id, ==, "r-1");
    g_assert_cmpstr(finding->reporter, ==, "Alder CSIRT");
    g_assert_cmpstr(finding_field(finding, "reporter.domain"), ==, "alder.example");
    g_assert_cmpstr(finding_field(finding, "source_port"), ==, "52000");
    g_assert_null(finding_field(finding, "evidence"));
}

/* One bad report never costs its neighbours, in any of the three forms. */
static void test_xarf_many(void)
{
    static const char array[] =
        "[" LOGIN("1", "\"192.0.2.1\"") "," LOGIN("2", "\"nobody\"") "," LOGIN(
            "3", "[1]") ", {\"x\":1}, " LOGIN("4", "\"alder.example\"") "]";
    static const char lines[] =
        LOGIN("1", "\"192.0.2.1\"") "\n{\"xarf_version\":\"4.0.0\",oops}\n" LOGIN(
            "2", "\"192.0.2.2\"") "\n" V3("{\"ReportClass\":\"Activity\",\"ReportType\":\"Spam\","
                                          "\"Date\":\"2026-01-31T10:00:00Z\",\"SourceIp\":"
                                          "\"192.0.2.3\",\"SourcePort\":25}") "\n" V3("{}");
    g_auto(Findings) findings = {0}, more = {0};
    findings_read(&findings, array, NULL);
    g_assert_cmpuint(findings.found->len, ==, 2);
    g_assert_cmpuint(findings.summary.refused, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 0), ==,
                    "$[1].source_identifier: source_identifier: \"nobody\" is no address, name, "
                    "URL, e-mail address or hash");
    g_assert_cmpstr(g_ptr_array_index(findings.refused, 1), ==,
                    "$[2].source_identifier: not a text");
    findings_read(&more, lines, NULL);
    g_assert_cmpuint(more.found->len, ==, 3);
    g_assert_cmpuint(more.summary.refused, ==, 2);
    g_assert_cmpstr(findings_at(&more, 2)->classification, ==, "abusive-content.spam");
    g_assert_cmpstr(g_ptr_array_index(more.refused, 1), ==,
                    "report 5.Report.ReportClass: there is none");
}

static void test_refused(void)
{
    findings_fail("", NULL, "empty");
    findings_fail("{\"a\":1}", NULL, "neither X-ARF, IODEF nor STIX");
    findings_fail("<?xml version=\"1.0\"?><html/>", NULL, "no IODEF document");
    findings_fail("just words\n", NULL, "nothing found");
    findings_fail(LOGIN("1", "null"), NULL, "none of 1 record(s) could be used");
    g_auto(Findings) findings = {0};
    g_assert_false(findings_read_bytes(&findings, "a\0b", 3, NULL));
    g_assert_error(findings.error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* --- Mails ----------------------------------------------------------------------------------- */

#define LINES                                                                                      \
    "---\nReported-From: csirt@alder.example\nCategory: abuse\nReport-Type: login-attack\n"        \
    "Service: ssh\nPort: 22\nVersion: 0.2\nDate: Sat, 31 Jan 2026 10:00:00 +0100\n"                \
    "Source-Type: ip-address\nSource: 192.0.2.44\nReport-ID: 17@alder.example\n"

static void check_login(const Finding *finding)
{
    g_assert_cmpstr(finding->address, ==, "192.0.2.44");
    g_assert_cmpstr(finding->classification, ==, "intrusion-attempts.brute-force");
    g_assert_cmpstr(finding->report_id, ==, "17@alder.example");
    g_assert_cmpstr(finding->reporter, ==, "csirt@alder.example");
    g_assert_cmpuint(finding->port, ==, 22);
    g_assert_cmpint(finding->time, ==, G_GINT64_CONSTANT(1769850000000000));
    g_assert_cmpstr(finding_field(finding, "Service"), ==, "ssh");
}

static void test_mail(void)
{
    static const char mail[] =
        "From: csirt@alder.example\r\nSubject: abuse\r\nX-XARF: PLAIN\r\nContent-Type: "
        "multipart/mixed;\r\n charset=utf8; boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\n\r\nDear "
        "all, see 198.51.100.1\r\n--b1\r\nContent-Type: text/plain; name=\"report.txt\"\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n" LINES
        "\r\n--b1\r\nContent-Type: text/plain\r\n\r\nlog of 203.0.113.1\r\n--b1--\r\n";
    g_auto(Findings) alone = {0}, whole = {0}, json = {0}, none = {0};
    findings_read(&alone, LINES, NULL);
    g_assert_cmpint(alone.summary.format, ==, FINDING_FORMAT_XARF_MAIL);
    g_assert_cmpuint(alone.found->len, ==, 1);
    check_login(findings_at(&alone, 0));
    findings_read(&whole, mail, NULL);
    g_assert_cmpuint(whole.found->len, ==, 1);
    check_login(findings_at(&whole, 0));

    static const char report[] = LOGIN("1", "\"192.0.2.1\"");
    g_autofree char *packed = g_base64_encode((const guchar *)report, strlen(report));
    g_autofree char *text = g_strdup_printf(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: "
        "multipart/related; boundary=y\n\n--y\n\ntext\n--y--\n--x\nContent-Type: application/json\n"
        "Content-Transfer-Encoding: base64\n\n%s\n--x--\n",
        packed);
    findings_read(&json, text, NULL);
    g_assert_cmpuint(json.found->len, ==, 1);
    g_assert_cmpstr(findings_at(&json, 0)->report_id, ==, "1");

    findings_read(&none, "From: a@alder.example\nSubject: x\n\nplease see 192.0.2.9\n", NULL);
    g_assert_cmpstr(findings_at(&none, 0)->address, ==, "192.0.2.9");
}

/* --- Findings themselves --------------------------------------------------------------------- */

static void test_bounds(void)
{
    g_autoptr(GString) text = g_string_new("address");
    for (guint i = 0; i < 400; i++)
        g_string_append_printf(text, ",c%u", i);
    g_string_append(text, "\n192.0.2.1,\"");
    for (guint i = 0; i < 5000; i++)
        g_string_append(text, "\xc3\xa4");
    g_string_append(text, "\"");
    for (guint i = 1; i < 400; i++)
        g_string_append_printf(text, ",\xff%u", i);
    FindingOptions options = {.format = FINDING_FORMAT_CSV};
    g_auto(Findings) findings = {0};
    findings_read(&findings, text->str, &options);
    const Finding *finding = findings_at(&findings, 0);
    g_assert_cmpuint(finding->field_count, ==, FINDING_MAX_FIELDS);
    g_assert_true(finding->fields_cut);
    g_assert_cmpuint(strlen(finding_field(finding, "c0")), ==, FINDING_MAX_TEXT);
    for (guint i = 0; i < finding->field_count; i++)
        g_assert_true(g_utf8_validate(finding->fields[i].value, -1, NULL));
}

static void test_keys(void)
{
    Finding one = {.address = "192.0.2.1", .classification = "other.other", .port = 1, .time = 5};
    Finding other = one;
    g_autofree char *first = finding_key(&one);
    other.time = 6;
    other.line = 9;
    g_autofree char *same = finding_key(&other);
    other.port = 2;
    g_autofree char *port = finding_key(&other);
    other = one;
    other.address = NULL;
    other.domain = "192.0.2.1";
    g_autofree char *kind = finding_key(&other);
    g_assert_cmpuint(strlen(first), ==, 64);
    g_assert_cmpstr(first, ==, same);
    g_assert_cmpstr(first, !=, port);
    g_assert_cmpstr(first, !=, kind);
}

static void test_rsit(void)
{
    static const char *const words[][2] = {
        {"fraud.phishing", "fraud.phishing"},
        {"Fraud/Phishing", "fraud.phishing"},
        {"rsit:malicious-code=\"c2-server\"", "malicious-code.c2-server"},
        {"phishing", "fraud.phishing"},
        {"Malicious Code: Infected System", "malicious-code.infected-system"},
        {"c2server", "malicious-code.c2-server"},
        {"other.blocklist", "other.other"},
        {"nonsense", NULL},
        {"", NULL},
        {"fraud.nonsense", NULL},
    };
    guint count;
    const RsitClass *classes = rsit_classes(&count);
    g_assert_cmpuint(count, ==, 39);
    for (guint i = 0; i < count; i++)
        g_assert_true(rsit_find(classes[i].word) == &classes[i]);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        const RsitClass *class = rsit_find(words[i][0]);
        g_assert_cmpstr(class ? class->word : NULL, ==, words[i][1]);
    }
}

/* A table is one incident; X-ARF reports are one each, with who reported them. */
static void test_incidents(void)
{
    FindingOptions options = {.name = "scan_telnet.csv"};
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) table = stream_from_memory(telnet, strlen(telnet));
    g_autoptr(GPtrArray) one = incident_read(table, &options, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(one->len, ==, 1);
    const Incident *incident = g_ptr_array_index(one, 0);
    g_assert_cmpuint(incident->findings->len, ==, 2);
    g_assert_cmpstr(incident->severity, ==, "high");
    g_assert_cmpstr(incident->title, ==, "Shadowserver report scan_telnet");
    g_assert_cmpint(incident->started, ==, 1769731882 * G_GINT64_CONSTANT(1000000));

    static const char reports[] =
        LOGIN("a", "\"192.0.2.1\"") LOGIN("b", "7") LOGIN("c", "\"192.0.2.3\"");
    g_autoptr(Stream) stream = stream_from_memory(reports, strlen(reports));
    g_autoptr(GPtrArray) two = incident_read(stream, &options, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(two->len, ==, 2);
    incident = g_ptr_array_index(two, 1);
    g_assert_cmpstr(incident->id, ==, "c");
    g_assert_cmpstr(incident->title, ==, "Login Attempts (login_attack)");
    g_assert_cmpstr(incident_contact(incident, "creator")->email, ==, "csirt@alder.example");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/finding/text", test_text);
    g_test_add_func("/finding/text-lines", test_text_lines);
    g_test_add_func("/finding/long-lines", test_long_lines);
    g_test_add_func("/finding/shadowserver", test_shadowserver);
    g_test_add_func("/finding/shadowserver-types", test_shadowserver_types);
    g_test_add_func("/finding/csv", test_csv);
    g_test_add_func("/finding/csv-columns", test_csv_columns);
    g_test_add_func("/finding/xarf", test_xarf);
    g_test_add_func("/finding/xarf-many", test_xarf_many);
    g_test_add_func("/finding/mail", test_mail);
    g_test_add_func("/finding/refused", test_refused);
    g_test_add_func("/finding/bounds", test_bounds);
    g_test_add_func("/finding/keys", test_keys);
    g_test_add_func("/finding/rsit", test_rsit);
    g_test_add_func("/finding/incidents", test_incidents);
    return g_test_run();
}
