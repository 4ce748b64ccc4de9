/* Keys and signatures of "PeterNeumann" and "EnochRoot" are those of the tests of
 * golang.org/x/mod/sumdb/note; "example.com/foo" is the example of c2sp.org/signed-note. */
#include "ledger/note.h"

#include <string.h>

#include "base/error.h"

#define PETER_VKEY   "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_SKEY   "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define ENOCH_VKEY   "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define EXAMPLE_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define TEXT                                                                                       \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_BASE64                                                                               \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
#define ENOCH_BASE64                                                                               \
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ="
#define PETER_LINE "— PeterNeumann " PETER_BASE64 "\n"
#define ENOCH_LINE "— EnochRoot " ENOCH_BASE64 "\n"

static NoteVerifier *verifier(const char *vkey)
{
    g_autoptr(GError) error = NULL;
    NoteVerifier *parsed = note_verifier_parse(vkey, &error);
    g_assert_no_error(error);
    return parsed;
}

static Note *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Note *note = note_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return note;
}

static int verify(const char *text, const NoteVerifier *const *verifiers, guint n)
{
    g_autoptr(Note) note = parse(text);
    g_autoptr(GError) error = NULL;
    if (note_verify(note, verifiers, n, NULL, &error))
        return -1;
    g_assert_cmpint(error->domain, ==, CONCERT_ERROR);
    return error->code;
}

static void test_verifier_keys(void)
{
    static const char *const good[] = {PETER_VKEY, ENOCH_VKEY, EXAMPLE_VKEY};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(NoteVerifier) key = verifier(good[i]);
        g_autofree char *text = note_verifier_format(key);
        g_autoptr(NoteVerifier) copy = note_verifier_copy(key);
        g_autofree char *again = note_verifier_format(copy);
        g_assert_cmpstr(text, ==, good[i]);
        g_assert_cmpstr(again, ==, good[i]);
        g_assert_cmpint(key->algorithm, ==, NOTE_ED25519);
    }
    g_autoptr(NoteVerifier) peter = verifier(PETER_VKEY);
    g_assert_cmpstr(peter->name, ==, "PeterNeumann");
    g_assert_cmphex(peter->id, ==, 0xc74f20a3);

    /* No part of a key is a key, nor is one with a letter changed. */
    const gsize length = strlen(PETER_VKEY);
    for (gsize i = 0; i <= length; i++) {
        for (gsize j = i; j <= length; j++) {
            g_autofree char *part = g_strndup(&PETER_VKEY[i], j - i);
            if (j - i < length)
                g_assert_null(note_verifier_parse(part, NULL));
        }
        g_autofree char *changed = g_strdup(PETER_VKEY);
        if (i < length) {
            changed[i]++;
            g_assert_null(note_verifier_parse(changed, NULL));
        }
    }
    /* Too long, and of an unknown algorithm, each with the id that fits. */
    g_assert_null(note_verifier_parse(
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", NULL));
    g_assert_null(note_verifier_parse(
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NULL));
    /* A second spelling of the same key. */
    g_assert_null(note_verifier_parse(PETER_VKEY "\n", NULL));
}

static void test_signer_keys(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = note_signer_parse(PETER_SKEY, &error);
    g_assert_no_error(error);
    g_autofree char *text = note_signer_format(signer);
    g_autofree char *public = note_verifier_format(note_signer_verifier(signer));
    g_assert_cmpstr(text, ==, PETER_SKEY);
    g_assert_cmpstr(public, ==, PETER_VKEY);

    const gsize length = strlen(PETER_SKEY);
    for (gsize i = 0; i < length; i++) {
        g_autofree char *cut = g_strndup(PETER_SKEY, i);
        g_autofree char *changed = g_strdup(PETER_SKEY);
        changed[i]++;
        g_assert_null(note_signer_parse(cut, NULL));
        g_assert_null(note_signer_parse(changed, NULL));
        if (i > 0)
            g_assert_null(note_signer_parse(&PETER_SKEY[i], NULL));
    }
}

static void test_generate(void)
{
    g_autoptr(GError) error = NULL;
    static const NoteAlgorithm kinds[] = {NOTE_ED25519, NOTE_COSIGNATURE};
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(NoteSigner) signer =
            note_signer_generate("alder.example/ledger", kinds[i], &error);
        g_assert_no_error(error);
        g_autofree char *secret = note_signer_format(signer);
        g_autoptr(NoteSigner) again = note_signer_parse(secret, &error);
        g_assert_no_error(error);
        const NoteVerifier *key = note_signer_verifier(again);
        g_assert_cmpuint(key->id, ==, note_signer_verifier(signer)->id);

        g_autofree char *text = note_sign("hi\n", signer, 1700000000, &error);
        g_assert_no_error(error);
        g_assert_cmpint(verify(text, &key, 1), ==, -1);
        text[0] = 'H';
        g_assert_cmpint(verify(text, &key, 1), ==, CONCERT_ERROR_DENIED);
    }
    g_assert_null(note_signer_generate("alder.example", NOTE_COSIGNATURE_MLDSA, NULL));
    static const char *const names[] = {"",          "two words",  "a+b",
                                        "tab\there", "nb\u00a0sp", "nel\xc2\x85"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_null(note_signer_generate(names[i], NOTE_ED25519, NULL));
    g_autofree char *name = g_strnfill(NOTE_NAME_MAX + 1, 'n');
    g_assert_null(note_signer_generate(name, NOTE_ED25519, NULL));
}

static void test_algorithms(void)
{
    g_assert_cmpstr(note_algorithm_name(0x01), ==, "Ed25519");
    g_assert_cmpstr(note_algorithm_name(0x04), ==, "cosignature/v1");
    g_assert_cmpstr(note_algorithm_name(0x06), ==, "ML-DSA-44");
    g_assert_null(note_algorithm_name(0x02));
    g_assert_true(note_algorithm_is_verifiable(0x04));
    g_assert_false(note_algorithm_is_verifiable(0x06));

    /* Such a key can be named, written and read; what it signs is like that of a stranger. */
    guint8 bytes[1312] = {1, 2, 3};
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteVerifier) key =
        note_verifier_new("birch.example", NOTE_COSIGNATURE_MLDSA, bytes, sizeof bytes, &error);
    g_assert_no_error(error);
    g_autofree char *vkey = note_verifier_format(key);
    g_autoptr(NoteVerifier) again = verifier(vkey);
    g_assert_cmpuint(again->id, ==, key->id);
    g_assert_true(g_bytes_equal(again->key, key->key));

    guint8 signature[4 + 8 + 2420] = {(guint8)(key->id >> 24), (guint8)(key->id >> 16),
                                      (guint8)(key->id >> 8), (guint8)key->id};
    g_autofree char *base64 = g_base64_encode(signature, sizeof signature);
    g_autofree char *text =
        g_strconcat(TEXT "\n" PETER_LINE "— birch.example ", base64, "\n", NULL);
    g_autoptr(NoteVerifier) peter = verifier(PETER_VKEY);
    const NoteVerifier *both[] = {key, peter};
    gboolean has_signed[2] = {TRUE, FALSE};
    g_autoptr(Note) note = parse(text);
    g_assert_true(note_verify(note, both, 2, has_signed, NULL));
    g_assert_false(has_signed[0]);
    g_assert_true(has_signed[1]);
    g_assert_cmpint(verify(text, both, 1), ==, CONCERT_ERROR_DENIED);
}

static void test_sign(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) peter = note_signer_parse(PETER_SKEY, NULL);
    g_autofree char *text = note_sign(TEXT, peter, 0, &error);
    g_assert_cmpstr(text, ==, TEXT "\n" PETER_LINE);
    static const char *const wrong[] = {"", "abc", "a\tb\n", "a\xff\n", "a\r\n"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(note_sign(wrong[i], peter, 0, NULL));
}

static void test_verify(void)
{
    g_autoptr(NoteVerifier) peter = verifier(PETER_VKEY);
    g_autoptr(NoteVerifier) enoch = verifier(ENOCH_VKEY);
    const NoteVerifier *both[] = {peter, enoch};
    const NoteVerifier *twice[] = {enoch, peter, enoch};
    gboolean has_signed[2];

    g_autoptr(Note) note = parse(TEXT "\n" PETER_LINE ENOCH_LINE);
    g_assert_cmpuint(note->text_length, ==, strlen(TEXT));
    g_assert_cmpuint(note->n_signatures, ==, 2);
    g_assert_cmpstr(note->signatures[1].name, ==, "EnochRoot");
    g_assert_cmphex(note->signatures[1].key_id, ==, 0xaf0cfe78);
    g_assert_cmpmem(note->signatures[1].line, note->signatures[1].line_length, ENOCH_LINE,
                    strlen(ENOCH_LINE) - 1);
    g_assert_true(note_verify(note, both, 2, has_signed, NULL));
    g_assert_true(has_signed[0] && has_signed[1]);
    g_assert_true(note_verify(note, both, 1, has_signed, NULL));
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE ENOCH_LINE, both, 0), ==, CONCERT_ERROR_DENIED);
    g_assert_cmpint(verify(TEXT "\n" ENOCH_LINE, both, 1), ==, CONCERT_ERROR_DENIED);

    /* The same key twice in the list: an error if it matters, as in Go. */
    g_assert_cmpint(verify(TEXT "\n" ENOCH_LINE, twice, 3), ==, CONCERT_ERROR_INPUT);
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE, twice, 3), ==, -1);

    /* A signature repeated is one signature; a wrong one beside it spoils the note. */
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE PETER_LINE, both, 2), ==, -1);
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE "— PeterNeumann x08go/ZJkuBS\n", both, 2), ==,
                    CONCERT_ERROR_DENIED);
    /* Same name or same id, but not both: a stranger. */
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE "— PeterNeumann x08gpPZJkuBS\n", both, 2), ==, -1);
    g_assert_cmpint(verify(TEXT "\n" PETER_LINE "— PeterNewmann " ENOCH_BASE64 "\n", both, 2), ==,
                    -1);
}

static void test_example(void)
{
    g_autoptr(NoteVerifier) key = verifier(EXAMPLE_VKEY);
    const NoteVerifier *keys[] = {key};
    static const char *const text = "This is an example message.\n\n— example.com/foo "
                                    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs"
                                    "YjOBH3mFXmRKuwHjG1Yu72IneyaQM"
                                    "=\n";
    g_assert_cmpint(verify(text, keys, 1), ==, -1);

    /* The text may have empty lines: the last one ends it. */
    g_autoptr(Note) note =
        parse("Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito "
              "sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/"
              "5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n");
    g_autofree char *poem = g_strndup(note->bytes, note->text_length);
    g_assert_true(g_str_has_suffix(poem, "sera.\n"));
    g_assert_cmphex(note->signatures[0].key_id, ==, 0x367ba04b);
}

static void test_any_byte(void)
{
    g_autoptr(NoteVerifier) peter = verifier(PETER_VKEY);
    const NoteVerifier *keys[] = {peter};
    static const char good[] = TEXT "\n" PETER_LINE;
    for (gsize i = 0; i < sizeof good - 1; i++) {
        for (guint bit = 0; bit < 8; bit++) {
            char changed[sizeof good];
            memcpy(changed, good, sizeof good);
            changed[i] = (char)(changed[i] ^ (1 << bit));
            g_autoptr(Note) note = note_parse(changed, sizeof good - 1, NULL);
            g_assert_false(note && note_verify(note, keys, 1, NULL, NULL));
        }
    }
}

static void test_malformed(void)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT "\n",
        TEXT PETER_LINE,
        TEXT "\n— PeterNeumann " PETER_BASE64,
        TEXT "\n\n" PETER_LINE "\n",
        "\n" PETER_LINE,
        "\x01" TEXT "\n" PETER_LINE,
        "\xff" TEXT "\n" PETER_LINE,
        "\xed\xa0\x80" TEXT "\n" PETER_LINE,
        "a\r\n" TEXT "\n" PETER_LINE,
        TEXT "\n— Bad Name " PETER_BASE64 "\n",
        TEXT "\n— Bad\u00a0Name " PETER_BASE64 "\n",
        TEXT "\n— Bad+Name " PETER_BASE64 "\n",
        TEXT "\n—  " PETER_BASE64 "\n",
        TEXT "\n- PeterNeumann " PETER_BASE64 "\n",
        TEXT "\n" PETER_LINE "Unexpected line.\n",
        TEXT "\n— PeterNeumann\n",
        TEXT "\n— PeterNeumann \n",
        TEXT "\n— PeterNeumann  " PETER_BASE64 "\n",
        TEXT "\n— PeterNeumann " PETER_BASE64 " \n",
        TEXT "\n— PeterNeumann x08gow==\n",
        TEXT "\n— PeterNeumann x08go_ZJkuBS\n",
        TEXT "\n— PeterNeumann x08go/ZJkuB\n",
        TEXT "\n— PeterNeumann x08go/ZJkuF=\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(note_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_assert_null(note_parse("a\0b\n\n" PETER_LINE, 5 + strlen(PETER_LINE), NULL));
    /* An empty line before the last one is text. */
    g_autoptr(Note) note = parse("\n\n" PETER_LINE);
    g_assert_cmpuint(note->text_length, ==, 1);
}

static void test_bounds(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(TEXT "\n");
    for (guint i = 0; i < NOTE_SIGNATURES_MAX; i++)
        g_string_append(text, PETER_LINE);
    g_autoptr(Note) note = parse(text->str);
    g_assert_cmpuint(note->n_signatures, ==, NOTE_SIGNATURES_MAX);
    g_assert_cmpmem(note->bytes, note->length, text->str, text->len);
    /* Enoch's beside 100 of Peter's is too much; another of Peter's takes the place of them all. */
    g_autofree char *one = note_append(note, PETER_LINE, NULL);
    g_assert_cmpstr(one, ==, TEXT "\n" PETER_LINE);
    g_assert_null(note_append(note, ENOCH_LINE, NULL));
    g_string_append(text, ENOCH_LINE);
    g_assert_null(note_parse(text->str, text->len, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);

    g_autofree char *large = g_strnfill(NOTE_BYTES_MAX + 1, 'a');
    g_assert_null(note_parse(large, NOTE_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_append(void)
{
    static const char *const unknown = "— cedar.example AAAAAAECAwQF\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *start = g_strconcat(TEXT "\n", unknown, PETER_LINE, unknown, NULL);
    g_autoptr(Note) note = parse(start);

    /* What is unknown stays as it is, in its place. */
    g_autofree char *added = note_append(note, ENOCH_LINE, &error);
    g_autofree char *expected = g_strconcat(start, ENOCH_LINE, NULL);
    g_assert_cmpstr(added, ==, expected);

    /* A new signature takes the place of the old one of the same key. */
    g_autofree char *again = note_append(note, PETER_LINE, &error);
    g_autofree char *moved = g_strconcat(TEXT "\n", unknown, unknown, PETER_LINE, NULL);
    g_assert_cmpstr(again, ==, moved);

    static const char *const wrong[] = {
        "", "\n", "x\n", PETER_LINE "\n", "— a b\n", ("— PeterNeumann " PETER_BASE64)};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(note_append(note, wrong[i], NULL));
}

static void check_hex(const guint8 *bytes, const char *hex)
{
    for (guint i = 0; i < NOTE_X25519_SIZE; i++) {
        g_autofree char *byte = g_strdup_printf("%02x", bytes[i]);
        g_assert_cmpmem(byte, 2, hex + 2 * i, 2);
    }
}

/* The seed and what becomes of it are those of libsodium's test/default/ed25519_convert. */
static void test_x25519(void)
{
    static const guint8 seed[NOTE_SEED_SIZE] = {0x42, 0x11, 0x51, 0xa4, 0x59, 0xfa, 0xea, 0xde,
                                                0x3d, 0x24, 0x71, 0x15, 0xf9, 0x4a, 0xed, 0xae,
                                                0x42, 0x31, 0x81, 0x24, 0x09, 0x5a, 0xfa, 0xbe,
                                                0x4d, 0x14, 0x51, 0xa5, 0x59, 0xfa, 0xed, 0xee};
    static const guint8 zeros[NOTE_PUBLIC_KEY_SIZE];
    guint8 bytes[NOTE_X25519_SIZE];
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = note_signer_new("alder/parcel", NOTE_ED25519, seed, &error);
    g_assert_true(note_signer_x25519(signer, bytes, &error));
    check_hex(bytes, "8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166");
    g_assert_true(note_verifier_x25519(note_signer_verifier(signer), bytes, &error));
    check_hex(bytes, "f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50");
    g_assert_no_error(error);

    g_autoptr(NoteSigner) cosign = note_signer_new("alder/witness", NOTE_COSIGNATURE, seed, NULL);
    g_assert_false(note_signer_x25519(cosign, bytes, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_autoptr(NoteVerifier) no_point =
        note_verifier_new("alder/parcel", NOTE_ED25519, zeros, sizeof zeros, NULL);
    g_assert_false(note_verifier_x25519(no_point, bytes, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/note/verifier-keys", test_verifier_keys);
    g_test_add_func("/note/signer-keys", test_signer_keys);
    g_test_add_func("/note/generate", test_generate);
    g_test_add_func("/note/x25519", test_x25519);
    g_test_add_func("/note/algorithms", test_algorithms);
    g_test_add_func("/note/sign", test_sign);
    g_test_add_func("/note/verify", test_verify);
    g_test_add_func("/note/example", test_example);
    g_test_add_func("/note/any-byte", test_any_byte);
    g_test_add_func("/note/malformed", test_malformed);
    g_test_add_func("/note/bounds", test_bounds);
    g_test_add_func("/note/append", test_append);
    return g_test_run();
}
