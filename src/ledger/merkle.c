#include "ledger/merkle.h"

#include <string.h>

#include "base/error.h"

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01
#define SHORT_ENTRY 255 /* bytes of an entry that is hashed without an allocation */

void merkle_empty_root(MerkleHash *ret_root)
{
    sha256_digest("", 0, ret_root->bytes);
}

void merkle_leaf_hash(const void *entry, gsize length, MerkleHash *ret_hash)
{
    guint8 brief[1 + SHORT_ENTRY];
    g_autofree guint8 *large = length > SHORT_ENTRY ? g_malloc(1 + length) : NULL;
    guint8 *input = large ? large : brief;
    input[0] = LEAF_PREFIX;
    if (length > 0)
        memcpy(input + 1, entry, length);
    sha256_digest(input, 1 + length, ret_hash->bytes);
}

void merkle_node_hash(const MerkleHash *left, const MerkleHash *right, MerkleHash *ret_hash)
{
    guint8 input[1 + 2 * SHA256_SIZE];
    input[0] = NODE_PREFIX;
    memcpy(input + 1, left->bytes, SHA256_SIZE);
    memcpy(input + 1 + SHA256_SIZE, right->bytes, SHA256_SIZE);
    sha256_digest(input, sizeof input, ret_hash->bytes);
}

gboolean merkle_hash_equal(const MerkleHash *a, const MerkleHash *b)
{
    return memcmp(a->bytes, b->bytes, SHA256_SIZE) == 0;
}

void merkle_frontier_init(MerkleFrontier *frontier)
{
    frontier->size = 0;
}

static void append(MerkleFrontier *frontier, const MerkleHash *leaf, MerkleVisit visit,
                   gpointer user_data)
{
    MerkleHash hash = *leaf;
    guint64 index = frontier->size;
    guint level = 0;
    if (visit)
        visit(level, index, &hash, user_data);
    /* Like counting in binary: each bit carried joins two nodes into their parent. */
    for (; index & 1; index >>= 1) {
        merkle_node_hash(&frontier->peaks[level], &hash, &hash);
        level++;
        if (visit)
            visit(level, index >> 1, &hash, user_data);
    }
    frontier->peaks[level] = hash;
    frontier->size++;
}

void merkle_frontier_append(MerkleFrontier *frontier, const MerkleHash *leaf)
{
    g_assert(frontier->size < MERKLE_SIZE_MAX);
    append(frontier, leaf, NULL, NULL);
}

gboolean merkle_frontier_extend(MerkleFrontier *frontier, const MerkleHash *leaves, gsize count,
                                MerkleVisit visit, gpointer user_data, GError **error)
{
    if (count > MERKLE_SIZE_MAX - frontier->size) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "the tree has no room for so many leaves");
        return FALSE;
    }
    for (gsize i = 0; i < count; i++)
        append(frontier, &leaves[i], visit, user_data);
    return TRUE;
}

void merkle_frontier_root(const MerkleFrontier *frontier, MerkleHash *ret_root)
{
    if (frontier->size == 0) {
        merkle_empty_root(ret_root);
        return;
    }
    guint level = (guint)__builtin_ctzll(frontier->size);
    MerkleHash hash = frontier->peaks[level];
    for (level++; level < MERKLE_LEVELS; level++)
        if (frontier->size >> level & 1)
            merkle_node_hash(&frontier->peaks[level], &hash, &hash);
    *ret_root = hash;
}

gsize merkle_frontier_write(const MerkleFrontier *frontier, guint8 buffer[MERKLE_FRONTIER_MAX])
{
    guint64 size = GUINT64_TO_BE(frontier->size);
    gsize length = sizeof size;
    memcpy(buffer, &size, sizeof size);
    for (guint level = MERKLE_LEVELS; level-- > 0;) {
        if (!(frontier->size >> level & 1))
            continue;
        memcpy(buffer + length, frontier->peaks[level].bytes, SHA256_SIZE);
        length += SHA256_SIZE;
    }
    return length;
}

gboolean merkle_frontier_read(const guint8 *bytes, gsize length, MerkleFrontier *ret_frontier,
                              GError **error)
{
    guint64 size = 0;
    if (length >= sizeof size)
        memcpy(&size, bytes, sizeof size);
    size = GUINT64_FROM_BE(size);
    if (length < sizeof size || size > MERKLE_SIZE_MAX ||
        length != sizeof size + (gsize)__builtin_popcountll(size) * SHA256_SIZE) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "not the right edge of a Merkle tree");
        return FALSE;
    }
    ret_frontier->size = size;
    bytes += sizeof size;
    for (guint level = MERKLE_LEVELS; level-- > 0;) {
        if (!(size >> level & 1))
            continue;
        memcpy(ret_frontier->peaks[level].bytes, bytes, SHA256_SIZE);
        bytes += SHA256_SIZE;
    }
    return TRUE;
}

gboolean merkle_frontier_load(guint64 size, MerkleFetch fetch, gpointer user_data,
                              MerkleFrontier *ret_frontier, GError **error)
{
    MerkleFrontier frontier = {.size = size};
    if (size > MERKLE_SIZE_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "no tree is so large");
        return FALSE;
    }
    for (guint level = 0; level < MERKLE_LEVELS; level++)
        if (size >> level & 1 &&
            !fetch(level, (size >> level) - 1, &frontier.peaks[level], user_data, error))
            return FALSE;
    *ret_frontier = frontier;
    return TRUE;
}
