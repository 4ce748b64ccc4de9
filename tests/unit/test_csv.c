#include "intake/csv.h"

#include "intake_sink.h"

static void read_csv(Kept *kept, const char *text, const char *columns)
{
    IntakeOptions options = {.confidence = -1, .csv_columns = columns, .source = "alder"};
    kept_read(kept, csv_read, text, strlen(text), &options);
}

static const char *object(const Kept *kept, guint i)
{
    g_assert_cmpuint(kept->objects->len, >, i);
    return g_ptr_array_index(kept->objects, i);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("\"%s\" is not in %s", part, text);
}

/* --- Records --------------------------------------------------------------------------------- */

/* The records of @text as "field|field\n", broken ones as "!\n". */
static char *records(const char *text, char separator)
{
    static const IntakeSink silent = {0};
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
    g_auto(Window) window = {0};
    g_auto(Record) record = {0};
    window_init(&window, stream, &silent, 2 * RECORD_MAX_SIZE);
    record_init(&record, &window, separator);
    for (;;) {
        const char *why = NULL;
        RecordResult result = record_next(&record, &why, NULL);
        if (result == RECORD_END)
            return g_string_free(g_steal_pointer(&all), FALSE);
        g_string_append_printf(all, "%u:", (guint)record.line);
        if (result == RECORD_BROKEN)
            g_string_append(all, "!");
        else
            for (guint i = 0; i < record.fields->len; i++) {
                const RecordField *field = &g_array_index(record.fields, RecordField, i);
                g_assert_cmpuint(field->length, ==, strlen(field->text));
                g_string_append_printf(all, "%s%s", i > 0 ? "|" : "", field->text);
            }
        g_string_append_c(all, '\n');
    }
}

static void check_records(const char *text, char separator, const char *expected)
{
    g_autofree char *all = records(text, separator);
    g_assert_cmpstr(all, ==, expected);
}

static void test_records(void)
{
    check_records("a,b,c\n1,2,3\n", ',', "1:a|b|c\n2:1|2|3\n");
    check_records("a,b\r\n1,2\r\n", ',', "1:a|b\n2:1|2\n");
    check_records("a,,\n,\n", ',', "1:a||\n2:|\n");
    check_records("\"a,b\",\"c\"\"d\",\"\"\n", ',', "1:a,b|c\"d|\n");
    check_records("\"a\nb\",c\nd,e", ',', "1:a\nb|c\n3:d|e\n");
    check_records("\"a\r\n\"\"b\"\"\",c", ',', "1:a\r\n\"b\"|c\n");
    check_records("\"a\", \"b\" , \"c\"\n", ',', "1:a|b|c\n");
    check_records("a;\"b;c\"\td\n", ';', "1:a|b;c\td\n");
    check_records("a\tb,c\n", '\t', "1:a|b,c\n");
    check_records("# comment\n\n  \na,b\n#x\nc,d\n", ',', "4:a|b\n6:c|d\n");
    check_records("a\"b,c\"\n", ',', "1:a\"b|c\"\n");
    check_records("\"a\"b,c\n", ',', "1:ab|c\n");
    check_records("", ',', "");
    check_records("a", ',', "1:a\n");
    check_records("\"", ',', "1:!\n");
    check_records("a,\"b\nc,d\ne,f\n", ',', "1:!\n2:c|d\n3:e|f\n");
}

static void test_bounds(void)
{
    /* A quote that is not closed for a megabyte costs its line, not the rest. */
    g_autoptr(GString) text = g_string_new("a,\"b\n");
    while (text->len < 3 * RECORD_MAX_SIZE)
        g_string_append(text, "192.0.2.1,x\n");
    g_autofree char *all = records(text->str, ',');
    g_assert_true(g_str_has_prefix(all, "1:!\n2:192.0.2.1|x\n3:"));
    g_string_assign(text, "1,2\n");
    for (guint i = 0; i < RECORD_MAX_SIZE; i++)
        g_string_append(text, "xy");
    g_string_append(text, "\n3,4\n");
    g_autofree char *large = records(text->str, ',');
    g_assert_cmpstr(large, ==, "1:1|2\n2:!\n3:3|4\n");
    g_string_assign(text, "");
    for (guint i = 0; i < 5000; i++)
        g_string_append_c(text, ',');
    g_autofree char *wide = records(text->str, ',');
    g_assert_cmpuint(strlen(wide), ==, 2 + RECORD_MAX_FIELDS - 1 + 1);
}

/* --- Feeds as they are published ------------------------------------------------------------- */

static void test_urlhaus(void)
{
    g_auto(Kept) kept;
    read_csv(&kept,
             "################\n# Some feed       #\n################\n#\n"
             "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n"
             "\"17\",\"2024-05-01 10:00:05\",\"http://alder.example/a,b\",\"online\","
             "\"2024-05-02 00:00:00\",\"malware_download\",\"elf,32-bit\","
             "\"https://forum.example/17/\",\"birch\"\n"
             "\"18\",\"2024-05-01 10:00:04\",\"http://192.0.2.1:8080/i\",\"offline\",\"\","
             "\"malware_download\",\"None\",\"https://forum.example/18/\",\"birch\"\n",
             NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    assert_has(object(&kept, 0), "[url:value = 'http://alder.example/a,b']");
    assert_has(object(&kept, 0), "\"created\":\"2024-05-01T10:00:05.000Z\"");
    assert_has(object(&kept, 0), "\"modified\":\"2024-05-02T00:00:00.000Z\"");
    assert_has(object(&kept, 0), "\"valid_from\":\"2024-05-01T10:00:05.000Z\"");
    assert_has(object(&kept, 0), "\"labels\":[\"elf\",\"32-bit\"]");
    assert_has(object(&kept, 0), "\"description\":\"malware_download\"");
    assert_has(object(&kept, 0), "\"url\":\"https://forum.example/17/\"");
    assert_has(object(&kept, 1), "\"modified\":\"2024-05-01T10:00:04.000Z\"");
    g_assert_null(strstr(object(&kept, 1), "labels"));
    g_assert_cmpstr(g_ptr_array_index(kept.wheres, 0), ==, "feed:6");
    g_assert_cmpuint(kept.notes->len, ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "not kept: 1 (id), 4 (url_status), 9 (reporter)"), ==, 1);
}

static void test_threatfox(void)
{
    g_auto(Kept) kept;
    read_csv(&kept,
             "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\","
             "\"last_seen_utc\",\"confidence_level\",\"tags\"\n"
             "\"2024-05-01 10:00:05\", \"1\", \"192.0.2.1:443\", \"ip:port\", \"botnet_cc\", \"\", "
             "\"75\", \"a,b\"\n"
             "\"2024-05-01 10:00:06\", \"2\", \"alder.example\", \"domain\", \"botnet_cc\", \"\", "
             "\"100\", \"\"\n"
             "\"2024-05-01 10:00:07\", \"3\", \"d41d8cd98f00b204e9800998ecf8427e\", \"md5_hash\", "
             "\"payload\", \"\", \"50\", \"\"\n# Number of entries: 3\n",
             NULL);
    g_assert_cmpuint(kept.objects->len, ==, 3);
    assert_has(object(&kept, 0), "'192.0.2.1' AND network-traffic:dst_port = 443");
    assert_has(object(&kept, 0), "\"confidence\":75");
    assert_has(object(&kept, 0), "\"labels\":[\"a\",\"b\"]");
    assert_has(object(&kept, 1), "[domain-name:value = 'alder.example']");
    assert_has(object(&kept, 2), "file:hashes.MD5");
}

static void test_hashes(void)
{
    g_auto(Kept) kept;
    read_csv(&kept,
             "sha256_hash;md5_hash;file_name\n"
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;"
             "d41d8cd98f00b204e9800998ecf8427e;a.bin\n"
             ";d41d8cd98f00b204e9800998ecf8427f;n/a\n;;\n",
             NULL);
    g_assert_cmpuint(kept.objects->len, ==, 3);
    assert_has(object(&kept, 0), "'SHA-256' = 'e3b0");
    assert_has(object(&kept, 1), "MD5 = 'd41d");
    assert_has(object(&kept, 1), "\"description\":\"a.bin\"");
    g_assert_null(strstr(object(&kept, 2), "description"));
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:4: there is no value"), ==, 1);
}

static void test_feodo(void)
{
    g_auto(Kept) kept;
    read_csv(
        &kept,
        "# Blocklist\n"
        "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n"
        "\"2024-05-01 10:00:05\",\"192.0.2.1\",\"443\",\"online\",\"2024-05-03\",\"Reed\"\n"
        "\"2024-05-01 10:00:05\",\"192.0.2.2\",\"many\",\"online\",\"soon\",\"Reed\"\n",
        NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    assert_has(object(&kept, 0), "'192.0.2.1' AND network-traffic:dst_port = 443");
    assert_has(object(&kept, 0), "\"description\":\"Reed\"");
    assert_has(object(&kept, 1), "[ipv4-addr:value = '192.0.2.2']");
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:4: column 3: not a number"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:4: column 5: not a time: \"soon\""), ==, 1);
}

/* --- Columns --------------------------------------------------------------------------------- */

static void test_mapping(void)
{
    g_auto(Kept) kept;
    read_csv(&kept, "x,192.0.2.1,tcp,7,green\ny,alder.example,udp,200,ultra\n",
             "value=2, comment=1,tags=3,confidence=4,tlp=5");
    g_assert_cmpuint(kept.objects->len, ==, 3);
    assert_has(object(&kept, 0), "TLP:GREEN");
    assert_has(object(&kept, 1), "\"description\":\"x\"");
    assert_has(object(&kept, 1), "\"confidence\":7");
    assert_has(object(&kept, 1), "object_marking_refs");
    g_assert_null(strstr(object(&kept, 2), "object_marking_refs"));
    g_assert_null(strstr(object(&kept, 2), "confidence"));
    g_assert_cmpuint(kept_notes(&kept, "not a TLP level: \"ultra\""), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "not a number"), ==, 1);
    g_auto(Kept) named;
    read_csv(&named, "who|what|digest\nx|192.0.2.1|d41d8cd98f00b204e9800998ecf8427e\n",
             "value=What,ja3=digest,name=who");
    g_assert_cmpuint(named.objects->len, ==, 2);
    assert_has(object(&named, 0), "\"name\":\"x\"");
    assert_has(object(&named, 1), ".ja3 = 'd41d8cd98f00b204e9800998ecf8427e'");
    g_auto(Kept) one;
    read_csv(&one, "192.0.2.1\n192.0.2.2\n", "value=1");
    g_assert_cmpuint(one.objects->len, ==, 2);
}

static void test_mapping_errors(void)
{
    static const struct {
        const char *columns, *words;
    } cases[] = {
        {"value", "\"value\" is no role"},
        {"colour=1", "\"colour\" is no role"},
        {"value=9", "there is no column \"9\""},
        {"value=nobody", "there is no column \"nobody\""},
        {"comment=1", "no column is named as value"},
        {"value=0", "there is no column \"0\""},
        {"", "no column is named as value"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = "x,192.0.2.1\ny,192.0.2.2\n";
        IntakeOptions options = {.csv_columns = cases[i].columns};
        IntakeSink sink = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
        g_assert_false(csv_read(stream, "feed", &options, &sink, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].words));
        g_assert_true(g_str_has_prefix(error->message, "feed: "));
    }
}

static void test_guess(void)
{
    g_auto(Kept) kept;
    read_csv(&kept, "1,x,192.0.2.1\n2,y,192.0.2.2\n3,z,nothing\n", NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    g_assert_cmpuint(kept_notes(&kept, "ignored feed:3: column 3: nothing that is known"), ==, 1);
    g_assert_cmpuint(kept_notes(&kept, "not kept: 1, 2"), ==, 1);
    g_auto(Kept) marked;
    read_csv(&marked, "\xef\xbb\xbfip;note\n192.0.2.1;x\n", NULL);
    g_assert_cmpuint(marked.objects->len, ==, 1);
    assert_has(object(&marked, 0), "\"description\":\"x\"");
}

static void test_quotes_in_feed(void)
{
    g_auto(Kept) kept;
    read_csv(&kept, "ip,comment\n192.0.2.1,\"two\nlines\"\n192.0.2.2,\"open\n192.0.2.3,x\n", NULL);
    g_assert_cmpuint(kept.objects->len, ==, 2);
    assert_has(object(&kept, 0), "two\\u000alines");
    assert_has(object(&kept, 1), "192.0.2.3");
    g_assert_cmpuint(kept_notes(&kept, "broken feed:4: a quote is not closed"), ==, 1);
}

/* A table that is cut off is told from one whose last line only bears no line end, as long as the
 * cut is no whole record; what is half a value is not taken for another one. */
static void test_cut(void)
{
    g_autoptr(GString) text = g_string_new("ip,comment\n");
    for (guint i = 1; i <= 20; i++)
        g_string_append_printf(text, "192.0.2.%u,one\n", i);
    gsize whole = text->len;
    g_string_append(text, "192.0.2.201,\"two, three\"");
    for (gsize length = whole + 1; length <= text->len; length++) {
        g_autofree char *part = g_strndup(text->str, length);
        g_auto(Kept) kept;
        read_csv(&kept, part, NULL);
        gboolean second = strchr(part + whole, ',') != NULL;
        gboolean open = strchr(part, '"') && length < text->len;
        g_assert_cmpuint(kept.objects->len, ==, 20 + (second && !open));
        g_assert_cmpuint(kept_notes(&kept, "lost feed:22: "), ==, open || !second);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/records", test_records);
    g_test_add_func("/csv/bounds", test_bounds);
    g_test_add_func("/csv/urlhaus", test_urlhaus);
    g_test_add_func("/csv/threatfox", test_threatfox);
    g_test_add_func("/csv/hashes", test_hashes);
    g_test_add_func("/csv/feodo", test_feodo);
    g_test_add_func("/csv/mapping", test_mapping);
    g_test_add_func("/csv/mapping-errors", test_mapping_errors);
    g_test_add_func("/csv/guess", test_guess);
    g_test_add_func("/csv/quotes", test_quotes_in_feed);
    g_test_add_func("/csv/cut", test_cut);
    return g_test_run();
}
