/* test_relay.c - dossiers of nodes that are not all peers of each other: events are sent on, with
 * the cards of who made them. */
#include <string.h>

#include "exchange_nodes.h"
#include "node/docket_machine.h"
#include "node/docket_relay.h"
#include "node/docket_sender.h"
#include "store/introductions.h"

/* Birch and Cedar are peers of Alder only. */
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
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
}

static void settle(Fixture *fixture)
{
    for (guint round = 0; round < 4; round++) {
        exchange_nodes_follow(&fixture->alder, &fixture->birch);
        exchange_nodes_follow(&fixture->alder, &fixture->cedar);
        docket_machine_run(node_notary(fixture->birch.node));
        docket_machine_run(node_notary(fixture->cedar.node));
        exchange_nodes_follow(&fixture->birch, &fixture->alder);
        exchange_nodes_follow(&fixture->cedar, &fixture->alder);
        docket_machine_run(node_notary(fixture->alder.node));
    }
}

static char *act_in(const char *procedure, ExchangeNode *node, const char *dossier,
                    const char *type, const char *payload, guint untold)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    const DocketAct what = {.dossier = dossier,
                            .procedure = procedure,
                            .type = type,
                            .signatory = "A. Example",
                            .payload = payload,
                            .tlp = dossier ? MARKING_TLP_NONE : MARKING_TLP_AMBER_STRICT};
    docket_sender_send(node_notary(node->node), &what, &sent, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(sent.untold), ==, untold);
    return g_strdup(sent.dossier);
}

static char *act(ExchangeNode *node, const char *dossier, const char *type, const char *payload,
                 guint untold)
{
    return act_in("request", node, dossier, type, payload, untold);
}

static char *ask(Fixture *fixture)
{
    return act(&fixture->alder, NULL, "sent",
               "{\"to\":\"cert.birch.example\",\"kind\":\"advice\",\"urgency\":\"high\","
               "\"subject\":\"Scans\",\"text\":\"Are these yours?\","
               "\"observers\":[\"cert.cedar.example\"]}",
               0);
}

static void assert_state(ExchangeNode *node, const char *id, const char *state, char **ret_digest)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, &error);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    g_assert_no_error(error);
    g_assert_cmpstr(docket->dossier->state, ==, state);
    g_assert_cmpuint(docket->result->n_pending + docket->result->n_void, ==, 0);
    engine_digest(docket->result, digest);
    g_free(*ret_digest);
    *ret_digest = g_strdup(sha256_hex(digest, hex));
}

static void assert_all(Fixture *fixture, const char *id, const char *state)
{
    ExchangeNode *const nodes[] = {&fixture->alder, &fixture->birch, &fixture->cedar};
    g_autofree char *first = NULL, *other = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
        assert_state(nodes[i], id, state, i == 0 ? &first : &other);
        g_assert_cmpstr(i == 0 ? first : other, ==, first);
    }
}

/* What Birch says reaches Cedar by way of Alder, at once and though it is for those named alone. */
static void test_sent_on(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture);
    settle(fixture);
    assert_all(fixture, id, "received");
    g_free(act(&fixture->birch, id, "acknowledged", "{}", 1));
    settle(fixture);
    assert_all(fixture, id, "acknowledged");

    g_autofree char *by = NULL, *unknown = NULL, *key = NULL, *none = NULL;
    g_assert_true(
        introductions_get(node_store(fixture->cedar.node), "cert.birch.example", &key, &by, NULL));
    g_assert_cmpstr(by, ==, "cert.alder.example");
    g_assert_true(introductions_get(node_store(fixture->alder.node), "cert.birch.example", &none,
                                    &unknown, NULL));
    g_assert_null(unknown); /* a peer is not introduced */
}

/* Who comes in by way of another gets what was before it, too: the draft, which went to nobody. */
static void test_comes_in(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = act_in("case", &fixture->birch, NULL, "opened",
                                 "{\"severity\":\"high\",\"subject\":\"Counterfeit pages\"}", 0);
    g_free(act_in("case", &fixture->birch, id, "shared",
                  "{\"to\":[\"cert.alder.example\",\"cert.cedar.example\"]}", 1));
    settle(fixture);
    assert_all(fixture, id, "shared");
    g_free(act_in("case", &fixture->cedar, id, "acknowledged", "{}", 1));
    settle(fixture);
    assert_all(fixture, id, "acknowledged");
}

/* Nothing is sent on twice, nor to who is not in the dossier. */
static void test_once(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = ask(fixture);
    settle(fixture);
    g_free(act(&fixture->birch, id, "acknowledged", "{}", 1));
    exchange_nodes_follow(&fixture->birch, &fixture->alder);
    g_assert_cmpuint(docket_relay_run(node_notary(fixture->alder.node)), ==, 1);
    g_assert_cmpuint(docket_relay_run(node_notary(fixture->alder.node)), ==, 0);

    g_autoptr(GArray) waits = introductions_relays(node_store(fixture->cedar.node), 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(waits->len, ==, 0);
}

/* Without the card nobody believes what is sent on; with other keys neither. */
static gboolean put_other(StoreTx *tx, gpointer user, GError **error)
{
    const Introduction other = {.node = "cert.birch.example",
                                .card = "{}",
                                .ledger_vkey = "another",
                                .recovery_vkey = "another",
                                .message_vkey = "another",
                                .number = 1000,
                                .by = "cert.forum.example",
                                .at = 1};
    return introductions_put(tx, &other, error);
}

static void test_other_keys(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = ask(fixture);
    settle(fixture);
    g_assert_false(writer_run(node_writer(fixture->cedar.node), 1, put_other, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "cert.alder.example"));
}

static void test_liar(Fixture *fixture, gconstpointer data)
{
    /* Somebody introduced a Birch of its own first: Alder's card is refused, and so are the events
     * of the Birch that Alder knows. */
    g_autoptr(GError) error = NULL;
    g_assert_true(writer_run(node_writer(fixture->cedar.node), 1, put_other, NULL, &error));
    g_autofree char *id = ask(fixture);
    settle(fixture);
    g_autoptr(Docket) docket = docket_load(node_store(fixture->cedar.node), id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(docket->dossier->state, ==, "sent");
    g_assert_cmpuint(docket->stored->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/relay/sent-on", Fixture, NULL, set_up, test_sent_on, tear_down);
    g_test_add("/relay/comes-in", Fixture, NULL, set_up, test_comes_in, tear_down);
    g_test_add("/relay/once", Fixture, NULL, set_up, test_once, tear_down);
    g_test_add("/relay/other-keys", Fixture, NULL, set_up, test_other_keys, tear_down);
    g_test_add("/relay/liar", Fixture, NULL, set_up, test_liar, tear_down);
    return g_test_run();
}
