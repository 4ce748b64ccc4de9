/* Events that are posted while a peering is suspended: what goes on is taken, once; what waits,
 * what is forged and what is no post is refused by name. */
#include "unit/exchange_nodes.h"

#include "dossier/docket.h"
#include "exchange/event_post.h"
#include "node/docket_post.h"
#include "node/docket_sender.h"
#include "store/outbox.h"

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

#define QUESTION                                                                                   \
    "{\"kind\":\"question\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"cert.birch.example\"}"
#define REQUEST                                                                                    \
    "{\"kind\":\"advice\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"cert.birch.example\","         \
    "\"urgency\":\"low\"}"

/* Says something; returns the dossier's id. Caller frees. */
static char *say(ExchangeNode *node, const char *procedure, const char *dossier, const char *type,
                 const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    const DocketAct act = {.dossier = dossier,
                           .procedure = dossier ? NULL : procedure,
                           .type = type,
                           .signatory = "Envoy",
                           .payload = payload,
                           .tlp = dossier ? MARKING_TLP_NONE : MARKING_TLP_GREEN};
    docket_sender_send(node_notary(node->node), &act, &sent, &error);
    g_assert_no_error(error);
    return g_strdup(sent.dossier);
}

/* The events of a dossier as a post. */
static GBytes *post_of(ExchangeNode *node, const char *id)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new();
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, NULL);
    for (guint i = 0; i < docket->stored->len; i++)
        g_ptr_array_add(events, ((DossierEvent *)docket->stored->pdata[i])->bytes);
    return event_post_make(events);
}

static gboolean take(ExchangeNode *node, const char *from, GBytes *body, GError **error)
{
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    return docket_post_take(node_notary(node->node), from, text, length, error);
}

static void assert_refused(ExchangeNode *node, const char *from, GBytes *body, ConcertError code,
                           const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(take(node, from, body, &error));
    g_assert_error(error, CONCERT_ERROR, (int)code);
    if (!strstr(error->message, wanted))
        g_error("\"%s\" does not say \"%s\"", error->message, wanted);
}

static guint count_events(ExchangeNode *node, const char *id)
{
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, NULL);
    return docket ? docket->stored->len : 0;
}

/* Posts that wait for the peer. */
static guint count_posts(ExchangeNode *node)
{
    g_autoptr(GPtrArray) posts = outbox_list(node_store(node->node), 0, NULL);
    guint count = 0;
    for (guint i = 0; i < posts->len; i++)
        count += g_str_equal(((OutboxPost *)posts->pdata[i])->path, EVENT_POST_PATH);
    return count;
}

/* Only what goes on is posted, and only while the peering is suspended. */
static void test_queued(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    g_autofree char *id = say(alder, "consultation", NULL, "opened", QUESTION);
    g_assert_cmpuint(count_posts(alder), ==, 0);
    exchange_nodes_step(&fixture->birch, alder, PEER_STEP_SUSPEND);
    g_autofree char *request = say(alder, "request", NULL, "sent", REQUEST);
    g_assert_cmpuint(count_posts(alder), ==, 0);
    g_autofree char *same = say(alder, NULL, id, "remark", "{\"text\":\"t\"}");
    g_assert_cmpuint(count_posts(alder), ==, 1);
}

static void test_taken(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    exchange_nodes_step(birch, alder, PEER_STEP_SUSPEND);
    g_autofree char *id = say(alder, "consultation", NULL, "opened", QUESTION);
    g_autoptr(GBytes) body = post_of(alder, id);
    g_assert_true(take(birch, alder->name, body, &error));
    g_assert_no_error(error);
    /* Birch's machine has answered, by a post. */
    g_assert_cmpuint(count_events(birch, id), ==, 2);
    g_assert_cmpuint(count_posts(birch), ==, 1);
    g_assert_true(take(birch, alder->name, body, &error));
    g_assert_cmpuint(count_events(birch, id), ==, 2);
    /* What Birch was posted comes once more when the peering is resumed. */
    exchange_nodes_step(birch, alder, PEER_STEP_RESUME);
    exchange_nodes_follow(birch, alder);
    exchange_nodes_follow(alder, birch);
    g_assert_cmpuint(count_events(birch, id), ==, 2);
    g_assert_cmpuint(count_events(alder, id), ==, 2);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    exchange_nodes_step(birch, alder, PEER_STEP_SUSPEND);
    g_autofree char *request = say(alder, "request", NULL, "sent", REQUEST);
    g_autoptr(GBytes) waits = post_of(alder, request);
    assert_refused(birch, alder->name, waits, CONCERT_ERROR_DENIED, "followed, not posted");
    g_assert_cmpuint(count_events(birch, request), ==, 0);

    g_autoptr(GBytes) none = g_bytes_new_static("{\"events\":[\"{}\"]}", 17);
    assert_refused(birch, alder->name, none, CONCERT_ERROR_INPUT, "");

    /* One byte of the text is another. */
    g_autofree char *id = say(alder, "consultation", NULL, "opened", QUESTION);
    g_autoptr(GBytes) body = post_of(alder, id);
    gsize length;
    const char *whole = g_bytes_get_data(body, &length);
    g_autofree char *forged = g_strndup(whole, length);
    char *text = strstr(forged, "\\\"subject\\\":\\\"s");
    g_assert_nonnull(text);
    text[strlen("\\\"subject\\\":\\\"")] = 'x';
    g_autoptr(GBytes) wrong = g_bytes_new_static(forged, length);
    g_autoptr(GError) error = NULL;
    g_assert_false(take(birch, alder->name, wrong, &error));
    g_assert_cmpuint(count_events(birch, id), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/docket_post/queued", Fixture, NULL, set_up, test_queued, tear_down);
    g_test_add("/docket_post/taken", Fixture, NULL, set_up, test_taken, tear_down);
    g_test_add("/docket_post/refused", Fixture, NULL, set_up, test_refused, tear_down);
    return g_test_run();
}
