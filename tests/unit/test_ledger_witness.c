/* add-checkpoint over HTTP: every status of c2sp.org/tlog-witness, its bounds, and many logs' and
 * liars' requests at once, of which no two trees of one size may be cosigned. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
#include "forked_log.h"
#include "ledger/cosignature.h"
#include "server/api.h"
#include "store/witness.h"

typedef struct {
    char *directory, *url;
    Writer *writer;
    Store *store;
    Api *api;
    Http *http;
    ForkedLog log;
    NoteSigner *cosigner; /* NULL: locked */
} Fixture;

static const NoteSigner *give_cosigner(gpointer user)
{
    return ((Fixture *)user)->cosigner;
}

static gboolean apply_watch(StoreTx *tx, gpointer vkey, GError **error)
{
    return witness_watch(tx, NULL, vkey, error);
}

static void set_up(Fixture *fixture, gconstpointer interval)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-witness-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    forked_log_init(&fixture->log);
    fixture->cosigner = note_signer_generate("cert.alder.example/witness", NOTE_COSIGNATURE, NULL);
    const ApiOptions options = {.title = "Test",
                                .page_limit = 10,
                                .max_page_bytes = 65536,
                                .max_request_bytes = 1024 * 1024,
                                .cosigner = give_cosigner,
                                .cosigner_user = fixture,
                                .cosign_interval = (guint)GPOINTER_TO_UINT(interval)};
    fixture->api = api_new(fixture->store, fixture->writer, &options);
    const HttpOptions http = {.threads = 2,
                              .workers = 2,
                              .max_connections = 100,
                              .max_connections_per_address = 100,
                              .deadline_seconds = 60,
                              .max_buffered = 4 * 1024 * 1024,
                              .max_discarded = 4 * 1024 * 1024};
    HttpApp app = api_http_app(fixture->api);
    guint16 port;
    fixture->http = fixture->api->http = http_new(&http, &app);
    g_assert_true(http_listen(fixture->http, "127.0.0.1", 0, NULL, NULL, &port, &error));
    fixture->url = g_strdup_printf("http://127.0.0.1:%u/ledger/witness/add-checkpoint", port);
}

static void watch(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(fixture->log.signer));
    writer_run(fixture->writer, 0, apply_watch, vkey, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer interval)
{
    http_stop(fixture->http, 1);
    http_free(fixture->http);
    api_free(fixture->api);
    store_close(fixture->store);
    writer_close(fixture->writer);
    note_signer_free(fixture->log.signer);
    note_signer_free(fixture->cosigner);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->url);
}

/* Sends a body; returns the answer's. */
static char *post(const Fixture *fixture, const char *body, gsize length, FetchResult *ret_result)
{
    g_autoptr(GError) error = NULL;
    const FetchOptions options = {.allow_private = TRUE, .max_bytes = WITNESS_REQUEST_MAX};
    fetch_post(fixture->url, body, length, "application/octet-stream", &options, ret_result,
               &error);
    g_assert_no_error(error);
    char *answer = g_malloc0(ret_result->length + 1);
    if (ret_result->length > 0)
        g_assert_cmpint(read(ret_result->fd, answer, ret_result->length), ==, ret_result->length);
    return answer;
}

static guint ask(const Fixture *fixture, guint fork, guint64 old, guint64 size, char **ret_answer)
{
    g_auto(FetchResult) result = {0};
    g_autofree char *body = forked_log_body(&fixture->log, fork, old, size);
    g_autofree char *answer = post(fixture, body, strlen(body), &result);
    if (ret_answer)
        *ret_answer = g_steal_pointer(&answer);
    return result.status;
}

/* Whether the answer is a good cosignature of that checkpoint. */
static void check_cosignature(const Fixture *fixture, guint fork, guint64 size, const char *answer)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = forked_log_checkpoint(&fixture->log, fork, size);
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    const NoteVerifier *key = note_signer_verifier(fixture->cosigner);
    g_autofree char *lines =
        witness_read_cosignatures(answer, strlen(answer), note, &key, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(lines, ==, answer);
}

static void test_statuses(Fixture *fixture, gconstpointer interval)
{
    g_auto(FetchResult) result = {0};
    g_autofree char *answer = NULL, *malformed = post(fixture, "old x\n\n", 7, &result);
    g_assert_cmpuint(result.status, ==, 400);
    g_assert_cmpstr(result.content_type, ==, WITNESS_TEXT_TYPE);
    g_assert_cmpuint(ask(fixture, 0, 0, 5, NULL), ==, 404);
    watch(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, 30, &answer), ==, 200);
    check_cosignature(fixture, 0, 30, answer);
    g_clear_pointer(&answer, g_free);
    g_assert_cmpuint(ask(fixture, 0, 30, 30, &answer), ==, 200);
    check_cosignature(fixture, 0, 30, answer);
    g_clear_pointer(&answer, g_free);

    fetch_result_clear(&result);
    g_autofree char *body = forked_log_body(&fixture->log, 0, 5, 35);
    g_autofree char *size = post(fixture, body, strlen(body), &result);
    g_assert_cmpuint(result.status, ==, 409);
    g_assert_cmpstr(result.content_type, ==, WITNESS_SIZE_TYPE);
    g_assert_cmpstr(size, ==, "30\n");

    NoteSigner *genuine = fixture->log.signer;
    fixture->log.signer = note_signer_generate(FORKED_LOG_ORIGIN, NOTE_ED25519, NULL);
    g_assert_cmpuint(ask(fixture, 0, 30, 35, NULL), ==, 403);
    note_signer_free(fixture->log.signer);
    fixture->log.signer = genuine;

    g_autoptr(NoteSigner) cosigner = g_steal_pointer(&fixture->cosigner);
    g_assert_cmpuint(ask(fixture, 0, 30, 35, NULL), ==, 503);
    fixture->cosigner = g_steal_pointer(&cosigner);

    g_assert_cmpuint(ask(fixture, 1, 30, 35, NULL), ==, 422); /* and it is frozen */
    g_assert_cmpuint(ask(fixture, 0, 30, 35, NULL), ==, 403);
    g_assert_cmpuint(fixture->api->counts.cosigned, ==, 2);
    WitnessSummary summary;
    g_assert_true(witness_summary(fixture->store, &summary, NULL));
    g_assert_cmpuint(summary.watched, ==, 1);
    g_assert_cmpuint(summary.frozen, ==, 1);
}

static void test_bounds(Fixture *fixture, gconstpointer interval)
{
    watch(fixture);
    g_auto(FetchResult) large = {0}, empty = {0}, soon = {0};
    g_autofree char *body = g_strnfill(WITNESS_REQUEST_MAX + 1, 'x');
    g_autofree char *a = post(fixture, body, WITNESS_REQUEST_MAX + 1, &large);
    g_assert_cmpuint(large.status, ==, 413);
    g_autofree char *b = post(fixture, "", 0, &empty);
    g_assert_cmpuint(empty.status, ==, 400);

    g_autofree char *first = NULL, *again = NULL;
    g_assert_cmpuint(ask(fixture, 0, 0, 5, &first), ==, 200);
    g_autofree char *more = forked_log_body(&fixture->log, 0, 5, 7);
    g_autofree char *c = post(fixture, more, strlen(more), &soon);
    g_assert_cmpuint(soon.status, ==, 429);
    g_assert_cmpuint(soon.retry_after, >, GPOINTER_TO_UINT(interval) - 10);
    g_assert_cmpuint(soon.retry_after, <=, GPOINTER_TO_UINT(interval));
    g_assert_cmpuint(ask(fixture, 0, 5, 5, &again), ==, 200);
    g_assert_cmpstr(first, ==, again);
}

/* One of many who ask at once: the log itself, or whoever has stolen its key. */
typedef struct {
    const Fixture *fixture;
    guint number, cosigned;
    guint8 trees[FORKED_LOG_LEAVES + 1]; /* bit f: fork f was cosigned at that size */
} Asker;

static gpointer run_asker(gpointer data)
{
    Asker *asker = data;
    guint fork = asker->number % 2;
    guint64 old = 0;
    for (guint i = 0; i < 60; i++) {
        guint64 size = MIN(old + 1 + (asker->number + i) % 3, FORKED_LOG_LEAVES);
        g_autofree char *answer = NULL;
        guint status = ask(asker->fixture, fork, MIN(old, size), size, &answer);
        if (status == 200) {
            check_cosignature(asker->fixture, fork, size, answer);
            asker->trees[size] |= (guint8)(1 << fork);
            asker->cosigned++;
            old = size;
        } else if (status == 409) {
            witness_read_size(answer, strlen(answer), &old);
        } else {
            g_assert_true(status == 422 || status == 403);
        }
    }
    return NULL;
}

static void test_race(Fixture *fixture, gconstpointer interval)
{
    enum { ASKERS = 6 };
    Asker askers[ASKERS] = {0};
    GThread *threads[ASKERS];
    watch(fixture);
    for (guint i = 0; i < ASKERS; i++) {
        askers[i] = (Asker){.fixture = fixture, .number = i};
        threads[i] = g_thread_new("asker", run_asker, &askers[i]);
    }
    guint8 trees[FORKED_LOG_LEAVES + 1] = {0};
    guint cosigned = 0, distinct = 0;
    for (guint i = 0; i < ASKERS; i++) {
        g_thread_join(threads[i]);
        cosigned += askers[i].cosigned;
        for (guint size = 0; size <= FORKED_LOG_LEAVES; size++)
            trees[size] |= askers[i].trees[size];
    }
    /* Up to where they part both trees are one; beyond, no size and not even the next may have
     * both. */
    guint8 forks = 0;
    for (guint size = 1; size <= FORKED_LOG_LEAVES; size++) {
        distinct += trees[size] != 0;
        if (size > FORKED_LOG_COMMON)
            forks |= trees[size];
    }
    g_assert_cmpuint(forks, !=, 3);
    g_assert_cmpuint(distinct, >, 5);
    g_assert_cmpuint(cosigned, >=, distinct);
    g_assert_cmpuint(fixture->api->counts.cosigned, ==, cosigned);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, interval)                                                                       \
    g_test_add("/ledger-witness/" #name, Fixture, GUINT_TO_POINTER(interval), set_up, test_##name, \
               tear_down)
    TEST(statuses, 0);
    TEST(bounds, 60);
    TEST(race, 0);
    return g_test_run();
}
