#include "ledger/witness.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"

#define ORIGIN "alder.example/ledger"
#define LEAVES 40
#define TIME   1700000000

/* A log with its key, and what it says at each size. */
typedef struct {
    NoteSigner *signer;
    MerkleHash leaves[LEAVES];
    MerkleHash roots[LEAVES + 1];
} Log;

static MerkleHash range(const MerkleHash *leaves, guint64 n)
{
    MerkleFrontier frontier;
    MerkleHash root;
    merkle_frontier_init(&frontier);
    g_assert_true(merkle_frontier_extend(&frontier, leaves, n, NULL, NULL, NULL));
    merkle_frontier_root(&frontier, &root);
    return root;
}

static gboolean fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                      GError **error)
{
    const Log *log = user_data;
    *ret_hash = range(&log->leaves[index << level], G_GUINT64_CONSTANT(1) << level);
    return TRUE;
}

static void log_init(Log *log, guint8 salt)
{
    const guint8 seed[NOTE_SEED_SIZE] = {42};
    log->signer = note_signer_new(ORIGIN, NOTE_ED25519, seed, NULL);
    for (guint i = 0; i < LEAVES; i++) {
        const guint8 entry[2] = {i > 20 ? salt : 0, (guint8)i};
        merkle_leaf_hash(entry, sizeof entry, &log->leaves[i]);
    }
    for (guint i = 0; i <= LEAVES; i++)
        log->roots[i] = range(log->leaves, i);
}

static void log_clear(Log *log)
{
    note_signer_free(log->signer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Log, log_clear)

static Note *checkpoint(const Log *log, guint64 size)
{
    static char origin[] = ORIGIN;
    const Checkpoint unsigned_one = {.origin = origin, .size = size, .root = log->roots[size]};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = checkpoint_sign(&unsigned_one, log->signer, &error);
    g_assert_no_error(error);
    Note *note = note_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return note;
}

/* What the log asks for, through its text. */
static WitnessRequest *request(const Log *log, guint64 old_size, guint64 size)
{
    g_autoptr(Note) note = checkpoint(log, size);
    g_autoptr(GError) error = NULL;
    MerkleProof proof = {0};
    if (old_size <= size)
        g_assert_true(
            merkle_prove_consistency(old_size, size, fetch, (gpointer)log, &proof, &error));
    g_autofree char *body = witness_request_format(old_size, &proof, note, &error);
    g_assert_no_error(error);
    WitnessRequest *parsed = witness_request_parse(body, strlen(body), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(parsed->old_size, ==, old_size);
    g_assert_cmpuint(parsed->proof.count, ==, proof.count);
    g_assert_cmpuint(parsed->checkpoint.size, ==, size);
    return parsed;
}

static void decide(const Log *log, const WitnessState *state, guint64 old_size, guint64 size,
                   WitnessAnswer *ret_answer)
{
    g_autoptr(WitnessRequest) asked = request(log, old_size, size);
    const NoteVerifier *key = note_signer_verifier(log->signer);
    witness_decide(asked, state, &key, 1, ret_answer);
}

static void test_first(void)
{
    g_auto(Log) log;
    const WitnessState none = {0};
    log_init(&log, 0);
    for (guint size = 0; size <= LEAVES; size += 13) {
        g_auto(WitnessAnswer) answer = {0};
        decide(&log, &none, 0, size, &answer);
        g_assert_cmpint(answer.status, ==, WITNESS_COSIGN);
        g_assert_true(answer.is_new && answer.next.is_known && !answer.is_fork);
        g_assert_cmpuint(answer.next.size, ==, size);
        g_assert_true(merkle_hash_equal(&answer.next.root, &log.roots[size]));
        g_assert_null(answer.body);
    }
    /* Who has seen nothing knows of no size but 0. */
    g_auto(WitnessAnswer) answer = {0};
    decide(&log, &none, 13, 26, &answer);
    g_assert_cmpint(answer.status, ==, WITNESS_CONFLICT);
    g_assert_cmpstr(answer.body, ==, "0\n");
    g_assert_cmpstr(answer.content_type, ==, "text/x.tlog.size");
    g_assert_false(answer.is_new || answer.next.is_known);
}

static void test_grow(void)
{
    g_auto(Log) log;
    log_init(&log, 0);
    for (guint old = 1; old <= LEAVES; old++) {
        for (guint size = old; size <= LEAVES; size += 1 + size / 4) {
            const WitnessState state = {TRUE, old, log.roots[old]};
            g_auto(WitnessAnswer) answer = {0};
            decide(&log, &state, old, size, &answer);
            g_assert_cmpint(answer.status, ==, WITNESS_COSIGN);
            g_assert_cmpint(answer.is_new, ==, size > old);
            g_assert_cmpuint(answer.next.size, ==, size);
        }
    }
}

static void test_conflict(void)
{
    g_auto(Log) log;
    log_init(&log, 0);
    const WitnessState state = {TRUE, 30, log.roots[30]};
    static const guint64 olds[] = {0, 10, 29, 31};
    for (guint i = 0; i < G_N_ELEMENTS(olds); i++) {
        g_auto(WitnessAnswer) answer = {0};
        decide(&log, &state, olds[i], 35, &answer);
        g_assert_cmpint(answer.status, ==, WITNESS_CONFLICT);
        g_assert_cmpstr(answer.content_type, ==, WITNESS_SIZE_TYPE);
        g_assert_cmpstr(answer.body, ==, "30\n");
        g_assert_false(answer.is_new || answer.is_fork);
        g_assert_cmpuint(answer.next.size, ==, 30);
        guint64 size = 0;
        g_assert_true(witness_read_size(answer.body, strlen(answer.body), &size));
        g_assert_cmpuint(size, ==, 30);
    }
    g_auto(WitnessAnswer) older = {0}, above = {0};
    decide(&log, &state, 20, 25, &older); /* a checkpoint of the past */
    g_assert_cmpint(older.status, ==, WITNESS_CONFLICT);
    g_assert_cmpstr(older.body, ==, "30\n");
    decide(&log, &state, 30, 25, &above);
    g_assert_cmpint(above.status, ==, WITNESS_MALFORMED);
    g_assert_false(above.is_new);
}

static void test_fork(void)
{
    g_auto(Log) log;
    g_auto(Log) other;
    log_init(&log, 1);
    log_init(&other, 2); /* the same up to 21 leaves */
    const WitnessState state = {TRUE, 30, log.roots[30]};

    g_auto(WitnessAnswer) same = {0}, stale = {0}, later = {0};
    decide(&other, &state, 30, 30, &same);
    g_assert_cmpint(same.status, ==, WITNESS_CONFLICT);
    g_assert_cmpstr(same.content_type, ==, WITNESS_TEXT_TYPE);
    g_assert_true(same.is_fork);
    g_assert_false(same.is_new);
    /* Also when the request would not have been cosigned anyway. */
    decide(&other, &state, 20, 30, &stale);
    g_assert_cmpint(stale.status, ==, WITNESS_CONFLICT);
    g_assert_cmpstr(stale.body, ==, "30\n");
    g_assert_true(stale.is_fork);
    decide(&other, &state, 30, 35, &later);
    g_assert_cmpint(later.status, ==, WITNESS_INCONSISTENT);
    g_assert_false(later.is_new);
    g_assert_cmpuint(later.next.size, ==, 30);
    g_assert_true(later.is_fork); /* its own proof says so */

    /* Which a proof from 2^k leaves, that leaves the old root out, cannot. */
    const WitnessState power = {TRUE, 32, log.roots[32]};
    g_auto(WitnessAnswer) silent = {0};
    decide(&other, &power, 32, 35, &silent);
    g_assert_cmpint(silent.status, ==, WITNESS_INCONSISTENT);
    g_assert_false(silent.is_fork);
}

static void test_wrong_proof(void)
{
    g_auto(Log) log;
    log_init(&log, 0);
    const NoteVerifier *key = note_signer_verifier(log.signer);
    static const struct {
        guint64 stored, size;
    } cases[] = {{0, 35}, {30, 35}, {32, 35}, {35, 35}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const WitnessState state = {TRUE, cases[i].stored, log.roots[cases[i].stored]};
        g_autoptr(WitnessRequest) asked = request(&log, cases[i].stored, cases[i].size);
        g_auto(WitnessAnswer) longer = {0}, changed = {0};
        asked->proof.hashes[asked->proof.count++] = log.roots[1];
        witness_decide(asked, &state, &key, 1, &longer);
        g_assert_cmpint(longer.status, ==, WITNESS_INCONSISTENT);
        g_assert_false(longer.is_new || longer.is_fork); /* anyone could have sent that */
        asked->proof.count--;
        if (asked->proof.count == 0)
            continue;
        asked->proof.hashes[0].bytes[0] ^= 1;
        witness_decide(asked, &state, &key, 1, &changed);
        g_assert_cmpint(changed.status, ==, WITNESS_INCONSISTENT);
        g_assert_false(changed.is_fork);
    }
}

static void test_strangers(void)
{
    g_auto(Log) log;
    log_init(&log, 0);
    const WitnessState none = {0};
    g_autoptr(WitnessRequest) asked = request(&log, 0, 5);
    g_autoptr(NoteSigner) stranger = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    const NoteVerifier *key = note_signer_verifier(stranger);
    g_auto(WitnessAnswer) unknown = {0}, unsigned_one = {0};
    witness_decide(asked, &none, NULL, 0, &unknown);
    g_assert_cmpint(unknown.status, ==, WITNESS_UNKNOWN_LOG);
    witness_decide(asked, &none, &key, 1, &unsigned_one);
    g_assert_cmpint(unsigned_one.status, ==, WITNESS_FORBIDDEN);
    g_assert_false(unknown.is_new || unsigned_one.is_new);
}

static void test_cosign(void)
{
    g_auto(Log) log;
    log_init(&log, 0);
    const WitnessState none = {0};
    const NoteVerifier *key = note_signer_verifier(log.signer);
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) birch = note_signer_generate("birch.example", NOTE_COSIGNATURE, NULL);
    g_autoptr(NoteSigner) cedar = note_signer_generate("cedar.example", NOTE_COSIGNATURE, NULL);
    g_autoptr(WitnessRequest) asked = request(&log, 0, 5);
    g_auto(WitnessAnswer) answer = {0};
    witness_decide(asked, &none, &key, 1, &answer);
    g_assert_true(witness_cosign(&answer, asked, birch, TIME, &error));
    g_assert_true(witness_cosign(&answer, asked, cedar, TIME + 1, &error));
    g_assert_false(witness_cosign(&answer, asked, log.signer, TIME, NULL));

    /* The log takes those lines of which it knows the key. */
    const NoteVerifier *known[] = {note_signer_verifier(birch)};
    g_autofree char *lines =
        witness_read_cosignatures(answer.body, strlen(answer.body), asked->note, known, 1, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(answer.body, lines));
    g_autofree char *cosigned = note_append(asked->note, lines, &error);
    g_autoptr(Note) note = note_parse(cosigned, strlen(cosigned), &error);
    guint64 time_s = 0;
    g_assert_true(cosignature_verify(note, known[0], &time_s, &error));
    g_assert_cmpuint(time_s, ==, TIME);
    g_assert_cmpuint(note->n_signatures, ==, 2);

    /* Lines for another checkpoint, of strangers, or that are none. */
    g_autoptr(Note) other = checkpoint(&log, 6);
    g_assert_null(
        witness_read_cosignatures(answer.body, strlen(answer.body), other, known, 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_null(
        witness_read_cosignatures(answer.body, strlen(answer.body), asked->note, &key, 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_autofree char *smuggled = g_strconcat("evil\n\n", answer.body, NULL);
    static const char *const wrong[] = {"", "\n", "5\n", "— birch.example\n"};
    g_assert_null(
        witness_read_cosignatures(smuggled, strlen(smuggled), asked->note, known, 1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(
            witness_read_cosignatures(wrong[i], strlen(wrong[i]), asked->note, known, 1, NULL));
}

#define HASH "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
#define REST                                                                                       \
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"      \
    "— example.com/behind-the-sofa "                                                             \
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=" \
    "\n"

static void test_parse(void)
{
    /* The example of c2sp.org/tlog-witness. */
    static const char *const text =
        "old 20852014\n" HASH "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n" REST "— example.com/behind-the-sofa "
        "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++"
        "qbSzm9Q=\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(WitnessRequest) asked = witness_request_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(asked->old_size, ==, 20852014);
    g_assert_cmpuint(asked->proof.count, ==, 4);
    g_assert_cmpuint(asked->checkpoint.size, ==, 20852163);
    g_assert_cmpuint(asked->note->n_signatures, ==, 2);
    g_autofree char *again =
        witness_request_format(asked->old_size, &asked->proof, asked->note, &error);
    g_assert_cmpstr(again, ==, text);

    static const char *const wrong[] = {
        "",
        "old 0\n",
        "old 0\n\n",
        "old\n\n" REST,
        "old \n\n" REST,
        "old 00\n\n" REST,
        "old 01\n\n" REST,
        "old -1\n\n" REST,
        "old  1\n\n" REST,
        "old 1 \n\n" REST,
        "Old 1\n\n" REST,
        "old 9223372036854775808\n\n" REST,
        "old 1\n" REST,
        "old 1\nAAAA\n\n" REST,
        "old 1\n\n\n" REST,
        "old 1\r\n\r\n" REST,
        "old 1\n" HASH REST,
        "\nold 1\n\n" REST,
        "old 1\n\nexample.com/x\n1\nAAAA\n\n— a AAAAAAAA\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_auto(WitnessAnswer) answer = {0};
        g_clear_error(&error);
        g_assert_null(witness_request_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        witness_malformed(error, &answer);
        g_assert_cmpint(answer.status, ==, WITNESS_MALFORMED);
        g_assert_true(g_str_has_suffix(answer.body, "\n"));
    }
}

static void test_bounds(void)
{
    for (guint count = 63; count <= 64; count++) {
        g_autoptr(GString) text = g_string_new("old 1\n");
        for (guint i = 0; i < count; i++)
            g_string_append(text, HASH);
        g_string_append(text, "\n" REST);
        g_autoptr(WitnessRequest) asked = witness_request_parse(text->str, text->len, NULL);
        g_assert_cmpint(asked != NULL, ==, count == 63);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *large = g_strnfill(WITNESS_REQUEST_MAX + 1, '\n');
    g_assert_null(witness_request_parse(large, WITNESS_REQUEST_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);

    static const char *const sizes[] = {
        "", "\n", "1", "01\n", "1\n\n", " 1\n", "1 \n", "x\n", "9223372036854775808\n"};
    guint64 size = 77;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        g_assert_false(witness_read_size(sizes[i], strlen(sizes[i]), &size));
    g_assert_cmpuint(size, ==, 77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/witness/first", test_first);
    g_test_add_func("/witness/grow", test_grow);
    g_test_add_func("/witness/conflict", test_conflict);
    g_test_add_func("/witness/fork", test_fork);
    g_test_add_func("/witness/wrong-proof", test_wrong_proof);
    g_test_add_func("/witness/strangers", test_strangers);
    g_test_add_func("/witness/cosign", test_cosign);
    g_test_add_func("/witness/parse", test_parse);
    g_test_add_func("/witness/bounds", test_bounds);
    return g_test_run();
}
