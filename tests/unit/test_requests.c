/* Requests between nodes, without a network: what a person or a machine does at one node takes
 * effect at the others, and all who have the same events tell the same of the dossier. */
#include "unit/exchange_nodes.h"

#include "dossier/docket.h"
#include "node/docket_machine.h"
#include "node/docket_sender.h"
#include "store/ledger_read.h"

#define OFFICER "Duty Officer"
#define DRILL   "Drill"

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
    exchange_nodes_peer(&fixture->cedar, &fixture->birch);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
}

/* Everybody follows everybody until there is nothing new; the machines do what they have to. */
static void settle(Fixture *fixture)
{
    ExchangeNode *const nodes[] = {&fixture->alder, &fixture->birch, &fixture->cedar};
    for (guint round = 0; round < 3; round++) {
        for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
            for (guint j = 0; j < G_N_ELEMENTS(nodes); j++) {
                g_autoptr(Peer) peer =
                    peers_get(node_store(nodes[j]->node), nodes[i]->origin, NULL);
                if (peer && peer->state == PEER_ACTIVE)
                    exchange_nodes_follow(nodes[i], nodes[j]);
            }
            docket_machine_run(node_notary(nodes[i]->node));
        }
    }
}

static gboolean act(ExchangeNode *node, const char *dossier, const char *type, const char *payload,
                    DocketSent *ret_sent, GError **error)
{
    const DocketAct what = {.dossier = dossier,
                            .procedure = dossier ? NULL : "request",
                            .type = type,
                            .signatory = OFFICER,
                            .payload = payload,
                            .tlp = dossier ? MARKING_TLP_NONE : MARKING_TLP_GREEN,
                            .is_exercise =
                                g_strcmp0(type, "sent") == 0 && payload && strstr(payload, DRILL)};
    return docket_sender_send(node_notary(node->node), &what, ret_sent, error);
}

static void act_well(ExchangeNode *node, const char *dossier, const char *type, const char *payload,
                     const char *state)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    act(node, dossier, type, payload, &sent, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(sent.state, ==, state);
}

/* Returns the dossier's id. Caller frees. */
static char *ask(ExchangeNode *node, const char *to, const char *observer)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    g_autofree char *observers =
        observer ? g_strdup_printf(",\"observers\":[\"%s\"]", observer) : g_strdup("");
    g_autofree char *payload = g_strdup_printf(
        "{\"to\":\"%s\",\"kind\":\"advice\",\"urgency\":\"high\",\"subject\":\"Scans\","
        "\"text\":\"Are these yours?\"%s}",
        to, observers);
    act(node, NULL, "sent", payload, &sent, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(sent.state, ==, "sent");
    g_assert_cmpuint(g_strv_length(sent.untold), ==, 0);
    return g_strdup(sent.dossier);
}

static void assert_state(ExchangeNode *node, const char *id, const char *state, guint n_events)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(docket->dossier->state, ==, state);
    g_assert_cmpuint(docket->stored->len, ==, n_events);
    g_assert_cmpuint(docket->result->n_valid, ==, n_events);
}

static void assert_same(ExchangeNode *a, ExchangeNode *b, const char *id)
{
    guint8 of_a[SHA256_SIZE], of_b[SHA256_SIZE];
    g_autoptr(Docket) at_a = docket_load(node_store(a->node), id, NULL);
    g_autoptr(Docket) at_b = docket_load(node_store(b->node), id, NULL);
    g_assert_true(at_a && at_b);
    engine_digest(at_a->result, of_a);
    engine_digest(at_b->result, of_b);
    g_assert_cmpmem(of_a, SHA256_SIZE, of_b, SHA256_SIZE);
}

static guint64 ledger_size(ExchangeNode *node)
{
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(node_store(node->node), &state, NULL));
    return state.size;
}

static void test_whole(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autofree char *id = ask(alder, birch->name, cedar->name);
    exchange_nodes_follow(alder, birch);
    assert_state(birch, id, "sent", 1);
    g_assert_cmpuint(docket_machine_run(node_notary(birch->node)), ==, 1);
    g_assert_cmpuint(docket_machine_run(node_notary(birch->node)), ==, 0);
    settle(fixture);
    assert_state(alder, id, "received", 2);
    act_well(birch, id, "acknowledged", NULL, "acknowledged");
    act_well(birch, id, "answered", "{\"outcome\":\"given\",\"text\":\"They are.\"}", "delivered");
    settle(fixture);
    assert_state(alder, id, "delivered", 4);
    act_well(alder, id, "closed", NULL, "closed");
    settle(fixture);
    assert_state(birch, id, "closed", 5);
    assert_state(cedar, id, "closed", 5);
    assert_same(alder, birch, id);
    assert_same(alder, cedar, id);
}

/* Each event went out in the entry that its row names, and an own one is in no other. */
static void test_entries(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_autofree char *id = ask(alder, birch->name, NULL);
    settle(fixture);
    g_autoptr(Docket) docket = docket_load(node_store(birch->node), id, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(docket->stored->len, ==, 2);
    const DossierEvent *came = docket->stored->pdata[0], *made = docket->stored->pdata[1];
    g_assert_cmpstr(came->source, ==, alder->name);
    g_assert_cmpuint(came->entry, ==, DOSSIERS_NO_ENTRY);
    g_assert_null(made->source);
    g_autoptr(LedgerReadEntry) entry =
        ledger_read_entry(node_store(birch->node), made->entry, TRUE, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(entry->header, EVENT_MEDIA_TYPE));
    g_assert_nonnull(strstr(entry->header, "Request received"));
    g_assert_nonnull(strstr(entry->header, "\"tlp\":\"green\""));
}

static void assert_refused(ExchangeNode *node, const char *dossier, const char *type,
                           const char *payload, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    guint64 size = ledger_size(node);
    g_assert_false(act(node, dossier, type, payload, &sent, &error));
    g_assert_error(error, CONCERT_ERROR, (int)code);
    g_assert_cmpuint(ledger_size(node), ==, size);
}

/* What the table does not permit leaves nothing, neither in the dossier nor in the ledger. */
static void test_refused(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = ask(alder, birch->name, NULL);
    settle(fixture);
    assert_refused(alder, id, "acknowledged", NULL, CONCERT_ERROR_DENIED);
    assert_refused(alder, id, "closed", NULL, CONCERT_ERROR_CONFLICT);
    assert_refused(birch, id, "refused", "{\"ground\":\"human-rights\",\"text\":\"No.\"}",
                   CONCERT_ERROR_DENIED);
    assert_refused(birch, id, "answered", "{}", CONCERT_ERROR_INPUT);
    assert_refused(birch, id, "received", NULL, CONCERT_ERROR_DENIED);
    assert_refused(alder, "request-00000000-0000-8000-8000-000000000000", "closed", NULL,
                   CONCERT_ERROR_NOT_FOUND);
    assert_refused(
        alder, NULL, "sent",
        "{\"to\":\"cert.dora.example\",\"kind\":\"advice\",\"urgency\":\"low\",\"subject\":\"s\","
        "\"text\":\"t\"}",
        CONCERT_ERROR_DENIED);
    assert_state(alder, id, "received", 2);
}

/* Two who act without knowing of each other: both events are kept, one is void, the same one
 * everywhere. */
static void test_crossing(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = ask(alder, birch->name, NULL);
    settle(fixture);
    act_well(alder, id, "withdrawn", NULL, "withdrawn");
    act_well(birch, id, "answered", "{\"outcome\":\"given\",\"text\":\"Here.\"}", "delivered");
    settle(fixture);
    g_autoptr(Docket) docket = docket_load(node_store(birch->node), id, NULL);
    g_assert_cmpstr(docket->dossier->state, ==, "withdrawn");
    g_assert_cmpuint(docket->result->n_void, ==, 1);
    assert_same(alder, birch, id);
}

/* While the peering is suspended things are said, and arrive when it is resumed; once it is ended
 * there is nobody to be told. */
static void test_peering(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = ask(alder, birch->name, NULL);
    settle(fixture);
    exchange_nodes_step(birch, alder, PEER_STEP_SUSPEND);
    act_well(birch, id, "acknowledged", NULL, "acknowledged");
    settle(fixture);
    assert_state(alder, id, "received", 2);
    exchange_nodes_step(birch, alder, PEER_STEP_RESUME);
    settle(fixture);
    assert_state(alder, id, "acknowledged", 3);
    exchange_nodes_step(birch, alder, PEER_STEP_END);
    assert_refused(alder, id, "withdrawn", NULL, CONCERT_ERROR_DENIED);
}

/* An observer that the responder does not know is told by way of who knows both. */
static void test_unknown_observer(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    exchange_nodes_step(cedar, birch, PEER_STEP_END);
    g_autofree char *id = ask(alder, birch->name, cedar->name);
    settle(fixture);
    assert_state(alder, id, "received", 2);
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    act(birch, id, "acknowledged", NULL, &sent, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(sent.told[0], ==, alder->name);
    g_assert_cmpstr(sent.untold[0], ==, cedar->name);
    settle(fixture);
    assert_state(cedar, id, "acknowledged", 3);
    assert_same(alder, cedar, id);
}

/* A dossier that is opened as an exercise is one everywhere, with all that is dispatched in it, and
 * counts for nothing. */
static void test_exercise(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    act(alder, NULL, "sent",
        "{\"to\":\"cert.birch.example\",\"kind\":\"takedown\",\"urgency\":\"critical\","
        "\"subject\":\"" DRILL "\",\"text\":\"t\"}",
        &sent, &error);
    g_assert_no_error(error);
    settle(fixture);
    g_autoptr(Dossier) dossier = dossiers_get(node_store(birch->node), sent.dossier, &error);
    g_assert_no_error(error);
    g_assert_true(dossier->is_exercise);
    g_assert_true(dossier->waits_here);
    g_autoptr(Record) record =
        records_get(node_store(birch->node), alder->origin, sent.index, &error);
    g_assert_no_error(error);
    g_assert_true(record->exercise);
    DossiersSummary summary;
    g_assert_true(dossiers_summary(node_store(birch->node), 0, &summary, NULL));
    g_assert_cmpuint(summary.exercises, ==, 1);
    g_assert_cmpuint(summary.live + summary.waiting + summary.overdue, ==, 0);
    g_assert_cmpint(summary.due, ==, G_MAXINT64);
    g_autofree char *real = ask(alder, birch->name, NULL);
    settle(fixture);
    g_assert_true(dossiers_summary(node_store(birch->node), 0, &summary, NULL));
    g_assert_cmpuint(summary.waiting, ==, 1);
    g_assert_cmpint(summary.due, <, G_MAXINT64);
    g_autoptr(Docket) docket = docket_load(node_store(alder->node), sent.dossier, NULL);
    const Event *received = docket->events->pdata[1];
    g_assert_true(received->is_exercise);
}

/* What is no event is refused and named, and costs nothing else. */
static void test_forged(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    static const char *const items[] = {
        "{}", "no JSON at all",
        "{\"body\":{\"dossier\":1},\"concert\":\"event/v1\",\"signatures\":[\"x\"]}"};
    for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = g_bytes_new_static(items[i], strlen(items[i]));
        const OpeningItemSpec item = {bytes, EVENT_MEDIA_TYPE};
        const char *const audience[] = {birch->origin, NULL};
        static const char members[] = "{\"title\":\"x\",\"marking\":{\"tlp\":\"green\"}}";
        const OpeningSpec spec = {.kind = "dispatch",
                                  .audience = audience,
                                  .items = &item,
                                  .n_items = 1,
                                  .members = members,
                                  .members_length = strlen(members)};
        guint64 index;
        notary_append(node_notary(alder->node), &spec, &index, &error);
        g_assert_no_error(error);
        exchange_nodes_follow(alder, birch);
        g_autoptr(Record) record =
            records_get(node_store(birch->node), alder->origin, index, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(record->refused, ==, 1);
    }
    const DossiersQuery query = {0};
    g_autoptr(GPtrArray) dossiers = dossiers_list(node_store(birch->node), &query, NULL);
    g_assert_cmpuint(dossiers->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/requests/whole", Fixture, NULL, set_up, test_whole, tear_down);
    g_test_add("/requests/entries", Fixture, NULL, set_up, test_entries, tear_down);
    g_test_add("/requests/refused", Fixture, NULL, set_up, test_refused, tear_down);
    g_test_add("/requests/crossing", Fixture, NULL, set_up, test_crossing, tear_down);
    g_test_add("/requests/peering", Fixture, NULL, set_up, test_peering, tear_down);
    g_test_add("/requests/unknown_observer", Fixture, NULL, set_up, test_unknown_observer,
               tear_down);
    g_test_add("/requests/exercise", Fixture, NULL, set_up, test_exercise, tear_down);
    g_test_add("/requests/forged", Fixture, NULL, set_up, test_forged, tear_down);
    return g_test_run();
}
