/* Whatever a list or a table says: straight into a set comes what comes into it by way of STIX, and
 * what cannot be read is told in the same words. */
#include "node/shield_direct.h"

#include <string.h>

#include "intake/csv.h"
#include "intake/list.h"
#include "shield/set_summary.h"
#include "stix/identifier.h"

#define NOW   G_GINT64_CONSTANT(1800000000000000)
#define LATER G_GINT64_CONSTANT(2200000000000000)

typedef gboolean (*Read)(Stream *stream, const char *name, const IntakeOptions *options,
                         const IntakeSink *sink, GError **error);

typedef struct {
    SetBuilder *builder;
    const LoadOptions *options;
    LoadCounts counts;
    GString *told; /* notes, and objects that could not be read */
    guint direct, read;
} Reading;

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Reading *reading = user;
    g_autoptr(GError) broken = NULL;
    g_autoptr(Object) object = object_read(bytes, length, spec, OBJECT_LENIENT, &broken);
    LoadOutcome outcome;

    reading->read++;
    if (!object) {
        g_string_append_printf(reading->told, "%s: %s\n", where, broken->message);
        return TRUE;
    }
    if (!load_object(reading->builder, object, "feed", MARKING_TLP_NONE, reading->options, &outcome,
                     error))
        return FALSE;
    load_count(&reading->counts, outcome);
    return TRUE;
}

static gboolean take_indicator(gpointer user, const Indicator *indicator, gboolean *ret_taken,
                               GError **error)
{
    Reading *reading = user;
    LoadOutcome outcome;

    if (!shield_direct_add(reading->builder, indicator, "feed", reading->options, ret_taken,
                           &outcome, error))
        return FALSE;
    if (*ret_taken) {
        reading->direct++;
        load_count(&reading->counts, outcome);
    }
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    g_string_append_printf(((Reading *)user)->told, "%d %s: %s\n", note, where, message);
}

/* The set of @text under one secret. */
static GBytes *compile(Read read, const char *text, gsize length, const IntakeOptions *intake,
                       const LoadOptions *options, gboolean direct, Reading *ret_reading)
{
    static const guint8 secret[SET_BUILDER_SECRET] = {7};
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_autoptr(GError) error = NULL;
    IntakeSink sink = {.object = take_object,
                       .indicator = direct ? take_indicator : NULL,
                       .note = take_note,
                       .user = ret_reading};

    *ret_reading = (Reading){.builder = builder, .options = options, .told = g_string_new(NULL)};
    read(stream, "feed.txt", intake, &sink, &error);
    g_assert_no_error(error);
    GBytes *bytes = set_builder_finish(builder, &error);
    g_assert_no_error(error);
    return bytes;
}

/* Both ways give the same; returns how many were taken directly. */
static guint assert_same(Read read, const char *text, gsize length, const IntakeOptions *intake,
                         const LoadOptions *options)
{
    Reading direct, objects;
    g_autoptr(GBytes) one = compile(read, text, length, intake, options, TRUE, &direct);
    g_autoptr(GBytes) other = compile(read, text, length, intake, options, FALSE, &objects);

    g_assert_cmpstr(direct.told->str, ==, objects.told->str);
    g_assert_cmpmem(&direct.counts, sizeof(direct.counts), &objects.counts, sizeof(objects.counts));
    g_assert_cmpuint(objects.direct, ==, 0);
    g_assert_true(g_bytes_equal(one, other));
    g_string_free(direct.told, TRUE);
    g_string_free(objects.told, TRUE);
    return direct.direct;
}

/* With every option that has a say. */
static guint assert_same_always(Read read, const char *text, gsize length)
{
    static const LoadOptions loads[] = {
        {.now = NOW},
        {.now = NOW, .future = TRUE},
        {.now = NOW, .expired = TRUE, .pap = MARKING_PAP_AMBER},
        {.now = NOW, .min_confidence = 50, .most_tlp = MARKING_TLP_GREEN},
        {.now = NOW, .most_tlp = MARKING_TLP_RED, .most_pap = MARKING_PAP_GREEN},
    };
    static const IntakeOptions intakes[] = {
        {.source = "feed", .confidence = -1},
        {.source = "", .confidence = 40, .tlp = "amber", .valid_from = NOW + 1234567},
        {.confidence = 200, .tlp = "TLP:CLEAR", .valid_from = 5, .valid_until = 999},
        {.source = "f\"e\xc3\xa4", .valid_from = -5, .valid_until = NOW - 1},
    };
    guint direct = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(loads); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(intakes); j++)
            direct += assert_same(read, text, length, &intakes[j], &loads[i]);
    return direct;
}

static const char list[] =
    "# a comment\n"
    "192.0.2.1\n192.0.2.1\n198.51.100.7:8080\n[2001:db8::1]:443\n2001:DB8::2\n::ffff:203.0.113.9\n"
    "192.0.2.77/24\n192.0.2.5/32\n2001:db8:7::/48\n2001:db8::9/128\n0.0.0.0/0\n"
    "Alder.Example.\n*.birch.example\n.cedar.example # of Cedar\nalder.example:8443\n"
    "b\xc3\xbc"
    "cher.example\nalder_birch.example\n||forum.example^$third-party\n"
    "hxxp://alder[.]example/a_port/..%2f/%7euser?q='x'\\y\nhttps://192.0.2.9:8443/\n"
    "http://[2001:db8::3]/x\nwww.alder.example/path\nhttp://one/label\nftp://birch.example/\xff\n"
    "someone[@]alder.example\nO'Neil@alder.example\nJ\xc3\x96RG@alder.example\n"
    "D41D8CD98F00B204E9800998ECF8427E\nda39a3ee5e6b4b0d3255bfef95601890afd80709\n"
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e\n"
    "t13d1516h2_8daaf6152771_02713d6af862\n"
    "co.uk\nexample\n0.0.0.0 alder.example localhost birch.example # hosts\n"
    "nothing known\n192.0.2.1:65536\n##.ad\n@@||x^\nalder.example,with a comment,3\n"
    "192.0.2.200 17 4\nfoo\x01"
    "bar.example\nalder.example\tand more \xff\xfe\n";

static void test_list(void)
{
    g_assert_cmpuint(assert_same_always(list_read, list, strlen(list)), >, 400);
}

/* What the looks of values do not tell. */
static void test_kinds(void)
{
    for (int kind = OBSERVABLE_NONE; kind <= OBSERVABLE_OTHER; kind++) {
        const IntakeOptions intake = {.source = "feed", .confidence = -1, .kind = kind};
        const LoadOptions load = {.now = NOW};
        g_test_message("%d", kind);
        assert_same(list_read, list, strlen(list), &intake, &load);
    }
}

static const char table[] =
    "type,value,port,name,comment,first_seen,last_seen,valid_until,confidence,tlp,tags,reference\n"
    "ipv4,192.0.2.1,,,,,,,,,,\n"
    "ip:port,192.0.2.2:8080,,C2,theft,2026-01-02 03:04:05,2026-02-02,2030-01-01,80,green,\"a,b\","
    "https://birch.example/1\n"
    "domain,alder.example,53,alder.example,,2026-01-02T03:04:05.678901Z,,,100,TLP:RED,,\n"
    "domain,birch.example,53,birch.example:53,,1767323045,,2026-01-02,0,amber+strict,PAP:RED,\n"
    "domain,cedar.example,99999,\"\",,9999-12-31T23:59:59Z,,,101,purple,,\n"
    "domain,cedar.example,0,Cedar \"quoted\\\" \xc3\xa4,,9999-12-31T23:59:59-05:00,,,7,white,,\n"
    "domain,latin.example,,caf\xe9,caf\xe9,2026-01-02,0001-01-01,,,,,\n"
    "url,http://alder.example/a,80,http://alder.example/a,,2031-01-01,,2032-01-01,50,clear,,\n"
    "url,http://alder.example/a,,http://alder.example/b,,2026-01-01,2026-05-05,,50,clear,,\n"
    "url,http://alder.example/a,,old,,2025-01-01,2025-05-05,,50,clear,,\n"
    "sha256,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,443,x,,,,,,,,\n"
    "ja3,d41d8cd98f00b204e9800998ecf8427e,,x,,2027-02-30,,,,,,\n"
    "cidr,198.51.100.9/24,,\x01mark,,,,,,,,\n"
    "ipv6,2001:db8::5,8443,\x01,,,,,,,,\n"
    "email,someone@alder.example,25,x,,,,,,,,\n"
    "hostname,not a name,,,,,,,,,,\n"
    ",,,,,,,,,,,\n"
    "ipv4,203.0.113.1,,\"two\nlines\",,2027-03-01,2027-03-02T00:00:00.0005Z,"
    "2027-03-01T00:00:00.0001Z,,,,\n"
    "ipv4,\"203.0.113.2\n";

static void test_table(void)
{
    g_assert_cmpuint(assert_same_always(csv_read, table, strlen(table)), >, 200);
}

/* Lines of pieces that belong together, or do not. */
static void append_line(GString *text, GRand *random)
{
    static const char *const pieces[] = {
        "192.0.2.",   "198.51.100.7",
        "2001:db8::", "alder",
        ".example",   "birch.example",
        "http://",    "https://",
        "/path",      "?q=1",
        "#",          " ",
        "\t",         "comment",
        "@",          ":8080",
        ":",          "/24",
        "/128",       "[.]",
        "hxxp",       "%41",
        "%2e%2e",     "'",
        "\"",         "\\",
        "\xc3\xa4",   "\xff",
        "xn--",       "d41d8cd98f00b204",
        "e9800998",   "ecf8427e",
        "_port",      "1",
        "0",          ".",
        "co.uk",      ",",
        ";",          "||",
        "^",          "*.",
        "\xc4\xb0x",  "[",
        "]",          "0x7f.1",
        "\x02",       "..",
    };
    for (gint32 count = g_rand_int_range(random, 1, 7); count > 0; count--)
        g_string_append(text, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
    g_string_append_c(text, '\n');
}

static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20);
    g_autoptr(GString) text = g_string_new(NULL);
    const IntakeOptions intake = {.source = "feed", .confidence = -1};
    const LoadOptions load = {.now = NOW};

    for (guint i = 0; i < 20000; i++)
        append_line(text, random);
    g_assert_cmpuint(assert_same(list_read, text->str, text->len, &intake, &load), >, 1000);
}

/* What does not come from the readers that there are. */
static void test_others(void)
{
    static const char *const refs[] = {"marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e",
                                       NULL};
    const Indicator plain = {
        .kind = OBSERVABLE_IPV4, .value = "192.0.2.1", .source = "x", .confidence = -1};
    Indicator others[] = {plain, plain, plain, plain, plain, plain};
    const LoadOptions options = {.now = NOW};
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    gboolean taken;
    LoadOutcome outcome;

    others[0].marking_refs = refs;
    others[1].members = "\"x_a\":1";
    others[2].pattern = "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']";
    others[3].id = "indicator--00000000-0000-4000-8000-000000000001";
    others[4].kind = OBSERVABLE_OTHER;
    others[5].created = others[5].modified = G_GINT64_CONSTANT(253402300800000000);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_true(
            shield_direct_add(builder, &others[i], "x", &options, &taken, &outcome, NULL));
        g_assert_false(taken);
    }
    g_assert_true(shield_direct_add(builder, &plain, "x", &options, &taken, &outcome, NULL));
    g_assert_true(taken);
    g_assert_cmpint(outcome, ==, LOAD_TAKEN);
}

/* An id is made of however long a text, among others. */
static void test_made(void)
{
    const guint8 space[16] = {0x32, 0xae, 0xde, 0xeb, 0x23, 0x4f, 0x5c, 0x4b,
                              0xb6, 0x85, 0x25, 0x4b, 0xa7, 0x4d, 0xb7, 0x65};
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 30; i++) {
        g_autofree char *text = g_strnfill(i * 20000, (char)('a' + i % 26));
        g_autofree char *value = g_strdup_printf("192.0.2.%u", i);
        const SetIndicator indicator = {.id = text, .source = "x", .confidence = -1};
        g_assert_true(set_builder_add_made(builder, &indicator, space, NULL));
        g_assert_true(set_builder_add_value(builder, OBSERVABLE_IPV4, value, NULL));
        g_ptr_array_add(ids, identifier_make_v5("indicator", "32aedeeb-234f-5c4b-b685-254ba74db765",
                                                text, strlen(text)));
    }
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *value = g_strdup_printf("192.0.2.%u", i);
        SetValue found;
        SetEntry entry = set_find(set, OBSERVABLE_IPV4, value, strlen(value));
        g_assert_true(set_read(set, entry, &found));
        g_assert_cmpstr(found.id, ==, ids->pdata[i]);
        set_value_clear(&found);
    }
}

typedef struct {
    gint64 now;
    SetSummary summary;
} Counting;

static gboolean count_value(gpointer user, SetEntry entry, const SetValue *value)
{
    Counting *counting = user;
    SetSummary *summary = &counting->summary;

    summary->kinds[value->kind]++;
    summary->newest = MAX(summary->newest, value->version);
    summary->not_yet += value->valid_from > counting->now;
    summary->expired += value->valid_until != 0 && value->valid_until <= counting->now;
    return TRUE;
}

/* What is counted is what looking at each value counts. */
static void test_summary(void)
{
    const IntakeOptions intake = {.source = "feed", .confidence = -1};
    const LoadOptions load = {.now = NOW, .expired = TRUE, .future = TRUE};
    Counting counting = {.now = LATER};
    SetSummary summary;
    Reading reading;
    g_autoptr(GBytes) bytes =
        compile(csv_read, table, strlen(table), &intake, &load, TRUE, &reading);
    g_autoptr(Set) set = set_open_bytes(bytes, NULL);

    g_string_free(reading.told, TRUE);
    set_each(set, count_value, &counting);
    set_summary_read(set, LATER, &summary);
    g_assert_cmpuint(summary.not_yet, >, 0);
    g_assert_cmpuint(summary.expired, >, 0);
    g_assert_cmpint(summary.newest, >, 0);
    g_assert_cmpuint(summary.kinds[OBSERVABLE_CIDR], ==, 1);
    g_assert_cmpmem(&summary, sizeof(summary), &counting.summary, sizeof(counting.summary));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shield_direct/list", test_list);
    g_test_add_func("/shield_direct/kinds", test_kinds);
    g_test_add_func("/shield_direct/table", test_table);
    g_test_add_func("/shield_direct/random", test_random);
    g_test_add_func("/shield_direct/others", test_others);
    g_test_add_func("/shield_direct/made", test_made);
    g_test_add_func("/shield_direct/summary", test_summary);
    return g_test_run();
}
