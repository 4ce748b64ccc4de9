/* Every published sample of IODEF, X-ARF and Shadowserver is read, or refused with the reason; see
 * CONTRIBUTING.md, "Recorded data of others". With --verbose a line each is printed. */
#include <stdlib.h>
#include <yyjson.h>

#include "findings.h"
#include "intake/incident.h"
#include "intake/rsit.h"
#include "intake/shadowserver.h"

static char *data_path(const char *name)
{
    const char *folder = g_getenv("CONCERT_DATA");
    g_autofree char *path =
        folder && *folder ? g_build_filename(folder, "incident", name, NULL) : NULL;
    if (path && g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&path);
    g_print("# SKIP published samples (%s): no CONCERT_DATA\n", name);
    g_test_skip("no CONCERT_DATA");
    return NULL;
}

typedef struct {
    guint read, refused, findings;
} Result;

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void try_file(const char *path, Result *result)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize length;
    FindingOptions options = {.name = path};
    g_auto(FindingSummary) summary = {0};
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_autoptr(GPtrArray) incidents = incident_read(stream, &options, &summary, &error);
    if (incidents) {
        result->read++;
        result->findings += (guint)summary.findings;
        g_assert_cmpuint(incidents->len, >=, 1);
    } else {
        /* A reason that says something. */
        result->refused++;
        g_assert_nonnull(error);
        g_assert_cmpuint(strlen(error->message), >, 10);
    }
    const FindingRefusal *first = summary.refusals && summary.refusals->len > 0
                                      ? g_ptr_array_index(summary.refusals, 0)
                                      : NULL;
    g_test_message("%-75s %s, %2u findings%s%s%s%s", strstr(path, "incident/") + 9,
                   incidents ? "read" : "NOT READ", (guint)summary.findings,
                   !incidents ? ": "
                   : first    ? "; "
                              : "",
                   !incidents ? error->message
                   : first    ? first->where
                              : "",
                   incidents && first ? ": " : "", incidents && first ? first->why : "");
}

static void try_folder(const char *folder, const char *suffix, Result *result)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_assert_nonnull(dir);
    for (const char *name; (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            try_folder(path, suffix, result);
        else if (g_str_has_suffix(path, suffix))
            try_file(path, result);
    }
}

static void test_iodef(void)
{
    g_autofree char *folder = data_path("iodef");
    Result xml = {0}, json = {0};
    if (!folder)
        return;
    try_folder(folder, ".xml", &xml);
    try_folder(folder, ".json", &json);
    g_assert_cmpuint(xml.read, ==, 12);
    g_assert_cmpuint(xml.refused, ==, 0);
    g_assert_cmpuint(json.read, ==, 2);
    g_assert_cmpuint(xml.findings, >=, 20);
    g_assert_cmpuint(json.findings, ==, 1);
}

static void test_xarf(void)
{
    g_autofree char *spec = data_path("xarf/spec-samples");
    g_autofree char *positive = spec ? data_path("xarf/abusix-samples/positive") : NULL;
    g_autofree char *negative = spec ? data_path("xarf/abusix-samples/negative") : NULL;
    Result good = {0}, bad = {0};
    if (!spec || !positive || !negative)
        return;
    try_folder(spec, ".json", &good);
    try_folder(positive, ".json", &good);
    g_assert_cmpuint(good.refused, ==, 0);
    g_assert_cmpuint(good.read, >, 100);
    /* What a stricter reader would refuse is read where it still says who is to be told of what. */
    try_folder(negative, ".json", &bad);
    g_assert_cmpuint(bad.refused, >, 50);
}

/* A table of every report's columns, with a row; its class is the one its publisher gives. */
static void try_report(const char *type, yyjson_val *report)
{
    g_autoptr(GString) text = g_string_new(NULL), row = g_string_new(NULL);
    yyjson_val *field;
    size_t at, count;
    yyjson_arr_foreach (yyjson_obj_get(report, "fields"), at, count, field) {
        const char *name = yyjson_get_str(field);
        g_string_append_printf(text, "%s\"%s\"", at > 0 ? "," : "", name);
        const char *value = g_str_has_suffix(name, "_ip") || strcmp(name, "ip") == 0 ? "192.0.2.7"
                            : strcmp(name, "timestamp") == 0 ? "2026-01-31 10:11:12"
                            : strcmp(name, "url") == 0       ? "http://www.alder.example/x"
                            : strcmp(name, "email") == 0     ? "someone@alder.example"
                            : strcmp(name, "website") == 0   ? "www.alder.example"
                            : strcmp(name, "request") == 0   ? "www.alder.example"
                            : g_str_has_suffix(name, "port") ? "443"
                            : g_str_has_suffix(name, "asn")  ? "64496"
                                                             : "";
        g_string_append_printf(row, "%s\"%s\"", at > 0 ? "," : "", value);
    }
    g_string_append_printf(text, "\n%s\n", row->str);
    g_autofree char *name = g_strdup_printf("2026-01-31-%s-alder-asn.csv", type);
    FindingOptions options = {.name = name};
    g_auto(Findings) findings = {0};
    findings_read(&findings, text->str, &options);
    const Finding *finding = findings_at(&findings, 0);
    g_assert_cmpint(findings.summary.format, ==, FINDING_FORMAT_SHADOWSERVER);
    g_assert_cmpuint(findings.found->len, ==, 1);
    g_assert_cmpstr(finding->report_type, ==, type);
    g_assert_cmpint(finding->time, !=, 0);
    const char *class = yyjson_get_str(yyjson_obj_get(report, "classification.type"));
    const RsitClass *known = rsit_find(class);
    if (class)
        g_assert_cmpstr(finding->classification, ==, known ? known->word : "other.undetermined");
}

static void test_shadowserver(void)
{
    g_autofree char *path = data_path("shadowserver/reports.json");
    if (!path)
        return;
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    g_assert_nonnull(doc);
    size_t at, count;
    yyjson_val *key, *report;
    yyjson_obj_foreach (yyjson_doc_get_root(doc), at, count, key, report)
        try_report(yyjson_get_str(key), report);
    g_assert_cmpuint(count, >, 150);
    yyjson_doc_free(doc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/incident-data/iodef", test_iodef);
    g_test_add_func("/incident-data/xarf", test_xarf);
    g_test_add_func("/incident-data/shadowserver", test_shadowserver);
    return g_test_run();
}
