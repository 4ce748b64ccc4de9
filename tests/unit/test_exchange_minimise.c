/* Personal data are left out of what is sent: for all recipients alike, stored like what they take
 * the place of, and never out of what others wrote. */
#include "unit/exchange_nodes.h"

typedef struct {
    ExchangeNode alder, birch, cedar;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_make(&fixture->cedar, "cert.cedar.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
    exchange_nodes_peer(&fixture->alder, &fixture->cedar);
    exchange_nodes_peer(&fixture->birch, &fixture->cedar);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
}

#define MAKER "identity--11111111-1111-4111-8111-111111111111"
#define NOTE  "note--22222222-2222-4222-8222-222222222222"
#define PLAIN "identity--33333333-3333-4333-8333-333333333333"
#define COMMON                                                                                     \
    "\"spec_version\":\"2.1\",\"created\":\"2026-01-01T00:00:00.000Z\","                           \
    "\"modified\":\"2026-01-01T00:00:00.000Z\","

static const char maker[] = "{\"type\":\"identity\",\"id\":\"" MAKER "\"," COMMON
                            "\"name\":\"Desk\",\"identity_class\":\"organization\",\"contact_"
                            "information\":\"+1 555 0100\"}";
static const char note[] = "{\"type\":\"note\",\"id\":\"" NOTE "\"," COMMON
                           "\"content\":\"seen\",\"object_refs\":[\"" MAKER "\"]}";
static const char plain[] = "{\"type\":\"identity\",\"id\":\"" PLAIN "\"," COMMON
                            "\"name\":\"Other\",\"identity_class\":\"organization\"}";
static const char address[] =
    "{\"type\":\"email-addr\",\"spec_version\":\"2.1\","
    "\"id\":\"email-addr--44444444-4444-5444-8444-444444444444\",\"value\":\"a@alder.example\"}";

static void put(ExchangeNode *node, const char *json)
{
    g_autoptr(GError) error = NULL;
    ExchangePut made = {"local", json, {0}};
    g_assert_true(writer_run(node_writer(node->node), 1, exchange_nodes_apply_put, &made, &error));
    g_assert_no_error(error);
}

/* *ret_result is left as it was when it is refused. */
static gboolean send(ExchangeNode *node, const char *rules, const char *const *to,
                     const char *const *ids, DispatcherResult *ret_result, GError **error)
{
    g_autoptr(Minimise) minimise = minimise_new(rules, NULL);
    const ObjectsQuery query = OBJECTS_QUERY_INIT;
    const DispatcherSpec spec = {.title = "Exercise",
                                 .tlp = MARKING_TLP_CLEAR,
                                 .to = to,
                                 .ids = ids,
                                 .query = &query,
                                 .expires = G_MAXINT64,
                                 .unmarked = MARKING_TLP_AMBER,
                                 .minimise = minimise};
    g_assert_nonnull(minimise);
    return dispatcher_send(node_notary(node->node), &spec, ret_result, error);
}

/* Everything that stands at the node and contains @text, one line each, in order. */
static gboolean add_row(const ObjectsRow *row, gpointer user)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_string_append_len(user, bytes, (gssize)length);
    g_string_append_printf(user, " by %s\n", row->source);
    return TRUE;
}

static char *content(ExchangeNode *node, const char *text)
{
    GString *found = g_string_new(NULL);
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.text = text;
    query.variants = TRUE;
    g_assert_true(objects_find(node_store(node->node), &query, add_row, found, NULL, NULL));
    return g_string_free(found, FALSE);
}

static void test_leaves_out(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autoptr(GError) error = NULL;
    g_auto(DispatcherResult) result = {0};
    const char *const both[] = {birch->name, cedar->name, NULL};
    put(alder, maker);
    put(alder, note);
    put(alder, plain);
    put(alder, address);
    g_assert_true(
        send(alder, "identity.contact_information, email-addr", both, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(result.objects, ==, 3);
    g_assert_cmpuint(result.minimised.replaced, ==, 2); /* the identity, and the note about it */
    g_assert_cmpuint(result.minimised.left_out, ==, 1);
    exchange_nodes_follow(alder, birch);
    exchange_nodes_follow(alder, cedar);

    /* What came is without it, and alike for both; what was not concerned is as it was. */
    g_autofree char *at_birch = content(birch, NULL), *at_cedar = content(cedar, NULL);
    g_assert_nonnull(strstr(at_birch, "\"Desk\""));
    g_assert_null(strstr(at_birch, "555 0100"));
    g_assert_null(strstr(at_birch, "a@alder.example"));
    g_assert_null(strstr(at_birch, "\""
                                   "id\":\"" MAKER));
    g_assert_null(strstr(at_birch, "[\"" MAKER));
    g_assert_nonnull(strstr(at_birch, plain));
    g_assert_cmpstr(at_birch, ==, at_cedar);

    /* Its author has what was sent, too, beside what it was made of. */
    g_autofree char *derived = content(alder, "derived-from");
    g_assert_nonnull(strstr(derived, "\"Desk\""));
    g_assert_nonnull(strstr(derived, " by local\n"));
    g_assert_null(strstr(derived, "555 0100"));
    g_autofree char *original = content(alder, "555 0100");
    g_assert_nonnull(strstr(original, maker));
    g_autoptr(Opening) sent = records_opening(node_store(birch->node), alder->origin,
                                              g_array_index(result.entries, guint64, 0), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(sent->n_items, ==, 3);
}

/* Again it is the same objects, so that nothing new arrives. */
static void test_again(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    const char *const to[] = {birch->name, NULL};
    const char *const ids[] = {MAKER, NOTE, NULL};
    put(alder, maker);
    put(alder, note);
    for (guint i = 0; i < 2; i++) {
        g_auto(DispatcherResult) result = {0};
        g_assert_true(send(alder, "identity.contact_information", to, ids, &result, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(result.minimised.replaced, ==, 2);
        exchange_nodes_follow(alder, birch);
    }
    ObjectsStats stats;
    g_assert_true(objects_stats(node_store(birch->node), &stats, NULL));
    g_assert_cmpuint(stats.versions, ==, 2);
    g_assert_true(objects_stats(node_store(alder->node), &stats, NULL));
    g_assert_cmpuint(stats.versions, ==, 4);
}

/* What others wrote goes on as it came. */
static void test_others(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autoptr(GError) error = NULL;
    const char *const to_birch[] = {birch->name, NULL}, *const to_cedar[] = {cedar->name, NULL};
    g_auto(DispatcherResult) first = {0};
    g_auto(DispatcherResult) second = {0};
    put(alder, maker);
    g_assert_true(send(alder, "", to_birch, NULL, &first, &error));
    exchange_nodes_follow(alder, birch);
    g_assert_true(send(birch, "identity.contact_information", to_cedar, NULL, &second, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(second.minimised.replaced, ==, 0);
    exchange_nodes_follow(birch, cedar);
    g_autofree char *found = content(cedar, "555 0100");
    g_assert_nonnull(strstr(found, maker));
}

static void test_nothing_left(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    g_autoptr(GError) error = NULL;
    const char *const to[] = {fixture->birch.name, NULL};
    g_auto(DispatcherResult) result = {0};
    put(alder, address);
    g_assert_false(send(alder, "email-addr", to, NULL, &result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/exchange/minimise/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(leaves_out);
    TEST(again);
    TEST(others);
    TEST(nothing_left);
    return g_test_run();
}
