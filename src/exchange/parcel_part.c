#include "exchange/parcel_part.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/jsonguard.h"
#include "ledger/line.h"
#include "ledger/opening.h"

#define MAGIC       "concert/parcel/v1\n"
#define FAMILY      "concert/parcel/v"
#define BEGIN       "-----BEGIN CONCERT PARCEL-----"
#define END         "-----END CONCERT PARCEL-----"
#define LINE_BYTES  48   /* that become 64 letters */
#define LEAF_PREFIX 0x00 /* RFC 6962 section 2.1 */

void parcel_part_id(const MerkleHash *parcel, char ret_id[PARCEL_PART_ID_SIZE + 1])
{
    sha256_hex(parcel->bytes, ret_id);
}

/* What binds the tree to the key and to the number of leaves, which a root alone does not. */
static void name_parcel(const char *key, guint parts, const MerkleHash *root, MerkleHash *ret_id)
{
    guint32 count = GUINT32_TO_BE(parts);
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)MAGIC, strlen(MAGIC));
    g_byte_array_append(text, (const guint8 *)key, PARCEL_KEY_ID_SIZE);
    g_byte_array_append(text, (const guint8 *)&count, sizeof count);
    sha256_digest_pair(text->data, text->len, root->bytes, SHA256_SIZE, ret_id->bytes);
}

static gboolean check_name(const ParcelPart *part, GError **error)
{
    MerkleHash id;
    name_parcel(part->key, part->parts, &part->root, &id);
    return merkle_hash_equal(&id, &part->parcel) ||
           error_input(error, "it was changed: it is none of that parcel");
}

/* The head. */

char *parcel_part_format(const ParcelPart *part)
{
    char id[PARCEL_PART_ID_SIZE + 1];
    g_autoptr(GString) text = g_string_new(MAGIC);
    parcel_part_id(&part->parcel, id);
    g_string_append_printf(text,
                           "{\"key\":\"%s\",\"length\":%" G_GUINT64_FORMAT
                           ",\"parcel\":\"%s\",\"part\":%u,\"parts\":%u,\"proof\":[",
                           part->key, part->length, id, part->part, part->parts);
    for (guint i = 0; i < part->proof.count; i++) {
        g_string_append(text, i > 0 ? ",\"" : "\"");
        line_append_base64(text, part->proof.hashes[i].bytes, SHA256_SIZE);
        g_string_append_c(text, '"');
    }
    g_string_append(text, "],\"root\":\"");
    line_append_base64(text, part->root.bytes, SHA256_SIZE);
    g_string_append(text, "\"}\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Exactly @digits lower-case hex digits. */
static gboolean is_hex(yyjson_val *value, gsize digits)
{
    const char *text = yyjson_get_str(value);
    gboolean good = text && yyjson_get_len(value) == digits;
    for (gsize i = 0; good && i < digits; i++)
        good = g_ascii_isdigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
    return good;
}

static gboolean read_proof(yyjson_val *list, MerkleProof *ret_proof)
{
    size_t at, size;
    yyjson_val *hash;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > MERKLE_PROOF_MAX)
        return FALSE;
    yyjson_arr_foreach (list, at, size, hash)
        if (!yyjson_is_str(hash) ||
            !line_hash(yyjson_get_str(hash), yyjson_get_len(hash), &ret_proof->hashes[at]))
            return FALSE;
    ret_proof->count = (guint)yyjson_arr_size(list);
    return TRUE;
}

static gboolean read_part(yyjson_val *root, ParcelPart *part, GError **error)
{
    yyjson_val *key = yyjson_obj_get(root, "key"), *parcel = yyjson_obj_get(root, "parcel");
    yyjson_val *number = yyjson_obj_get(root, "part"), *count = yyjson_obj_get(root, "parts");
    yyjson_val *length = yyjson_obj_get(root, "length"), *tree = yyjson_obj_get(root, "root");
    if (!is_hex(key, PARCEL_KEY_ID_SIZE))
        return error_input(error, "\"key\" is not 16 lower-case hex digits");
    if (!is_hex(parcel, PARCEL_PART_ID_SIZE))
        return error_input(error, "\"parcel\" is not 64 lower-case hex digits");
    if (!yyjson_is_uint(count) || yyjson_get_uint(count) == 0 ||
        yyjson_get_uint(count) > PARCEL_PARTS_MAX)
        return error_input(error, "\"parts\" is not a number from 1 to 10000");
    if (!yyjson_is_uint(number) || yyjson_get_uint(number) == 0 ||
        yyjson_get_uint(number) > yyjson_get_uint(count))
        return error_input(error, "\"part\" is not a number from 1 to \"parts\"");
    if (!yyjson_is_uint(length) || yyjson_get_uint(length) == 0 ||
        yyjson_get_uint(length) > OPENING_INTEGER_MAX)
        return error_input(error, "\"length\" is not a number of bytes");
    if (!read_proof(yyjson_obj_get(root, "proof"), &part->proof))
        return error_input(error, "\"proof\" is not a list of hashes in base64");
    if (!yyjson_is_str(tree) || !line_hash(yyjson_get_str(tree), yyjson_get_len(tree), &part->root))
        return error_input(error, "\"root\" is not a hash in base64");
    g_strlcpy(part->key, yyjson_get_str(key), sizeof part->key);
    const char *hex = yyjson_get_str(parcel);
    for (guint i = 0; i < SHA256_SIZE; i++)
        part->parcel.bytes[i] =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    part->part = (guint)yyjson_get_uint(number);
    part->parts = (guint)yyjson_get_uint(count);
    part->length = yyjson_get_uint(length);
    return TRUE;
}

gboolean parcel_part_is_one(const void *bytes, gsize length)
{
    return length >= strlen(FAMILY) && memcmp(bytes, FAMILY, strlen(FAMILY)) == 0;
}

gboolean parcel_part_parse(const void *bytes, gsize length, ParcelPart *ret_part, gsize *ret_head,
                           GError **error)
{
    gsize magic = strlen(MAGIC);
    const char *text = bytes;
    if (!parcel_part_is_one(bytes, length))
        return error_input(error, "not a part of a parcel");
    if (length < magic || memcmp(text, MAGIC, magic) != 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                            "the parcel is of a later version");
        return FALSE;
    }
    gsize rest = MIN(length, PARCEL_PART_HEAD_MAX) - magic;
    const char *end = memchr(text + magic, '\n', rest);
    if (!end)
        return error_input(error, "the part is cut off at its beginning, or none");
    g_autoptr(yyjson_doc) doc = jsonguard_read(text + magic, (gsize)(end - text) - magic, error);
    ParcelPart part = {{0}};
    if (!doc || !read_part(yyjson_doc_get_root(doc), &part, error) || !check_name(&part, error)) {
        g_prefix_error(error, "the part's head: ");
        return FALSE;
    }
    *ret_part = part;
    *ret_head = (gsize)(end + 1 - text);
    return TRUE;
}

/* Hashes. */

void parcel_part_hash_begin(ParcelPartHash *hash)
{
    const guint8 prefix = LEAF_PREFIX;
    crypto_hash_sha256_init(&hash->state);
    crypto_hash_sha256_update(&hash->state, &prefix, 1);
}

void parcel_part_hash_add(ParcelPartHash *hash, const void *bytes, gsize length)
{
    crypto_hash_sha256_update(&hash->state, bytes, length);
}

void parcel_part_hash_end(ParcelPartHash *hash, MerkleHash *ret_leaf)
{
    crypto_hash_sha256_final(&hash->state, ret_leaf->bytes);
}

gboolean parcel_part_verify(const ParcelPart *part, const MerkleHash *leaf, GError **error)
{
    if (!check_name(part, error))
        return FALSE;
    if (merkle_verify_inclusion(part->part - 1, part->parts, leaf, &part->proof, &part->root,
                                error))
        return TRUE;
    g_prefix_error(error, "part %u is damaged, or none of that parcel: ", part->part);
    return FALSE;
}

/* The nodes of the tree over all leaves, level by level. */
typedef struct {
    MerkleHash *levels[MERKLE_LEVELS];
} Tree;

static void tree_clear(Tree *tree)
{
    for (guint i = 0; i < MERKLE_LEVELS; i++)
        g_free(tree->levels[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tree, tree_clear)

static void visit(guint level, guint64 index, const MerkleHash *hash, gpointer user)
{
    ((Tree *)user)->levels[level][index] = *hash;
}

static gboolean fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer user,
                      GError **error)
{
    *ret_hash = ((Tree *)user)->levels[level][index];
    return TRUE;
}

gboolean parcel_part_number(const MerkleHash *leaves, guint count, const char *key,
                            ParcelPart *ret_parts, GError **error)
{
    g_auto(Tree) tree = {{NULL}};
    MerkleFrontier frontier;
    MerkleHash root;
    if (count == 0 || count > PARCEL_PARTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "a parcel has from 1 to %d parts, not %u", PARCEL_PARTS_MAX, count);
        return FALSE;
    }
    for (guint level = 0; count >> level > 0; level++)
        tree.levels[level] = g_new0(MerkleHash, count >> level);
    merkle_frontier_init(&frontier);
    if (!merkle_frontier_extend(&frontier, leaves, count, visit, &tree, error))
        return FALSE;
    merkle_frontier_root(&frontier, &root);
    for (guint i = 0; i < count; i++) {
        ParcelPart *part = &ret_parts[i];
        if (!merkle_prove_inclusion(i, count, fetch, &tree, &part->proof, error))
            return FALSE;
        g_strlcpy(part->key, key, sizeof part->key);
        part->root = root;
        name_parcel(key, count, &root, &part->parcel);
        part->part = i + 1;
        part->parts = count;
    }
    return TRUE;
}

/* Armor. */

char *parcel_part_armor(const void *bytes, gsize length)
{
    g_autoptr(GString) text = g_string_sized_new(length / 3 * 4 + length / LINE_BYTES + 128);
    g_string_append(text, BEGIN "\n");
    for (gsize at = 0; at < length; at += LINE_BYTES) {
        line_append_base64(text, (const guint8 *)bytes + at, MIN(LINE_BYTES, length - at));
        g_string_append_c(text, '\n');
    }
    g_string_append(text, END "\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A line without the blanks that mail programs add. */
static void trim(const char **line, gsize *length)
{
    while (*length > 0 && g_ascii_isspace((*line)[*length - 1]))
        --*length;
    while (*length > 0 && g_ascii_isspace(**line)) {
        ++*line;
        --*length;
    }
}

static gboolean is_line(const char *line, gsize length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(line, wanted, length) == 0;
}

/* The next line, the last one even if no newline ends it. */
static gboolean next_line(LineReader *reader, const char **ret_line, gsize *ret_length)
{
    if (reader->length == 0)
        return FALSE;
    if (!line_next(reader, ret_line, ret_length)) {
        *ret_line = reader->rest;
        *ret_length = reader->length;
        reader->length = 0;
    }
    trim(ret_line, ret_length);
    return TRUE;
}

GBytes *parcel_part_dearmor(const char *text, gsize length, GError **error)
{
    LineReader reader = {text, length};
    const char *line;
    gsize size;
    gboolean is_found = FALSE;
    while (!is_found && next_line(&reader, &line, &size))
        is_found = is_line(line, size, BEGIN);
    if (!is_found)
        return NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    while (next_line(&reader, &line, &size)) {
        if (is_line(line, size, END))
            return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
        g_autoptr(GBytes) piece = line_base64(line, size);
        if (!piece) {
            error_input(error, "a line between BEGIN and END CONCERT PARCEL is not base64");
            return NULL;
        }
        g_byte_array_append(bytes, g_bytes_get_data(piece, NULL), (guint)g_bytes_get_size(piece));
    }
    error_input(error, "END CONCERT PARCEL is missing: the text is cut off");
    return NULL;
}
