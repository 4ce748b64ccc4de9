/* Which values may stand in an export: their marking, width, validity and claims, and what the
 * programs that load it take. */
#include "exported_values.h"

#define ID_B "indicator--0b000000-0000-4000-8000-00000000000b"

static void test_length(void)
{
    GString *name = g_string_new(NULL);
    while (name->len + 64 < 187 - 7)
        g_string_append_printf(name, "%s.",
                               "a23456789012345678901234567890123456789012345678901234567890123");
    while (name->len < 187 - 8)
        g_string_append_c(name, 'b');
    g_string_append(name, ".example"); /* 187 bytes: with "*." just what is left beside a zone */
    ExportValue value = make_value(OBSERVABLE_DOMAIN, name->str);
    ExportCounts counts;
    g_free(export_text("rpz", &plain_options, &value, 1, &counts));
    g_assert_cmpuint(counts.values, ==, 1);
    g_string_insert_c(name, (gssize)name->len - 8, 'b');
    value.text = name->str;
    g_free(export_text("rpz", &plain_options, &value, 1, &counts));
    g_assert_cmpuint(counts.values, ==, 0);
    g_assert_cmpuint(counts.by_reason[EXPORT_TOO_LONG][OBSERVABLE_DOMAIN], ==, 1);
    ExportOptions exact = plain_options;
    exact.exact = TRUE;
    g_free(export_text("rpz", &exact, &value, 1, &counts));
    g_assert_cmpuint(counts.values, ==, 1);
    g_string_free(name, TRUE);
}

/* BIND refuses a zone in which an address stands at a name that is no host's. */
static void test_host_names(void)
{
    static const struct {
        const char *name;
        gboolean host;
    } cases[] = {{"alder.example", TRUE},     {"a-b.alder.example", TRUE},
                 {"_x.alder.example", FALSE}, {"a_b.alder.example", FALSE},
                 {"-x.alder.example", FALSE}, {"x-.alder.example", FALSE},
                 {"alder.-x.example", FALSE}, {"xn--bcher-kva.example", TRUE}};
    ExportOptions options = plain_options;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ExportValue value = make_value(OBSERVABLE_DOMAIN, cases[i].name);
        ExportCounts counts;
        options.redirect = "192.0.2.9";
        g_free(export_text("rpz", &options, &value, 1, &counts));
        g_assert_cmpuint(counts.values, ==, cases[i].host);
        options.redirect = "garden.example";
        g_free(export_text("rpz", &options, &value, 1, &counts));
        g_assert_cmpuint(counts.values, ==, 1);
    }
}

static void test_marking(void)
{
    static const struct {
        MarkingPap pap, unmarked;
        gboolean approved;
        ExportReason reason;
    } cases[] = {
        {MARKING_PAP_CLEAR, MARKING_PAP_NONE, FALSE, EXPORT_DONE},
        {MARKING_PAP_GREEN, MARKING_PAP_NONE, FALSE, EXPORT_DONE},
        {MARKING_PAP_AMBER, MARKING_PAP_NONE, FALSE, EXPORT_NOT_PERMITTED},
        {MARKING_PAP_AMBER, MARKING_PAP_CLEAR, FALSE, EXPORT_NOT_PERMITTED},
        {MARKING_PAP_RED, MARKING_PAP_NONE, FALSE, EXPORT_NOT_PERMITTED},
        {MARKING_PAP_NONE, MARKING_PAP_NONE, FALSE, EXPORT_UNMARKED},
        {MARKING_PAP_NONE, MARKING_PAP_GREEN, FALSE, EXPORT_DONE},
        {MARKING_PAP_NONE, MARKING_PAP_AMBER, FALSE, EXPORT_NOT_PERMITTED},
        {MARKING_PAP_RED, MARKING_PAP_NONE, TRUE, EXPORT_DONE},
    };
    for (const ExportFormat *const *each = export_formats(); *each; each++)
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
            ExportOptions options = plain_options;
            options.unmarked = cases[i].unmarked;
            options.approved = cases[i].approved;
            gboolean names = g_str_equal(export_format_name(*each), "hosts");
            ExportValue value = names ? make_value(OBSERVABLE_DOMAIN, "alder.example")
                                      : make_value(OBSERVABLE_IPV4, "192.0.2.1");
            value.pap = cases[i].pap;
            ExportCounts counts;
            g_free(export_text(export_format_name(*each), &options, &value, 1, &counts));
            if (export_format_blocks(*each) && cases[i].reason != EXPORT_DONE) {
                g_assert_cmpuint(counts.values, ==, 0);
                g_assert_cmpuint(export_counts_sum(&counts, cases[i].reason), ==, 1);
            } else {
                g_assert_cmpuint(export_counts_sum(&counts, EXPORT_UNMARKED), ==, 0);
                g_assert_cmpuint(export_counts_sum(&counts, EXPORT_NOT_PERMITTED), ==, 0);
            }
        }
}

/* What in a release takes two persons is not blocked where nobody approved anything. */
static void test_width(void)
{
    const ExportValue values[] = {
        make_value(OBSERVABLE_CIDR, "0.0.0.0/0"),     make_value(OBSERVABLE_CIDR, "198.50.0.0/15"),
        make_value(OBSERVABLE_CIDR, "198.51.0.0/16"), make_value(OBSERVABLE_CIDR, "::/0"),
        make_value(OBSERVABLE_CIDR, "2001:db8::/31"), make_value(OBSERVABLE_CIDR, "2001:db8::/32"),
    };
    ExportOptions options = plain_options;
    ExportCounts counts;
    g_free(export_text("nftables", &options, values, G_N_ELEMENTS(values), &counts));
    g_assert_cmpuint(counts.values, ==, 2);
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_TOO_WIDE), ==, 4);
    g_free(export_text("plain", &options, values, G_N_ELEMENTS(values), &counts));
    g_assert_cmpuint(counts.values, ==, G_N_ELEMENTS(values));
    options.approved = TRUE;
    g_free(export_text("nftables", &options, values, G_N_ELEMENTS(values), &counts));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_TOO_WIDE), ==, 0);
}

static void test_validity(void)
{
    static const struct {
        gint64 from, until;
        gboolean valid;
    } cases[] = {
        {0, 0, TRUE},   {0, NOW, FALSE},     {0, NOW + 1, TRUE},
        {NOW, 0, TRUE}, {NOW + 1, 0, FALSE}, {NOW - DAY, NOW - 1, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ExportValue value = make_value(OBSERVABLE_MD5, MD5);
        value.valid_from = cases[i].from;
        value.valid_until = cases[i].until;
        ExportCounts counts;
        g_free(export_text("plain", &plain_options, &value, 1, &counts));
        g_assert_cmpuint(counts.values, ==, cases[i].valid);
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_OUT_OF_DATE), ==, !cases[i].valid);
    }
}

/* Of a value's claims one that holds is enough; without one, the value counts once. */
static void test_claims(void)
{
    ExportValue values[4];
    for (guint i = 0; i < 4; i++)
        values[i] = make_value(OBSERVABLE_DOMAIN, "alder.example");
    values[0].valid_until = NOW - 1;
    values[1].pap = MARKING_PAP_RED;
    values[2].id = ID_B;
    values[2].pap = MARKING_PAP_GREEN;
    ExportOptions options = plain_options;
    options.unmarked = MARKING_PAP_NONE;
    ExportCounts counts;
    g_autofree char *text = export_text("dnsmasq", &options, values, 4, &counts);
    g_assert_cmpuint(counts.values, ==, 1);
    g_assert_cmpuint(counts.entries, ==, 1);
    g_assert_true(g_str_has_suffix(text, "Z\naddress=/alder.example/\n"));
    g_free(export_text("dnsmasq", &options, values, 2, &counts));
    g_assert_cmpuint(counts.values, ==, 0);
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_NOT_PERMITTED), ==, 1);
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_OUT_OF_DATE), ==, 0);
    g_free(export_text("csv", &options, values, 4, &counts));
    g_assert_cmpuint(counts.values, ==, 1);
    g_assert_cmpuint(counts.entries, ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/export/length", test_length);
    g_test_add_func("/export/host-names", test_host_names);
    g_test_add_func("/export/marking", test_marking);
    g_test_add_func("/export/width", test_width);
    g_test_add_func("/export/validity", test_validity);
    g_test_add_func("/export/claims", test_claims);
    return g_test_run();
}
