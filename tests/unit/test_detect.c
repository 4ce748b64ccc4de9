#include "intake/detect.h"

#include <string.h>

static void check(const char *text, gsize length, const IntakeOptions *options,
                  IntakeFormat expected, const char *words)
{
    static const IntakeOptions none = {.confidence = -1};
    g_autoptr(GError) error = NULL;
    g_auto(Detection) detection = {0};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_assert_true(detect_format(stream, options ? options : &none, &detection, &error));
    g_assert_no_error(error);
    g_test_message("%.60s -> %d %s", text, detection.format, detection.why);
    g_assert_cmpint(detection.format, ==, expected);
    g_assert_nonnull(strstr(detection.why, words));
    /* Nothing was consumed. */
    const char *data;
    gsize available;
    g_assert_true(stream_peek(stream, length, &data, &available, NULL));
    g_assert_cmpmem(data, MIN(available, length), text, MIN(available, length));
}

static void check_text(const char *text, IntakeFormat expected, const char *words)
{
    check(text, strlen(text), NULL, expected, words);
}

static void test_stix(void)
{
    check_text("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"a\","
               "\"spec_version\":\"2.1\"}]}",
               INTAKE_STIX, "STIX 2.1 bundle");
    check_text("\xef\xbb\xbf\n{\"objects\":[{\"id\":\"a--1\"}],\"type\":\"bundle\"}", INTAKE_STIX,
               "STIX 2.0 bundle");
    check_text("{\"type\":\"bundle\",\"spec_version\":\"2.0\",\"objects\":[{\"type\":\"a\"",
               INTAKE_STIX, "STIX 2.0 bundle");
    check_text("{\"more\":false,\"objects\":[]}", INTAKE_STIX, "TAXII envelope");
    check_text("{}", INTAKE_STIX, "empty TAXII envelope");
    check_text("{\"more\":false}", INTAKE_STIX, "empty TAXII envelope");
    check_text("{\"id\":\"tool--1\",\"type\":\"tool\"}", INTAKE_STIX, "STIX object (tool)");
    check_text("{\"type\":\"tool\",\"id\":\"tool--1\"}\n{\"type\":\"tool\",\"id\":\"tool--2\"}",
               INTAKE_STIX, "STIX object (tool)");
    check_text("[{\"type\":\"tool\",\"id\":\"tool--1\"}]", INTAKE_STIX, "array");
    check_text("[]", INTAKE_STIX, "empty array");
    check_text("\x1e{\"type\":\"tool\",\"id\":\"tool--1\"}", INTAKE_STIX, "STIX object");
}

static void test_misp(void)
{
    check_text("{\"Event\":{\"info\":\"x\"}}", INTAKE_MISP, "MISP event");
    check_text("{\"response\":[{\"Event\":{}}]}", INTAKE_MISP, "MISP search result");
    check_text("[{\"Event\":{\"info\":\"x\"}}]", INTAKE_MISP, "MISP event");
    check_text("{\"info\":\"x\",\"Attribute\":[]}", INTAKE_MISP, "MISP");
    check_text("{\"0d7fd5ba-2f66-4d9a-a2e5-0b4f3f2d7a11\":{\"info\":\"x\"}}", INTAKE_NONE,
               "manifest");
}

static void test_list(void)
{
    check_text("192.0.2.1\n192.0.2.2\n", INTAKE_LIST, "list, ipv4 (2 of 2");
    check_text("192.0.2.1\nalder.example\nbirch.example\nwhat\n", INTAKE_LIST,
               "list, mostly domain (2 of 4");
    check_text("# nothing yet\n", INTAKE_LIST, "list without values");
    check_text("", INTAKE_LIST, "empty");
    check_text(" \n", INTAKE_LIST, "empty");
    check_text("alder.example", INTAKE_LIST, "list, domain");
    check_text("# IP\tcount\n192.0.2.1\t10\n192.0.2.2\t9\n", INTAKE_LIST, "list, ipv4");
    check_text("0.0.0.0 alder.example\n0.0.0.0 birch.example\n", INTAKE_LIST, "list, domain");
    check_text("[Adblock Plus 2.0]\n||alder.example^\n", INTAKE_LIST, "domain");
    check_text("[2001:db8::1]:443\n", INTAKE_LIST, "ipv6");
    check_text("192.0.2.1,x\n192.0.2.2,y\n", INTAKE_LIST, "ipv4");
    check_text("http://alder.example/a,b\nhttp://alder.example/c\n", INTAKE_LIST, "url");
    IntakeOptions ja3 = {.kind = OBSERVABLE_JA3};
    check("d41d8cd98f00b204e9800998ecf8427e\n", 33, &ja3, INTAKE_LIST, "ja3");
    /* A long preamble of lines that are no values does not hide the list. */
    g_autoptr(GString) text = g_string_new(NULL);
    while (text->len < 12000)
        g_string_append(text, "some words of introduction\n");
    g_string_append(text, "192.0.2.1\n");
    check_text(text->str, INTAKE_LIST, "ipv4");
}

static void test_csv(void)
{
    check_text("ip,first_seen\n192.0.2.1,2024-01-01\n", INTAKE_CSV,
               "CSV with header ip,first_seen; values in column 1");
    check_text("# id,url\n1,http://alder.example/\n", INTAKE_CSV, "values in column 2");
    check_text("1;x;192.0.2.1\n2;y;192.0.2.2\n", INTAKE_CSV,
               "CSV of 3 columns without header; values in column 3");
    IntakeOptions options = {.csv_columns = "value=1"};
    check("192.0.2.1\n", 10, &options, INTAKE_CSV, "values in column 1");
    g_autoptr(GError) error = NULL;
    g_auto(Detection) detection = {0};
    g_autoptr(Stream) stream = stream_from_memory("192.0.2.1\n", 10);
    options.csv_columns = "value=x";
    g_assert_false(detect_format(stream, &options, &detection, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_none(void)
{
    check_text("{\"name\":\"x\"}", INTAKE_NONE, "neither STIX nor MISP");
    check_text("<html><body>no</body></html>", INTAKE_NONE, "XML or HTML");
    check_text("some words\nand more words\n", INTAKE_NONE, "no format");
    check("\x7f"
          "ELF\0\0\0",
          7, NULL, INTAKE_NONE, "binary");
    check("\xff\xfe"
          "a\0",
          4, NULL, INTAKE_NONE, "UTF-16");
}

static void test_cut_anywhere(void)
{
    /* Whatever prefix is there, detection ends and gives a reason. */
    static const char text[] =
        "[{\"type\":\"bundle\",\"spec_version\":\"2.0\",\"id\":\"bundle--1\","
        "\"objects\":[{\"type\":\"tool\",\"a\":[1,{\"b\":\"\\\"]\"}]}]}]";
    for (gsize length = 0; length < sizeof text; length++) {
        g_autofree char *part = g_memdup2(text, length);
        g_auto(Detection) detection = {0};
        IntakeOptions none = {0};
        g_autoptr(Stream) stream = stream_from_memory(part, length);
        g_assert_true(detect_format(stream, &none, &detection, NULL));
        g_assert_nonnull(detection.why);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/detect/stix", test_stix);
    g_test_add_func("/detect/misp", test_misp);
    g_test_add_func("/detect/list", test_list);
    g_test_add_func("/detect/csv", test_csv);
    g_test_add_func("/detect/none", test_none);
    g_test_add_func("/detect/cut-anywhere", test_cut_anywhere);
    return g_test_run();
}
