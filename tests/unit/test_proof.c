#include "ledger/proof.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"

#define ORIGIN "alder.example/ledger"
#define LEAVES 11

typedef struct {
    NoteSigner *log;
    NoteSigner *witness;
    Quorum *quorum;
    MerkleHash leaves[LEAVES];
    Note *note; /* the checkpoint of them all, cosigned */
} Scene;

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

static void scene_init(Scene *scene)
{
    static char origin[] = ORIGIN;
    Checkpoint checkpoint = {.origin = origin, .size = LEAVES};
    MerkleFrontier frontier;
    g_autoptr(GError) error = NULL;
    scene->log = note_signer_generate(ORIGIN, NOTE_ED25519, &error);
    scene->witness = note_signer_generate("birch.example", NOTE_COSIGNATURE, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < LEAVES; i++)
        merkle_leaf_hash(&i, sizeof i, &scene->leaves[i]);
    merkle_frontier_init(&frontier);
    merkle_frontier_extend(&frontier, scene->leaves, LEAVES, NULL, NULL, &error);
    merkle_frontier_root(&frontier, &checkpoint.root);
    g_autofree char *text = checkpoint_sign(&checkpoint, scene->log, &error);
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    g_autofree char *line = cosignature_line(note, scene->witness, 1700000000, &error);
    g_autofree char *cosigned = note_append(note, line, &error);
    scene->note = note_parse(cosigned, strlen(cosigned), &error);
    g_autofree char *log_key = note_verifier_format(note_signer_verifier(scene->log));
    g_autofree char *witness_key = note_verifier_format(note_signer_verifier(scene->witness));
    g_autofree char *policy =
        g_strdup_printf("log %s\nwitness birch %s\nquorum birch\n", log_key, witness_key);
    scene->quorum = quorum_parse(policy, strlen(policy), &error);
    g_assert_no_error(error);
}

static void scene_clear(Scene *scene)
{
    note_signer_free(scene->log);
    note_signer_free(scene->witness);
    quorum_free(scene->quorum);
    note_free(scene->note);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

static char *make(const Scene *scene, guint64 index, GBytes *extra)
{
    MerkleProof path;
    g_autoptr(GError) error = NULL;
    g_assert_true(merkle_prove_inclusion(index, LEAVES, fetch, (gpointer)scene, &path, &error));
    char *text = proof_format(index, &path, scene->note, extra, &error);
    g_assert_no_error(error);
    return text;
}

static void test_round_trip(void)
{
    g_auto(Scene) scene;
    g_autoptr(GBytes) extra = g_bytes_new_static("\0\1\2", 3);
    scene_init(&scene);
    for (guint64 index = 0; index < LEAVES; index++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = make(&scene, index, index % 2 ? extra : NULL);
        g_autoptr(Proof) proof = proof_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        g_assert_cmpuint(proof->index, ==, index);
        g_assert_cmpmem(proof->note->bytes, proof->note->length, scene.note->bytes,
                        scene.note->length);
        g_assert_cmpint(proof->extra != NULL, ==, index % 2);
        if (proof->extra)
            g_assert_true(g_bytes_equal(proof->extra, extra));
        g_autofree char *again =
            proof_format(proof->index, &proof->path, proof->note, proof->extra, &error);
        g_assert_cmpstr(again, ==, text);

        g_assert_true(proof_verify(proof, &scene.leaves[index], scene.quorum, &error));
        g_assert_false(
            proof_verify(proof, &scene.leaves[(index + 1) % LEAVES], scene.quorum, NULL));
        proof->index = (index + 1) % (LEAVES + 1);
        g_assert_false(proof_verify(proof, &scene.leaves[index], scene.quorum, NULL));
    }
}

static void test_any_byte(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autofree char *text = make(&scene, 4, NULL);
    const gsize length = strlen(text);
    for (gsize bit = 0; bit < length * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        g_autoptr(Proof) proof = proof_parse(text, length, NULL);
        g_assert_false(proof && proof_verify(proof, &scene.leaves[4], scene.quorum, NULL));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
}

static void test_policy(void)
{
    g_auto(Scene) scene;
    g_auto(Scene) other;
    scene_init(&scene);
    scene_init(&other);
    g_autofree char *text = make(&scene, 4, NULL);
    g_autoptr(Proof) proof = proof_parse(text, strlen(text), NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(proof_verify(proof, &scene.leaves[4], scene.quorum, &error));
    g_assert_false(proof_verify(proof, &scene.leaves[4], other.quorum, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

#define START "c2sp.org/tlog-proof@v1\n"
#define HASH  "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
#define END                                                                                        \
    "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n"               \
    "— example.com/fancylog hI2DJwAA\n"

static void test_parse(void)
{
    static const char *const good[] = {
        START "index 0\n\n" END,
        START "index 73894\n" HASH HASH "\n" END,
        START "extra YWdl\nindex 73894\n" HASH "\n" END,
    };
    static const char *const wrong[] = {
        "",
        START,
        START "\n" END,
        START "index 1\n" END,
        START "index 1\n\n",
        START "index 1\n" HASH END,
        START "index 01\n\n" END,
        START "index -1\n\n" END,
        START "index  1\n\n" END,
        START "index 1 \n\n" END,
        START "index 9223372036854775808\n\n" END,
        START "Index 1\n\n" END,
        START "index 1\n\n\n" END,
        START "index 1\nAAAA\n\n" END,
        START "index 1\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcd\xaflQ=\n\n" END,
        START "index 1\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcd\xablQ=\n\n" END,
        START "extra \nindex 1\n\n" END,
        START "extra YWd\nindex 1\n\n" END,
        START "extra YWdl\n" END,
        START "extra YWdl\nextra YWdl\nindex 1\n\n" END,
        START "index 1\nextra YWdl\n\n" END,
        "c2sp.org/tlog-proof@v2\nindex 1\n\n" END,
        "c2sp.org/tlog-proof@v1 \nindex 1\n\n" END,
        "\n" START "index 1\n\n" END,
        START "index 1\n\nno checkpoint\n\n— example.com/fancylog hI2DJwAA\n",
        START "index 1\n\nexample.com/fancylog\n1\n" HASH,
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Proof) proof = proof_parse(good[i], strlen(good[i]), &error);
        g_assert_no_error(error);
        g_assert_cmpuint(proof->path.count, ==, i == 0 ? 0 : 3 - i);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(proof_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static void test_bounds(void)
{
    for (guint count = MERKLE_PROOF_MAX; count <= MERKLE_PROOF_MAX + 1; count++) {
        g_autoptr(GString) text = g_string_new(START "index 1\n");
        for (guint i = 0; i < count; i++)
            g_string_append(text, HASH);
        g_string_append(text, "\n" END);
        g_autoptr(Proof) proof = proof_parse(text->str, text->len, NULL);
        g_assert_cmpint(proof != NULL, ==, count == MERKLE_PROOF_MAX);
    }
    g_auto(Scene) scene;
    scene_init(&scene);
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *zeros = g_malloc0(PROOF_EXTRA_MAX + 1);
    g_autoptr(GBytes) most = g_bytes_new_static(zeros, PROOF_EXTRA_MAX);
    g_autoptr(GBytes) more = g_bytes_new_static(zeros, PROOF_EXTRA_MAX + 1);
    const MerkleProof none = {0};
    g_autofree char *text G_GNUC_UNUSED = proof_format(1, &none, scene.note, most, &error);
    g_assert_no_error(error);
    g_assert_null(proof_format(1, &none, scene.note, more, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proof/round-trip", test_round_trip);
    g_test_add_func("/proof/any-byte", test_any_byte);
    g_test_add_func("/proof/policy", test_policy);
    g_test_add_func("/proof/parse", test_parse);
    g_test_add_func("/proof/bounds", test_bounds);
    return g_test_run();
}
