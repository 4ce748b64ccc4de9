/* Exports of what others write, were they to break out of a line, cell or string. */
#include <yyjson.h>

#include "exported_values.h"

/* What a hostile partner would call things, were it to break out of a line, cell or string. */
#define HOSTILE "=cmd|'/c'!A1\"\n;drop\r$(id)`id`\t\\',--\xe2\x80\xae<b>%n{}"

/* Every format, with hostile ids, sources, names and list names on a good value, and hostile texts
 * in place of values. */
static char *export_hostile(const ExportFormat *format, ExportCounts *ret_counts)
{
    static const char *const texts[] = {
        "alder.example\n0.0.0.0 cedar.example",
        "alder.example\" redirect\nlocal-zone: \"cedar.example",
        "alder.example;drop",
        "$ORIGIN.example",
        "alder.example ",
        "Alder.Example",
        "alder.example.",
        "=1+1",
        "+alder.example",
        "-alder.example/",
        "@alder.example",
        "alder.example/#",
        "*.alder.example",
        "",
    };
    GArray *values = g_array_new(FALSE, FALSE, sizeof(ExportValue));
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        ExportValue value = make_value(kinds[i].kind, kinds[i].text);
        value.id = value.source = value.name = value.suppressed = HOSTILE;
        g_array_append_val(values, value);
    }
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        for (int kind = OBSERVABLE_IPV4; kind < OBSERVABLE_OTHER; kind++) {
            ExportValue value = make_value((ObservableKind)kind, texts[i]);
            g_array_append_val(values, value);
        }
    ExportOptions options = plain_options;
    options.suppressed = TRUE;
    options.maker = HOSTILE;
    char *text = export_text(export_format_name(format), &options,
                             (const ExportValue *)(gpointer)values->data, values->len, ret_counts);
    g_assert_cmpuint(export_counts_sum(ret_counts, EXPORT_MALFORMED), ==,
                     G_N_ELEMENTS(texts) * (OBSERVABLE_OTHER - OBSERVABLE_IPV4));
    g_array_unref(values);
    return text;
}

static void test_hostile(void)
{
    for (const ExportFormat *const *each = export_formats(); *each; each++) {
        const char *name = export_format_name(*each);
        ExportCounts counts;
        g_autofree char *text = export_hostile(*each, &counts);
        gboolean csv = g_str_equal(name, "csv");

        g_assert_null(strstr(text, "$(id)`id`\t"));
        g_assert_null(strstr(text, "\"\n;"));
        if (!csv) {
            g_assert_null(strchr(text, '\r'));
            g_assert_null(strstr(text, "\n;drop"));
        }
        g_assert_true(g_utf8_validate(text, -1, NULL));
        g_assert_null(strstr(text, "0.0.0.0 cedar.example"));
        if (g_str_equal(name, "stix") || g_str_equal(name, "misp")) {
            yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
            g_assert_nonnull(doc);
            yyjson_doc_free(doc);
        }
        if (strstr(name, "suricata"))
            g_assert_null(strstr(text, "metadata"));
        /* The same lines as without: nothing hostile makes one. */
        g_autofree char *tame = export_kinds(name, &plain_options, NULL);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1), tame_lines = g_strsplit(tame, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, g_strv_length(tame_lines));
    }
}

static void test_hostile_cells(void)
{
    static const char *const cells[][2] = {
        {"=1+1", "\"'=1+1\""},  {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},      {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"\t=1", "\"' =1\""},   {"\n=1", "\"' =1\""},
        {"a\"b", "\"a\"\"b\""}, {"a,b;c", "\"a,b;c\""},
        {"a\nb", "\"a b\""},    {"$x", "\"$x\""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cells); i++) {
        ExportValue value = make_value(OBSERVABLE_MD5, MD5);
        value.name = cells[i][0];
        g_autofree char *text = export_text("csv", &plain_options, &value, 1, NULL);
        g_autofree char *row =
            g_strdup_printf("\r\n\"md5\",\"" MD5 "\",\"" ID "\",\"birch\",%s,\"\","
                            "\"\",\"\",\"\",\"\",\"\",\"\"\r\n",
                            cells[i][1]);
        g_assert_true(g_str_has_suffix(text, row));
    }
}

/* An address beginning with a sign is an e-mail address; in a spreadsheet it is a formula. */
static void test_hostile_addresses(void)
{
    ExportValue value = make_value(OBSERVABLE_EMAIL, "=cmd@alder.example");
    ExportCounts counts;
    g_autofree char *text = export_text("csv", &plain_options, &value, 1, &counts);
    if (counts.values == 1)
        g_assert_nonnull(strstr(text, "\"'=cmd@alder.example\""));
    g_assert_null(strstr(text, "\"=cmd"));
}

/* A name below a top domain of RPZ's own would be a trigger of another kind. */
static void test_hostile_triggers(void)
{
    const ExportValue values[] = {make_value(OBSERVABLE_DOMAIN, "8.0.0.0.10.rpz-ip"),
                                  make_value(OBSERVABLE_DOMAIN, "alder.example.rpz-nsdname"),
                                  make_value(OBSERVABLE_DOMAIN, "rpz-ip.example")};
    ExportCounts counts;
    g_autofree char *text =
        export_text("rpz", &plain_options, values, G_N_ELEMENTS(values), &counts);
    g_assert_cmpuint(counts.by_reason[EXPORT_MALFORMED][OBSERVABLE_DOMAIN], ==, 2);
    g_assert_null(strstr(text, "rpz-ip CNAME"));
    g_assert_nonnull(strstr(text, "\nrpz-ip.example CNAME .\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/export/hostile", test_hostile);
    g_test_add_func("/export/hostile/cells", test_hostile_cells);
    g_test_add_func("/export/hostile/addresses", test_hostile_addresses);
    g_test_add_func("/export/hostile/triggers", test_hostile_triggers);
    return g_test_run();
}
