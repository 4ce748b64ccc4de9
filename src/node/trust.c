#include "node/trust.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"
#include "ledger/quorum.h"

struct Trust {
    GPtrArray *keys; /* NoteVerifier */
    Quorum *quorum;  /* NULL: none */
};

static gboolean add_key(Trust *trust, const char *vkey, GError **error)
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(vkey, error);
    if (!key) {
        g_prefix_error(error, "%s: ", vkey);
        return FALSE;
    }
    if (!note_algorithm_is_verifiable(key->algorithm)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: signatures of %s cannot be verified", vkey,
                    note_algorithm_name(key->algorithm));
        return FALSE;
    }
    for (guint i = 0; i < trust->keys->len; i++) {
        const NoteVerifier *known = g_ptr_array_index(trust->keys, i);
        if (strcmp(known->name, key->name) == 0 && known->id == key->id)
            return TRUE;
    }
    if (trust->keys->len == TRUST_KEYS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d keys", TRUST_KEYS_MAX);
        return FALSE;
    }
    g_ptr_array_add(trust->keys, g_steal_pointer(&key));
    return TRUE;
}

Trust *trust_new(const char *const *vkeys, const char *policy, gsize policy_length, GError **error)
{
    g_autoptr(Trust) trust = g_new0(Trust, 1);
    trust->keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    for (; vkeys && *vkeys; vkeys++)
        if (!add_key(trust, *vkeys, error))
            return NULL;
    if (policy && !(trust->quorum = quorum_parse(policy, policy_length, error))) {
        g_prefix_error(error, "the policy: ");
        return NULL;
    }
    return g_steal_pointer(&trust);
}

void trust_free(Trust *trust)
{
    if (!trust)
        return;
    g_ptr_array_unref(trust->keys);
    quorum_free(trust->quorum);
    g_free(trust);
}

gboolean trust_is_nobody(const Trust *trust)
{
    return trust->keys->len == 0 && !trust->quorum;
}

/* A witness may cosign any log; a log's own key speaks for that log alone. */
static gboolean may_sign(const NoteVerifier *key, const char *origin)
{
    return key->algorithm == NOTE_COSIGNATURE || strcmp(key->name, origin) == 0;
}

static gboolean check_keys(const Trust *trust, const Note *note, const char *origin, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    gboolean has_signed[TRUST_KEYS_MAX];
    gboolean needs_log = FALSE, log_signed = FALSE;
    for (guint i = 0; i < trust->keys->len; i++) {
        NoteVerifier *key = g_ptr_array_index(trust->keys, i);
        if (may_sign(key, origin))
            g_ptr_array_add(keys, key);
    }
    if (keys->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the checkpoint is of the log \"%s\", and no key of yours is", origin);
        return FALSE;
    }
    if (!note_verify(note, (const NoteVerifier *const *)keys->pdata, keys->len, has_signed, error))
        return FALSE;
    for (guint i = 0; i < keys->len; i++) {
        const NoteVerifier *key = g_ptr_array_index(keys, i);
        needs_log = needs_log || key->algorithm == NOTE_ED25519;
        log_signed = log_signed || (key->algorithm == NOTE_ED25519 && has_signed[i]);
    }
    if (!needs_log || log_signed)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        "only a witness has signed, the log's key of yours has not");
    return FALSE;
}

gboolean trust_check(const Trust *trust, const Note *note, const Checkpoint *checkpoint,
                     GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (trust_is_nobody(trust)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the signatures are not checked against a key of yours");
        return FALSE;
    }
    if ((trust->keys->len == 0 || check_keys(trust, note, checkpoint->origin, &failure)) &&
        (!trust->quorum || quorum_verify(trust->quorum, note, NULL, &failure)))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, failure->message);
    return FALSE;
}

/* The key that a signature claims to be of, or NULL. */
static const NoteVerifier *find_key(const Trust *trust, const NoteSignature *signature)
{
    for (guint i = 0; i < trust->keys->len; i++)
        if (note_signature_is_of(signature, g_ptr_array_index(trust->keys, i)))
            return g_ptr_array_index(trust->keys, i);
    for (guint i = 0; trust->quorum && i < quorum_n_logs(trust->quorum); i++)
        if (note_signature_is_of(signature, quorum_log(trust->quorum, i).key))
            return quorum_log(trust->quorum, i).key;
    for (guint i = 0; trust->quorum && i < quorum_n_witnesses(trust->quorum); i++)
        if (note_signature_is_of(signature, quorum_witness(trust->quorum, i).key))
            return quorum_witness(trust->quorum, i).key;
    return NULL;
}

TrustSignature trust_signature(const Trust *trust, const Note *note, guint place)
{
    const NoteSignature *signature = &note->signatures[place];
    const NoteVerifier *key = find_key(trust, signature);
    TrustSignature seen = {.name = signature->name, .key_id = signature->key_id};
    gsize size;
    if (!key || !note_algorithm_is_verifiable(key->algorithm))
        return seen;
    const guint8 *bytes = g_bytes_get_data(signature->signature, &size);
    seen.verdict = note_verifier_check(key, note->bytes, note->text_length, bytes, size)
                       ? TRUST_GOOD
                       : TRUST_BAD;
    seen.is_cosignature =
        key->algorithm == NOTE_COSIGNATURE && cosignature_time(signature, &seen.time_s);
    return seen;
}
