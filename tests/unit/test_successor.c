/* A peer that goes on with another ledger: what counts as its successor, and what changes. */
#include "exchange/successor.h"

#include "ledger/opening.h"
#include "made_card.h"
#include "store/peer_past.h"
#include "store/writer.h"
#include "tree.h"

#define NODE   "cert.birch.example"
#define OLD    NODE "/ledger"
#define SECOND NODE "/ledger-2"
#define THIRD  NODE "/ledger-3"

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    MadeNode birch;
} Fixture;

/* Meets the node, and has followed 3 entries of it. */
static gboolean apply_meet(StoreTx *tx, gpointer user, GError **error)
{
    const MadeNode *made = user;
    g_autofree char *text = made_card_text(made, 7);
    g_autoptr(Card) card = card_parse(text, strlen(text), error);
    const PeerCard facts = card_peer(card, text);
    const MerkleHash root = {{1}};
    gint64 number;
    return peers_put(tx, &facts, FALSE, &number, error) &&
           peers_step(tx, number, PEER_US, PEER_STEP_INVITE, 1, NULL, NULL, error) &&
           peers_step(tx, number, PEER_THEM, PEER_STEP_ACCEPT, 2, NULL, NULL, error) &&
           peers_set_progress(tx, number, 3, &root, "checkpoint", 3, error) &&
           peers_set_fork(tx, number, "two trees", error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-successor-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    made_node_init(&fixture->birch, NODE, 11);
    g_assert_true(writer_run(fixture->writer, 1, apply_meet, &fixture->birch, &error));
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    made_node_clear(&fixture->birch);
    tree_remove(fixture->directory);
    g_free(fixture->directory);
}

/* What a successor is made of; NULL and 0: as it should be. */
typedef struct {
    const char *previous, *origin;
    guint8 root, key, recovery;
    guint64 size;
    gboolean other_card; /* signed by another key of the new name */
    const char *const *changes;
} Making;

static Successor *make(Fixture *fixture, Making making, GError **error)
{
    const char *origin = making.origin ? making.origin : SECOND;
    g_autoptr(NoteSigner) key = made_signer(origin, NOTE_ED25519, making.key ? making.key : 50);
    g_autoptr(NoteSigner) other = made_signer(origin, NOTE_ED25519, 60);
    g_autoptr(NoteSigner) recovery =
        made_signer(NODE "/recovery", NOTE_ED25519, making.recovery ? making.recovery : 13);
    const Checkpoint previous = {.origin = (char *)(making.previous ? making.previous : OLD),
                                 .size = making.size ? making.size : 3,
                                 .root = {{making.root ? making.root : 1}}};
    g_autoptr(GError) local = NULL;
    g_autofree char *note = succession_sign(&previous, recovery, key, &local);
    g_assert_no_error(local);
    g_autoptr(GString) members = g_string_new("{\"seen\":9,\"succession\":\"");
    for (const char *at = note; *at; at++)
        g_string_append_printf(members, *at == '\n' ? "\\n" : "%c", *at);
    g_string_append(members, "\"}");
    const OpeningSpec opening_spec = {.origin = origin,
                                      .kind = SUCCESSOR_KIND,
                                      .time_us = MADE_CARD_TIME,
                                      .is_public = TRUE,
                                      .members = members->str,
                                      .members_length = members->len};
    g_autoptr(Opening) opening = opening_build(&opening_spec, NULL, &local);
    g_assert_no_error(local);
    g_autofree char *json = opening_format(opening);
    const NoteSigner *signer = making.other_card ? other : key;
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
    CardSpec card_spec = made_card_spec(&fixture->birch, 2);
    card_spec.origin = origin;
    card_spec.vkeys[CARD_LEDGER_KEY] = vkey;
    g_autofree char *card = card_make(&card_spec, signer, &local);
    g_assert_no_error(local);
    const SuccessorSpec spec = {card, strlen(card), json, strlen(json), making.changes};
    return successor_read(&spec, error);
}

static Peer *get_peer(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    Peer *peer = peers_get(fixture->store, NODE, &error);
    g_assert_no_error(error);
    return peer;
}

static void assert_refused(Fixture *fixture, Making making, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Peer) peer = get_peer(fixture);
    g_autoptr(Successor) successor = make(fixture, making, &error);
    g_assert_no_error(error);
    g_assert_false(successor_verify(successor, peer, &error));
    g_assert_error(error, CONCERT_ERROR, (int)code);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    assert_refused(fixture, (Making){.recovery = 99}, CONCERT_ERROR_DENIED);
    assert_refused(fixture, (Making){.other_card = TRUE}, CONCERT_ERROR_DENIED);
    /* The lost ledger's key. */
    assert_refused(fixture, (Making){.key = 11}, CONCERT_ERROR_DENIED);
    /* Another tree of the size that was shown here. */
    assert_refused(fixture, (Making){.root = 2}, CONCERT_ERROR_CONFLICT);
}

static gboolean apply_follow(StoreTx *tx, gpointer user, GError **error)
{
    return successor_follow(tx, NODE, user, error);
}

static void follow(Fixture *fixture, Making making)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Successor) successor = make(fixture, making, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(successor->seen, ==, 9);
    g_assert_true(writer_run(fixture->writer, 1, apply_follow, successor, &error));
    g_assert_no_error(error);
}

static void test_followed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Peer) before = get_peer(fixture);
    follow(fixture, (Making){.size = 2, .root = 2}); /* less than was shown here */
    g_autoptr(Peer) peer = get_peer(fixture);
    g_assert_cmpint(peer->number, ==, before->number);
    g_assert_cmpstr(peer->origin, ==, SECOND);
    g_assert_cmpstr(peer->recovery_vkey, ==, before->recovery_vkey);
    g_assert_true(g_str_has_prefix(peer->ledger_vkey, SECOND "+"));
    g_assert_cmpint(peer->state, ==, PEER_ACTIVE);
    g_assert_cmpuint(peer->size, ==, 0);
    g_assert_cmpuint(peer->cursor, ==, 0);
    g_assert_cmpuint(peer->card_number, ==, 2);
    g_assert_false(peer->fork);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) past = peer_past_ledgers(fixture->store, peer->number, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(past->len, ==, 1);
    const PeerPastLedger *lost = past->pdata[0];
    g_assert_cmpstr(lost->origin, ==, OLD);
    g_assert_cmpuint(lost->cursor, ==, 3);
    /* Not again, and not back. */
    assert_refused(fixture, (Making){0}, CONCERT_ERROR_DENIED);
}

/* The second was lost before anybody here had followed it. */
static void test_skipped(Fixture *fixture, gconstpointer data)
{
    follow(fixture, (Making){.previous = SECOND, .origin = THIRD});
    g_autoptr(Peer) peer = get_peer(fixture);
    g_assert_cmpstr(peer->origin, ==, THIRD);
    assert_refused(fixture, (Making){0}, CONCERT_ERROR_DENIED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/successor/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    ADD(refused);
    ADD(followed);
    ADD(skipped);
    return g_test_run();
}
