/* fuzz_disclosure.c - disclosure files, held against the key that the corpus is signed by. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/disclosure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "cert.alder.example/ledger+7db29a03+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Disclosure) disclosure = disclosure_parse((const char *)data, size, size, NULL);
    if (!disclosure)
        return 0;
    g_autoptr(NoteVerifier) key = note_verifier_parse(KEY, NULL);
    const DisclosureTrust trust = {.ledger = key};
    DisclosureResult result;
    if (disclosure_verify(disclosure, &trust, &result, NULL) &&
        result.n_present + result.n_withheld + result.n_erased != result.n_items)
        g_error("an item without a state");
    g_autofree char *proof = proof_format(disclosure->proof->index, &disclosure->proof->path,
                                          disclosure->proof->note, disclosure->proof->extra, NULL);
    g_autofree char *again = proof ? disclosure_format(disclosure->opening, proof,
                                                       (const char *const *)disclosure->changes,
                                                       disclosure->n_changes, NULL)
                                   : NULL;
    if (!again)
        g_error("a disclosure that was read cannot be written");
    return 0;
}
