/* fuzz_answer.c - answers of a peer, held against the ledger that the corpus is of. */
#include <stddef.h>
#include <stdint.h>

#include "exchange/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEDGER  "cert.alder.example/ledger+7db29a03+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"

#define MESSAGE "cert.alder.example/message+2051b8f2+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6"

static void verify(const Answer *answer)
{
    g_autoptr(NoteVerifier) ledger = note_verifier_parse(LEDGER, NULL);
    g_autoptr(NoteVerifier) message = note_verifier_parse(MESSAGE, NULL);
    const NoteVerifier *const keys[] = {message};
    g_autoptr(KeyHistory) history = keychange_history_new(ledger, NULL, NULL, NULL);
    const AnswerTrust trust = {.origin = "cert.alder.example/ledger",
                               .to = "cert.birch.example/ledger",
                               .history = history,
                               .message_keys = keys,
                               .n_message_keys = G_N_ELEMENTS(keys),
                               .from = answer->from};
    g_auto(AnswerVerified) verified = {0};
    g_autoptr(GError) error = NULL;
    AnswerVerdict verdict = answer_verify(answer, &trust, &verified, &error);
    if ((verdict == ANSWER_ACCEPTED) != (error == NULL))
        g_error("a verdict without a reason, or a reason without a verdict");
}

/* What was read can be written, and is read as the same again. */
static void write_again(const Answer *answer)
{
    g_autoptr(AnswerBuilder) builder = answer_builder_new(0);
    const AnswerHead head = {.origin = answer->origin,
                             .from = answer->from,
                             .end = answer->end,
                             .size = answer->size,
                             .checkpoint = answer->checkpoint,
                             .consistency = &answer->consistency,
                             .changes = (const char *const *)answer->changes,
                             .gossip = (const char *const *)answer->gossip,
                             .card = answer->card,
                             .statement = answer->statement};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = answer_builder_end(builder, &head, &error);
    if (!bytes)
        g_error("a head that was read cannot be written: %s", error->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(Answer) answer = answer_parse(bytes, size, NULL);
    if (!answer)
        return 0;
    verify(answer);
    write_again(answer);
    return 0;
}
