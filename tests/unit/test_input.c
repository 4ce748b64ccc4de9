#include "shield/input.h"

#include <string.h>

#include "base/timestamp.h"
#include "cli/match_options.h"

#define NOW    G_GINT64_CONSTANT(1717243200000000) /* 2024-06-01T12:00:00Z */

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void append_end(GString *into, const char *sign, const ObservationEnd *end)
{
    char text[OBSERVABLE_ADDRESS_MAX];
    if (!end->known && end->port == 0)
        return;
    if (end->known)
        observable_address_format(&end->address, text);
    g_string_append_printf(into, "%s%s", sign, end->known ? text : "?");
    if (end->port != 0)
        g_string_append_printf(into, "#%u", end->port);
    g_string_append_c(into, ' ');
}

/* "2024-01-31T10:00:00.000Z <192.0.2.1#1234 >192.0.2.2#80 tcp | field kind=text; field=text". */
static char *describe(const Observation *observation)
{
    GString *into = g_string_new(NULL);
    char time[TIMESTAMP_MAX];

    if (observation->time != 0)
        g_string_append_printf(into, "%s ", timestamp_format(time, observation->time, 3));
    append_end(into, "<", &observation->source);
    append_end(into, ">", &observation->destination);
    if (observation->protocol)
        g_string_append_printf(into, "%s ", observation->protocol);
    g_string_append_c(into, '|');
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        const char *kind = observable_kind_name(value->kind);
        g_string_append_printf(into, " %s%s%s=%.*s;", value->field, kind ? " " : "",
                               kind ? kind : "", (int)value->length, value->text);
    }
    return g_string_free(into, FALSE);
}

static Input *begin(const char *format, const char *header)
{
    const InputFormat *found = input_format_find(format);
    g_assert_nonnull(found);
    Input *input = input_new(found, NOW);
    if (header)
        input_take_headers(input, header, strlen(header), TRUE);
    return input;
}

/* Reads an exact copy, so that a read past the end is an error under AddressSanitizer; NULL: the
 * line is text. */
static char *read_line(Input *input, const char *line)
{
    gsize length = strlen(line);
    g_autofree char *copy = g_memdup2(line, length);
    g_autofree Observation *observation = g_new0(Observation, 1);

    if (!input_read(input, copy, length, observation))
        return NULL;
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        g_assert_cmpuint(input_offset(input, value, value->text, value->length), <=, length);
    }
    return describe(observation);
}

typedef struct {
    const char *line, *said; /* said NULL: the line is text */
} Case;

static void check(const char *format, const char *header, const Case *cases)
{
    g_autoptr(Input) input = begin(format, header);
    g_autoptr(Input) copy = input_copy(input);
    for (; cases->line; cases++) {
        g_test_message("%s", cases->line);
        g_autofree char *said = read_line(input, cases->line);
        g_assert_cmpstr(said, ==, cases->said);
        g_autofree char *again = read_line(copy, cases->line);
        g_assert_cmpstr(again, ==, cases->said);
    }
}

#define CASES(...) ((const Case[]){__VA_ARGS__, {NULL, NULL}})

static void test_eve(void)
{
    check("eve", NULL,
          CASES({"{\"timestamp\":\"2024-01-31T10:00:00.123456+0100\",\"flow_id\":1,"
                 "\"event_type\":\"http\",\"src_ip\":\"192.0.2.1\",\"src_port\":1234,"
                 "\"dest_ip\":\"198.51.100.2\",\"dest_port\":80,\"proto\":\"TCP\","
                 "\"http\":{\"hostname\":\"alder.example\",\"url\":\"\\/a?b=\\u0041\","
                 "\"http_user_agent\":\"Mozilla\\/5.0\"}}",
                 "2024-01-31T09:00:00.123Z <192.0.2.1#1234 >198.51.100.2#80 tcp | "
                 "event_type=http; src_ip ipv4=192.0.2.1; dest_ip ipv4=198.51.100.2; proto=TCP; "
                 "http.hostname domain=alder.example; http.url=/a?b=A; "
                 "http.http_user_agent other=Mozilla/5.0; url url=http://alder.example/a?b=A;"},
                {"{\"http\":{\"url\":\"/a\",\"hostname\":\"alder.example\",\"http_port\":8080}}",
                 "| http.url=/a; http.hostname domain=alder.example; "
                 "url url=http://alder.example:8080/a; url url=https://alder.example:8080/a;"},
                {"{\"dest_port\":443,\"http\":{\"hostname\":\"alder.example\",\"url\":\"/\"}}",
                 ">?#443 | http.hostname domain=alder.example; http.url=/; "
                 "url url=https://alder.example/;"},
                /* a proxy was asked: the whole URL is there */
                {"{\"http\":{\"hostname\":\"birch.example\",\"url\":\"http://alder.example/a\"}}",
                 "| http.hostname domain=birch.example; http.url url=http://alder.example/a;"},
                {"{\"dns\":{\"answers\":[{\"rrname\":\"a.example\",\"rdata\":\"192.0.2.1\"},"
                 "{\"rdata\":\"192.0.2.2\"}],\"grouped\":{\"A\":[\"192.0.2.3\"]}}}",
                 "| dns.answers.rrname domain=a.example; dns.answers.rdata domain=192.0.2.1; "
                 "dns.answers.rdata domain=192.0.2.2; dns.grouped.A ipv4=192.0.2.3;"},
                {"{\"tls\":{\"sni\":\"a.example\",\"ja3\":{\"hash\":\"" MD5 "\"}}}",
                 "| tls.sni domain=a.example; tls.ja3.hash ja3=" MD5 ";"},
                {"{\"fileinfo\":{\"sha256\":\"" SHA256 "\"}}",
                 "| fileinfo.sha256 sha256=" SHA256 ";"},
                /* unknown fields and telling keys are text; numbers and nulls are nothing */
                {"{\"x\":{\"y.example\":\"z\",\"n\":5,\"o\":null,\"p\":true}}",
                 "| key=y.example; x.y.example=z;"},
                {"{}", "|"}, {"{\"src_ip\":\"\",\"dest_ip\":\"-\"}", "|"},
                {"{\"src_ip\":\"nonsense\",\"src_port\":99999}", "| src_ip ipv4=nonsense;"},
                /* broken */
                {"", NULL}, {"[1]", NULL}, {"{\"a\":\"b\"", NULL}, {"{\"a\":\"b\"} x", NULL},
                {"plain text", NULL}, {"{\"a\":\"\\ud800\"}", NULL}));
}

static void test_json(void)
{
    check("json", NULL,
          CASES({"{\"@timestamp\":\"2024-01-31T10:00:00Z\",\"source\":{\"ip\":\"192.0.2.1\","
                 "\"port\":5},\"destination.ip\":\"2001:db8::2\",\"url\":{\"domain\":"
                 "\"alder.example\",\"path\":\"/a\",\"query\":\"b\",\"scheme\":\"https\"}}",
                 "2024-01-31T10:00:00.000Z <192.0.2.1#5 >2001:db8::2 | source.ip ipv4=192.0.2.1; "
                 "destination.ip ipv4=2001:db8::2; url.domain domain=alder.example; url.path=/a; "
                 "url.query=b; url url=https://alder.example/a?b;"},
                {"{\"remote_addr\":\"192.0.2.1\",\"host\":\"alder.example\",\"request_uri\":\"/\","
                 "\"scheme\":\"http\",\"time\":1700000000.5}",
                 "2023-11-14T22:13:20.500Z <192.0.2.1 | remote_addr ipv4=192.0.2.1; "
                 "host domain=alder.example; request_uri=/; url url=http://alder.example/;"},
                /* as others keep it, and write times */
                {" {\"_source\":{\"@timestamp\":1700000000500,\"client\":{\"ip\":\"192.0.2.1\"}}} ",
                 "2023-11-14T22:13:20.500Z <192.0.2.1 | client.ip ipv4=192.0.2.1;"},
                {"{\"TimeCreated\":\"\\/Date(1700000000500)\\/\",\"MachineName\":\"a.example\"}",
                 "2023-11-14T22:13:20.500Z | MachineName domain=a.example;"},
                {"\xef\xbb\xbf{\"x\":\"a.example\"},", "| x=a.example;"}, {"{\"x\":1,}", NULL},
                {"[{}]", NULL}, {"  ", NULL}, {",", NULL}));
}

static void test_zeek(void)
{
    const char *header = "#separator \\x09\n#set_separator\t,\n#path\thttp\n"
                         "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\thost\turi\tx\n";
    check("zeek", header,
          CASES({"1331901000.500000\t192.0.2.1\t1234\t192.0.2.2\t80\talder.example\t/a\\x09b\t-",
                 "2012-03-16T12:30:00.500Z <192.0.2.1#1234 >192.0.2.2#80 | id.orig_h "
                 "ipv4=192.0.2.1; id.resp_h ipv4=192.0.2.2; host domain=alder.example; "
                 "uri=/a\tb; url url=http://alder.example/a\tb;"},
                {"1\t-\t-\t-\t-\t-\t-\t(empty)", "| x=(empty);"}, {"#close\t2024-01-01", NULL},
                {"too\tfew", NULL}, {"", NULL}, {"1\t2\t3\t4\t5\t6\t7\t8\t9", NULL}));
    /* No header yet, another separator, another header later. */
    check("zeek", NULL, CASES({"1\t2", NULL}));
    check("zeek", "#separator |\n#fields|query|answers\n",
          CASES({"a.example|b.example,192.0.2.1",
                 "| query domain=a.example; answers domain=b.example,192.0.2.1;"}));
    g_autoptr(Input) input = begin("zeek", header);
    const char *later = "1\t2\nx\n#separator \\x09\n#fields\tquery\n#types\tstring\n";
    input_take_headers(input, later, strlen(later), FALSE);
    g_autofree char *said = read_line(input, "a.example");
    g_assert_cmpstr(said, ==, "| query domain=a.example;");
    check("zeek-json", NULL,
          CASES({"{\"ts\":1331901000.5,\"uid\":\"C1\",\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":5,"
                 "\"proto\":\"udp\",\"query\":\"a.example\",\"answers\":[\"b.example\"]}",
                 "2012-03-16T12:30:00.500Z <192.0.2.1#5 udp | uid=C1; id.orig_h ipv4=192.0.2.1; "
                 "proto=udp; query domain=a.example; answers domain=b.example;"}));
}

static void test_access(void)
{
#define TIME "[31/Jan/2024:10:00:00 +0100]"
#define SAID "2024-01-31T09:00:00.000Z "
    check("access", NULL,
          CASES({"192.0.2.1 - mallory " TIME " \"GET /a HTTP/1.1\" 200 5",
                 SAID "<192.0.2.1 | remote_host domain=192.0.2.1; user=mallory; request=/a; "
                      "status=200; bytes=5;"},
                {"www.example - - " TIME " \"GET /a\\\"b HTTP/1.1\" 200 5 \"http://b.example/c\" "
                 "\"Mozilla/5.0 \\x41\" 192.0.2.7",
                 SAID "| remote_host domain=www.example; request=/a\"b; status=200; bytes=5; "
                      "referer url=http://b.example/c; user_agent other=Mozilla/5.0 A; "
                      "more=192.0.2.7;"},
                {"alder.example:443 2001:db8::1 - - " TIME " \"GET /a?b HTTP/1.1\" 200 -",
                 SAID "<2001:db8::1 | vhost domain=alder.example:443; "
                      "remote_host domain=2001:db8::1; request=/a?b; status=200; "
                      "url url=http://alder.example:443/a?b; "
                      "url url=https://alder.example:443/a?b;"},
                {"192.0.2.1 - - " TIME " \"GET http://alder.example/a HTTP/1.1\" 200 5",
                 SAID "<192.0.2.1 | remote_host domain=192.0.2.1; "
                      "request url=http://alder.example/a; status=200; bytes=5;"},
                {"192.0.2.1 - - " TIME " \"\\x16\\x03\" 400 5",
                 SAID "<192.0.2.1 | remote_host domain=192.0.2.1; request=\x16\x03; status=400; "
                      "bytes=5;"},
                {"192.0.2.1 - - " TIME " \"-\" 408 -",
                 SAID "<192.0.2.1 | remote_host domain=192.0.2.1; status=408;"},
                {"", NULL}, {"a b c d e f g", NULL}, {"192.0.2.1 - - [now] \"GET\" 1 2", NULL},
                {"\"\"\"\"\"\"", NULL}, {"192.0.2.1 - - " TIME, NULL}));
}

static void test_cef(void)
{
    check("cef", NULL,
          CASES({"CEF:0|Alder|Wall|1.2.3.4|9|a\\|b|5|src=192.0.2.1 spt=5 dst=192.0.2.2 dpt=80 "
                 "proto=TCP msg=two words a\\=b request=http://alder.example/?a\\=b "
                 "rt=1700000000000",
                 "2023-11-14T22:13:20.000Z <192.0.2.1#5 >192.0.2.2#80 tcp | deviceVendor=Alder; "
                 "deviceProduct=Wall; version other=1.2.3.4; class=9; name=a|b; severity=5; "
                 "src ipv4=192.0.2.1; dst ipv4=192.0.2.2; proto=TCP; msg=two words a=b; "
                 "request url=http://alder.example/?a=b;"},
                {"<13>Jan 31 10:00:00 birch CEF:0|A|B|1|2|n|3|dhost=alder.example",
                 "2024-01-31T10:00:00.000Z | syslog=<13>Jan 31 10:00:00 birch ; deviceVendor=A; "
                 "deviceProduct=B; version other=1; class=2; name=n; severity=3; "
                 "dhost domain=alder.example;"},
                {"CEF:0|A|B|1|2|n|3|", "| deviceVendor=A; deviceProduct=B; version other=1; "
                                       "class=2; name=n; severity=3;"},
                {"CEF:0|A|B|1|2|n|3|alder.example",
                 "| deviceVendor=A; deviceProduct=B; version other=1; class=2; name=n; severity=3; "
                 "more=alder.example;"},
                {"CEF:0|A|B", NULL}, {"CEF:", NULL}, {"", NULL}, {"x CEFx", NULL}));
}

static void test_leef(void)
{
    check(
        "leef", NULL,
        CASES({"LEEF:1.0|Alder|Wall|1.2.3.4|deny|src=192.0.2.1\tsrcPort=5\tdst=192.0.2.2\t"
               "dstPort=80\tproto=TCP\tmsg=two words\turl=http://alder.example/?a=b\t"
               "devTime=Jan 31 2024 10:00:00",
               "2024-01-31T10:00:00.000Z <192.0.2.1#5 >192.0.2.2#80 tcp | vendor=Alder; "
               "product=Wall; version other=1.2.3.4; event=deny; src ipv4=192.0.2.1; "
               "dst ipv4=192.0.2.2; proto=TCP; msg=two words; url url=http://alder.example/?a=b;"},
              /* the delimiter: a character, its number, none, or what rsyslog made of a tab */
              {"LEEF:2.0|A|B|1|e|^|src=192.0.2.1^x=a|b",
               "<192.0.2.1 | vendor=A; product=B; version other=1; event=e; src ipv4=192.0.2.1; "
               "x=a|b;"},
              {"LEEF:2.0|A|B|1|e|0x7C|src=192.0.2.1|x=a",
               "<192.0.2.1 | vendor=A; product=B; version other=1; event=e; src ipv4=192.0.2.1; "
               "x=a;"},
              {"LEEF:2.0|A|B|1|e|x09|src=192.0.2.1\tx=a",
               "<192.0.2.1 | vendor=A; product=B; version other=1; event=e; src ipv4=192.0.2.1; "
               "x=a;"},
              {"LEEF:2.0|A|B|1|e||src=192.0.2.1\tx=a",
               "<192.0.2.1 | vendor=A; product=B; version other=1; event=e; src ipv4=192.0.2.1; "
               "x=a;"},
              {"LEEF:2.0|A|B|1|e|x=a|b\tsrc=192.0.2.1",
               "<192.0.2.1 | vendor=A; product=B; version other=1; event=e; x=a|b; "
               "src ipv4=192.0.2.1;"},
              {"<13>Jan 31 10:00:00 birch LEEF:1.0|A|B|1|e|src=192.0.2.1#011x=a",
               "2024-01-31T10:00:00.000Z <192.0.2.1 | syslog=<13>Jan 31 10:00:00 birch ; "
               "vendor=A; product=B; version other=1; event=e; src ipv4=192.0.2.1; x=a;"},
              {"LEEF:1.0|A|B|1|e|", "| vendor=A; product=B; version other=1; event=e;"},
              {"LEEF:1.0|A|B|1|e|alder.example",
               "| vendor=A; product=B; version other=1; event=e; more=alder.example;"},
              {"LEEF:1.0|A|B|1", NULL}, {"LEEF:", NULL}, {"", NULL}, {"x LEEFx", NULL}));
}

static void test_syslog(void)
{
    check("syslog", NULL,
          CASES({"<34>Jan 31 10:00:00 birch su: failed for alder.example",
                 "2024-01-31T10:00:00.000Z | host domain=birch; "
                 "message=su: failed for alder.example;"},
                /* the last such date: June 1 is today, December was last year */
                {"Dec  1 10:00:00 birch x", "2023-12-01T10:00:00.000Z | host domain=birch; "
                                            "message=x;"},
                {"Jun  1 23:00:00 birch x", "2024-06-01T23:00:00.000Z | host domain=birch; "
                                            "message=x;"},
                {"Feb 29 10:00:00 birch x", "2024-02-29T10:00:00.000Z | host domain=birch; "
                                            "message=x;"},
                {"<34>1 2024-01-31T10:00:00.003Z birch.example su - ID47 - x",
                 "2024-01-31T10:00:00.003Z | host domain=birch.example; message=su - ID47 - x;"},
                {"<34>1 - - su - - - 192.0.2.1", "| message=su - - - 192.0.2.1;"},
                {"2024-01-31T10:00:00.5+02:00 192.0.2.9 sshd[5]: x",
                 "2024-01-31T08:00:00.500Z | host domain=192.0.2.9; message=sshd[5]: x;"},
                {"Jan 31 10:00:00 kernel: x", "2024-01-31T10:00:00.000Z | message=kernel: x;"},
                {"", NULL}, {"<", NULL}, {"<1>", NULL}, {"<1234567>Jan", NULL},
                {"Jan 31 25:00:00 birch x", NULL}, {"Jan 31 10:00:00", NULL},
                {"Foo 31 10:00:00 birch x", NULL}));
}

static void test_windows(void)
{
    check("windows-xml", NULL,
          CASES({"<Event xmlns='http://schemas.example/event'><System><Provider Name='Sysmon'/>"
                 "<TimeCreated SystemTime='2024-01-31T10:00:00.1234567Z'/><EventID>3</EventID>"
                 "<Computer>pc.birch.example</Computer></System><EventData>"
                 "<Data Name='SourceIp'>192.0.2.1</Data><Data Name='SourcePort'>5</Data>"
                 "<Data Name=\"DestinationIp\">192.0.2.2</Data><Data Name='Protocol'>tcp</Data>"
                 "<Data Name='CommandLine'>a &lt;b&gt; &amp;&#x41;&#66; &nbsp;</Data>"
                 "<Data Name='Hashes'>SHA1=" SHA1 ",MD5=" MD5 ",IMPHASH=" MD5 "</Data>"
                 "</EventData></Event>",
                 "2024-01-31T10:00:00.123Z <192.0.2.1#5 >192.0.2.2 tcp | Name=Sysmon; EventID=3; "
                 "Computer domain=pc.birch.example; SourceIp ipv4=192.0.2.1; "
                 "DestinationIp ipv4=192.0.2.2; Protocol=tcp; CommandLine=a <b> &AB &nbsp;; "
                 "Hashes sha1=" SHA1 "; Hashes md5=" MD5 ";"},
                {"<Event a='1'>x</Event>", "| a=1; Event=x;"},
                {"<Event a='1'>&#0;&#x110000;&#55296;</Event>",
                 "| a=1; Event=&#0;&#x110000;&#55296;;"},
                {"<Event><System><TimeCreated SystemTime='2024-01-31T10:00:00Z'/></System>"
                 "<Data Name='DestinationIp'><![CDATA[192.0.2.2]]></Data><Data Name='CommandLine'>"
                 "a &lt; <![CDATA[ <b> &lt; ]] > ]]><![CDATA[]]>&gt;</Data></Event>",
                 "2024-01-31T10:00:00.000Z >192.0.2.2 | DestinationIp ipv4=192.0.2.2; "
                 "CommandLine=a <; CommandLine=<b> &lt; ]] >; CommandLine=>;"},
                {"<Event><Data Name='DestinationIp'><![CDATA[192.0.2.2]]></Data><!-- 192.0.2.3\t"
                 "</Event> &lt; --><Data Name='QueryName'><!---->alder.example</Data></Event>",
                 ">192.0.2.2 | DestinationIp ipv4=192.0.2.2; comment=192.0.2.3\t</Event> &lt;; "
                 "QueryName domain=alder.example;"},
                {"<Event><Data Name='x'><![CDATA[<Event></Event>]]>y</Data></Event>",
                 "| x=<Event></Event>; x=y;"},
                {"<Event><![CDATA[x]]", NULL}, {"<Event><![CDATA", NULL}, {"<Event><!--", NULL},
                {"<Event><!--x--", NULL}, {"<Events></Events>", NULL}, {"<Event", NULL},
                {"<Event a=>", NULL}, {"<Event a='>", NULL}, {"<!DOCTYPE x>", NULL},
                {"<Event><!ENTITY", NULL}, {"<Event></", NULL}, {"", NULL}));
    check("windows-json", NULL,
          CASES({"{\"Event\":{\"System\":{\"EventID\":3,\"TimeCreated\":{\"#attributes\":"
                 "{\"SystemTime\":\"2024-01-31T10:00:00Z\"}}},\"EventData\":{\"SourceIp\":"
                 "\"192.0.2.1\",\"Hashes\":\"MD5=" MD5 "\"}}}",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 | SourceIp ipv4=192.0.2.1; "
                 "Hashes md5=" MD5 ";"},
                {"{\"@timestamp\":\"2024-01-31T10:00:00Z\",\"winlog\":{\"event_data\":"
                 "{\"QueryName\":\"alder.example\"}}}",
                 "2024-01-31T10:00:00.000Z | QueryName domain=alder.example;"}));
}

static void test_csv(void)
{
    check("csv", "time,src_ip,Host,path,note\n",
          CASES({"2024-01-31 10:00:00,192.0.2.1,alder.example,/a,\"x, \"\"y\"\" 192.0.2.9\"",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 | src_ip ipv4=192.0.2.1; "
                 "Host domain=alder.example; path=/a; note=x, \"y\" 192.0.2.9; "
                 "url url=http://alder.example/a; url url=https://alder.example/a;"},
                {",,,,", "|"}, {"a,b", NULL}, {"a,b,c,d,e,f", NULL}, {"a,b,c,d,\"e", NULL},
                {"a,b,c,d,\"e\"f", NULL}, {"", NULL},
                {"-, 192.0.2.1 ,,,\"\"", "<192.0.2.1 | src_ip ipv4=192.0.2.1;"}));
    check("csv", "\xef\xbb\xbfmd5;ja3\r\n",
          CASES({MD5 ";" MD5 "\r", "| md5 md5=" MD5 "; ja3 ja3=" MD5 ";"}));
    check("csv", "query\n", CASES({"a.example", "| query domain=a.example;"}));
    check("w3c", "#Version: 1.0\n#Fields: date time c-ip cs-host cs-uri-stem cs-uri-query\n",
          CASES({"2024-01-31 10:00:00 192.0.2.1 alder.example /a b=c",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 | c-ip ipv4=192.0.2.1; "
                 "cs-host domain=alder.example; cs-uri-stem=/a; cs-uri-query=b=c; "
                 "url url=http://alder.example/a?b=c; url url=https://alder.example/a?b=c;"},
                {"#Fields: x", NULL}, {"2024-01-31", NULL}));
}

static void test_dns(void)
{
    check("dns", NULL,
          CASES({"31-Jan-2024 10:00:00.123 queries: info: client @0x7f00 192.0.2.1#5353 "
                 "(www.alder.example): query: www.alder.example IN A +E(0)K (198.51.100.53)",
                 "2024-01-31T10:00:00.123Z <192.0.2.1#5353 >?#53 | message=31-Jan-2024 "
                 "10:00:00.123 queries: info: client @0x7f00 ; client ipv4=192.0.2.1; "
                 "query domain=www.alder.example; message=IN A +E(0)K (198.51.100.53);"},
                {"[1700000000] unbound[12:0] info: 192.0.2.1 www.alder.example. A IN",
                 "2023-11-14T22:13:20.000Z <192.0.2.1 >?#53 | message=[1700000000] ; "
                 "client ipv4=192.0.2.1; query domain=www.alder.example.; message=A IN;"},
                {"Jan 31 10:00:00 dnsmasq[5]: query[A] www.alder.example from 192.0.2.1",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 >?#53 | message=Jan 31 10:00:00 "
                 "dnsmasq[5]: ; query domain=www.alder.example; client ipv4=192.0.2.1;"},
                {"Jan 31 10:00:00 dnsmasq[5]: 7 192.0.2.1/53 reply a.example is 192.0.2.2",
                 "2024-01-31T10:00:00.000Z >?#53 | message=Jan 31 10:00:00 dnsmasq[5]: 7 "
                 "192.0.2.1/53 ; query domain=a.example; answer domain=192.0.2.2;"},
                /* escapes of names are decimal; a dot so written is none between labels */
                {"Jan 31 10:00:00 dnsmasq[5]: query[A] b\\195\\188\\@.alder.example from "
                 "192.0.2.1",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 >?#53 | message=Jan 31 10:00:00 "
                 "dnsmasq[5]: ; query domain=b\303\274@.alder.example; client ipv4=192.0.2.1;"},
                {"Jan 31 10:00:00 dnsmasq[5]: query[A] a\\046b\\.c\\25\\256\\ from 192.0.2.1",
                 "2024-01-31T10:00:00.000Z <192.0.2.1 >?#53 | message=Jan 31 10:00:00 "
                 "dnsmasq[5]: ; query domain=a\\046b\\.c\\25\\256\\; client ipv4=192.0.2.1;"},
                {"31-Jan-2024 10:00:00.123 general: info: running", NULL}, {"", NULL},
                {"client x query:", NULL}, {"dnsmasq[5]: started", NULL},
                {"client query: a b", NULL}));
}

static void test_windows_dns(void)
{
#define PACKET  "PACKET  00000000033397A0 UDP "
#define SPELLED "(3)www(5)alder(7)example(0)"
#define AT_TEN  "2013-06-05T10:00:32.000Z "
    check(
        "windows-dns", NULL,
        CASES({"6/5/2013 10:00:32 AM 0E70 " PACKET
               "Rcv 192.0.2.1       5b47   Q [0001   D   NOERROR] A      " SPELLED "\r",
               AT_TEN "<192.0.2.1 >?#53 udp | message=6/5/2013 10:00:32 AM 0E70 PACKET  "
                      "00000000033397A0 ; protocol=UDP; client ipv4=192.0.2.1; "
                      "message=       5b47   Q [0001   D   NOERROR] A      ; "
                      "query domain=www.alder.example;"},
              /* The client of an answer that was sent, the server of one that came. */
              {"6/5/2013 10:00:32 AM 0E70 " PACKET "Snd 2001:db8::1 5b47 R Q [8081] A " SPELLED,
               AT_TEN "<2001:db8::1 >?#53 udp | message=6/5/2013 10:00:32 AM 0E70 PACKET  "
                      "00000000033397A0 ; protocol=UDP; client ipv4=2001:db8::1; "
                      "message= 5b47 R Q [8081] A ; query domain=www.alder.example;"},
              {"6/5/2013 10:00:32 AM 0E70 " PACKET "Rcv 192.0.2.53 5b47 R Q [8081] A " SPELLED,
               AT_TEN ">192.0.2.53#53 udp | message=6/5/2013 10:00:32 AM 0E70 PACKET  "
                      "00000000033397A0 ; protocol=UDP; server ipv4=192.0.2.53; "
                      "message= 5b47 R Q [8081] A ; query domain=www.alder.example;"},
              /* Of old servers, over TCP. */
              {"20130605 10:00:32 A60 PACKET  TCP Snd 192.0.2.53 5b47   Q [0001] A (2)db(0)",
               AT_TEN ">192.0.2.53#53 tcp | message=20130605 10:00:32 A60 PACKET  ; protocol=TCP; "
                      "server ipv4=192.0.2.53; message= 5b47   Q [0001] A ; query domain=db;"},
              /* Details. */
              {"    Name      \"[C00C]" SPELLED "\"",
               "| message=    Name      \"[C00C]; name domain=www.alder.example; message=\";"},
              {"(1)a(0)(1)b(0)", "| name domain=a; name domain=b;"},
              /* No names: the lengths are not theirs, or they have no end. */
              {"(4)www(5)alder(7)example(0)", "| message=(4)www; name domain=alder.example;"},
              {"(3)www(5)alder(7)example", NULL}, {"(3)a.b(0)", NULL}, {"(64)www(0)", NULL},
              {"(3)ww", NULL}, {"(", NULL}, {"()(0", NULL}, {"(3", NULL}, {"", NULL},
              {"      DATA   192.0.2.1", NULL}, {"12/31 PACKET UDP", NULL}));
    static const struct {
        const char *text, *time;
    } times[] = {
        {"12/31/2013 12:00:01 AM", "2013-12-31T00:00:01.000Z"},
        {"1/2/2013 1:02:03 PM", "2013-01-02T13:02:03.000Z"},
        {"31/12/2013 1:02:03 PM", "2013-12-31T13:02:03.000Z"},
        {"1/2/2013 13:02:03", "2013-02-01T13:02:03.000Z"},
        {"12/31/2013 13:02:03", "2013-12-31T13:02:03.000Z"},
        {"31.12.2013 13:02:03", "2013-12-31T13:02:03.000Z"},
        {"31-12-2013 13.02.03", "2013-12-31T13:02:03.000Z"},
        {"2013/12/31 13:02:03", "2013-12-31T13:02:03.000Z"},
        {"2013-12-31 13:02:03", "2013-12-31T13:02:03.000Z"},
        {"2013-31-12 13:02:03", "|"},
        {"40/40/2013 13:02:03", "|"},
        {"1/2 13:02:03", "|"},
        {"x y", "|"},
        {"99999999999/1/1 1:1:1", "|"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autoptr(Input) input = begin("windows-dns", NULL);
        g_autofree char *line =
            g_strdup_printf("%s 0E70 PACKET 1 UDP Rcv x 1 Q [0] A (1)a(0)", times[i].text);
        g_autofree char *said = read_line(input, line);
        g_test_message("%s: %s", line, said);
        g_assert_true(strstr(said, " >?#53") || strncmp(said, ">?#53", 5) == 0);
        if (*times[i].time == '|')
            g_assert_true(g_str_has_prefix(said, ">?#53"));
        else
            g_assert_true(g_str_has_prefix(said, times[i].time));
    }
    /* What comes before a name says where it stands. */
    static const char line[] = "    Name \"(5)alder(7)example(0)\"";
    g_autoptr(Input) input = begin("windows-dns", NULL);
    g_autofree Observation *observation = g_new0(Observation, 1);
    g_assert_true(input_read(input, line, sizeof(line) - 1, observation));
    g_assert_true(input_needs_all_lines(input));
    const ObservationValue *name = &observation->values[1];
    g_assert_cmpuint(input_offset(input, name, name->text, name->length), ==,
                     (gsize)(strchr(line, '(') - line));
}

/* The names that --input takes are those of the formats. */
static void test_names(void)
{
    static const CommandOption option = MATCH_OPTIONS_INPUT;
    g_autofree char *names = g_strjoinv("|", (char **)input_format_names());
    g_autofree char *choices = g_strconcat("text|", names, NULL);
    g_assert_cmpstr(option.choices, ==, choices);
}

/* Each format knows its own lines, and none takes plain text for its own. */
static void test_detect(void)
{
    static const struct {
        const char *format, *text;
    } cases[] = {
        {"eve", "{\"timestamp\":\"x\",\"event_type\":\"dns\"}\n"},
        {"zeek", "#separator \\x09\n#fields\tts\n1\n"},
        {"zeek-json", "{\"ts\":1,\"id.orig_h\":\"192.0.2.1\"}\n"},
        {"windows-json", "{\"EventID\":1,\"Channel\":\"x\"}\n"},
        {"windows-xml", "<Event xmlns='x'><System></System></Event>\n"},
        {"windows-xml", "<?xml version='1.0'?>\n<Events>\n<Event a='x'><System/></Event>\n"},
        {"json", "{\"a\":1}\n"},
        {"cef", "CEF:0|a|b|c|d|e|f|\n"},
        {"cef", "Jan 31 10:00:00 birch CEF:0|a|b|c|d|e|f|\n"},
        {"leef", "LEEF:1.0|a|b|c|d|\n"},
        {"leef", "Jan 31 10:00:00 birch LEEF:2.0|a|b|c|d|^|e=f\n"},
        {"dns", "31-Jan-2024 10:00:00.1 x\n31-Jan-2024 10:00:00.1 client 192.0.2.1#5 (a): "
                "query: a IN A + (b)\n"},
        {"dns", "Jan 31 10:00:00 birch dnsmasq[5]: query[A] a.example from 192.0.2.1\n"},
        {"windows-dns", "6/5/2013 10:00:32 AM 0E70 PACKET  00000000033397A0 UDP Rcv 192.0.2.1 5b47 "
                        "  Q [0001   D   NOERROR] A (5)alder(7)example(0)\r\n"},
        {"windows-dns",
         "DNS Server log file creation at 20.01.2026 23:00:18\n\nMessage logging key "
         "(for packets - other items use a subset of these fields):\n"},
        {"access", "192.0.2.1 - - [31/Jan/2024:10:00:00 +0100] \"GET / HTTP/1.1\" 200 5\n"},
        {"access", "a.example 192.0.2.1 - - [31/Jan/2024:10:00:00 +0100] \"GET /\" 200 5\n"},
        {"syslog", "Jan 31 10:00:00 birch x\nJan 31 10:00:00 birch x\n"},
        {"syslog", "<34>1 - - su - - - x"},
        {"w3c", "#Software: x\r\n#Fields: date time c-ip\r\n"},
        {"csv", "time,src_ip\n1,2\n"},
        {"csv", "\xef\xbb\xbfURL;note\n"},
        {NULL, ""},
        {NULL, "\n"},
        {NULL, "192.0.2.1\nalder.example\n"},
        {NULL, "see http://alder.example/a, and birch.example\n"},
        {NULL, "{\n  \"a\": 1\n}\n"},
        {NULL, "{"},
        {NULL, "A PACKET of UDP Rcv (5)alder(7)example(0)\n"},
        {NULL, "Dear time, src_ip is not what you think\n"},
        {NULL, "Jan 31 10:00:00 birch x\nbut then not\n"},
        {NULL, "<html><Event x>\n"},
        {NULL, "a,b,c\n1,2,3\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].text);
        g_autofree char *copy = g_memdup2(cases[i].text, length);
        const InputFormat *format = input_format_detect(copy, length);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(format ? input_format_name(format) : NULL, ==, cases[i].format);
    }
    for (const char *const *name = input_format_names(); *name; name++)
        g_assert_cmpstr(input_format_name(input_format_find(*name)), ==, *name);
    g_assert_null(input_format_find("text"));
}

static void test_offsets(void)
{
    static const char line[] =
        "{\"a\":\"x\",\"http\":{\"hostname\":\"alder.example\",\"url\":\"\\/b\"},"
        "\"c\":\"\\u0041 birch.example\"}";
    g_autoptr(Input) input = begin("eve", NULL);
    g_autofree Observation *observation = g_new0(Observation, 1);

    g_assert_true(input_read(input, line, sizeof(line) - 1, observation));
    g_assert_cmpuint(observation->count, ==, 6);
    const ObservationValue *host = &observation->values[1], *text = &observation->values[3];
    gsize offset = input_offset(input, host, host->text + 6, 7);
    g_assert_cmpint(strncmp(line + offset, "example", 7), ==, 0);
    g_assert_cmpuint(offset, ==, (gsize)(strstr(line, "alder") - line) + 6);
    offset = input_offset(input, text, text->text + 2, text->length - 2);
    g_assert_cmpuint(offset, ==, (gsize)(strstr(line, "birch") - line));
    /* What is made of several has the first one's place. */
    const ObservationValue *url = &observation->values[4];
    g_assert_cmpstr(url->field, ==, "url");
    g_assert_cmpuint(input_offset(input, url, url->text, url->length), ==,
                     (gsize)(strstr(line, "alder") - line));
}

static void test_limits(void)
{
    g_autoptr(Input) input = begin("eve", NULL);

    /* Nesting. */
    g_autoptr(GString) deep = g_string_new(NULL);
    for (guint i = 0; i < 60; i++)
        g_string_append(deep, "{\"a\":");
    g_string_append(deep, "\"x\"");
    for (guint i = 0; i < 60; i++)
        g_string_append_c(deep, '}');
    g_autofree char *said = read_line(input, deep->str);
    g_assert_nonnull(said);
    for (guint i = 0; i < 60000; i++)
        g_string_prepend(deep, "[");
    g_assert_null(read_line(input, deep->str));

    /* More values than an observation has. */
    g_autoptr(GString) many = g_string_new("{\"a\":[\"x\"");
    for (guint i = 1; i < OBSERVATION_MAX_VALUES; i++)
        g_string_append(many, ",\"x\"");
    g_autoptr(GString) more = g_string_new(many->str);
    g_string_append(many, "]}");
    g_string_append(more, ",\"x\"]}");
    g_autofree char *all = read_line(input, many->str);
    g_assert_nonnull(all);
    g_assert_null(read_line(input, more->str));

    /* Names that are too long, and lines. */
    g_autofree char *long_name = g_strnfill(5000, 'n');
    g_autofree char *named = g_strdup_printf("{\"%s\":{\"%s\":\"x\"}}", long_name, long_name);
    g_autofree char *cut = read_line(input, named);
    g_assert_nonnull(cut);
    g_autofree char *filling = g_strnfill(1024 * 1024, ' ');
    g_autofree char *long_line = g_strdup_printf("{\"a\":%s\"x\"}", filling);
    g_assert_null(read_line(input, long_line));

    /* A megabyte of every byte that means something. */
    for (const char *const *name = input_format_names(); *name; name++)
        for (const char *c = "{[\"\\<&|=,\t #-:"; *c; c++) {
            g_autoptr(Input) other = begin(*name, "#fields\ta\n");
            g_autofree char *line = g_strnfill(INPUT_MAX_LINE, *c);
            g_autofree char *anything G_GNUC_UNUSED = read_line(other, line);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/input/eve", test_eve);
    g_test_add_func("/input/json", test_json);
    g_test_add_func("/input/zeek", test_zeek);
    g_test_add_func("/input/access", test_access);
    g_test_add_func("/input/cef", test_cef);
    g_test_add_func("/input/leef", test_leef);
    g_test_add_func("/input/syslog", test_syslog);
    g_test_add_func("/input/windows", test_windows);
    g_test_add_func("/input/csv", test_csv);
    g_test_add_func("/input/dns", test_dns);
    g_test_add_func("/input/windows-dns", test_windows_dns);
    g_test_add_func("/input/names", test_names);
    g_test_add_func("/input/detect", test_detect);
    g_test_add_func("/input/offsets", test_offsets);
    g_test_add_func("/input/limits", test_limits);
    return g_test_run();
}
