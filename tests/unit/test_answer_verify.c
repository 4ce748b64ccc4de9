#include "exchange/answer.h"

#include "answer_scene.h"
#include "exchange/card.h"

#define BYTES_MAX (16 * 1024 * 1024)

/* Birch, who follows Alder. */
typedef struct {
    AnswerScene scene;
    NoteSigner *recovery;
    KeyHistory *history;
    const NoteVerifier *keys[1];
    AnswerTrust trust;
} Follower;

/* Knows the tree of @size entries, and all before entry @from. */
static void follower_init(Follower *follower, guint64 from, guint64 size)
{
    g_autoptr(GError) error = NULL;
    answer_scene_init(&follower->scene);
    follower->recovery = answer_scene_signer(ANSWER_SCENE_NODE "/recovery", 7);
    follower->history = keychange_history_new(note_signer_verifier(follower->scene.ledger), NULL,
                                              note_signer_verifier(follower->recovery), &error);
    g_assert_no_error(error);
    follower->keys[0] = note_signer_verifier(follower->scene.message);
    follower->trust = (AnswerTrust){.origin = ANSWER_SCENE_ORIGIN,
                                    .to = ANSWER_SCENE_BIRCH,
                                    .history = follower->history,
                                    .message_keys = follower->keys,
                                    .n_message_keys = 1,
                                    .card_number = 1,
                                    .from = from,
                                    .size = size};
    if (size > 0)
        follower->trust.root = answer_scene_root(&follower->scene, size);
}

static void follower_clear(Follower *follower)
{
    answer_scene_clear(&follower->scene);
    note_signer_free(follower->recovery);
    keychange_history_free(follower->history);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Follower, follower_clear)

static Answer *parse(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    Answer *answer = answer_parse(bytes, BYTES_MAX, &error);
    g_assert_no_error(error);
    return answer;
}

static Answer *make(Follower *follower)
{
    const AnswerTrust *trust = &follower->trust;
    g_autoptr(GBytes) bytes =
        answer_scene_answer(&follower->scene, trust->size, trust->from, follower->scene.count);
    return parse(bytes);
}

static void assert_verdict(const Follower *follower, const Answer *answer, AnswerVerdict verdict,
                           const char *message)
{
    g_autoptr(GError) error = NULL;
    g_auto(AnswerVerified) verified = {.end = 4711};
    AnswerVerdict found = answer_verify(answer, &follower->trust, &verified, &error);
    if (found != verdict || !error || !strstr(error->message, message))
        g_error("%s, \"%s\" is expected, not %s, \"%s\"", answer_verdict_name(verdict), message,
                answer_verdict_name(found), error ? error->message : "");
    g_assert_cmpuint(verified.end, ==, 4711);
    g_assert_null(verified.coverage);
}

static void assert_accepted(const Follower *follower, const Answer *answer,
                            AnswerVerified *ret_verified)
{
    g_autoptr(GError) error = NULL;
    AnswerVerdict verdict = answer_verify(answer, &follower->trust, ret_verified, &error);
    g_assert_no_error(error);
    g_assert_cmpint(verdict, ==, ANSWER_ACCEPTED);
}

static AnswerOpening *at(const Answer *answer, guint place)
{
    return g_ptr_array_index(answer->openings, place);
}

static void replace_opening(Answer *answer, guint place, Opening *opening)
{
    opening_free(at(answer, place)->opening);
    at(answer, place)->opening = opening;
}

static void test_accepted(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    assert_accepted(&follower, answer, &verified);
    MerkleHash root = answer_scene_root(&follower.scene, 6);
    g_assert_cmpuint(verified.end, ==, 6);
    g_assert_cmpuint(verified.size, ==, 6);
    g_assert_true(merkle_hash_equal(&verified.root, &root));
    g_assert_cmpstr(verified.checkpoint, ==, answer->checkpoint);
    g_assert_cmpuint(g_strv_length(verified.learnt), ==, 0);
    g_assert_false(verified.is_new_message_key);
    g_assert_cmpuint(verified.message_key->id, ==, follower.keys[0]->id);
    g_assert_cmpuint(verified.coverage->n_indices, ==, 4);
    g_assert_cmpuint(verified.first_new, ==, 0);
}

/* From every place to every other, whatever tree was known. */
static void test_ranges(void)
{
    for (guint64 size = 0; size <= 6; size++)
        for (guint64 from = 0; from <= size; from++) {
            g_auto(Follower) follower;
            g_auto(AnswerVerified) verified = {0};
            follower_init(&follower, from, size);
            g_autoptr(Answer) answer = make(&follower);
            assert_accepted(&follower, answer, &verified);
            g_assert_cmpuint(verified.end, ==, 6);
        }
}

/* Who already has some of it gets told what is new; a gap is none. */
static void test_overlap(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    follower.trust.from = 4;
    assert_accepted(&follower, answer, &verified);
    g_assert_cmpuint(verified.first_new, ==, 4);
    g_assert_cmpuint(at(answer, 4)->index, ==, 5);

    g_autoptr(GBytes) later = answer_scene_answer(&follower.scene, 0, 5, 6);
    g_autoptr(Answer) gap = parse(later);
    assert_verdict(&follower, gap, ANSWER_DAMAGED,
                   "head: begins at entry 5, and those from 4 on are not here");
    g_autoptr(GBytes) earlier = answer_scene_answer(&follower.scene, 0, 0, 3);
    g_autoptr(Answer) old = parse(earlier);
    assert_verdict(&follower, old, ANSWER_DAMAGED, "head: ends before entry 3");
}

/* A proof from the known tree may come beside the answer. */
static void test_other_consistency(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    g_autoptr(GError) error = NULL;
    MerkleProof proof;
    follower_init(&follower, 0, 5);
    g_autoptr(GBytes) bytes = answer_scene_answer(&follower.scene, 0, 0, 6);
    g_autoptr(Answer) answer = parse(bytes);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "consistency: ");
    merkle_prove_consistency(5, 6, answer_scene_fetch, &follower.scene, &proof, &error);
    follower.trust.consistency = &proof;
    assert_accepted(&follower, answer, &verified);
}

static void test_same_tree(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    follower_init(&follower, 3, 6);
    g_autoptr(Answer) answer = make(&follower);
    g_clear_pointer(&answer->checkpoint, g_free);
    assert_accepted(&follower, answer, &verified);
    g_assert_null(verified.checkpoint);
    follower.trust.size = 5;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "head: no checkpoint");
}

/* Answers to another question, or of another. */
static void test_range(void)
{
    g_auto(Follower) follower;
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    follower.trust.origin = ANSWER_SCENE_CEDAR;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "head: of the ledger");
    follower.trust.origin = ANSWER_SCENE_ORIGIN;
    follower.trust.size = 7;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "the ledger was rolled back");
}

static void test_checkpoint(void)
{
    g_auto(Follower) follower;
    g_autoptr(GError) error = NULL;
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    g_autoptr(NoteSigner) other = answer_scene_signer(ANSWER_SCENE_ORIGIN, 2);
    const Checkpoint checkpoint = {.origin = (char *)ANSWER_SCENE_ORIGIN,
                                   .size = 6,
                                   .root = answer_scene_root(&follower.scene, 6)};
    g_free(answer->checkpoint);
    answer->checkpoint = checkpoint_sign(&checkpoint, other, &error);
    g_assert_no_error(error);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "checkpoint: ");
    g_free(answer->checkpoint);
    answer->checkpoint = answer_scene_checkpoint(&follower.scene, 5);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "checkpoint: of 5 entries, the head says 6");
    g_free(answer->checkpoint);
    answer->checkpoint = g_strdup("nothing\n");
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "checkpoint: ");
}

/* Alder signed two trees: the one that Birch knows, and another. */
static void test_forked(void)
{
    for (guint64 size = 1; size <= 6; size++) {
        g_auto(Follower) follower;
        follower_init(&follower, 0, size);
        MerkleHash known = follower.trust.root;
        follower.scene.leaves[0].bytes[0] ^= 1;
        g_autoptr(Answer) answer = make(&follower);
        gboolean tells = size == 3 || size == 5 || size == 6;
        assert_verdict(&follower, answer, tells ? ANSWER_FORKED : ANSWER_DAMAGED,
                       tells ? "the ledger is forked" : "consistency: ");
        g_assert_true(merkle_hash_equal(&known, &follower.trust.root));
    }
}

/* A proof that is damaged convicts nobody. */
static void test_bad_consistency(void)
{
    for (guint64 size = 1; size < 6; size++) {
        g_auto(Follower) follower;
        follower_init(&follower, 0, size);
        g_autoptr(Answer) answer = make(&follower);
        for (guint i = 0; i < answer->consistency.count; i++) {
            answer->consistency.hashes[i].bytes[7] ^= 4;
            assert_verdict(&follower, answer, ANSWER_DAMAGED, "consistency: ");
            answer->consistency.hashes[i].bytes[7] ^= 4;
        }
        answer->consistency.count--;
        assert_verdict(&follower, answer, ANSWER_DAMAGED, "consistency: ");
    }
}

static void set_statement(Answer *answer, char *statement)
{
    g_free(answer->statement);
    answer->statement = statement;
}

static void test_statement(void)
{
    static const guint64 indices[] = {0, 1, 3, 5};
    g_auto(Follower) follower;
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    const Coverage honest = {.origin = (char *)ANSWER_SCENE_ORIGIN,
                             .to = (char *)ANSWER_SCENE_BIRCH,
                             .end = 6,
                             .size = 6,
                             .root = answer_scene_root(&follower.scene, 6),
                             .indices = (guint64 *)indices,
                             .n_indices = 4};
    Coverage coverage = honest;
    coverage.origin = (char *)ANSWER_SCENE_CEDAR;
    set_statement(answer, coverage_make(&coverage, follower.scene.message, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: of the ledger");
    coverage = honest;
    coverage.to = (char *)ANSWER_SCENE_CEDAR;
    set_statement(answer, coverage_make(&coverage, follower.scene.message, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: made for");
    coverage = honest;
    coverage.size = 7;
    set_statement(answer, coverage_make(&coverage, follower.scene.message, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "not those of the head");
    g_autoptr(NoteSigner) other = answer_scene_signer(ANSWER_SCENE_NODE "/message", 12);
    set_statement(answer, coverage_make(&honest, other, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: no message key");
    set_statement(answer, coverage_make(&honest, follower.scene.ledger, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: no message key");
    coverage = honest;
    coverage.root.bytes[0] ^= 1;
    set_statement(answer, coverage_make(&coverage, other, NULL));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: no message key");
    set_statement(answer, coverage_make(&coverage, follower.scene.message, NULL));
    assert_verdict(&follower, answer, ANSWER_LYING, "coverage: it names another root");
}

/* A statement with other indices than those of the openings. */
static void assert_claims(const guint64 *indices, guint n, AnswerVerdict verdict,
                          const char *message)
{
    g_auto(Follower) follower;
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    set_statement(answer, answer_scene_statement(&follower.scene, 0, 6, 6, indices, n));
    assert_verdict(&follower, answer, verdict, message);
}

static void test_claims(void)
{
    static const guint64 one_more[] = {0, 1, 3, 4, 5}, one_less[] = {0, 1, 5},
                         other[] = {1, 2, 3, 5}, public_less[] = {1, 3, 5}, first[] = {0};
    assert_claims(one_more, 5, ANSWER_DAMAGED, "coverage: index 4 is claimed but not there");
    assert_claims(one_less, 3, ANSWER_LYING, "coverage: leaves out entry 3, which is for us");
    assert_claims(other, 4, ANSWER_LYING, "coverage: leaves out entry 0, which is for us");
    assert_claims(public_less, 3, ANSWER_LYING, "coverage: leaves out entry 0");
    assert_claims(first, 1, ANSWER_LYING, "coverage: leaves out entry 1");
    assert_claims(NULL, 0, ANSWER_LYING, "coverage: leaves out entry 0");
}

/* What is there as an "O" and not for us, claimed or not. */
static void test_not_ours(void)
{
    static const guint64 claimed[] = {4}, nothing[1];
    g_auto(Follower) follower;
    g_autoptr(GError) error = NULL;
    gboolean is_full;
    follower_init(&follower, 4, 4);
    AnswerOpening opening = answer_scene_at(&follower.scene, 4, 6);
    g_autoptr(AnswerBuilder) builder = answer_builder_new(BYTES_MAX);
    g_assert_true(answer_builder_add(builder, &opening, NULL, &is_full, &error));
    AnswerHead head = answer_scene_head(&follower.scene, builder, 4, 4, 5);
    g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
    g_autoptr(Answer) answer = parse(bytes);
    set_statement(answer, answer_scene_statement(&follower.scene, 4, 5, 6, claimed, 1));
    assert_verdict(&follower, answer, ANSWER_LYING,
                   "coverage: entry 4 is claimed for us, and we are not in its audience");
    set_statement(answer, answer_scene_statement(&follower.scene, 4, 5, 6, nothing, 0));
    assert_verdict(&follower, answer, ANSWER_DAMAGED,
                   "coverage: opening 4 is there and is not claimed");
}

/* An opening that surfaces later, elsewhere. */
static void test_omits(void)
{
    static const guint64 indices[] = {1, 5};
    g_auto(Follower) follower;
    follower_init(&follower, 0, 0);
    AnswerScene *scene = &follower.scene;
    g_autofree char *text = answer_scene_statement(scene, 0, 5, 6, indices, 1);
    g_autoptr(Coverage) coverage = coverage_parse(text, strlen(text), NULL);
    const gboolean convicts[] = {TRUE, FALSE, FALSE, TRUE, FALSE, FALSE};
    for (guint i = 0; i < G_N_ELEMENTS(convicts); i++)
        g_assert_cmpint(coverage_omits(coverage, i, scene->openings[i]), ==, convicts[i]);
    g_autoptr(Opening) erased = opening_new_erased(opening_entry(scene->openings[3]));
    g_assert_false(coverage_omits(coverage, 3, erased));
}

static void test_openings(void)
{
    g_auto(Follower) follower;
    g_autoptr(GError) error = NULL;
    follower_init(&follower, 0, 0);
    g_autoptr(Answer) answer = make(&follower);
    for (guint i = 0; i < answer->openings->len; i++) {
        AnswerOpening *opening = at(answer, i);
        g_autofree char *message = g_strdup_printf(
            "opening %" G_GUINT64_FORMAT ": the entry does not stand there: ", opening->index);
        opening->proof.hashes[0].bytes[31] ^= 128;
        assert_verdict(&follower, answer, ANSWER_DAMAGED, message);
        opening->proof.hashes[0].bytes[31] ^= 128;
        opening->opening->entry[7] ^= 2;
        assert_verdict(&follower, answer, ANSWER_DAMAGED, message);
        opening->opening->entry[7] ^= 2;
    }
    /* Another opening of ours, in its place. */
    AnswerOpening *first = at(answer, 1), *second = at(answer, 4);
    Opening *swapped = first->opening;
    first->opening = second->opening;
    second->opening = swapped;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 1: the entry does not stand there");
    second->opening = first->opening;
    first->opening = swapped;

    OpeningItem *item = &first->opening->items[1];
    GBytes *bytes = g_steal_pointer(&item->bytes);
    item->bytes = g_bytes_new_static("{\"type\":\"malwarX\"}", 18);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 1: item 1: the hash");
    g_bytes_unref(item->bytes);
    item->bytes = g_bytes_new_static("{\"type\":\"malwar\"}", 17);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 1: item 1: 17 bytes, the header");
    g_bytes_unref(item->bytes);
    item->bytes = bytes;
    item->nonce[0] ^= 1;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 1: item 1: the hash");
    item->nonce[0] ^= 1;
    replace_opening(answer, 1, opening_withhold(follower.scene.openings[1], 1, &error));
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 1: item 0: it is withheld");
}

/* An entry whose header is no header of this ledger's. */
static void test_foreign_header(void)
{
    static const char header[] =
        "{\"audience\":\"public\",\"kind\":\"statement\",\"origin\":\"" ANSWER_SCENE_CEDAR
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"v\":1}";
    static const char loose[] =
        "{\"audience\":\"public\", \"kind\":\"statement\",\"origin\":\"" ANSWER_SCENE_ORIGIN
        "\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"v\":1}";
    static const guint8 nonce[OPENING_NONCE_SIZE];
    const struct {
        const char *header, *message;
    } cases[] = {{header, "opening 0: the header is of the log"},
                 {loose, "opening 0: the header is not in RFC 8785 form"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Follower) follower;
        follower_init(&follower, 0, 0);
        AnswerScene *scene = &follower.scene;
        opening_free(scene->openings[0]);
        scene->openings[0] =
            opening_new(nonce, cases[i].header, strlen(cases[i].header), NULL, 0, NULL);
        merkle_leaf_hash(opening_entry(scene->openings[0]), OPENING_ENTRY_SIZE, &scene->leaves[0]);
        g_autoptr(Answer) answer = make(&follower);
        assert_verdict(&follower, answer, ANSWER_DAMAGED, cases[i].message);
    }
}

static void test_erased(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    follower_init(&follower, 0, 0);
    AnswerScene *scene = &follower.scene;
    opening_erase_item(scene->openings[1], 0);
    Opening *erased = opening_new_erased(opening_entry(scene->openings[5]));
    opening_free(scene->openings[5]);
    scene->openings[5] = erased;
    g_autoptr(Answer) answer = make(&follower);
    assert_accepted(&follower, answer, &verified);
    at(answer, 4)->opening->entry[5] ^= 1;
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "opening 5: the entry does not stand there");
}

/* Keys. */

static void test_key_change(void)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0}, again = {0};
    g_autoptr(GError) error = NULL;
    follower_init(&follower, 0, 5);
    AnswerScene *scene = &follower.scene;
    g_autoptr(NoteSigner) old = g_steal_pointer(&scene->ledger);
    scene->ledger = answer_scene_signer(ANSWER_SCENE_ORIGIN, 2);
    g_autoptr(Answer) answer = make(&follower);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "checkpoint: ");
    g_strfreev(answer->changes);
    answer->changes = g_new0(char *, 2);
    answer->changes[0] = keychange_rotate(ANSWER_SCENE_ORIGIN, old, scene->ledger, 5, &error);
    g_assert_no_error(error);
    assert_accepted(&follower, answer, &verified);
    g_assert_cmpuint(g_strv_length(verified.learnt), ==, 1);
    g_assert_cmpstr(verified.learnt[0], ==, answer->changes[0]);
    assert_accepted(&follower, answer, &again);
    g_assert_cmpuint(g_strv_length(again.learnt), ==, 0);
}

static void test_false_key_change(void)
{
    g_auto(Follower) follower;
    g_autoptr(GError) error = NULL;
    follower_init(&follower, 0, 5);
    g_autoptr(NoteSigner) thief = answer_scene_signer(ANSWER_SCENE_ORIGIN, 3);
    g_autoptr(NoteSigner) next = answer_scene_signer(ANSWER_SCENE_ORIGIN, 4);
    g_autoptr(Answer) answer = make(&follower);
    g_strfreev(answer->changes);
    answer->changes = g_new0(char *, 2);
    answer->changes[0] = keychange_rotate(ANSWER_SCENE_ORIGIN, thief, next, 5, &error);
    assert_verdict(&follower, answer, ANSWER_DAMAGED, "key change 0: ");
    g_assert_cmpuint(keychange_history_n_keys(follower.history, KEYCHANGE_LEDGER), ==, 1);
}

/* Alder's card @number, by which its messages are signed with @message. */
static char *make_card(const Follower *follower, guint64 number, const NoteSigner *ledger,
                       const NoteSigner *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) cosign = answer_scene_signer(ANSWER_SCENE_NODE "/witness", 5);
    g_autoptr(NoteSigner) witness = note_signer_as(cosign, NOTE_COSIGNATURE, &error);
    const NoteSigner *const signers[] = {ledger, witness, follower->recovery, message};
    CardSpec spec = {.node = ANSWER_SCENE_NODE,
                     .origin = ANSWER_SCENE_ORIGIN,
                     .number = number,
                     .time_us = ANSWER_SCENE_TIME,
                     .organisation = "CERT Alder",
                     .parcel = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="};
    char *vkeys[CARD_KEYS];
    for (guint i = 0; i < CARD_KEYS; i++)
        spec.vkeys[i] = vkeys[i] = note_verifier_format(note_signer_verifier(signers[i]));
    char *card = card_make(&spec, ledger, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < CARD_KEYS; i++)
        g_free(vkeys[i]);
    return card;
}

/* The statement is signed by a key that only a card tells of: in the head, or as an entry. */
static void assert_card(const char *card, const NoteSigner *message, gboolean is_entry,
                        gboolean is_good)
{
    g_auto(Follower) follower;
    g_auto(AnswerVerified) verified = {0};
    follower_init(&follower, 0, 5);
    AnswerScene *scene = &follower.scene;
    const char *const items[] = {card, NULL};
    if (is_entry)
        answer_scene_append(scene, CARD_KIND, NULL, "{\"number\":2}", items);
    g_autoptr(NoteSigner) old = g_steal_pointer(&scene->message);
    scene->message = answer_scene_signer(ANSWER_SCENE_NODE "/message", 12);
    follower.keys[0] = note_signer_verifier(old);
    g_autoptr(Answer) answer = make(&follower);
    if (!is_entry)
        answer->card = g_strdup(card);
    if (!is_good) {
        assert_verdict(&follower, answer, ANSWER_DAMAGED, "coverage: no message key");
        return;
    }
    assert_accepted(&follower, answer, &verified);
    g_assert_true(verified.is_new_message_key);
    g_assert_cmpuint(verified.message_key->id, ==, note_signer_verifier(message)->id);
}

static void test_card(void)
{
    g_auto(Follower) follower;
    follower_init(&follower, 0, 0);
    g_autoptr(NoteSigner) message = answer_scene_signer(ANSWER_SCENE_NODE "/message", 12);
    g_autoptr(NoteSigner) thief = answer_scene_signer(ANSWER_SCENE_ORIGIN, 3);
    g_autofree char *card = make_card(&follower, 2, follower.scene.ledger, message);
    g_autofree char *old = make_card(&follower, 1, follower.scene.ledger, message);
    g_autofree char *false_card = make_card(&follower, 2, thief, message);
    g_autofree char *other = make_card(&follower, 2, follower.scene.ledger, follower.scene.message);
    for (int is_entry = 0; is_entry < 2; is_entry++) {
        assert_card(card, message, is_entry, TRUE);
        assert_card(old, message, is_entry, FALSE);
        assert_card(false_card, message, is_entry, FALSE);
        assert_card(other, message, is_entry, FALSE);
        assert_card("{}", message, is_entry, FALSE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/answer-verify/accepted", test_accepted);
    g_test_add_func("/answer-verify/ranges", test_ranges);
    g_test_add_func("/answer-verify/overlap", test_overlap);
    g_test_add_func("/answer-verify/other-consistency", test_other_consistency);
    g_test_add_func("/answer-verify/same-tree", test_same_tree);
    g_test_add_func("/answer-verify/range", test_range);
    g_test_add_func("/answer-verify/checkpoint", test_checkpoint);
    g_test_add_func("/answer-verify/forked", test_forked);
    g_test_add_func("/answer-verify/bad-consistency", test_bad_consistency);
    g_test_add_func("/answer-verify/statement", test_statement);
    g_test_add_func("/answer-verify/claims", test_claims);
    g_test_add_func("/answer-verify/not-ours", test_not_ours);
    g_test_add_func("/answer-verify/omits", test_omits);
    g_test_add_func("/answer-verify/openings", test_openings);
    g_test_add_func("/answer-verify/foreign-header", test_foreign_header);
    g_test_add_func("/answer-verify/erased", test_erased);
    g_test_add_func("/answer-verify/key-change", test_key_change);
    g_test_add_func("/answer-verify/false-key-change", test_false_key_change);
    g_test_add_func("/answer-verify/card", test_card);
    return g_test_run();
}
