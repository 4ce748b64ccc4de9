/* The leaves and roots are those of the reference tests of certificate-transparency (and of RFC
 * 6962's other implementations); everything else is held against the definitions of the RFC,
 * written down as plainly as they stand there. */
#include "ledger/merkle.h"

#include <string.h>

#include "base/error.h"

#define SMALL 70 /* leaves of the trees that are tried at every size */

static const struct {
    const char *bytes;
    gsize length;
} leaves[] = {
    {"", 0},
    {"\x00", 1},
    {"\x10", 1},
    {"\x20\x21", 2},
    {"\x30\x31", 2},
    {"\x40\x41\x42\x43", 4},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
};

static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void assert_hex(const MerkleHash *hash, const char *expected)
{
    char hex[2 * SHA256_SIZE + 1];
    g_assert_cmpstr(sha256_hex(hash->bytes, hex), ==, expected);
}

/* RFC 6962 section 2.1, MTH(D[n]). */
static MerkleHash tree_hash(const MerkleHash *hashes, guint64 n)
{
    MerkleHash left, right;
    guint64 k = 1;
    if (n == 1)
        return hashes[0];
    while (k * 2 < n)
        k *= 2;
    left = tree_hash(hashes, k);
    right = tree_hash(hashes + k, n - k);
    merkle_node_hash(&left, &right, &left);
    return left;
}

/* Section 2.1.1, PATH(m, D[n]). */
static void path(guint64 m, const MerkleHash *hashes, guint64 n, MerkleProof *proof)
{
    guint64 k = 1;
    if (n == 1)
        return;
    while (k * 2 < n)
        k *= 2;
    if (m < k) {
        path(m, hashes, k, proof);
        proof->hashes[proof->count++] = tree_hash(hashes + k, n - k);
    } else {
        path(m - k, hashes + k, n - k, proof);
        proof->hashes[proof->count++] = tree_hash(hashes, k);
    }
}

/* Section 2.1.2, SUBPROOF(m, D[n], b). */
static void subproof(guint64 m, const MerkleHash *hashes, guint64 n, gboolean b, MerkleProof *proof)
{
    guint64 k = 1;
    if (m == n) {
        if (!b)
            proof->hashes[proof->count++] = tree_hash(hashes, n);
        return;
    }
    while (k * 2 < n)
        k *= 2;
    if (m <= k) {
        subproof(m, hashes, k, b, proof);
        proof->hashes[proof->count++] = tree_hash(hashes + k, n - k);
    } else {
        subproof(m - k, hashes + k, n - k, FALSE, proof);
        proof->hashes[proof->count++] = tree_hash(hashes, k);
    }
}

typedef struct {
    guint64 size;
    MerkleHash hashes[SMALL];
} SmallTree;

static gboolean fetch_small(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                            GError **error)
{
    const SmallTree *tree = user_data;
    g_assert_cmpuint((index + 1) << level, <=, tree->size); /* only complete nodes are asked for */
    *ret_hash = tree_hash(&tree->hashes[index << level], G_GUINT64_CONSTANT(1) << level);
    return TRUE;
}

static void fill(SmallTree *tree)
{
    tree->size = SMALL;
    for (guint i = 0; i < SMALL; i++) {
        guint8 entry[2] = {0x42, (guint8)i};
        merkle_leaf_hash(entry, sizeof entry, &tree->hashes[i]);
    }
}

static void assert_same_proof(const MerkleProof *a, const MerkleProof *b)
{
    g_assert_cmpmem(a->hashes, a->count * sizeof *a->hashes, b->hashes,
                    b->count * sizeof *b->hashes);
}

static void test_published(void)
{
    MerkleFrontier frontier;
    MerkleHash leaf, root;
    merkle_frontier_init(&frontier);
    for (guint i = 0; i < G_N_ELEMENTS(roots); i++) {
        merkle_frontier_root(&frontier, &root);
        assert_hex(&root, roots[i]);
        if (i == G_N_ELEMENTS(leaves))
            break;
        merkle_leaf_hash(leaves[i].bytes, leaves[i].length, &leaf);
        merkle_frontier_append(&frontier, &leaf);
    }
}

static void test_published_proofs(void)
{
    SmallTree tree = {.size = G_N_ELEMENTS(leaves)};
    MerkleProof proof;
    for (guint i = 0; i < G_N_ELEMENTS(leaves); i++)
        merkle_leaf_hash(leaves[i].bytes, leaves[i].length, &tree.hashes[i]);

    g_assert_true(merkle_prove_inclusion(0, 8, fetch_small, &tree, &proof, NULL));
    g_assert_cmpuint(proof.count, ==, 3);
    assert_hex(&proof.hashes[0],
               "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    assert_hex(&proof.hashes[1],
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
    assert_hex(&proof.hashes[2],
               "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");

    g_assert_true(merkle_prove_consistency(6, 8, fetch_small, &tree, &proof, NULL));
    g_assert_cmpuint(proof.count, ==, 3);
    assert_hex(&proof.hashes[0],
               "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
    assert_hex(&proof.hashes[1],
               "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
    assert_hex(&proof.hashes[2], roots[4]);

    g_assert_true(merkle_prove_consistency(2, 5, fetch_small, &tree, &proof, NULL));
    g_assert_cmpuint(proof.count, ==, 2);
    assert_hex(&proof.hashes[0],
               "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
    assert_hex(&proof.hashes[1],
               "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
}

static void test_long_entry(void)
{
    /* An entry around the length at which its hash is computed another way. */
    guint8 entry[400];
    MerkleHash hash, expected;
    for (gsize length = 250; length < 260; length++) {
        guint8 input[401] = {0};
        memset(entry, 7, sizeof entry);
        memset(input + 1, 7, length);
        merkle_leaf_hash(entry, length, &hash);
        sha256_digest(input, 1 + length, expected.bytes);
        g_assert_true(merkle_hash_equal(&hash, &expected));
    }
}

typedef struct {
    SmallTree *tree;
    guint count;
} Visited;

static void visited(guint level, guint64 index, const MerkleHash *hash, gpointer user_data)
{
    Visited *visit = user_data;
    MerkleHash expected;
    fetch_small(level, index, &expected, visit->tree, NULL);
    g_assert_true(merkle_hash_equal(hash, &expected));
    visit->count++;
}

static void test_frontier(void)
{
    SmallTree tree;
    MerkleFrontier frontier, loaded, copy;
    MerkleHash root, expected;
    guint8 bytes[MERKLE_FRONTIER_MAX], again[MERKLE_FRONTIER_MAX];
    fill(&tree);
    merkle_frontier_init(&frontier);
    for (guint n = 1; n <= SMALL; n++) {
        merkle_frontier_append(&frontier, &tree.hashes[n - 1]);
        merkle_frontier_root(&frontier, &root);
        expected = tree_hash(tree.hashes, n);
        g_assert_true(merkle_hash_equal(&root, &expected));

        gsize length = merkle_frontier_write(&frontier, bytes);
        g_assert_cmpuint(length, ==, 8 + 32 * (guint)__builtin_popcount(n));
        g_assert_true(merkle_frontier_read(bytes, length, &copy, NULL));
        g_assert_true(merkle_frontier_load(n, fetch_small, &tree, &loaded, NULL));
        g_assert_cmpmem(again, merkle_frontier_write(&copy, again), bytes, length);
        g_assert_cmpmem(again, merkle_frontier_write(&loaded, again), bytes, length);
        g_assert_false(merkle_frontier_read(bytes, length - 1, &copy, NULL));
        g_assert_false(merkle_frontier_read(bytes, length + 1, &copy, NULL));
    }
    g_assert_false(merkle_frontier_read((const guint8 *)"", 0, &copy, NULL));

    /* All at once: the same, and every complete node is told of once. */
    Visited visit = {&tree, 0};
    merkle_frontier_init(&copy);
    g_assert_true(merkle_frontier_extend(&copy, tree.hashes, SMALL, visited, &visit, NULL));
    g_assert_cmpuint(visit.count, ==, 70 + 35 + 17 + 8 + 4 + 2 + 1);
    g_assert_cmpmem(again, merkle_frontier_write(&copy, again), bytes,
                    merkle_frontier_write(&frontier, bytes));

    g_autoptr(GError) error = NULL;
    copy.size = MERKLE_SIZE_MAX - 1;
    g_assert_false(merkle_frontier_extend(&copy, tree.hashes, 2, NULL, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_assert_cmpuint(copy.size, ==, MERKLE_SIZE_MAX - 1);
}

static void test_inclusion(void)
{
    SmallTree tree;
    fill(&tree);
    for (guint64 size = 1; size <= SMALL; size++) {
        MerkleHash root = tree_hash(tree.hashes, size);
        for (guint64 index = 0; index < size; index++) {
            const MerkleHash *leaf = &tree.hashes[index];
            MerkleProof proof, expected = {0};
            path(index, tree.hashes, size, &expected);
            g_assert_true(merkle_prove_inclusion(index, size, fetch_small, &tree, &proof, NULL));
            assert_same_proof(&proof, &expected);
            g_assert_true(merkle_verify_inclusion(index, size, leaf, &proof, &root, NULL));

            /* Another place, another leaf, one hash more, less or changed: refused. */
            for (guint64 other = 0; other <= size; other++)
                if (other != index)
                    g_assert_false(merkle_verify_inclusion(other, size, leaf, &proof, &root, NULL));
            g_assert_false(merkle_verify_inclusion(index, size, &root, &proof, &root, NULL) &&
                           size > 1);
            proof.hashes[proof.count++] = root;
            g_assert_false(merkle_verify_inclusion(index, size, leaf, &proof, &root, NULL));
            proof.count--;
            for (guint i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i % 32] ^= 1;
                g_assert_false(merkle_verify_inclusion(index, size, leaf, &proof, &root, NULL));
                proof.hashes[i].bytes[i % 32] ^= 1;
            }
            if (proof.count > 0) {
                proof.count--;
                g_assert_false(merkle_verify_inclusion(index, size, leaf, &proof, &root, NULL));
            }
        }
    }
    MerkleProof proof = {.count = 77};
    g_assert_false(merkle_prove_inclusion(5, 5, fetch_small, &tree, &proof, NULL));
    g_assert_false(merkle_prove_inclusion(0, 0, fetch_small, &tree, &proof, NULL));
    g_assert_cmpuint(proof.count, ==, 77);
}

static void test_nodes(void)
{
    SmallTree tree;
    fill(&tree);
    for (guint64 size = 1; size <= SMALL; size++) {
        MerkleHash root = tree_hash(tree.hashes, size);
        for (guint level = 0; size >> level > 0; level++) {
            for (guint64 index = 0; index < size >> level; index++) {
                MerkleProof proof;
                MerkleHash node;
                fetch_small(level, index, &node, &tree, NULL);
                g_assert_true(
                    merkle_prove_node(level, index, size, fetch_small, &tree, &proof, NULL));
                g_assert_true(merkle_verify_node(level, index, size, &node, &proof, &root, NULL));
                node.bytes[0] ^= 1;
                g_assert_false(merkle_verify_node(level, index, size, &node, &proof, &root, NULL));
            }
            MerkleProof proof;
            g_assert_false(
                merkle_prove_node(level, size >> level, size, fetch_small, &tree, &proof, NULL));
        }
    }
}

static void test_consistency(void)
{
    SmallTree tree;
    fill(&tree);
    for (guint64 size = 1; size <= SMALL; size++) {
        MerkleHash root = tree_hash(tree.hashes, size);
        for (guint64 old = 1; old <= size; old++) {
            MerkleHash old_root = tree_hash(tree.hashes, old);
            MerkleProof proof, expected = {0};
            subproof(old, tree.hashes, size, TRUE, &expected);
            g_assert_true(merkle_prove_consistency(old, size, fetch_small, &tree, &proof, NULL));
            assert_same_proof(&proof, &expected);
            g_assert_true(merkle_verify_consistency(old, &old_root, size, &root, &proof, NULL));

            gboolean tells = old < size && (old & (old - 1)) != 0;
            MerkleHash told;
            g_assert_cmpint(merkle_consistency_root(old, size, &root, &proof, &told), ==, tells);
            if (tells)
                g_assert_true(merkle_hash_equal(&told, &old_root));

            MerkleHash wrong = old_root;
            wrong.bytes[31] ^= 0x80;
            g_assert_false(merkle_verify_consistency(old, &wrong, size, &root, &proof, NULL));
            wrong = root;
            wrong.bytes[31] ^= 0x80;
            g_assert_false(merkle_verify_consistency(old, &old_root, size, &wrong, &proof, NULL));
            proof.hashes[proof.count++] = root;
            g_assert_false(merkle_verify_consistency(old, &old_root, size, &root, &proof, NULL));
            proof.count--;
            for (guint i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i % 32] ^= 1;
                g_assert_false(
                    merkle_verify_consistency(old, &old_root, size, &root, &proof, NULL));
                g_assert_false(merkle_consistency_root(old, size, &root, &proof, &told));
                proof.hashes[i].bytes[i % 32] ^= 1;
            }
            if (proof.count > 0) {
                proof.count--;
                g_assert_false(
                    merkle_verify_consistency(old, &old_root, size, &root, &proof, NULL));
            }
        }
    }
}

static void test_empty_trees(void)
{
    SmallTree tree;
    MerkleHash empty, root;
    MerkleProof proof = {0};
    fill(&tree);
    merkle_empty_root(&empty);
    root = tree_hash(tree.hashes, 7);
    g_assert_true(merkle_prove_consistency(0, 7, fetch_small, &tree, &proof, NULL));
    g_assert_cmpuint(proof.count, ==, 0);
    g_assert_true(merkle_verify_consistency(0, &empty, 7, &root, &proof, NULL));
    g_assert_true(merkle_verify_consistency(0, &empty, 0, &empty, &proof, NULL));
    g_assert_false(merkle_verify_consistency(0, &root, 7, &root, &proof, NULL));
    g_assert_false(merkle_verify_consistency(0, &root, 0, &root, &proof, NULL));
    g_assert_false(merkle_verify_consistency(0, &empty, 0, &root, &proof, NULL));
    g_assert_false(merkle_verify_consistency(8, &root, 7, &root, &proof, NULL));
    proof.count = 1;
    g_assert_false(merkle_verify_consistency(0, &empty, 7, &root, &proof, NULL));
    g_assert_false(merkle_prove_consistency(8, 7, fetch_small, &tree, &proof, NULL));
}

/* A tree of any size, all of whose leaves are alike: a node's hash depends on its level only. */
static gboolean fetch_alike(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                            GError **error)
{
    const MerkleHash *levels = user_data;
    g_assert_cmpuint(level, <, MERKLE_LEVELS);
    *ret_hash = levels[level];
    return TRUE;
}

static void test_huge(void)
{
    const guint64 top = MERKLE_SIZE_MAX;
    const guint64 sizes[] = {top, top - 1, (top >> 1) + 1, (top >> 1) + 2, top >> 1, 1u << 31};
    MerkleHash levels[MERKLE_LEVELS];
    merkle_leaf_hash("x", 1, &levels[0]);
    for (guint i = 1; i < MERKLE_LEVELS; i++)
        merkle_node_hash(&levels[i - 1], &levels[i - 1], &levels[i]);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint64 size = sizes[i];
        MerkleFrontier frontier;
        MerkleHash root, old_root;
        MerkleProof proof;
        guint8 bytes[MERKLE_FRONTIER_MAX];
        g_assert_true(merkle_frontier_load(size, fetch_alike, levels, &frontier, NULL));
        merkle_frontier_root(&frontier, &root);
        g_assert_true(
            merkle_frontier_read(bytes, merkle_frontier_write(&frontier, bytes), &frontier, NULL));
        const guint64 places[] = {0, 1, size / 2, size / 3, size - 2, size - 1};
        for (guint j = 0; j < G_N_ELEMENTS(places); j++) {
            g_assert_true(
                merkle_prove_inclusion(places[j], size, fetch_alike, levels, &proof, NULL));
            g_assert_cmpuint(proof.count, <=, 63);
            g_assert_true(
                merkle_verify_inclusion(places[j], size, &levels[0], &proof, &root, NULL));
            g_assert_true(
                merkle_prove_consistency(places[j], size, fetch_alike, levels, &proof, NULL));
            g_assert_true(merkle_frontier_load(places[j], fetch_alike, levels, &frontier, NULL));
            merkle_frontier_root(&frontier, &old_root);
            g_assert_true(
                merkle_verify_consistency(places[j], &old_root, size, &root, &proof, NULL));
        }
        if (size == top)
            continue;
        /* One more leaf, by appending and by loading. */
        g_assert_true(merkle_frontier_load(size, fetch_alike, levels, &frontier, NULL));
        merkle_frontier_append(&frontier, &levels[0]);
        merkle_frontier_root(&frontier, &root);
        g_assert_true(merkle_frontier_load(size + 1, fetch_alike, levels, &frontier, NULL));
        merkle_frontier_root(&frontier, &old_root);
        g_assert_true(merkle_hash_equal(&root, &old_root));
    }
    MerkleProof proof = {0};
    MerkleFrontier frontier;
    g_assert_false(merkle_frontier_load(top + 1, fetch_alike, levels, &frontier, NULL));
    g_assert_false(merkle_prove_inclusion(0, top + 1, fetch_alike, levels, &proof, NULL));
    g_assert_false(merkle_prove_node(63, 0, top, fetch_alike, levels, &proof, NULL));
    g_assert_false(merkle_verify_consistency(1, levels, G_MAXUINT64, levels, &proof, NULL));
    g_assert_false(merkle_verify_inclusion(0, G_MAXUINT64, levels, &proof, levels, NULL));
}

static gboolean fetch_nothing(guint level, guint64 index, MerkleHash *ret_hash, gpointer user_data,
                              GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "gone");
    return FALSE;
}

static void test_failing_store(void)
{
    MerkleProof proof = {.count = 77};
    MerkleFrontier frontier = {.size = 77};
    g_autoptr(GError) error = NULL;
    g_assert_false(merkle_prove_inclusion(1, 9, fetch_nothing, NULL, &proof, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_false(merkle_prove_consistency(3, 9, fetch_nothing, NULL, &proof, NULL));
    g_assert_false(merkle_frontier_load(9, fetch_nothing, NULL, &frontier, NULL));
    g_assert_cmpuint(proof.count, ==, 77);
    g_assert_cmpuint(frontier.size, ==, 77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/merkle/published", test_published);
    g_test_add_func("/merkle/published-proofs", test_published_proofs);
    g_test_add_func("/merkle/long-entry", test_long_entry);
    g_test_add_func("/merkle/frontier", test_frontier);
    g_test_add_func("/merkle/inclusion", test_inclusion);
    g_test_add_func("/merkle/nodes", test_nodes);
    g_test_add_func("/merkle/consistency", test_consistency);
    g_test_add_func("/merkle/empty-trees", test_empty_trees);
    g_test_add_func("/merkle/huge", test_huge);
    g_test_add_func("/merkle/failing-store", test_failing_store);
    return g_test_run();
}
