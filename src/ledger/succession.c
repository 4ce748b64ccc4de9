#include "ledger/succession.h"

#include <string.h>

#include "base/error.h"
#include "ledger/origin.h"

#define HEADING         "concert/v1 ledger succession\n"
#define RECOVERY_SUFFIX "/recovery"

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "a ledger succession: %s", what);
    return FALSE;
}

/* Heading, the three lines of the checkpoint, the vkey. */
static char *format_text(const Checkpoint *previous, const NoteVerifier *key, GError **error)
{
    const Checkpoint bare = {
        .origin = previous->origin, .size = previous->size, .root = previous->root};
    g_autofree char *lines = checkpoint_format(&bare, error);
    g_autofree char *vkey = note_verifier_format(key);
    return lines ? g_strconcat(HEADING, lines, vkey, "\n", NULL) : NULL;
}

static gboolean is_successor(const NoteVerifier *key, const char *origin)
{
    g_autofree char *old_node = origin_node(origin);
    g_autofree char *new_node = origin_node(key->name);
    return key->algorithm == NOTE_ED25519 && old_node && g_strcmp0(old_node, new_node) == 0 &&
           strcmp(origin, key->name) != 0;
}

static gboolean read_text(Succession *succession, GError **error)
{
    const Note *note = succession->note;
    if (note->text_length <= strlen(HEADING) || !g_str_has_prefix(note->bytes, HEADING))
        return refuse(error, "line 1 is \"concert/v1 ledger succession\"");
    const char *lines = note->bytes + strlen(HEADING);
    const char *end = note->bytes + note->text_length - 1; /* its last newline */
    const char *vkey = g_strrstr_len(lines, end - lines, "\n");
    if (!vkey++)
        return refuse(error, "it has five lines");
    g_autofree char *key = g_strndup(vkey, (gsize)(end - vkey));
    succession->key = note_verifier_parse(key, error);
    return succession->key &&
           checkpoint_parse(lines, (gsize)(vkey - lines), &succession->previous, error);
}

Succession *succession_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(Succession) succession = g_new0(Succession, 1);
    succession->note = note_parse(text, length, error);
    if (!succession->note || !read_text(succession, error))
        return NULL;
    if (!is_successor(succession->key, succession->previous.origin)) {
        refuse(error, "line 5 is not the key of another ledger of the same node");
        return NULL;
    }
    g_autofree char *again = format_text(&succession->previous, succession->key, error);
    if (!again)
        return NULL;
    if (strlen(again) != succession->note->text_length ||
        memcmp(again, succession->note->bytes, succession->note->text_length) != 0) {
        refuse(error, "it is spelled in another way than such a text is");
        return NULL;
    }
    return g_steal_pointer(&succession);
}

void succession_free(Succession *succession)
{
    if (!succession)
        return;
    checkpoint_clear(&succession->previous);
    note_verifier_free(succession->key);
    note_free(succession->note);
    g_free(succession);
}

gboolean succession_verify(const Succession *succession, const NoteVerifier *recovery,
                           GError **error)
{
    g_autofree char *node = origin_node(succession->key->name);
    g_autofree char *name = g_strconcat(node, RECOVERY_SUFFIX, NULL);
    if (recovery->algorithm != NOTE_ED25519 || strcmp(recovery->name, name) != 0)
        return refuse(error, "the recovery key is another node's");
    const NoteVerifier *new_key = succession->key;
    return note_verify(succession->note, &recovery, 1, NULL, error) &&
           note_verify(succession->note, &new_key, 1, NULL, error);
}

char *succession_sign(const Checkpoint *previous, const NoteSigner *recovery, const NoteSigner *key,
                      GError **error)
{
    g_autofree char *text = format_text(previous, note_signer_verifier(key), error);
    g_autofree char *once = text ? note_sign(text, recovery, 0, error) : NULL;
    g_autoptr(Note) note = once ? note_parse(once, strlen(once), error) : NULL;
    g_autofree char *line = note ? note_signature_line(key, text, 0, error) : NULL;
    g_autofree char *whole = line ? note_append(note, line, error) : NULL;
    g_autoptr(Succession) made = whole ? succession_parse(whole, strlen(whole), error) : NULL;
    if (!made || !succession_verify(made, note_signer_verifier(recovery), error))
        return NULL;
    return g_steal_pointer(&whole);
}
