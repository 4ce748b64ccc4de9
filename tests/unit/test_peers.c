/* Peers: what the two sides say in whatever order it arrives, whose word it is, what was pinned,
 * and the posts that wait. */
#include "exchange/peering.h"
#include "made_card.h"
#include "store/outbox.h"
#include "store/writer.h"
#include "tree.h"

#define OWN  "cert.alder.example/ledger"
#define NODE "cert.birch.example"
#define NOW  (MADE_CARD_TIME + 1000)

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    MadeNode birch;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-peers-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    made_node_init(&fixture->birch, NODE, 11);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    made_node_clear(&fixture->birch);
    tree_remove(fixture->directory);
    g_free(fixture->directory);
}

/* --- their word --------------------------------------------------------------------------------
 */

static char *said(const MadeNode *node, guint64 card_number, PeerStep step, gint64 time,
                  const char *const *changes)
{
    g_autofree char *card = made_card_text(node, card_number);
    const PeeringSpec spec = {.step = step,
                              .to = OWN,
                              .time_us = time,
                              .reason = step == PEER_STEP_SUSPEND ? "a break" : NULL,
                              .card = card,
                              .changes = changes};
    g_autoptr(GError) error = NULL;
    char *text = peering_make(&spec, node->signers[CARD_MESSAGE_KEY], &error);
    g_assert_no_error(error);
    return text;
}

typedef struct {
    const char *text;
    gboolean changed;
} Hearing;

static gboolean apply_hear(StoreTx *tx, gpointer user, GError **error)
{
    Hearing *hearing = user;
    g_autoptr(Peering) peering = peering_parse(hearing->text, strlen(hearing->text), error);
    return peering && peering_receive(tx, peering, OWN, NOW, &hearing->changed, error);
}

static gboolean hear_text(Fixture *fixture, const char *text, GError **error)
{
    Hearing hearing = {text, FALSE};
    return writer_run(fixture->writer, 1, apply_hear, &hearing, error) && hearing.changed;
}

static gboolean hear(Fixture *fixture, PeerStep step, gint64 time)
{
    g_autofree char *text = said(&fixture->birch, 1, step, time, NULL);
    g_autoptr(GError) error = NULL;
    gboolean changed = hear_text(fixture, text, &error);
    g_assert_no_error(error);
    return changed;
}

/* --- our word ----------------------------------------------------------------------------------
 */

typedef struct {
    PeerStep step;
    gint64 time;
    gboolean changed;
} Saying;

static gboolean apply_say(StoreTx *tx, gpointer user, GError **error)
{
    Saying *saying = user;
    g_autoptr(Peer) peer = peers_get_tx(tx, NODE, error);
    return peer && peers_step(tx, peer->number, PEER_US, saying->step, saying->time, NULL,
                              &saying->changed, error);
}

static gboolean say(Fixture *fixture, PeerStep step, gint64 time)
{
    Saying saying = {step, time, FALSE};
    g_autoptr(GError) error = NULL;
    g_assert_true(writer_run(fixture->writer, 1, apply_say, &saying, &error));
    return saying.changed;
}

static void assert_state(Fixture *fixture, PeerState state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Peer) peer = peers_get(fixture->store, NODE, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(peer_state_name(peer->state), ==, peer_state_name(state));
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_life(Fixture *fixture, gconstpointer data)
{
    g_assert_true(hear(fixture, PEER_STEP_INVITE, 100));
    assert_state(fixture, PEER_ASKED);
    g_assert_false(hear(fixture, PEER_STEP_INVITE, 100));
    g_assert_true(say(fixture, PEER_STEP_ACCEPT, 200));
    assert_state(fixture, PEER_ACTIVE);

    g_assert_true(hear(fixture, PEER_STEP_SUSPEND, 300));
    assert_state(fixture, PEER_SUSPENDED);
    g_autoptr(Peer) peer = peers_get(fixture->store, NODE "/ledger", NULL);
    g_assert_true(peer->suspended_by_them && !peer->suspended_by_us);
    g_assert_cmpstr(peer->reason, ==, "a break");
    g_assert_true(say(fixture, PEER_STEP_SUSPEND, 310));
    /* Only resuming ends a suspension, and each side ends its own. */
    g_assert_false(hear(fixture, PEER_STEP_INVITE, 320));
    g_assert_true(hear(fixture, PEER_STEP_RESUME, 330));
    assert_state(fixture, PEER_SUSPENDED);
    g_assert_true(say(fixture, PEER_STEP_RESUME, 340));
    assert_state(fixture, PEER_ACTIVE);

    /* What comes late undoes nothing. */
    g_assert_false(hear(fixture, PEER_STEP_SUSPEND, 300));
    g_assert_false(hear(fixture, PEER_STEP_END, 305));
    assert_state(fixture, PEER_ACTIVE);

    g_assert_true(hear(fixture, PEER_STEP_END, 400));
    assert_state(fixture, PEER_ENDED);
    g_assert_false(hear(fixture, PEER_STEP_RESUME, 410));
    g_assert_false(hear(fixture, PEER_STEP_INVITE, 399));
    /* After an end both have to say yes again. */
    g_assert_true(hear(fixture, PEER_STEP_INVITE, 500));
    assert_state(fixture, PEER_ASKED);
    g_assert_true(say(fixture, PEER_STEP_ACCEPT, 600));
    assert_state(fixture, PEER_ACTIVE);
    g_assert_true(say(fixture, PEER_STEP_END, 700));
    g_assert_true(say(fixture, PEER_STEP_INVITE, 800));
    assert_state(fixture, PEER_INVITED);
    g_assert_false(hear(fixture, PEER_STEP_ACCEPT, 650));
    assert_state(fixture, PEER_INVITED);
    g_assert_true(hear(fixture, PEER_STEP_ACCEPT, 900));
    assert_state(fixture, PEER_ACTIVE);
}

/* The same steps in any order, some of them twice, lead to one state. */
static void test_order(Fixture *fixture, gconstpointer data)
{
    static const PeerStep steps[] = {PEER_STEP_ACCEPT, PEER_STEP_SUSPEND, PEER_STEP_RESUME,
                                     PEER_STEP_SUSPEND};
    g_assert_true(hear(fixture, PEER_STEP_INVITE, 100));
    g_assert_true(say(fixture, PEER_STEP_ACCEPT, 200));
    for (guint base = 1000, round = 0; round < 24; round++, base += 100) {
        guint order[] = {0, 1, 2, 3}, seed = round;
        for (guint i = 3; i > 0; seed /= (i + 1), i--) {
            guint j = seed % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (guint i = 0; i < 4; i++) {
            hear(fixture, steps[order[i]], base + order[i]);
            hear(fixture, steps[order[i / 2]], base + order[i / 2]);
        }
        assert_state(fixture, PEER_SUSPENDED);
        g_assert_true(hear(fixture, PEER_STEP_RESUME, base + 10));
        assert_state(fixture, PEER_ACTIVE);
    }
}

static void assert_refused(Fixture *fixture, const char *text, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(hear_text(fixture, text, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
}

static void test_hostile(Fixture *fixture, gconstpointer data)
{
    g_auto(MadeNode) mallory = {0};
    made_node_init(&mallory, NODE, 101);
    g_autofree char *uninvited = said(&fixture->birch, 1, PEER_STEP_SUSPEND, 50, NULL);
    assert_refused(fixture, uninvited, CONCERT_ERROR_NOT_FOUND);
    g_assert_true(hear(fixture, PEER_STEP_INVITE, 100));

    /* Another node of that name, with keys of its own. */
    g_autofree char *theirs = said(&mallory, 2, PEER_STEP_END, 200, NULL);
    assert_refused(fixture, theirs, CONCERT_ERROR_DENIED);
    /* Their card, somebody else's signature. */
    g_autofree char *card = made_card_text(&fixture->birch, 1);
    const PeeringSpec spec = {.step = PEER_STEP_END, .to = OWN, .time_us = 300, .card = card};
    g_autoptr(GError) error = NULL;
    g_assert_null(peering_make(&spec, mallory.signers[CARD_MESSAGE_KEY], &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_autofree char *changed = said(&fixture->birch, 1, PEER_STEP_SUSPEND, 300, NULL);
    memcpy(strstr(changed, "a break"), "A break", 7);
    assert_refused(fixture, changed, CONCERT_ERROR_DENIED);
    /* For somebody else; and from far ahead. */
    const PeeringSpec elsewhere = {
        .step = PEER_STEP_END, .to = "cert.cedar.example/ledger", .time_us = 300, .card = card};
    g_autofree char *other =
        peering_make(&elsewhere, fixture->birch.signers[CARD_MESSAGE_KEY], NULL);
    assert_refused(fixture, other, CONCERT_ERROR_INPUT);
    g_autofree char *ahead =
        said(&fixture->birch, 1, PEER_STEP_END, NOW + PEERS_AHEAD_US + 1, NULL);
    assert_refused(fixture, ahead, CONCERT_ERROR_LIMIT);
    assert_state(fixture, PEER_ASKED);

    /* A message key that was replaced speaks for nobody, whatever card it brings. */
    g_autofree char *old = said(&fixture->birch, 1, PEER_STEP_END, 500, NULL);
    note_signer_free(fixture->birch.signers[CARD_MESSAGE_KEY]);
    g_free(fixture->birch.vkeys[CARD_MESSAGE_KEY]);
    fixture->birch.signers[CARD_MESSAGE_KEY] = made_signer(NODE "/message", NOTE_ED25519, 99);
    fixture->birch.vkeys[CARD_MESSAGE_KEY] =
        note_verifier_format(note_signer_verifier(fixture->birch.signers[CARD_MESSAGE_KEY]));
    g_autofree char *next = said(&fixture->birch, 2, PEER_STEP_INVITE, 400, NULL);
    g_assert_true(hear_text(fixture, next, &error));
    g_assert_no_error(error);
    assert_refused(fixture, old, CONCERT_ERROR_DENIED);
    assert_state(fixture, PEER_ASKED);
    g_autoptr(Peer) peer = peers_find_key(fixture->store, NODE "/message", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(peer->message_vkey, ==, fixture->birch.vkeys[CARD_MESSAGE_KEY]);
}

/* A new ledger key counts with the change that leads to it, and not without. */
static void test_key_change(Fixture *fixture, gconstpointer data)
{
    g_assert_true(hear(fixture, PEER_STEP_INVITE, 100));
    NoteSigner *next = made_signer(NODE "/ledger", NOTE_ED25519, 77);
    MadeNode *birch = &fixture->birch;
    g_autofree char *change =
        keychange_rotate(birch->origin, birch->signers[CARD_LEDGER_KEY], next, 5, NULL);
    note_signer_free(birch->signers[CARD_LEDGER_KEY]);
    g_free(birch->vkeys[CARD_LEDGER_KEY]);
    birch->signers[CARD_LEDGER_KEY] = next;
    birch->vkeys[CARD_LEDGER_KEY] = note_verifier_format(note_signer_verifier(next));
    g_autofree char *alone = said(birch, 2, PEER_STEP_INVITE, 200, NULL);
    assert_refused(fixture, alone, CONCERT_ERROR_DENIED);
    const char *const changes[] = {change, NULL};
    g_autofree char *whole = said(birch, 2, PEER_STEP_INVITE, 200, changes);
    g_autoptr(GError) error = NULL;
    g_assert_true(hear_text(fixture, whole, &error));
    g_assert_no_error(error);
    g_autoptr(Peer) peer = peers_get(fixture->store, NODE, NULL);
    g_assert_cmpuint(g_strv_length(peer->changes), ==, 1);
    g_assert_cmpuint(peer->card_number, ==, 2);
    g_autoptr(KeyHistory) history = peers_history(peer, &error);
    g_autofree char *present =
        note_verifier_format(keychange_history_present(history, KEYCHANGE_LEDGER));
    g_assert_cmpstr(present, ==, birch->vkeys[CARD_LEDGER_KEY]);
}

/* Invitations that nobody answered: only so many, the newest refused; taken back, they leave
 * nothing; refused, they do not come again, but the node of that name may ask with other keys. */
static void test_waiting(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < PEERS_WAITING_MAX + 5; i++) {
        g_autofree char *name = g_strdup_printf("n%u.birch.example", i);
        g_auto(MadeNode) node = {0};
        made_node_init(&node, name, (guint8)(i + 1));
        g_autofree char *text = said(&node, 1, PEER_STEP_INVITE, 100, NULL);
        if (i >= PEERS_WAITING_MAX) {
            assert_refused(fixture, text, CONCERT_ERROR_BUSY);
            continue;
        }
        g_assert_true(hear_text(fixture, text, &error));
        g_assert_no_error(error);
    }
    g_auto(MadeNode) first = {0};
    made_node_init(&first, "n0.birch.example", 1);
    g_autofree char *back = said(&first, 1, PEER_STEP_END, 200, NULL);
    g_assert_true(hear_text(fixture, back, &error));
    g_autoptr(GPtrArray) peers = peers_list(fixture->store, &error);
    g_assert_cmpuint(peers->len, ==, PEERS_WAITING_MAX - 1);

    g_assert_true(hear(fixture, PEER_STEP_INVITE, 100));
    g_assert_true(say(fixture, PEER_STEP_END, 150));
    assert_state(fixture, PEER_ENDED);
    g_assert_false(hear(fixture, PEER_STEP_INVITE, 100));
    g_auto(MadeNode) other = {0};
    made_node_init(&other, NODE, 101);
    g_autofree char *anew = said(&other, 1, PEER_STEP_INVITE, 300, NULL);
    g_assert_true(hear_text(fixture, anew, &error));
    assert_state(fixture, PEER_ASKED);
    g_assert_true(say(fixture, PEER_STEP_ACCEPT, 400));
    g_assert_true(say(fixture, PEER_STEP_END, 500));
    /* What a person once accepted stays pinned. */
    g_autofree char *again = said(&fixture->birch, 9, PEER_STEP_INVITE, 600, NULL);
    assert_refused(fixture, again, CONCERT_ERROR_DENIED);
}

/* --- following and posts -----------------------------------------------------------------------
 */

static gboolean apply_progress(StoreTx *tx, gpointer user, GError **error)
{
    const MerkleHash root = {{1, 2, 3}};
    gint64 number = *(gint64 *)user, day = G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC;
    return peers_set_progress(tx, number, 7, &root, "note", 5, error) &&
           peers_set_progress(tx, number, 0, NULL, NULL, 6, error) &&
           peers_set_contact(tx, number, 1000, "refused", 77, error) &&
           peers_set_contact(tx, number, 2000, "timed out again", PEERS_SKEW_UNKNOWN, error) &&
           peers_add_traffic(tx, number, 5 * day, 10, 20, error) &&
           peers_add_traffic(tx, number, 5 * day + 1, 1, 2, error) &&
           peers_set_fork(tx, number, "two trees of size 7", error);
}

static gboolean apply_contact(StoreTx *tx, gpointer user, GError **error)
{
    gint64 number = *(gint64 *)user, day = G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC;
    return peers_set_contact(tx, number, 3000, NULL, -5, error) &&
           peers_add_traffic(tx, number, 6 * day, 7, 8, error) &&
           peers_set_fork(tx, number, NULL, error);
}

static void test_progress(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    hear(fixture, PEER_STEP_INVITE, 100);
    g_autoptr(Peer) peer = peers_get(fixture->store, NODE, &error);
    g_assert_true(writer_run(fixture->writer, 1, apply_progress, &peer->number, &error));
    g_autoptr(Peer) then = peers_get(fixture->store, NODE, &error);
    g_assert_cmpuint(then->size, ==, 7);
    g_assert_cmpuint(then->cursor, ==, 6);
    g_assert_cmpint(then->skew_us, ==, 77);
    g_assert_cmpint(then->skew_at, ==, 1000);
    g_assert_cmpuint(then->root.bytes[2], ==, 3);
    g_assert_cmpstr(then->checkpoint, ==, "note");
    g_assert_cmpstr(then->failure, ==, "timed out again");
    g_assert_cmpuint(then->failures, ==, 2);
    g_assert_cmpuint(then->received, ==, 11);
    g_assert_cmpuint(then->sent, ==, 22);
    g_assert_true(then->fork);
    g_assert_true(writer_run(fixture->writer, 1, apply_contact, &peer->number, &error));
    g_autoptr(Peer) later = peers_get(fixture->store, NODE, &error);
    g_assert_null(later->failure);
    g_assert_cmpuint(later->failures, ==, 0);
    g_assert_cmpint(later->contacted, ==, 3000);
    g_assert_cmpint(later->skew_us, ==, -5);
    g_assert_cmpuint(later->received, ==, 7);
    g_assert_cmpint(later->traffic_day, ==, 6);
    g_assert_false(later->fork);
}

typedef struct {
    gint64 first, second, other;
} Posts;

static gboolean apply_posts(StoreTx *tx, gpointer user, GError **error)
{
    Posts *posts = user;
    g_autoptr(GBytes) body = g_bytes_new_static("body", 4);
    return outbox_add(tx, 1, "/a", "text/plain", "first", body, 10, &posts->first, error) &&
           outbox_add(tx, 1, "/b", "text/plain", "second", body, 5, &posts->second, error) &&
           outbox_add(tx, 2, "/c", "text/plain", "other", body, 20, &posts->other, error);
}

static gboolean apply_fail(StoreTx *tx, gpointer user, GError **error)
{
    Posts *posts = user;
    return outbox_failed(tx, posts->first, 30, "refused", 100, error) &&
           outbox_give_up(tx, posts->other, "forbidden", error);
}

static gboolean apply_done(StoreTx *tx, gpointer user, GError **error)
{
    return outbox_done(tx, ((Posts *)user)->first, error);
}

static guint count_due(Fixture *fixture, gint64 now, const char *first)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) due = outbox_due(fixture->store, now, 100, &error);
    g_assert_no_error(error);
    if (due->len > 0)
        g_assert_cmpstr(((OutboxPost *)due->pdata[0])->title, ==, first);
    return due->len;
}

static void test_outbox(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Posts posts;
    gint64 next;
    g_assert_true(outbox_next(fixture->store, &next, &error));
    g_assert_cmpint(next, ==, G_MAXINT64);
    g_assert_true(writer_run(fixture->writer, 1, apply_posts, &posts, &error));
    /* Of one peer the older comes first, whenever it is due. */
    g_assert_cmpuint(count_due(fixture, 9, NULL), ==, 0);
    g_assert_cmpuint(count_due(fixture, 10, "first"), ==, 1);
    g_assert_cmpuint(count_due(fixture, 20, "first"), ==, 2);
    g_assert_true(writer_run(fixture->writer, 1, apply_fail, &posts, &error));
    g_assert_cmpuint(count_due(fixture, 1000, NULL), ==, 0);
    g_assert_true(outbox_next(fixture->store, &next, &error));
    g_assert_cmpint(next, ==, 30 + 100 * G_USEC_PER_SEC); /* as it was asked */
    g_autoptr(GPtrArray) all = outbox_list(fixture->store, 0, &error);
    g_assert_cmpuint(all->len, ==, 3);
    const OutboxPost *given_up = all->pdata[2];
    g_assert_cmpint(given_up->next, ==, 0);
    g_assert_cmpstr(given_up->failure, ==, "forbidden");
    g_assert_true(writer_run(fixture->writer, 1, apply_done, &posts, &error));
    g_assert_cmpuint(count_due(fixture, 1000, "second"), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    TEST("/peers/life", test_life);
    TEST("/peers/order", test_order);
    TEST("/peers/hostile", test_hostile);
    TEST("/peers/key-change", test_key_change);
    TEST("/peers/waiting", test_waiting);
    TEST("/peers/progress", test_progress);
    TEST("/outbox/order", test_outbox);
    return g_test_run();
}
