/* fuzz_checkpoint.c - the text of checkpoints, and signed ones. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_auto(Checkpoint) checkpoint = {0};
    g_auto(Checkpoint) opened = {0};
    g_autoptr(NoteVerifier) key = note_verifier_parse(
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NULL);
    const NoteVerifier *keys[] = {key};
    checkpoint_open(text, size, "PeterNeumann", keys, 1, &opened, NULL, NULL);
    if (!checkpoint_parse(text, size, &checkpoint, NULL))
        return 0;
    g_autofree char *again = checkpoint_format(&checkpoint, NULL);
    if (!again || strlen(again) != size || memcmp(again, text, size) != 0)
        g_error("a checkpoint has two spellings");
    return 0;
}
