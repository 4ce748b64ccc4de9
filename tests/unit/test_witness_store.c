/* A witness's memory: what is cosigned is kept first and never contradicted, forks are kept as
 * evidence, and the cosignatures of the own log are served as the policy has it. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "forked_log.h"
#include "ledger/cosignature.h"
#include "store/ledger_read.h"
#include "store/witness.h"
#include "store/writer.h"

#define ORIGIN FORKED_LOG_ORIGIN
#define OWN    "cert.alder.example/ledger"
#define LEAVES FORKED_LOG_LEAVES
#define MINUTE ((gint64)60 * G_USEC_PER_SEC)

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    ForkedLog log;
    NoteSigner *own, *cosigner;
    WitnessOffice office;
} Fixture;

/* --- the store ---------------------------------------------------------------------------------
 */

static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                  GError **error)
{
    return checkpoint_sign(&(Checkpoint){.origin = (char *)OWN, .size = size, .root = *root},
                           ((Fixture *)user)->own, error);
}

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    static const char *const keys[LEDGER_KEYS] = {"ledger key", "cosign key", "recovery key"};
    return ledger_create(tx, OWN, keys, error);
}

static void open_store(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    writer_set_sign(fixture->writer, sign, fixture);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void close_store(Fixture *fixture)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-witness-XXXXXX", &error);
    forked_log_init(&fixture->log);
    fixture->own = note_signer_generate(OWN, NOTE_ED25519, NULL);
    fixture->cosigner = note_signer_generate("cert.alder.example/witness", NOTE_COSIGNATURE, NULL);
    fixture->office = (WitnessOffice){fixture->cosigner, 0};
    open_store(fixture);
    g_assert_true(writer_run(fixture->writer, 0, apply_create, NULL, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close_store(fixture);
    note_signer_free(fixture->log.signer);
    note_signer_free(fixture->own);
    note_signer_free(fixture->cosigner);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
}

/* One call of the writer, told by its kind. */
typedef struct {
    enum { WATCH, UNWATCH, SETTLE, LEARN, REPORT, ADD, REMOVE, JUDGE, JUDGE_AND_FAIL } kind;
    const char *a, *b; /* texts */
    WitnessDecision decision;
    const MerkleProof *proof;
    gboolean fork;
    const WitnessRequest *request;
    const WitnessOffice *office;
    WitnessVerdict verdict;
} Act;

static gboolean apply_act(StoreTx *tx, gpointer user, GError **error)
{
    Act *act = user;
    switch (act->kind) {
    case WATCH:
        return witness_watch(tx, act->b, act->a, error);
    case UNWATCH:
        return witness_unwatch(tx, act->a, error);
    case SETTLE:
        return witness_settle(tx, act->a, act->decision, error);
    case LEARN:
        return witness_learn(tx, act->a, strlen(act->a), &act->fork, error);
    case REPORT:
        return witness_report(tx, act->a, act->b, act->proof, error);
    case ADD:
        return witness_add(tx, act->a, act->b, error);
    case REMOVE:
        return witness_remove(tx, act->a, error);
    case JUDGE:
    case JUDGE_AND_FAIL:
        witness_verdict_clear(&act->verdict);
        if (!witness_judge(tx, act->request, act->office, &act->verdict, error))
            return FALSE;
        if (act->kind == JUDGE)
            return TRUE;
    }
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "on purpose");
    return FALSE;
}

static void do_it(Fixture *fixture, Act act)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 0, apply_act, &act, &error);
    g_assert_no_error(error);
}

static void fails(Fixture *fixture, Act act, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 0, apply_act, &act, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
}

static char *log_vkey(const Fixture *fixture)
{
    return note_verifier_format(note_signer_verifier(fixture->log.signer));
}

static void watch(Fixture *fixture)
{
    g_autofree char *vkey = log_vkey(fixture);
    do_it(fixture, (Act){.kind = WATCH, .a = vkey});
}

/* As the server does: first without the writer, then with it when that is needed. */
static void ask_with(Fixture *fixture, const WitnessRequest *request, gboolean *ret_written,
                     WitnessVerdict *ret_verdict)
{
    g_autoptr(GError) error = NULL;
    gboolean final;
    witness_preview(fixture->store, request, &fixture->office, ret_verdict, &final, &error);
    g_assert_no_error(error);
    if (!final) {
        g_assert_null(ret_verdict->body);
        Act act = {.kind = JUDGE, .request = request, .office = &fixture->office};
        writer_run(fixture->writer, 0, apply_act, &act, &error);
        g_assert_no_error(error);
        *ret_verdict = act.verdict;
    }
    if (ret_written)
        *ret_written = !final;
}

static guint ask(Fixture *fixture, guint fork, guint64 old, guint64 size, gboolean *ret_written)
{
    g_autoptr(WitnessRequest) request = forked_log_request(&fixture->log, fork, old, size);
    g_auto(WitnessVerdict) verdict = {0};
    ask_with(fixture, request, ret_written, &verdict);
    if (verdict.status == 200) {
        const NoteVerifier *key = note_signer_verifier(fixture->cosigner);
        g_autoptr(GError) error = NULL;
        g_autofree char *lines = witness_read_cosignatures(verdict.body, strlen(verdict.body),
                                                           request->note, &key, 1, &error);
        g_assert_no_error(error);
    }
    return verdict.status;
}

static WitnessLog *the_log(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) logs = witness_logs(fixture->store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(logs->len, ==, 1);
    return g_ptr_array_steal_index(logs, 0);
}

static void expect_log(Fixture *fixture, gboolean frozen, guint fork, guint64 size)
{
    g_autoptr(WitnessLog) log = the_log(fixture);
    g_assert_cmpstr(log->origin, ==, ORIGIN);
    g_assert_true(log->watched);
    g_assert_cmpint(log->frozen, ==, frozen);
    g_assert_true(log->state.is_known);
    g_assert_cmpuint(log->state.size, ==, size);
    g_assert_true(merkle_hash_equal(&log->state.root, &fixture->log.roots[fork][size]));
    const NoteVerifier *key = note_signer_verifier(fixture->log.signer);
    g_auto(Checkpoint) checkpoint = {0};
    g_assert_true(
        checkpoint_open(log->note, strlen(log->note), ORIGIN, &key, 1, &checkpoint, NULL, NULL));
    g_assert_cmpuint(checkpoint.size, ==, size);
}

/* --- as a witness ------------------------------------------------------------------------------
 */

static void test_watch(Fixture *fixture, gconstpointer data)
{
    g_autofree char *vkey = log_vkey(fixture);
    g_autofree char *not_log = note_verifier_format(note_signer_verifier(fixture->cosigner));
    g_assert_cmpuint(ask(fixture, 0, 0, 5, NULL), ==, 404);
    fails(fixture, (Act){.kind = WATCH, .a = not_log}, CONCERT_ERROR_INPUT);
    fails(fixture, (Act){.kind = WATCH, .a = "nonsense"}, CONCERT_ERROR_INPUT);
    fails(fixture, (Act){.kind = WATCH, .a = vkey, .b = "a\nb"}, CONCERT_ERROR_INPUT);
    fails(fixture, (Act){.kind = UNWATCH, .a = ORIGIN}, CONCERT_ERROR_NOT_FOUND);
    watch(fixture);
    fails(fixture, (Act){.kind = WATCH, .a = vkey}, CONCERT_ERROR_CONFLICT);
    g_assert_cmpuint(ask(fixture, 0, 0, 5, NULL), ==, 200);

    /* A second key of the log signs as well as the first. */
    g_autoptr(NoteSigner) second = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    g_autofree char *second_vkey = note_verifier_format(note_signer_verifier(second));
    do_it(fixture, (Act){.kind = WATCH, .a = second_vkey});
    g_autoptr(NoteSigner) first = g_steal_pointer(&fixture->log.signer);
    fixture->log.signer = g_steal_pointer(&second);
    g_assert_cmpuint(ask(fixture, 0, 5, 6, NULL), ==, 200);

    /* Not watched any more: unknown. Watched again: what was cosigned is known, old keys are not.
     */
    do_it(fixture, (Act){.kind = UNWATCH, .a = ORIGIN});
    g_assert_cmpuint(ask(fixture, 0, 6, 7, NULL), ==, 404);
    do_it(fixture, (Act){.kind = WATCH, .a = vkey});
    g_assert_cmpuint(ask(fixture, 0, 6, 7, NULL), ==, 403);
    second = g_steal_pointer(&fixture->log.signer);
    fixture->log.signer = g_steal_pointer(&first);
    g_assert_cmpuint(ask(fixture, 0, 0, 7, NULL), ==, 409);
    g_assert_cmpuint(ask(fixture, 0, 6, 7, NULL), ==, 200);
    expect_log(fixture, FALSE, 0, 7);
}

static void test_cosign(Fixture *fixture, gconstpointer data)
{
    gboolean written;
    watch(fixture);
    for (guint64 old = 0, size = 0; size <= LEAVES; old = size, size += 1 + size / 3) {
        g_assert_cmpuint(ask(fixture, 0, old, size, &written), ==, 200);
        g_assert_true(written);
        expect_log(fixture, FALSE, 0, size);
    }
    /* What needs no writing does not go to the writer. */
    g_autoptr(WitnessLog) log = the_log(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, LEAVES, &written), ==, 409);
    g_assert_false(written);
    g_autoptr(NoteSigner) stranger = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    NoteSigner *genuine = fixture->log.signer;
    fixture->log.signer = stranger;
    g_assert_cmpuint(ask(fixture, 0, log->state.size, LEAVES, &written), ==, 403);
    g_assert_false(written);
    fixture->log.signer = genuine;

    fixture->office.cosigner = NULL;
    g_assert_cmpuint(ask(fixture, 0, log->state.size, LEAVES, &written), ==, 503);
    g_assert_false(written);
}

/* Nothing of a cosignature that failed to be written is remembered, and what was written stays. */
static void test_durable(Fixture *fixture, gconstpointer data)
{
    watch(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, 7, NULL), ==, 200);
    g_autoptr(WitnessRequest) request = forked_log_request(&fixture->log, 0, 7, 9);
    Act act = {.kind = JUDGE_AND_FAIL, .request = request, .office = &fixture->office};
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 0, apply_act, &act, &error));
    witness_verdict_clear(&act.verdict);
    expect_log(fixture, FALSE, 0, 7);
    close_store(fixture);
    open_store(fixture);
    expect_log(fixture, FALSE, 0, 7);
    g_assert_cmpuint(ask(fixture, 0, 7, 9, NULL), ==, 200);
    expect_log(fixture, FALSE, 0, 9);
}

/* Signatures that anybody may add are not kept with the note. */
static void test_junk(Fixture *fixture, gconstpointer data)
{
    watch(fixture);
    g_autoptr(WitnessRequest) request = forked_log_request(&fixture->log, 0, 0, 7);
    g_autoptr(NoteSigner) stranger = note_signer_generate("junk.example", NOTE_ED25519, NULL);
    g_autofree char *text = g_strndup(request->note->bytes, request->note->text_length);
    g_autofree char *line = note_signature_line(stranger, text, 0, NULL);
    g_autofree char *junk = note_append(request->note, line, NULL);
    note_free(request->note);
    request->note = note_parse(junk, strlen(junk), NULL);
    g_auto(WitnessVerdict) verdict = {0};
    ask_with(fixture, request, NULL, &verdict);
    g_assert_cmpuint(verdict.status, ==, 200);
    g_autoptr(WitnessLog) log = the_log(fixture);
    g_assert_null(strstr(log->note, "junk.example"));
    expect_log(fixture, FALSE, 0, 7);
}

static void test_interval(Fixture *fixture, gconstpointer data)
{
    gboolean written;
    fixture->office.interval_us = MINUTE;
    watch(fixture);
    g_autoptr(WitnessRequest) request = forked_log_request(&fixture->log, 0, 0, 7);
    g_auto(WitnessVerdict) first = {0};
    ask_with(fixture, request, NULL, &first);
    g_assert_cmpuint(first.status, ==, 200);

    /* Too soon. Who lost the answer gets the same again. */
    g_autoptr(WitnessRequest) more = forked_log_request(&fixture->log, 0, 7, 9);
    g_autoptr(WitnessRequest) same = forked_log_request(&fixture->log, 0, 7, 7);
    g_auto(WitnessVerdict) too_soon = {0}, repeated = {0};
    ask_with(fixture, more, &written, &too_soon);
    g_assert_cmpuint(too_soon.status, ==, WITNESS_TOO_MANY_REQUESTS);
    g_assert_cmpuint(too_soon.retry_after, >=, 50);
    g_assert_cmpuint(too_soon.retry_after, <=, 60);
    g_assert_false(written);
    ask_with(fixture, same, &written, &repeated);
    g_assert_cmpuint(repeated.status, ==, 200);
    g_assert_cmpstr(repeated.body, ==, first.body);
    g_assert_false(written);
    expect_log(fixture, FALSE, 0, 7);

    /* But not one of a key that cosigns no more. */
    g_autoptr(NoteSigner) other =
        note_signer_generate("cert.alder.example/witness", NOTE_COSIGNATURE, NULL);
    fixture->office.cosigner = other;
    g_assert_cmpuint(ask(fixture, 0, 7, 7, NULL), ==, WITNESS_TOO_MANY_REQUESTS);
    fixture->office.cosigner = fixture->cosigner;

    /* Wrong requests are told so, not to come later. */
    g_assert_cmpuint(ask(fixture, 0, 5, 9, NULL), ==, 409);
    fixture->office.interval_us = 1;
    g_assert_cmpuint(ask(fixture, 0, 7, 9, NULL), ==, 200);
}

static void expect_evidence(Fixture *fixture, guint64 first, guint64 second, gboolean proof)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = witness_evidence(fixture->store, ORIGIN, TRUE, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(list->len, ==, 1);
    const WitnessEvidence *evidence = list->pdata[0];
    const char *notes[] = {evidence->first, evidence->second};
    const guint64 sizes[] = {first, second};
    MerkleHash roots[2];
    for (guint i = 0; i < 2; i++) {
        const NoteVerifier *key = note_signer_verifier(fixture->log.signer);
        g_auto(Checkpoint) checkpoint = {0};
        g_assert_true(checkpoint_open(notes[i], strlen(notes[i]), ORIGIN, &key, 1, &checkpoint,
                                      NULL, &error));
        g_assert_cmpuint(checkpoint.size, ==, sizes[i]);
        roots[i] = checkpoint.root;
    }
    g_assert_true(first < second || !merkle_hash_equal(&roots[0], &roots[1]));
    g_assert_cmpint(evidence->proof != NULL, ==, proof);
    g_assert_cmpint(evidence->settled, ==, 0);
    g_assert_null(evidence->decision);
    g_assert_cmpint(evidence->found, >, 0);
}

static void freeze(Fixture *fixture, guint64 size, guint64 later)
{
    watch(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, size, NULL), ==, 200);
    g_assert_cmpuint(ask(fixture, 1, size, later, NULL), ==, size == later ? 409 : 422);
    expect_log(fixture, TRUE, 0, size);
    expect_evidence(fixture, size, later, size != later);
}

static void test_fork(Fixture *fixture, gconstpointer data)
{
    gboolean written;
    freeze(fixture, 30, 30);
    /* Frozen: neither side goes on, and no more evidence is heaped up. */
    for (guint fork = 0; fork < 2; fork++) {
        g_assert_cmpuint(ask(fixture, fork, 30, 30, &written), ==, 403);
        g_assert_false(written);
        g_assert_cmpuint(ask(fixture, fork, 30, 35, &written), ==, 403);
        g_assert_false(written);
    }
    expect_evidence(fixture, 30, 30, FALSE);
    fails(fixture, (Act){.kind = UNWATCH, .a = ORIGIN}, CONCERT_ERROR_CONFLICT);
    close_store(fixture);
    open_store(fixture);
    expect_log(fixture, TRUE, 0, 30);

    do_it(fixture, (Act){.kind = SETTLE, .a = ORIGIN, .decision = WITNESS_KEEP_FIRST});
    fails(fixture, (Act){.kind = SETTLE, .a = ORIGIN, .decision = WITNESS_KEEP_FIRST},
          CONCERT_ERROR_NOT_FOUND);
    expect_log(fixture, FALSE, 0, 30);
    g_assert_cmpuint(ask(fixture, 0, 30, 35, NULL), ==, 200);
    /* The evidence stays. */
    g_autoptr(GPtrArray) all = witness_evidence(fixture->store, NULL, FALSE, NULL);
    g_assert_cmpuint(all->len, ==, 1);
    const WitnessEvidence *evidence = all->pdata[0];
    g_assert_cmpstr(evidence->decision, ==, "first");
    g_assert_cmpint(evidence->settled, >=, evidence->found);
    /* The other side comes again: frozen again. */
    g_assert_cmpuint(ask(fixture, 1, 35, 35, NULL), ==, 409);
    expect_log(fixture, TRUE, 0, 35);
}

/* A larger tree whose own proof shows another root; and then a person believes the other side. */
static void test_fork_larger(Fixture *fixture, gconstpointer data)
{
    freeze(fixture, 30, 35);
    do_it(fixture, (Act){.kind = SETTLE, .a = ORIGIN, .decision = WITNESS_KEEP_SECOND});
    expect_log(fixture, FALSE, 1, 35);
    g_assert_cmpuint(ask(fixture, 1, 35, 37, NULL), ==, 200);
    g_assert_cmpuint(ask(fixture, 0, 37, 37, NULL), ==, 409);
    expect_log(fixture, TRUE, 1, 37);
}

/* Even a person's decision makes no second tree of one size cosigned. */
static void test_vow(Fixture *fixture, gconstpointer data)
{
    freeze(fixture, 30, 30);
    do_it(fixture, (Act){.kind = SETTLE, .a = ORIGIN, .decision = WITNESS_KEEP_SECOND});
    expect_log(fixture, FALSE, 1, 30);
    g_assert_cmpuint(ask(fixture, 1, 30, 30, NULL), ==, 409);
    g_assert_cmpuint(ask(fixture, 1, 30, 31, NULL), ==, 200);

    g_assert_cmpuint(ask(fixture, 0, 31, 31, NULL), ==, 409);
    do_it(fixture, (Act){.kind = SETTLE, .a = ORIGIN, .decision = WITNESS_DROP});
    g_assert_cmpuint(ask(fixture, 1, 31, 32, NULL), ==, 404);
    watch(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, 30, NULL), ==, 409);
    g_assert_cmpuint(ask(fixture, 1, 31, 32, NULL), ==, 200);
}

static void test_learn(Fixture *fixture, gconstpointer data)
{
    watch(fixture);
    g_assert_cmpuint(ask(fixture, 0, 0, 30, NULL), ==, 200);
    g_autofree char *same = forked_log_checkpoint(&fixture->log, 0, 30);
    g_autofree char *larger = forked_log_checkpoint(&fixture->log, 1, 35);
    g_autofree char *other = forked_log_checkpoint(&fixture->log, 1, 30);
    g_autoptr(GError) error = NULL;
    const char *const harmless[] = {same, larger};
    for (guint i = 0; i < 2; i++) {
        Act act = {.kind = LEARN, .a = harmless[i], .fork = TRUE};
        g_assert_true(writer_run(fixture->writer, 0, apply_act, &act, &error));
        g_assert_false(act.fork);
    }
    fails(fixture, (Act){.kind = LEARN, .a = "no note"}, CONCERT_ERROR_INPUT);
    NoteSigner *genuine = fixture->log.signer;
    g_autoptr(NoteSigner) stranger = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    fixture->log.signer = stranger;
    g_autofree char *forged = forked_log_checkpoint(&fixture->log, 1, 30);
    fixture->log.signer = genuine;
    fails(fixture, (Act){.kind = LEARN, .a = forged}, CONCERT_ERROR_DENIED);
    expect_log(fixture, FALSE, 0, 30);

    for (guint i = 0; i < 2; i++) {
        Act act = {.kind = LEARN, .a = other};
        g_assert_true(writer_run(fixture->writer, 0, apply_act, &act, &error));
        g_assert_true(act.fork);
        expect_evidence(fixture, 30, 30, FALSE);
    }
    expect_log(fixture, TRUE, 0, 30);
}

static void test_report(Fixture *fixture, gconstpointer data)
{
    g_autofree char *first = forked_log_checkpoint(&fixture->log, 0, 30);
    g_autofree char *same = forked_log_checkpoint(&fixture->log, 1, 30);
    g_autofree char *honest = forked_log_checkpoint(&fixture->log, 0, 35);
    g_autofree char *larger = forked_log_checkpoint(&fixture->log, 1, 35);
    MerkleProof proofs[2];
    for (guint fork = 0; fork < 2; fork++)
        g_assert_true(merkle_prove_consistency(30, 35, forked_log_fetch, fixture->log.leaves[fork],
                                               &proofs[fork], NULL));
    fails(fixture, (Act){.kind = REPORT, .a = first, .b = same}, CONCERT_ERROR_NOT_FOUND);
    watch(fixture);
    const Act innocent[] = {
        {.kind = REPORT, .a = first, .b = first},
        {.kind = REPORT, .a = first, .b = larger},
        {.kind = REPORT, .a = first, .b = honest, .proof = &proofs[0]},
        {.kind = REPORT, .a = first, .b = honest, .proof = &proofs[1]}, /* a false accusation */
        {.kind = REPORT, .a = first, .b = larger, .proof = &proofs[0]},
    };
    for (guint i = 0; i < G_N_ELEMENTS(innocent); i++)
        fails(fixture, innocent[i], CONCERT_ERROR_INPUT);
    do_it(fixture, (Act){.kind = REPORT, .a = first, .b = larger, .proof = &proofs[1]});
    expect_evidence(fixture, 30, 35, TRUE);
    fails(fixture, (Act){.kind = REPORT, .a = first, .b = same}, CONCERT_ERROR_CONFLICT);
    g_assert_cmpuint(ask(fixture, 0, 0, 30, NULL), ==, 403);
}

/* --- as a log ----------------------------------------------------------------------------------
 */

static gboolean apply_append(StoreTx *tx, gpointer user, GError **error)
{
    static const guint8 nonce[LEDGER_NONCE_SIZE];
    static const guint8 entry[LEDGER_ENTRY_SIZE] = {1};
    guint64 index;
    for (guint i = 0; i < GPOINTER_TO_UINT(user); i++)
        if (!ledger_append(
                tx,
                &(LedgerEntry){.entry = entry, .nonce = nonce, .header = "{}", .header_length = 2},
                &index, error))
            return FALSE;
    return TRUE;
}

/* A witness of the own log, and a cosignature to be kept. */
typedef struct {
    NoteSigner *signer;
    char *name, *vkey;
    WitnessAsked asked;
    const char *checkpoint;
    char *line;
    const Quorum *policy;
} Peer;

static gboolean apply_answer(StoreTx *tx, gpointer user, GError **error)
{
    const Peer *peer = user;
    return witness_put_answer(tx, &peer->asked, peer->checkpoint, peer->line, peer->policy, error);
}

static void add_peer(Fixture *fixture, Peer *peer, guint number)
{
    *peer = (Peer){.name = g_strdup_printf("w%u.example", number)};
    peer->signer = note_signer_generate(peer->name, NOTE_COSIGNATURE, NULL);
    peer->vkey = note_verifier_format(note_signer_verifier(peer->signer));
    do_it(fixture, (Act){.kind = ADD, .a = peer->vkey, .b = "http://192.0.2.1/w//"});
    g_autoptr(GPtrArray) list = witness_asked(fixture->store, NULL);
    const WitnessAsked *asked = list->pdata[list->len - 1];
    g_assert_cmpstr(asked->name, ==, peer->name);
    g_assert_cmpstr(asked->url, ==, "http://192.0.2.1/w");
    peer->asked.number = asked->number;
}

static void peer_clear(Peer *peer)
{
    note_signer_free(peer->signer);
    g_free(peer->name);
    g_free(peer->vkey);
}

static char *newest(Fixture *fixture)
{
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->store, &state, NULL));
    return g_steal_pointer(&state.checkpoint);
}

static void put(Fixture *fixture, Peer *peer, const char *checkpoint, gint64 at,
                const Quorum *policy)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Note) note = note_parse(checkpoint, strlen(checkpoint), &error);
    peer->checkpoint = checkpoint;
    peer->policy = policy;
    peer->asked.asked = peer->asked.cosigned = at;
    g_autofree char *line =
        cosignature_line(note, peer->signer, (guint64)(at / G_USEC_PER_SEC), &error);
    peer->line = line;
    writer_run(fixture->writer, 0, apply_answer, peer, &error);
    g_assert_no_error(error);
    peer->line = NULL;
}

static guint count_lines(const char *note)
{
    guint count = 0;
    for (const char *at = note; (at = strstr(at, NOTE_LINE_PREFIX)); at++)
        count++;
    return count;
}

static void append(Fixture *fixture, guint count)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 0, apply_append, GUINT_TO_POINTER(count), &error);
    g_assert_no_error(error);
}

static void served(Fixture *fixture, const Quorum *policy, gint64 before, WitnessServed *ret_served)
{
    g_autoptr(GError) error = NULL;
    witness_served_clear(ret_served);
    witness_served_checkpoint(fixture->store, policy, before, ret_served, &error);
    g_assert_no_error(error);
}

static Quorum *policy_of(Fixture *fixture, const Peer *peers, const char *rest)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log = note_verifier_format(note_signer_verifier(fixture->own));
    g_autofree char *text = g_strdup_printf("log %s\nwitness C %s\nwitness B %s\n%s", log,
                                            peers[2].vkey, peers[1].vkey, rest);
    Quorum *quorum = quorum_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return quorum;
}

static void test_served(Fixture *fixture, gconstpointer data)
{
    g_auto(WitnessServed) now = {0};
    Peer peers[3];
    for (guint i = 0; i < 3; i++)
        add_peer(fixture, &peers[i], i);
    g_autoptr(Quorum) both = policy_of(fixture, peers, "group both all C B\nquorum both\n");
    served(fixture, both, 0, &now);
    g_assert_null(now.newest);
    g_assert_null(now.trusted);

    const gint64 hour = timestamp_now() / (60 * MINUTE) * 60 * MINUTE;
    append(fixture, 3);
    g_autofree char *three = newest(fixture);
    served(fixture, both, hour, &now);
    g_assert_cmpstr(now.newest, ==, three);
    g_assert_null(now.trusted);
    served(fixture, NULL, hour, &now);
    g_assert_cmpstr(now.trusted, ==, three);
    g_assert_null(now.earlier);

    /* Of three, cosigned by all and long ago; the policy's come first, in its order. */
    for (guint i = 0; i < 3; i++)
        put(fixture, &peers[i], three, hour - MINUTE, both);
    append(fixture, 2);
    g_autofree char *five = newest(fixture);
    put(fixture, &peers[1], five, hour + MINUTE, both);
    served(fixture, both, hour, &now);
    g_assert_true(g_str_has_prefix(now.newest, five));
    g_assert_cmpuint(now.newest_size, ==, 5);
    g_assert_cmpuint(count_lines(now.newest), ==, 2);
    g_assert_cmpuint(now.trusted_size, ==, 3);
    g_assert_cmpstr(now.trusted, ==, now.earlier);
    g_assert_true(g_str_has_prefix(now.trusted, three));
    const char *places[3];
    static const guint order[] = {2, 1, 0};
    for (guint i = 0; i < 3; i++)
        places[i] = strstr(now.trusted, peers[order[i]].name);
    g_assert_true(places[0] && places[1] && places[2]);
    g_assert_true(places[0] < places[1] && places[1] < places[2]);
    g_autoptr(Note) note = note_parse(now.trusted, strlen(now.trusted), NULL);
    g_autoptr(GError) error = NULL;
    quorum_verify(both, note, NULL, &error);
    g_assert_no_error(error);

    /* Met by the newest; what is older stays for the hour's sake, and that it was cosigned again
     * does not make it younger. */
    put(fixture, &peers[2], three, hour + 2 * MINUTE, both);
    put(fixture, &peers[2], five, hour + 2 * MINUTE, both);
    served(fixture, both, hour, &now);
    g_assert_cmpuint(now.trusted_size, ==, 5);
    g_assert_cmpuint(now.earlier_size, ==, 3);
    g_assert_cmpuint(count_lines(now.earlier), ==, 4);

    /* A witness that is removed takes its cosignatures along; the others stay. */
    do_it(fixture, (Act){.kind = REMOVE, .a = peers[2].name});
    fails(fixture, (Act){.kind = REMOVE, .a = peers[2].name}, CONCERT_ERROR_NOT_FOUND);
    put(fixture, &peers[2], five, hour + 3 * MINUTE, both); /* an answer that came too late */
    served(fixture, both, hour, &now);
    g_assert_null(now.trusted);
    g_assert_cmpuint(count_lines(now.newest), ==, 2);
    g_autofree char *dressed = witness_cosigned(fixture->store, three, both, &error);
    g_assert_cmpuint(count_lines(dressed), ==, 3);

    /* Cosignatures of another tree of that size are not put on. */
    const Checkpoint other = {.origin = (char *)OWN, .size = 3};
    g_autofree char *other_note = checkpoint_sign(&other, fixture->own, &error);
    g_autofree char *bare = witness_cosigned(fixture->store, other_note, both, &error);
    g_assert_cmpstr(bare, ==, other_note);
    for (guint i = 0; i < 3; i++)
        peer_clear(&peers[i]);
}

static void test_bounds(Fixture *fixture, gconstpointer data)
{
    g_auto(WitnessServed) now = {0};
    Peer peers[WITNESS_COSIGNATURES_MAX + 3];
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
        add_peer(fixture, &peers[i], i);
    fails(fixture, (Act){.kind = ADD, .a = peers[0].vkey, .b = "http://192.0.2.1"},
          CONCERT_ERROR_CONFLICT);
    g_autofree char *log = log_vkey(fixture);
    fails(fixture, (Act){.kind = ADD, .a = log, .b = "http://192.0.2.1"}, CONCERT_ERROR_INPUT);
    static const char *const urls[] = {
        "ftp://192.0.2.1",     "192.0.2.1",           "http://x y",         "",
        "http://192.0.2.1/?q", "http://192.0.2.1/#a", "http://192.0.2.1/\n"};
    g_autoptr(NoteSigner) more = note_signer_generate("more.example", NOTE_COSIGNATURE, NULL);
    g_autofree char *more_vkey = note_verifier_format(note_signer_verifier(more));
    for (guint i = 0; i < G_N_ELEMENTS(urls); i++)
        fails(fixture, (Act){.kind = ADD, .a = more_vkey, .b = urls[i]}, CONCERT_ERROR_INPUT);

    g_autoptr(Quorum) both = policy_of(fixture, peers, "group both all C B\nquorum both\n");
    append(fixture, 3);
    g_autofree char *three = newest(fixture);
    gint64 at = timestamp_now();
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
        put(fixture, &peers[i], three, at, both);
    served(fixture, both, at, &now);
    g_assert_cmpuint(count_lines(now.trusted), ==, 1 + WITNESS_COSIGNATURES_MAX);
    g_assert_nonnull(strstr(now.trusted, peers[1].name)); /* the policy's are among them */
    g_assert_nonnull(strstr(now.trusted, peers[2].name));

    /* A quorum that is met no more: what met it stays, of the rest only the newest. */
    for (guint i = 0; i < WITNESS_CHECKPOINTS_MAX + 5; i++) {
        append(fixture, 1);
        g_autofree char *checkpoint = newest(fixture);
        put(fixture, &peers[1], checkpoint, at, both);
        if (i == 0) {
            g_autofree char *dressed = witness_cosigned(fixture->store, checkpoint, both, NULL);
            g_assert_cmpuint(count_lines(dressed), ==, 2);
            g_free(g_steal_pointer(&three));
            three = g_steal_pointer(&checkpoint);
        }
    }
    served(fixture, both, at, &now);
    g_assert_cmpuint(now.trusted_size, ==, 3);
    g_assert_cmpuint(now.newest_size, ==, 3 + WITNESS_CHECKPOINTS_MAX + 5);
    g_autofree char *dressed = witness_cosigned(fixture->store, three, both, NULL);
    g_assert_cmpuint(count_lines(dressed), ==, 1);
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
        peer_clear(&peers[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/witness-store/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(watch);
    TEST(cosign);
    TEST(durable);
    TEST(junk);
    TEST(interval);
    TEST(fork);
    TEST(fork_larger);
    TEST(vow);
    TEST(learn);
    TEST(report);
    TEST(served);
    TEST(bounds);
    return g_test_run();
}
