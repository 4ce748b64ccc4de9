/* A compiled set as bytes: all that was put in comes back, the same content makes the same ones,
 * and what is damaged or made by enemies is refused. */
#include "shield/set_file.h"

#include <string.h>

#include "made_set.h"
#include "shield/key.h"

/* One of every kind that a set can have. */
static const struct {
    ObservableKind kind;
    const char *value;
} every[] = {
    {OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV4, "255.255.255.255"},
    {OBSERVABLE_IPV4, "0.0.0.0"},
    {OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_CIDR, "198.51.100.0/24"},
    {OBSERVABLE_CIDR, "2001:db8::/32"},
    {OBSERVABLE_CIDR, "2001:db8:1::/48"},
    {OBSERVABLE_DOMAIN, "alder.example"},
    {OBSERVABLE_DOMAIN, "www.alder.example"},
    {OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
    {OBSERVABLE_URL, "http://birch.example/a?b"},
    {OBSERVABLE_URL, "https://192.0.2.7:8443/"},
    {OBSERVABLE_URL, "http://[2001:db8::7]/x"},
    {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
    {OBSERVABLE_JA3, "d41d8cd98f00b204e9800998ecf8427e"},
    {OBSERVABLE_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {OBSERVABLE_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {OBSERVABLE_SHA512, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    {OBSERVABLE_EMAIL, "mallory@cedar.example"},
    {OBSERVABLE_JA4, "t13d1516h2_8daaf6152771_02713d6af862"},
};

static const guint8 secret[SET_BUILDER_SECRET] = {1, 2, 3};

static void add_every(SetBuilder *builder, guint i)
{
    char id[] = "indicator--00000000-0000-4000-8000-000000000001";
    SetIndicator indicator = {.id = id,
                              .source = "one",
                              .name = "named",
                              .version = 1,
                              .confidence = 7,
                              .tlp = MARKING_TLP_GREEN,
                              .pap = MARKING_PAP_AMBER,
                              .valid_from = 5,
                              .valid_until = 50};
    id[11] = "abcdefghijklmnopqrstuvwxyz"[i]; /* beyond 'f' it is a text, no UUID */
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    add(builder, every[i].kind, every[i].value);
    add(builder, every[0].kind, every[0].value);
}

static GBytes *build_every(gboolean backwards, const guint8 *with)
{
    g_autoptr(SetBuilder) builder = set_builder_new(with);
    for (guint i = 0; i < G_N_ELEMENTS(every); i++)
        add_every(builder, backwards ? G_N_ELEMENTS(every) - 1 - i : i);
    GBytes *bytes = set_builder_finish(builder, NULL);
    g_assert_nonnull(bytes);
    return bytes;
}

static void test_every_kind(void)
{
    g_autoptr(GBytes) bytes = build_every(FALSE, secret);
    g_autoptr(Set) set = set_open_bytes(bytes, NULL);
    SetValue value;

    for (guint i = 0; i < G_N_ELEMENTS(every); i++) {
        const char *text = every[i].value;
        SetEntry entry = set_find(set, every[i].kind, text, strlen(text));
        g_test_message("%s", text);
        g_assert_true(set_has(set, every[i].kind));
        g_assert_cmpuint(entry, !=, SET_NONE);
        set_read(set, entry, &value);
        g_assert_cmpstr(value.value, ==, text);
        g_assert_cmpint(value.kind, ==, every[i].kind);
        g_assert_cmpstr(value.source, ==, "one");
        g_assert_cmpstr(value.name, ==, "named");
        g_assert_cmpint(value.confidence, ==, 7);
        g_assert_cmpint(value.tlp, ==, MARKING_TLP_GREEN);
        g_assert_cmpint(value.pap, ==, MARKING_PAP_AMBER);
        g_assert_cmpuint(value.entry, ==, entry);
        g_assert_null(value.lists[0]);
        g_assert_false(set_value_is_valid(&value, 4));
        g_assert_true(set_value_is_valid(&value, 5));
        g_assert_true(set_value_is_valid(&value, 49));
        g_assert_false(set_value_is_valid(&value, 50));
        /* One character less is another value. */
        g_assert_cmpuint(set_find(set, every[i].kind, text, strlen(text) - 1), ==, SET_NONE);
    }
    g_assert_true(set_may_have_url_host(set, "birch.example", 13));
    g_assert_true(set_may_have_url_host(set, "192.0.2.7", 9));
    g_assert_true(set_may_have_url_host(set, "[2001:db8::7]", 13));
    g_assert_cmpuint(set_longest_url(set), ==, strlen("http://birch.example/a?b"));
    g_assert_cmpuint(set_count_indicators(set), ==, G_N_ELEMENTS(every));
    g_assert_cmpuint(set_count_values(set), ==, 2 * G_N_ELEMENTS(every) - 1);
}

/* The filters know every value by the keys that scanning makes. */
static void test_filters(void)
{
    g_autoptr(GBytes) bytes = build_every(FALSE, secret);
    g_autoptr(Set) set = set_open_bytes(bytes, NULL);
    const Filters *filters = set_filters(set);
    static const char pad[] = "................................www.alder.example";
    const guint8 *end = (const guint8 *)pad + sizeof(pad) - 1;
    static const guint8 v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, net[16] = {0x20, 1, 0xd, 0xb8};
    guint64 seed = filters->seed;

    g_assert_true(filter_has(&filters->name2,
                             key_tail(key_seed(seed, KEY_NAME2), end, strlen("alder.example"))));
    g_assert_true(filter_has(
        &filters->name3, key_tail(key_seed(seed, KEY_NAME3), end, strlen("www.alder.example"))));
    g_assert_true(filter_bit(filters->labels, key_label(end, strlen("example"))));
    g_assert_true(filter_has(&filters->v4, key_v4(seed, 0xc0000201)));
    g_assert_true(filter_has(&filters->v4, key_v4(seed, 0xc0000207)));
    g_assert_true(filter_bit(filters->v4_nets, 0xc633));
    g_assert_false(filter_bit(filters->v4_nets, 0xc634));
    g_assert_true(filter_has(&filters->v6, key_v6(seed, v6)));
    g_assert_true(filter_has(&filters->v6, key_v6(seed, net)));
    g_assert_cmpmem(filters->v6_lengths, 3, "\x20\x30", 3);
    g_assert_true(
        filter_has(&filters->digest, key_digest(seed, G_GUINT64_CONSTANT(0xd41d8cd98f00b204), 32)));
    g_assert_true(filter_has(&filters->digest,
                             key_digest(seed, G_GUINT64_CONSTANT(0xcf83e1357eefb8bd), 128)));
    g_assert_false(
        filter_has(&filters->digest, key_digest(seed, G_GUINT64_CONSTANT(0xd41d8cd98f00b204), 64)));
    const char *ja4 = every[G_N_ELEMENTS(every) - 1].value;
    g_assert_true(filter_has(&filters->ja4,
                             key_tail(key_seed(seed, KEY_TEXT), (const guint8 *)ja4 + 36, 36)));
}

/* The same content and secret give the same bytes, in whatever order; another secret others. */
static void test_same_bytes(void)
{
    static const guint8 other[SET_BUILDER_SECRET] = {9};
    g_autoptr(GBytes) forwards = build_every(FALSE, secret);
    g_autoptr(GBytes) backwards = build_every(TRUE, secret);
    g_autoptr(GBytes) elsewhere = build_every(FALSE, other);
    g_autoptr(GBytes) random = build_every(FALSE, NULL);

    g_assert_true(g_bytes_equal(forwards, backwards));
    g_assert_false(g_bytes_equal(forwards, elsewhere));
    g_assert_false(g_bytes_equal(forwards, random));
}

static gboolean append_value(gpointer user, SetEntry entry, const SetValue *value)
{
    g_string_append_printf(user, "%s %s %s\n", observable_kind_name(value->kind), value->value,
                           value->id);
    return TRUE;
}

/* All of it is told, in an order that does not depend on the secret. */
static void test_each(void)
{
    g_autoptr(GBytes) one = build_every(FALSE, secret);
    g_autoptr(GBytes) other = build_every(TRUE, NULL);
    g_autoptr(Set) first = set_open_bytes(one, NULL);
    g_autoptr(Set) second = set_open_bytes(other, NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GString) again = g_string_new(NULL);
    guint lines = 0;

    g_assert_true(set_each(first, append_value, told));
    g_assert_true(set_each(second, append_value, again));
    g_assert_cmpstr(told->str, ==, again->str);
    for (const char *line = told->str; (line = strchr(line, '\n')); line++)
        lines++;
    g_assert_cmpuint(lines, ==, set_count_values(first));
}

static const SetIndicator patterns[] = {
    {.id = ID_A,
     .source = "alder",
     .name = "Alder's beacon",
     .version = 2,
     .confidence = 70,
     .tlp = MARKING_TLP_AMBER,
     .pap = MARKING_PAP_GREEN,
     .valid_from = 5,
     .valid_until = 9,
     .pattern = "[file:name LIKE '%.scr']"},
    {.id = ID_A, .source = "alder", .version = 1, .pattern = "[file:name LIKE 'older']"},
    {.id = ID_B, .source = "birch", .version = 1, .pattern = "[file:size > 7]"},
    {.id = ID_B, .source = "birch", .version = 2, .withdrawn = TRUE, .pattern = "[file:size > 8]"},
    {.id = ID_C, .source = "birch", .version = 1, .pattern = "[file:size > 9]", .pattern_20 = TRUE},
    {.id = ID_C, .source = "birch", .version = 1, .pattern = "[file:size > 9]"},
    {.id = ID_D, .source = "cedar", .version = 1, .confidence = -1},
};

static GBytes *build_patterns(gboolean backwards)
{
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    const guint count = G_N_ELEMENTS(patterns);
    for (guint i = 0; i < count; i++) {
        guint at = backwards ? count - 1 - i : i;
        g_assert_true(set_builder_add_indicator(builder, &patterns[at], NULL));
        if (strcmp(patterns[at].id, ID_A) == 0)
            add(builder, OBSERVABLE_DOMAIN, "alder.example");
    }
    return set_builder_finish(builder, NULL);
}

static gboolean tell_pattern(gpointer user, const SetIndicator *indicator)
{
    g_string_append_printf(user, "%s %s %s;", indicator->id, indicator->source, indicator->pattern);
    if (strcmp(indicator->id, ID_A) == 0) {
        const SetIndicator *given = &patterns[0];
        g_assert_cmpstr(indicator->name, ==, given->name);
        g_assert_cmpint(indicator->version, ==, given->version);
        g_assert_cmpint(indicator->confidence, ==, given->confidence);
        g_assert_cmpint(indicator->tlp, ==, given->tlp);
        g_assert_cmpint(indicator->pap, ==, given->pap);
        g_assert_cmpint(indicator->valid_from, ==, given->valid_from);
        g_assert_cmpint(indicator->valid_until, ==, given->valid_until);
        g_assert_false(indicator->pattern_20);
    }
    return TRUE;
}

static gboolean stop(gpointer user, const SetIndicator *indicator)
{
    ++*(guint *)user;
    return FALSE;
}

/* Patterns are kept with what is known of their indicators, the latest version of each, whether it
 * has values or not, in bytes that do not depend on the order they came in. */
static void test_patterns(void)
{
    g_autoptr(GBytes) bytes = build_patterns(FALSE), backwards = build_patterns(TRUE);
    g_autoptr(Set) set = set_open_bytes(bytes, NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    guint stopped = 0;

    g_assert_true(g_bytes_equal(bytes, backwards));
    g_assert_true(set_check(set, NULL));
    g_assert_true(set_each_pattern(set, tell_pattern, told));
    g_assert_cmpstr(told->str, ==,
                    ID_A " alder [file:name LIKE '%.scr'];" ID_C " birch [file:size > 9];");
    g_assert_cmpuint(set_count_patterns(set), ==, 2);
    g_assert_cmpuint(set_count_indicators(set), ==, 2);
    g_assert_cmpuint(set_count_values(set), ==, 1);
    g_assert_false(set_each_pattern(set, stop, &stopped));
    g_assert_cmpuint(stopped, ==, 1);
}

/* What a file by hand says of its first pattern, its second, and how many are read then. */
static void assert_patterns(guint32 indicator, guint32 text, guint count)
{
    g_autoptr(GBytes) bytes = build_patterns(FALSE);
    gsize length;
    gconstpointer data = g_bytes_get_data(bytes, &length);
    g_autofree guint8 *copy = g_memdup2(data, length);
    const SetFileHeader *header = (const SetFileHeader *)(gconstpointer)copy;
    SetFilePattern *files =
        (SetFilePattern *)(gpointer)(copy + header->parts[SET_PART_PATTERNS].offset);
    g_autoptr(GString) told = g_string_new(NULL);

    g_assert_cmpuint(files[1].indicator & ~SET_FILE_PATTERN_20, ==, 1);
    files[1].indicator = indicator;
    files[1].text += text;
    g_autoptr(GBytes) made = g_bytes_new(copy, length);
    g_autoptr(Set) set = set_open_bytes(made, NULL);
    g_assert_true(set_each_pattern(set, tell_pattern, told));
    guint n = 0;
    for (const char *at = told->str; (at = strchr(at, ';')); at++)
        n++;
    g_assert_cmpuint(n, ==, count);
    g_assert_false(set_check(set, NULL) && (indicator != 1 || text != 0));
}

static void test_hostile_patterns(void)
{
    assert_patterns(1, 1, 2);
    assert_patterns(0, 0, 1);           /* the same indicator again */
    assert_patterns(2, 0, 1);           /* there is none */
    assert_patterns(1, (guint32)-3, 1); /* a part of the text before */
    assert_patterns(1, 1u << 30, 1);    /* outside */
}

static void assert_refused(const guint8 *data, gsize length, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, length);
    g_assert_null(set_open_bytes(bytes, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, why));
}

/* What was damaged is refused, at once or by set_check(), and says so. */
static void test_damaged(void)
{
    g_autoptr(GBytes) bytes = build_every(FALSE, secret);
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_autofree guint8 *copy = g_memdup2(data, length);
    g_autoptr(GError) error = NULL;

    assert_refused(data, 0, "not a compiled set");
    assert_refused((const guint8 *)"domain,alder.example\n", 21, "not a compiled set");
    assert_refused(data, length - 1, "was it cut");
    assert_refused(data, 100, "was it cut");
    copy[200] ^= 1;
    assert_refused(copy, length, "checksum of its header");
    copy[200] ^= 1;
    copy[8] ^= 0xff;
    assert_refused(copy, length, "another byte order");
    copy[8] ^= 0xff;
    copy[12] = SET_FILE_VERSION + 1;
    g_autoptr(GBytes) newer = g_bytes_new(copy, length);
    g_assert_null(set_open_bytes(newer, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
    g_clear_error(&error);
    copy[12] = SET_FILE_VERSION;
    for (gsize at = length - 3000; at < length; at += 97) {
        copy[at] ^= 0x10;
        g_autoptr(GBytes) damaged = g_bytes_new(copy, length);
        g_autoptr(Set) set = set_open_bytes(damaged, NULL);
        g_assert_true(!set || !set_check(set, NULL));
        copy[at] ^= 0x10;
    }
    g_autoptr(GBytes) whole = g_bytes_new(copy, length);
    g_autoptr(Set) set = set_open_bytes(whole, &error);
    g_assert_true(set_check(set, &error));
    g_assert_no_error(error);
}

/* Ids and hashes that are nearly hexadecimal are not taken for it. */
static void test_digits(void)
{
    guint8 bytes[4];

    g_assert_true(set_file_pack_hex("09afbe71", bytes, 4));
    g_assert_cmpmem(bytes, 4, "\x09\xaf\xbe\x71", 4);
    for (guint c = 1; c < 256; c++) {
        char text[] = "00000000";
        text[c % 8] = (char)c;
        g_assert_cmpint(set_file_pack_hex(text, bytes, 4) != 0, ==,
                        g_ascii_isxdigit(c) && !g_ascii_isupper(c));
        text[(c + 1) % 8] = (char)c;
        g_assert_cmpint(set_file_pack_hex(text, bytes, 4) != 0, ==,
                        g_ascii_isxdigit(c) && !g_ascii_isupper(c));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set-file/every-kind", test_every_kind);
    g_test_add_func("/set-file/filters", test_filters);
    g_test_add_func("/set-file/same-bytes", test_same_bytes);
    g_test_add_func("/set-file/each", test_each);
    g_test_add_func("/set-file/patterns", test_patterns);
    g_test_add_func("/set-file/hostile-patterns", test_hostile_patterns);
    g_test_add_func("/set-file/damaged", test_damaged);
    g_test_add_func("/set-file/digits", test_digits);
    return g_test_run();
}
