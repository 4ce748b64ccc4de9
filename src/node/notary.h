/* notary.h - who signs for the node: its keys (identity/keyring.h) and its ledger (store/ledger.h),
 * kept in step.
 *
 * The ledger says which key is the present one, and its entries are durable in one step; the key
 * files follow. So a new key is on the disk before the entry that announces it is committed, and
 * takes its place afterwards, or when the node is opened the next time. */
#pragma once

#include "identity/keyring.h"
#include "ledger/opening.h"
#include "store/ledger_read.h"
#include "store/writer.h"

typedef struct Notary Notary;

/* For the node in @directory, of which this process is the writer. Reads the keys when there are
 * some, unlocks sealed ones with the passphrase in @passphrase_file (NULL: in the environment's
 * CONCERT_PASSPHRASE), and becomes @writer's signer. A node without keys or ledger is no failure,
 * nor are keys that stay locked: what needs them fails then. */
Notary *notary_open(const char *directory, const char *passphrase_file, Writer *writer,
                    Store *store, GError **error);

void notary_free(Notary *notary);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Notary, notary_free)

/* Whether there are keys and they are sealed and not unlocked yet. */
gboolean notary_is_locked(Notary *notary);

gboolean notary_unlock(Notary *notary, const char *passphrase, GError **error);

/* Makes the keys and the ledger of the node called @name, and writes the recovery key to the new
 * file @recovery_path. The keys are sealed under @passphrase unless it is NULL. What a crash left
 * half done is completed, given the recovery key that was written. CONCERT_ERROR_CONFLICT when the
 * node has a ledger. */
gboolean notary_create(Notary *notary, const char *name, const char *recovery_path,
                       const char *passphrase, GError **error);

/* Builds an opening as @spec says, of this ledger and of now (origin and time_us are set here), and
 * appends its entry. When it returns the entry is durable, integrated and signed. */
gboolean notary_append(Notary *notary, const OpeningSpec *spec, guint64 *ret_index, GError **error);

/* Destroys the opening of entry @index, or of it only the items given, and appends the entry that
 * says so: *ret_entry is its index. CONCERT_ERROR_CONFLICT when all of it was erased before. */
gboolean notary_erase(Notary *notary, guint64 index, const guint *places, guint n_places,
                      guint64 *ret_entry, GError **error);

/* Makes a new key of @role (KEYRING_LEDGER or KEYRING_COSIGN) and announces it, signed by the old
 * one and by itself: *ret_index is the entry. */
gboolean notary_rotate(Notary *notary, KeyringRole role, guint64 *ret_index, GError **error);

/* Replaces a key that is lost or stolen, signed by the recovery key in the file @recovery_path.
 * @trusted_size: after a theft, the last size of the ledger that the owner trusts; what the old key
 * signed beyond it is void. G_MAXUINT64: nothing was stolen. */
gboolean notary_recover(Notary *notary, KeyringRole role, const char *recovery_path,
                        guint64 trusted_size, guint64 *ret_index, GError **error);

/* Seals the keys under @passphrase; NULL: puts them in the clear. */
gboolean notary_seal(Notary *notary, const char *passphrase, GError **error);

/* The key that cosigns others' checkpoints: the notary's. Errors as of keyring_signer(). */
const NoteSigner *notary_cosigner(Notary *notary, GError **error);

/* What is served at /ledger/keys (docs/protocol.md): JSON text. Caller frees. */
char *notary_keys(Store *store, GError **error);
