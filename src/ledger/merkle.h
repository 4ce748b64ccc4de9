/* merkle.h - the Merkle tree of RFC 6962: hashes, the right edge of a growing tree, and proofs.
 *
 * A node is named by its level (0 = leaf hashes) and its index within the level: node (l, i) is
 * the hash over the leaves [i * 2^l, (i + 1) * 2^l). Only complete nodes have a name, and these
 * never change as the tree grows; what a proof needs of incomplete ones is folded from them. */
#pragma once

#include <glib.h>

#include "base/sha256.h"

#define MERKLE_SIZE_MAX                                                                            \
    ((guint64)G_MAXINT64)      /* leaves of the largest tree: fits a signed column                 \
                                */
#define MERKLE_LEVELS       63 /* levels that such a tree can have complete nodes on */
#define MERKLE_PROOF_MAX    64 /* hashes in the longest proof */
#define MERKLE_FRONTIER_MAX (8 + MERKLE_LEVELS * SHA256_SIZE) /* bytes of a written frontier */

typedef struct {
    guint8 bytes[SHA256_SIZE];
} MerkleHash;

/* Hashes in the order in which RFC 6962 lists and a verifier reads them. */
typedef struct {
    guint count;
    MerkleHash hashes[MERKLE_PROOF_MAX];
} MerkleProof;

/* The right edge: what is needed to append and to know the root. */
typedef struct {
    guint64 size;                    /* leaves so far */
    MerkleHash peaks[MERKLE_LEVELS]; /* [l]: the last complete node of level l, where bit l of
                                        size is set; elsewhere without meaning */
} MerkleFrontier;

/* Gives the complete node (@level, @index) of a stored tree. FALSE with @error set if it cannot. */
typedef gboolean (*MerkleFetch)(guint level, guint64 index, MerkleHash *ret_hash,
                                gpointer user_data, GError **error);

/* Is told of each node as it becomes complete, lower levels first. */
typedef void (*MerkleVisit)(guint level, guint64 index, const MerkleHash *hash, gpointer user_data);

/* Hashes, RFC 6962 section 2.1: SHA-256 of nothing, of 0x00 || entry, of 0x01 || left || right. */
void merkle_empty_root(MerkleHash *ret_root);
void merkle_leaf_hash(const void *entry, gsize length, MerkleHash *ret_hash);
void merkle_node_hash(const MerkleHash *left, const MerkleHash *right, MerkleHash *ret_hash);
gboolean merkle_hash_equal(const MerkleHash *a, const MerkleHash *b);

/* An empty tree. */
void merkle_frontier_init(MerkleFrontier *frontier);

/* Appends one leaf hash. The tree must be smaller than MERKLE_SIZE_MAX. */
void merkle_frontier_append(MerkleFrontier *frontier, const MerkleHash *leaf);

/* Appends @count leaf hashes, telling @visit (may be NULL) of every node completed, the leaves
 * included. FALSE (CONCERT_ERROR_LIMIT, nothing done) if the tree would become too large. */
gboolean merkle_frontier_extend(MerkleFrontier *frontier, const MerkleHash *leaves, gsize count,
                                MerkleVisit visit, gpointer user_data, GError **error);

void merkle_frontier_root(const MerkleFrontier *frontier, MerkleHash *ret_root);

/* Writes the size (8 bytes, big-endian) and the peaks, highest level first, and returns the number
 * of bytes. The reading twin takes exactly that and nothing else (CONCERT_ERROR_INPUT). */
gsize merkle_frontier_write(const MerkleFrontier *frontier, guint8 buffer[MERKLE_FRONTIER_MAX]);
gboolean merkle_frontier_read(const guint8 *bytes, gsize length, MerkleFrontier *ret_frontier,
                              GError **error);

/* The frontier of a stored tree at @size, which may be smaller than what is stored. */
gboolean merkle_frontier_load(guint64 size, MerkleFetch fetch, gpointer user_data,
                              MerkleFrontier *ret_frontier, GError **error);

/* Proofs from a stored tree, as it was at @size (or @new_size): RFC 6962 sections 2.1.1 and 2.1.2.
 * A node's proof is that of its leaves without what lies inside the node; an inclusion proof is
 * that of node (0, @index). CONCERT_ERROR_INPUT if the tree has no such node, or
 * @old_size > @new_size; else what @fetch fails with. */
gboolean merkle_prove_inclusion(guint64 index, guint64 size, MerkleFetch fetch, gpointer user_data,
                                MerkleProof *ret_proof, GError **error);
gboolean merkle_prove_node(guint level, guint64 index, guint64 size, MerkleFetch fetch,
                           gpointer user_data, MerkleProof *ret_proof, GError **error);
gboolean merkle_prove_consistency(guint64 old_size, guint64 new_size, MerkleFetch fetch,
                                  gpointer user_data, MerkleProof *ret_proof, GError **error);

/* Verification, RFC 9162 sections 2.1.3.2 and 2.1.4.2; CONCERT_ERROR_INPUT says what is wrong.
 * Sizes beyond those of the RFC: everything is consistent with the empty tree, by an empty proof,
 * and an empty tree has the root of merkle_empty_root(). */
gboolean merkle_verify_inclusion(guint64 index, guint64 size, const MerkleHash *leaf,
                                 const MerkleProof *proof, const MerkleHash *root, GError **error);
gboolean merkle_verify_node(guint level, guint64 index, guint64 size, const MerkleHash *hash,
                            const MerkleProof *proof, const MerkleHash *root, GError **error);
gboolean merkle_verify_consistency(guint64 old_size, const MerkleHash *old_root, guint64 new_size,
                                   const MerkleHash *new_root, const MerkleProof *proof,
                                   GError **error);

/* What a consistency proof that leads to @new_root says the root at @old_size was: whoever signs
 * @new_root and another root at @old_size has signed two trees. FALSE if the proof leads elsewhere,
 * or says nothing of it because @old_size is a power of two, 0 or not the smaller one. */
gboolean merkle_consistency_root(guint64 old_size, guint64 new_size, const MerkleHash *new_root,
                                 const MerkleProof *proof, MerkleHash *ret_old_root);
