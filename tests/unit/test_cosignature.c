#include "ledger/cosignature.h"

#include <string.h>

#include "base/error.h"

#define ROOT        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define CHECKPOINT  "alder.example\n42\n" ROOT "\n"
#define MIRROR_VKEY "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"

static Note *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Note *note = note_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return note;
}

static int verify(const Note *note, const NoteVerifier *verifier, guint64 *ret_time)
{
    g_autoptr(GError) error = NULL;
    if (cosignature_verify(note, verifier, ret_time, &error))
        return -1;
    g_assert_cmpint(error->domain, ==, CONCERT_ERROR);
    return error->code;
}

/* The example of c2sp.org/tlog-cosignature (whose public keys are not published). */
static void test_example(void)
{
    g_autoptr(Note) note = parse(
        "example.com/behind-the-sofa\n20852163\n" ROOT "\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
        "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
        "mbIUBkBIfZ+qnA==\n");
    guint64 time_s = 77;
    g_assert_cmpuint(note->n_signatures, ==, 2);
    g_assert_false(cosignature_time(&note->signatures[0], &time_s));
    g_assert_cmpuint(time_s, ==, 77);
    g_assert_true(cosignature_time(&note->signatures[1], &time_s));
    g_assert_cmpuint(time_s, ==, 1679315147);
}

static void test_sign(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) log = note_signer_generate("alder.example", NOTE_ED25519, &error);
    g_autoptr(NoteSigner) witness =
        note_signer_generate("birch.example/witness", NOTE_COSIGNATURE, &error);
    g_assert_no_error(error);
    g_autofree char *text = note_sign(CHECKPOINT, log, 0, &error);
    g_autoptr(Note) note = parse(text);
    g_autofree char *line = cosignature_line(note, witness, 1700000000, &error);
    g_assert_no_error(error);
    g_autofree char *cosigned = note_append(note, line, &error);
    g_autoptr(Note) whole = parse(cosigned);

    const NoteVerifier *keys[] = {note_signer_verifier(log), note_signer_verifier(witness)};
    gboolean has_signed[2] = {0};
    guint64 time_s = 0;
    g_assert_true(note_verify(whole, keys, 2, has_signed, &error));
    g_assert_true(has_signed[0] && has_signed[1]);
    g_assert_cmpint(verify(whole, keys[1], &time_s), ==, -1);
    g_assert_cmpuint(time_s, ==, 1700000000);
    g_assert_cmpint(verify(note, keys[1], NULL), ==, CONCERT_ERROR_NOT_FOUND);
    g_assert_cmpint(verify(whole, keys[0], NULL), ==, CONCERT_ERROR_DENIED);

    /* Cosigned twice: the later time counts, and one wrong signature spoils both. */
    g_autofree char *later = cosignature_line(note, witness, 1700000060, &error);
    g_autofree char *both = g_strconcat(cosigned, later, NULL);
    g_autoptr(Note) twice = parse(both);
    g_assert_cmpint(verify(twice, keys[1], &time_s), ==, -1);
    g_assert_cmpuint(time_s, ==, 1700000060);

    /* No bit of the line may change without notice. */
    const gsize start = strlen(text), length = strlen(cosigned);
    for (gsize i = start; i < length - 1; i++) {
        g_autofree char *changed = g_strdup(cosigned);
        changed[i] = (char)(changed[i] ^ 1);
        g_autoptr(Note) other = note_parse(changed, length, NULL);
        g_assert_true(!other || verify(other, keys[1], NULL) >= 0);
    }
}

static void test_refuse(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) log = note_signer_generate("alder.example", NOTE_ED25519, &error);
    g_autoptr(NoteSigner) witness = note_signer_generate("birch.example", NOTE_COSIGNATURE, &error);
    g_autofree char *text = note_sign(CHECKPOINT, log, 0, &error);
    g_autofree char *other_text = note_sign("not a checkpoint\n", log, 0, &error);
    g_autoptr(Note) note = parse(text);
    g_autoptr(Note) other = parse(other_text);
    g_assert_null(cosignature_line(note, log, 1, NULL));
    g_assert_null(cosignature_line(other, witness, 1, NULL));
    g_assert_null(cosignature_line(note, witness, COSIGNATURE_TIME_MAX + 1, NULL));
    g_autofree char *last = cosignature_line(note, witness, COSIGNATURE_TIME_MAX, NULL);
    g_assert_nonnull(last);
}

/* A cosignature is no signature of the text itself, and the other way round. */
static void test_domains(void)
{
    const guint8 seed[NOTE_SEED_SIZE] = {1, 2, 3};
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) log = note_signer_new("alder.example", NOTE_ED25519, seed, &error);
    g_autoptr(NoteSigner) witness =
        note_signer_new("alder.example", NOTE_COSIGNATURE, seed, &error);
    g_assert_cmpuint(note_signer_verifier(log)->id, !=, note_signer_verifier(witness)->id);
    g_autofree char *plain = note_sign(CHECKPOINT, log, 0, &error);
    g_autofree char *timed = note_sign(CHECKPOINT, witness, 5, &error);
    g_autoptr(Note) a = parse(plain);
    g_autoptr(Note) b = parse(timed);
    const NoteVerifier *log_key = note_signer_verifier(log);
    const NoteVerifier *witness_key = note_signer_verifier(witness);
    gsize size_a, size_b;
    const guint8 *bytes_a = g_bytes_get_data(a->signatures[0].signature, &size_a);
    const guint8 *bytes_b = g_bytes_get_data(b->signatures[0].signature, &size_b);
    gsize length = strlen(CHECKPOINT);
    g_assert_true(note_verifier_check(log_key, CHECKPOINT, length, bytes_a, size_a));
    g_assert_true(note_verifier_check(witness_key, CHECKPOINT, length, bytes_b, size_b));
    g_assert_false(note_verifier_check(log_key, CHECKPOINT, length, bytes_b, size_b));
    g_assert_false(note_verifier_check(log_key, CHECKPOINT, length, bytes_b + 8, size_b - 8));
    g_assert_false(note_verifier_check(witness_key, CHECKPOINT, length, bytes_a, size_a));
}

static void test_sunlight(void)
{
    const char *data = g_getenv("CONCERT_DATA");
    if (!data) {
        g_print("# SKIP cosigned checkpoint of Sunlight's mirror: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *path = g_build_filename(
        data, "ledger/sunlight-mirror",
        "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706", "checkpoint", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteVerifier) mirror = note_verifier_parse(MIRROR_VKEY, &error);
    g_autofree char *text = NULL;
    gsize length;
    g_assert_no_error(error);
    g_assert_cmpint(mirror->algorithm, ==, NOTE_COSIGNATURE);
    g_file_get_contents(path, &text, &length, &error);
    g_assert_no_error(error);
    g_autoptr(Note) note = parse(text);
    guint64 time_s;
    g_assert_cmpint(verify(note, mirror, &time_s), ==, -1);
    g_assert_cmpuint(time_s, ==, 1767139200);
    for (gsize bit = 0; bit < length * 8; bit++) {
        g_autofree char *changed = g_memdup2(text, length);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        g_autoptr(Note) other = note_parse(changed, length, NULL);
        g_assert_true(!other || verify(other, mirror, NULL) >= 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cosignature/example", test_example);
    g_test_add_func("/cosignature/sign", test_sign);
    g_test_add_func("/cosignature/refuse", test_refuse);
    g_test_add_func("/cosignature/domains", test_domains);
    g_test_add_func("/cosignature/sunlight", test_sunlight);
    return g_test_run();
}
