/* fuzz_signed_json.c - signed JSON: what was read is written so that it reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/signed_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "cert.alder.example/message+2051b8f2+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SignedJson) json = signed_json_parse((const char *)data, size, size, NULL, NULL);
    if (!json)
        return 0;
    g_autofree char *text = signed_json_format(json);
    gsize length = strlen(text);
    g_autoptr(SignedJson) again = signed_json_parse(text, length, length, json->type, NULL);
    if (!again || again->note->length != json->note->length ||
        memcmp(again->note->bytes, json->note->bytes, json->note->length) != 0)
        g_error("signed JSON that was read cannot be written");
    g_autoptr(NoteVerifier) key = note_verifier_parse(KEY, NULL);
    if (signed_json_verify(json, key, NULL) != signed_json_verify(again, key, NULL))
        g_error("a signature did not survive");
    return 0;
}
