#include "exchange/answer.h"

#include "answer_scene.h"

#define BYTES_MAX (16 * 1024 * 1024)

static Answer *parse(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    Answer *answer = answer_parse(bytes, BYTES_MAX, &error);
    g_assert_no_error(error);
    return answer;
}

static void assert_refused(const void *data, gsize length, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree void *copy = g_memdup2(data, length); /* of that size: for AddressSanitizer */
    g_autoptr(GBytes) bytes = g_bytes_new_static(copy, length);
    g_autoptr(Answer) answer = answer_parse(bytes, BYTES_MAX, &error);
    g_assert_null(answer);
    g_assert_nonnull(error);
    if (!strstr(error->message, message))
        g_error("\"%s\" is expected, not \"%s\"", message, error->message);
}

static void test_round_trip(void)
{
    static const guint64 indices[] = {0, 1, 3, 2, 5};
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 0, 6);
    g_autoptr(Answer) answer = parse(bytes);
    g_assert_cmpstr(answer->origin, ==, ANSWER_SCENE_ORIGIN);
    g_assert_cmpuint(answer->from, ==, 0);
    g_assert_cmpuint(answer->end, ==, 6);
    g_assert_cmpuint(answer->size, ==, 6);
    g_assert_cmpstr(answer->checkpoint, ==, scene.checkpoint);
    g_assert_cmpstr(answer->statement, ==, scene.statement);
    g_assert_cmpuint(g_strv_length(answer->changes), ==, 0);
    g_assert_cmpuint(answer->openings->len, ==, G_N_ELEMENTS(indices));
    for (guint i = 0; i < G_N_ELEMENTS(indices); i++) {
        const AnswerOpening *opening = g_ptr_array_index(answer->openings, i);
        AnswerOpening wanted = answer_scene_at(&scene, indices[i], 6);
        g_autofree char *text = opening_format(opening->opening);
        g_autofree char *wanted_text = opening_format(wanted.opening);
        g_assert_cmpuint(opening->index, ==, indices[i]);
        g_assert_cmpuint(opening->granted_by, ==, indices[i] == 2 ? 3 : ANSWER_NOT_GRANTED);
        g_assert_cmpstr(text, ==, wanted_text);
        g_assert_cmpmem(&opening->proof, 4 + opening->proof.count * SHA256_SIZE, &wanted.proof,
                        4 + wanted.proof.count * SHA256_SIZE);
    }
}

/* All of the head that may be there. */
static void test_head(void)
{
    static const char *const changes[] = {"first\n", "second\n", NULL};
    static const char *const gossip[] = {"a checkpoint\n", NULL};
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    answer_scene_init(&scene);
    const NoteSigner *signer = scene.ledger;
    g_autofree char *card = signed_json_make_text("card", "{\"a\":1}", 7, &signer, 1, &error);
    g_assert_no_error(error);
    g_autoptr(AnswerBuilder) builder = answer_builder_new(0);
    AnswerHead head = answer_scene_head(&scene, builder, 3, 3, 3);
    head.changes = changes;
    head.gossip = gossip;
    head.card = card;
    head.checkpoint = NULL;
    g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
    g_assert_no_error(error);
    g_autoptr(Answer) answer = parse(bytes);
    g_assert_null(answer->checkpoint);
    g_assert_cmpuint(answer->consistency.count, ==, scene.consistency.count);
    g_assert_cmpuint(answer->consistency.count, >, 0);
    g_assert_cmpmem(answer->consistency.hashes, answer->consistency.count * SHA256_SIZE,
                    scene.consistency.hashes, scene.consistency.count * SHA256_SIZE);
    g_assert_cmpstr(answer->changes[1], ==, changes[1]);
    g_assert_null(answer->changes[2]);
    g_assert_cmpstr(answer->gossip[0], ==, gossip[0]);
    g_assert_cmpstr(answer->card, ==, card);
    g_assert_cmpuint(answer->openings->len, ==, 0);
}

/* A head larger than what is kept free for it. */
static void test_large_head(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    g_autofree char *change = g_strnfill(600 * 1024, 'x');
    const char *const changes[] = {change, NULL};
    answer_scene_init(&scene);
    g_autoptr(AnswerBuilder) builder = answer_scene_collect(&scene, 0, 6);
    AnswerHead head = answer_scene_head(&scene, builder, 0, 0, 6);
    head.changes = changes;
    g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
    g_assert_no_error(error);
    g_autoptr(Answer) answer = parse(bytes);
    g_assert_cmpuint(strlen(answer->changes[0]), ==, strlen(change));
    g_assert_cmpuint(answer->openings->len, ==, 5);
    const AnswerOpening *opening = g_ptr_array_index(answer->openings, 1);
    g_assert_cmpuint(g_bytes_get_size(opening->opening->items[0].bytes), ==, 20);
}

/* What is read lies in the bytes that came. */
static void test_no_copy(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 0, 6);
    g_autoptr(Answer) answer = parse(bytes);
    gsize length, item_length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    guint items = 0;
    for (guint i = 0; i < answer->openings->len; i++) {
        const AnswerOpening *opening = g_ptr_array_index(answer->openings, i);
        for (guint k = 0; k < opening->opening->n_items; k++, items++) {
            const guint8 *item = g_bytes_get_data(opening->opening->items[k].bytes, &item_length);
            g_assert_true(item > data && item + item_length < data + length);
        }
    }
    g_assert_cmpuint(items, ==, 3);
}

static void test_erased(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    opening_erase_item(scene.openings[1], 0);
    Opening *erased = opening_new_erased(opening_entry(scene.openings[2]));
    opening_free(scene.openings[2]);
    scene.openings[2] = erased;
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 1, 4);
    g_autoptr(Answer) answer = parse(bytes);
    const AnswerOpening *first = g_ptr_array_index(answer->openings, 0);
    g_assert_cmpint(first->opening->items[0].state, ==, OPENING_ERASED);
    g_assert_cmpint(first->opening->items[1].state, ==, OPENING_PRESENT);
    const AnswerOpening *whole = g_ptr_array_index(answer->openings, 1);
    g_assert_true(whole->opening->is_erased);
    g_assert_cmpuint(whole->index, ==, 2);
    const AnswerOpening *granted = g_ptr_array_index(answer->openings, 3);
    g_assert_true(granted->opening->is_erased);
    g_assert_cmpmem(opening_entry(granted->opening), OPENING_ENTRY_SIZE, opening_entry(erased),
                    OPENING_ENTRY_SIZE);
    g_assert_cmpuint(granted->granted_by, ==, 3);
}

/* Cut anywhere, it is no answer; and so with anything behind it. */
static void test_cut(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 0, 6);
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    for (gsize cut = 18; cut < length; cut++)
        assert_refused(data, cut, "cut off");
    assert_refused(data, 17, "does not begin with");
    assert_refused(data, 0, "does not begin with");
    g_autofree guint8 *longer = g_malloc0(length + 1);
    memcpy(longer, data, length);
    assert_refused(longer, length + 1, "1 bytes follow the end");
}

/* The frames of an honest answer, taken apart and put together otherwise. */
typedef struct {
    guint count;
    struct {
        gsize begin, length; /* with its header */
    } frames[32];
} Frames;

static Frames find_frames(const guint8 *data, gsize length)
{
    Frames frames = {0};
    for (gsize at = 18; at < length;) {
        guint32 size;
        memcpy(&size, data + at + 1, 4);
        frames.frames[frames.count].begin = at;
        frames.frames[frames.count].length = 5 + GUINT32_FROM_BE(size);
        at += frames.frames[frames.count++].length;
    }
    return frames;
}

/* The frames in the order of @order, a letter each: 'a' is the first. */
static void assert_order_refused(GBytes *bytes, const char *order, const char *message)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    Frames frames = find_frames(data, length);
    g_autoptr(GByteArray) other = g_byte_array_new();
    g_byte_array_append(other, data, 18);
    for (const char *at = order; *at; at++) {
        guint place = (guint)(*at - 'a');
        g_assert_cmpuint(place, <, frames.count);
        g_byte_array_append(other, data + frames.frames[place].begin,
                            (guint)frames.frames[place].length);
    }
    assert_refused(other->data, other->len, message);
}

/* a: head; b: 0; c: 1, with items d and e; f: 3, which grants g: 2, with item h; i: 5; j: end */
static void test_order(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 0, 6);
    assert_order_refused(bytes, "bcdefghij", "a frame \"O\" where the head should be");
    assert_order_refused(bytes, "aabcdefghij", "a frame \"H\" where an opening or the end");
    assert_order_refused(bytes, "acdebfghij", "opening 0: not ascending");
    assert_order_refused(bytes, "abcdecdefghij", "opening 1: not ascending");
    assert_order_refused(bytes, "abcdfghij", "opening 1: item 1: byte");
    assert_order_refused(bytes, "abcfghij", "a frame \"O\" where the item's bytes should be");
    assert_order_refused(bytes, "abcdeefghij", "a frame \"I\" where an opening or the end");
    assert_order_refused(bytes, "abdcefghij", "a frame \"I\" where an opening or the end");
    assert_order_refused(bytes, "abcdefij", "opening 3: entry 2, which it grants, is not there");
    assert_order_refused(bytes, "abcdeghij", "a frame \"G\" where an opening or the end");
    assert_order_refused(bytes, "abcdefghghij", "a frame \"G\" where an opening or the end");
    assert_order_refused(bytes, "abcdefghijj", "bytes follow the end");
    assert_order_refused(bytes, "ajbcdefghi", "bytes follow the end");
}

/* Replaces a text of the answer by one of the same length. */
static void assert_change_refused(GBytes *bytes, const char *from, const char *to,
                                  const char *message)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_autofree guint8 *copy = g_memdup2(data, length);
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    guint8 *at = memmem(copy, length, from, strlen(from));
    g_assert_nonnull(at);
    memcpy(at, to, strlen(to));
    assert_refused(copy, length, message);
}

static void test_members(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 5, 0, 6);
    assert_change_refused(bytes, "answer/v1", "answer/v2", "does not begin with");
    assert_change_refused(bytes, "\"origin\":\"cert", "\"origin\":\"c rt", "head: \"origin\"");
    assert_change_refused(bytes, "\"end\":6", "\"end\":7", "are not in that order");
    assert_change_refused(bytes, "\"end\":6", "\"end\":5",
                          "opening 5: not ascending within 0 to 5");
    assert_change_refused(bytes, "\"from\":0", "\"from\":1", "opening 0: not ascending");
    assert_change_refused(bytes, "\"size\":6", "\"size\":x", "head: ");
    assert_change_refused(bytes, "\"checkpoint\":\"", "\"checkpoint\":[", "head: ");
    assert_change_refused(bytes, "\"consistency\":[\"", "\"consistency\":[0", "head: ");
    assert_change_refused(bytes, "coverage/v1", "coverage/v2", "head: statement: ");
    assert_change_refused(bytes, "coverage/v1", "covenant/v1", "head: statement: ");
    assert_change_refused(bytes, "{\"index\":1,\"p", "{\"indxe\":1,\"p", "opening at byte ");
    assert_change_refused(bytes, "\"proof\"", "\"prove\"", "opening 0: proof: ");
    assert_change_refused(bytes, "\"nonce\"", "\"n0nce\"", "opening 0: \"nonce\"");
    assert_change_refused(bytes, "\"header\"", "\"Header\"", "opening 0: \"header\"");
    assert_change_refused(bytes, "\\\"kind\\\"", "\\\"King\\\"", "opening 0: header: \"kind\"");
    assert_change_refused(bytes, "\"items\":[\"", "\"items\":[[", "opening ");
    assert_change_refused(bytes, "\"items\":[\"", "\"itemZ\":[\"",
                          "opening 1: the header has 2 items, the opening 0");
}

static void test_bounds(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 0, 6);
    g_assert_null(answer_parse(bytes, g_bytes_get_size(bytes) - 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);

    /* A frame that says it is larger than all there is, and a head that is. */
    guint8 large[18 + 5 + 2] = "concert/answer/v1\nH\xff\xff\xff\xff{}";
    assert_refused(large, sizeof large, "within a frame of 4294967295 bytes");
    gsize size = ANSWER_HEAD_MAX + 1;
    g_autofree guint8 *head = g_malloc(18 + 5 + size);
    memset(head, ' ', 18 + 5 + size);
    memcpy(head, "concert/answer/v1\nH\x00\x40\x00\x01", 18 + 5);
    assert_refused(head, 18 + 5 + size, "head: 4194305 bytes, more than 4194304");
}

static void test_gossip_limit(void)
{
    const char *gossip[ANSWER_GOSSIP_MAX + 2] = {NULL};
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    answer_scene_init(&scene);
    for (guint i = 0; i <= ANSWER_GOSSIP_MAX; i++)
        gossip[i] = "x\n";
    g_autoptr(AnswerBuilder) builder = answer_builder_new(0);
    AnswerHead head = answer_scene_head(&scene, builder, 0, 0, 0);
    head.gossip = gossip;
    g_assert_null(answer_builder_end(builder, &head, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

/* An answer ends where the next entry does not fit, and has at least one. */
static void test_full(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    gboolean is_full = TRUE;
    answer_scene_init(&scene);
    AnswerOpening openings[] = {answer_scene_at(&scene, 1, 6), answer_scene_at(&scene, 3, 6),
                                answer_scene_at(&scene, 2, 6), answer_scene_at(&scene, 5, 6)};
    g_autoptr(AnswerBuilder) builder = answer_builder_new(1);
    g_assert_true(answer_builder_add(builder, &openings[0], NULL, &is_full, &error));
    g_assert_false(is_full);
    g_assert_true(answer_builder_add(builder, &openings[1], &openings[2], &is_full, &error));
    g_assert_true(is_full);
    guint n;
    const guint64 *indices = answer_builder_indices(builder, &n);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpuint(indices[0], ==, 1);
    AnswerHead head = answer_scene_head(&scene, builder, 0, 0, 3);
    g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
    g_assert_no_error(error);
    g_autoptr(Answer) answer = parse(bytes);
    g_assert_cmpuint(answer->openings->len, ==, 1);
}

/* A grant and what it grants go together or not at all. */
static void test_full_grant(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    answer_scene_init(&scene);
    AnswerOpening first = answer_scene_at(&scene, 1, 6), grant = answer_scene_at(&scene, 3, 6),
                  granted = answer_scene_at(&scene, 2, 6);
    guint fitted = 0;
    for (gsize max = 900; max < 3000; max++) {
        g_autoptr(AnswerBuilder) builder = answer_builder_new(max);
        gboolean is_full = TRUE;
        g_assert_true(answer_builder_add(builder, &first, NULL, &is_full, &error));
        g_assert_true(answer_builder_add(builder, &grant, &granted, &is_full, &error));
        guint n;
        answer_builder_indices(builder, &n);
        g_assert_cmpuint(n, ==, is_full ? 1 : 2);
        if (is_full)
            continue;
        fitted++;
        AnswerHead head = answer_scene_head(&scene, builder, 0, 1, 4);
        g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
        g_assert_no_error(error);
        if (fitted > 1)
            continue;
        g_assert_cmpuint(max, >, 900);
        g_autoptr(Answer) answer = parse(bytes);
        g_assert_cmpuint(answer->openings->len, ==, 3);
    }
    g_assert_cmpuint(fitted, >, 0);
}

static void test_many(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(AnswerScene) scene;
    gboolean is_full = FALSE;
    guint64 added = 0;
    answer_scene_init(&scene);
    AnswerOpening opening = answer_scene_at(&scene, 0, 6);
    g_autoptr(AnswerBuilder) builder = answer_builder_new(BYTES_MAX);
    for (; !is_full; added += is_full ? 0 : 1) {
        opening.index = added;
        g_assert_true(answer_builder_add(builder, &opening, NULL, &is_full, &error));
        g_assert_cmpuint(added, <=, ANSWER_OPENINGS_MAX);
    }
    g_assert_cmpuint(added, ==, ANSWER_OPENINGS_MAX);
}

static void test_build_refuses(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    gboolean is_full;
    answer_scene_init(&scene);
    AnswerOpening first = answer_scene_at(&scene, 1, 6), second = answer_scene_at(&scene, 2, 6);
    g_autoptr(AnswerBuilder) builder = answer_builder_new(BYTES_MAX);
    g_assert_true(answer_builder_add(builder, &second, NULL, &is_full, &error));
    g_assert_false(answer_builder_add(builder, &first, NULL, &is_full, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    AnswerOpening grant = answer_scene_at(&scene, 3, 6), later = answer_scene_at(&scene, 4, 6);
    g_assert_false(answer_builder_add(builder, &grant, &later, &is_full, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_autoptr(Opening) withheld = opening_withhold(scene.openings[1], 0, &error);
    AnswerOpening partly = {.index = 3, .opening = withheld};
    g_assert_false(answer_builder_add(builder, &partly, NULL, &is_full, &error));
    g_assert_cmpstr(error->message, ==, "opening 3: item 1 is withheld");
}

/* A grant that names nothing earlier grants nothing, and stops nobody. */
static void test_idle_grant(void)
{
    g_auto(AnswerScene) scene;
    answer_scene_init(&scene);
    answer_scene_append(&scene, "grant", ANSWER_SCENE_BIRCH, "{\"of\":6}", NULL);
    answer_scene_append(&scene, "grant", ANSWER_SCENE_BIRCH, "{\"off\":1}", NULL);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 0, 6, 8);
    g_autoptr(Answer) answer = parse(bytes);
    g_assert_cmpuint(answer->openings->len, ==, 2);
}

/* The vector in docs/protocol.md, a line for each frame, and the hash of the whole. */
static void test_vector(void)
{
    g_auto(AnswerScene) scene;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *page = NULL;
    char hex[2 * SHA256_SIZE + 1];
    guint8 digest[SHA256_SIZE];
    gsize length;
    answer_scene_init(&scene);
    g_autoptr(GBytes) bytes = answer_scene_answer(&scene, 1, 1, 6);
    const guint8 *data = g_bytes_get_data(bytes, &length);
    Frames frames = find_frames(data, length);
    g_autoptr(GString) lines = g_string_new("```\n");
    for (guint i = 0; i < frames.count; i++) {
        gsize begin = frames.frames[i].begin, size = frames.frames[i].length - 5;
        g_string_append_printf(lines, "%c%s%.*s\n", data[begin], size > 0 ? " " : "", (int)size,
                               (const char *)data + begin + 5);
    }
    sha256_digest(data, length, digest);
    g_string_append_printf(lines, "%s\n```\n", sha256_hex(digest, hex));
    g_file_get_contents(path, &page, NULL, &error);
    g_assert_no_error(error);
    if (!strstr(page, lines->str))
        g_error("docs/protocol.md has not this vector:\n%s", lines->str);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/answer/round-trip", test_round_trip);
    g_test_add_func("/answer/head", test_head);
    g_test_add_func("/answer/large-head", test_large_head);
    g_test_add_func("/answer/no-copy", test_no_copy);
    g_test_add_func("/answer/erased", test_erased);
    g_test_add_func("/answer/cut", test_cut);
    g_test_add_func("/answer/order", test_order);
    g_test_add_func("/answer/members", test_members);
    g_test_add_func("/answer/bounds", test_bounds);
    g_test_add_func("/answer/gossip-limit", test_gossip_limit);
    g_test_add_func("/answer/full", test_full);
    g_test_add_func("/answer/full-grant", test_full_grant);
    g_test_add_func("/answer/many", test_many);
    g_test_add_func("/answer/build-refuses", test_build_refuses);
    g_test_add_func("/answer/idle-grant", test_idle_grant);
    g_test_add_func("/answer/vector", test_vector);
    return g_test_run();
}
