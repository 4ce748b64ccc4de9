#include "exchange/parcel_record.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "exchange/card.h"
#include "exchange/record_field.h"
#include "ledger/opening.h"

#define LENGTH_SIZE 4
#define BRIDGE_MAX  (2 + MERKLE_FRONTIER_MAX + PARCEL_RECORD_BRIDGE_MAX * SHA256_SIZE)

/* Manifests. */

void parcel_record_manifest_free(ParcelManifest *manifest)
{
    if (!manifest)
        return;
    g_free(manifest->origin);
    g_free(manifest->to);
    g_free(manifest->kind);
    g_free(manifest->card);
    signed_json_free(manifest->json);
    g_free(manifest);
}

static gboolean read_kind(yyjson_val *body, char **ret_kind, GError **error)
{
    yyjson_val *value = yyjson_obj_get(body, "kind");
    if (!yyjson_is_str(value) ||
        !opening_kind_is_valid(yyjson_get_str(value), yyjson_get_len(value)))
        return error_input(error, "\"kind\" is not lower-case words joined by dots");
    *ret_kind = g_strdup(yyjson_get_str(value));
    return TRUE;
}

static gboolean read_digest(yyjson_val *body, guint8 ret_digest[SHA256_SIZE], GError **error)
{
    yyjson_val *value = yyjson_obj_get(body, "digest");
    const char *hex = yyjson_get_str(value);
    gboolean good = hex && yyjson_get_len(value) == 2 * SHA256_SIZE;
    for (guint i = 0; good && i < 2 * SHA256_SIZE; i++)
        good = g_ascii_isdigit(hex[i]) || (hex[i] >= 'a' && hex[i] <= 'f');
    if (!good)
        return error_input(error, "\"digest\" is not 64 lower-case hex digits");
    for (guint i = 0; i < SHA256_SIZE; i++)
        ret_digest[i] =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    return TRUE;
}

static gboolean read_card(yyjson_val *body, char **ret_card, GError **error)
{
    yyjson_val *value = yyjson_obj_get(body, "card");
    if (!value)
        return TRUE;
    g_autoptr(SignedJson) card = signed_json_read(value, CARD_TYPE, error);
    if (!card) {
        g_prefix_error(error, "\"card\": ");
        return FALSE;
    }
    *ret_card = signed_json_format(card);
    return TRUE;
}

static gboolean read_last(yyjson_val *body, gboolean *ret_is_last, GError **error)
{
    yyjson_val *value = yyjson_obj_get(body, "last");
    *ret_is_last = yyjson_is_true(value);
    return yyjson_is_bool(value) || error_input(error, "\"last\" is neither true nor false");
}

static gboolean read_body(yyjson_val *body, ParcelManifest *manifest, GError **error)
{
    return record_field_name(body, "origin", &manifest->origin, error) &&
           record_field_name(body, "to", &manifest->to, error) &&
           record_field_time(body, &manifest->time_us, error) &&
           read_kind(body, &manifest->kind, error) &&
           record_field_number(body, "from", OPENING_INTEGER_MAX, &manifest->from, error) &&
           record_field_number(body, "end", OPENING_INTEGER_MAX, &manifest->end, error) &&
           record_field_number(body, "size", OPENING_INTEGER_MAX, &manifest->size, error) &&
           record_field_number(body, "bridge", BRIDGE_MAX, &manifest->bridge, error) &&
           record_field_number(body, "length", PARCEL_RECORD_BYTES_MAX, &manifest->length, error) &&
           read_digest(body, manifest->digest, error) && read_card(body, &manifest->card, error) &&
           read_last(body, &manifest->is_last, error);
}

ParcelManifest *parcel_record_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(ParcelManifest) manifest = g_new0(ParcelManifest, 1);
    manifest->json =
        signed_json_parse(text, length, PARCEL_RECORD_MANIFEST_MAX, PARCEL_RECORD_TYPE, error);
    if (manifest->json && read_body(manifest->json->body, manifest, error))
        return g_steal_pointer(&manifest);
    g_prefix_error(error, "the parcel's manifest: ");
    return NULL;
}

char *parcel_record_make(const ParcelManifest *manifest, const NoteSigner *signer, GError **error)
{
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    g_autoptr(GString) body = g_string_new("{\"origin\":");
    canonjson_append_string(body, manifest->origin, strlen(manifest->origin));
    g_string_append(body, ",\"to\":");
    canonjson_append_string(body, manifest->to, strlen(manifest->to));
    g_string_append(body, ",\"kind\":");
    canonjson_append_string(body, manifest->kind, strlen(manifest->kind));
    g_string_append_printf(body,
                           ",\"from\":%" G_GUINT64_FORMAT ",\"end\":%" G_GUINT64_FORMAT
                           ",\"size\":%" G_GUINT64_FORMAT ",\"bridge\":%" G_GUINT64_FORMAT
                           ",\"length\":%" G_GUINT64_FORMAT
                           ",\"digest\":\"%s\",\"time\":\"%s\",\"last\":%s",
                           manifest->from, manifest->end, manifest->size, manifest->bridge,
                           manifest->length, sha256_hex(manifest->digest, hex),
                           timestamp_format(time, manifest->time_us, OPENING_TIME_DIGITS),
                           manifest->is_last ? "true" : "false");
    if (manifest->card)
        g_string_append_printf(body, ",\"card\":%s", manifest->card);
    g_string_append_c(body, '}');
    g_autofree char *text =
        signed_json_make_text(PARCEL_RECORD_TYPE, body->str, body->len, &signer, 1, error);
    g_autoptr(ParcelManifest) again = text ? parcel_record_parse(text, strlen(text), error) : NULL;
    return again ? g_steal_pointer(&text) : NULL;
}

/* Records. */

gboolean parcel_record_write(ParcelSeal *seal, const char *manifest, GBytes *bridge,
                             GBytes *content, GError **error)
{
    gsize bridge_length = 0, length;
    const void *bridge_bytes = bridge ? g_bytes_get_data(bridge, &bridge_length) : NULL;
    const void *bytes = g_bytes_get_data(content, &length);
    guint32 size = GUINT32_TO_BE((guint32)strlen(manifest));
    return parcel_seal_add(seal, &size, LENGTH_SIZE, error) &&
           parcel_seal_add(seal, manifest, strlen(manifest), error) &&
           (bridge_length == 0 || parcel_seal_add(seal, bridge_bytes, bridge_length, error)) &&
           (length == 0 || parcel_seal_add(seal, bytes, length, error));
}

void parcel_record_free(ParcelRecord *record)
{
    if (!record)
        return;
    parcel_record_manifest_free(record->manifest);
    g_clear_pointer(&record->bridge, g_bytes_unref);
    g_clear_pointer(&record->content, g_bytes_unref);
    g_free(record);
}

/* Exactly @length bytes, taken as they come, so that what is announced costs nothing. */
static GBytes *read_exactly(ParcelOpen *open, guint64 length, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    while (bytes->len < length) {
        guint8 buffer[PARCEL_CHUNK];
        gsize read;
        if (!parcel_open_read(open, buffer, (gsize)MIN(length - bytes->len, sizeof buffer), &read,
                              error))
            return NULL;
        if (read == 0) {
            error_input(error, "the parcel ends within a record");
            return NULL;
        }
        g_byte_array_append(bytes, buffer, (guint)read);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static ParcelManifest *read_manifest(ParcelOpen *open, const guint8 prefix[LENGTH_SIZE],
                                     GError **error)
{
    guint32 size;
    gsize length;
    memcpy(&size, prefix, LENGTH_SIZE);
    size = GUINT32_FROM_BE(size);
    if (size > PARCEL_RECORD_MANIFEST_MAX) {
        error_input(error, "the parcel's manifest has %u bytes, more than %d", size,
                    PARCEL_RECORD_MANIFEST_MAX);
        return NULL;
    }
    g_autoptr(GBytes) text = read_exactly(open, size, error);
    const char *bytes = text ? g_bytes_get_data(text, &length) : NULL;
    return bytes  ? parcel_record_parse(bytes, length, error)
           : text ? (error_input(error, "the parcel's manifest is empty"), NULL)
                  : NULL;
}

static gboolean check_digest(const ParcelRecord *record, GError **error)
{
    guint8 digest[SHA256_SIZE];
    gsize bridge_length = 0, length;
    const void *bridge = record->bridge ? g_bytes_get_data(record->bridge, &bridge_length) : NULL;
    const void *content = g_bytes_get_data(record->content, &length);
    sha256_digest_pair(bridge, bridge_length, content, length, digest);
    return memcmp(digest, record->manifest->digest, sizeof digest) == 0 ||
           error_input(error, "the parcel's content is not the one that its manifest names");
}

gboolean parcel_record_read(ParcelOpen *open, gboolean is_expected, ParcelRecord **ret_record,
                            GError **error)
{
    guint8 prefix[LENGTH_SIZE];
    gsize done = 0, read = 1;
    while (done < LENGTH_SIZE && read > 0) {
        if (!parcel_open_read(open, prefix + done, LENGTH_SIZE - done, &read, error))
            return FALSE;
        done += read;
    }
    if (done == 0 && !is_expected) {
        *ret_record = NULL;
        return TRUE;
    }
    if (done < LENGTH_SIZE)
        return error_input(error, "the parcel ends before its last record");
    if (!is_expected)
        return error_input(error, "the parcel goes on after its last record");
    g_autoptr(ParcelRecord) record = g_new0(ParcelRecord, 1);
    record->manifest = read_manifest(open, prefix, error);
    if (!record->manifest)
        return FALSE;
    if (record->manifest->bridge > 0 &&
        !(record->bridge = read_exactly(open, record->manifest->bridge, error)))
        return FALSE;
    record->content = read_exactly(open, record->manifest->length, error);
    if (!record->content || !check_digest(record, error))
        return FALSE;
    *ret_record = g_steal_pointer(&record);
    return TRUE;
}

/* Bridges: a frontier with its length (2 bytes, big-endian) before it, and hashes. */

#define FRONTIER_LENGTH 2

GBytes *parcel_record_bridge(const MerkleFrontier *frontier, const MerkleHash *leaves,
                             guint64 count)
{
    guint8 written[MERKLE_FRONTIER_MAX];
    gsize size = merkle_frontier_write(frontier, written);
    guint16 length = GUINT16_TO_BE((guint16)size);
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)&length, FRONTIER_LENGTH);
    g_byte_array_append(bytes, written, (guint)size);
    if (count > 0)
        g_byte_array_append(bytes, (const guint8 *)leaves, (guint)(count * sizeof *leaves));
    return g_byte_array_free_to_bytes(bytes);
}

/* The nodes that are known by a bridge, by level and index. */
typedef struct {
    guint64 index;
    guint level;
} Node;

static guint hash_node(gconstpointer node)
{
    const Node *key = node;
    return g_int64_hash(&key->index) * 64 + key->level;
}

static gboolean equal_nodes(gconstpointer a, gconstpointer b)
{
    const Node *left = a, *right = b;
    return left->index == right->index && left->level == right->level;
}

static void keep_node(guint level, guint64 index, const MerkleHash *hash, gpointer user)
{
    const Node node = {index, level};
    g_hash_table_insert(user, g_memdup2(&node, sizeof node), g_memdup2(hash, sizeof *hash));
}

static gboolean find_node(guint level, guint64 index, MerkleHash *ret_hash, gpointer user,
                          GError **error)
{
    const Node node = {index, level};
    const MerkleHash *hash = g_hash_table_lookup(user, &node);
    if (!hash)
        return error_input(error, "the parcel's bridge has not the hashes that are needed");
    *ret_hash = *hash;
    return TRUE;
}

static gboolean read_bridge(GBytes *bridge, MerkleFrontier *ret_frontier,
                            const MerkleHash **ret_leaves, guint64 *ret_count, GError **error)
{
    gsize length;
    guint16 size;
    const guint8 *bytes = g_bytes_get_data(bridge, &length);
    if (length < FRONTIER_LENGTH)
        return error_input(error, "the parcel's bridge is cut off");
    memcpy(&size, bytes, FRONTIER_LENGTH);
    size = GUINT16_FROM_BE(size);
    gsize rest = length - FRONTIER_LENGTH;
    if (size > rest || (rest - size) % SHA256_SIZE != 0 ||
        (rest - size) / SHA256_SIZE > PARCEL_RECORD_BRIDGE_MAX)
        return error_input(error, "the parcel's bridge is none");
    if (!merkle_frontier_read(bytes + FRONTIER_LENGTH, size, ret_frontier, error))
        return FALSE;
    *ret_leaves = (const MerkleHash *)(bytes + FRONTIER_LENGTH + size);
    *ret_count = (rest - size) / SHA256_SIZE;
    return TRUE;
}

gboolean parcel_record_cross(GBytes *bridge, guint64 known, guint64 size, MerkleProof *ret_proof,
                             GError **error)
{
    MerkleFrontier frontier;
    const MerkleHash *leaves = NULL;
    guint64 count = 0;
    if (!read_bridge(bridge, &frontier, &leaves, &count, error))
        return FALSE;
    if (known < frontier.size || size - frontier.size != count || size < known)
        return error_input(error,
                           "the parcel's bridge leads from a tree of %" G_GUINT64_FORMAT
                           " entries, and one of %" G_GUINT64_FORMAT " is known",
                           frontier.size, known);
    g_autoptr(GHashTable) nodes = g_hash_table_new_full(hash_node, equal_nodes, g_free, g_free);
    for (guint level = 0; level < MERKLE_LEVELS; level++)
        if (frontier.size >> level & 1)
            keep_node(level, (frontier.size >> level) - 1, &frontier.peaks[level], nodes);
    return merkle_frontier_extend(&frontier, leaves, count, keep_node, nodes, error) &&
           merkle_prove_consistency(known, size, find_node, nodes, ret_proof, error);
}
