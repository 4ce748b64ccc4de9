/* Who shows different ledgers to different peers is found out when two of these talk; what is told
 * is little, and told once. */
#include "unit/exchange_nodes.h"

#include "exchange/gossip.h"
#include "store/witness.h"

#define MINUTE_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)

typedef struct {
    ExchangeNode alder, birch, cedar, twin; /* twin: a copy of alder's node, keys and all */
    Gossip *at_birch, *at_cedar;
} Fixture;

static void send(ExchangeNode *node, ExchangeNode *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(node, "thing", NULL);
    const char *const names[] = {to->name, NULL}, *const ids[] = {id, NULL};
    const DispatcherSpec spec = {.title = "Exercise",
                                 .to = names,
                                 .ids = ids,
                                 .expires = G_MAXINT64,
                                 .unmarked = MARKING_TLP_AMBER};
    g_auto(DispatcherResult) result = {0};
    g_assert_true(dispatcher_send(node_notary(node->node), &spec, &result, &error));
    g_assert_no_error(error);
}

static void copy_node(ExchangeNode *from, ExchangeNode *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *parent = g_dir_make_tmp("concert-exchange-XXXXXX", &error);
    to->directory = g_build_filename(parent, "node", NULL);
    to->name = g_strdup(from->name);
    to->origin = g_strdup(from->origin);
    node_close(from->node);
    const char *const copy[] = {"cp", "-a", from->directory, to->directory, NULL};
    g_assert_true(g_spawn_sync(NULL, (char **)copy, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, &error));
    exchange_nodes_open(from);
    exchange_nodes_open(to);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_make(&fixture->cedar, "cert.cedar.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
    exchange_nodes_peer(&fixture->alder, &fixture->cedar);
    exchange_nodes_peer(&fixture->birch, &fixture->cedar);
    copy_node(&fixture->alder, &fixture->twin);
    fixture->at_birch = gossip_new();
    fixture->at_cedar = gossip_new();
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
    exchange_nodes_close(&fixture->twin);
    gossip_free(fixture->at_birch);
    gossip_free(fixture->at_cedar);
}

static char **birch_tells(Fixture *fixture, gint64 now)
{
    g_autoptr(GError) error = NULL;
    char **notes = gossip_tell(fixture->at_birch, node_store(fixture->birch.node),
                               fixture->cedar.origin, now, &error);
    g_assert_no_error(error);
    return notes;
}

static guint cedar_hears(Fixture *fixture, char **notes)
{
    g_autoptr(GError) error = NULL;
    Node *cedar = fixture->cedar.node;
    guint convicted;
    g_assert_true(gossip_hear(fixture->at_cedar, node_store(cedar), node_writer(cedar),
                              fixture->birch.origin, (const char *const *)notes, &convicted,
                              &error));
    g_assert_no_error(error);
    return convicted;
}

static void assert_convicted(Fixture *fixture, gboolean convicted)
{
    Store *store = node_store(fixture->cedar.node);
    g_autoptr(Peer) peer = peers_get(store, fixture->alder.origin, NULL);
    g_autoptr(GPtrArray) evidence = witness_evidence(store, NULL, TRUE, NULL);
    g_assert_cmpint(peer->fork, ==, convicted);
    g_assert_cmpuint(evidence->len, ==, convicted);
    if (!convicted)
        return;
    const WitnessEvidence *first = evidence->pdata[0];
    g_assert_nonnull(strstr(peer->fork_reason, fixture->birch.origin));
    g_assert_cmpstr(first->origin, ==, fixture->alder.origin);
    g_assert_cmpstr(first->first, !=, first->second);
}

/* Two peers see different ledgers of the same size. */
static void test_convicts(Fixture *fixture, gconstpointer data)
{
    send(&fixture->alder, &fixture->birch);
    send(&fixture->twin, &fixture->cedar);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->twin, &fixture->cedar);
    assert_convicted(fixture, FALSE);
    g_auto(GStrv) notes = birch_tells(fixture, MINUTE_US);
    g_assert_cmpuint(g_strv_length(notes), ==, 1);
    g_assert_cmpuint(strlen(notes[0]), <, 400);
    g_assert_cmpuint(cedar_hears(fixture, notes), ==, 1);
    assert_convicted(fixture, TRUE);
    /* Nothing of it is accepted any more, and hearing it again is nothing new. */
    g_autoptr(GError) error = NULL;
    send(&fixture->twin, &fixture->cedar);
    g_autoptr(GBytes) answer = exchange_nodes_answer(&fixture->twin, &fixture->cedar);
    const FollowerOptions options = {.store = node_store(fixture->cedar.node),
                                     .writer = node_writer(fixture->cedar.node),
                                     .unmarked = MARKING_TLP_AMBER};
    FollowerResult result;
    g_assert_false(follower_accept(&options, fixture->alder.origin, answer, &result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_cmpuint(cedar_hears(fixture, notes), ==, 0);
    assert_convicted(fixture, TRUE);
}

/* A tree that was shown here some time ago convicts as well. */
static void test_convicts_by_an_older_tree(Fixture *fixture, gconstpointer data)
{
    send(&fixture->alder, &fixture->birch);
    send(&fixture->twin, &fixture->cedar);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->twin, &fixture->cedar);
    for (guint i = 0; i < 3; i++) {
        send(&fixture->twin, &fixture->cedar);
        exchange_nodes_follow(&fixture->twin, &fixture->cedar);
    }
    g_auto(GStrv) notes = birch_tells(fixture, MINUTE_US);
    g_assert_cmpuint(cedar_hears(fixture, notes), ==, 1);
    assert_convicted(fixture, TRUE);
}

/* A larger tree proves nothing, but is remembered until the peer shows one as large. */
static void test_larger(Fixture *fixture, gconstpointer data)
{
    g_autofree char *by = NULL;
    const char *alder = fixture->alder.origin;
    exchange_nodes_follow(&fixture->alder, &fixture->cedar);
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, alder, NULL), ==, 0);
    send(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    g_autoptr(Peer) at_birch = peers_get(node_store(fixture->birch.node), alder, NULL);
    g_auto(GStrv) notes = birch_tells(fixture, MINUTE_US);
    g_assert_cmpuint(cedar_hears(fixture, notes), ==, 0);
    assert_convicted(fixture, FALSE);
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, alder, &by), ==, at_birch->size);
    g_assert_cmpstr(by, ==, fixture->birch.origin);
    gossip_shown(fixture->at_cedar, alder, at_birch->size - 1);
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, alder, NULL), ==, at_birch->size);
    gossip_shown(fixture->at_cedar, alder, at_birch->size);
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, alder, NULL), ==, 0);
    /* The same tree is no news. */
    exchange_nodes_follow(&fixture->alder, &fixture->cedar);
    g_assert_cmpuint(cedar_hears(fixture, notes), ==, 0);
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, alder, NULL), ==, 0);
    assert_convicted(fixture, FALSE);
}

/* What is told is told once, and not too often; what did not arrive is told again. */
static void test_tells_once(Fixture *fixture, gconstpointer data)
{
    gint64 now = MINUTE_US;
    g_assert_null(birch_tells(fixture, now)); /* nothing was followed */
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->cedar, &fixture->birch);
    now += MINUTE_US;
    g_auto(GStrv) first = birch_tells(fixture, now);
    g_assert_cmpuint(g_strv_length(first), ==, 1); /* its own ledger cedar is not told of */
    gossip_untold(fixture->at_birch, fixture->cedar.origin);
    g_assert_null(birch_tells(fixture, now));
    now += MINUTE_US;
    g_auto(GStrv) again = birch_tells(fixture, now);
    g_assert_cmpuint(g_strv_length(again), ==, 1);
    g_assert_cmpstr(again[0], ==, first[0]);
    send(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    g_assert_null(birch_tells(fixture, now + 9 * MINUTE_US));
    g_auto(GStrv) later = birch_tells(fixture, now + 10 * MINUTE_US);
    g_assert_cmpuint(g_strv_length(later), ==, 1);
    g_assert_cmpstr(later[0], !=, first[0]);
    g_assert_null(birch_tells(fixture, now + 30 * MINUTE_US));
}

/* What is not signed by a peer's ledger convicts nobody. */
static void test_hostile(Fixture *fixture, gconstpointer data)
{
    send(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    exchange_nodes_follow(&fixture->alder, &fixture->cedar);
    g_auto(GStrv) notes = birch_tells(fixture, MINUTE_US);
    for (gsize i = 0; i < strlen(notes[0]); i++) {
        g_autofree char *changed = g_strdup(notes[0]);
        changed[i] ^= 1;
        char *told[] = {(char *)"", changed, (char *)"no note\n\n", NULL};
        g_assert_cmpuint(cedar_hears(fixture, told), ==, 0);
    }
    g_assert_cmpuint(gossip_expected(fixture->at_cedar, fixture->alder.origin, NULL), ==, 0);
    g_assert_cmpuint(cedar_hears(fixture, NULL), ==, 0);
    assert_convicted(fixture, FALSE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/exchange/gossip/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(convicts);
    TEST(convicts_by_an_older_tree);
    TEST(larger);
    TEST(tells_once);
    TEST(hostile);
    return g_test_run();
}
