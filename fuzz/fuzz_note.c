/* fuzz_note.c - signed notes and the text forms of keys. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/cosignature.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE NOTE_LINE_PREFIX "example.com/fuzz AAAAAAAA\n"

static void read_note(const char *text, gsize length)
{
    g_autoptr(Note) note = note_parse(text, length, NULL);
    if (!note)
        return;
    if (note->length != length || memcmp(note->bytes, text, length) != 0)
        g_error("a note was not kept as it came");
    for (guint i = 0; i < note->n_signatures; i++) {
        const NoteSignature *signature = &note->signatures[i];
        guint64 time_s;
        if (signature->line < note->bytes + note->text_length ||
            signature->line + signature->line_length >= note->bytes + length)
            g_error("a signature outside of its note");
        cosignature_time(signature, &time_s);
    }
    g_autofree char *more = note_append(note, LINE, NULL);
    g_autoptr(Note) again = more ? note_parse(more, strlen(more), NULL) : NULL;
    if (more && (!again || again->text_length != note->text_length))
        g_error("a note of our own was refused, or its text changed");
}

static void read_keys(const char *text)
{
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(text, NULL);
    g_autoptr(NoteSigner) signer = note_signer_parse(text, NULL);
    if (verifier) {
        g_autofree char *again = note_verifier_format(verifier);
        /* The id may come in capitals. */
        if (g_ascii_strcasecmp(again, text) != 0)
            g_error("a verifier key has two spellings");
    }
    if (signer)
        g_free(note_signer_format(signer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    read_note((const char *)data, size);
    read_keys(text);
    return 0;
}
