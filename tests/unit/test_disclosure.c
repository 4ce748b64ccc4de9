#include "ledger/disclosure.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"

#define NODE     "cert.alder.example"
#define ORIGIN   NODE "/ledger"
#define BIRCH    "cert.birch.example"
#define JSON_MAX (4 * 1024 * 1024)
#define ENTRIES  3
#define TIME     1767323045000000 /* 2026-01-02T03:04:05.000000Z */

/* A log of three entries, of which each can be disclosed. Seeds and nonces are those of the
 * vectors in docs/protocol.md. */
typedef struct {
    NoteSigner *ledger[3]; /* seeds 1 to 3 */
    NoteSigner *recovery;  /* 7 */
    NoteSigner *witness;   /* 9, of another node */
    Quorum *quorum;        /* ledger[0] and the witness */
    Opening *openings[ENTRIES];
    MerkleHash leaves[ENTRIES];
} Scene;

static NoteSigner *make_signer(const char *name, NoteAlgorithm algorithm, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    g_autoptr(GError) error = NULL;
    memset(seed, byte, sizeof seed);
    NoteSigner *signer = note_signer_new(name, algorithm, seed, &error);
    g_assert_no_error(error);
    return signer;
}

static Quorum *make_quorum(const NoteSigner *log, const NoteSigner *witness)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *log_key = note_verifier_format(note_signer_verifier(log));
    g_autofree char *witness_key = note_verifier_format(note_signer_verifier(witness));
    g_autofree char *policy =
        g_strdup_printf("log %s\nwitness birch %s\nquorum birch\n", log_key, witness_key);
    Quorum *quorum = quorum_parse(policy, strlen(policy), &error);
    g_assert_no_error(error);
    return quorum;
}

static Opening *make_opening(guint index)
{
    g_autoptr(GBytes) first = g_bytes_new_static("hello\n", 6);
    g_autoptr(GBytes) second = g_bytes_new_static("{\"a\":1}", 7);
    const OpeningItemSpec items[] = {{first, "text/plain"}, {second, "application/json"}};
    static const char *const audience[] = {BIRCH "/ledger", NULL};
    g_autoptr(GError) error = NULL;
    guint8 nonces[3 * OPENING_NONCE_SIZE];
    for (guint i = 0; i < sizeof nonces; i++)
        nonces[i] = (guint8)(100 * index + i);
    const OpeningSpec spec = {.origin = ORIGIN,
                              .kind = "statement",
                              .time_us = TIME,
                              .audience = audience,
                              .items = items,
                              .n_items = index == 1 ? 2 : 0};
    Opening *opening = opening_build(&spec, nonces, &error);
    g_assert_no_error(error);
    return opening;
}

static void scene_init(Scene *scene)
{
    for (guint i = 0; i < G_N_ELEMENTS(scene->ledger); i++)
        scene->ledger[i] = make_signer(ORIGIN, NOTE_ED25519, (guint8)(1 + i));
    scene->recovery = make_signer(NODE "/recovery", NOTE_ED25519, 7);
    scene->witness = make_signer(BIRCH "/witness", NOTE_COSIGNATURE, 9);
    scene->quorum = make_quorum(scene->ledger[0], scene->witness);
    for (guint i = 0; i < ENTRIES; i++) {
        scene->openings[i] = make_opening(i);
        merkle_leaf_hash(opening_entry(scene->openings[i]), OPENING_ENTRY_SIZE, &scene->leaves[i]);
    }
}

static void scene_clear(Scene *scene)
{
    for (guint i = 0; i < G_N_ELEMENTS(scene->ledger); i++)
        note_signer_free(scene->ledger[i]);
    note_signer_free(scene->recovery);
    note_signer_free(scene->witness);
    quorum_free(scene->quorum);
    for (guint i = 0; i < ENTRIES; i++)
        opening_free(scene->openings[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

static gboolean fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                      GError **error)
{
    const Scene *scene = user_data;
    MerkleFrontier frontier;
    merkle_frontier_init(&frontier);
    g_assert_true(merkle_frontier_extend(&frontier, &scene->leaves[index << level], 1u << level,
                                         NULL, NULL, NULL));
    merkle_frontier_root(&frontier, ret_hash);
    return TRUE;
}

/* The proof of entry @index, with a checkpoint by @signer that the witness cosigned or not. */
static char *make_proof(const Scene *scene, guint64 index, const NoteSigner *signer,
                        gboolean is_cosigned)
{
    static char origin[] = ORIGIN;
    Checkpoint checkpoint = {.origin = origin, .size = ENTRIES};
    MerkleFrontier frontier;
    MerkleProof path;
    g_autoptr(GError) error = NULL;
    merkle_frontier_init(&frontier);
    merkle_frontier_extend(&frontier, scene->leaves, ENTRIES, NULL, NULL, &error);
    merkle_frontier_root(&frontier, &checkpoint.root);
    merkle_prove_inclusion(index, ENTRIES, fetch, (gpointer)scene, &path, &error);
    g_autofree char *text = checkpoint_sign(&checkpoint, signer, &error);
    g_assert_no_error(error);
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    if (is_cosigned) {
        g_autofree char *line =
            cosignature_line(note, scene->witness, TIME / G_USEC_PER_SEC + 1, &error);
        g_autofree char *cosigned = note_append(note, line, &error);
        note_free(g_steal_pointer(&note));
        note = note_parse(cosigned, strlen(cosigned), &error);
    }
    char *proof = proof_format(index, &path, note, NULL, &error);
    g_assert_no_error(error);
    return proof;
}

static char *make(const Scene *scene, const Opening *opening, guint64 index,
                  const NoteSigner *signer, const char *const *changes, guint n_changes)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *proof = make_proof(scene, index, signer, TRUE);
    char *text = disclosure_format(opening, proof, changes, n_changes, &error);
    g_assert_no_error(error);
    return text;
}

static Disclosure *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Disclosure *disclosure = disclosure_parse(text, strlen(text), JSON_MAX, &error);
    g_assert_no_error(error);
    return disclosure;
}

static DisclosureTrust trust_key(const Scene *scene)
{
    return (DisclosureTrust){.ledger = note_signer_verifier(scene->ledger[0]),
                             .recovery = note_signer_verifier(scene->recovery)};
}

static void assert_fails(const Disclosure *disclosure, const DisclosureTrust *trust,
                         ConcertError code, const char *about)
{
    g_autoptr(GError) error = NULL;
    DisclosureResult result = {.index = 77};
    g_assert_false(disclosure_verify(disclosure, trust, &result, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    g_assert_cmpuint(result.index, ==, 77);
    if (!strstr(error->message, about))
        g_error("\"%s\" says nothing of \"%s\"", error->message, about);
}

static void test_vector(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autoptr(Opening) opening = opening_withhold(scene.openings[1], 0, NULL);
    g_autofree char *text = make(&scene, opening, 1, scene.ledger[0], NULL, 0);
    g_autofree char *line = g_strconcat("\n", text, NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *document = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &document, NULL, &error);
    g_assert_no_error(error);
    if (!strstr(document, line))
        g_error("docs/protocol.md has no line %s", text);
}

static void test_verify(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    for (guint index = 0; index < ENTRIES; index++) {
        g_autofree char *text =
            make(&scene, scene.openings[index], index, scene.ledger[0], NULL, 0);
        g_autoptr(Disclosure) disclosure = parse(text);
        const DisclosureTrust trusts[] = {
            trust_key(&scene),
            {.quorum = scene.quorum},
            {.quorum = scene.quorum, .ledger = note_signer_verifier(scene.ledger[0])},
        };
        for (guint i = 0; i < G_N_ELEMENTS(trusts); i++) {
            g_autoptr(GError) error = NULL;
            DisclosureResult result;
            disclosure_verify(disclosure, &trusts[i], &result, &error);
            g_assert_no_error(error);
            g_assert_cmpstr(result.origin, ==, ORIGIN);
            g_assert_cmpuint(result.index, ==, index);
            g_assert_cmpuint(result.size, ==, ENTRIES);
            g_assert_cmphex(result.key_id, ==, note_signer_verifier(scene.ledger[0])->id);
            g_assert_cmpuint(result.n_cosigned, ==, i == 0 ? 0 : 1);
            g_assert_false(result.is_erased);
            g_assert_cmpstr(result.kind, ==, "statement");
            g_assert_cmpint(result.time_us, ==, TIME);
            g_assert_false(result.is_public);
            g_assert_cmpuint(result.n_items, ==, index == 1 ? 2 : 0);
            g_assert_cmpuint(result.n_present, ==, result.n_items);
        }
        const DisclosureTrust nobody = {.recovery = note_signer_verifier(scene.recovery)};
        assert_fails(disclosure, &nobody, CONCERT_ERROR_INPUT, "neither");
    }
}

static void test_partial(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    opening_erase_item(scene.openings[1], 0);
    const Opening *const erased = scene.openings[1];
    g_autoptr(Opening) neither = opening_withhold(erased, OPENING_NO_ITEM, NULL);
    g_autoptr(Opening) gone = opening_new_erased(opening_entry(erased));
    const struct {
        const Opening *opening;
        guint n_present, n_withheld, n_erased;
    } cases[] = {{erased, 1, 0, 1}, {neither, 0, 1, 1}, {gone, 0, 0, 0}};
    const DisclosureTrust trust = trust_key(&scene);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = make(&scene, cases[i].opening, 1, scene.ledger[0], NULL, 0);
        g_autoptr(Disclosure) disclosure = parse(text);
        DisclosureResult result;
        disclosure_verify(disclosure, &trust, &result, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(result.n_present, ==, cases[i].n_present);
        g_assert_cmpuint(result.n_withheld, ==, cases[i].n_withheld);
        g_assert_cmpuint(result.n_erased, ==, cases[i].n_erased);
        g_assert_cmpint(result.is_erased, ==, i == 2);
        g_assert_cmpint(result.kind == NULL, ==, i == 2);
        g_assert_cmpuint(result.index, ==, 1);
    }
}

/* Who trusts an old key follows; who trusts only the new one does not believe the old. */
static void test_changes(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autofree char *rotated = keychange_rotate(ORIGIN, scene.ledger[0], scene.ledger[1], 1, NULL);
    g_autofree char *recovered = keychange_recover(ORIGIN, note_signer_verifier(scene.ledger[1]),
                                                   scene.recovery, scene.ledger[2], 2, NULL);
    const char *const changes[] = {rotated, recovered};
    DisclosureTrust trust = trust_key(&scene);
    const Opening *opening = scene.openings[0];
    g_autofree char *text = make(&scene, opening, 0, scene.ledger[2], changes, 2);
    g_autoptr(Disclosure) good = parse(text);
    g_autoptr(GError) error = NULL;
    DisclosureResult result;
    g_assert_true(disclosure_verify(good, &trust, &result, &error));
    g_assert_cmphex(result.key_id, ==, note_signer_verifier(scene.ledger[2])->id);
    DisclosureTrust policy = {.quorum = scene.quorum, .recovery = trust.recovery};
    g_assert_true(disclosure_verify(good, &policy, &result, &error));
    policy.recovery = NULL;
    assert_fails(good, &policy, CONCERT_ERROR_DENIED, "key change 1: ");
    trust.ledger = note_signer_verifier(scene.ledger[2]);
    g_assert_true(disclosure_verify(good, &trust, &result, &error));
    trust = trust_key(&scene);

    g_autofree char *none_text = make(&scene, opening, 0, scene.ledger[2], NULL, 0);
    g_autoptr(Disclosure) none = parse(none_text);
    assert_fails(none, &trust, CONCERT_ERROR_DENIED, "checkpoint: ");
    g_autofree char *half_text = make(&scene, opening, 0, scene.ledger[2], &changes[1], 1);
    g_autoptr(Disclosure) half = parse(half_text);
    assert_fails(half, &trust, CONCERT_ERROR_DENIED, "key change 0: it leads from");
    g_autofree char *void_text = make(&scene, opening, 0, scene.ledger[1], changes, 2);
    g_autoptr(Disclosure) voided = parse(void_text);
    assert_fails(voided, &trust, CONCERT_ERROR_DENIED, "a recovery voided it");
}

static void test_distrust(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autofree char *text = make(&scene, scene.openings[1], 1, scene.ledger[0], NULL, 0);
    g_autoptr(Disclosure) disclosure = parse(text);
    DisclosureTrust trust = {.ledger = note_signer_verifier(scene.ledger[1])};
    assert_fails(disclosure, &trust, CONCERT_ERROR_DENIED, "checkpoint: ");

    g_autoptr(NoteSigner) other_log = make_signer(BIRCH "/ledger", NOTE_ED25519, 10);
    g_autoptr(Quorum) other = make_quorum(other_log, scene.witness);
    trust = (DisclosureTrust){.quorum = other};
    assert_fails(disclosure, &trust, CONCERT_ERROR_DENIED, "the policy has no log");
    trust = (DisclosureTrust){.ledger = note_signer_verifier(other_log)};
    assert_fails(disclosure, &trust, CONCERT_ERROR_DENIED, "the checkpoint is of the log");

    g_autoptr(NoteSigner) other_witness = make_signer(BIRCH "/witness", NOTE_COSIGNATURE, 10);
    g_autoptr(Quorum) strict = make_quorum(scene.ledger[0], other_witness);
    trust = (DisclosureTrust){.quorum = strict};
    assert_fails(disclosure, &trust, CONCERT_ERROR_NOT_FOUND, "lacks cosignatures");
    trust.ledger = note_signer_verifier(scene.ledger[0]);
    assert_fails(disclosure, &trust, CONCERT_ERROR_NOT_FOUND, "lacks cosignatures");
    trust =
        (DisclosureTrust){.quorum = scene.quorum, .ledger = note_signer_verifier(scene.ledger[1])};
    assert_fails(disclosure, &trust, CONCERT_ERROR_DENIED, "checkpoint: ");
}

/* The right opening of another entry, and one that names another log. */
static void test_elsewhere(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    const DisclosureTrust trust = trust_key(&scene);
    g_autofree char *text = make(&scene, scene.openings[2], 1, scene.ledger[0], NULL, 0);
    g_autoptr(Disclosure) disclosure = parse(text);
    assert_fails(disclosure, &trust, CONCERT_ERROR_INPUT, "proof: ");

    const OpeningSpec spec = {
        .origin = BIRCH "/ledger", .kind = "statement", .time_us = TIME, .is_public = TRUE};
    opening_free(scene.openings[0]);
    scene.openings[0] = opening_build(&spec, NULL, NULL);
    merkle_leaf_hash(opening_entry(scene.openings[0]), OPENING_ENTRY_SIZE, &scene.leaves[0]);
    g_autofree char *foreign_text = make(&scene, scene.openings[0], 0, scene.ledger[0], NULL, 0);
    g_autoptr(Disclosure) foreign = parse(foreign_text);
    assert_fails(foreign, &trust, CONCERT_ERROR_INPUT, "opening: the header is of the log");
}

static void test_refused_json(void)
{
    static const struct {
        const char *find, *put;
        ConcertError code;
        const char *about;
    } edits[] = {
        {"disclosure/v1", "disclosure/v2", CONCERT_ERROR_NEWER, "later version"},
        {"disclosure/v1", "disclosed/v1", CONCERT_ERROR_INPUT, "not a disclosure"},
        {"{\"concert\":\"dis", "[{\"concert\":\"dis", CONCERT_ERROR_INPUT, "byte "},
        {"\"opening\":{", "\"openin\":{", CONCERT_ERROR_INPUT, "opening: "},
        {"opening/v1", "opening/v9", CONCERT_ERROR_NEWER, "opening: "},
        {"\"proof\":\"", "\"proof\":\" ", CONCERT_ERROR_INPUT, "proof: "},
        {"\"proof\":\"", "\"roof\":\"", CONCERT_ERROR_INPUT, "\"proof\""},
        {"\"changes\":[", "\"changes\":[1", CONCERT_ERROR_INPUT, "key change 0: "},
        {"\"changes\":[", "\"changes\":[\"x\"", CONCERT_ERROR_INPUT, "key change 0: "},
        {"\"changes\":[", "\"changes\":1,\"x\":[", CONCERT_ERROR_INPUT, "\"changes\""},
        {"{\"concert\":\"dis", "{\"proof\":1,\"concert\":\"dis", CONCERT_ERROR_INPUT, "duplicate"},
    };
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autofree char *text = make(&scene, scene.openings[1], 1, scene.ledger[0], NULL, 0);
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++) {
        const char *at = strstr(text, edits[i].find);
        g_assert_nonnull(at);
        g_autofree char *edited = g_strdup_printf("%.*s%s%s", (int)(at - text), text, edits[i].put,
                                                  at + strlen(edits[i].find));
        g_autoptr(GError) error = NULL;
        g_assert_null(disclosure_parse(edited, strlen(edited), JSON_MAX, &error));
        g_assert_error(error, CONCERT_ERROR, (gint)edits[i].code);
        if (!strstr(error->message, edits[i].about))
            g_error("\"%s\" says nothing of %s", error->message, edits[i].about);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(disclosure_parse(text, strlen(text), strlen(text) - 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_null(disclosure_format(scene.openings[1], "no proof", NULL, 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* One bit anywhere in what says something: refused. */
static void test_any_bit(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autofree char *rotated = keychange_rotate(ORIGIN, scene.ledger[0], scene.ledger[1], 1, NULL);
    const char *const changes[] = {rotated};
    g_autofree char *text = make(&scene, scene.openings[1], 1, scene.ledger[1], changes, 1);
    const gsize length = strlen(text) - strlen("\n");
    const DisclosureTrust trust = {.quorum = scene.quorum,
                                   .ledger = note_signer_verifier(scene.ledger[0])};
    g_autoptr(Disclosure) good = parse(text);
    g_assert_true(disclosure_verify(good, &trust, NULL, NULL));
    for (gsize bit = 0; bit < length * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        g_autoptr(Disclosure) disclosure = disclosure_parse(text, length, JSON_MAX, NULL);
        if (disclosure && disclosure_verify(disclosure, &trust, NULL, NULL))
            g_error("bit %" G_GSIZE_FORMAT " makes no difference: %s", bit, text);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disclosure/vector", test_vector);
    g_test_add_func("/disclosure/verify", test_verify);
    g_test_add_func("/disclosure/partial", test_partial);
    g_test_add_func("/disclosure/changes", test_changes);
    g_test_add_func("/disclosure/distrust", test_distrust);
    g_test_add_func("/disclosure/elsewhere", test_elsewhere);
    g_test_add_func("/disclosure/refused-json", test_refused_json);
    g_test_add_func("/disclosure/any-bit", test_any_bit);
    return g_test_run();
}
