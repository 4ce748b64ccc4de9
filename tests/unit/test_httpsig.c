/* Signed requests. The key and the request of the first test are those of RFC 9421 appendix B.1.4
 * and B.2.6, the digests those of RFC 9530 appendix B.1 (with a newline) and RFC 9421 appendix B.2
 * (without). VECTOR_... is the vector of docs/protocol.md, made with OpenSSL. */
#include "identity/httpsig.h"

#include <string.h>

#include "base/error.h"

#define NAME          "cert.alder.example/message"
#define URI           "https://cert.birch.example:8443/exchange/v1/follow"
#define BODY          "{\"from\":1200,\"max\":8388608,\"size\":1250}"
#define CREATED_US    (G_GINT64_CONSTANT(1767323045) * G_USEC_PER_SEC)
#define SKEW_US       (300 * G_USEC_PER_SEC)

#define VECTOR_VKEY   NAME "+394cb9bf+AROY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK"
#define VECTOR_DIGEST "sha-256=:4boYscu3MsspMpzY3QSjIzLArmaOVAzutRJD5VLGA98=:"
#define COVERED       "(\"@method\" \"@target-uri\" \"content-digest\")"
#define CREATED       ";created=1767323045"
#define NONCE         ";nonce=\"8PHy8_T19vf4-fr7_P3-_w\""
#define KEYID         ";keyid=\"" NAME "+394cb9bf\""
#define TAG           ";tag=\"concert-v1\""
#define VECTOR_PARAMS COVERED CREATED NONCE KEYID TAG
#define VECTOR_INPUT  "concert=" VECTOR_PARAMS
#define VECTOR_SIGNATURE                                                                           \
    "concert=:PJlXkzUhBwS0pfgAfUzpkfAMCMRiv2lqXIHUfGZaNihVHrb0wna5OSfcvTr/"                        \
    "QxIKFMQ7Bujh3kprxSjTKamUCw==:"

static const HttpsigRequest request = {"POST", URI, BODY, sizeof BODY - 1};
static const HttpsigFields vector = {VECTOR_DIGEST, VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL};

static NoteSigner *make_signer(const char *name, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    memset(seed, byte, sizeof seed);
    return note_signer_new(name, NOTE_ED25519, seed, NULL);
}

static Httpsig *parse(const HttpsigFields *fields)
{
    g_autoptr(GError) error = NULL;
    Httpsig *signature = httpsig_parse(fields, &error);
    g_assert_no_error(error);
    return signature;
}

/* --- The standards' own ---------------------------------------------------------------------- */

static void test_rfc9421(void)
{
    static const char secret[] = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=";
    static const char public_key[] = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    static const char expected[] =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    static const HttpsigComponent covered[] = {
        {"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
        {"@method", "POST"},
        {"@path", "/foo"},
        {"@authority", "example.com"},
        {"content-type", "application/json"},
        {"content-length", "18"},
    };
    gsize length;
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *seed = g_base64_decode(secret, &length);
    g_assert_cmpuint(length, ==, NOTE_SEED_SIZE);
    g_autoptr(NoteSigner) signer = note_signer_new("test-key-ed25519", NOTE_ED25519, seed, &error);
    g_assert_no_error(error);
    const NoteVerifier *verifier = note_signer_verifier(signer);
    gsize key_length;
    const guint8 *bytes = g_bytes_get_data(verifier->key, &key_length);
    g_autofree char *key = g_base64_encode(bytes, key_length);
    g_assert_cmpstr(key, ==, public_key);

    g_autofree char *base = httpsig_base(covered, G_N_ELEMENTS(covered),
                                         "(\"date\" \"@method\" \"@path\" \"@authority\" "
                                         "\"content-type\" \"content-length\")"
                                         ";created=1618884473;keyid=\"test-key-ed25519\"");
    guint8 signature[NOTE_SIGNATURE_SIZE];
    g_assert_true(note_signer_sign(signer, base, strlen(base), signature, &error));
    g_autofree char *base64 = g_base64_encode(signature, sizeof signature);
    g_assert_cmpstr(base64, ==, expected);
    g_assert_true(note_verifier_check(verifier, base, strlen(base), signature, sizeof signature));
    base[0] ^= 1;
    g_assert_false(note_verifier_check(verifier, base, strlen(base), signature, sizeof signature));
}

static void test_rfc9530(void)
{
    g_autofree char *with = httpsig_digest("{\"hello\": \"world\"}\n", 19);
    g_assert_cmpstr(with, ==, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    g_autofree char *without = httpsig_digest("{\"hello\": \"world\"}", 18);
    g_assert_cmpstr(without, ==, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    g_autofree char *empty = httpsig_digest(NULL, 0);
    g_assert_cmpstr(empty, ==, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
}

/* --- Our own --------------------------------------------------------------------------------- */

static void test_vector(void)
{
    guint8 nonce[HTTPSIG_NONCE_SIZE];
    for (guint i = 0; i < sizeof nonce; i++)
        nonce[i] = (guint8)(0xf0 + i);
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = make_signer(NAME, 8);
    g_auto(HttpsigHeaders) headers = {0};
    g_assert_true(httpsig_sign(&request, signer, CREATED_US + 999999, nonce, &headers, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(headers.content_digest, ==, VECTOR_DIGEST);
    g_assert_cmpstr(headers.signature_input, ==, VECTOR_INPUT);
    g_assert_cmpstr(headers.signature, ==, VECTOR_SIGNATURE);
    g_auto(GStrv) lines = httpsig_headers_lines(&headers);
    g_assert_cmpuint(g_strv_length(lines), ==, 3);
    g_assert_cmpstr(lines[0], ==, "Content-Digest: " VECTOR_DIGEST);
    g_assert_cmpstr(lines[1], ==, "Signature-Input: " VECTOR_INPUT);
    g_assert_cmpstr(lines[2], ==, "Signature: " VECTOR_SIGNATURE);

    g_autoptr(Httpsig) signature = parse(&vector);
    g_assert_cmpstr(signature->keyid, ==, NAME "+394cb9bf");
    g_assert_cmpstr(signature->key_name, ==, NAME);
    g_assert_cmphex(signature->key_id, ==, 0x394cb9bf);
    g_assert_cmpint(signature->created_us, ==, CREATED_US);
    g_assert_cmpmem(signature->nonce, sizeof signature->nonce, nonce, sizeof nonce);
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(VECTOR_VKEY, &error);
    g_assert_no_error(error);
    gint64 skew_us = -1;
    g_assert_true(httpsig_verify(signature, &request, verifier, CREATED_US + 1500000, SKEW_US,
                                 &skew_us, &error));
    g_assert_no_error(error);
    g_assert_cmpint(skew_us, ==, 1500000);
}

/* The page has the same bytes. */
static void test_document(void)
{
    static const char *const texts[] = {
        "\n" VECTOR_VKEY "\n",
        "\n" BODY "\n",
        "\n\"@method\": POST\n\"@target-uri\": " URI "\n\"content-digest\": " VECTOR_DIGEST
        "\n\"@signature-params\": " VECTOR_PARAMS "\n",
        "\nContent-Digest: " VECTOR_DIGEST "\nSignature-Input: " VECTOR_INPUT
        "\nSignature: " VECTOR_SIGNATURE "\n",
    };
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *document = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &document, NULL, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (!strstr(document, texts[i]))
            g_error("docs/protocol.md has not %s", texts[i]);
}

static void test_nonces_differ(void)
{
    g_autoptr(NoteSigner) signer = make_signer(NAME, 8);
    g_auto(HttpsigHeaders) one = {0}, other = {0};
    g_assert_true(httpsig_sign(&request, signer, CREATED_US, NULL, &one, NULL));
    g_assert_true(httpsig_sign(&request, signer, CREATED_US, NULL, &other, NULL));
    g_assert_cmpstr(one.signature_input, !=, other.signature_input);
    g_assert_cmpstr(one.signature, !=, other.signature);
    for (guint i = 0; i < 200; i++) { /* of all letters of base64url */
        g_auto(HttpsigHeaders) headers = {0};
        gint64 skew_us;
        g_assert_true(httpsig_sign(&request, signer, CREATED_US, NULL, &headers, NULL));
        g_autoptr(Httpsig) signature = parse(&(HttpsigFields){
            headers.content_digest, headers.signature_input, headers.signature, NULL, NULL});
        g_assert_true(httpsig_verify(signature, &request, note_signer_verifier(signer), CREATED_US,
                                     SKEW_US, &skew_us, NULL));
    }
}

static char *sign_base(const NoteSigner *signer, const HttpsigComponent *covered, guint n,
                       const char *params)
{
    guint8 signature[NOTE_SIGNATURE_SIZE];
    g_autofree char *base = httpsig_base(covered, n, params);
    g_assert_true(note_signer_sign(signer, base, strlen(base), signature, NULL));
    g_autofree char *base64 = g_base64_encode(signature, sizeof signature);
    return g_strdup_printf("concert=:%s:", base64);
}

/* As a library might be told to sign: another order, more components, more parameters. */
static void test_other_orders(void)
{
    static const char params[] = "(\"content-type\" \"content-digest\" \"@target-uri\" "
                                 "\"content-length\" \"@method\")" TAG KEYID
                                 ";alg=\"ed25519\";expires=1767323105" NONCE CREATED;
    static const HttpsigComponent covered[] = {
        {"content-type", "application/json; charset=utf-8"},
        {"content-digest", VECTOR_DIGEST},
        {"@target-uri", URI},
        {"content-length", "39"},
        {"@method", "POST"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = make_signer(NAME, 8);
    const NoteVerifier *verifier = note_signer_verifier(signer);
    g_autofree char *sealed = sign_base(signer, covered, G_N_ELEMENTS(covered), params);
    g_autofree char *input = g_strconcat("concert=", params, NULL);
    HttpsigFields fields = {VECTOR_DIGEST, input, sealed, covered[0].value, "39"};
    gint64 skew_us = 0;
    g_autoptr(Httpsig) signature = parse(&fields);
    g_assert_cmpint(signature->expires_us, ==, CREATED_US + 60 * G_USEC_PER_SEC);
    g_assert_true(
        httpsig_verify(signature, &request, verifier, CREATED_US, SKEW_US, &skew_us, &error));
    g_assert_no_error(error);
    /* Expired, though the skew would still be tolerated. */
    g_assert_false(httpsig_verify(signature, &request, verifier, CREATED_US + 91 * G_USEC_PER_SEC,
                                  30 * G_USEC_PER_SEC, &skew_us, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* What is covered counts. */
    fields.content_type = "application/json";
    g_autoptr(Httpsig) changed = parse(&fields);
    g_assert_false(
        httpsig_verify(changed, &request, verifier, CREATED_US, SKEW_US, &skew_us, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    fields.content_type = NULL;
    g_assert_null(httpsig_parse(&fields, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "content-type"));
}

/* --- What is refused ------------------------------------------------------------------------- */

static void check_denied(const Httpsig *signature, const HttpsigRequest *asked,
                         const NoteVerifier *verifier, gint64 now_us, const char *words)
{
    g_autoptr(GError) error = NULL;
    gint64 skew_us = 77;
    g_assert_false(httpsig_verify(signature, asked, verifier, now_us, SKEW_US, &skew_us, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_cmpint(skew_us, ==, 77);
}

static void test_forged(void)
{
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(VECTOR_VKEY, NULL);
    g_autoptr(NoteSigner) other = make_signer(NAME, 9);
    g_autoptr(NoteSigner) renamed = make_signer("cert.cedar.example/message", 8);
    g_autoptr(NoteSigner) cosigner = note_signer_as(other, NOTE_COSIGNATURE, NULL);
    g_autoptr(Httpsig) signature = parse(&vector);
    static const HttpsigRequest changed[] = {
        {"PUT", URI, BODY, sizeof BODY - 1},
        {"POST", "https://cert.birch.example:8443/exchange/v1/wake", BODY, sizeof BODY - 1},
        {"POST", "https://cert.cedar.example:8443/exchange/v1/follow", BODY, sizeof BODY - 1},
        {"POST", "http://cert.birch.example:8443/exchange/v1/follow", BODY, sizeof BODY - 1},
        {"POST", URI "?", BODY, sizeof BODY - 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(changed); i++)
        check_denied(signature, &changed[i], verifier, CREATED_US, "signature is not that of");
    HttpsigRequest longer = {"POST", URI, BODY, sizeof BODY};
    HttpsigRequest other_body = {"POST", URI, "{}", 2}, no_body = {"POST", URI, NULL, 0};
    check_denied(signature, &longer, verifier, CREATED_US, "digest");
    check_denied(signature, &other_body, verifier, CREATED_US, "digest");
    check_denied(signature, &no_body, verifier, CREATED_US, "digest");
    check_denied(signature, &request, note_signer_verifier(other), CREATED_US, "is signed by");
    check_denied(signature, &request, note_signer_verifier(renamed), CREATED_US, "is signed by");
    check_denied(signature, &request, note_signer_verifier(cosigner), CREATED_US, "is signed by");

    /* Digest and body changed together, as who is in between would. */
    g_autofree char *digest = httpsig_digest("{}", 2);
    HttpsigFields fields = vector;
    fields.content_digest = digest;
    g_autoptr(Httpsig) moved = parse(&fields);
    check_denied(moved, &other_body, verifier, CREATED_US, "signature is not that of");
}

/* Each parameter is signed: one changed letter, and the signature fits no more. */
static void test_params_are_signed(void)
{
    static const char *const inputs[] = {
        "concert=" COVERED ";created=1767323046" NONCE KEYID TAG,
        "concert=" COVERED CREATED ";nonce=\"9PHy8_T19vf4-fr7_P3-_w\"" KEYID TAG,
        "concert=" COVERED NONCE CREATED KEYID TAG,
        VECTOR_INPUT ";alg=\"ed25519\"",
        VECTOR_INPUT ";expires=1767323145",
        "concert=(\"@target-uri\" \"@method\" \"content-digest\")" CREATED NONCE KEYID TAG,
    };
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(VECTOR_VKEY, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(inputs); i++) {
        HttpsigFields fields = vector;
        fields.signature_input = inputs[i];
        g_autoptr(Httpsig) signature = parse(&fields);
        check_denied(signature, &request, verifier, CREATED_US, "signature is not that of");
    }
}

static void test_time(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(VECTOR_VKEY, NULL);
    g_autoptr(Httpsig) signature = parse(&vector);
    gint64 skew_us = 0;
    g_assert_true(httpsig_verify(signature, &request, verifier, CREATED_US + SKEW_US, SKEW_US,
                                 &skew_us, &error));
    g_assert_cmpint(skew_us, ==, SKEW_US);
    g_assert_true(httpsig_verify(signature, &request, verifier, CREATED_US - SKEW_US, SKEW_US,
                                 &skew_us, &error));
    g_assert_cmpint(skew_us, ==, -SKEW_US);
    check_denied(signature, &request, verifier, CREATED_US + SKEW_US + 1, "too old");
    check_denied(signature, &request, verifier,
                 CREATED_US + G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC,
                 "86400 s ago, and at most 300");
    check_denied(signature, &request, verifier, CREATED_US - SKEW_US - 1, "from the future");
    check_denied(signature, &request, verifier, 0, "from the future");
    /* Of what is not genuine nothing is said of the time. */
    HttpsigRequest other_body = {"POST", URI, "{}", 2};
    check_denied(signature, &other_body, verifier, CREATED_US + 2 * SKEW_US, "digest");
}

static void test_refused_inputs(void)
{
    static const struct {
        const char *input, *words;
    } cases[] = {
        {"", "labelled"},
        {"sig1=" VECTOR_PARAMS, "labelled"},
        {"concert", "labelled"},
        {"concert=", "list"},
        {"concert=()" CREATED NONCE KEYID TAG, "in quotes"},
        {"concert=(\"@method\" \"@target-uri\")" CREATED NONCE KEYID TAG, "\"content-digest\""},
        {"concert=(\"@method\" \"content-digest\")" CREATED NONCE KEYID TAG, "\"@target-uri\""},
        {"concert=(\"content-digest\" \"@target-uri\")" CREATED NONCE KEYID TAG, "\"@method\""},
        {"concert=(\"@method\" \"@target-uri\" \"content-digest\" \"@method\")" CREATED NONCE KEYID
             TAG,
         "twice"},
        {"concert=(\"@method\" \"@target-uri\" \"content-digest\" \"date\")" CREATED NONCE KEYID
             TAG,
         "not known"},
        {"concert=(\"@method\" \"@target-uri\" \"Content-Digest\")" CREATED NONCE KEYID TAG,
         "not known"},
        {"concert=(\"@method\"  \"@target-uri\" \"content-digest\")" CREATED NONCE KEYID TAG,
         "in quotes"},
        {"concert=( \"@method\" \"@target-uri\" \"content-digest\")" CREATED NONCE KEYID TAG,
         "in quotes"},
        {"concert=(\"@method\" \"@target-uri\" \"content-digest\";req)" CREATED NONCE KEYID TAG,
         "\")\""},
        {"concert=(\"@method\" \"@target-uri\" \"content-digest\"", "\")\""},
        {"concert=" COVERED NONCE KEYID TAG, "created is missing"},
        {"concert=" COVERED CREATED KEYID TAG, "nonce is missing"},
        {"concert=" COVERED CREATED NONCE TAG, "keyid is missing"},
        {"concert=" COVERED CREATED NONCE KEYID, "tag is missing"},
        {"concert=" COVERED ";created=01767323045" NONCE KEYID TAG, "created"},
        {"concert=" COVERED ";created=-1" NONCE KEYID TAG, "created"},
        {"concert=" COVERED ";created=1.5" NONCE KEYID TAG, "byte"},
        {"concert=" COVERED ";created=\"1767323045\"" NONCE KEYID TAG, "created"},
        {"concert=" COVERED ";created=253402300800" NONCE KEYID TAG, "created"},
        {"concert=" COVERED ";created=99999999999999999999999" NONCE KEYID TAG, "created"},
        {"concert=" COVERED ";created" NONCE KEYID TAG, "created"},
        {"concert=" COVERED CREATED CREATED NONCE KEYID TAG, "twice"},
        {"concert=" COVERED CREATED ";nonce=\"\"" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED ";nonce=\"8PHy8_T19vf4-fr7_P3-_x\"" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED ";nonce=\"8PHy8/T19vf4+fr7/P3+/w\"" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED ";nonce=\"8PHy8_T19vf4-fr7_P3-_w==\"" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED ";nonce=\"8PHy8_T19vf4-fr7_P3-\"" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED ";nonce=12" KEYID TAG, "nonce"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"" NAME "\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"" NAME "+394CB9BF\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"" NAME "+394cb9bf0\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"+394cb9bf\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"a b+394cb9bf\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"a\\\"b+394cb9bf\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"a\n+394cb9bf\"" TAG, "keyid"},
        {"concert=" COVERED CREATED NONCE ";keyid=\"a", "keyid"},
        {"concert=" COVERED CREATED NONCE KEYID ";tag=\"concert-v2\"", "tag"},
        {VECTOR_INPUT ";alg=\"rsa-pss-sha512\"", "alg"},
        {VECTOR_INPUT ";scope=\"all\"", "known"},
        {VECTOR_INPUT ";", "known"},
        {VECTOR_INPUT " ", "the end"},
        {VECTOR_INPUT ", other=()", "the end"},
        {"concert=" COVERED " ;created=1767323045" NONCE KEYID TAG, "the end"},
        {"concert=" COVERED "; created=1767323045" NONCE KEYID TAG, "known"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        HttpsigFields fields = vector;
        fields.signature_input = cases[i].input;
        g_test_message("%s", cases[i].input);
        g_assert_null(httpsig_parse(&fields, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].words));
    }
    g_autofree char *blanks = g_strnfill(3000, 'a');
    g_autofree char *large =
        g_strconcat("concert=" COVERED CREATED NONCE TAG ";keyid=\"", blanks, NULL);
    HttpsigFields fields = vector;
    g_autoptr(GError) error = NULL;
    fields.signature_input = large;
    g_assert_null(httpsig_parse(&fields, &error));
    g_assert_nonnull(strstr(error->message, "2048"));
}

static void test_refused_fields(void)
{
    static const struct {
        HttpsigFields fields;
        ConcertError code;
        const char *words;
    } cases[] = {
        {{VECTOR_DIGEST, NULL, NULL, NULL, NULL}, CONCERT_ERROR_DENIED, "not signed"},
        {{NULL, NULL, NULL, NULL, NULL}, CONCERT_ERROR_DENIED, "not signed"},
        {{NULL, VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL}, CONCERT_ERROR_INPUT, "has the fields"},
        {{VECTOR_DIGEST, VECTOR_INPUT, NULL, NULL, NULL}, CONCERT_ERROR_INPUT, "has the fields"},
        {{VECTOR_DIGEST, NULL, VECTOR_SIGNATURE, NULL, NULL}, CONCERT_ERROR_INPUT, "has the field"},
        {{"sha-256=:", VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL}, CONCERT_ERROR_INPUT, "Digest"},
        {{"sha-256=::", VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL}, CONCERT_ERROR_INPUT, "Digest"},
        {{"sha-256=:AAAA:", VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL},
         CONCERT_ERROR_INPUT,
         "Digest"},
        {{"md5=:4boYscu3MsspMpzY3QSjIzLArmaOVAzutRJD5VLGA98=:", VECTOR_INPUT, VECTOR_SIGNATURE,
          NULL, NULL},
         CONCERT_ERROR_INPUT,
         "Digest"},
        {{VECTOR_DIGEST ", " VECTOR_DIGEST, VECTOR_INPUT, VECTOR_SIGNATURE, NULL, NULL},
         CONCERT_ERROR_INPUT,
         "Digest"},
        {{"sha-256=:4boYscu3MsspMpzY3QSjIzLArmaOVAzutRJD5VLGA99=:", VECTOR_INPUT, VECTOR_SIGNATURE,
          NULL, NULL},
         CONCERT_ERROR_INPUT, /* unused bits that are not zero */
         "Digest"},
        {{VECTOR_DIGEST, VECTOR_INPUT, "concert=:AAAA:", NULL, NULL},
         CONCERT_ERROR_INPUT,
         "64 bytes"},
        {{VECTOR_DIGEST, VECTOR_INPUT, "concert", NULL, NULL}, CONCERT_ERROR_INPUT, "64 bytes"},
        {{VECTOR_DIGEST, VECTOR_INPUT, "", NULL, NULL}, CONCERT_ERROR_INPUT, "64 bytes"},
        {{VECTOR_DIGEST, VECTOR_INPUT, VECTOR_SIGNATURE " ", NULL, NULL},
         CONCERT_ERROR_INPUT,
         "64 bytes"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(httpsig_parse(&cases[i].fields, &error));
        g_assert_error(error, CONCERT_ERROR, (gint)cases[i].code);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].words));
    }
}

static void test_refused_requests(void)
{
    static const HttpsigRequest cases[] = {
        {"", URI, "", 0},
        {"post", URI, "", 0},
        {"POST\n", URI, "", 0},
        {"POST", "", "", 0},
        {"POST", "/exchange/v1/follow", "", 0},
        {"POST", "ftp://cert.birch.example/", "", 0},
        {"POST", URI "#part", "", 0},
        {"POST", URI " x", "", 0},
        {"POST", URI "\n\"content-digest\": x", "", 0},
        {"POST", "https://b\303\274rch.example/", "", 0},
    };
    g_autoptr(NoteSigner) signer = make_signer(NAME, 8);
    g_autoptr(NoteSigner) foreign = make_signer("b\303\274rch.example/message", 8);
    g_autoptr(NoteSigner) quoted = make_signer("a\"b", 8);
    g_autoptr(NoteSigner) cosigner = note_signer_as(signer, NOTE_COSIGNATURE, NULL);
    const NoteSigner *const wrong[] = {foreign, quoted, cosigner};
    g_autoptr(Httpsig) signature = parse(&vector);
    g_autoptr(GError) error = NULL;
    HttpsigHeaders headers = {0};
    gint64 skew_us;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_false(httpsig_sign(&cases[i], signer, CREATED_US, NULL, &headers, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
        g_assert_false(httpsig_verify(signature, &cases[i], note_signer_verifier(signer),
                                      CREATED_US, SKEW_US, &skew_us, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(httpsig_sign(&request, wrong[i], CREATED_US, NULL, &headers, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
    g_assert_false(httpsig_sign(&request, signer, -1, NULL, &headers, NULL));
    g_assert_false(httpsig_sign(&request, signer, G_MAXINT64, NULL, &headers, NULL));
    g_assert_null(headers.signature);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/httpsig/rfc9421", test_rfc9421);
    g_test_add_func("/httpsig/rfc9530", test_rfc9530);
    g_test_add_func("/httpsig/vector", test_vector);
    g_test_add_func("/httpsig/document", test_document);
    g_test_add_func("/httpsig/nonces-differ", test_nonces_differ);
    g_test_add_func("/httpsig/other-orders", test_other_orders);
    g_test_add_func("/httpsig/forged", test_forged);
    g_test_add_func("/httpsig/params-are-signed", test_params_are_signed);
    g_test_add_func("/httpsig/time", test_time);
    g_test_add_func("/httpsig/refused-inputs", test_refused_inputs);
    g_test_add_func("/httpsig/refused-fields", test_refused_fields);
    g_test_add_func("/httpsig/refused-requests", test_refused_requests);
    return g_test_run();
}
