#include "ledger/note.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"

#define KEY_ID_SIZE 4

gboolean note_text_check(const char *text, gsize length, GError **error)
{
    if (length == 0 || text[length - 1] != '\n')
        return error_input(error, "a note's text ends in a newline");
    for (gsize i = 0; i < length; i++)
        if ((guint8)text[i] < 0x20 && text[i] != '\n')
            return error_input(error, "a note has no control characters other than newlines");
    if (!g_utf8_validate_len(text, length, NULL))
        return error_input(error, "a note is UTF-8");
    return TRUE;
}

static gboolean parse_signature(const char *line, gsize length, NoteSignature *ret_signature,
                                GError **error)
{
    const char *rest = line;
    gsize left = length;
    if (!line_skip(&rest, &left, NOTE_LINE_PREFIX))
        return error_input(error, "a note's signature line begins with an em dash and a space");
    const char *space = memchr(rest, ' ', left);
    if (!space || !note_name_is_valid(rest, (gsize)(space - rest)))
        return error_input(error, "a note's signature line lacks the name of a key");
    const char *base64 = space + 1;
    g_autoptr(GBytes) bytes = line_base64(base64, (gsize)(rest + left - base64));
    if (!bytes || g_bytes_get_size(bytes) <= KEY_ID_SIZE)
        return error_input(error, "a note's signature is not base64 of a key id and a signature");
    guint32 id;
    memcpy(&id, g_bytes_get_data(bytes, NULL), KEY_ID_SIZE);
    ret_signature->key_id = GUINT32_FROM_BE(id);
    ret_signature->name = g_strndup(rest, (gsize)(space - rest));
    ret_signature->signature =
        g_bytes_new_from_bytes(bytes, KEY_ID_SIZE, g_bytes_get_size(bytes) - KEY_ID_SIZE);
    ret_signature->line = line;
    ret_signature->line_length = length;
    return TRUE;
}

static void clear_signature(gpointer data)
{
    NoteSignature *signature = data;
    g_free(signature->name);
    g_bytes_unref(signature->signature);
}

/* The signatures of one or more lines; NULL with @error set. */
static GArray *parse_signatures(const char *lines, gsize length, GError **error)
{
    g_autoptr(GArray) signatures = g_array_new(FALSE, FALSE, sizeof(NoteSignature));
    g_array_set_clear_func(signatures, clear_signature);
    LineReader reader = {lines, length};
    const char *line;
    gsize line_length;
    while (line_next(&reader, &line, &line_length)) {
        NoteSignature signature;
        if (signatures->len == NOTE_SIGNATURES_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "a note has at most %d signatures", NOTE_SIGNATURES_MAX);
            return NULL;
        }
        if (!parse_signature(line, line_length, &signature, error))
            return NULL;
        g_array_append_val(signatures, signature);
    }
    if (signatures->len == 0 || reader.length > 0) {
        error_input(error, "a note ends in signature lines, each with its newline");
        return NULL;
    }
    return g_steal_pointer(&signatures);
}

/* Where the last empty line is: the length of the text before it, 0 if there is none. */
static gsize find_text_end(const char *bytes, gsize length)
{
    for (gsize i = length; i >= 2; i--)
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n')
            return i - 1;
    return 0;
}

Note *note_parse(const char *bytes, gsize length, GError **error)
{
    if (length > NOTE_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the note is too large");
        return NULL;
    }
    if (!note_text_check(bytes, length, error))
        return NULL;
    gsize text_length = find_text_end(bytes, length);
    if (text_length == 0) {
        error_input(error, "a note has an empty line between text and signatures");
        return NULL;
    }
    g_autofree char *copy = g_strndup(bytes, length);
    GArray *signatures = parse_signatures(copy + text_length + 1, length - text_length - 1, error);
    if (!signatures)
        return NULL;
    Note *note = g_new0(Note, 1);
    note->bytes = g_steal_pointer(&copy);
    note->length = length;
    note->text_length = text_length;
    note->n_signatures = signatures->len;
    note->signatures = (NoteSignature *)(gpointer)g_array_free(signatures, FALSE);
    return note;
}

void note_free(Note *note)
{
    if (!note)
        return;
    for (guint i = 0; i < note->n_signatures; i++)
        clear_signature(&note->signatures[i]);
    g_free(note->signatures);
    g_free(note->bytes);
    g_free(note);
}

gboolean note_signature_is_of(const NoteSignature *signature, const NoteVerifier *verifier)
{
    return signature->key_id == verifier->id && strcmp(signature->name, verifier->name) == 0;
}

/* The place of the verifier that @signature claims to be of, -1 for none of them. */
static gboolean find_verifier(const NoteSignature *signature, const NoteVerifier *const *verifiers,
                              guint n_verifiers, gint *ret_place, GError **error)
{
    gint place = -1;
    for (guint i = 0; i < n_verifiers; i++) {
        if (!note_algorithm_is_verifiable(verifiers[i]->algorithm) ||
            !note_signature_is_of(signature, verifiers[i]))
            continue;
        if (place >= 0) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "two of the keys are %s+%08x",
                        signature->name, signature->key_id);
            return FALSE;
        }
        place = (gint)i;
    }
    *ret_place = place;
    return TRUE;
}

gboolean note_find_signers(const Note *note, const NoteVerifier *const *verifiers,
                           guint n_verifiers, gboolean *ret_signed, GError **error)
{
    g_autofree gboolean *has_signed = g_new0(gboolean, n_verifiers + 1);
    for (guint i = 0; i < note->n_signatures; i++) {
        const NoteSignature *signature = &note->signatures[i];
        gint place;
        gsize size;
        if (!find_verifier(signature, verifiers, n_verifiers, &place, error))
            return FALSE;
        if (place < 0)
            continue;
        const guint8 *bytes = g_bytes_get_data(signature->signature, &size);
        if (!note_verifier_check(verifiers[place], note->bytes, note->text_length, bytes, size)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        "the signature of %s+%08x is wrong", signature->name, signature->key_id);
            return FALSE;
        }
        has_signed[place] = TRUE;
    }
    if (n_verifiers > 0)
        memcpy(ret_signed, has_signed, n_verifiers * sizeof *ret_signed);
    return TRUE;
}

gboolean note_verify(const Note *note, const NoteVerifier *const *verifiers, guint n_verifiers,
                     gboolean *ret_signed, GError **error)
{
    g_autofree gboolean *has_signed = g_new0(gboolean, n_verifiers + 1);
    gboolean any = FALSE;
    if (!note_find_signers(note, verifiers, n_verifiers, has_signed, error))
        return FALSE;
    for (guint i = 0; i < n_verifiers; i++)
        any = any || has_signed[i];
    if (!any) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the note has no signature of a known key");
        return FALSE;
    }
    if (ret_signed)
        memcpy(ret_signed, has_signed, n_verifiers * sizeof *ret_signed);
    return TRUE;
}

char *note_sign(const char *text, const NoteSigner *signer, guint64 time_s, GError **error)
{
    g_autofree char *line = note_signature_line(signer, text, time_s, error);
    return line ? g_strconcat(text, "\n", line, NULL) : NULL;
}

static gboolean is_replaced(const NoteSignature *old, const GArray *signatures)
{
    for (guint i = 0; i < signatures->len; i++) {
        const NoteSignature *signature = &g_array_index(signatures, NoteSignature, i);
        if (signature->key_id == old->key_id && strcmp(signature->name, old->name) == 0)
            return TRUE;
    }
    return FALSE;
}

char *note_append(const Note *note, const char *lines, GError **error)
{
    g_autoptr(GArray) added = parse_signatures(lines, strlen(lines), error);
    if (!added)
        return NULL;
    g_autoptr(GString) text = g_string_new_len(note->bytes, (gssize)note->text_length + 1);
    for (guint i = 0; i < note->n_signatures; i++) {
        const NoteSignature *old = &note->signatures[i];
        if (!is_replaced(old, added))
            g_string_append_len(text, old->line, (gssize)old->line_length + 1);
    }
    g_string_append(text, lines);
    /* Also what is put together from good parts may be too much. */
    g_autoptr(Note) whole = note_parse(text->str, text->len, error);
    return whole ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}
