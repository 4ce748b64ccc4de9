#include "ledger/cosignature.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

#define TIME_SIZE 8

/* What is signed: two lines, then the text of the checkpoint. */
static GString *message(const char *text, gsize length, guint64 time_s)
{
    GString *message = g_string_sized_new(64 + length);
    g_string_append_printf(message, "cosignature/v1\ntime %" G_GUINT64_FORMAT "\n", time_s);
    return g_string_append_len(message, text, (gssize)length);
}

static guint64 read_time(const guint8 *signature)
{
    guint64 time_s;
    memcpy(&time_s, signature, TIME_SIZE);
    return GUINT64_FROM_BE(time_s);
}

void cosignature_create(const char *text, gsize length, guint64 time_s, const guint8 secret_key[64],
                        guint8 ret_signature[COSIGNATURE_SIZE])
{
    g_autoptr(GString) signed_text = message(text, length, time_s);
    guint64 time_be = GUINT64_TO_BE(time_s);
    memcpy(ret_signature, &time_be, TIME_SIZE);
    crypto_sign_detached(ret_signature + TIME_SIZE, NULL, (const guint8 *)signed_text->str,
                         signed_text->len, secret_key);
}

gboolean cosignature_check(const char *text, gsize length, const guint8 *signature,
                           gsize signature_length, const guint8 public_key[32])
{
    if (signature_length != COSIGNATURE_SIZE || read_time(signature) > COSIGNATURE_TIME_MAX)
        return FALSE;
    g_autoptr(GString) signed_text = message(text, length, read_time(signature));
    return crypto_sign_verify_detached(signature + TIME_SIZE, (const guint8 *)signed_text->str,
                                       signed_text->len, public_key) == 0;
}

char *cosignature_line(const Note *checkpoint, const NoteSigner *signer, guint64 time_s,
                       GError **error)
{
    g_auto(Checkpoint) parsed = {0};
    if (note_signer_verifier(signer)->algorithm != NOTE_COSIGNATURE) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the key is not one for cosignatures");
        return NULL;
    }
    if (!checkpoint_parse(checkpoint->bytes, checkpoint->text_length, &parsed, error))
        return NULL;
    g_autofree char *text = g_strndup(checkpoint->bytes, checkpoint->text_length);
    return note_signature_line(signer, text, time_s, error);
}

gboolean cosignature_verify(const Note *checkpoint, const NoteVerifier *verifier, guint64 *ret_time,
                            GError **error)
{
    guint64 latest = 0;
    gboolean found = FALSE;
    for (guint i = 0; i < checkpoint->n_signatures; i++) {
        const NoteSignature *signature = &checkpoint->signatures[i];
        guint64 time_s;
        if (!note_signature_is_of(signature, verifier))
            continue;
        gsize size;
        const guint8 *bytes = g_bytes_get_data(signature->signature, &size);
        if (verifier->algorithm != NOTE_COSIGNATURE || !cosignature_time(signature, &time_s) ||
            !note_verifier_check(verifier, checkpoint->bytes, checkpoint->text_length, bytes,
                                 size)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        "the cosignature of %s+%08x is wrong", verifier->name, verifier->id);
            return FALSE;
        }
        latest = MAX(latest, time_s);
        found = TRUE;
    }
    if (!found) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "%s+%08x has not cosigned the checkpoint", verifier->name, verifier->id);
        return FALSE;
    }
    if (ret_time)
        *ret_time = latest;
    return TRUE;
}

gboolean cosignature_time(const NoteSignature *signature, guint64 *ret_time)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(signature->signature, &size);
    if (size != COSIGNATURE_SIZE || read_time(bytes) > COSIGNATURE_TIME_MAX)
        return FALSE;
    *ret_time = read_time(bytes);
    return TRUE;
}
