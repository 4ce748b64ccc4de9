/* Logs whose records are not one line each, found in files as `concert match` does: with time and
 * ends, in the line that the record began in. */
#include "shield/frame_stream.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "shield/container.h"
#include "shield/scan.h"
#include "shield/set_builder.h"
#include "shield/utf16.h"

#define NOW G_GINT64_CONSTANT(1717243200000000) /* 2024-06-01T12:00:00Z */

typedef struct {
    const Set *set;
    GString *told;
    const char *format;
} Scan;

static void append_end(GString *into, const char *sign, const ObservationEnd *end)
{
    char text[OBSERVABLE_ADDRESS_MAX];
    if (!end->known)
        return;
    observable_address_format(&end->address, text);
    g_string_append_printf(into, " %s%s#%u", sign, text, end->port);
}

static gboolean take(gpointer user, const ScanHit *hit)
{
    GString *told = ((Scan *)user)->told;
    char time[TIMESTAMP_MAX];

    g_string_append_printf(told, "%u:%u %.*s", (guint)hit->line, (guint)hit->column,
                           (int)hit->seen_length, hit->seen);
    if (hit->observation && hit->observation->time != 0)
        g_string_append_printf(told, " %s", timestamp_format(time, hit->observation->time, 0));
    if (hit->observation) {
        append_end(told, "<", &hit->observation->source);
        append_end(told, ">", &hit->observation->destination);
    }
    if (hit->field)
        g_string_append_printf(told, " %s", hit->field);
    g_string_append(told, "; ");
    return TRUE;
}

static gboolean scan_one(gpointer user, const char *name, Stream *stream, const GError *unreadable)
{
    Scan *scan = user;
    g_autoptr(GError) error = NULL;

    g_assert_no_error(unreadable);
    g_assert_true(scan_log(scan->set, stream, NULL, NOW, take, scan, &error));
    g_assert_no_error(error);
    return TRUE;
}

static Set *make_set(void)
{
    static const struct {
        ObservableKind kind;
        const char *value;
    } values[] = {{OBSERVABLE_IPV4, "192.0.2.1"},
                  {OBSERVABLE_DOMAIN, "alder.example"},
                  {OBSERVABLE_URL, "http://birch.example/only"}};
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;
    const SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                                    .source = "test",
                                    .confidence = -1};

    g_assert_true(set_builder_add_indicator(builder, &indicator, &error));
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
        g_assert_true(set_builder_add_value(builder, values[i].kind, values[i].value, &error));
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return set;
}

/* What is told of a file that holds @text. */
static char *scan_text(const char *text, gsize length, gboolean records)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Set) set = make_set();
    g_autofree char *path = NULL;
    Scan scan = {set, g_string_new(NULL), NULL};

    int fd = g_file_open_tmp("concert-frame-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, text, (gssize)length, &error));
    container_walk(path, records, scan_one, &scan);
    g_unlink(path);
    return g_string_free(scan.told, FALSE);
}

static void check(const char *text, const char *told)
{
    g_autofree char *plain = scan_text(text, strlen(text), TRUE);
    g_assert_cmpstr(plain, ==, told);
    /* The same as Windows' programs write it. */
    static const char *const ways[] = {"UTF-16LE", "UTF-16BE", "UTF-16"};
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        gsize length;
        g_autofree char *wide = g_convert(text, -1, ways[i], "UTF-8", NULL, &length, NULL);
        g_test_message("%s", ways[i]);
        g_autofree char *again = scan_text(wide, length, TRUE);
        g_assert_cmpstr(again, ==, told);
    }
}

/* Whoever wants text gets its own lines, whatever it is written in. */
static void test_no_records(void)
{
    static const char text[] = "[\n {\"a\": 1},\n {\"b\": 2,\n  \"ip\": \"192.0.2.1\"}\n]\n";
    gsize length;
    g_autofree char *wide = g_convert(text, -1, "UTF-16LE", "UTF-8", NULL, &length, NULL);
    g_autofree char *lines = scan_text(text, strlen(text), FALSE);
    g_autofree char *wide_lines = scan_text(wide, length, FALSE);
    g_autofree char *records = scan_text(text, strlen(text), TRUE);

    g_assert_nonnull(strstr(lines, "192.0.2.1"));
    g_assert_cmpstr(wide_lines, ==, lines);
    g_assert_cmpstr(records, !=, lines);
}

static void test_events(void)
{
    check("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
          "<Events>\r\n"
          "  <Event xmlns=\"http://schemas.example/event\">\r\n"
          "    <System>\r\n"
          "      <EventID>4624</EventID>\r\n"
          "      <TimeCreated SystemTime=\"2024-01-31T10:00:00.1234567Z\" />\r\n"
          "      <Computer>www.alder.example</Computer>\r\n"
          "    </System>\r\n"
          "    <EventData>\r\n"
          "      <Data Name=\"IpAddress\">192.0.2.1</Data>\r\n"
          "      <Data Name=\"IpPort\">50123</Data>\r\n"
          "    </EventData>\r\n"
          "  </Event>\r\n"
          "  <Event>\r\n"
          "    <System><TimeCreated SystemTime=\"2024-01-31T11:00:00Z\" /></System>\r\n"
          "    <EventData>\r\n"
          "      <Data Name=\"DestinationIp\">192.0.2.1</Data>\r\n"
          "      <Data Name=\"DestinationPort\">443</Data>\r\n"
          "    </EventData>\r\n"
          "    <RenderingInfo><Message>to\r\nalder.example\r\n</Message></RenderingInfo>\r\n"
          "  </Event></Events>\r\n",
          "3:175 www.alder.example 2024-01-31T10:00:00Z <192.0.2.1#50123 Computer; "
          "3:266 192.0.2.1 2024-01-31T10:00:00Z <192.0.2.1#50123 IpAddress; "
          "14:134 192.0.2.1 2024-01-31T11:00:00Z >192.0.2.1#443 DestinationIp; "
          "14:249 alder.example 2024-01-31T11:00:00Z >192.0.2.1#443 Message; ");
}

static void test_json(void)
{
    check("[\n"
          "  {\n"
          "    \"@timestamp\": \"2024-01-31T10:00:00Z\",\n"
          "    \"source\": {\"ip\": \"192.0.2.1\", \"port\": 1234},\n"
          "    \"url\": {\n"
          "      \"domain\": \"birch.example\", \"path\": \"/only\"\n"
          "    }\n"
          "  },\n"
          "  null,\n"
          "  {\"broken\": \"alder.example\", },\n"
          "  {\"@timestamp\": \"2024-01-31T11:00:00Z\", \"x\": \"alder.example\"}\n"
          "]\n",
          "2:69 192.0.2.1 2024-01-31T10:00:00Z <192.0.2.1#1234 source.ip; "
          "2:126 http://birch.example/only 2024-01-31T10:00:00Z <192.0.2.1#1234 url; "
          "10:15 alder.example; "
          "11:48 alder.example 2024-01-31T11:00:00Z x; ");
    /* As services give it. */
    check(
        "{\"Records\":[{\"eventTime\":\"2024-01-31T10:00:00Z\",\"sourceIPAddress\":\"192.0.2.1\"},"
        "{\"eventTime\":\"2024-01-31T11:00:00Z\",\"x\":{\"y\":[\"alder.example\"]}}]}",
        "1:68 192.0.2.1 2024-01-31T10:00:00Z <192.0.2.1#0 sourceIPAddress; "
        "2:48 alder.example 2024-01-31T11:00:00Z x.y; ");
    check("{\"took\": 1,\n \"hits\": {\"hits\": [\n"
          "  {\"_source\": {\"@timestamp\": \"2024-01-31T10:00:00Z\", \"client\": {\n"
          "    \"ip\": \"192.0.2.1\"}}}\n]}}\n",
          "3:77 192.0.2.1 2024-01-31T10:00:00Z <192.0.2.1#0 client.ip; ");
    check("Record 1\n{\n  \"Event\": {\n    \"System\": {\n      \"EventID\": 3,\n"
          "      \"TimeCreated\": {\"#attributes\": {\"SystemTime\": \"2024-01-31T10:00:00Z\"}}\n"
          "    },\n    \"EventData\": {\n      \"DestinationIp\": \"192.0.2.1\",\n"
          "      \"DestinationPort\": 80\n    }\n  }\n}\n"
          "Record 2\n{\n  \"Event\": {\"System\": {\"EventID\": 3}, \"x\": \"alder.example\"}\n}\n",
          "2:179 192.0.2.1 2024-01-31T10:00:00Z >192.0.2.1#80 DestinationIp; "
          "15:47 alder.example Event.x; ");
}

static void test_counted(void)
{
    check("57 <34>1 2024-01-31T10:00:00Z a.example b - - - to 192.0.2.1"
          "51 <34>1 2024-01-31T11:00:00Z a.example b - - - to\n  x61 <14>Jan 31 12:00:00 a.example "
          "b: to www.alder.example, or not",
          "1:49 192.0.2.1 2024-01-31T10:00:00Z message; "
          "3:37 www.alder.example 2024-01-31T12:00:00Z message; ");
}

/* What is no UTF-16, or nobody can tell, is left as it is. */
static void test_utf16(void)
{
    static const struct {
        const char *text;
        gsize length;
        Utf16Answer answer;
    } rows[] = {
#define ROW(text, answer) {text, sizeof(text) - 1, answer}
        ROW("", UTF16_MORE),
        ROW("a", UTF16_MORE),
        ROW("ab", UTF16_NO),
        ROW("a\0", UTF16_MORE),
        ROW("\0a", UTF16_MORE),
        ROW("a\0b\0c\0d\0e\0f\0g\0", UTF16_MORE),
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0", UTF16_YES),
        ROW("\0a\0b\0c\0d\0e\0f\0g\0h", UTF16_YES),
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0\x3d\xd8\x00\xdei\0", UTF16_YES),
        /* half of a pair, alone; a character that no text has; a mark */
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0\x3d\xd8i\0", UTF16_NO),
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0\x00\xdei\0", UTF16_NO),
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0\1\0", UTF16_NO),
        ROW("a\0b\0c\0d\0e\0f\0g\0h\0\xff\xff", UTF16_NO),
        /* UTF-32, numbers, text between NUL bytes */
        ROW("a\0\0\0b\0\0\0", UTF16_NO),
        ROW("\0\0\0a\0\0\0b", UTF16_NO),
        ROW("\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10\0", UTF16_NO),
        ROW("a\0bcd\0e\0f\0g\0h\0i\0j", UTF16_NO),
#undef ROW
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Utf16 state;
        g_test_message("%u", (guint)i);
        g_assert_cmpint(utf16_guess(&state, rows[i].text, rows[i].length), ==, rows[i].answer);
    }
    g_autofree char *found =
        scan_text("x\0 \0a\0l\0d\0e\0r\0.\0e\0x\0a\0m\0p\0l\0e\0\n\0", 32, TRUE);
    g_assert_cmpstr(found, ==, "1:3 alder.example; ");
    g_autofree char *left = scan_text("\0\0alder.example\0\0 192.0.2.1\0", 27, TRUE);
    g_assert_cmpstr(left, ==, "1:3 alder.example; 1:19 192.0.2.1; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame-stream/no-records", test_no_records);
    g_test_add_func("/frame-stream/events", test_events);
    g_test_add_func("/frame-stream/json", test_json);
    g_test_add_func("/frame-stream/counted", test_counted);
    g_test_add_func("/frame-stream/utf16", test_utf16);
    return g_test_run();
}
