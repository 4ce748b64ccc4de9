/* fuzz_proof.c - proof files. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MerkleHash leaf;
    g_autoptr(Proof) proof = proof_parse((const char *)data, size, NULL);
    if (!proof)
        return 0;
    g_autofree char *again =
        proof_format(proof->index, &proof->path, proof->note, proof->extra, NULL);
    if (!again || strlen(again) != size || memcmp(again, data, size) != 0)
        g_error("a proof has two spellings");
    merkle_leaf_hash("", 0, &leaf);
    merkle_verify_inclusion(proof->index, proof->checkpoint.size, &leaf, &proof->path,
                            &proof->checkpoint.root, NULL);
    return 0;
}
