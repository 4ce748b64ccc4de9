/* How long copies are kept: what is over is erased, in the files too, and only that; a legal hold
 * keeps it; that it came can be proven all the same. */
#include "unit/exchange_nodes.h"

#include "exchange/reach.h"
#include "store/deliveries.h"
#include "store/retention.h"

#define DAY (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

typedef struct {
    ExchangeNode alder, birch;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
}

static guint64 send(ExchangeNode *node, const char *to, const char *const *ids, gint64 expires)
{
    g_autoptr(GError) error = NULL;
    const char *const names[] = {to, NULL};
    const DispatcherSpec spec = {.title = "A title of its own",
                                 .tlp = MARKING_TLP_CLEAR,
                                 .to = names,
                                 .ids = ids,
                                 .expires = expires,
                                 .unmarked = MARKING_TLP_AMBER};
    g_auto(DispatcherResult) result = {0};
    dispatcher_send(node_notary(node->node), &spec, &result, &error);
    g_assert_no_error(error);
    return g_array_index(result.entries, guint64, 0);
}

static guint64 send_one(ExchangeNode *node, ExchangeNode *to, const char *id, gint64 expires)
{
    const char *const ids[] = {id, NULL};
    guint64 entry = send(node, to->name, ids, expires);
    g_assert_cmpuint(exchange_nodes_follow(node, to), ==, 1);
    return entry;
}

typedef struct {
    RetentionTerms terms;
    guint count;
} Running;

static gboolean apply_terms(StoreTx *tx, gpointer user, GError **error)
{
    Running *running = user;
    g_autoptr(GArray) versions = NULL;
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_AMBER, error);
    return retention_take(tx, &running->terms, &running->count, &versions, error) &&
           reach_review(reach, tx, versions, error) && retention_erase(tx, versions, error);
}

/* How many records are erased @later from now. */
static guint run(ExchangeNode *node, gint64 later, gint64 kept_us)
{
    g_autoptr(GError) error = NULL;
    Running running = {
        .terms = {
            .now = g_get_real_time() + later, .expired_us = DAY, .kept_us = kept_us, .max = 100}};
    writer_run(node_writer(node->node), 1, apply_terms, &running, &error);
    g_assert_no_error(error);
    return running.count;
}

static gboolean take_row(const ObjectsRow *row, gpointer user)
{
    char **text = user;
    g_free(*text);
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    *text = g_strndup(bytes, length);
    return TRUE;
}

/* The stored bytes of an object; NULL: it is not here. Caller frees. */
static char *bytes_of(ExchangeNode *node, const char *id)
{
    char *text = NULL;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = id;
    query.variants = TRUE;
    g_assert_true(objects_find(node_store(node->node), &query, take_row, &text, NULL, NULL));
    return text;
}

static gboolean has(ExchangeNode *node, const char *id)
{
    g_autofree char *bytes = bytes_of(node, id);
    return bytes != NULL;
}

static RecordState state_of(ExchangeNode *node, ExchangeNode *author, guint64 entry)
{
    g_autoptr(Record) record = records_get(node_store(node->node), author->origin, entry, NULL);
    g_assert_nonnull(record);
    return record->state;
}

/* Whether @text stands anywhere in the database or its log. */
static gboolean in_files(ExchangeNode *node, const char *text)
{
    static const char *const names[] = {"concert.db", "concert.db-wal"};
    gboolean found = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(node->directory, names[i], NULL);
        g_autofree char *bytes = NULL;
        gsize length;
        if (g_file_get_contents(path, &bytes, &length, NULL))
            found |= memmem(bytes, length, text, strlen(text)) != NULL;
    }
    return found;
}

typedef struct {
    const char *origin, *reason;
    guint64 entry;
} Hold;

static gboolean apply_hold(StoreTx *tx, gpointer user, GError **error)
{
    const Hold *hold = user;
    return retention_hold(tx, hold->origin, hold->entry, hold->reason, error);
}

static gboolean hold(ExchangeNode *node, const char *origin, guint64 entry, const char *reason,
                     GError **error)
{
    Hold hold = {origin, reason, entry};
    return writer_run(node_writer(node->node), 1, apply_hold, &hold, error);
}

static void test_expired(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "quicksilver", NULL);
    guint64 entry = send_one(alder, birch, id, g_get_real_time() + DAY);
    g_assert_cmpuint(run(birch, DAY, G_MAXINT64), ==, 0); /* expired, and not long enough */
    g_assert_true(has(birch, id));
    g_assert_true(in_files(birch, "quicksilver"));
    g_assert_cmpuint(run(birch, 2 * DAY + G_USEC_PER_SEC, G_MAXINT64), ==, 1);
    g_assert_cmpuint(run(birch, 3 * DAY, G_MAXINT64), ==, 0);
    g_assert_false(has(birch, id));
    g_assert_false(in_files(birch, "quicksilver"));
    g_assert_false(in_files(birch, "A title of its own"));
    g_assert_true(has(alder, id));

    /* That it came can be proven: the commitment is here, and both have the same sum. */
    g_assert_cmpint(state_of(birch, alder, entry), ==, RECORD_ERASED);
    g_autoptr(Opening) opening =
        records_opening(node_store(birch->node), alder->origin, entry, &error);
    g_assert_no_error(error);
    g_assert_true(opening->is_erased);
    guint64 sent, came;
    guint8 of_sent[SHA256_SIZE], of_came[SHA256_SIZE];
    g_assert_true(
        deliveries_digest(node_store(alder->node), birch->origin, entry + 1, &sent, of_sent, NULL));
    g_assert_true(
        records_digest(node_store(birch->node), alder->origin, entry + 1, &came, of_came, NULL));
    g_assert_cmpuint(sent, ==, came);
    g_assert_cmpmem(of_sent, SHA256_SIZE, of_came, SHA256_SIZE);

    /* Sent once more it is kept once more. */
    guint64 again = send_one(alder, birch, id, G_MAXINT64);
    g_assert_cmpint(state_of(birch, alder, again), ==, RECORD_LIVE);
    g_autofree char *theirs = bytes_of(alder, id), *ours = bytes_of(birch, id);
    g_assert_cmpstr(ours, ==, theirs);
}

/* What stood beside it in the store is whole. */
static void test_neighbours(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *one = exchange_nodes_put(alder, "one", NULL);
    g_autofree char *two = exchange_nodes_put(alder, "two", NULL);
    g_autofree char *three = exchange_nodes_put(alder, "three", NULL);
    const char *const all[] = {one, two, three, NULL}, *const kept[] = {one, three, NULL};
    send(alder, birch->name, all, g_get_real_time() + DAY);
    guint64 entry = send(alder, birch->name, kept, G_MAXINT64);
    g_assert_cmpuint(exchange_nodes_follow(alder, birch), ==, 2);
    g_assert_cmpuint(run(birch, 3 * DAY, G_MAXINT64), ==, 1);
    g_assert_false(has(birch, two));
    for (guint i = 0; kept[i]; i++) {
        g_autofree char *theirs = bytes_of(alder, kept[i]), *ours = bytes_of(birch, kept[i]);
        g_assert_cmpstr(ours, ==, theirs);
    }
    g_autoptr(Opening) opening =
        records_opening(node_store(birch->node), alder->origin, entry, NULL);
    g_assert_cmpuint(opening->n_items, ==, 2);
    g_assert_cmpint(opening->items[1].state, ==, OPENING_PRESENT);
}

static void test_retention(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 entry = send_one(alder, birch, id, G_MAXINT64);
    g_assert_cmpuint(run(birch, 30 * DAY, G_MAXINT64), ==, 0);
    g_assert_cmpuint(run(birch, 30 * DAY, 31 * DAY), ==, 0);
    g_assert_cmpuint(run(birch, 30 * DAY, 29 * DAY), ==, 1);
    g_assert_cmpint(state_of(birch, alder, entry), ==, RECORD_ERASED);
    g_assert_false(has(birch, id));
    /* The sender's own is not a copy. */
    g_assert_cmpuint(run(alder, 30 * DAY, 29 * DAY), ==, 0);
    g_assert_true(has(alder, id));
}

/* The same bytes came from elsewhere, too. */
static void test_other_sources(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, cedar;
    exchange_nodes_make(&cedar, "cert.cedar.example");
    exchange_nodes_peer(&cedar, birch);
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    g_autofree char *json = bytes_of(alder, id);
    g_autofree char *other = exchange_nodes_put(alder, "two", NULL);
    g_autofree char *other_json = bytes_of(alder, other);
    ExchangePut put = {"local", json, {0}}, by_cedar = {"local", other_json, {0}};
    send_one(alder, birch, id, G_MAXINT64);
    g_assert_true(writer_run(node_writer(birch->node), 1, exchange_nodes_apply_put, &put, NULL));
    g_assert_true(
        writer_run(node_writer(cedar.node), 1, exchange_nodes_apply_put, &by_cedar, NULL));
    send_one(alder, birch, other, g_get_real_time() + DAY);
    send_one(&cedar, birch, other, G_MAXINT64);

    /* Alder's copies go, Cedar's of the second and our own of the first stay. */
    g_assert_cmpuint(run(birch, 3 * DAY, G_MAXINT64), ==, 1);
    g_assert_true(has(birch, other));
    g_assert_cmpuint(run(birch, 30 * DAY, 29 * DAY), ==, 2);
    g_assert_true(has(birch, id));
    g_assert_false(has(birch, other));
    exchange_nodes_close(&cedar);
}

static void test_hold(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL, again = NULL, none = NULL, erased = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 entry = send_one(alder, birch, id, g_get_real_time() + DAY);
    g_assert_true(hold(birch, alder->origin, entry, "a case", &error));
    g_assert_no_error(error);
    g_assert_false(hold(birch, alder->origin, entry, "a case", &again));
    g_assert_error(again, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_false(hold(birch, alder->origin, entry + 100, "a case", &none));
    g_assert_error(none, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_autoptr(Record) record = records_get(node_store(birch->node), alder->origin, entry, NULL);
    g_assert_cmpstr(record->hold_reason, ==, "a case");
    g_assert_cmpint(record->held, >, 0);
    g_assert_cmpuint(run(birch, 30 * DAY, DAY), ==, 0);
    g_assert_true(has(birch, id));
    g_assert_true(hold(birch, alder->origin, entry, NULL, &error));
    g_assert_cmpuint(run(birch, 30 * DAY, DAY), ==, 1);
    g_assert_false(has(birch, id));
    g_assert_false(hold(birch, alder->origin, entry, "too late", &erased));
    g_assert_error(erased, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
}

/* An own entry under a hold cannot be erased. */
static void test_own_hold(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    guint64 said, entry = send_one(alder, &fixture->birch, id, G_MAXINT64);
    g_assert_true(hold(alder, NULL, entry, "a case", NULL));
    g_assert_false(notary_erase(node_notary(alder->node), entry, NULL, 0, &said, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_true(hold(alder, NULL, entry, NULL, NULL));
    g_assert_true(notary_erase(node_notary(alder->node), entry, NULL, 0, &said, NULL));
}

/* What was sent on is kept as long as that stands, for its recall has to be passed on. */
static void test_sent_on(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, cedar;
    exchange_nodes_make(&cedar, "cert.cedar.example");
    exchange_nodes_peer(&cedar, birch);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = exchange_nodes_put(alder, "one", NULL);
    send_one(alder, birch, id, G_MAXINT64);
    guint64 index, onward = send_one(birch, &cedar, id, G_MAXINT64);
    g_assert_cmpuint(run(birch, 30 * DAY, DAY), ==, 0);
    g_assert_true(dispatcher_retract(node_notary(birch->node), onward, FALSE, NULL, 0, "done",
                                     &index, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(run(birch, 30 * DAY, DAY), ==, 1);
    exchange_nodes_close(&cedar);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/retention/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(expired);
    TEST(neighbours);
    TEST(retention);
    TEST(other_sources);
    TEST(hold);
    TEST(own_hold);
    TEST(sent_on);
    return g_test_run();
}
