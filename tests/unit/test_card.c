/* Node cards: what is written is read again, what is wrong is named, and whose card it is follows
 * from the pinned keys. The words: the same on both sides, as docs/protocol.md has them. */
#include "exchange/words.h"
#include "made_card.h"

#define ALDER "cert.alder.example"
#define BIRCH "cert.birch.example"

static void test_round(void)
{
    g_auto(MadeNode) alder = {0};
    made_node_init(&alder, ALDER, 1);
    CardSpec spec = made_card_spec(&alder, 7);
    spec.affiliation = "XA";
    spec.roles = (const char *const[]){"national-cert", "witness", NULL};
    spec.endpoints = (const char *const[]){"https://NODE.alder.example:443/",
                                           "https://[2001:DB8::1]:8470", NULL};
    spec.contacts =
        "[{\"name\":\"Desk\",\"email\":\"Desk@alder.example\",\"phone\":\"+1 555 0100\","
        "\"languages\":[\"en\",\"pt-BR\"],\"hours\":\"24/7\",\"note\":{\"kept\":true}}]";
    spec.ip = (const char *const[]){"192.0.2.77/24", "2001:DB8::/32", NULL};
    spec.as = (const char *const[]){"AS64500", "64501", NULL};
    spec.domains = (const char *const[]){"Alder.Example.", NULL};
    spec.rulebook = "4fcf7de53ee855da8f6da47802e2d90c5f151ce4cf298c4c706a3a7d532fcbd4";
    g_autoptr(GError) error = NULL;
    g_autofree char *text = card_make(&spec, alder.signers[CARD_LEDGER_KEY], &error);
    g_assert_no_error(error);
    g_autoptr(Card) card = card_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(card->node, ==, ALDER);
    g_assert_cmpstr(card->origin, ==, ALDER "/ledger");
    g_assert_cmpuint(card->number, ==, 7);
    g_assert_cmpint(card->time_us, ==, MADE_CARD_TIME);
    g_assert_cmpstr(card->organisation, ==, "Alder CERT");
    g_assert_cmpstr(card->affiliation, ==, "XA");
    g_assert_cmpstr(card->roles[1], ==, "witness");
    g_assert_cmpstr(card->endpoints[0], ==, "https://node.alder.example");
    g_assert_cmpstr(card->endpoints[1], ==, "https://[2001:db8::1]:8470");
    g_assert_cmpstr(card->ip[0], ==, "192.0.2.0/24");
    g_assert_cmpstr(card->ip[1], ==, "2001:db8::/32");
    g_assert_cmpuint(card->as->len, ==, 2);
    g_assert_cmpuint(g_array_index(card->as, guint32, 1), ==, 64501);
    g_assert_cmpstr(card->domains[0], ==, "alder.example");
    g_assert_cmpstr(card->vkeys[CARD_MESSAGE_KEY], ==, alder.vkeys[CARD_MESSAGE_KEY]);
    g_assert_cmpuint(yyjson_arr_size(card->contacts), ==, 1);
    g_assert_true(card_has_capability(card, "exchange/v1"));
    g_assert_false(card_has_capability(card, CARD_CAPABILITY_LISTED));
    g_autofree char *again = card_format(card);
    g_assert_cmpstr(again, ==, text);
}

/* What a card may not say, by what is put in place of something in a good one. */
static void test_refusals(void)
{
    static const struct {
        const char *member, *json, *says;
    } wrong[] = {
        {"node", "\"cert.birch.example\"", "is not called as a ledger"},
        {"node", "\"Cert.Alder.example\"", "\"node\" is not"},
        {"origin", "\"cert.alder.example\"", "is not called as a ledger"},
        {"number", "0", "\"number\""},
        {"number", "1.5", "\"number\""},
        {"time", "\"2026-01-02T03:04:05Z\"", "\"time\""},
        {"organisation", "\"two\\nlines\"", "\"organisation\" is not one line"},
        {"organisation", "\"\\u202eright to left\"", "\"organisation\" is not one line"},
        {"organisation", "[]", "\"organisation\" is not one line"},
        {"roles", "[\"Operator\"]", "roles[0]"},
        {"roles", "[\"operator\",\"operator\"]", "roles[1] is there twice"},
        {"endpoints", "[\"http://node.example\"]", "endpoints[0]"},
        {"endpoints", "[\"https://user@node.example\"]", "endpoints[0]"},
        {"endpoints", "[\"https://node.example/path\"]", "endpoints[0]"},
        {"endpoints", "[\"file:///etc/passwd\"]", "endpoints[0]"},
        {"tls", "[\"sha256//AAAA\"]", "tls[0]"},
        {"keys", "{}", "keys: \"ledger\" is missing"},
        {"contacts", "[{}]", "contacts[0]: \"name\""},
        {"contacts", "[{\"name\":\"x\",\"email\":\"nobody\"}]", "contacts[0]: \"email\""},
        {"contacts", "{}", "contacts: "},
        {"constituency", "{\"ip\":[\"192.0.2.1/33\"]}", "constituency: ip[0]"},
        {"constituency", "{\"ip\":[\"192.0.2.77/24\"]}", "constituency: ip[0]"},
        {"constituency", "{\"as\":[0]}", "constituency: as[0]"},
        {"constituency", "{\"as\":[4294967296]}", "constituency: as[0]"},
        {"constituency", "{\"domains\":[\"a b\"]}", "constituency: domains[0]"},
        {"rulebook", "\"00\"", "\"rulebook\""},
    };
    g_auto(MadeNode) alder = {0};
    made_node_init(&alder, ALDER, 1);
    g_autofree char *text = made_card_text(&alder, 1);
    g_autoptr(Card) card = card_parse(text, strlen(text), NULL);
    const NoteSigner *signer = alder.signers[CARD_LEDGER_KEY];
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        yyjson_mut_doc *doc = yyjson_doc_mut_copy(card->json->doc, NULL);
        yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
        g_autoptr(yyjson_doc) value = yyjson_read(wrong[i].json, strlen(wrong[i].json), 0);
        g_assert_nonnull(value);
        yyjson_mut_obj_remove_key(root, wrong[i].member);
        yyjson_mut_obj_add_val(doc, root, wrong[i].member,
                               yyjson_val_mut_copy(doc, yyjson_doc_get_root(value)));
        size_t length;
        char *body = yyjson_mut_write(doc, 0, &length);
        g_autofree char *changed = signed_json_make_text(CARD_TYPE, body, length, &signer, 1, NULL);
        g_assert_nonnull(changed);
        g_autoptr(GError) error = NULL;
        g_assert_null(card_parse(changed, strlen(changed), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        if (!strstr(error->message, wrong[i].says))
            g_error("%s: %s: %s", wrong[i].member, wrong[i].json, error->message);
        free(body);
        yyjson_mut_doc_free(doc);
    }
}

static void test_signature(void)
{
    g_auto(MadeNode) alder = {0}, mallory = {0};
    made_node_init(&alder, ALDER, 1);
    made_node_init(&mallory, ALDER, 101);
    g_autoptr(GError) error = NULL;
    const CardSpec spec = made_card_spec(&alder, 1);
    /* Not signed by the key that it names. */
    g_assert_null(card_make(&spec, mallory.signers[CARD_LEDGER_KEY], &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* Keys that are one and the same, or of other names. */
    CardSpec same = spec;
    g_autoptr(NoteSigner) twin = made_signer(ALDER "/message", NOTE_ED25519, 1);
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(twin));
    same.vkeys[CARD_MESSAGE_KEY] = vkey;
    g_assert_null(card_make(&same, alder.signers[CARD_LEDGER_KEY], &error));
    g_assert_nonnull(strstr(error->message, "\"ledger\" and \"message\" are the same"));
    g_clear_error(&error);
    CardSpec swapped = spec;
    swapped.vkeys[CARD_MESSAGE_KEY] = alder.vkeys[CARD_RECOVERY_KEY];
    g_assert_null(card_make(&swapped, alder.signers[CARD_LEDGER_KEY], &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    /* A byte of what is signed. */
    g_autofree char *text = made_card_text(&alder, 1);
    *strstr(text, "Alder CERT") = 'E';
    g_assert_null(card_parse(text, strlen(text), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    /* Too large. */
    g_autofree char *large = g_strnfill(CARD_BYTES_MAX + 1, ' ');
    g_assert_null(card_parse(large, CARD_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

/* The history of a peer's keys says which card counts. */
static void test_verify(void)
{
    g_auto(MadeNode) alder = {0}, mallory = {0};
    made_node_init(&alder, ALDER, 1);
    made_node_init(&mallory, ALDER, 101);
    g_autoptr(GError) error = NULL;
    g_autoptr(KeyHistory) history =
        keychange_history_new(note_signer_verifier(alder.signers[CARD_LEDGER_KEY]), NULL,
                              note_signer_verifier(alder.signers[CARD_RECOVERY_KEY]), &error);
    g_autofree char *good = made_card_text(&alder, 1), *bad = made_card_text(&mallory, 2);
    g_autoptr(Card) first = card_parse(good, strlen(good), &error);
    g_autoptr(Card) other = card_parse(bad, strlen(bad), &error);
    g_assert_no_error(error);
    g_assert_true(card_verify(first, history, &error));
    g_assert_false(card_verify(other, history, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);

    /* The key is changed: the new one's card counts, and the old one's does not any more. */
    NoteSigner *next = made_signer(ALDER "/ledger", NOTE_ED25519, 50);
    g_autofree char *note =
        keychange_rotate(ALDER "/ledger", alder.signers[CARD_LEDGER_KEY], next, 10, &error);
    g_autoptr(KeyChange) change = keychange_parse(note, strlen(note), &error);
    g_assert_true(keychange_history_add(history, change, NULL, &error));
    g_assert_false(card_verify(first, history, NULL));
    note_signer_free(alder.signers[CARD_LEDGER_KEY]);
    alder.signers[CARD_LEDGER_KEY] = next;
    g_free(alder.vkeys[CARD_LEDGER_KEY]);
    alder.vkeys[CARD_LEDGER_KEY] = note_verifier_format(note_signer_verifier(next));
    g_autofree char *later = made_card_text(&alder, 2);
    g_autoptr(Card) second = card_parse(later, strlen(later), &error);
    g_assert_true(card_verify(second, history, &error));
    g_assert_no_error(error);

    /* A recovery key never changes. */
    g_free(alder.vkeys[CARD_RECOVERY_KEY]);
    alder.vkeys[CARD_RECOVERY_KEY] = g_strdup(mallory.vkeys[CARD_RECOVERY_KEY]);
    g_autofree char *stolen = made_card_text(&alder, 3);
    g_autoptr(Card) third = card_parse(stolen, strlen(stolen), &error);
    g_assert_false(card_verify(third, history, &error));
    g_assert_nonnull(strstr(error->message, "recovery key"));
}

static void test_equal(void)
{
    g_auto(MadeNode) alder = {0};
    made_node_init(&alder, ALDER, 1);
    g_autofree char *one = made_card_text(&alder, 1), *two = made_card_text(&alder, 2);
    CardSpec spec = made_card_spec(&alder, 3);
    spec.organisation = "Alder CSIRT";
    g_autofree char *three = card_make(&spec, alder.signers[CARD_LEDGER_KEY], NULL);
    g_autoptr(Card) first = card_parse(one, strlen(one), NULL);
    g_autoptr(Card) second = card_parse(two, strlen(two), NULL);
    g_autoptr(Card) third = card_parse(three, strlen(three), NULL);
    g_assert_true(card_equal(first, second));
    g_assert_false(card_equal(first, third));
}

/* --- words -------------------------------------------------------------------------------------
 */

static void test_word_list(void)
{
    g_autoptr(GHashTable) beginnings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < WORDS_LIST; i++) {
        const char *word = words_word((guint8)i);
        g_assert_cmpuint(strlen(word), >=, 3);
        g_assert_cmpuint(strlen(word), <=, 8);
        g_assert_true(g_hash_table_add(beginnings, g_strndup(word, 4)));
        g_assert_true(i == 0 || strcmp(words_word((guint8)(i - 1)), word) < 0);
    }
}

/* The vector of docs/protocol.md. */
static void test_words(void)
{
    g_auto(MadeNode) alder = {0}, birch = {0}, mallory = {0};
    made_node_init(&alder, ALDER, 1);
    made_node_init(&birch, BIRCH, 11);
    made_node_init(&mallory, BIRCH, 21);
    g_autofree char *a = made_card_text(&alder, 1), *b = made_card_text(&birch, 1),
                    *m = made_card_text(&mallory, 1);
    g_autoptr(Card) one = card_parse(a, strlen(a), NULL);
    g_autoptr(Card) other = card_parse(b, strlen(b), NULL);
    g_autoptr(Card) false_one = card_parse(m, strlen(m), NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *words = words_compute(one, other, &error);
    g_assert_no_error(error);
    g_autofree char *back = words_compute(other, one, &error);
    g_assert_cmpstr(words, ==, back);
    g_assert_cmpstr(
        words, ==,
        "evening oval orange mushroom drawer mitten birch dance lunar roof quilt engine");
    g_autofree char *wrong = words_compute(one, false_one, &error);
    g_assert_cmpstr(words, !=, wrong);
    g_assert_null(words_compute(one, one, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/card/round", test_round);
    g_test_add_func("/card/refusals", test_refusals);
    g_test_add_func("/card/signature", test_signature);
    g_test_add_func("/card/verify", test_verify);
    g_test_add_func("/card/equal", test_equal);
    g_test_add_func("/words/list", test_word_list);
    g_test_add_func("/words/vector", test_words);
    return g_test_run();
}
