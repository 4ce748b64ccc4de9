#include "ledger/checkpoint.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"

void checkpoint_clear(Checkpoint *checkpoint)
{
    g_clear_pointer(&checkpoint->origin, g_free);
    g_clear_pointer(&checkpoint->extensions, g_free);
}

static gboolean check_extensions(LineReader reader, GError **error)
{
    const char *line;
    gsize length;
    while (line_next(&reader, &line, &length))
        if (length == 0)
            return error_input(error, "a checkpoint has no empty line");
    return reader.length == 0 || error_input(error, "a checkpoint's last line has no newline");
}

gboolean checkpoint_parse(const char *text, gsize length, Checkpoint *ret_checkpoint,
                          GError **error)
{
    LineReader reader = {text, length};
    const char *origin, *size, *root;
    gsize origin_length, size_length, root_length;
    Checkpoint checkpoint = {0};
    MerkleHash empty;
    if (!line_next(&reader, &origin, &origin_length) || !line_next(&reader, &size, &size_length) ||
        !line_next(&reader, &root, &root_length))
        return error_input(error, "a checkpoint has at least three lines");
    if (origin_length == 0 || origin_length > CHECKPOINT_ORIGIN_MAX)
        return error_input(error, "line 1 of a checkpoint is its origin, at most 255 bytes");
    if (!line_number(size, size_length, MERKLE_SIZE_MAX, &checkpoint.size))
        return error_input(error, "line 2 of a checkpoint is its size in decimal");
    if (!line_hash(root, root_length, &checkpoint.root))
        return error_input(error, "line 3 of a checkpoint is its root, 32 bytes in base64");
    merkle_empty_root(&empty);
    if (checkpoint.size == 0 && !merkle_hash_equal(&checkpoint.root, &empty))
        return error_input(error, "line 3 of a checkpoint is not the root of an empty tree");
    if (!check_extensions(reader, error) || !note_text_check(text, length, error))
        return FALSE;
    checkpoint.origin = g_strndup(origin, origin_length);
    if (reader.length > 0)
        checkpoint.extensions = g_strndup(reader.rest, reader.length);
    *ret_checkpoint = checkpoint;
    return TRUE;
}

char *checkpoint_format(const Checkpoint *checkpoint, GError **error)
{
    g_auto(Checkpoint) parsed = {0};
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%s\n%" G_GUINT64_FORMAT "\n", checkpoint->origin,
                           checkpoint->size);
    line_append_base64(text, checkpoint->root.bytes, SHA256_SIZE);
    g_string_append_printf(text, "\n%s", checkpoint->extensions ? checkpoint->extensions : "");
    if (!checkpoint_parse(text->str, text->len, &parsed, error))
        return NULL;
    /* An origin with a newline would read as something else. */
    if (strcmp(parsed.origin, checkpoint->origin) != 0) {
        error_input(error, "the origin of a checkpoint is one line");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *checkpoint_sign(const Checkpoint *checkpoint, const NoteSigner *signer, GError **error)
{
    g_autofree char *text = checkpoint_format(checkpoint, error);
    if (!text)
        return NULL;
    if (note_signer_verifier(signer)->algorithm != NOTE_ED25519) {
        error_input(error, "a log signs its checkpoints with a key of Ed25519");
        return NULL;
    }
    return note_sign(text, signer, 0, error);
}

gboolean checkpoint_open(const char *bytes, gsize length, const char *origin,
                         const NoteVerifier *const *keys, guint n_keys, Checkpoint *ret_checkpoint,
                         Note **ret_note, GError **error)
{
    g_auto(Checkpoint) checkpoint = {0};
    g_autoptr(Note) note = note_parse(bytes, length, error);
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &checkpoint, error))
        return FALSE;
    if (strcmp(checkpoint.origin, origin) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the checkpoint is of the log \"%s\", not of \"%s\"", checkpoint.origin,
                    origin);
        return FALSE;
    }
    if (!note_verify(note, keys, n_keys, NULL, error))
        return FALSE;
    *ret_checkpoint = checkpoint;
    checkpoint = (Checkpoint){0};
    if (ret_note)
        *ret_note = g_steal_pointer(&note);
    return TRUE;
}
