/* Messages between people from one real node to another: written by the operations, delivered as
 * the outbox says, taken by the endpoint, acknowledged back; and what is refused. */
#include "served_nodes.h"

#include <yyjson.h>

#include "base/timestamp.h"
#include "node/message_keys.h"
#include "node/operation.h"
#include "store/outbox.h"

#define ALDER "cert.alder.example"
#define BIRCH "cert.birch.example"

typedef struct {
    ServedNode alder, birch;
    ExchangePost *post;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    const ExchangePostOptions options = {.allow_private = TRUE, .timeout_seconds = 10};
    served_node_set_up(&fixture->alder, ALDER);
    served_node_set_up(&fixture->birch, BIRCH);
    served_node_meet(&fixture->alder, &fixture->birch, NULL);
    served_node_meet(&fixture->birch, &fixture->alder, NULL);
    fixture->post = exchange_post_new(&options);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_post_free(fixture->post);
    served_node_tear_down(&fixture->alder);
    served_node_tear_down(&fixture->birch);
}

/* The value of @member in the operation's result. Caller frees. */
static char *operate(ServedNode *node, const char *operation, const char *params,
                     const char *member, GError **error)
{
    g_autofree char *text = NULL;
    if (!operation_run(node->writer, node->notary, operation, params, strlen(params), &text, error))
        return NULL;
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    char *value = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), member)));
    yyjson_doc_free(doc);
    return value ? value : g_strdup("");
}

static char *send_text(ServedNode *node, const char *kind, const char *peer, const char *text,
                       GError **error)
{
    g_autofree char *params = g_strdup_printf(
        "{\"kind\":\"%s\",\"peer\":\"%s\",\"text\":\"%s\",\"exercise\":false}", kind, peer, text);
    return operate(node, "message.send", params, "id", error);
}

static char *must_send(ServedNode *node, const char *kind, const char *peer, const char *text)
{
    g_autoptr(GError) error = NULL;
    char *id = send_text(node, kind, peer, text, &error);
    g_assert_no_error(error);
    return id;
}

static gboolean apply_done(StoreTx *tx, gpointer number, GError **error)
{
    return outbox_done(tx, *(gint64 *)number, error);
}

static guint deliver(Fixture *fixture, ServedNode *from, const OutboxPost *waiting)
{
    g_autoptr(GError) error = NULL;
    const ServedNode *to = from == &fixture->alder ? &fixture->birch : &fixture->alder;
    g_autoptr(Peer) peer = served_node_peer(from, to);
    gsize length;
    const void *body = g_bytes_get_data(waiting->body, &length);
    const ExchangePostRequest request = {
        .path = waiting->path, .body = body, .length = length, .type = waiting->type};
    g_auto(ExchangePostResult) result = {0};
    /* A signer is never needed. */
    exchange_post(fixture->post, NULL, peer, &request, &result, &error);
    g_assert_no_error(error);
    gint64 number = waiting->number;
    if (result.http.status == 204)
        g_assert_true(writer_run(from->writer, 1, apply_done, &number, NULL));
    return result.http.status;
}

/* Delivers what is first in @node's outbox; the status. */
static guint deliver_first(Fixture *fixture, ServedNode *node)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) due = outbox_due(node->store, timestamp_now(), 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(due->len, >, 0);
    return deliver(fixture, node, due->pdata[0]);
}

static MessageRecord *find(ServedNode *node, MessageKind kind, const char *id)
{
    g_autoptr(GError) error = NULL;
    const MessagesFilter filter = {.kind = kind};
    MessageRecord *record = messages_find(node->store, &filter, id, &error);
    g_assert_no_error(error);
    return record;
}

static void assert_state(ServedNode *node, const char *id, MessageState state)
{
    g_autoptr(MessageRecord) record = find(node, MESSAGE_EMERGENCY, id);
    g_assert_cmpstr(message_state_name(record->state), ==, message_state_name(state));
}

static void acknowledge(ServedNode *node, const char *id, GError **error)
{
    g_autofree char *params =
        g_strdup_printf("{\"id\":\"%.8s\",\"by\":\"A. Example\",\"text\":\"calling now\"}", id);
    g_free(operate(node, "message.acknowledge", params, "id", error));
}

static guint count_emergencies(ServedNode *node)
{
    MessagesCounts counts;
    g_assert_true(messages_count(node->store, &counts, NULL));
    return counts.emergencies;
}

static void test_there_and_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = must_send(&fixture->alder, "emergency", BIRCH, "please call");
    assert_state(&fixture->alder, id, MESSAGE_WAITING);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 0);
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 204);
    assert_state(&fixture->alder, id, MESSAGE_DELIVERED);
    assert_state(&fixture->birch, id, MESSAGE_NEW);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 1);
    g_autoptr(MessageRecord) came = find(&fixture->birch, MESSAGE_EMERGENCY, id);
    g_assert_cmpstr(came->text, ==, "please call");
    g_assert_cmpstr(came->node, ==, ALDER);
    g_assert_true(came->incoming);

    acknowledge(&fixture->birch, id, &error);
    g_assert_no_error(error);
    assert_state(&fixture->birch, id, MESSAGE_ACKNOWLEDGED);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 0);
    assert_state(&fixture->alder, id, MESSAGE_DELIVERED);
    g_assert_cmpuint(deliver_first(fixture, &fixture->birch), ==, 204);
    assert_state(&fixture->alder, id, MESSAGE_ACKNOWLEDGED);
    g_autoptr(MessageRecord) answered = find(&fixture->alder, MESSAGE_EMERGENCY, id);
    g_assert_cmpstr(answered->acknowledged_by, ==, "A. Example");
    g_assert_cmpstr(answered->acknowledgement, ==, "calling now");

    acknowledge(&fixture->birch, id, &error); /* only once */
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    acknowledge(&fixture->alder, id, &error); /* not one's own */
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static void test_note(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = must_send(&fixture->alder, "note", BIRCH, "between us");
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 204);
    g_autoptr(MessageRecord) sent = find(&fixture->alder, MESSAGE_NOTE, id);
    g_autoptr(MessageRecord) came = find(&fixture->birch, MESSAGE_NOTE, id);
    g_assert_cmpint(sent->state, ==, MESSAGE_DELIVERED);
    g_assert_cmpstr(came->text, ==, "between us");
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 0);
    g_autoptr(GError) error = NULL;
    acknowledge(&fixture->birch, id, &error);
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

/* Whatever is repeated, by the sender or by who recorded it, changes nothing. */
static void test_twice(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = must_send(&fixture->alder, "emergency", BIRCH, "once");
    g_autoptr(GPtrArray) due = outbox_due(fixture->alder.store, timestamp_now(), 10, NULL);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(deliver(fixture, &fixture->alder, due->pdata[0]), ==, 204);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 1);
    g_autoptr(GError) error = NULL;
    acknowledge(&fixture->birch, id, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(deliver(fixture, &fixture->alder, due->pdata[0]), ==, 204);
    assert_state(&fixture->birch, id, MESSAGE_ACKNOWLEDGED);
    /* Nor when its text was removed. */
    g_autoptr(GPtrArray) back = outbox_due(fixture->birch.store, timestamp_now(), 10, NULL);
    g_assert_cmpuint(deliver(fixture, &fixture->birch, back->pdata[0]), ==, 204);
    g_assert_cmpuint(deliver(fixture, &fixture->birch, back->pdata[0]), ==, 204);
    g_autofree char *params = g_strdup_printf("{\"kind\":\"emergency\",\"id\":\"%s\"}", id);
    g_autofree char *removed = operate(&fixture->birch, "message.remove", params, "id", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(deliver(fixture, &fixture->alder, due->pdata[0]), ==, 204);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 0);
    g_autoptr(GPtrArray) all =
        messages_list(fixture->birch.store, &(MessagesFilter){.kind = MESSAGE_EMERGENCY}, NULL);
    g_assert_cmpuint(all->len, ==, 0);
}

/* A suspension stops notes and no emergency; an end stops both. */
static void test_states(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *early = must_send(&fixture->alder, "note", BIRCH, "early");
    served_node_step(&fixture->birch, &fixture->alder, PEER_US, PEER_STEP_SUSPEND);
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 403);
    served_node_step(&fixture->alder, &fixture->birch, PEER_THEM, PEER_STEP_SUSPEND);
    g_assert_null(send_text(&fixture->alder, "note", BIRCH, "late", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* It goes before the note that waits. */
    g_autofree char *id = must_send(&fixture->alder, "emergency", BIRCH, "even so");
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 204);
    assert_state(&fixture->birch, id, MESSAGE_NEW);
    acknowledge(&fixture->birch, id, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(deliver_first(fixture, &fixture->birch), ==, 204);
    assert_state(&fixture->alder, id, MESSAGE_ACKNOWLEDGED);

    g_autofree char *last = must_send(&fixture->alder, "emergency", BIRCH, "the last");
    served_node_step(&fixture->birch, &fixture->alder, PEER_US, PEER_STEP_END);
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 403);
    assert_state(&fixture->alder, last, MESSAGE_WAITING);
    served_node_step(&fixture->alder, &fixture->birch, PEER_THEM, PEER_STEP_END);
    g_assert_null(send_text(&fixture->alder, "emergency", BIRCH, "too late", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* --- What others send ------------------------------------------------------------------------ */

static guint post_body(Fixture *fixture, const ServedNode *to, GBytes *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Peer) peer = served_node_peer(&fixture->alder, &fixture->birch);
    g_strfreev(peer->urls);
    peer->urls = g_strdupv((char *[]){to->url, NULL});
    gsize length;
    const void *bytes = g_bytes_get_data(body, &length);
    const ExchangePostRequest request = {.path = MESSAGE_PATH, .body = bytes, .length = length};
    g_auto(ExchangePostResult) result = {0};
    exchange_post(fixture->post, NULL, peer, &request, &result, &error);
    g_assert_no_error(error);
    return result.http.status;
}

/* A message that @signs makes in Alder's name, to Birch. */
static GBytes *make(const ServedNode *signs, const ServedNode *to, MessageKind kind,
                    const char *from, const char *reply_to)
{
    g_autoptr(GError) error = NULL;
    g_auto(MessageKeys) keys = {0};
    guint8 public_key[MESSAGE_KEY_SIZE];
    g_autofree char *id = g_uuid_string_random();
    const Message message = {.kind = kind,
                             .id = id,
                             .from = (char *)from,
                             .to = (char *)BIRCH,
                             .time_us = timestamp_now(),
                             .text = (char *)"text",
                             .reply_to = (char *)reply_to};
    g_assert_true(message_read_key(to->parcel_key, public_key));
    message_keys_load(signs->notary, &keys, &error);
    g_assert_no_error(error);
    GBytes *body = message_seal(&message, public_key, keys.secrets, keys.n_secrets, NULL, &error);
    g_assert_no_error(error);
    return body;
}

static void test_strangers(Fixture *fixture, gconstpointer data)
{
    ServedNode cedar;
    served_node_set_up(&cedar, "cert.cedar.example");
    g_autoptr(GBytes) own =
        make(&cedar, &fixture->birch, MESSAGE_EMERGENCY, "cert.cedar.example", NULL);
    g_autoptr(GBytes) forged = make(&cedar, &fixture->birch, MESSAGE_EMERGENCY, ALDER, NULL);
    g_autoptr(GBytes) other = make(&fixture->alder, &cedar, MESSAGE_EMERGENCY, ALDER, NULL);
    g_autoptr(GBytes) origin =
        make(&fixture->alder, &fixture->birch, MESSAGE_EMERGENCY, ALDER "/ledger", NULL);
    g_autoptr(GBytes) junk = g_bytes_new_static("{}", 2);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, own), ==, 401);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, forged), ==, 401);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, other), ==, 401);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, origin), ==, 401);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, junk), ==, 400);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, empty), ==, 400);
    /* Alder's own message comes back to it. */
    g_autoptr(GBytes) mine = make(&fixture->alder, &fixture->birch, MESSAGE_EMERGENCY, ALDER, NULL);
    g_assert_cmpuint(post_body(fixture, &fixture->alder, mine), ==, 401);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 0);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, mine), ==, 204);
    g_assert_cmpuint(count_emergencies(&fixture->birch), ==, 1);
    served_node_tear_down(&cedar);
}

static void test_large(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = g_strnfill(MESSAGE_BYTES_MAX + 1, ' ');
    g_autofree char *larger = g_strnfill(1024 * 1024, ' ');
    g_autoptr(GBytes) large = g_bytes_new_static(text, MESSAGE_BYTES_MAX + 1);
    g_autoptr(GBytes) huge = g_bytes_new_static(larger, 1024 * 1024);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, large), ==, 413);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, huge), ==, 413);
}

/* Acknowledgements of what was never sent, of a note, and of another's message. */
static void test_false_acknowledgements(Fixture *fixture, gconstpointer data)
{
    static const char unknown[] = "0b7e9d2c-81f4-4a39-b6d5-3c2f1e0d9a88";
    g_autoptr(GBytes) of_nothing =
        make(&fixture->alder, &fixture->birch, MESSAGE_ACKNOWLEDGEMENT, ALDER, unknown);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, of_nothing), ==, 404);
    g_autofree char *note = must_send(&fixture->birch, "note", ALDER, "a note");
    g_autoptr(GBytes) of_note =
        make(&fixture->alder, &fixture->birch, MESSAGE_ACKNOWLEDGEMENT, ALDER, note);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, of_note), ==, 409);

    ServedNode cedar;
    served_node_set_up(&cedar, "cert.cedar.example");
    served_node_meet(&fixture->birch, &cedar, NULL);
    g_autofree char *id = must_send(&fixture->birch, "emergency", ALDER, "for Alder only");
    g_autoptr(GBytes) of_other =
        make(&cedar, &fixture->birch, MESSAGE_ACKNOWLEDGEMENT, "cert.cedar.example", id);
    g_assert_cmpuint(post_body(fixture, &fixture->birch, of_other), ==, 404);
    assert_state(&fixture->birch, id, MESSAGE_WAITING);
    served_node_tear_down(&cedar);
}

/* A peer that floods is stopped, and what it sent counts at most so many. */
static void test_flood(Fixture *fixture, gconstpointer data)
{
    guint status = 204;
    guint accepted = 0;
    while (status == 204 && accepted < 200) {
        g_autoptr(GBytes) body = make(&fixture->alder, &fixture->birch, MESSAGE_NOTE, ALDER, NULL);
        status = post_body(fixture, &fixture->birch, body);
        accepted += status == 204;
    }
    g_assert_cmpuint(status, ==, 429);
    g_assert_cmpuint(accepted, >=, 120);
    g_assert_cmpuint(accepted, <, 150);
}

/* The sender's key was changed, and the recipient has not heard of it yet: or has. */
static void test_renewed_keys(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *alder = NULL;
    g_autofree char *birch = NULL;
    g_assert_true(notary_renew(fixture->alder.notary, KEYRING_PARCEL, &alder, &error));
    g_assert_true(notary_renew(fixture->birch.notary, KEYRING_PARCEL, &birch, &error));
    g_autofree char *id = must_send(&fixture->alder, "emergency", BIRCH, "with a new key");
    g_assert_cmpuint(deliver_first(fixture, &fixture->alder), ==, 204);
    assert_state(&fixture->birch, id, MESSAGE_NEW);
}

static void test_refused_input(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *params;
        int code;
    } cases[] = {
        {"{}", CONCERT_ERROR_INPUT},
        {"{\"kind\":\"order\",\"peer\":\"" BIRCH "\",\"text\":\"x\",\"exercise\":false}",
         CONCERT_ERROR_INPUT},
        {"{\"kind\":\"note\",\"peer\":\"cert.cedar.example\",\"text\":\"x\",\"exercise\":false}",
         CONCERT_ERROR_NOT_FOUND},
        {"{\"kind\":\"note\",\"peer\":\"" BIRCH "\",\"text\":\"\",\"exercise\":false}",
         CONCERT_ERROR_INPUT},
        {"{\"kind\":\"note\",\"peer\":\"" BIRCH "\",\"text\":\"\\u001b[2J\",\"exercise\":false}",
         CONCERT_ERROR_INPUT},
        {"{\"kind\":\"note\",\"peer\":\"" BIRCH
         "\",\"text\":\"x\",\"exercise\":false,\"reply_to\":\"abcd\"}",
         CONCERT_ERROR_NOT_FOUND},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(operate(&fixture->alder, "message.send", cases[i].params, "id", &error));
        g_assert_error(error, CONCERT_ERROR, cases[i].code);
    }
    /* Who names no address is not written to in vain. */
    ServedNode cedar;
    const char *const none[] = {NULL};
    served_node_set_up(&cedar, "cert.cedar.example");
    served_node_meet(&fixture->alder, &cedar, none);
    g_autoptr(GError) error = NULL;
    g_assert_null(send_text(&fixture->alder, "emergency", "cert.cedar.example", "x", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    served_node_tear_down(&cedar);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                       \
    g_test_add("/exchange-message/" path, Fixture, NULL, set_up, function, tear_down)
    TEST("there-and-back", test_there_and_back);
    TEST("note", test_note);
    TEST("twice", test_twice);
    TEST("states", test_states);
    TEST("strangers", test_strangers);
    TEST("large", test_large);
    TEST("false-acknowledgements", test_false_acknowledgements);
    TEST("flood", test_flood);
    TEST("renewed-keys", test_renewed_keys);
    TEST("refused-input", test_refused_input);
    return g_test_run();
}
