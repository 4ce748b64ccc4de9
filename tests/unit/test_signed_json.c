#include "ledger/signed_json.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"

#define NODE     "cert.alder.example"
#define JSON_MAX (4 * 1024 * 1024)

/* The vectors in docs/protocol.md. */
#define VKEY      "cert.alder.example/message+2051b8f2+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6"
#define BODY      "{\"title\":\"\303\234bung\",\"ranks\":[2.50, 1e2],\"of\":\"a\\u0008b\"}"
#define CANONICAL "{\"of\":\"a\\bb\",\"ranks\":[2.5,100],\"title\":\"\303\234bung\"}"
#define LINE                                                                                       \
    "\342\200\224 cert.alder.example/message "                                                     \
    "IFG48sFmFy1ls8OXmbNo0pS6E6mFiy+/iHHmNadJ+U3VJkPfFSrDGKtgwwI+qn3Ceg4FwXOzjUPtASqU+D0xSZV3yQE="
#define WHOLE "{\"body\":" CANONICAL ",\"concert\":\"statement/v1\",\"signatures\":[\"" LINE "\"]}"
#define HASH  "f72e7a6fcafedc3f868e7cfe6dc85411227aa4af9bed6d1672662559f36fdcda"

static NoteSigner *make_signer(const char *name, NoteAlgorithm algorithm, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    g_autoptr(GError) error = NULL;
    memset(seed, byte, sizeof seed);
    NoteSigner *signer = note_signer_new(name, algorithm, seed, &error);
    g_assert_no_error(error);
    return signer;
}

static NoteSigner *make_alder(void)
{
    return make_signer(NODE "/message", NOTE_ED25519, 11);
}

static char *make(const char *type, const char *body)
{
    g_autoptr(NoteSigner) signer = make_alder();
    const NoteSigner *signers[] = {signer};
    g_autoptr(GError) error = NULL;
    char *text = signed_json_make_text(type, body, strlen(body), signers, 1, &error);
    g_assert_no_error(error);
    return text;
}

static SignedJson *parse(const char *text, const char *type)
{
    g_autoptr(GError) error = NULL;
    SignedJson *json = signed_json_parse(text, strlen(text), JSON_MAX, type, &error);
    g_assert_no_error(error);
    return json;
}

static void assert_refused(const char *text, const char *type, gint code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(signed_json_parse(text, strlen(text), JSON_MAX, type, &error));
    g_assert_error(error, CONCERT_ERROR, code);
    g_assert_nonnull(strstr(error->message, message));
}

/* @text with the one @old in it replaced. */
static char *edit(const char *text, const char *old, const char *new)
{
    g_auto(GStrv) parts = g_strsplit(text, old, -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strjoinv(new, parts);
}

static void test_vector(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autofree char *text = make("statement", BODY);
    g_autoptr(SignedJson) json = parse(text, "statement");
    char hex[2 * SHA256_SIZE + 1];
    guint8 hash[SHA256_SIZE];
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
    signed_json_hash(json, hash);
    g_assert_cmpstr(vkey, ==, VKEY);
    g_assert_cmpstr(text, ==, WHOLE);
    g_assert_cmpstr(json->note->bytes, ==, "concert/v1 statement\n" CANONICAL "\n\n" LINE "\n");
    g_assert_cmpstr(sha256_hex(hash, hex), ==, HASH);
}

static void test_reads_what_was_made(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = make("test.card-x", "{\"b\":{\"c\":[1,null,true]},\"a\":\"x\"}");
    g_autoptr(SignedJson) json = parse(text, NULL);
    g_assert_cmpstr(json->type, ==, "test.card-x");
    g_assert_cmpmem(json->text, json->text_length, "{\"a\":\"x\",\"b\":{\"c\":[1,null,true]}}", 33);
    g_assert_true(yyjson_equals_str(yyjson_obj_get(json->body, "a"), "x"));
    g_assert_true(signed_json_verify(json, note_signer_verifier(signer), &error));
    g_assert_no_error(error);
    g_autofree char *again = signed_json_format(json);
    g_assert_cmpstr(again, ==, text);
}

/* White space, the order of members and members that nobody signed change nothing. */
static void test_form_is_free(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autofree char *text = make("card", "{\"a\":1,\"b\":[]}");
    g_autofree char *loose =
        edit(text, "{\"body\":{\"a\":1,\"b\":[]},\"concert\":",
             "{ \"later\" : {}, \"body\" : { \"b\" : [ ], \"a\" : 1.0 },\n\"concert\" : ");
    g_autoptr(SignedJson) json = parse(loose, "card");
    g_autoptr(GError) error = NULL;
    g_assert_true(signed_json_verify(json, note_signer_verifier(signer), &error));
    g_autofree char *again = signed_json_format(json);
    g_assert_cmpstr(again, ==, text);
}

/* RFC 8785 rounds numbers: what callers read is what was signed, not what was sent. */
static void test_body_is_what_was_signed(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autofree char *text = make("card", "{\"n\":9007199254740992}");
    g_autofree char *other = edit(text, "9007199254740992", "9007199254740993");
    g_autoptr(SignedJson) json = parse(other, "card");
    g_assert_true(signed_json_verify(json, note_signer_verifier(signer), NULL));
    g_assert_cmpuint(yyjson_get_uint(yyjson_obj_get(json->body, "n")), ==, 9007199254740992);
}

static void test_type_and_body_are_signed(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autofree char *text = make("card", "{\"a\":1}");
    g_autofree char *other_type = edit(text, "card/v1", "event/v1");
    g_autofree char *other_body = edit(text, "{\"a\":1}", "{\"a\":2}");
    const char *const changed[] = {other_type, other_body};
    for (guint i = 0; i < G_N_ELEMENTS(changed); i++) {
        g_autoptr(SignedJson) json = parse(changed[i], NULL);
        g_autoptr(GError) error = NULL;
        g_assert_false(signed_json_verify(json, note_signer_verifier(signer), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    }
}

static void test_several_sign(void)
{
    g_autoptr(NoteSigner) alder = make_alder();
    g_autoptr(NoteSigner) birch = make_signer("cert.birch.example/message", NOTE_ED25519, 12);
    g_autoptr(NoteSigner) cedar = make_signer("cert.cedar.example/message", NOTE_ED25519, 13);
    const NoteSigner *signers[] = {alder, birch};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = signed_json_make_text("membership", "{}", 2, signers, 2, &error);
    g_assert_no_error(error);
    g_autoptr(SignedJson) json = parse(text, "membership");
    g_assert_true(signed_json_verify(json, note_signer_verifier(alder), NULL));
    g_assert_true(signed_json_verify(json, note_signer_verifier(birch), NULL));
    g_assert_false(signed_json_verify(json, note_signer_verifier(cedar), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* The same name with another key, and the same key with another name, did not sign. */
static void test_keys_are_not_confused(void)
{
    g_autoptr(NoteSigner) same_name = make_signer(NODE "/message", NOTE_ED25519, 12);
    g_autoptr(NoteSigner) same_key = make_signer(NODE "/ledger", NOTE_ED25519, 11);
    g_autoptr(NoteSigner) cosign = make_signer(NODE "/message", NOTE_COSIGNATURE, 11);
    const NoteSigner *const others[] = {same_name, same_key, cosign};
    g_autofree char *text = make("card", "{}");
    g_autoptr(SignedJson) json = parse(text, "card");
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(signed_json_verify(json, note_signer_verifier(others[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    }
}

/* A signature of an algorithm that is not known is kept and written again. */
static void test_unknown_signatures_are_kept(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    g_autofree char *text = make("card", "{}");
    g_autofree char *more = edit(text, "\"]}", "\",\"\342\200\224 later AAECAwQF\"]}");
    g_autoptr(SignedJson) json = parse(more, "card");
    g_autofree char *again = signed_json_format(json);
    guint8 hash[SHA256_SIZE], other_hash[SHA256_SIZE];
    g_autoptr(SignedJson) other = parse(text, "card");
    g_assert_cmpstr(again, ==, more);
    g_assert_true(signed_json_verify(json, note_signer_verifier(signer), NULL));
    signed_json_hash(json, hash);
    signed_json_hash(other, other_hash);
    g_assert_cmpmem(hash, sizeof hash, other_hash, sizeof other_hash);
}

static void test_versions(void)
{
    g_autofree char *text = make("card", "{}");
    g_autofree char *newer = edit(text, "card/v1", "card/v2");
    g_autofree char *ancient = edit(text, "card/v1", "card/v0");
    g_autofree char *wordy = edit(text, "card/v1", "card/vx");
    g_autofree char *bare = edit(text, "card/v1", "card");
    g_autofree char *capital = edit(text, "card/v1", "Card/v1");
    g_autofree char *spaced = edit(text, "card/v1", "key change/v1");
    g_autofree char *number = edit(text, "\"card/v1\"", "1");
    assert_refused(newer, "card", CONCERT_ERROR_NEWER, "later version");
    assert_refused(newer, NULL, CONCERT_ERROR_NEWER, "later version");
    assert_refused(newer, "event", CONCERT_ERROR_INPUT, "\"event/v1\" is expected");
    assert_refused(text, "event", CONCERT_ERROR_INPUT, "\"event/v1\" is expected");
    assert_refused(ancient, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused(wordy, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused(bare, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused(capital, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused(spaced, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused(number, NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused("[]", NULL, CONCERT_ERROR_INPUT, "not signed JSON");
    assert_refused("{\"concert\":", NULL, CONCERT_ERROR_INPUT, "byte");
}

static void test_wrong_parts(void)
{
    g_autofree char *text = make("card", "{\"a\":1}");
    g_autofree char *duplicate = edit(text, "{\"a\":1}", "{\"a\":1,\"a\":1}");
    g_autofree char *list = edit(text, "{\"a\":1}", "[]");
    g_autofree char *unsigned_text = g_strdup("{\"body\":{},\"concert\":\"card/v1\"}");
    g_autofree char *none = g_strdup("{\"body\":{},\"concert\":\"card/v1\",\"signatures\":[]}");
    g_autofree char *number = g_strdup("{\"body\":{},\"concert\":\"card/v1\",\"signatures\":[1]}");
    g_autofree char *no_line = edit(text, "\342\200\224 ", "- ");
    g_autofree char *newline = edit(text, "\"]}", "\\n\"]}");
    assert_refused(duplicate, "card", CONCERT_ERROR_INPUT, "duplicate key");
    assert_refused(list, "card", CONCERT_ERROR_INPUT, "\"body\" is not an object");
    assert_refused(unsigned_text, "card", CONCERT_ERROR_INPUT, "\"signatures\"");
    assert_refused(none, "card", CONCERT_ERROR_INPUT, "\"signatures\"");
    assert_refused(number, "card", CONCERT_ERROR_INPUT, "not one line");
    assert_refused(no_line, "card", CONCERT_ERROR_INPUT, "em dash");
    assert_refused(newline, "card", CONCERT_ERROR_INPUT, "not one line");
}

/* An empty line cannot be smuggled in to move the border between text and signatures. */
static void test_no_second_text(void)
{
    g_autofree char *text = make("card", "{\"a\":\"x\"}");
    g_autofree char *empty = edit(text, "\"signatures\":[", "\"signatures\":[\"\",");
    assert_refused(empty, "card", CONCERT_ERROR_INPUT, "not one line");
}

static void test_limits(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    const NoteSigner *signers[] = {signer};
    g_autofree char *text = make("card", "{}");
    g_autoptr(GError) error = NULL;
    g_assert_null(signed_json_parse(text, strlen(text), strlen(text) - 1, "card", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);

    g_autofree char *long_text = g_strnfill(NOTE_BYTES_MAX, 'x');
    g_autofree char *large = g_strdup_printf("{\"a\":\"%s\"}", long_text);
    g_clear_error(&error);
    g_assert_null(signed_json_make_text("card", large, strlen(large), signers, 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);

    GString *many = g_string_new("\",\"\342\200\224 later AAECAwQF\"");
    for (guint i = 1; i < NOTE_SIGNATURES_MAX; i++)
        g_string_append(many, ",\"\342\200\224 later AAECAwQF\"");
    g_string_append(many, "]}");
    g_autofree char *tail = g_string_free(many, FALSE);
    g_autofree char *crowded = edit(text, "\"]}", tail);
    assert_refused(crowded, "card", CONCERT_ERROR_LIMIT, "signatures");
}

/* One level is the whole's. */
static void test_depth(void)
{
    g_autoptr(NoteSigner) signer = make_alder();
    const NoteSigner *signers[] = {signer};
    for (guint depth = JSONGUARD_MAX_DEPTH - 1; depth <= JSONGUARD_MAX_DEPTH; depth++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *open = g_strnfill(depth - 1, '[');
        g_autofree char *close = g_strnfill(depth - 1, ']');
        g_autofree char *body = g_strdup_printf("{\"a\":%s%s}", open, close);
        g_autofree char *text =
            signed_json_make_text("card", body, strlen(body), signers, 1, &error);
        if (depth < JSONGUARD_MAX_DEPTH)
            g_assert_no_error(error);
        else
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
        g_assert_true(!text == !!error);
    }
}

static void test_wrong_makers(void)
{
    g_autoptr(NoteSigner) alder = make_alder();
    g_autoptr(NoteSigner) cosign = make_signer(NODE "/witness", NOTE_COSIGNATURE, 5);
    const NoteSigner *good[] = {alder}, *bad[] = {alder, cosign};
    const struct {
        const char *type, *body;
        const NoteSigner *const *signers;
        guint n_signers;
    } cases[] = {
        {"key change", "{}", good, 1}, {"", "{}", good, 1},
        {"Card", "{}", good, 1},       {"card", "[]", good, 1},
        {"card", "{", good, 1},        {"card", "{}", good, 0},
        {"card", "{}", bad, 2},        {"card", "{\"a\":1,\"a\":2}", good, 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(signed_json_make_text(cases[i].type, cases[i].body, strlen(cases[i].body),
                                            cases[i].signers, cases[i].n_signers, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signed-json/vector", test_vector);
    g_test_add_func("/signed-json/reads-what-was-made", test_reads_what_was_made);
    g_test_add_func("/signed-json/form-is-free", test_form_is_free);
    g_test_add_func("/signed-json/body-is-what-was-signed", test_body_is_what_was_signed);
    g_test_add_func("/signed-json/type-and-body-are-signed", test_type_and_body_are_signed);
    g_test_add_func("/signed-json/several-sign", test_several_sign);
    g_test_add_func("/signed-json/keys-are-not-confused", test_keys_are_not_confused);
    g_test_add_func("/signed-json/unknown-signatures-are-kept", test_unknown_signatures_are_kept);
    g_test_add_func("/signed-json/versions", test_versions);
    g_test_add_func("/signed-json/wrong-parts", test_wrong_parts);
    g_test_add_func("/signed-json/no-second-text", test_no_second_text);
    g_test_add_func("/signed-json/limits", test_limits);
    g_test_add_func("/signed-json/depth", test_depth);
    g_test_add_func("/signed-json/wrong-makers", test_wrong_makers);
    return g_test_run();
}
