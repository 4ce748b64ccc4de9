#include "ledger/checkpoint.h"

#include <string.h>

#include "base/error.h"

#define TESSERA_VKEY                                                                               \
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define EMPTY "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define ROOT  "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void test_parse(void)
{
    static const struct {
        const char *text, *origin;
        guint64 size;
        const char *extensions;
    } cases[] = {
        /* The example of c2sp.org/tlog-checkpoint. */
        {"example.com/behind-the-sofa\n20852163\n" ROOT "\n", "example.com/behind-the-sofa",
         20852163, NULL},
        {"a b + c\n0\n" EMPTY "\n", "a b + c", 0, NULL},
        {"x\n9223372036854775807\n" ROOT "\none\ntwo\n", "x", MERKLE_SIZE_MAX, "one\ntwo\n"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Checkpoint) checkpoint = {0};
        g_autoptr(GError) error = NULL;
        g_assert_true(checkpoint_parse(cases[i].text, strlen(cases[i].text), &checkpoint, &error));
        g_assert_cmpstr(checkpoint.origin, ==, cases[i].origin);
        g_assert_cmpuint(checkpoint.size, ==, cases[i].size);
        g_assert_cmpstr(checkpoint.extensions, ==, cases[i].extensions);
        g_autofree char *text = checkpoint_format(&checkpoint, &error);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_refuse(void)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "x\n",
        "x\n1\n",
        "x\n1\n" ROOT,
        "\n1\n" ROOT "\n",
        "x\n\n" ROOT "\n",
        "x\n01\n" ROOT "\n",
        "x\n00\n" EMPTY "\n",
        "x\n+1\n" ROOT "\n",
        "x\n-1\n" ROOT "\n",
        "x\n 1\n" ROOT "\n",
        "x\n1 \n" ROOT "\n",
        "x\n1.0\n" ROOT "\n",
        "x\n0x1\n" ROOT "\n",
        "x\n9223372036854775808\n" ROOT "\n",
        "x\n18446744073709551617\n" ROOT "\n",
        "x\n99999999999999999999999999\n" ROOT "\n",
        "x\n0\n" ROOT "\n", /* not the root of an empty tree */
        "x\n1\n\n",
        "x\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",   /* no padding */
        "x\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",  /* unused bits set */
        "x\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",  /* another alphabet */
        "x\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= \n", /* a space */
        "x\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",      /* 30 bytes */
        "x\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n",  /* 33 bytes */
        "x\n1\n" ROOT "\n\n",
        "x\n1\n" ROOT "\none\n\ntwo\n",
        "x\n1\n" ROOT "\none",
        "x\ty\n1\n" ROOT "\n",
        "\xff\n1\n" ROOT "\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Checkpoint checkpoint = {.size = 77};
        g_autoptr(GError) error = NULL;
        g_assert_false(checkpoint_parse(wrong[i], strlen(wrong[i]), &checkpoint, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpuint(checkpoint.size, ==, 77);
    }
    g_autofree char *origin = g_strnfill(CHECKPOINT_ORIGIN_MAX + 1, 'o');
    g_autofree char *text = g_strconcat(origin, "\n1\n" ROOT "\n", NULL);
    Checkpoint checkpoint;
    g_assert_false(checkpoint_parse(text, strlen(text), &checkpoint, NULL));
    g_assert_true(checkpoint_parse(text + 1, strlen(text) - 1, &checkpoint, NULL));
    checkpoint_clear(&checkpoint);
}

static void test_format(void)
{
    static char two_lines[] = "two\nlines", none[] = "", loose[] = "no newline", gap[] = "a\n\nb\n";
    const Checkpoint wrong[] = {
        {.origin = two_lines, .size = 1},
        {.origin = none, .size = 1},
        {.origin = loose, .size = MERKLE_SIZE_MAX + 1},
        {.origin = loose, .size = 0}, /* with a root of zeros */
        {.origin = loose, .size = 1, .extensions = loose},
        {.origin = loose, .size = 1, .extensions = gap},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(checkpoint_format(&wrong[i], NULL));
    /* "two\nlines\n1\n..." must not become a checkpoint whose second line is no number, either. */
    static char number[] = "two\n2\n" ROOT;
    const Checkpoint smuggled = {.origin = number, .size = 1};
    g_assert_null(checkpoint_format(&smuggled, NULL));
}

static void test_sign_and_open(void)
{
    static char origin[] = "alder.example/ledger";
    Checkpoint checkpoint = {.origin = origin, .size = 5}, opened = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = note_signer_generate(origin, NOTE_ED25519, &error);
    g_autoptr(NoteSigner) witness = note_signer_generate(origin, NOTE_COSIGNATURE, &error);
    g_assert_no_error(error);
    memset(&checkpoint.root, 9, sizeof checkpoint.root);
    g_autofree char *text = checkpoint_sign(&checkpoint, signer, &error);
    g_assert_no_error(error);
    g_assert_null(checkpoint_sign(&checkpoint, witness, NULL));

    const NoteVerifier *key = note_signer_verifier(signer);
    g_autoptr(Note) note = NULL;
    g_assert_true(checkpoint_open(text, strlen(text), origin, &key, 1, &opened, &note, &error));
    g_assert_cmpuint(opened.size, ==, 5);
    g_assert_true(merkle_hash_equal(&opened.root, &checkpoint.root));
    g_assert_cmpmem(note->bytes, note->length, text, strlen(text));
    checkpoint_clear(&opened);

    g_assert_false(
        checkpoint_open(text, strlen(text), "birch.example", &key, 1, &opened, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    const NoteVerifier *other = note_signer_verifier(witness);
    g_assert_false(checkpoint_open(text, strlen(text), origin, &other, 1, &opened, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* All checkpoints of a log that another program wrote; and none of them with a bit changed. */
static void test_tessera(void)
{
    const char *data = g_getenv("CONCERT_DATA");
    if (!data) {
        g_print("# SKIP checkpoints of Tessera's test log: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autoptr(NoteVerifier) key = note_verifier_parse(TESSERA_VKEY, NULL);
    const NoteVerifier *keys[] = {key};
    for (guint size = 0; size <= 15; size++) {
        g_autofree char *path = g_strdup_printf("%s/ledger/tessera/checkpoint.%u", data, size);
        g_autofree char *text = NULL;
        g_auto(Checkpoint) checkpoint = {0};
        g_autoptr(GError) error = NULL;
        gsize length;
        g_file_get_contents(path, &text, &length, &error);
        g_assert_no_error(error);
        checkpoint_open(text, length, "example.com/log/testdata", keys, 1, &checkpoint, NULL,
                        &error);
        g_assert_no_error(error);
        g_assert_cmpuint(checkpoint.size, ==, size);
        for (gsize bit = 0; bit < length * 8; bit++) {
            Checkpoint changed;
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
            g_assert_false(checkpoint_open(text, length, "example.com/log/testdata", keys, 1,
                                           &changed, NULL, NULL));
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checkpoint/parse", test_parse);
    g_test_add_func("/checkpoint/refuse", test_refuse);
    g_test_add_func("/checkpoint/format", test_format);
    g_test_add_func("/checkpoint/sign-and-open", test_sign_and_open);
    g_test_add_func("/checkpoint/tessera", test_tessera);
    return g_test_run();
}
