#include "shield/set_sort.h"

#include <string.h>

#include "shield/set_builder.h"
#include "shield/set_file.h"

static gboolean no_threads;

/* In the place of GLib's, so that there may be no threads to be had. */
GThread *g_thread_try_new(const char *name, GThreadFunc work, gpointer user, GError **error)
{
    return no_threads ? NULL : g_thread_new(name, work, user);
}

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

/* Two of three ids are UUIDs, the others texts. */
static void make_id(guint i, char id[64])
{
    g_snprintf(id, 64, "indicator--%08x-0000-4000-8000-%012x%s", i * 2654435761u, i,
               i % 3 == 0 ? "x" : "");
}

static void add_numbered(SetBuilder *builder, guint i)
{
    char id[64], text[64];
    make_id(i, id);
    SetIndicator indicator = {
        .id = id, .source = i % 5 ? "one" : "two", .confidence = -1, .version = i + 1};
    if (i % 7 == 0) {
        const SetIndicator older = {.id = id, .source = "three", .version = i};
        g_assert_true(set_builder_add_indicator(builder, &older, NULL));
        g_assert_true(
            set_builder_add_value(builder, OBSERVABLE_DOMAIN, "older.alder.example", NULL));
    }
    g_assert_true(set_builder_add_indicator(builder, &indicator, NULL));
    g_snprintf(text, sizeof(text), "h%u.alder.example", i / 2); /* two indicators name each */
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_DOMAIN, text, NULL));
    g_snprintf(text, sizeof(text), "198.51.%u.%u", i >> 8 & 255, i & 255);
    g_assert_true(set_builder_add_value(builder, OBSERVABLE_IPV4, text, NULL));
}

/* Several threads have work with so many. */
#define MANY 40000

static const guint8 secret[SET_BUILDER_SECRET] = {5};

static GBytes *build_many(gboolean backwards)
{
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    for (guint i = 0; i < MANY; i++)
        add_numbered(builder, backwards ? MANY - 1 - i : i);
    return set_builder_finish(builder, NULL);
}

/* Is what is known of the entry that of its indicator? */
static void assert_right(const Set *set, SetEntry entry, guint i)
{
    char id[64];
    SetValue value;

    g_assert_true(set_read(set, entry, &value));
    guint number = (guint)value.version - 1;
    g_assert_cmpuint(number / 2, ==, i / 2);
    make_id(number, id);
    g_assert_cmpstr(value.id, ==, id);
    g_assert_cmpstr(value.source, ==, number % 5 ? "one" : "two");
}

/* The same bytes in whatever order, and without threads, all of them right. */
static void test_threads(void)
{
    SetEntry found[SET_MAX_FOUND];
    g_autoptr(GBytes) first = build_many(FALSE);
    g_autoptr(GBytes) second = build_many(TRUE);
    no_threads = TRUE;
    g_autoptr(GBytes) alone = build_many(FALSE);
    no_threads = FALSE;

    g_assert_true(g_bytes_equal(first, second));
    g_assert_true(g_bytes_equal(first, alone));
    g_autoptr(Set) set = set_open_bytes(first, NULL);
    g_assert_true(set_check(set, NULL));
    for (guint i = 0; i < MANY; i += 997) {
        char text[64];
        gsize length = (gsize)g_snprintf(text, sizeof(text), "h%u.alder.example", i / 2);
        g_assert_cmpuint(set_find_domain(set, text, length, found), ==, 1);
        assert_right(set, found[0], i);
        assert_right(set, set_next(set, found[0]), i);
    }
    g_assert_cmpuint(set_count_indicators(set), ==, MANY);
    g_assert_cmpuint(set_find_domain(set, "older.alder.example", 19, found), ==, 0);
}

/* A builder that is given up while a thread looks at its values. */
static void test_given_up(void)
{
    for (guint i = 0; i < 20; i++) {
        g_autoptr(SetBuilder) builder = set_builder_new(secret);
        for (guint j = 0; j < 3000 + 500 * i; j++)
            add_numbered(builder, j);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set-sort/sort", test_sort);
    g_test_add_func("/set-sort/text-key", test_text_key);
    g_test_add_func("/set-sort/threads", test_threads);
    g_test_add_func("/set-sort/given-up", test_given_up);
    return g_test_run();
}
