#include "node/trust.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"

#define LEDGER_SUFFIX   "/ledger"
#define RECOVERY_SUFFIX "/recovery"

struct Trust {
    GPtrArray *keys;             /* NoteVerifier */
    Quorum *quorum;              /* NULL: none */
    GPtrArray *key_histories;    /* KeyHistory: those of keys */
    GPtrArray *policy_histories; /* KeyHistory: those of the policy's logs */
};

static void free_key(gpointer key)
{
    note_verifier_free(key);
}

static void free_history(gpointer history)
{
    keychange_history_free(history);
}

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
    trust->keys = g_ptr_array_new_with_free_func(free_key);
    trust->key_histories = g_ptr_array_new_with_free_func(free_history);
    trust->policy_histories = g_ptr_array_new_with_free_func(free_history);
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
    g_ptr_array_unref(trust->key_histories);
    g_ptr_array_unref(trust->policy_histories);
    quorum_free(trust->quorum);
    g_free(trust);
}

gboolean trust_is_nobody(const Trust *trust)
{
    return trust->keys->len == 0 && !trust->quorum;
}

const Quorum *trust_policy(const Trust *trust)
{
    return trust->quorum;
}

static gboolean is_log_key(const NoteVerifier *key, const char *origin)
{
    return key->algorithm == NOTE_ED25519 && strcmp(key->name, origin) == 0;
}

const NoteVerifier *trust_log_key(const Trust *trust, const char *origin, guint place)
{
    for (guint i = 0; i < trust->keys->len; i++)
        if (is_log_key(g_ptr_array_index(trust->keys, i), origin) && place-- == 0)
            return g_ptr_array_index(trust->keys, i);
    return NULL;
}

const NoteVerifier *trust_recovery_key(const Trust *trust, const char *origin)
{
    if (!g_str_has_suffix(origin, LEDGER_SUFFIX))
        return NULL;
    gsize length = strlen(origin) - strlen(LEDGER_SUFFIX);
    for (guint i = 0; i < trust->keys->len; i++) {
        const NoteVerifier *key = g_ptr_array_index(trust->keys, i);
        if (strncmp(key->name, origin, length) == 0 &&
            strcmp(key->name + length, RECOVERY_SUFFIX) == 0 && key->algorithm == NOTE_ED25519)
            return key;
    }
    return NULL;
}

/* --- Key changes ----------------------------------------------------------------------------- */

static gboolean follow(const NoteVerifier *key, const NoteVerifier *recovery,
                       const char *const *changes, guint n_changes, GPtrArray *histories,
                       GError **error)
{
    g_autoptr(KeyHistory) history = keychange_history_new(key, NULL, recovery, error);
    if (!history || !keychange_history_add_list(history, changes, n_changes, error))
        return FALSE;
    g_ptr_array_add(histories, g_steal_pointer(&history));
    return TRUE;
}

gboolean trust_follow(Trust *trust, const char *origin, const char *const *changes, guint n_changes,
                      GError **error)
{
    const NoteVerifier *recovery = trust_recovery_key(trust, origin), *key;
    for (guint i = 0; (key = trust_log_key(trust, origin, i)); i++)
        if (!follow(key, recovery, changes, n_changes, trust->key_histories, error))
            return FALSE;
    for (guint i = 0; trust->quorum && i < quorum_n_logs(trust->quorum); i++) {
        key = quorum_log(trust->quorum, i).key;
        if (is_log_key(key, origin) &&
            !follow(key, recovery, changes, n_changes, trust->policy_histories, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_present(const GPtrArray *histories, const char *origin, const NoteVerifier *key)
{
    for (guint i = 0; i < histories->len; i++) {
        const KeyHistory *history = g_ptr_array_index(histories, i);
        const NoteVerifier *present = keychange_history_present(history, KEYCHANGE_LEDGER);
        if (strcmp(keychange_history_origin(history), origin) == 0 &&
            !g_bytes_equal(present->key, key->key))
            return FALSE;
    }
    return TRUE;
}

gboolean trust_is_present(const Trust *trust, const char *origin, const NoteVerifier *key)
{
    return is_present(trust->key_histories, origin, key) &&
           is_present(trust->policy_histories, origin, key);
}

/* Whether one of the histories of @origin vouches for the note. *ret_found: there is one. */
static gboolean check_histories(const GPtrArray *histories, const Note *note, const char *origin,
                                gboolean *ret_found, GError **error)
{
    g_autoptr(GError) reason = NULL;
    *ret_found = FALSE;
    for (guint i = 0; i < histories->len; i++) {
        const KeyHistory *history = g_ptr_array_index(histories, i);
        if (strcmp(keychange_history_origin(history), origin) != 0)
            continue;
        *ret_found = TRUE;
        g_clear_error(&reason);
        if (keychange_history_verify(history, note, NULL, &reason))
            return TRUE;
    }
    if (reason)
        g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

/* --- Checking -------------------------------------------------------------------------------- */

/* Keys of the kind, of the log or of witnesses, that may have signed a checkpoint of @origin. */
static GPtrArray *select_keys(const Trust *trust, const char *origin, gboolean of_witnesses)
{
    GPtrArray *keys = g_ptr_array_new();
    for (guint i = 0; i < trust->keys->len; i++) {
        NoteVerifier *key = g_ptr_array_index(trust->keys, i);
        if (of_witnesses ? key->algorithm == NOTE_COSIGNATURE : is_log_key(key, origin))
            g_ptr_array_add(keys, key);
    }
    return keys;
}

/* Whether the keys ask for no more than what is there. The log's own, or what they lead to, are
 * not replaced by witnesses; a wrong signature of either is never passed over. */
static gboolean check_keys(const Trust *trust, const Note *note, const char *origin, GError **error)
{
    g_autoptr(GPtrArray) own = select_keys(trust, origin, FALSE);
    g_autoptr(GPtrArray) witnesses = select_keys(trust, origin, TRUE);
    const NoteVerifier *const *keys = (const NoteVerifier *const *)witnesses->pdata;
    gboolean has_signed[TRUST_KEYS_MAX], is_followed;
    if (own->len == 0 && witnesses->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "it is of the log \"%s\", and no key of yours is", origin);
        return FALSE;
    }
    if (own->len == 0)
        return note_verify(note, keys, witnesses->len, NULL, error);
    if (!note_find_signers(note, keys, witnesses->len, has_signed, error))
        return FALSE;
    if (check_histories(trust->key_histories, note, origin, &is_followed, error))
        return TRUE;
    return !is_followed &&
           note_verify(note, (const NoteVerifier *const *)own->pdata, own->len, NULL, error);
}

static gboolean check_policy(const Trust *trust, const Note *note, const char *origin,
                             GError **error)
{
    gboolean is_followed;
    if (check_histories(trust->policy_histories, note, origin, &is_followed, error))
        return quorum_verify_witnesses(trust->quorum, note, NULL, error);
    return !is_followed && quorum_verify(trust->quorum, note, NULL, error);
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
        (!trust->quorum || check_policy(trust, note, checkpoint->origin, &failure)))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, failure->message);
    return FALSE;
}

/* The key of a history that a signature claims to be of, or NULL. */
static const NoteVerifier *find_followed(const GPtrArray *histories, const NoteSignature *signature)
{
    for (guint i = 0; i < histories->len; i++) {
        const KeyHistory *history = g_ptr_array_index(histories, i);
        for (guint j = 0; j < keychange_history_n_keys(history, KEYCHANGE_LEDGER); j++) {
            KeyHistoryKey key = keychange_history_key(history, KEYCHANGE_LEDGER, j);
            if (note_signature_is_of(signature, key.key))
                return key.key;
        }
    }
    return NULL;
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
    const NoteVerifier *followed = find_followed(trust->key_histories, signature);
    return followed ? followed : find_followed(trust->policy_histories, signature);
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
