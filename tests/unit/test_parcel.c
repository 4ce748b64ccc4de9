#include "exchange/parcel.h"

#include <sodium.h>
#include <string.h>

#include "answer_scene.h"
#include "exchange/parcel_part.h"
#include "exchange/parcel_record.h"

/* Birch's parcel key. */
static guint8 secret_key[PARCEL_KEY_SIZE], public_key[PARCEL_KEY_SIZE];

static gboolean sink(const void *bytes, gsize length, gpointer user, GError **error)
{
    g_byte_array_append(user, bytes, (guint)length);
    return TRUE;
}

/* Gives a few bytes at a time, never as many as are asked for. */
typedef struct {
    const guint8 *data;
    gsize length, at, step;
} Memory;

static gboolean source(void *buffer, gsize size, gsize *ret_read, gpointer user, GError **error)
{
    Memory *memory = user;
    gsize n = MIN(MIN(size, memory->step), memory->length - memory->at);
    if (n > 0)
        memcpy(buffer, memory->data + memory->at, n);
    memory->at += n;
    *ret_read = n;
    return TRUE;
}

static GByteArray *seal(const void *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    GByteArray *sealed = g_byte_array_new();
    g_autoptr(ParcelSeal) parcel = parcel_seal_new(public_key, sink, sealed, &error);
    g_assert_no_error(error);
    for (gsize at = 0; at < length; at += 100000)
        g_assert_true(
            parcel_seal_add(parcel, (const guint8 *)bytes + at, MIN(100000, length - at), &error));
    g_assert_true(parcel_seal_end(parcel, &error));
    return sealed;
}

/* All that is inside; NULL with @error set. */
static GByteArray *open_all(const guint8 *secret, const void *bytes, gsize length, gsize step,
                            GError **error)
{
    Memory memory = {bytes, length, 0, step};
    g_autoptr(ParcelOpen) open = parcel_open_new(secret, source, &memory);
    g_autoptr(GByteArray) content = g_byte_array_new();
    for (;;) {
        guint8 buffer[5000];
        gsize read;
        if (!parcel_open_read(open, buffer, sizeof buffer, &read, error))
            return NULL;
        if (read == 0)
            return g_steal_pointer(&content);
        g_byte_array_append(content, buffer, (guint)read);
    }
}

static guint8 *make_noise(gsize length)
{
    static const guint8 seed[randombytes_SEEDBYTES] = {1};
    guint8 *bytes = g_malloc(MAX(length, 1));
    randombytes_buf_deterministic(bytes, length, seed);
    return bytes;
}

/* What goes in comes out, whatever its size, and whether it can be compressed or not. */
static void test_stream(void)
{
    static const gsize sizes[] = {0, 1, 65000, 65536, 131072, 400000};
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (guint is_noise = 0; is_noise < 2; is_noise++) {
            g_autoptr(GError) error = NULL;
            g_autofree guint8 *bytes =
                is_noise ? make_noise(sizes[i]) : g_malloc0(MAX(sizes[i], 1));
            g_autoptr(GByteArray) sealed = seal(bytes, sizes[i]);
            g_autoptr(GByteArray) content =
                open_all(secret_key, sealed->data, sealed->len, 7777, &error);
            g_assert_no_error(error);
            g_assert_cmpmem(content->data, content->len, bytes, sizes[i]);
            if (!is_noise && sizes[i] > 1000)
                g_assert_cmpuint(sealed->len, <, 300);
        }
}

static void assert_refused(const guint8 *secret, const void *bytes, gsize length,
                           const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree void *copy = g_memdup2(bytes, MAX(length, 1));
    g_assert_null(open_all(secret, copy, length, 70000, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, message))
        g_error("\"%s\" is expected, not \"%s\"", message, error->message);
}

/* Cut off, changed or appended to anywhere, or another's. */
static void test_stream_refused(void)
{
    g_autofree guint8 *bytes = make_noise(150000);
    g_autoptr(GByteArray) sealed = seal(bytes, 150000);
    for (gsize cut = 0; cut < sealed->len; cut += 997)
        assert_refused(secret_key, sealed->data, cut, "the parcel ");
    assert_refused(secret_key, sealed->data, 56 + 65553, "the parcel is cut off");
    assert_refused(secret_key, sealed->data, 55, "cut off at its beginning");
    for (gsize at = 0; at < sealed->len; at += 1999) {
        sealed->data[at] ^= 1;
        assert_refused(secret_key, sealed->data, sealed->len, "the parcel ");
        sealed->data[at] ^= 1;
    }
    guint8 other[PARCEL_KEY_SIZE] = {9};
    assert_refused(other, sealed->data, sealed->len, "sealed to another key");
    /* Chunks that change places. */
    g_autofree guint8 *chunk = g_memdup2(sealed->data + 56, 65553);
    memmove(sealed->data + 56, sealed->data + 56 + 65553, 65553);
    memcpy(sealed->data + 56 + 65553, chunk, 65553);
    assert_refused(secret_key, sealed->data, sealed->len, "another key, or damaged");
    memmove(sealed->data + 56 + 65553, sealed->data + 56, 65553);
    memcpy(sealed->data + 56, chunk, 65553);
    g_byte_array_append(sealed, (const guint8 *)"x", 1);
    assert_refused(secret_key, sealed->data, sealed->len, "the parcel ");
}

/* 64 MiB and more of nothing, sealed into a few kilobytes. */
static void test_bomb(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    g_autoptr(ParcelSeal) parcel = parcel_seal_new(public_key, sink, sealed, &error);
    g_autofree guint8 *nothing = g_malloc0(1024 * 1024);
    for (guint i = 0; i < 80; i++)
        g_assert_true(parcel_seal_add(parcel, nothing, 1024 * 1024, &error));
    g_assert_true(parcel_seal_end(parcel, &error));
    Memory memory = {sealed->data, sealed->len, 0, 100000};
    g_autoptr(ParcelOpen) open = parcel_open_new(secret_key, source, &memory);
    gsize read = 1;
    guint64 all = 0;
    while (read > 0 && parcel_open_read(open, nothing, 1024 * 1024, &read, &error))
        all += read;
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_assert_cmpuint(all, <=, PARCEL_RATIO_GRACE);
}

static void test_bad_key(void)
{
    static const guint8 zero[PARCEL_KEY_SIZE];
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    g_assert_null(parcel_seal_new(zero, sink, sealed, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Parts. */

static void test_parts(void)
{
    for (guint count = 1; count <= 20; count++) {
        g_autoptr(GError) error = NULL;
        MerkleHash leaves[20];
        ParcelPart parts[20] = {{{0}}};
        for (guint i = 0; i < count; i++) {
            ParcelPartHash hash;
            const guint8 bytes[] = {(guint8)i, 1, 2};
            MerkleHash wanted;
            parcel_part_hash_begin(&hash);
            parcel_part_hash_add(&hash, bytes, 1);
            parcel_part_hash_add(&hash, bytes + 1, 2);
            parcel_part_hash_end(&hash, &leaves[i]);
            merkle_leaf_hash(bytes, sizeof bytes, &wanted);
            g_assert_true(merkle_hash_equal(&leaves[i], &wanted));
        }
        g_assert_true(parcel_part_number(leaves, count, "0123456789abcdef", parts, &error));
        for (guint i = 0; i < count; i++) {
            ParcelPart again;
            gsize head;
            parts[i].length = 3;
            g_autofree char *text = parcel_part_format(&parts[i]);
            g_autofree char *file = g_strconcat(text, "abc\nd", NULL);
            g_assert_true(parcel_part_parse(file, strlen(file), &again, &head, &error));
            g_assert_cmpuint(head, ==, strlen(text));
            g_assert_cmpuint(head, <, PARCEL_PART_HEAD_MAX);
            g_assert_cmpuint(again.part, ==, i + 1);
            g_assert_cmpuint(again.parts, ==, count);
            g_assert_cmpuint(again.length, ==, 3);
            g_assert_cmpstr(again.key, ==, "0123456789abcdef");
            g_assert_true(merkle_hash_equal(&again.parcel, &parts[0].parcel));
            for (guint k = 0; k < count; k++)
                g_assert_cmpint(parcel_part_verify(&again, &leaves[k], NULL), ==, k == i);
            again.parts++; /* may have the same proof in a larger tree */
            g_assert_false(parcel_part_verify(&again, &leaves[i], NULL));
            again.parts--;
            again.key[0] = 'f';
            g_assert_false(parcel_part_verify(&again, &leaves[i], NULL));
        }
    }
}

static void test_parts_refused(void)
{
#define HEAD "concert/parcel/v1\n"
#define ID   "\"parcel\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define ROOT "\"root\":\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define KEY  "\"key\":\"0123456789abcdef\""
    static const struct {
        const char *text, *message;
    } cases[] = {
        {HEAD "{" KEY "," ID ",\"part\":1,\"parts\":1,\"length\":1,\"proof\":[]," ROOT "}\n",
         "it was changed"},
        {HEAD "{" KEY "," ID ",\"part\":1,\"parts\":1,\"length\":1,\"proof\":[]}", "cut off"},
        {"concert/parcel/v2\n{}\n", "of a later version"},
        {"concert/parcel", "not a part of a parcel"},
        {"", "not a part of a parcel"},
        {HEAD "{\"key\":\"0123456789ABCDEF\"}\n", "\"key\" is not"},
        {HEAD "{" KEY "}\n", "\"parcel\" is not"},
        {HEAD "{" KEY "," ID ",\"parts\":0}\n", "\"parts\" is not"},
        {HEAD "{" KEY "," ID ",\"parts\":10001}\n", "\"parts\" is not"},
        {HEAD "{" KEY "," ID ",\"part\":0,\"parts\":1}\n", "\"part\" is not"},
        {HEAD "{" KEY "," ID ",\"part\":2,\"parts\":1}\n", "\"part\" is not"},
        {HEAD "{" KEY "," ID ",\"part\":1,\"parts\":1,\"length\":0}\n", "\"length\" is not"},
        {HEAD "{" KEY "," ID ",\"part\":1,\"parts\":1,\"length\":1}\n", "\"proof\" is not"},
        {HEAD "{" KEY "," ID ",\"part\":1,\"parts\":1,\"length\":1,\"proof\":[]}\n",
         "\"root\" is not"},
        {HEAD "[]\n", "the part's head: "},
        {HEAD "x\n", "the part's head: "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        ParcelPart part;
        gsize head;
        g_autofree void *copy = g_memdup2(cases[i].text, strlen(cases[i].text));
        gboolean good = parcel_part_parse(copy, strlen(cases[i].text), &part, &head, &error);
        g_assert_cmpint(good, ==, cases[i].message == NULL);
        if (cases[i].message && !strstr(error->message, cases[i].message))
            g_error("\"%s\" is expected, not \"%s\"", cases[i].message, error->message);
    }
}

static void test_armor(void)
{
    for (gsize length = 0; length < 200; length++) {
        g_autoptr(GError) error = NULL;
        g_autofree guint8 *bytes = make_noise(length);
        g_autofree char *text = parcel_part_armor(bytes, length);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autofree char *joined = g_strjoinv(" \r\n  ", lines);
        g_autofree char *mail = g_strconcat("Dear all,\r\n\r\n", joined, "\r\nBye\r\n", NULL);
        g_autoptr(GBytes) again = parcel_part_dearmor(mail, strlen(mail), &error);
        g_assert_no_error(error);
        gsize size;
        const void *data = g_bytes_get_data(again, &size);
        g_assert_cmpmem(data, size, bytes, length);
    }
    static const char cut[] = "-----BEGIN CONCERT PARCEL-----\nAAAA\n";
    static const char wrong[] =
        "-----BEGIN CONCERT PARCEL-----\nA!AA\n-----END CONCERT PARCEL-----";
    g_autoptr(GError) error = NULL;
    g_assert_null(parcel_part_dearmor("nothing", 7, &error));
    g_assert_no_error(error);
    g_assert_null(parcel_part_dearmor(cut, strlen(cut), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(parcel_part_dearmor(wrong, strlen(wrong), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Records. */

static ParcelManifest make_manifest(GBytes *bridge, GBytes *content, gboolean is_last)
{
    gsize length, bridge_length = 0;
    const void *bytes = g_bytes_get_data(content, &length);
    const void *bridge_bytes = bridge ? g_bytes_get_data(bridge, &bridge_length) : NULL;
    ParcelManifest manifest = {.origin = (char *)ANSWER_SCENE_ORIGIN,
                               .to = (char *)ANSWER_SCENE_BIRCH,
                               .time_us = ANSWER_SCENE_TIME,
                               .kind = (char *)PARCEL_RECORD_ANSWER,
                               .from = 1,
                               .end = 5,
                               .size = 6,
                               .bridge = bridge_length,
                               .length = length,
                               .is_last = is_last};
    sha256_digest_pair(bridge_bytes, bridge_length, bytes, length, manifest.digest);
    return manifest;
}

typedef struct {
    GBytes *bridge, *content;
    gboolean is_last, is_changed;
} Sent;

static GByteArray *seal_records(const Sent *sent, guint count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = answer_scene_signer(ANSWER_SCENE_NODE "/message", 11);
    GByteArray *sealed = g_byte_array_new();
    g_autoptr(ParcelSeal) parcel = parcel_seal_new(public_key, sink, sealed, &error);
    for (guint i = 0; i < count; i++) {
        ParcelManifest manifest = make_manifest(sent[i].bridge, sent[i].content, sent[i].is_last);
        manifest.digest[0] ^= sent[i].is_changed ? 1 : 0;
        g_autofree char *text = parcel_record_make(&manifest, signer, &error);
        g_assert_no_error(error);
        g_assert_true(parcel_record_write(parcel, text, sent[i].bridge, sent[i].content, &error));
    }
    g_assert_true(parcel_seal_end(parcel, &error));
    return sealed;
}

static void assert_records(const Sent *sent, guint count, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = answer_scene_signer(ANSWER_SCENE_NODE "/message", 11);
    g_autoptr(GByteArray) sealed = seal_records(sent, count);
    Memory memory = {sealed->data, sealed->len, 0, 100000};
    g_autoptr(ParcelOpen) open = parcel_open_new(secret_key, source, &memory);
    gboolean is_expected = TRUE;
    for (guint i = 0;; i++) {
        g_autoptr(ParcelRecord) record = NULL;
        gboolean good = parcel_record_read(open, is_expected, &record, &error);
        if (!good) {
            if (!message || !strstr(error->message, message))
                g_error("not \"%s\"", error->message);
            return;
        }
        if (!record) {
            g_assert_null(message);
            g_assert_cmpuint(i, ==, count);
            return;
        }
        g_assert_cmpuint(i, <, count);
        g_assert_true(g_bytes_equal(record->content, sent[i].content));
        g_assert_cmpint(record->bridge != NULL, ==, sent[i].bridge != NULL);
        g_assert_cmpstr(record->manifest->to, ==, ANSWER_SCENE_BIRCH);
        g_assert_cmpuint(record->manifest->end, ==, 5);
        g_assert_true(
            signed_json_verify(record->manifest->json, note_signer_verifier(signer), NULL));
        is_expected = !record->manifest->is_last;
    }
}

static void test_records(void)
{
    g_autoptr(GBytes) first = g_bytes_new_static("first", 5);
    g_autoptr(GBytes) second = g_bytes_new_static("second", 6);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    const Sent good[] = {{second, first, FALSE}, {NULL, empty, FALSE}, {NULL, second, TRUE}};
    const Sent no_last[] = {{NULL, first, FALSE}};
    const Sent more[] = {{NULL, first, TRUE}, {NULL, second, TRUE}};
    const Sent changed[] = {{second, first, TRUE, TRUE}};
    assert_records(good, 3, NULL);
    assert_records(good, 2, "the parcel ends before its last record");
    assert_records(no_last, 1, "the parcel ends before its last record");
    assert_records(NULL, 0, "the parcel ends before its last record");
    assert_records(more, 2, "the parcel goes on after its last record");
    assert_records(changed, 1, "the parcel's content is not the one");
}

/* A bridge from any tree leads from any later one to any later one still. */
static void test_bridge(void)
{
    MerkleHash leaves[40], roots[41];
    MerkleFrontier frontiers[41];
    g_autoptr(GError) error = NULL;
    merkle_frontier_init(&frontiers[0]);
    merkle_frontier_root(&frontiers[0], &roots[0]);
    for (guint8 i = 0; i < 40; i++) {
        merkle_leaf_hash(&i, 1, &leaves[i]);
        frontiers[i + 1] = frontiers[i];
        merkle_frontier_append(&frontiers[i + 1], &leaves[i]);
        merkle_frontier_root(&frontiers[i + 1], &roots[i + 1]);
    }
    for (guint base = 0; base < 40; base++)
        for (guint size = base; size <= 40; size += 3) {
            g_autoptr(GBytes) bridge =
                parcel_record_bridge(&frontiers[base], leaves + base, size - base);
            for (guint known = base; known <= size; known++) {
                MerkleProof proof;
                g_assert_true(parcel_record_cross(bridge, known, size, &proof, &error));
                g_assert_true(merkle_verify_consistency(known, &roots[known], size, &roots[size],
                                                        &proof, &error));
            }
            MerkleProof proof;
            if (base > 0)
                g_assert_false(parcel_record_cross(bridge, base - 1, size, &proof, NULL));
            g_assert_false(parcel_record_cross(bridge, size + 1, size, &proof, NULL));
            g_assert_false(parcel_record_cross(bridge, base, size + 1, &proof, NULL));
        }
    g_autoptr(GBytes) bridge = parcel_record_bridge(&frontiers[3], leaves + 3, 2);
    for (gsize cut = 0; cut < g_bytes_get_size(bridge); cut++) {
        MerkleProof proof;
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(bridge, 0, cut);
        g_assert_false(parcel_record_cross(part, 3, 5, &proof, NULL));
    }
}

/* The parcel in docs/protocol.md, armored as it stands there, with the answer that stands there. */
static void test_vector(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *page = NULL;
    char hex[2 * SHA256_SIZE + 1], key[PARCEL_KEY_ID_SIZE + 1];
    guint8 digest[SHA256_SIZE];
    ParcelPart part;
    MerkleHash leaf;
    MerkleProof proof;
    gsize length, head;
    g_file_get_contents(path, &page, &length, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) file = parcel_part_dearmor(page, length, &error);
    g_assert_no_error(error);
    const guint8 *bytes = g_bytes_get_data(file, &length);
    g_assert_true(parcel_part_parse(bytes, length, &part, &head, &error));
    parcel_key_id(public_key, key);
    g_assert_cmpstr(part.key, ==, key);
    g_assert_cmpuint(part.length, ==, length - head);
    merkle_leaf_hash(bytes + head, length - head, &leaf);
    g_assert_true(parcel_part_verify(&part, &leaf, &error));

    Memory memory = {bytes + head, length - head, 0, 1000};
    g_autoptr(ParcelOpen) open = parcel_open_new(secret_key, source, &memory);
    g_autoptr(ParcelRecord) record = NULL;
    g_autoptr(ParcelRecord) none = NULL;
    g_autoptr(NoteSigner) signer = answer_scene_signer(ANSWER_SCENE_NODE "/message", 11);
    g_assert_true(parcel_record_read(open, TRUE, &record, &error));
    g_assert_true(record->manifest->is_last);
    g_assert_true(signed_json_verify(record->manifest->json, note_signer_verifier(signer), &error));
    g_assert_true(parcel_record_read(open, FALSE, &none, &error));
    g_assert_null(none);
    const void *content = g_bytes_get_data(record->content, &length);
    sha256_digest(content, length, digest);
    g_assert_nonnull(strstr(page, sha256_hex(digest, hex)));
    g_autoptr(Answer) answer = answer_parse(record->content, length, &error);
    g_assert_no_error(error);
    g_assert_true(parcel_record_cross(record->bridge, 1, 6, &proof, &error));
    g_assert_cmpmem(&proof, 4 + proof.count * SHA256_SIZE, &answer->consistency,
                    4 + answer->consistency.count * SHA256_SIZE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(sodium_init(), >=, 0);
    memset(secret_key, 0x21, sizeof secret_key);
    crypto_scalarmult_base(public_key, secret_key);
    g_test_add_func("/parcel/stream", test_stream);
    g_test_add_func("/parcel/stream-refused", test_stream_refused);
    g_test_add_func("/parcel/bomb", test_bomb);
    g_test_add_func("/parcel/bad-key", test_bad_key);
    g_test_add_func("/parcel/parts", test_parts);
    g_test_add_func("/parcel/parts-refused", test_parts_refused);
    g_test_add_func("/parcel/armor", test_armor);
    g_test_add_func("/parcel/records", test_records);
    g_test_add_func("/parcel/bridge", test_bridge);
    g_test_add_func("/parcel/vector", test_vector);
    return g_test_run();
}
