/* What a peering adds to witnesses and watched logs, and takes back: once for each peer, never
 * against a person's word. */
#include "store/peer_witness.h"

#include <glib/gstdio.h>
#include <string.h>

#include "store/peers.h"
#include "store/witness.h"
#include "store/writer.h"

#define NODE    "cert.birch.example"
#define LOG     NODE "/ledger"
#define WITNESS NODE "/witness"

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    gint64 peer;
    char *log[2], *cosigner[2]; /* vkeys, before and after a rotation */
} Fixture;

static char *make_key(const char *name, NoteAlgorithm algorithm, guint8 seed)
{
    guint8 bytes[NOTE_SEED_SIZE];
    memset(bytes, seed, sizeof bytes);
    g_autoptr(NoteSigner) signer = note_signer_new(name, algorithm, bytes, NULL);
    return note_verifier_format(note_signer_verifier(signer));
}

typedef enum { ADD_PEER, SETTLE, WATCH, UNWATCH, ADD, REMOVE, FREEZE, SETTLE_FORK } Kind;

typedef struct {
    Kind kind;
    const char *a, *b;
    const PeerWitnessSpec *spec;
    gint64 number;
} Act;

static gboolean add_peer(StoreTx *tx, Act *act, GError **error)
{
    g_autofree char *ledger = make_key(act->b, NOTE_ED25519, 21);
    g_autofree char *recovery_name = g_strconcat(act->a, "/recovery", NULL);
    g_autofree char *recovery = make_key(recovery_name, NOTE_ED25519, 22);
    g_autofree char *message_name = g_strconcat(act->a, "/message", NULL);
    g_autofree char *message = make_key(message_name, NOTE_ED25519, 23);
    const PeerCard card = {.origin = act->b,
                           .node = act->a,
                           .organisation = act->a,
                           .card = "{}",
                           .card_number = 1,
                           .ledger_vkey = ledger,
                           .recovery_vkey = recovery,
                           .message_vkey = message,
                           .parcel_key = "parcel"};
    return peers_put(tx, &card, FALSE, &act->number, error);
}

static gboolean apply_act(StoreTx *tx, gpointer user, GError **error)
{
    Act *act = user;
    switch (act->kind) {
    case ADD_PEER:
        return add_peer(tx, act, error);
    case SETTLE:
        return peer_witness_settle(tx, act->spec, error);
    case WATCH:
        return witness_watch(tx, act->a, act->b, error);
    case UNWATCH:
        return witness_unwatch(tx, act->a, error);
    case ADD:
        return witness_add(tx, act->a, act->b, error);
    case REMOVE:
        return witness_remove(tx, act->a, error);
    case FREEZE:
        return witness_keep(tx, act->a, "first", "second", NULL, error);
    case SETTLE_FORK:
        return witness_settle(tx, act->a, WITNESS_DROP, error);
    }
    g_assert_not_reached();
}

static gint64 do_it(Fixture *fixture, Act act)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 0, apply_act, &act, &error);
    g_assert_no_error(error);
    return act.number;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-peers-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 2; i++) {
        fixture->log[i] = make_key(LOG, NOTE_ED25519, (guint8)(1 + i));
        fixture->cosigner[i] = make_key(WITNESS, NOTE_COSIGNATURE, (guint8)(11 + i));
    }
    fixture->peer = do_it(fixture, (Act){.kind = ADD_PEER, .a = NODE, .b = LOG});
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    for (guint i = 0; i < 2; i++) {
        g_free(fixture->log[i]);
        g_free(fixture->cosigner[i]);
    }
}

/* The peering is there, and the card has keys number @log and @cosigner; -1: none. */
static void settle(Fixture *fixture, gboolean is_peer, int log, int cosigner)
{
    const PeerWitnessSpec spec = {.peer = fixture->peer,
                                  .is_peer = is_peer,
                                  .origin = LOG,
                                  .log = log < 0 ? NULL : fixture->log[log],
                                  .cosigner = cosigner < 0 ? NULL : fixture->cosigner[cosigner]};
    do_it(fixture, (Act){.kind = SETTLE, .spec = &spec});
}

/* What is watched, as "vkey by" of the log LOG, and asked, of the witness WITNESS; by is the peer
 * or "hand"; "" for none. */
static void expect(Fixture *fixture, const char *log, const char *log_by, const char *witness,
                   const char *witness_by)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) logs = witness_logs(fixture->store, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) asked = witness_asked(fixture->store, &error);
    g_assert_no_error(error);
    const char *found_log = NULL, *found_witness = NULL;
    for (guint i = 0; i < logs->len; i++) {
        const WitnessLog *one = logs->pdata[i];
        if (!one->watched || !g_str_equal(one->origin, LOG))
            continue;
        g_assert_cmpuint(g_strv_length(one->vkeys), ==, 1);
        g_assert_cmpstr(one->peer ? one->peer : "hand", ==, log_by);
        found_log = one->vkeys[0];
    }
    for (guint i = 0; i < asked->len; i++) {
        const WitnessAsked *one = asked->pdata[i];
        g_assert_cmpstr(one->name, ==, WITNESS);
        g_assert_cmpstr(one->peer ? one->peer : "hand", ==, witness_by);
        g_assert_true((*one->url == '\0') == (one->peer != NULL));
        found_witness = one->vkey;
    }
    g_assert_cmpstr(found_log, ==, log);
    g_assert_cmpstr(found_witness, ==, witness);
}

static void expect_state(Fixture *fixture, gboolean log_removed, gboolean cosigner_removed)
{
    g_autoptr(GError) error = NULL;
    PeerWitnessState state;
    peer_witness_state(fixture->store, fixture->peer, &state, &error);
    g_assert_no_error(error);
    g_assert_cmpint(state.log_removed, ==, log_removed);
    g_assert_cmpint(state.cosigner_removed, ==, cosigner_removed);
}

static void test_life(Fixture *fixture, gconstpointer data)
{
    settle(fixture, TRUE, -1, -1);
    expect(fixture, NULL, NULL, NULL, NULL);
    for (guint i = 0; i < 2; i++) {
        settle(fixture, TRUE, 0, 0);
        expect(fixture, fixture->log[0], NODE, fixture->cosigner[0], NODE);
    }
    WitnessSummary summary;
    g_assert_true(witness_summary(fixture->store, &summary, NULL));
    g_assert_cmpuint(summary.watched_peers, ==, 1);
    g_assert_cmpuint(summary.asked_peers, ==, 1);
    expect_state(fixture, FALSE, FALSE);
    /* One key after the other is replaced. */
    settle(fixture, TRUE, 1, 0);
    expect(fixture, fixture->log[1], NODE, fixture->cosigner[0], NODE);
    settle(fixture, TRUE, 1, 1);
    expect(fixture, fixture->log[1], NODE, fixture->cosigner[1], NODE);
    /* One is not wanted any more, and is again; then the peering ends. */
    settle(fixture, TRUE, 1, -1);
    expect(fixture, fixture->log[1], NODE, NULL, NULL);
    settle(fixture, TRUE, -1, 1);
    expect(fixture, NULL, NULL, fixture->cosigner[1], NODE);
    settle(fixture, TRUE, 1, 1);
    expect(fixture, fixture->log[1], NODE, fixture->cosigner[1], NODE);
    settle(fixture, FALSE, -1, -1);
    expect(fixture, NULL, NULL, NULL, NULL);
    settle(fixture, TRUE, 0, 0);
    expect(fixture, fixture->log[0], NODE, fixture->cosigner[0], NODE);
}

/* What a person removed stays removed, with whatever key, until the peering has ended. */
static void test_removed(Fixture *fixture, gconstpointer data)
{
    settle(fixture, TRUE, 0, 0);
    do_it(fixture, (Act){.kind = UNWATCH, .a = LOG});
    settle(fixture, TRUE, 0, 0);
    expect(fixture, NULL, NULL, fixture->cosigner[0], NODE);
    expect_state(fixture, TRUE, FALSE);
    do_it(fixture, (Act){.kind = REMOVE, .a = WITNESS});
    settle(fixture, TRUE, 1, 1);
    settle(fixture, TRUE, -1, -1);
    settle(fixture, TRUE, 1, 1);
    expect(fixture, NULL, NULL, NULL, NULL);
    expect_state(fixture, TRUE, TRUE);
    settle(fixture, FALSE, -1, -1);
    settle(fixture, TRUE, 1, 1);
    expect(fixture, fixture->log[1], NODE, fixture->cosigner[1], NODE);
}

/* What a person added, before or after, is that person's. */
static void test_by_hand(Fixture *fixture, gconstpointer data)
{
    static const char url[] = "https://cert.birch.example/ledger/witness";
    do_it(fixture, (Act){.kind = WATCH, .b = fixture->log[0]});
    do_it(fixture, (Act){.kind = ADD, .a = fixture->cosigner[0], .b = url});
    settle(fixture, TRUE, 1, 1);
    expect(fixture, fixture->log[0], "hand", fixture->cosigner[0], "hand");
    settle(fixture, FALSE, -1, -1);
    expect(fixture, fixture->log[0], "hand", fixture->cosigner[0], "hand");
    do_it(fixture, (Act){.kind = UNWATCH, .a = LOG});
    do_it(fixture, (Act){.kind = REMOVE, .a = WITNESS});

    settle(fixture, TRUE, 0, 0);
    do_it(fixture, (Act){.kind = WATCH, .b = fixture->log[0]});
    do_it(fixture, (Act){.kind = ADD, .a = fixture->cosigner[0], .b = url});
    expect(fixture, fixture->log[0], "hand", fixture->cosigner[0], "hand");
    settle(fixture, TRUE, 1, 1);
    settle(fixture, FALSE, -1, -1);
    expect(fixture, fixture->log[0], "hand", fixture->cosigner[0], "hand");
}

/* A peer that goes on with another ledger. */
static void test_successor(Fixture *fixture, gconstpointer data)
{
    settle(fixture, TRUE, 0, 0);
    const PeerWitnessSpec spec = {.peer = fixture->peer,
                                  .is_peer = TRUE,
                                  .origin = LOG "-2",
                                  .log = fixture->log[1],
                                  .cosigner = fixture->cosigner[0]};
    do_it(fixture, (Act){.kind = SETTLE, .spec = &spec});
    expect(fixture, NULL, NULL, fixture->cosigner[0], NODE);
    g_autoptr(GPtrArray) logs = witness_logs(fixture->store, NULL);
    g_assert_cmpuint(logs->len, ==, 2);
    const WitnessLog *second = logs->pdata[1];
    g_assert_cmpstr(second->origin, ==, LOG "-2");
    g_assert_cmpstr(second->peer, ==, NODE);
}

/* A log that signed two trees is a person's to decide on, also when the peering ends. */
static void test_frozen(Fixture *fixture, gconstpointer data)
{
    settle(fixture, TRUE, 0, 0);
    do_it(fixture, (Act){.kind = FREEZE, .a = LOG});
    settle(fixture, FALSE, -1, -1);
    expect(fixture, fixture->log[0], "hand", NULL, NULL);
    do_it(fixture, (Act){.kind = SETTLE_FORK, .a = LOG});
    expect(fixture, NULL, NULL, NULL, NULL);
}

/* There is an end to it, and room for what people add. */
static void test_room(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < WITNESS_PEERS_MAX + 2; i++) {
        g_autofree char *node = g_strdup_printf("n%02u.example", i);
        g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
        g_autofree char *witness = g_strconcat(node, "/witness", NULL);
        g_autofree char *log = make_key(origin, NOTE_ED25519, 1);
        g_autofree char *cosigner = make_key(witness, NOTE_COSIGNATURE, 2);
        const PeerWitnessSpec spec = {
            .peer = do_it(fixture, (Act){.kind = ADD_PEER, .a = node, .b = origin}),
            .is_peer = TRUE,
            .origin = origin,
            .log = log,
            .cosigner = cosigner};
        do_it(fixture, (Act){.kind = SETTLE, .spec = &spec});
    }
    g_autoptr(GPtrArray) asked = witness_asked(fixture->store, &error);
    g_assert_cmpuint(asked->len, ==, WITNESS_PEERS_MAX);
    g_autoptr(GPtrArray) logs = witness_logs(fixture->store, &error);
    g_assert_cmpuint(logs->len, ==, WITNESS_PEERS_MAX + 2);
    do_it(fixture, (Act){.kind = ADD, .a = fixture->cosigner[0], .b = "https://birch.example"});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/peer-witness/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(life);
    TEST(removed);
    TEST(by_hand);
    TEST(successor);
    TEST(frozen);
    TEST(room);
    return g_test_run();
}
