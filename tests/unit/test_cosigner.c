/* The log's side of witnessing: a ledger that grows is cosigned by the witnesses that answer, from
 * whatever size they know, and is held when one of them has seen more of it than there is. */
#include "node/cosigner.h"

#include <glib/gstdio.h>
#include <string.h>

#include "patience.h"
#include "server/api.h"
#include "store/ledger_read.h"

#define ORIGIN "cert.alder.example/ledger"

/* A store with the ledger of ORIGIN, or of a witness. */
typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    const NoteSigner *signer;
} Place;

typedef struct {
    Place log, witness;
    NoteSigner *signer, *cosigner;
    char *vkey, *cosigner_vkey, *url;
    Config *config;
    Api *api;
    Http *http;
    gint told, well; /* atomic: messages, and good ones among them */
} Fixture;

static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer place,
                  GError **error)
{
    return checkpoint_sign(&(Checkpoint){.origin = (char *)ORIGIN, .size = size, .root = *root},
                           ((Place *)place)->signer, error);
}

static void place_open(Place *place, const NoteSigner *signer)
{
    g_autoptr(GError) error = NULL;
    place->directory = g_dir_make_tmp("concert-cosigner-XXXXXX", &error);
    g_autofree char *path = g_build_filename(place->directory, "concert.db", NULL);
    place->signer = signer;
    place->writer = writer_open(path, &error);
    writer_set_sign(place->writer, sign, place);
    place->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void place_close(Place *place)
{
    store_close(place->store);
    writer_close(place->writer);
    g_autoptr(GDir) directory = g_dir_open(place->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(place->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(place->directory);
    g_free(place->directory);
}

/* What a test asks of a writer. */
typedef struct {
    enum { CREATE, APPEND, WATCH, UNWATCH, ADD } kind;
    const char *a, *b;
    guint count;
} Act;

static gboolean apply_act(StoreTx *tx, gpointer user, GError **error)
{
    static const char *const keys[LEDGER_KEYS] = {"ledger key", "cosign key", "recovery key"};
    static const guint8 nonce[LEDGER_NONCE_SIZE], bytes[LEDGER_ENTRY_SIZE] = {1};
    static const LedgerEntry entry = {
        .entry = bytes, .nonce = nonce, .header = "{}", .header_length = 2};
    const Act *act = user;
    guint64 index;
    switch (act->kind) {
    case CREATE:
        return ledger_create(tx, ORIGIN, keys, error);
    case APPEND:
        for (guint i = 0; i < act->count; i++)
            if (!ledger_append(tx, &entry, &index, error))
                return FALSE;
        return TRUE;
    case WATCH:
        return witness_watch(tx, NULL, act->a, error);
    case UNWATCH:
        return witness_unwatch(tx, act->a, error);
    case ADD:
        return witness_add(tx, act->a, act->b, error);
    }
    g_assert_not_reached();
}

static void do_it(Place *place, Act act)
{
    g_autoptr(GError) error = NULL;
    writer_run(place->writer, 0, apply_act, &act, &error);
    g_assert_no_error(error);
}

static const NoteSigner *give_cosigner(gpointer fixture)
{
    return ((Fixture *)fixture)->cosigner;
}

static void serve_witness(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const ApiOptions options = {.title = "Test",
                                .page_limit = 10,
                                .max_page_bytes = 65536,
                                .max_request_bytes = 1024 * 1024,
                                .cosigner = give_cosigner,
                                .cosigner_user = fixture};
    const HttpOptions http = {.threads = 1,
                              .workers = 1,
                              .max_connections = 100,
                              .max_connections_per_address = 100,
                              .deadline_seconds = 60,
                              .max_buffered = 4 * 1024 * 1024,
                              .max_discarded = 4 * 1024 * 1024};
    guint16 port;
    fixture->api = api_new(fixture->witness.store, fixture->witness.writer, &options);
    HttpApp app = api_http_app(fixture->api);
    fixture->http = fixture->api->http = http_new(&http, &app);
    g_assert_true(http_listen(fixture->http, "127.0.0.1", 0, NULL, NULL, &port, &error));
    fixture->url = g_strdup_printf("http://127.0.0.1:%u/ledger/witness", port);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char settings[] =
        "[ledger]\ncosign_ask_interval = 1s\n[fetch]\nallow_private = yes\n";
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    fixture->config = config_parse("/", "test", settings, strlen(settings), problems);
    g_assert_cmpuint(problems->len, ==, 0);
    fixture->signer = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    fixture->cosigner = note_signer_generate("cert.birch.example/witness", NOTE_COSIGNATURE, NULL);
    fixture->vkey = note_verifier_format(note_signer_verifier(fixture->signer));
    fixture->cosigner_vkey = note_verifier_format(note_signer_verifier(fixture->cosigner));
    place_open(&fixture->log, fixture->signer);
    place_open(&fixture->witness, fixture->signer);
    do_it(&fixture->log, (Act){.kind = CREATE});
    serve_witness(fixture);
    do_it(&fixture->log, (Act){.kind = ADD, .a = fixture->cosigner_vkey, .b = fixture->url});
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    http_stop(fixture->http, 1);
    http_free(fixture->http);
    api_free(fixture->api);
    place_close(&fixture->log);
    place_close(&fixture->witness);
    config_free(fixture->config);
    note_signer_free(fixture->signer);
    note_signer_free(fixture->cosigner);
    g_free(fixture->vkey);
    g_free(fixture->cosigner_vkey);
    g_free(fixture->url);
}

static void tell(const char *witness, const char *message, gpointer user)
{
    Fixture *fixture = user;
    g_atomic_int_inc(&fixture->told);
    if (!message)
        g_atomic_int_inc(&fixture->well);
}

static CosignerMeans means_of(const Fixture *fixture)
{
    return (CosignerMeans){
        .config = fixture->config, .store = fixture->log.store, .writer = fixture->log.writer};
}

static WitnessAsked *first(const Fixture *fixture)
{
    g_autoptr(GPtrArray) list = witness_asked(fixture->log.store, NULL);
    return g_ptr_array_steal_index(list, 0);
}

/* Asks once, as the thread would. */
static WitnessAsked *ask(const Fixture *fixture, guint *ret_wait)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WitnessAsked) asked = first(fixture);
    const CosignerMeans means = means_of(fixture);
    guint wait;
    cosigner_ask(&means, NULL, asked, ret_wait ? ret_wait : &wait, &error);
    g_assert_no_error(error);
    g_autoptr(WitnessAsked) kept = first(fixture);
    g_assert_cmpuint(kept->size, ==, asked->size);
    g_assert_cmpuint(kept->status, ==, asked->status);
    g_assert_cmpstr(kept->failure, ==, asked->failure);
    g_assert_cmpint(kept->asked, ==, asked->asked);
    return g_steal_pointer(&asked);
}

static void expect(const Fixture *fixture, guint64 size, guint status, const char *failure)
{
    g_autoptr(WitnessAsked) asked = ask(fixture, NULL);
    g_assert_cmpuint(asked->size, ==, size);
    g_assert_cmpuint(asked->status, ==, status);
    if (failure)
        g_assert_nonnull(strstr(asked->failure, failure));
    else
        g_assert_cmpstr(asked->failure, ==, NULL);
}

static gboolean is_held(const Fixture *fixture)
{
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->log.store, &state, NULL));
    return state.held;
}

static void test_ask(Fixture *fixture, gconstpointer data)
{
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});
    expect(fixture, 0, 404, "does not watch");
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    expect(fixture, 5, 200, NULL);
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 300});
    expect(fixture, 305, 200, NULL);
    g_auto(WitnessServed) served = {0};
    g_assert_true(witness_served_checkpoint(fixture->log.store, NULL, 0, &served, NULL));
    g_assert_nonnull(strstr(served.newest, "cert.birch.example/witness "));

    /* The witness knows more than the log remembers of it. */
    NoteSigner *genuine = fixture->cosigner;
    g_autoptr(NoteSigner) other =
        note_signer_generate("cert.birch.example/witness", NOTE_COSIGNATURE, NULL);
    fixture->cosigner = other;
    expect(fixture, 305, 200, "no good cosignature");
    fixture->cosigner = NULL;
    expect(fixture, 305, 503, "cannot answer");
    fixture->cosigner = genuine;
    expect(fixture, 305, 200, NULL);
    do_it(&fixture->witness, (Act){.kind = UNWATCH, .a = ORIGIN});
    expect(fixture, 305, 404, "does not watch");
    g_assert_false(is_held(fixture));
}

static void test_sizes(Fixture *fixture, gconstpointer data)
{
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});
    expect(fixture, 5, 200, NULL);
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});

    /* The log has forgotten, or thinks of too much. */
    static const guint64 sizes[] = {0, 3, 9, 10, 1000};
    const CosignerMeans means = means_of(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(WitnessAsked) asked = first(fixture);
        guint wait;
        asked->size = sizes[i];
        cosigner_ask(&means, NULL, asked, &wait, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(asked->status, ==, 200);
        g_assert_cmpuint(asked->size, ==, 10);
        g_assert_cmpstr(asked->failure, ==, NULL);
        g_assert_false(is_held(fixture));
    }
}

static void test_rolled_back(Fixture *fixture, gconstpointer data)
{
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});
    expect(fixture, 5, 200, NULL);

    /* A copy from before. */
    place_close(&fixture->log);
    place_open(&fixture->log, fixture->signer);
    do_it(&fixture->log, (Act){.kind = CREATE});
    do_it(&fixture->log, (Act){.kind = ADD, .a = fixture->cosigner_vkey, .b = fixture->url});
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 3});
    expect(fixture, 5, 409, "rolled back");
    g_assert_true(is_held(fixture));
    g_autoptr(GError) error = NULL;
    Act more = {.kind = APPEND, .count = 1};
    g_assert_false(writer_run(fixture->log.writer, 0, apply_act, &more, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    expect(fixture, 5, 409, "rolled back");
}

static void test_interval(Fixture *fixture, gconstpointer data)
{
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    fixture->api->options.cosign_interval = 100;
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});
    expect(fixture, 5, 200, NULL);
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 1});
    guint wait = 0;
    g_autoptr(WitnessAsked) asked = ask(fixture, &wait);
    g_assert_cmpuint(asked->status, ==, 429);
    g_assert_cmpuint(asked->size, ==, 5);
    g_assert_cmpstr(asked->failure, ==, NULL); /* it is as it should be */
    g_assert_cmpuint(wait, >, 80);
    g_assert_cmpuint(wait, <=, 100);
}

/* The first witness has that size, by a cosignature that is newer than @before. */
static gboolean has_cosigned(const Fixture *fixture, guint64 size, gint64 before)
{
    g_autoptr(WitnessAsked) asked = first(fixture);
    return asked->size == size && !asked->failure && asked->cosigned > before;
}

static void wait_for_size(const Fixture *fixture, guint64 size, gint64 before)
{
    for (gint64 end = patience_begin(); !has_cosigned(fixture, size, before);)
        patience_wait(end);
}

static void test_thread(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) dead = note_signer_generate("dead.example", NOTE_COSIGNATURE, NULL);
    g_autofree char *dead_vkey = note_verifier_format(note_signer_verifier(dead));
    do_it(&fixture->log, (Act){.kind = ADD, .a = dead_vkey, .b = "http://127.0.0.1:9"});
    const CosignerMeans means = means_of(fixture);
    g_autoptr(Cosigner) cosigner = cosigner_start(&means, tell, fixture, &error);
    g_assert_no_error(error);
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 1});
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    for (guint64 size = 1; size <= 500; size *= 5) {
        wait_for_size(fixture, size, 0);
        do_it(&fixture->log, (Act){.kind = APPEND, .count = (guint)(4 * size)});
    }
    g_assert_cmpint(g_atomic_int_get(&fixture->told), >=, 1);
    g_clear_pointer(&cosigner, cosigner_stop);
    g_autoptr(GPtrArray) list = witness_asked(fixture->log.store, NULL);
    const WitnessAsked *asked = list->pdata[1];
    g_assert_cmpstr(asked->name, ==, "dead.example");
    g_assert_cmpuint(asked->status, ==, 0);
    g_assert_nonnull(asked->failure);
    g_assert_cmpuint(asked->size, ==, 0);
    g_assert_cmpint(asked->cosigned, ==, 0);
}

static gboolean apply_answer(StoreTx *tx, gpointer asked, GError **error)
{
    return witness_put_answer(tx, asked, NULL, NULL, NULL, error);
}

/* A ledger that stays as it is has its cosignature renewed when an hour begins, not before. */
static void test_hour(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    do_it(&fixture->witness, (Act){.kind = WATCH, .a = fixture->vkey});
    do_it(&fixture->log, (Act){.kind = APPEND, .count = 5});
    expect(fixture, 5, 200, NULL);
    g_autoptr(WitnessAsked) asked = first(fixture);
    const gint64 cosigned = asked->cosigned, hour = (gint64)3600 * G_USEC_PER_SEC;
    for (guint hours = 0; hours < 2; hours++) {
        asked->cosigned = cosigned - hours * hour;
        g_assert_true(writer_run(fixture->log.writer, 0, apply_answer, asked, &error));
        const CosignerMeans means = means_of(fixture);
        g_autoptr(Cosigner) cosigner = cosigner_start(&means, tell, fixture, &error);
        if (hours > 0)
            wait_for_size(fixture, 5, cosigned);
        else
            g_usleep(G_USEC_PER_SEC); /* in which nothing is to happen */
        g_clear_pointer(&cosigner, cosigner_stop);
        g_autoptr(WitnessAsked) kept = first(fixture);
        gboolean hour_began = g_get_real_time() / hour != asked->cosigned / hour;
        g_assert_true(kept->cosigned == asked->cosigned || hour_began);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/cosigner/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(ask);
    TEST(sizes);
    TEST(rolled_back);
    TEST(interval);
    TEST(thread);
    TEST(hour);
    return g_test_run();
}
