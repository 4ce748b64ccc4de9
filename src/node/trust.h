/* trust.h - whom those who verify believe: keys that they name, a policy (ledger/quorum.h), both,
 * or nobody. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/keychange.h"
#include "ledger/note.h"
#include "ledger/quorum.h"

#define TRUST_KEYS_MAX 64

typedef struct Trust Trust;

/* @vkeys are verifier keys, NULL-terminated; @policy is the text of a tlog-policy. Either may be
 * NULL. CONCERT_ERROR_INPUT or _LIMIT says which is wrong. */
Trust *trust_new(const char *const *vkeys, const char *policy, gsize policy_length, GError **error);
void trust_free(Trust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trust, trust_free)

/* Neither keys nor a policy: trust_check() always fails. */
gboolean trust_is_nobody(const Trust *trust);

/* Follows the key changes of the log @origin from the keys of it that are trusted: from now on
 * these stand for those that they lead to. A recovery is followed from a recovery key of the same
 * node that is among the keys. Does nothing if no key of that log is trusted. Errors as of
 * keychange_history_add_list(). */
gboolean trust_follow(Trust *trust, const char *origin, const char *const *changes, guint n_changes,
                      GError **error);

/* Whether, of the log @origin, @key is the present one of all that were followed. TRUE if none was.
 */
gboolean trust_is_present(const Trust *trust, const char *origin, const NoteVerifier *key);

/* The policy, or NULL; the keys of a log among those that are trusted, in place 0 and up, then
 * NULL; and the recovery key of its node, or NULL. */
const Quorum *trust_policy(const Trust *trust);
const NoteVerifier *trust_log_key(const Trust *trust, const char *origin, guint place);
const NoteVerifier *trust_recovery_key(const Trust *trust, const char *origin);

/* Whether @note, whose text is @checkpoint, bears the signatures that are asked for: of the keys,
 * one of the log's or, if none of that log is there, a witness's, and no signature in the name of
 * any of them is wrong; of the policy, a log's and the quorum's. A log's key counts for the origin
 * of its name only. CONCERT_ERROR_DENIED says what is missing or wrong. */
gboolean trust_check(const Trust *trust, const Note *note, const Checkpoint *checkpoint,
                     GError **error);

/* One signature of a note, and what it is worth. */
typedef enum {
    TRUST_UNKNOWN, /* nobody here has the key */
    TRUST_GOOD,
    TRUST_BAD,
} TrustVerdict;

typedef struct {
    const char *name; /* the note's */
    guint32 key_id;
    TrustVerdict verdict;
    gboolean is_cosignature; /* of a key that is known */
    guint64 time_s;          /* of a cosignature, POSIX */
} TrustSignature;

/* Looks at signature @place of @note. */
TrustSignature trust_signature(const Trust *trust, const Note *note, guint place);
