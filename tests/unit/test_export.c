/* What each format says of values, and what it cannot say. */
#include "exported_values.h"

static const struct {
    const char *format, *text;
} golden[] = {
    {"rpz", "; Concert rpz, 2024-10-04T00:00:00.000Z\n"
            "$TTL 60\n"
            "@ IN SOA localhost. root.localhost. 1728000000 300 60 604800 60\n"
            "@ IN NS localhost.\n"
            "32.1.2.0.192.rpz-ip CNAME .\n"
            "128.1.zz.db8.2001.rpz-ip CNAME .\n"
            "24.0.100.51.198.rpz-ip CNAME .\n"
            "48.zz.1.db8.2001.rpz-ip CNAME .\n"
            "alder.example CNAME .\n"
            "*.alder.example CNAME .\n"},
    {"unbound", "# Concert unbound, 2024-10-04T00:00:00.000Z\n"
                "# response-ip: without \"respip\" as the first of module-config Unbound does not "
                "start.\n"
                "server:\n"
                "response-ip: 192.0.2.1/32 always_nxdomain\n"
                "response-ip: 2001:db8::1/128 always_nxdomain\n"
                "response-ip: 198.51.100.0/24 always_nxdomain\n"
                "response-ip: 2001:db8:1::/48 always_nxdomain\n"
                "local-zone: \"alder.example.\" always_nxdomain\n"},
    {"dnsmasq", "# Concert dnsmasq, 2024-10-04T00:00:00.000Z\n"
                "bogus-nxdomain=192.0.2.1\n"
                "bogus-nxdomain=2001:db8::1\n"
                "bogus-nxdomain=198.51.100.0/24\n"
                "bogus-nxdomain=2001:db8:1::/48\n"
                "address=/alder.example/\n"},
    {"hosts", "# Concert hosts, 2024-10-04T00:00:00.000Z\n"
              "0.0.0.0 alder.example\n"
              ":: alder.example\n"},
    {"suricata-domain", "YWxkZXIuZXhhbXBsZQ==\n"},
    {"suricata-ip", "::ffff:192.0.2.1\n2001:db8::1\n"},
    {"suricata-md5", MD5 "\n"},
    {"suricata-sha1", ""},
    {"suricata-sha256", SHA256 "\n"},
    {"suricata-iprep", "192.0.2.1,1,50\n2001:db8::1,1,50\n198.51.100.0/24,1,50\n"
                       "2001:db8:1::/48,1,50\n"},
    {"zeek", "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"
             "192.0.2.1\tIntel::ADDR\tbirch\t" ID "\n"
             "2001:db8::1\tIntel::ADDR\tbirch\t" ID "\n"
             "198.51.100.0/24\tIntel::SUBNET\tbirch\t" ID "\n"
             "2001:db8:1::/48\tIntel::SUBNET\tbirch\t" ID "\n"
             "alder.example\tIntel::DOMAIN\tbirch\t" ID "\n"
             "birch.example/a?b='c;d\tIntel::URL\tbirch\t" ID "\n" MD5
             "\tIntel::FILE_HASH\tbirch\t" ID "\n" SHA256 "\tIntel::FILE_HASH\tbirch\t" ID "\n"
             "eve@cedar.example\tIntel::EMAIL\tbirch\t" ID "\n"},
    {"plain", "192.0.2.1\n2001:db8::1\n198.51.100.0/24\n2001:db8:1::/48\nalder.example\n"
              "http://birch.example/a?b='c;d\nhttps://birch.example/\n" MD5 "\n" SHA256
              "\neve@cedar.example\n" MD5 "\n" JA4 "\n"},
};

static void test_golden(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(golden); i++) {
        g_autofree char *text = export_kinds(golden[i].format, &plain_options, NULL);
        g_assert_cmpstr(text, ==, golden[i].text);
    }
}

static void test_golden_suricata(void)
{
    g_autofree char *text = export_kinds("suricata", &plain_options, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    static const char *const expected[] = {
        "# Concert suricata",
        "alert ip [192.0.2.1] any <> any any (msg:\"Concert address\"; metadata:indicator " ID
        "; sid:",
        "alert ip [2001:db8::1] any <> any any (msg:",
        "alert ip [198.51.100.0/24] any <> any any (msg:",
        "alert ip [2001:db8:1::/48] any <> any any (msg:",
        "alert dns any any -> any any (msg:\"Concert domain\"; dns.query; dotprefix; "
        "content:\".alder.example\"; nocase; endswith; metadata:",
        "alert tls any any -> any any (msg:\"Concert domain\"; tls.sni; dotprefix; "
        "content:\".alder.example\"; nocase; endswith; metadata:",
        "alert http any any -> any any (msg:\"Concert domain\"; http.host; dotprefix; "
        "content:\".alder.example\"; endswith; metadata:",
        "alert http any any -> any any (msg:\"Concert url\"; http.host; "
        "content:\"birch.example\"; bsize:13; http.uri.raw; "
        "content:\"/a|3f|b=|27|c|3b|d\"; bsize:9; metadata:",
        "alert tls any any -> any any (msg:\"Concert ja3\"; ja3.hash; content:\"" MD5
        "\"; metadata:",
        "",
    };
    g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_true(g_str_has_prefix(lines[i], expected[i]));
        if (i > 0 && *lines[i])
            g_assert_true(g_str_has_suffix(lines[i], "; rev:1;)"));
    }
    /* A rule keeps its number whatever else there is. */
    ExportValue one = make_value(OBSERVABLE_JA3, MD5);
    g_autofree char *alone = export_text("suricata", &plain_options, &one, 1, NULL);
    g_assert_nonnull(strstr(alone, lines[9]));
    g_autofree char *drop = export_text("suricata-drop", &plain_options, &one, 1, NULL);
    g_assert_nonnull(strstr(drop, "\ndrop tls "));
}

static void test_golden_nftables(void)
{
    const ExportValue values[] = {
        make_value(OBSERVABLE_IPV4, "192.0.2.1"),
        make_value(OBSERVABLE_IPV4, "198.51.100.7"),
        make_value(OBSERVABLE_IPV4, "255.255.255.255"),
        make_value(OBSERVABLE_IPV6, "2001:db8::1"),
        make_value(OBSERVABLE_CIDR, "198.51.100.0/25"),
        make_value(OBSERVABLE_CIDR, "198.51.100.0/24"),
        make_value(OBSERVABLE_CIDR, "198.51.100.128/25"),
        make_value(OBSERVABLE_CIDR, "2001:db8::/33"),
    };
    ExportCounts counts;
    g_autofree char *text =
        export_text("nftables", &plain_options, values, G_N_ELEMENTS(values), &counts);
    g_assert_true(g_str_has_suffix(
        text, "counter name \"to6\" drop\n"
              "add element inet concert blocked4 { 192.0.2.1, 198.51.100.0/24, 255.255.255.255 }\n"
              "add element inet concert blocked6 { 2001:db8::/33 }\n"));
    g_assert_cmpuint(counts.by_reason[EXPORT_COVERED][OBSERVABLE_IPV4], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_COVERED][OBSERVABLE_IPV6], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_COVERED][OBSERVABLE_CIDR], ==, 2);
    g_assert_cmpuint(counts.values, ==, 4);
    /* With ports: covered by what is blocked at all of them, or more widely at the same one. */
    ExportValue ports[] = {
        make_value(OBSERVABLE_IPV4, "192.0.2.1"),
        make_value(OBSERVABLE_IPV4, "198.51.100.7"),
        make_value(OBSERVABLE_IPV4, "203.0.113.7"),
        make_value(OBSERVABLE_IPV4, "203.0.113.200"),
        make_value(OBSERVABLE_IPV6, "2001:db8::1"),
        make_value(OBSERVABLE_IPV6, "2001:db8:1::1"),
        make_value(OBSERVABLE_CIDR, "198.51.100.0/24"),
        make_value(OBSERVABLE_CIDR, "203.0.113.0/25"),
        make_value(OBSERVABLE_CIDR, "203.0.113.128/25"),
        make_value(OBSERVABLE_CIDR, "2001:db8::/48"),
    };
    for (guint i = 0; i < G_N_ELEMENTS(ports); i++)
        ports[i].port = 8080;
    ports[4].port = ports[8].port = 53;
    ports[6].port = 0;
    g_autofree char *with =
        export_text("nftables", &plain_options, ports, G_N_ELEMENTS(ports), &counts);
    g_assert_true(g_str_has_suffix(
        with, "counter name \"to6\" drop\n"
              "add element inet concert blocked4 { 198.51.100.0/24 }\n"
              "add element inet concert ports4 { 192.0.2.1 . 8080, 203.0.113.200 . 8080 }\n"
              "add element inet concert ports6 { 2001:db8::1 . 53, 2001:db8:1::1 . 8080 }\n"
              "add element inet concert netports4 { 203.0.113.0/25 . 8080, 203.0.113.128/25 . 53 "
              "}\n"
              "add element inet concert netports6 { 2001:db8::/48 . 8080 }\n"));
    g_assert_cmpuint(counts.by_reason[EXPORT_COVERED][OBSERVABLE_IPV4], ==, 2);
    g_assert_cmpuint(counts.values, ==, 8);
    g_assert_cmpuint(counts.entries, ==, 8);
    /* Nothing to block is a good script, too: it unblocks. */
    g_autofree char *none = export_text("nftables", &plain_options, NULL, 0, &counts);
    g_assert_nonnull(strstr(none, "flush set inet concert blocked4\n"));
    g_assert_null(strstr(none, "add element"));
}

/* What has a place for the port says it. */
static void test_ports(void)
{
    static const struct {
        const char *format, *text;
    } cases[] = {
        {"csv", "\"ipv4\",\"192.0.2.1\",\"" ID
                "\",\"birch\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"8080\"\r\n"},
        {"stix",
         "\"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'192.0.2.1' AND network-traffic:dst_port = 8080]\""},
        {"stix",
         "\"[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value "
         "= 'alder.example' AND network-traffic:dst_port = 443]\""},
        {"misp", "\"type\":\"ip-dst|port\",\"category\":\"Network activity\",\"to_ids\":true,"
                 "\"value\":\"192.0.2.1|8080\""},
        {"misp", "\"type\":\"hostname|port\",\"category\":\"Network activity\",\"to_ids\":true,"
                 "\"value\":\"alder.example|443\""},
        {"suricata", "\nalert ip [192.0.2.1] 8080 <> any any (msg:\"Concert address\"; "},
        {"suricata", "\nalert tls any any -> any 443 (msg:\"Concert domain\"; "},
        {"suricata", "\nalert http any any -> any 443 (msg:\"Concert domain\"; "},
        {"suricata-drop", "\ndrop ip [192.0.2.1] 8080 <> any any (msg:\"Concert address\"; "},
        {"suricata-drop", "\ndrop tls any any -> any 443 (msg:\"Concert domain\"; "},
    };
    ExportValue values[] = {make_value(OBSERVABLE_IPV4, "192.0.2.1"),
                            make_value(OBSERVABLE_DOMAIN, "alder.example")};
    ExportCounts counts;

    values[0].port = 8080;
    values[1].port = 443;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = export_text(cases[i].format, &plain_options, values, 2, &counts);
        g_assert_nonnull(strstr(text, cases[i].text));
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_DONE), ==, 2);
    }
    /* A lookup is of the name at every port. */
    static const char *const suricata[] = {"suricata", "suricata-drop"};
    ExportOptions wide = plain_options;
    wide.any_port = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(suricata); i++) {
        g_autofree char *rules = export_text(suricata[i], &plain_options, values, 2, &counts);
        g_assert_null(strstr(rules, " dns "));
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 0);
        g_autofree char *more = export_text(suricata[i], &wide, values, 2, &counts);
        g_assert_nonnull(strstr(more, " dns any any -> any any (msg:\"Concert domain\"; "));
        g_assert_nonnull(strstr(more, " tls any any -> any 443 "));
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 1);
    }
    g_autofree char *zeek = export_text("zeek", &plain_options, values, 2, &counts);
    g_assert_nonnull(strstr(zeek, "\n192.0.2.1\tIntel::ADDR\tbirch\t" ID " port 8080\n"));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 2);
    values[0] = make_value(OBSERVABLE_CIDR, "192.0.2.0/24");
    values[0].port = 8080;
    g_autofree char *text = export_text("misp", &plain_options, values, 1, &counts);
    g_assert_nonnull(strstr(text, "\"to_ids\":false,\"value\":\"192.0.2.0/24\",\"comment\":\"" ID
                                  ", given by birch, port 8080\""));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 1);
    values[0] = make_value(OBSERVABLE_URL, "http://birch.example/");
    values[0].port = 8080;
    g_free(export_text("stix", &plain_options, values, 1, &counts));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 1);
}

/* A format that has no place for ports leaves out what asks for one, and writes it for every port
 * only when told to. */
static void test_ports_lacking(void)
{
    ExportOptions options = plain_options;
    for (const ExportFormat *const *each = export_formats(); *each; each++) {
        const char *name = export_format_name(*each);
        ExportValue values[] = {make_value(OBSERVABLE_IPV4, "192.0.2.1"),
                                make_value(OBSERVABLE_CIDR, "198.51.100.0/24"),
                                make_value(OBSERVABLE_DOMAIN, "alder.example")};
        ExportCounts counts, wide;
        options.any_port = FALSE;
        g_free(export_text(name, &options, values, G_N_ELEMENTS(values), &wide));
        for (guint i = 0; i < G_N_ELEMENTS(values); i++)
            values[i].port = 8080;
        g_autofree char *text = export_text(name, &options, values, G_N_ELEMENTS(values), &counts);
        if (!export_format_lacks_ports(*each)) {
            g_assert_cmpuint(export_counts_sum(&counts, EXPORT_ONE_PORT), ==, 0);
            g_assert_cmpuint(counts.values, ==, wide.values);
            continue;
        }
        g_test_message("%s", name);
        g_assert_cmpuint(counts.values, ==, 0);
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_ONE_PORT), ==, wide.values);
        g_assert_null(strstr(text, "192.0.2.1"));
        g_assert_null(strstr(text, "alder"));
        options.any_port = TRUE;
        g_free(export_text(name, &options, values, G_N_ELEMENTS(values), &counts));
        g_assert_cmpuint(counts.values, ==, wide.values);
        g_assert_cmpuint(export_counts_sum(&counts, EXPORT_ONE_PORT), ==, 0);
    }
    /* What has no port of its own is as good without one. */
    ExportValue hash = make_value(OBSERVABLE_MD5, MD5);
    hash.port = 8080;
    ExportCounts counts;
    g_free(export_text("plain", &plain_options, &hash, 1, &counts));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_WIDENED), ==, 1);
}

/* Of a value's claims each port is said once, and none beside what is said for all of them. */
static void test_ports_claims(void)
{
    ExportValue values[] = {
        make_value(OBSERVABLE_IPV4, "192.0.2.1"), make_value(OBSERVABLE_IPV4, "192.0.2.1"),
        make_value(OBSERVABLE_IPV4, "192.0.2.1"), make_value(OBSERVABLE_IPV4, "192.0.2.1")};
    ExportCounts counts;
    values[0].port = values[2].port = 8080;
    values[1].port = 443;
    values[3].port = 80;
    values[3].pap = MARKING_PAP_RED;
    g_autofree char *text = export_text("nftables", &plain_options, values, 4, &counts);
    g_assert_true(g_str_has_suffix(
        text, "\nadd element inet concert ports4 { 192.0.2.1 . 443, 192.0.2.1 . 8080 }\n"));
    g_assert_cmpuint(counts.values, ==, 1);
    g_assert_cmpuint(counts.entries, ==, 2);
    values[3] = make_value(OBSERVABLE_IPV4, "192.0.2.1");
    g_autofree char *all = export_text("nftables", &plain_options, values, 4, &counts);
    g_assert_true(g_str_has_suffix(all, "\nadd element inet concert blocked4 { 192.0.2.1 }\n"));
    g_assert_cmpuint(counts.values, ==, 1);
    g_assert_cmpuint(counts.entries, ==, 1);
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_COVERED), ==, 0);
    /* One that says no port lets the value into a list that cannot say any. */
    g_autofree char *plain = export_text("plain", &plain_options, values, 4, &counts);
    g_assert_cmpstr(plain, ==, "192.0.2.1\n");
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_DONE), ==, 1);
}

/* What each format cannot say is counted by kind, and nothing is lost: written and left out make
 * up all there is. */
static void test_counts(void)
{
    for (const ExportFormat *const *each = export_formats(); *each; each++) {
        ExportCounts counts;
        g_autofree char *text = export_kinds(export_format_name(*each), &plain_options, &counts);
        guint64 sum = 0;
        for (int reason = 0; reason < EXPORT_REASONS; reason++)
            sum += export_counts_sum(&counts, (ExportReason)reason);
        g_assert_cmpuint(sum, ==, G_N_ELEMENTS(kinds));
        g_assert_cmpuint(counts.values, ==,
                         export_counts_sum(&counts, EXPORT_DONE) +
                             export_counts_sum(&counts, EXPORT_NARROWED));
        g_assert_cmpuint(counts.bytes, ==, strlen(text));
    }
    ExportCounts counts;
    g_free(export_kinds("zeek", &plain_options, &counts));
    g_assert_cmpuint(counts.by_reason[EXPORT_NARROWED][OBSERVABLE_DOMAIN], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_UNSEEN][OBSERVABLE_URL], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_NO_PLACE][OBSERVABLE_JA3], ==, 1);
    g_assert_cmpuint(counts.by_reason[EXPORT_NO_PLACE][OBSERVABLE_JA4], ==, 1);
    g_free(export_kinds("rpz", &plain_options, &counts));
    g_assert_cmpuint(export_counts_sum(&counts, EXPORT_NO_PLACE), ==, 7);
}

static void test_choice(void)
{
    ExportValue values[] = {make_value(OBSERVABLE_IPV4, "192.0.2.1"),
                            make_value(OBSERVABLE_DOMAIN, "alder.example")};
    values[0].suppressed = "public resolvers";
    ExportOptions options = plain_options;
    ExportCounts counts;
    g_free(export_text("plain", &options, values, 2, &counts));
    g_assert_cmpuint(counts.by_reason[EXPORT_SUPPRESSED][OBSERVABLE_IPV4], ==, 1);
    options.suppressed = TRUE;
    options.kinds = 1u << OBSERVABLE_IPV4;
    g_autofree char *text = export_text("plain", &options, values, 2, &counts);
    g_assert_cmpstr(text, ==, "192.0.2.1\n");
    g_assert_cmpuint(counts.by_reason[EXPORT_UNWANTED][OBSERVABLE_DOMAIN], ==, 1);
}

static void test_actions(void)
{
    static const struct {
        const char *format;
        int action;
        const char *redirect;
        gboolean exact;
        const char *end; /* NULL: refused */
    } cases[] = {
        {"rpz", EXPORT_NODATA, NULL, TRUE, "\nalder.example CNAME *.\n"},
        {"rpz", EXPORT_PASSTHRU, NULL, FALSE, "\n*.alder.example CNAME rpz-passthru.\n"},
        {"rpz", EXPORT_REDIRECT, "garden.example", TRUE, "\nalder.example CNAME garden.example.\n"},
        {"rpz", -1, "192.0.2.9", TRUE, "\nalder.example A 192.0.2.9\n"},
        {"rpz", EXPORT_REDIRECT, "2001:db8::9", TRUE, "\nalder.example AAAA 2001:db8::9\n"},
        {"rpz", EXPORT_REDIRECT, "x\ny", TRUE, NULL},
        {"rpz", EXPORT_REDIRECT, NULL, TRUE, NULL},
        {"rpz", EXPORT_NODATA, "192.0.2.9", TRUE, NULL},
        {"unbound", EXPORT_NODATA, NULL, FALSE, "\nlocal-zone: \"alder.example.\" always_nodata\n"},
        {"unbound", EXPORT_REDIRECT, "192.0.2.9", FALSE,
         " redirect\nlocal-data: \"alder.example. 60 IN A 192.0.2.9\"\n"},
        {"unbound", -1, NULL, TRUE, NULL},
        {"dnsmasq", EXPORT_NODATA, NULL, FALSE, NULL},
        {"dnsmasq", EXPORT_REDIRECT, "192.0.2.9", FALSE, "\naddress=/alder.example/192.0.2.9\n"},
        {"dnsmasq", EXPORT_REDIRECT, "garden.example", FALSE, NULL},
        {"dnsmasq", EXPORT_PASSTHRU, NULL, FALSE, "\nserver=/alder.example/#\n"},
        {"hosts", EXPORT_NXDOMAIN, NULL, FALSE, NULL},
        {"hosts", EXPORT_REDIRECT, "192.0.2.9", TRUE, "Z\n192.0.2.9 alder.example\n"},
        {"nftables", EXPORT_NODATA, NULL, FALSE, NULL},
        {"plain", EXPORT_NXDOMAIN, NULL, FALSE, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ExportOptions options = plain_options;
        options.action = cases[i].action;
        options.redirect = cases[i].redirect;
        options.exact = cases[i].exact;
        GError *error = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(Export) export =
            export_new(export_format_find(cases[i].format, NULL), &options, collect, text, &error);
        if (!cases[i].end) {
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
            g_clear_error(&error);
            continue;
        }
        g_assert_no_error(error);
        ExportValue value = make_value(OBSERVABLE_DOMAIN, "alder.example");
        g_assert_true(export_add(export, &value, NULL));
        g_assert_true(export_finish(export, NULL, NULL));
        g_assert_true(g_str_has_suffix(text->str, cases[i].end));
    }
    g_assert_null(export_format_find("bind", NULL));
}

static gboolean refuse_bytes(gpointer user, const char *bytes, gsize length, GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_FULL, "full");
    return FALSE;
}

static void test_failure(void)
{
    GError *error = NULL;
    g_autoptr(Export) export =
        export_new(export_format_find("plain", NULL), &plain_options, refuse_bytes, NULL, NULL);
    ExportValue value = make_value(OBSERVABLE_MD5, MD5);
    g_assert_true(export_add(export, &value, NULL));
    g_assert_false(export_finish(export, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_FULL);
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/export/golden", test_golden);
    g_test_add_func("/export/ports", test_ports);
    g_test_add_func("/export/ports/lacking", test_ports_lacking);
    g_test_add_func("/export/ports/claims", test_ports_claims);
    g_test_add_func("/export/golden/suricata", test_golden_suricata);
    g_test_add_func("/export/golden/nftables", test_golden_nftables);
    g_test_add_func("/export/counts", test_counts);
    g_test_add_func("/export/choice", test_choice);
    g_test_add_func("/export/actions", test_actions);
    g_test_add_func("/export/failure", test_failure);
    return g_test_run();
}
