/* merkle_proof.c - making and verifying the proofs of merkle.h.
 *
 * A proof is found on the way down from the root: at each step the tree of leaves [low, high) is
 * split where RFC 6962 splits it, and the part not gone into belongs to the proof. */
#include <string.h>

#include "base/error.h"
#include "ledger/merkle.h"

typedef struct {
    MerkleFetch fetch;
    gpointer user_data;
    GError **error;
} Source;

/* The largest power of two below @n, which is at least 2. */
static guint64 split(guint64 n)
{
    return G_GUINT64_CONSTANT(1) << (63 - __builtin_clzll(n - 1));
}

/* The root over the leaves [@low, @high), where @low is as aligned as a split leaves it: the
 * complete nodes of that stretch folded from the right. */
static gboolean root_of_range(const Source *source, guint64 low, guint64 high, MerkleHash *ret_hash)
{
    guint64 count = high - low;
    MerkleHash hash = {0};
    gboolean first = TRUE;
    for (guint level = 0; level < MERKLE_LEVELS; level++) {
        MerkleHash node;
        if (!(count >> level & 1))
            continue;
        high -= G_GUINT64_CONSTANT(1) << level;
        if (!source->fetch(level, high >> level, &node, source->user_data, source->error))
            return FALSE;
        if (first)
            hash = node;
        else
            merkle_node_hash(&node, &hash, &hash);
        first = FALSE;
    }
    *ret_hash = hash;
    return TRUE;
}

static gboolean push(MerkleProof *proof, const Source *source, guint64 low, guint64 high)
{
    g_assert(proof->count < MERKLE_PROOF_MAX);
    return root_of_range(source, low, high, &proof->hashes[proof->count++]);
}

/* What was found from the root down is told from the leaf up. */
static void reverse(const MerkleProof *found, MerkleProof *ret_proof)
{
    ret_proof->count = found->count;
    for (guint i = 0; i < found->count; i++)
        ret_proof->hashes[i] = found->hashes[found->count - 1 - i];
}

gboolean merkle_prove_node(guint level, guint64 index, guint64 size, MerkleFetch fetch,
                           gpointer user_data, MerkleProof *ret_proof, GError **error)
{
    const Source source = {fetch, user_data, error};
    if (size > MERKLE_SIZE_MAX || level >= MERKLE_LEVELS || index >= size >> level)
        return error_input(error, "the tree has no such node");
    guint64 low = 0, high = size;
    const guint64 begin = index << level;
    const guint64 width = G_GUINT64_CONSTANT(1) << level;
    MerkleProof proof;
    proof.count = 0;
    while (high - low > width) {
        guint64 middle = low + split(high - low);
        gboolean left = begin < middle;
        if (!push(&proof, &source, left ? middle : low, left ? high : middle))
            return FALSE;
        if (left)
            high = middle;
        else
            low = middle;
    }
    reverse(&proof, ret_proof);
    return TRUE;
}

gboolean merkle_prove_inclusion(guint64 index, guint64 size, MerkleFetch fetch, gpointer user_data,
                                MerkleProof *ret_proof, GError **error)
{
    return merkle_prove_node(0, index, size, fetch, user_data, ret_proof, error);
}

gboolean merkle_prove_consistency(guint64 old_size, guint64 new_size, MerkleFetch fetch,
                                  gpointer user_data, MerkleProof *ret_proof, GError **error)
{
    const Source source = {fetch, user_data, error};
    if (new_size > MERKLE_SIZE_MAX || old_size > new_size)
        return error_input(error, "the later tree is the smaller one");
    MerkleProof proof;
    proof.count = 0;
    guint64 low = 0, high = new_size;
    /* The old tree itself is known to who verifies, unless it is not a node of the new one. */
    gboolean known = TRUE;
    while (old_size > 0 && old_size < high) {
        guint64 middle = low + split(high - low);
        gboolean left = old_size <= middle;
        if (!push(&proof, &source, left ? middle : low, left ? high : middle))
            return FALSE;
        if (left) {
            high = middle;
        } else {
            low = middle;
            known = FALSE;
        }
    }
    if (!known && !push(&proof, &source, low, high))
        return FALSE;
    reverse(&proof, ret_proof);
    return TRUE;
}

gboolean merkle_verify_node(guint level, guint64 index, guint64 size, const MerkleHash *hash,
                            const MerkleProof *proof, const MerkleHash *root, GError **error)
{
    if (size > MERKLE_SIZE_MAX || level >= MERKLE_LEVELS || index >= size >> level)
        return error_input(error, "the tree has no such node");
    guint64 node = index, last = (size - 1) >> level;
    MerkleHash result = *hash;
    for (guint i = 0; i < proof->count; i++) {
        if (last == 0)
            return error_input(error, "the inclusion proof is too long");
        if (node & 1 || node == last) {
            merkle_node_hash(&proof->hashes[i], &result, &result);
            /* An incomplete node has no sibling on the levels where it ends the tree. */
            for (; !(node & 1) && node != 0; node >>= 1)
                last >>= 1;
        } else {
            merkle_node_hash(&result, &proof->hashes[i], &result);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0)
        return error_input(error, "the inclusion proof is too short");
    if (!merkle_hash_equal(&result, root))
        return error_input(error, "the inclusion proof does not lead to the root");
    return TRUE;
}

gboolean merkle_verify_inclusion(guint64 index, guint64 size, const MerkleHash *leaf,
                                 const MerkleProof *proof, const MerkleHash *root, GError **error)
{
    return merkle_verify_node(0, index, size, leaf, proof, root, error);
}

static gboolean is_empty_root(const MerkleHash *root)
{
    MerkleHash empty;
    merkle_empty_root(&empty);
    return merkle_hash_equal(root, &empty);
}

/* The cases in which nothing needs to be proven; everything else has a proof of at least one hash
 * (an old tree that is a node of the new one has its sibling there). */
static gboolean verify_trivial(guint64 old_size, const MerkleHash *old_root, guint64 new_size,
                               const MerkleHash *new_root, const MerkleProof *proof, GError **error)
{
    if (proof->count > 0)
        return error_input(error, "the consistency proof is too long");
    if (old_size == 0 && !is_empty_root(old_root))
        return error_input(error, "an empty tree has another root");
    if (old_size == new_size && !merkle_hash_equal(old_root, new_root))
        return error_input(error, "two trees of one size have different roots");
    return TRUE;
}

/* Walks a consistency proof of 0 < @old_size < @new_size and gives the two roots it leads to.
 * @old_root is needed where the proof leaves it out: when @old_size is a power of two. */
static gboolean walk(guint64 old_size, const MerkleHash *old_root, guint64 new_size,
                     const MerkleProof *proof, MerkleHash *ret_from, MerkleHash *ret_to,
                     GError **error)
{
    if (proof->count == 0)
        return error_input(error, "the consistency proof is too short");
    guint64 node = old_size - 1, last = new_size - 1;
    guint used = 0;
    for (; node & 1; node >>= 1)
        last >>= 1;
    /* An old tree of 2^k leaves is a node of the new one, which the proof does not repeat. */
    MerkleHash from = node == 0 ? *old_root : proof->hashes[used++];
    MerkleHash to = from;
    for (; used < proof->count; used++) {
        const MerkleHash *hash = &proof->hashes[used];
        if (last == 0)
            return error_input(error, "the consistency proof is too long");
        if (node & 1 || node == last) {
            merkle_node_hash(hash, &from, &from);
            merkle_node_hash(hash, &to, &to);
            for (; !(node & 1) && node != 0; node >>= 1)
                last >>= 1;
        } else {
            merkle_node_hash(&to, hash, &to);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0)
        return error_input(error, "the consistency proof is too short");
    *ret_from = from;
    *ret_to = to;
    return TRUE;
}

gboolean merkle_verify_consistency(guint64 old_size, const MerkleHash *old_root, guint64 new_size,
                                   const MerkleHash *new_root, const MerkleProof *proof,
                                   GError **error)
{
    if (new_size > MERKLE_SIZE_MAX || old_size > new_size)
        return error_input(error, "the later tree is the smaller one");
    if (old_size == 0 || old_size == new_size)
        return verify_trivial(old_size, old_root, new_size, new_root, proof, error);
    MerkleHash from, to;
    if (!walk(old_size, old_root, new_size, proof, &from, &to, error))
        return FALSE;
    if (!merkle_hash_equal(&from, old_root))
        return error_input(error, "the consistency proof does not lead to the old root");
    if (!merkle_hash_equal(&to, new_root))
        return error_input(error, "the consistency proof does not lead to the new root");
    return TRUE;
}

gboolean merkle_consistency_root(guint64 old_size, guint64 new_size, const MerkleHash *new_root,
                                 const MerkleProof *proof, MerkleHash *ret_old_root)
{
    MerkleHash from, to;
    gboolean tells = new_size <= MERKLE_SIZE_MAX && old_size < new_size && old_size > 0 &&
                     (old_size & (old_size - 1)) != 0;
    if (!tells || !walk(old_size, NULL, new_size, proof, &from, &to, NULL) ||
        !merkle_hash_equal(&to, new_root))
        return FALSE;
    *ret_old_root = from;
    return TRUE;
}
