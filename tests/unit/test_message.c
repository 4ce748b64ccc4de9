/* Messages between people: the vector of docs/protocol.md, what opens and what does not, that the
 * recipient can make the same bytes, and what is no message. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "exchange/message.h"

#define ALDER     "cert.alder.example"
#define BIRCH     "cert.birch.example"
#define ID        "5f1c0f6e-2d3b-4c55-9a77-0c8e6b7a1d20"
#define OTHER     "0b7e9d2c-81f4-4a39-b6d5-3c2f1e0d9a88"
#define TIME      1767323045000000 /* 2026-01-02T03:04:05Z */

#define ALDER_KEY "pOWTxfJBZmN7S1zupVDqXeQTRAemH0DmASR22CzDgA4="
#define BIRCH_KEY "ODnLjqc2b/6JUVP6N6yQDpXB8vs2exK5FwXEYFM20mg="
#define VECTOR                                                                                     \
    "{\"boxes\":[{\"box\":\"Ww5p1PcjO8jm8Vlb1snIFAA39CQfsZ8Ada9bNPWJF53HydRe5+g3"                  \
    "bM+p2nVENZn6FaUEBMk6RUif4xHrmi+HDNEVXqnc3jR2JyCfT41NukiMpICnax3zcdUJVF"                       \
    "a5lyoIvUvPiHscjR4Y0GWd31j8kMJWDOGb0yUFA2d1DaHCR2h3++PUfQAbkNc8aGOttSww"                       \
    "NIYcnQSMzDJIeHzadzmnJZBvJbpCkFlgFHtP1GzOW07Lt7NA2rQqsf3aoirFLWTqumdStn"                       \
    "myTmYJvJXjVN7sIzfXNw6Rv0n0VyNlN1+DDJczam1giJm842rdSAoh/6dysYV/eT/xdcEy"                       \
    "W0Vtm0CjVujBIkT2/BmFp40B7PTCTGs=\",\"nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhM"                   \
    "UFRYX\"}],\"concert\":\"message/v1\",\"from\":\"cert.alder.example\"}"

typedef struct {
    guint8 public_key[MESSAGE_KEY_SIZE];
    guint8 secret[MESSAGE_KEY_SIZE];
} Pair;

/* As the vector: the X25519 form of an Ed25519 key whose seed is 32 times @byte. */
static Pair make_pair(guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    Pair pair;
    memset(seed, byte, sizeof seed);
    g_autoptr(NoteSigner) signer = note_signer_new(ALDER "/parcel", NOTE_ED25519, seed, NULL);
    g_assert_true(note_signer_x25519(signer, pair.secret, NULL));
    g_assert_true(note_verifier_x25519(note_signer_verifier(signer), pair.public_key, NULL));
    return pair;
}

static Message emergency(void)
{
    return (Message){.kind = MESSAGE_EMERGENCY,
                     .id = (char *)ID,
                     .from = (char *)ALDER,
                     .to = (char *)BIRCH,
                     .time_us = TIME,
                     .text = (char *)"Übung: please call",
                     .exercise = TRUE};
}

static Message *open_body(GBytes *body, const Pair *sender, const Pair *recipient, const char *self,
                          GError **error)
{
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    g_autoptr(MessageEnvelope) envelope = message_envelope_parse(text, length, error);
    return envelope ? message_open(envelope, sender->public_key, &recipient->secret, 1, self, error)
                    : NULL;
}

static GBytes *seal(const Message *message, const Pair *sender, const Pair *recipient)
{
    g_autoptr(GError) error = NULL;
    GBytes *body = message_seal(message, recipient->public_key, &sender->secret, 1, NULL, &error);
    g_assert_no_error(error);
    return body;
}

static void test_vector(void)
{
    static const char expected[] = VECTOR;
    const Pair alder = make_pair(0x0c), birch = make_pair(0x0d);
    const Message message = emergency();
    guint8 nonce[MESSAGE_NONCE_SIZE];
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < sizeof nonce; i++)
        nonce[i] = (guint8)i;
    g_autofree char *a = g_base64_encode(alder.public_key, MESSAGE_KEY_SIZE);
    g_autofree char *b = g_base64_encode(birch.public_key, MESSAGE_KEY_SIZE);
    g_assert_cmpstr(a, ==, ALDER_KEY);
    g_assert_cmpstr(b, ==, BIRCH_KEY);
    g_autoptr(GBytes) body =
        message_seal(&message, birch.public_key, &alder.secret, 1, nonce, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(body, NULL), g_bytes_get_size(body), expected,
                    strlen(expected));
    g_autoptr(Message) opened = open_body(body, &alder, &birch, BIRCH, &error);
    g_assert_no_error(error);
    g_assert_cmpint(opened->kind, ==, MESSAGE_EMERGENCY);
    g_assert_cmpstr(opened->id, ==, ID);
    g_assert_cmpstr(opened->from, ==, ALDER);
    g_assert_cmpstr(opened->to, ==, BIRCH);
    g_assert_cmpint(opened->time_us, ==, TIME);
    g_assert_cmpstr(opened->text, ==, message.text);
    g_assert_true(opened->exercise);
    g_assert_null(opened->reply_to);
}

/* What the promise rests on: whoever has the recipient's secret key alone makes the same bytes, so
 * they prove nothing about the sender. */
static void test_recipient_could_have_made_it(void)
{
    const Pair alder = make_pair(1), birch = make_pair(2);
    const Message message = emergency();
    guint8 nonce[MESSAGE_NONCE_SIZE] = {7};
    g_autoptr(GBytes) sent =
        message_seal(&message, birch.public_key, &alder.secret, 1, nonce, NULL);
    g_autoptr(GBytes) forged =
        message_seal(&message, alder.public_key, &birch.secret, 1, nonce, NULL);
    g_assert_true(g_bytes_equal(sent, forged));
}

static void test_only_the_two(void)
{
    const Pair alder = make_pair(1), birch = make_pair(2), cedar = make_pair(3);
    Message message = emergency();
    g_autoptr(GBytes) body = seal(&message, &alder, &birch);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_body(body, &cedar, &birch, BIRCH, &error)); /* not Cedar's */
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_null(open_body(body, &alder, &cedar, BIRCH, &error)); /* not for Cedar */
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* Birch sends Alder's own message back: it opens, for both have the key, and is refused. */
    g_assert_null(open_body(body, &birch, &alder, ALDER, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* A sender that claims in the box to be another. */
    message.from = (char *)"cert.cedar.example";
    g_autoptr(GBytes) other = seal(&message, &alder, &birch);
    g_autofree char *text = g_strndup(g_bytes_get_data(other, NULL), g_bytes_get_size(other));
    char *from = strstr(text, "cert.cedar.example");
    memcpy(from, ALDER, strlen(ALDER));
    g_autoptr(GBytes) mixed = g_bytes_new(text, strlen(text));
    g_assert_null(open_body(mixed, &alder, &birch, BIRCH, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

static void test_flipped(void)
{
    const Pair alder = make_pair(1), birch = make_pair(2);
    const Message message = emergency();
    g_autoptr(GBytes) body = seal(&message, &alder, &birch);
    gsize length;
    const char *bytes = g_bytes_get_data(body, &length);
    g_autofree char *text = g_memdup2(bytes, length);
    for (gsize i = 0; i < length; i++) {
        text[i] ^= 1;
        g_autoptr(GBytes) flipped = g_bytes_new(text, length);
        g_autoptr(Message) opened = open_body(flipped, &alder, &birch, BIRCH, NULL);
        g_assert_null(opened);
        text[i] ^= 1;
    }
    for (gsize i = 0; i < length; i += 7) {
        g_autoptr(GBytes) cut = g_bytes_new(text, i);
        g_autoptr(Message) opened = open_body(cut, &alder, &birch, BIRCH, NULL);
        g_assert_null(opened);
    }
}

/* A sender whose key is new is understood by who knows the old one or the new one, and so is a
 * recipient whose own is. */
static void test_two_keys(void)
{
    const Pair old = make_pair(1), new = make_pair(2), birch = make_pair(3), later = make_pair(4);
    const Message message = emergency();
    const guint8(*none)[MESSAGE_KEY_SIZE] = NULL;
    guint8 secrets[2][MESSAGE_KEY_SIZE], own[2][MESSAGE_KEY_SIZE];
    memcpy(secrets[0], new.secret, MESSAGE_KEY_SIZE);
    memcpy(secrets[1], old.secret, MESSAGE_KEY_SIZE);
    memcpy(own[0], later.secret, MESSAGE_KEY_SIZE);
    memcpy(own[1], birch.secret, MESSAGE_KEY_SIZE);
    g_autoptr(GBytes) body = message_seal(&message, birch.public_key, secrets, 2, NULL, NULL);
    g_autoptr(MessageEnvelope) envelope =
        message_envelope_parse(g_bytes_get_data(body, NULL), g_bytes_get_size(body), NULL);
    g_assert_cmpuint(envelope->n_boxes, ==, 2);
    g_autoptr(Message) by_old = message_open(envelope, old.public_key, own, 2, BIRCH, NULL);
    g_autoptr(Message) by_new = message_open(envelope, new.public_key, own, 2, BIRCH, NULL);
    g_assert_nonnull(by_old);
    g_assert_nonnull(by_new);
    g_assert_null(message_open(envelope, new.public_key, own, 1, BIRCH, NULL));
    g_assert_null(message_open(envelope, new.public_key, none, 0, BIRCH, NULL));
}

/* The length of what is sent tells little of the length of the text. */
static void test_padding(void)
{
    const Pair alder = make_pair(1), birch = make_pair(2);
    Message message = emergency();
    gsize first = 0;
    for (guint i = 1; i <= 40; i++) {
        g_autofree char *text = g_strnfill(i, 'x');
        message.text = text;
        g_autoptr(GBytes) body = seal(&message, &alder, &birch);
        first = first ? first : g_bytes_get_size(body);
        g_assert_cmpuint(g_bytes_get_size(body), ==, first);
    }
}

static void test_small_order_key(void)
{
    const Pair alder = make_pair(1);
    const guint8 zero[MESSAGE_KEY_SIZE] = {0};
    const Message message = emergency();
    g_autoptr(GError) error = NULL;
    g_assert_null(message_seal(&message, zero, &alder.secret, 1, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_check(void)
{
    g_autofree char *longest = g_strnfill(MESSAGES_TEXT_MAX, 'x');
    g_autofree char *longer = g_strnfill(MESSAGES_TEXT_MAX + 1, 'x');
    g_autofree char *name = g_strnfill(MESSAGES_BY_MAX + 1, 'x');
    const struct {
        const char *id, *text, *reply_to, *by;
        MessageKind kind;
        gboolean good;
    } cases[] = {
        {ID, "call", NULL, NULL, MESSAGE_EMERGENCY, TRUE},
        {ID, "a\n\tb", ID, NULL, MESSAGE_NOTE, TRUE},
        {ID, longest, NULL, NULL, MESSAGE_NOTE, TRUE},
        {ID, NULL, OTHER, NULL, MESSAGE_ACKNOWLEDGEMENT, TRUE},
        {ID, "calling", OTHER, "A. Example", MESSAGE_ACKNOWLEDGEMENT, TRUE},
        {ID, longer, NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "", NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, NULL, NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "a\033[2Jb", NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "a\302\205b", NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "a\rb", NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "a\377b", NULL, NULL, MESSAGE_NOTE, FALSE},
        {ID, "call", NULL, "A. Example", MESSAGE_EMERGENCY, FALSE},
        {ID, NULL, NULL, NULL, MESSAGE_ACKNOWLEDGEMENT, FALSE},
        {ID, NULL, OTHER, "A.\nExample", MESSAGE_ACKNOWLEDGEMENT, FALSE},
        {ID, NULL, OTHER, name, MESSAGE_ACKNOWLEDGEMENT, FALSE},
        {ID, "call", "nothing", NULL, MESSAGE_NOTE, FALSE},
        {"5F1C0F6E-2D3B-4C55-9A77-0C8E6B7A1D20", "call", NULL, NULL, MESSAGE_NOTE, FALSE},
        {"", "call", NULL, NULL, MESSAGE_NOTE, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Message message = emergency();
        message.kind = cases[i].kind;
        message.id = (char *)cases[i].id;
        message.text = (char *)cases[i].text;
        message.reply_to = (char *)cases[i].reply_to;
        message.by = (char *)cases[i].by;
        g_autoptr(GError) error = NULL;
        gboolean good = message_check(&message, &error);
        g_assert_cmpint(good, ==, cases[i].good);
        g_assert_true(good == (error == NULL));
    }
}

/* What a peer puts into a box is no more to be trusted for being genuine. */
static void test_hostile_plaintext(void)
{
    static const char *const plain[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"kind\":\"emergency\"}",
        "{\"kind\":\"order\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"text\":\"x\"}",
        "{\"kind\":\"note\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05Z\",\"text\":\"x\"}",
        "{\"kind\":\"note\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"text\":\"x\",\"text\":\"y\"}",
        "{\"kind\":\"note\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"text\":\"x\\u0000y\"}",
        "{\"kind\":\"note\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"text\":\"x\",\"exercise\":false}",
        "{\"kind\":\"note\",\"id\":\"" ID "\",\"from\":\"" ALDER "\",\"to\":\"" BIRCH
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"text\":7}",
    };
    const Pair alder = make_pair(1), birch = make_pair(2);
    guint8 nonce[MESSAGE_NONCE_SIZE] = {0};
    g_autofree char *nonce_text = g_base64_encode(nonce, sizeof nonce);
    for (guint i = 0; i < G_N_ELEMENTS(plain); i++) {
        gsize size = strlen(plain[i]) + crypto_box_MACBYTES;
        g_autofree guint8 *box = g_malloc(size);
        g_assert_true(crypto_box_easy(box, (const guint8 *)plain[i], strlen(plain[i]), nonce,
                                      birch.public_key, alder.secret) == 0);
        g_autofree char *box_text = g_base64_encode(box, size);
        g_autofree char *body = g_strdup_printf("{\"concert\":\"message/v1\",\"from\":\"" ALDER
                                                "\",\"boxes\":[{\"box\":\"%s\","
                                                "\"nonce\":\"%s\"}]}",
                                                box_text, nonce_text);
        g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
        g_autoptr(GError) error = NULL;
        g_assert_null(open_body(bytes, &alder, &birch, BIRCH, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static void test_bad_envelopes(void)
{
#define NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BOX   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static const char *const bodies[] = {
        "",
        "[]",
        "{\"concert\":\"message/v2\",\"from\":\"a\",\"boxes\":[{\"box\":\"" BOX
        "\",\"nonce\":\"" NONCE "\"}]}",
        "{\"concert\":\"message/v1\",\"boxes\":[{\"box\":\"" BOX "\",\"nonce\":\"" NONCE "\"}]}",
        "{\"concert\":\"message/v1\",\"from\":\"a b\",\"boxes\":[{\"box\":\"" BOX
        "\",\"nonce\":\"" NONCE "\"}]}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":[]}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":{}}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":[7]}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":[{\"box\":\"" BOX
        "\",\"nonce\":\"AAAA\"}]}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":[{\"box\":\"AAAA\",\"nonce\":\"" NONCE
        "\"}]}",
        "{\"concert\":\"message/v1\",\"from\":\"a\",\"boxes\":[{\"box\":\"" BOX
        "\",\"nonce\":\"" NONCE "\"},{\"box\":\"" BOX "\",\"nonce\":\"" NONCE "\"},{\"box\":\"" BOX
        "\",\"nonce\":\"" NONCE "\"}]}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(message_envelope_parse(bodies[i], strlen(bodies[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autofree char *large = g_strnfill(MESSAGE_BYTES_MAX + 1, ' ');
    g_autoptr(GError) error = NULL;
    g_assert_null(message_envelope_parse(large, MESSAGE_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message/vector", test_vector);
    g_test_add_func("/message/recipient-could-have-made-it", test_recipient_could_have_made_it);
    g_test_add_func("/message/only-the-two", test_only_the_two);
    g_test_add_func("/message/flipped", test_flipped);
    g_test_add_func("/message/two-keys", test_two_keys);
    g_test_add_func("/message/padding", test_padding);
    g_test_add_func("/message/small-order-key", test_small_order_key);
    g_test_add_func("/message/check", test_check);
    g_test_add_func("/message/hostile-plaintext", test_hostile_plaintext);
    g_test_add_func("/message/bad-envelopes", test_bad_envelopes);
    return g_test_run();
}
