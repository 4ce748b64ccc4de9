/* fuzz_witness.c - what a stranger sends to add-checkpoint, and what a witness answers. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide(const WitnessRequest *request)
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NULL);
    const NoteVerifier *keys[] = {key};
    WitnessState state = {TRUE, request->old_size, request->checkpoint.root};
    g_auto(WitnessAnswer) answer = {0};
    witness_decide(request, &state, keys, 1, &answer);
    if (answer.is_new && answer.next.size <= state.size)
        g_error("a witness would go back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    guint64 stored;
    witness_read_size(body, size, &stored);
    g_autoptr(WitnessRequest) request = witness_request_parse(body, size, NULL);
    if (!request)
        return 0;
    g_autofree char *again =
        witness_request_format(request->old_size, &request->proof, request->note, NULL);
    if (!again || strlen(again) != size || memcmp(again, data, size) != 0)
        g_error("a request has two spellings");
    decide(request);
    g_free(witness_read_cosignatures(body, size, request->note, NULL, 0, NULL));
    return 0;
}
