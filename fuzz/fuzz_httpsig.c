/* fuzz_httpsig.c - the fields of a signed request: one a line, in the order of HttpsigFields. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "identity/httpsig.h"

#define N_FIELDS 5
#define BODY     "{\"from\":1200,\"max\":8388608,\"size\":1250}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const HttpsigRequest request = {"POST", "https://cert.birch.example:8443/exchange/v1/follow",
                                       BODY, sizeof BODY - 1};

/* What was read is what the parameters say again. */
static void check(const Httpsig *signature, const char *signature_input)
{
    g_autofree char *keyid = g_strdup_printf("%s+%08x", signature->key_name, signature->key_id);
    if (strcmp(keyid, signature->keyid) != 0)
        g_error("a key's id has two spellings");
    if (signature->n_covered < 3 || signature->n_covered > HTTPSIG_COMPONENTS_MAX)
        g_error("too little or too much is covered");
    if (strcmp(signature_input + strlen(HTTPSIG_LABEL "="), signature->params) != 0)
        g_error("other parameters would be verified than came");
    if (signature->created_us < 0 || strpbrk(signature->params, "\r\n"))
        g_error("what cannot be signed was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static NoteVerifier *verifier;
    if (!verifier)
        verifier = note_verifier_parse("cert.alder.example/message+394cb9bf+"
                                       "AROY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK",
                                       NULL);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", N_FIELDS);
    const char *fields[N_FIELDS] = {NULL};
    for (guint i = 0; i < N_FIELDS && lines[i]; i++)
        fields[i] = *lines[i] ? lines[i] : NULL;
    g_autoptr(Httpsig) signature = httpsig_parse(
        &(HttpsigFields){fields[0], fields[1], fields[2], fields[3], fields[4]}, NULL);
    gint64 skew_us;
    if (!signature)
        return 0;
    check(signature, fields[1]);
    httpsig_verify(signature, &request, verifier, signature->created_us, G_USEC_PER_SEC, &skew_us,
                   NULL);
    return 0;
}
