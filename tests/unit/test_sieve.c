/* The sieve against the spotter that looks at every byte: the same matches, whatever the text, on
 * every kind of machine. And that it lets through little else: a filter that says yes to all would
 * show nowhere but in the time it takes. */
#include "shield/sieve.h"

#include <string.h>

#include "shield/sieve_block.h"
#include "shield/spot.h"
#include "sieve_texts.h"

/* What sieve_plain is on machines without vectors. */
extern const SieveVariant sieve_without_vectors;

static const char *const variants[] = {"plain", "avx2", "avx512"};

/* A text with exactly the margins that the sieve asks for, at any alignment. */
typedef struct {
    char *memory;
    char *text;
} Padded;

static Padded pad(const char *text, gsize length, guint alignment, char margin)
{
    Padded padded = {.memory = g_malloc(length + 2 * SIEVE_MARGIN + alignment)};
    memset(padded.memory, margin, length + 2 * SIEVE_MARGIN + alignment);
    padded.text = padded.memory + alignment + SIEVE_MARGIN;
    memcpy(padded.text, text, length);
    return padded;
}

static GArray *new_matches(void)
{
    return g_array_new(FALSE, FALSE, sizeof(SpotMatch));
}

/* One sieve for each kind of machine that this one can be. */
static GPtrArray *make_sieves(const Set *set)
{
    GPtrArray *sieves = g_ptr_array_new_with_free_func((GDestroyNotify)sieve_free);
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_setenv("CONCERT_SIMD", variants[i], TRUE);
        Sieve *sieve = sieve_new(set);
        if (sieve_simd(sieve) == (SieveSimd)i) {
            g_ptr_array_add(sieves, sieve);
        } else {
            g_test_message("this machine cannot do %s: left out", variants[i]);
            sieve_free(sieve);
        }
    }
    g_setenv("CONCERT_SIMD", "plain", TRUE);
    Sieve *sieve = sieve_new(set);
    sieve->variant = &sieve_without_vectors;
    g_ptr_array_add(sieves, sieve);
    g_unsetenv("CONCERT_SIMD");
    return sieves;
}

static void check_same(GPtrArray *sieves, const char *text, gsize length, guint alignment,
                       char margin)
{
    Padded padded = pad(text, length, alignment, margin);
    g_autoptr(GArray) expected = new_matches();
    spot_text(sieve_set(sieves->pdata[0]), padded.text, length, expected);
    for (guint i = 0; i < sieves->len; i++) {
        g_autoptr(GArray) matches = new_matches();
        spot_sieved(sieves->pdata[i], padded.text, length, matches);
        gboolean same = matches->len == expected->len;
        guint n = 0;
        for (; n < matches->len && n < expected->len; n++) {
            SpotMatch *a = &g_array_index(matches, SpotMatch, n);
            SpotMatch *b = &g_array_index(expected, SpotMatch, n);
            if (a->start != b->start || a->end != b->end || a->entry != b->entry ||
                a->depth != b->depth)
                break;
        }
        if (same && n == expected->len)
            continue;
        if (n < expected->len) {
            SpotMatch *b = &g_array_index(expected, SpotMatch, n);
            gsize from = b->start > 100 ? b->start - 100 : 0;
            g_test_message("missed: %.*s at %zu in ...%.*s...", (int)(b->end - b->start),
                           padded.text + b->start, b->start, (int)(MIN(b->end + 60, length) - from),
                           padded.text + from);
        }
        g_error("%s: %u matches, %u expected, the first %u the same",
                variants[sieve_simd(sieves->pdata[i])], matches->len, expected->len, n);
    }
    g_free(padded.memory);
}

static void test_random(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    g_autoptr(GString) text = g_string_new(NULL);
    guint64 state = 1;
    guint rounds = g_getenv("CONCERT_LONG") ? 500000 : 8000;

    for (guint round = 0; round < rounds; round++) {
        g_string_truncate(text, 0);
        guint count = 1 + sieve_texts_random(&state, 24);
        for (guint i = 0; i < count; i++)
            sieve_texts_append(text, &state);
        check_same(sieves, text->str, text->len, round % 64, "aX.0:/"[round % 6]);
    }
}

/* Each indicator at every place around the edge of a block, alone and among letters. */
static void test_edges(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    const gsize edge = SIEVE_WORDS * 64;

    for (guint i = 0; sieve_texts_indicators[i]; i++) {
        const char *value = sieve_texts_indicators[i];
        gsize size = strlen(value);
        for (guint fill = 0; fill < 3; fill++) {
            g_autofree char *text = g_strnfill(edge + 512, " .x"[fill]);
            for (gsize at = edge - size - 1; at <= edge + 1; at += fill == 0 ? 1 : 3) {
                memcpy(text + at, value, size);
                if (fill == 2)
                    text[at - 1] = text[at + size] = ' ';
                check_same(sieves, text, at + size + 20, at % 64, 'e');
                memset(text + at - 1, " .x"[fill], size + 2);
            }
        }
    }
}

/* Runs, fields and chains longer than a word, a block, and what is looked at in one go. */
static void test_long(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    static const char *const fills[] = {"a",
                                        "0",
                                        ".",
                                        "-",
                                        "_",
                                        ":",
                                        "a.",
                                        "0:",
                                        "%20",
                                        "\\/",
                                        "\\n",
                                        "%",
                                        "\\",
                                        "\303\274",
                                        "[.]",
                                        "ab.c\303\274,",
                                        "1.",
                                        "%2e",
                                        "\343\200\202",
                                        "//",
                                        "@",
                                        "xalder.example\\/"};
    static const gsize sizes[] = {30, 63, 64, 65, 127, 128, 1030, 4100, 8200, 16400};
    gboolean all = g_getenv("CONCERT_LONG") != NULL;

    for (guint f = 0; f < G_N_ELEMENTS(fills); f++)
        for (guint s = 0; s < G_N_ELEMENTS(sizes); s++)
            for (guint i = all ? 0 : (guint)(f + s) % 7;
                 i < G_N_ELEMENTS(sieve_texts_indicators) - 1; i += all               ? 1
                                                                    : sizes[s] > 1000 ? 67
                                                                                      : 7) {
                g_autoptr(GString) text = g_string_new(NULL);
                while (text->len < sizes[s])
                    g_string_append(text, fills[f]);
                g_string_append(text, sieve_texts_indicators[i]);
                if (s % 2)
                    while (text->len < sizes[s] + 300)
                        g_string_append(text, fills[f]);
                check_same(sieves, text->str, text->len, (guint)(s + i), 'a');
            }
}

/* What may stand around a value: every neighbour before it, with some of those behind it; with
 * CONCERT_LONG set, every pair. */
static void test_neighbours(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GPtrArray) sieves = make_sieves(set);

    gboolean all = g_getenv("CONCERT_LONG") != NULL;

    for (guint i = 0; sieve_texts_indicators[i]; i++)
        for (guint before = 0; sieve_texts_joints[before]; before++) {
            g_autoptr(GString) text = g_string_new(NULL);
            for (guint after = all ? 0 : (i + before) % 29;
                 after < G_N_ELEMENTS(sieve_texts_joints) - 1; after += all ? 1 : 29)
                g_string_append_printf(text, "w %s%s%s w\n", sieve_texts_joints[before],
                                       sieve_texts_indicators[i], sieve_texts_joints[after]);
            check_same(sieves, text->str, text->len, (i + before) % 64, 'z');
        }
}

/* Addresses in and beside a network of the set, with the gap anywhere, with groups too many, too
 * few or too long. */
static void test_groups(void)
{
    g_autoptr(Set) set = sieve_texts_set();
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    g_autoptr(GString) text = g_string_new(NULL);
    guint64 state = 3;

    for (guint round = 0; round < 1500; round++) {
        guint groups = 7 + sieve_texts_random(&state, 3), gap = sieve_texts_random(&state, 12);
        guint gap_end = gap + sieve_texts_random(&state, 8);
        g_string_append(text, sieve_texts_random(&state, 8) ? " " : "[");
        for (guint group = 0; group < groups; group++) {
            static const guint8 widths[] = {1, 1, 1, 2, 3, 4, 4, 5};
            guint width = widths[sieve_texts_random(&state, G_N_ELEMENTS(widths))];
            guint value = group == 0   ? 0x2001
                          : group == 1 ? 0xdb8
                          : group == 2 ? 0x7ff0 + sieve_texts_random(&state, 32)
                                       : sieve_texts_random(&state, 1u << 4 * MIN(width, 4u));
            if (group >= gap && group <= gap_end) {
                g_string_append(text, group == gap ? ":" : "");
                continue;
            }
            g_string_append_printf(text, sieve_texts_random(&state, 2) ? "%0*x%s" : "%0*X%s",
                                   (int)width, value, group + 1 < groups ? ":" : "");
        }
        if (text->len > 3000) {
            check_same(sieves, text->str, text->len, round % 64, ' ');
            g_string_truncate(text, 0);
        }
    }
}

#define NETS 120

typedef struct {
    guint8 bytes[16];
    guint bits, prefix;
} Net;

/* Networks of every prefix length from @least on, the short ones once. */
static void add_nets(SetBuilder *builder, guint bits, guint least, guint64 *state, Net nets[NETS])
{
    for (guint i = 0; i < NETS; i++) {
        Net *net = &nets[i];
        guint length = least + (i < bits - least ? i : bits - 1 - least - i % 9);
        *net = (Net){.bits = bits, .prefix = length};
        for (guint n = 0; n < length; n++)
            net->bytes[n / 8] |= (guint8)(sieve_texts_random(state, 2) << (7 - n % 8));
        net->bytes[0] |= 0x20;
        ObservableAddress address = {.v6 = bits == 128, .prefix = (guint8)length};
        memcpy(address.bytes, net->bytes, sizeof(address.bytes));
        char text[OBSERVABLE_ADDRESS_MAX + 8];
        observable_address_format(&address, text);
        sieve_texts_add(builder, i + bits, OBSERVABLE_CIDR, text);
    }
}

/* An address of the network, its first, its last or any; or one beside it. */
static void append_address(GString *into, const Net *net, guint64 *state)
{
    ObservableAddress address = {.v6 = net->bits == 128, .prefix = (guint8)net->bits};
    guint kind = sieve_texts_random(state, 4);
    char text[OBSERVABLE_ADDRESS_MAX];

    for (guint n = 0; n < net->bits; n++) {
        guint bit = n < net->prefix ? (guint)net->bytes[n / 8] >> (7 - n % 8) & 1
                    : kind < 2      ? kind
                                    : sieve_texts_random(state, 2);
        bit ^= kind == 3 && n + 1 == net->prefix;
        address.bytes[n / 8] |= (guint8)(bit << (7 - n % 8));
    }
    observable_address_format(&address, text);
    g_string_append_printf(into, "%s ", text);
}

/* Networks of both kinds and of all lengths, without any address. */
static void test_networks(void)
{
    g_autoptr(GError) error = NULL;
    guint64 state = 11;

    /* Short prefixes lie over all others, and are tried with the others and without. */
    for (guint round = 0; round < 4; round++) {
        g_autoptr(SetBuilder) builder = set_builder_new(NULL);
        Net nets[2][NETS];
        add_nets(builder, 32, round % 2 ? 17 : 6, &state, nets[0]);
        add_nets(builder, 128, round < 2 ? 24 : 12, &state, nets[1]);
        g_autoptr(Set) set = set_builder_open(builder, &error);
        g_assert_no_error(error);
        g_autoptr(GPtrArray) sieves = make_sieves(set);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint i = 0; i < 4000; i++) {
            guint kind = sieve_texts_random(&state, 2);
            append_address(text, &nets[kind][sieve_texts_random(&state, NETS)], &state);
        }
        check_same(sieves, text->str, text->len, round, ' ');
        g_autoptr(GArray) found = new_matches();
        spot_text(set, text->str, text->len, found);
        g_assert_cmpuint(found->len, >, 2000);
    }
}

/* In logs without hits nearly nothing is left to the spotter, whose time a place costs. */
static void test_rate(void)
{
    g_autoptr(Set) set = sieve_texts_large_set(100000);
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    g_autoptr(GString) log = g_string_new(NULL);
    guint64 state = 7;

    while (log->len < 2 << 20)
        sieve_texts_append_line(log, &state);
    Padded padded = pad(log->str, log->len, 0, 0);
    for (guint i = 0; i < sieves->len; i++) {
        g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));
        sieve_text(sieves->pdata[i], padded.text, log->len, places);
        g_test_message("%s: %u places in %zu bytes", variants[sieve_simd(sieves->pdata[i])],
                       places->len, log->len);
        g_assert_cmpuint(places->len, <, log->len / 20000);
    }
    g_free(padded.memory);
}

/* A name whose last labels are those of the set's, and which is not the set's, is no place; where
 * what stands beside it may make another of it, the spotter says. */
static void test_unknown_names(void)
{
    static const struct {
        const char *text;
        gboolean place;
    } cases[] = {
        {" other.under.alder.example ", FALSE},
        {"\"other.under.alder.example\"", FALSE},
        {" http://other.under.alder.example:80/x ", FALSE},
        {" OTHER.under.alder.example ", FALSE},
        {" under.alder.example ", FALSE},
        {" deep.under.alder.example ", TRUE},
        {" www.Deep.under.alder.example ", TRUE},
        {" http://url.under.alder.example/other ", TRUE},
        {" x@other.under.alder.example ", TRUE},
        {" deep%2Eother.under.alder.example ", TRUE},
        {" other..under.alder.example ", TRUE},
        {" -other.under.alder.example ", TRUE},
        {" deep.under.alder.example._________________________________ ", TRUE},
        {"other.under.alder.example ", TRUE},
        {" other.under.alder.example", TRUE},
    };
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;

    sieve_texts_add(builder, 1, OBSERVABLE_DOMAIN, "deep.under.alder.example");
    sieve_texts_add(builder, 2, OBSERVABLE_URL, "http://url.under.alder.example/x");
    sieve_texts_add(builder, 3, OBSERVABLE_EMAIL, "mallory@mail.under.alder.example");
    g_autoptr(Set) set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) sieves = make_sieves(set);
    for (guint n = 0; n < G_N_ELEMENTS(cases); n++) {
        gsize length = strlen(cases[n].text);
        Padded padded = pad(cases[n].text, length, n % 64, ' ');
        for (guint i = 0; i < sieves->len; i++) {
            g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));
            sieve_text(sieves->pdata[i], padded.text, length, places);
            g_test_message("%s: %s", variants[sieve_simd(sieves->pdata[i])], cases[n].text);
            g_assert_cmpint(places->len > 0, ==, cases[n].place);
        }
        check_same(sieves, cases[n].text, length, 0, ' ');
        g_free(padded.memory);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sieve/random", test_random);
    g_test_add_func("/sieve/neighbours", test_neighbours);
    g_test_add_func("/sieve/edges", test_edges);
    g_test_add_func("/sieve/long", test_long);
    g_test_add_func("/sieve/groups", test_groups);
    g_test_add_func("/sieve/networks", test_networks);
    g_test_add_func("/sieve/rate", test_rate);
    g_test_add_func("/sieve/unknown-names", test_unknown_names);
    return g_test_run();
}
