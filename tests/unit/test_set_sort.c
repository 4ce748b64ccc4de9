#include "shield/set_sort.h"

#include <string.h>

#include "shield/set_builder.h"
#include "shield/set_file.h"

static gint compare_places(gconstpointer a, gconstpointer b, gpointer user)
{
    const SetSortItem *first = a, *second = b;
    return first->at < second->at ? -1 : first->at > second->at;
}

static gint compare_all(gconstpointer a, gconstpointer b, gpointer user)
{
    const SetSortItem *first = a, *second = b;
    if (first->key != second->key)
        return first->key < second->key ? -1 : 1;
    return compare_places(a, b, user);
}

/* Keys whose bits behind @mask are the same, in no order, each place once. */
static void assert_sorts(SetSort *sort, guint32 count, guint64 mask)
{
    SetSortItem *items = set_sort_begin(sort, count);
    g_autofree SetSortItem *expected = g_new0(SetSortItem, count + 1);

    for (guint32 i = 0; i < count; i++) {
        guint64 random = key_mix(i + 1, G_GUINT64_CONSTANT(0x9e3779b97f4a7c15));
        expected[i] = (SetSortItem){
            .key = (random & mask) | (~mask & 0x5555555555555555), .at = i ^ 1, .indicator = i % 7};
        items[i] = expected[i];
    }
    g_qsort_with_data(expected, (gint)count, sizeof(*expected), compare_all, NULL);
    set_sort_run(sort, count, compare_places, NULL);
    for (guint32 i = 0; i < count; i++) {
        g_assert_cmpuint(items[i].key, ==, expected[i].key);
        g_assert_cmpuint(items[i].at, ==, expected[i].at);
        g_assert_cmpuint(items[i].indicator, ==, expected[i].indicator);
    }
}

static void test_sort(void)
{
    static const guint32 counts[] = {0, 1, 2, 16, 17, 300, 5000, 70000, 200001};
    static const guint64 masks[] = {G_MAXUINT64, 0, 0xff, 0xffff000000000000, 0xf00000000000000f};
    g_auto(SetSort) sort = {0};

    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        for (guint j = 0; j < G_N_ELEMENTS(masks); j++)
            assert_sorts(&sort, counts[i], masks[j]);
}

/* As set_file_text_key() is defined: words of eight bytes, the last ones filled up with zeros. */
static guint64 plain_key(guint64 seed, const char *text, gsize length)
{
    guint64 hash = key_seed(seed, KEY_TEXT) ^ length;
    do {
        guint8 block[16] = {0};
        guint64 words[2];
        gsize size = MIN(length, sizeof(block));
        memcpy(block, text, size);
        memcpy(words, block, sizeof(words));
        hash = key_mix(GUINT64_FROM_LE(words[0]) ^ hash,
                       GUINT64_FROM_LE(words[1]) ^
                           (length > 16 ? G_GUINT64_CONSTANT(0xe7037ed1a0b428db)
                                        : G_GUINT64_CONSTANT(0x8ebc6af09c88c6e3)));
        text += size;
        length -= size;
    } while (length > 0);
    return key_mix(hash ^ seed, G_GUINT64_CONSTANT(0x589965cc75374cc3));
}

/* At every length, without a byte beyond the text. */
static void test_text_key(void)
{
    for (gsize length = 0; length < 100; length++) {
        g_autofree char *text = g_malloc(MAX(length, 1));
        for (gsize i = 0; i < length; i++)
            text[i] = (char)(i * 37 + length + 128);
        g_assert_cmpuint(set_file_text_key(11, text, length), ==, plain_key(11, text, length));
    }
}

static void add_numbered(SetBuilder *builder, guint i)
{
    char id[64], text[64];
    /* Two of three ids are UUIDs, the others texts. */
    g_snprintf(id, sizeof(id), "indicator--%08x-0000-4000-8000-%012x%s", i * 2654435761u, i,
               i % 3 == 0 ? "x" : "");
    SetIndicator indicator = {.id = id, .source = i % 5 ? "one" : "two", .confidence = -1};
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    g_snprintf(text, sizeof(text), "h%u.alder.example", i / 2); /* two indicators name each */
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, text, NULL));
    g_snprintf(text, sizeof(text), "198.51.%u.%u", i >> 8 & 255, i & 255);
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_IPV4, text, NULL));
}

/* So many that several threads have work: the same bytes in whatever order, all of them right. */
static void test_threads(void)
{
    static const guint8 secret[SET_BUILDER_SECRET] = {5};
    const guint count = 60000;
    g_autoptr(SetBuilder) forwards = set_builder_new(secret);
    g_autoptr(SetBuilder) backwards = set_builder_new(secret);
    SetEntry found[SET_MAX_FOUND];

    for (guint i = 0; i < count; i++) {
        add_numbered(forwards, i);
        add_numbered(backwards, count - 1 - i);
    }
    g_autoptr(GBytes) first = set_builder_finish(forwards, NULL);
    g_autoptr(GBytes) second = set_builder_finish(backwards, NULL);
    g_assert_true(g_bytes_equal(first, second));
    g_autoptr(Set) set = set_open_bytes(first, NULL);
    g_assert_true(set_check(set, NULL));
    for (guint i = 0; i < count; i += 997) {
        char text[64];
        gsize length = (gsize)g_snprintf(text, sizeof(text), "h%u.alder.example", i / 2);
        g_assert_cmpuint(set_find_domain(set, text, length, found), ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set-sort/sort", test_sort);
    g_test_add_func("/set-sort/text-key", test_text_key);
    g_test_add_func("/set-sort/threads", test_threads);
    return g_test_run();
}
