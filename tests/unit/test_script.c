/* Names in scripts other than ASCII: whatever a text may write for a name of the set has the key of
 * the set's own label, or none; and of prose nearly nothing is taken for a name. */
#include "shield/script.h"

#include <string.h>

#include "shield/set_builder.h"
#include "shield/sieve.h"
#include "shield/spot.h"
#include "stix/observable_domain.h"

/* The names that the root zone had for trying other scripts (IANA, 2007 to 2013): "example.test" in
 * eleven of them. */
static const struct {
    const char *ascii, *text;
} names[] = {
    {"xn--fsqu00a.xn--g6w251d", "\344\276\213\345\255\220.\346\270\254\350\251\246"},
    {"xn--fsqu00a.xn--0zwm56d", "\344\276\213\345\255\220.\346\265\213\350\257\225"},
    {"xn--e1afmkfd.xn--80akhbyknj4f",
     "\320\277\321\200\320\270\320\274\320\265\321\200."
     "\320\270\321\201\320\277\321\213\321\202\320\260\320\275\320\270\320\265"},
    {"xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g",
     "\340\244\211\340\244\246\340\244\276\340\244\271\340\244\260\340\244\243."
     "\340\244\252\340\244\260\340\245\200\340\244\225\340\245\215\340\244\267\340\244\276"},
    {"xn--hxajbheg2az3al.xn--jxalpdlp",
     "\317\200\316\261\317\201\316\254\316\264\316\265\316\271\316\263\316\274\316\261."
     "\316\264\316\277\316\272\316\271\316\274\316\256"},
    {"xn--9n2bp8q.xn--9t4b11yi5a", "\354\213\244\353\241\200.\355\205\214\354\212\244\355\212\270"},
    {"xn--fdbk5d8ap9b8a8d.xn--deba0ad", "\327\221\327\262\326\267\327\251\327\244\326\274\327\231"
                                        "\327\234.\327\230\327\242\327\241\327\230"},
    {"xn--r8jz45g.xn--zckzah", "\344\276\213\343\201\210.\343\203\206\343\202\271\343\203\210"},
    {"xn--zkc6cc5bi7f6e.xn--hlcj6aya9esc7a",
     "\340\256\211\340\256\244\340\256\276\340\256\260\340\256\243\340\256\256\340\257\215."
     "\340\256\252\340\256\260\340\256\277\340\256\237\340\257\215\340\256\232\340\257\210"},
    {"xn--mgbh0fb.xn--hgbk6aj7f53bba",
     "\331\205\330\253\330\247\331\204.\330\242\330\262\331\205\330\247\333\214\330\264\333\214"},
    {"xn--mgbh0fb.xn--kgbechtv",
     "\331\205\330\253\330\247\331\204.\330\245\330\256\330\252\330\250\330\247\330\261"},
};

/* What the sieve writes for a label, or says of it, is what libidn2 does when it takes the label.
 */
static void check_written(Script *script, const char *label, const char *name, gsize length,
                          guint *written)
{
    char into[SCRIPT_LABELS_MAX];
    gsize size = 0, end;

    script_last_label(label, strlen(label), &end);
    ScriptLabels labels = script_last_labels(script, label, end, into, &size);
    if (labels == SCRIPT_UNKNOWN || length == 0)
        return;
    if (labels == SCRIPT_NO_NAME || size != length || memcmp(into, name, length) != 0)
        g_error("%s is %s, not %.*s", label, name, (int)size, into);
    (*written)++;
}

/* A label as a text has it: if it becomes an A-label and can be told by its last characters, both
 * have the same key. */
static void check_label(Script *script, const char *label, guint *told, guint *written)
{
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    guint key, wanted;

    gsize length = observable_domain_canonical(label, strlen(label), 1, name);
    check_written(script, label, name, length, written);
    if (length == 0 || !script_label_key(script, label, strlen(label), &key))
        return;
    if (!script_a_label_key(name, length, &wanted))
        g_error("%s is told by its end, but becomes %s", label, name);
    if (key != wanted)
        g_error("%s (%s) has another key than its A-label", label, name);
    (*told)++;
}

/* Every character, behind none, behind itself and behind others; of the large blocks, in which all
 * are alike, some. */
static void test_characters(void)
{
    static const char *const befores[] = {"", "a", "\320\266", "\330\250", "\341\204\200"};
    g_autoptr(Script) script = script_new();
    char label[32];
    guint told = 0, written = 0;

    for (gunichar c = 0x80; c < 0x20000; c += c < 0x3400 ? 1 : 37) {
        if (!g_unichar_validate(c) || g_unichar_type(c) == G_UNICODE_UNASSIGNED)
            continue;
        for (gsize i = 0; i <= G_N_ELEMENTS(befores); i++) {
            gsize at = i < G_N_ELEMENTS(befores) ? (gsize)(g_stpcpy(label, befores[i]) - label)
                                                 : (gsize)g_unichar_to_utf8(c, label);
            label[at + (gsize)g_unichar_to_utf8(c, label + at)] = '\0';
            check_label(script, label, &told, &written);
        }
    }
    /* Not all of them by saying nothing. */
    g_assert_cmpuint(told, >, 10000);
    g_assert_cmpuint(written, >, 10000);
}

/* Letters with marks behind them, which change places, fall away and compose with what stands
 * further before: by chance, the same each time. */
static void test_marks(void)
{
    static const gunichar letters[] = {0x0e9, 0x430, 0x5d0, 0x628, 0x915, 0xe01, 0xe81, 0x1000};
    static const gunichar marks[] = {0x300, 0x316,  0x327,  0x34f,  0x5b0,  0x64b,  0x651,  0x93c,
                                     0x94d, 0x951,  0x952,  0xe38,  0xe48,  0xf71,  0xf72,  0x1037,
                                     0xec8, 0x135d, 0x1039, 0x1cd5, 0x1dce, 0x302a, 0x3099, 0xfe0f};
    g_autoptr(GRand) chance = g_rand_new_with_seed(1);
    g_autoptr(Script) script = script_new();
    guint told = 0, written = 0;

    for (guint i = 0; i < 40000; i++) {
        char label[64];
        gint length = g_rand_int_range(chance, 2, 7);
        gsize at = 0;
        for (gint k = 0; k < length; k++) {
            gboolean letter = k == 0 || g_rand_int_range(chance, 0, 5) == 0;
            gunichar c = letter ? letters[g_rand_int_range(chance, 0, G_N_ELEMENTS(letters))]
                                : marks[g_rand_int_range(chance, 0, G_N_ELEMENTS(marks))];
            at += (gsize)g_unichar_to_utf8(c, label + at);
        }
        label[at] = '\0';
        check_label(script, label, &told, &written);
    }
    g_assert_cmpuint(told, >, 5000);
    g_assert_cmpuint(written, >, 1000);
}

/* Names of a few labels of any length, of letters of several scripts, with dots of any kind: what
 * is written are their last three labels. */
static void test_last_labels(void)
{
    static const gunichar letters[] = {'a',    'Q',    '7',     '-',     '_',    0xdf,   0xe9,
                                       0x42f,  0x436,  0x3a3,   0x5d0,   0x633,  0xe01,  0x4e2d,
                                       0x6587, 0xd55c, 0x2f81a, 0x1f600, 0xff76, 0x10400};
    static const char *const dots[] = {".", "\343\200\202", "\357\274\216", "\357\275\241"};
    g_autoptr(GRand) chance = g_rand_new_with_seed(2);
    g_autoptr(Script) script = script_new();
    guint written = 0, too_long = 0;

    for (guint i = 0; i < 40000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        char name[OBSERVABLE_DOMAIN_MAX + 1], into[SCRIPT_LABELS_MAX];
        gint first = g_rand_int_range(chance, 0, G_N_ELEMENTS(letters) - 1);
        gint last = g_rand_int_range(chance, first + 1, G_N_ELEMENTS(letters));
        for (gint labels = g_rand_int_range(chance, 1, 6); labels > 0; labels--) {
            for (gint n = g_rand_int_range(chance, 1, i % 8 == 0 ? 70 : 12); n > 0; n--)
                g_string_append_unichar(text, letters[g_rand_int_range(chance, first, last)]);
            if (labels > 1)
                g_string_append(text, dots[g_rand_int_range(chance, 0, 4)]);
        }
        gsize length = observable_domain_canonical(text->str, text->len, 1, name), size = 0;
        ScriptLabels labels = script_last_labels(script, text->str, text->len, into, &size);
        too_long += labels == SCRIPT_NO_NAME;
        if (length == 0 || labels == SCRIPT_UNKNOWN)
            continue;
        if (labels == SCRIPT_NO_NAME || size > length ||
            memcmp(name + length - size, into, size) != 0)
            g_error("%s is %s, which does not end in %.*s", text->str, name, (int)size, into);
        gsize dots_in = 0;
        for (gsize at = 0; at < size; at++)
            dots_in += into[at] == '.';
        g_assert_true(size == length || (dots_in == 2 && name[length - size - 1] == '.'));
        written++;
    }
    g_assert_cmpuint(written, >, 5000);
    g_assert_cmpuint(too_long, >, 1000);
}

static Set *make_set(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *id = g_strdup_printf("indicator--00000000-0000-4000-8000-%012u", i);
        SetIndicator indicator = {.id = id, .source = "test", .confidence = -1};
        g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
        g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, names[i].ascii, NULL));
    }
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return set;
}

/* The places that the sieve sees in the text. */
static guint count_places(Sieve *sieve, const char *text)
{
    gsize length = strlen(text);
    g_autofree char *memory = g_malloc0(length + 2 * SIEVE_MARGIN);
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));

    memcpy(memory + SIEVE_MARGIN, text, length);
    sieve_text(sieve, memory + SIEVE_MARGIN, length, places);
    return places->len;
}

/* Where the spotter finds the name, spelled so and between other words, the sieve sees it. */
static void check_seen(Sieve *sieve, const char *name, const char *before, const char *behind)
{
    g_autofree char *text = g_strconcat(before, name, behind, NULL);
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));

    spot_text(sieve_set(sieve), text, strlen(text), matches);
    if (matches->len > 0 && count_places(sieve, text) == 0)
        g_error("not seen: %s", text);
}

static void test_names(void)
{
    static const char *const dots[] = {".", "\343\200\202", "\357\274\216", "\357\275\241"};
    static const char *const around[][2] = {{"", ""},
                                            {"www.", "."},
                                            {"\342\200\234", "\342\200\235"},
                                            {"(", "/a/b"},
                                            {"a@", "\343\200\202"}};
    g_autoptr(Set) set = make_set();
    g_autoptr(Sieve) sieve = sieve_new(set);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
        spot_text(set, names[i].text, strlen(names[i].text), matches);
        g_assert_cmpuint(matches->len, ==, 1);
        g_autofree char *upper = g_utf8_strup(names[i].text, -1);
        g_autofree char *parts = g_utf8_normalize(names[i].text, -1, G_NORMALIZE_NFD);
        const char *spellings[] = {names[i].text, names[i].ascii, upper, parts};
        for (gsize n = 0; n < G_N_ELEMENTS(spellings); n++)
            for (gsize dot = 0; dot < G_N_ELEMENTS(dots); dot++) {
                g_auto(GStrv) labels = g_strsplit(spellings[n], ".", 2);
                g_autofree char *name = g_strjoinv(dots[dot], labels);
                for (gsize k = 0; k < G_N_ELEMENTS(around); k++)
                    check_seen(sieve, name, around[k][0], around[k][1]);
            }
    }
}

/* Sentences whose last words are nothing of the set are told from names by their ends, not by
 * turning each of them into A-labels: what has no place took no such turn, or all of them did. */
static void test_prose(void)
{
    g_autoptr(Script) script = script_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(Set) set = make_set();
    g_autoptr(Sieve) sieve = sieve_new(set);
    guint told = 0, key;

    for (gunichar c = 0x4e00; c < 0x5200; c++) {
        char word[16];
        gsize length = (gsize)g_unichar_to_utf8(c, word);
        length += (gsize)g_unichar_to_utf8(c + 1, word + length);
        told += (guint)script_label_key(script, word, length, &key);
        g_string_append_len(text, word, (gssize)length);
        g_string_append(text, "\343\200\202");
        g_string_append_len(text, word, (gssize)length);
        g_string_append_c(text, ' ');
    }
    g_assert_cmpuint(told, ==, 0x400);
    g_assert_cmpuint(count_places(sieve, text->str), ==, 0);
}

/* Labels that begin as A-labels do and stand for nothing, as anybody may send them. */
static void test_bogus(void)
{
    static const char *const labels[] = {
        "xn--",      "xn---",     "xn----",          "xn-----",    "xn--0",   "xn--a",
        "xn--99999", "xn--zzzzz", "xn--99999999999", "xn--a-ecp.", "xn---00", "xn--_",
    };
    guint key;

    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        g_test_message("%s: %s", labels[i],
                       script_a_label_key(labels[i], strlen(labels[i]), &key) ? "a key" : "none");
    g_assert_false(script_a_label_key("xn--", 4, &key));
    g_assert_false(script_a_label_key("xn--99999999999", 15, &key));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/script/characters", test_characters);
    g_test_add_func("/script/marks", test_marks);
    g_test_add_func("/script/last-labels", test_last_labels);
    g_test_add_func("/script/names", test_names);
    g_test_add_func("/script/prose", test_prose);
    g_test_add_func("/script/bogus", test_bogus);
    return g_test_run();
}
