/* Nodes that follow each other, without a network: what is sent arrives, exactly that, and is
 * acknowledged; what must not be seen is not there; answers that lie are refused. */
#include "unit/exchange_nodes.h"

#include "exchange/reach.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"

typedef struct {
    ExchangeNode alder, birch, cedar;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_make(&fixture->cedar, "cert.cedar.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
    exchange_nodes_peer(&fixture->cedar, &fixture->alder);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
}

static guint64 send(ExchangeNode *node, const char *to, const char *id, MarkingTlp tlp)
{
    g_autoptr(GError) error = NULL;
    const char *const names[] = {to, NULL}, *const ids[] = {id, NULL};
    const DispatcherSpec spec = {.title = "Exercise",
                                 .tlp = tlp,
                                 .to = names,
                                 .ids = ids,
                                 .expires = G_MAXINT64,
                                 .unmarked = MARKING_TLP_AMBER};
    g_auto(DispatcherResult) result = {0};
    dispatcher_send(node_notary(node->node), &spec, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(result.entries->len, ==, 1);
    return g_array_index(result.entries, guint64, 0);
}

static void assert_refused(ExchangeNode *node, const char *to, const char *id, MarkingTlp tlp,
                           const char *rule)
{
    g_autoptr(GError) error = NULL;
    const char *const names[] = {to, NULL}, *const ids[] = {id, NULL};
    const DispatcherSpec spec = {.title = "Exercise",
                                 .tlp = tlp,
                                 .to = to ? names : NULL,
                                 .ids = ids,
                                 .expires = G_MAXINT64,
                                 .unmarked = MARKING_TLP_AMBER};
    g_auto(DispatcherResult) result = {0};
    g_assert_false(dispatcher_send(node_notary(node->node), &spec, &result, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, rule));
}

static gboolean count_row(const ObjectsRow *row, gpointer count)
{
    ++*(guint *)count;
    return TRUE;
}

static gboolean has(ExchangeNode *node, const char *id)
{
    guint count = 0;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = id;
    query.variants = TRUE;
    g_assert_true(objects_find(node_store(node->node), &query, count_row, &count, NULL, NULL));
    return count > 0;
}

static guint64 confirmed_by(ExchangeNode *node, guint64 entry, const char *origin)
{
    g_autoptr(GPtrArray) states = deliveries_states(node_store(node->node), entry, NULL);
    for (guint i = 0; i < states->len; i++) {
        const DeliveryState *state = states->pdata[i];
        if (g_str_equal(state->origin, origin))
            return state->receipt;
    }
    return DELIVERIES_NONE;
}

static void test_arrives(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 entry = send(alder, birch->name, id, MARKING_TLP_AMBER);
    g_assert_cmpuint(exchange_nodes_follow(alder, birch), ==, 1);
    g_assert_cmpuint(exchange_nodes_follow(alder, cedar), ==, 0);
    g_assert_true(has(birch, id));
    g_assert_false(has(cedar, id));
    g_assert_cmpuint(confirmed_by(alder, entry, birch->origin), ==, DELIVERIES_NONE);
    exchange_nodes_follow(birch, alder);
    g_assert_cmpuint(confirmed_by(alder, entry, birch->origin), !=, DELIVERIES_NONE);

    /* Both have the same, and there is nothing new for anybody. */
    exchange_nodes_follow(alder, birch);
    guint64 sent, came;
    guint8 of_sent[SHA256_SIZE], of_came[SHA256_SIZE];
    g_assert_true(deliveries_digest(node_store(alder->node), birch->origin, G_MAXUINT64, &sent,
                                    of_sent, NULL));
    g_assert_true(
        records_digest(node_store(birch->node), alder->origin, G_MAXUINT64, &came, of_came, NULL));
    g_assert_cmpuint(sent, >, 1);
    g_assert_cmpuint(sent, ==, came);
    g_assert_cmpmem(of_sent, SHA256_SIZE, of_came, SHA256_SIZE);
    exchange_nodes_follow(birch, alder);
    exchange_nodes_follow(alder, birch);
    g_assert_null(exchange_nodes_answer(alder, birch));
    g_assert_null(exchange_nodes_answer(birch, alder));
}

static void test_kept_whole(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 entry = send(alder, birch->name, id, MARKING_TLP_GREEN);
    exchange_nodes_follow(alder, birch);
    g_autoptr(Opening) opening =
        records_opening(node_store(birch->node), alder->origin, entry, &error);
    g_assert_no_error(error);
    g_autoptr(LedgerReadEntry) own =
        ledger_read_entry(node_store(alder->node), entry, FALSE, &error);
    g_assert_true(opening_verify(opening, alder->origin, own->entry, LEDGER_ENTRY_SIZE, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(opening->n_items, ==, 1);
    g_assert_cmpint(opening->items[0].state, ==, OPENING_PRESENT);
}

static gboolean member(ExchangeNode *node, const char *collection, const char *id)
{
    gboolean contains = FALSE;
    g_autoptr(Collection) found =
        collections_lookup(node_store(node->node), NULL, collection, NULL);
    g_assert_nonnull(found);
    g_assert_true(collections_contains(node_store(node->node), found->number, id, &contains, NULL));
    return contains;
}

typedef struct {
    const char *name, *reach;
} NewCollection;

static gboolean apply_collection(StoreTx *tx, gpointer user, GError **error)
{
    const NewCollection *made = user;
    gint64 number;
    return collections_add(tx, "main", NULL, made->name, made->name, NULL, &number, error) &&
           collections_set_reach(tx, number, made->reach, error);
}

static void add_collection(ExchangeNode *node, const char *name, const char *reach)
{
    NewCollection made = {name, reach};
    g_assert_true(writer_run(node_writer(node->node), 1, apply_collection, &made, NULL));
}

static void test_recall(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    add_collection(birch, "everybody-here", "staff");
    add_collection(birch, "clients-only", "clients");
    g_autofree char *id = exchange_nodes_put(alder, "false", NULL);
    g_autofree char *strict = exchange_nodes_put(alder, "strict", NULL);
    guint64 entry = send(alder, birch->name, id, MARKING_TLP_AMBER), index;
    send(alder, birch->name, strict, MARKING_TLP_AMBER_STRICT);
    exchange_nodes_follow(alder, birch);
    g_assert_true(member(birch, "everybody-here", id));
    g_assert_true(member(birch, "clients-only", id));
    g_assert_true(member(birch, "everybody-here", strict));
    g_assert_false(member(birch, "clients-only", strict));

    g_assert_true(dispatcher_retract(node_notary(alder->node), entry, TRUE, NULL, 0, "it was wrong",
                                     &index, &error));
    g_assert_no_error(error);
    exchange_nodes_follow(alder, birch);
    g_assert_false(member(birch, "everybody-here", id));
    g_assert_false(member(birch, "clients-only", id));
    g_assert_true(member(birch, "everybody-here", strict));
    exchange_nodes_follow(birch, alder);
    g_assert_cmpuint(confirmed_by(alder, index, birch->origin), !=, DELIVERIES_NONE);
    g_autoptr(Record) record = records_get(node_store(birch->node), alder->origin, entry, &error);
    g_assert_cmpint(record->state, ==, RECORD_RECALLED);
    g_assert_cmpstr(record->reason, ==, "it was wrong");
    g_assert_false(dispatcher_retract(node_notary(alder->node), entry, TRUE, NULL, 0, "again",
                                      &index, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
}

/* Whether what the collection serves has @text in it. */
static gboolean serves(ExchangeNode *node, const char *collection, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Collection) found =
        collections_lookup(node_store(node->node), NULL, collection, NULL);
    CollectionQuery query = {.number = found->number,
                             .after = G_MININT64,
                             .until = G_MAXINT64,
                             .limit = 100,
                             .max_bytes = 1000000};
    g_autoptr(CollectionPage) page =
        collections_objects(node_store(node->node), &query, NULL, &error);
    g_assert_no_error(error);
    return strstr(page->objects->str, text) != NULL;
}

typedef struct {
    const char *id;
    guint8 sha256[SHA256_SIZE];
} Adopting;

static gboolean apply_adopt(StoreTx *tx, gpointer user, GError **error)
{
    Adopting *adopting = user;
    gint64 version;
    return objects_adopt(tx, adopting->id, adopting->sha256, &version, error) &&
           reach_adopt(tx, version, error);
}

static void adopt(ExchangeNode *node, const char *id, const char *json)
{
    g_autoptr(GError) error = NULL;
    Adopting adopting = {.id = id};
    sha256_digest(json, strlen(json), adopting.sha256);
    g_assert_true(writer_run(node_writer(node->node), 1, apply_adopt, &adopting, &error));
    g_assert_no_error(error);
}

static void put_json(ExchangeNode *node, const char *source, const char *json)
{
    g_autoptr(GError) error = NULL;
    ExchangePut put = {source, json, {0}};
    g_assert_true(writer_run(node_writer(node->node), 1, exchange_nodes_apply_put, &put, &error));
    g_assert_no_error(error);
}

/* An adopted version joins only what the policy lets it be in; one that is the node's own takes the
 * place of what people put somewhere. */
static void test_adopt(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    exchange_nodes_peer(cedar, birch);
    add_collection(birch, "everybody-here", "staff");
    add_collection(birch, "clients-only", "clients");
    g_autofree char *id = exchange_nodes_put(alder, "as Alder says", NULL);
    static const char form[] =
        "{\"type\":\"identity\",\"spec_version\":\"2.1\",\"id\":\"%s\","
        "\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\","
        "\"name\":\"%s\",\"identity_class\":\"organization\"}";
    g_autofree char *by_cedar = g_strdup_printf(form, id, "as Cedar says");
    g_autofree char *by_us = g_strdup_printf(form, id, "as we say");
    send(alder, birch->name, id, MARKING_TLP_AMBER);
    exchange_nodes_follow(alder, birch);
    put_json(cedar, "local", by_cedar);
    send(cedar, birch->name, id, MARKING_TLP_AMBER_STRICT);
    exchange_nodes_follow(cedar, birch);
    g_assert_true(serves(birch, "everybody-here", "as Alder says"));
    g_assert_true(serves(birch, "clients-only", "as Alder says"));

    adopt(birch, id, by_cedar);
    g_assert_true(serves(birch, "everybody-here", "as Cedar says"));
    g_assert_false(serves(birch, "everybody-here", "as Alder says"));
    g_assert_false(serves(birch, "clients-only", "as Cedar says"));
    g_assert_true(serves(birch, "clients-only", "as Alder says"));

    put_json(birch, "local", by_us);
    adopt(birch, id, by_us);
    g_assert_true(serves(birch, "everybody-here", "as we say"));
    g_assert_true(serves(birch, "clients-only", "as we say"));
}

static void test_grant(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 entry = send(alder, birch->name, id, MARKING_TLP_AMBER), grant;
    exchange_nodes_follow(alder, cedar);
    g_assert_false(has(cedar, id));
    const char *const to[] = {cedar->name, NULL};
    g_assert_true(dispatcher_grant(node_notary(alder->node), entry, to, &grant, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(exchange_nodes_follow(alder, cedar), ==, 1);
    g_assert_true(has(cedar, id));
    exchange_nodes_follow(cedar, alder);
    g_assert_cmpuint(confirmed_by(alder, entry, cedar->origin), !=, DELIVERIES_NONE);
    /* What is taken back is taken back from it, too. */
    g_assert_true(
        dispatcher_retract(node_notary(alder->node), entry, FALSE, NULL, 0, "old", &grant, &error));
    g_assert_no_error(error);
    exchange_nodes_follow(alder, cedar);
    g_autoptr(Record) record = records_get(node_store(cedar->node), alder->origin, entry, &error);
    g_assert_cmpint(record->state, ==, RECORD_WITHDRAWN);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    assert_refused(alder, NULL, id, MARKING_TLP_AMBER, "nobody");
    assert_refused(alder, "cert.forum.example", id, MARKING_TLP_AMBER, "cert.forum.example");
    assert_refused(alder, birch->name, "identity--2f2f0b1e-0000-4000-8000-000000000000",
                   MARKING_TLP_AMBER, "no object");
}

/* What was received AMBER goes to nobody; what was CLEAR may. */
static void test_onward(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autofree char *amber = exchange_nodes_put(alder, "amber", NULL);
    g_autofree char *clear = exchange_nodes_put(alder, "clear", NULL);
    send(alder, birch->name, amber, MARKING_TLP_AMBER);
    guint64 entry = send(alder, birch->name, clear, MARKING_TLP_CLEAR);
    exchange_nodes_follow(alder, birch);
    exchange_nodes_peer(birch, cedar);
    assert_refused(birch, cedar->name, amber, MARKING_TLP_AMBER, "rule");
    assert_refused(birch, cedar->name, amber, MARKING_TLP_CLEAR, "rule");
    send(birch, cedar->name, clear, MARKING_TLP_CLEAR);
    exchange_nodes_follow(birch, cedar);
    g_assert_true(has(cedar, clear));
    g_assert_false(has(cedar, amber));

    /* Its author recalls it: who has it at second hand hears of that, once. */
    g_autoptr(GError) error = NULL;
    guint64 index;
    g_assert_true(dispatcher_retract(node_notary(alder->node), entry, TRUE, NULL, 0, "wrong",
                                     &index, &error));
    g_assert_no_error(error);
    exchange_nodes_follow(alder, birch);
    g_assert_true(dispatcher_settle_onward(node_notary(birch->node), &error));
    g_assert_no_error(error);
    g_assert_true(dispatcher_settle_onward(node_notary(birch->node), &error));
    g_assert_no_error(error);
    exchange_nodes_follow(birch, cedar);
    RecordsQuery query = {.origin = birch->origin, .kind = "recall"};
    g_autoptr(GPtrArray) recalls = records_list(node_store(cedar->node), &query, &error);
    g_assert_cmpuint(recalls->len, ==, 1);
}

/* Somebody else has the name now, with another ledger: its entries are not taken for those of the
 * old one, and it gets nothing that was for the old one; which stays provable under its own. */
static void test_replaced_ledger(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_autofree char *old_id = exchange_nodes_put(&fixture->alder, "old", NULL);
    guint64 old_entry = send(&fixture->alder, birch->name, old_id, MARKING_TLP_AMBER);
    g_assert_cmpuint(exchange_nodes_follow(&fixture->alder, birch), ==, 1);
    g_autofree char *for_old = exchange_nodes_put(birch, "for the old one", NULL);
    guint64 not_given = send(birch, fixture->alder.name, for_old, MARKING_TLP_AMBER);

    ExchangeNode anew;
    exchange_nodes_make(&anew, fixture->alder.name);
    g_autoptr(Card) card = exchange_nodes_card(&anew);
    const PeerStepSpec replace = {.step = PEER_STEP_INVITE, .card = card, .replace = TRUE};
    g_autofree char *text = NULL;
    g_autoptr(Peer) peer = NULL;
    g_assert_true(peer_step_say(node_notary(birch->node), &replace, &text, &peer, &error));
    g_assert_no_error(error);
    g_assert_true(peer_step_hear(node_store(anew.node), node_writer(anew.node), text, strlen(text),
                                 NULL, NULL, &error));
    exchange_nodes_step(&anew, birch, PEER_STEP_ACCEPT);

    gboolean includes = TRUE;
    g_assert_true(
        deliveries_includes(node_store(birch->node), anew.origin, not_given, &includes, &error));
    g_assert_false(includes);
    exchange_nodes_follow(birch, &anew);
    g_assert_false(has(&anew, for_old));

    g_autofree char *id = exchange_nodes_put(&anew, "new", NULL);
    guint64 entry = send(&anew, birch->name, id, MARKING_TLP_AMBER);
    while (entry < old_entry)
        entry = send(&anew, birch->name, id, MARKING_TLP_AMBER);
    g_assert_cmpuint(exchange_nodes_follow(&anew, birch), >=, 1);
    g_assert_true(has(birch, id));
    g_assert_true(has(birch, old_id));
    g_autoptr(Opening) opening =
        records_opening(node_store(birch->node), anew.origin, old_entry, &error);
    g_assert_no_error(error);
    g_autoptr(LedgerReadEntry) own =
        ledger_read_entry(node_store(anew.node), old_entry, FALSE, &error);
    g_assert_true(opening_verify(opening, anew.origin, own->entry, LEDGER_ENTRY_SIZE, &error));
    g_assert_no_error(error);
    exchange_nodes_close(&anew);
}

/* A flipped byte anywhere is noticed, and nothing of the answer is kept. */
static void test_damaged(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    const FollowerOptions options = {.store = node_store(birch->node),
                                     .writer = node_writer(birch->node),
                                     .unmarked = MARKING_TLP_AMBER};
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    send(alder, birch->name, id, MARKING_TLP_AMBER);
    g_autoptr(GBytes) answer = exchange_nodes_answer(alder, birch);
    gsize length;
    const guint8 *bytes = g_bytes_get_data(answer, &length);
    for (gsize i = 0; i < length; i += 37) {
        g_autoptr(GError) error = NULL;
        guint8 *copy = g_memdup2(bytes, length);
        copy[i] ^= 0x20;
        g_autoptr(GBytes) damaged = g_bytes_new_take(copy, length);
        FollowerResult result;
        if (follower_accept(&options, alder->origin, damaged, &result, &error))
            g_error("a flipped bit of byte %zu passed", i);
        g_assert_false(has(birch, id));
    }
    /* Cut short, too; and the whole is accepted once. */
    for (gsize cut = 0; cut < length; cut += 101) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(answer, 0, cut);
        FollowerResult result;
        g_assert_false(follower_accept(&options, alder->origin, part, &result, NULL));
    }
    FollowerResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(follower_accept(&options, alder->origin, answer, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(result.dispatches, ==, 1);
    /* A replay brings nothing and breaks nothing. */
    if (follower_accept(&options, alder->origin, answer, &result, NULL))
        g_assert_cmpuint(result.openings, ==, 0);
    g_assert_true(has(birch, id));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/exchange/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(arrives);
    TEST(kept_whole);
    TEST(recall);
    TEST(adopt);
    TEST(grant);
    TEST(refused);
    TEST(onward);
    TEST(replaced_ledger);
    TEST(damaged);
    return g_test_run();
}
