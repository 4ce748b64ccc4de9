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

/* The node's directory, and what notary_open() was given; the notary's. */
const char *notary_node(Notary *notary);
Store *notary_store(Notary *notary);
Writer *notary_writer(Notary *notary);

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

/* Runs inside the transaction that appended entry @index. As a WriterApply it may run twice. */
typedef gboolean (*NotaryExtra)(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                                GError **error);

/* The same, and whatever @extra writes is durable with the entry or not at all. */
gboolean notary_append_with(Notary *notary, const OpeningSpec *spec, NotaryExtra extra,
                            gpointer user, guint64 *ret_index, GError **error);

/* Makes, inside the transaction, what is to be appended: for what follows from the store as it is
 * in that moment. What *ret_spec borrows lives until the call that appends returns. As a
 * WriterApply it may run twice. */
typedef gboolean (*NotaryMake)(StoreTx *tx, gpointer user, OpeningSpec *ret_spec, GError **error);

/* As notary_append_with(), of what @make makes. */
gboolean notary_append_made(Notary *notary, NotaryMake make, NotaryExtra extra, gpointer user,
                            guint64 *ret_index, GError **error);

/* Destroys the opening of entry @index, or of it only the items given, and appends the entry that
 * says so: *ret_entry is its index. CONCERT_ERROR_CONFLICT when all of it was erased before. */
gboolean notary_erase(Notary *notary, guint64 index, const guint *places, guint n_places,
                      guint64 *ret_entry, GError **error);

/* Makes a new key of @role (KEYRING_LEDGER or KEYRING_COSIGN) and announces it, signed by the old
 * one and by itself: *ret_index is the entry. */
gboolean notary_rotate(Notary *notary, KeyringRole role, guint64 *ret_index, GError **error);

/* The keys that the node's card announces (identity/keyring_card.h). Each is made when it never
 * was, which the card then has to tell: compare it with what these give. Errors as of
 * keyring_card_signer(), CONCERT_ERROR_NOT_FOUND if the node has no keys at all. */

/* The ledger's present key, which signs the card. The notary's. Errors as of keyring_signer();
 * CONCERT_ERROR_CONFLICT while the ledger is held. */
const NoteSigner *notary_ledger_signer(Notary *notary, GError **error);

/* The message key: signs signed JSON and HTTP messages. The notary's. */
const NoteSigner *notary_messenger(Notary *notary, GError **error);

/* The vkey of the message key, which can be had while it is locked. Caller frees. */
char *notary_message_key(Notary *notary, GError **error);

/* The X25519 keys that parcels are sealed to: the public one, as the card has it, and the secret
 * ones: @which 0 is the present, 1 the one before. Who gets a secret wipes it.
 * CONCERT_ERROR_NOT_FOUND if there was none before. */
gboolean notary_parcel_public(Notary *notary, guint8 ret_public[NOTE_X25519_SIZE], GError **error);
gboolean notary_parcel_secret(Notary *notary, guint which, guint8 ret_secret[NOTE_X25519_SIZE],
                              GError **error);

/* Makes a new key of @role, KEYRING_MESSAGE or KEYRING_PARCEL: *ret_key is the public one as a card
 * has it, a vkey or the base64 of an X25519 key. No entry of the ledger says so; the caller
 * publishes a new card. Caller frees. */
gboolean notary_renew(Notary *notary, KeyringRole role, char **ret_key, GError **error);

/* Replaces a key that is lost or stolen, signed by the recovery key in the file @recovery_path.
 * @trusted_size: after a theft, the last size of the ledger that the owner trusts; what the old key
 * signed beyond it is void. G_MAXUINT64: nothing was stolen. A node that has no keys at all, as
 * after a restore without them, gets a keyring first. */
gboolean notary_recover(Notary *notary, KeyringRole role, const char *recovery_path,
                        guint64 trusted_size, guint64 *ret_index, GError **error);

/* Lets a new ledger, of the origin that follows (ledger/origin.h), take the place of a held one
 * that cannot be brought to where it was. Its first entry names @previous, the newest checkpoint of
 * the old one that is known (a signed note), and that a witness has seen @seen entries. The
 * recovery key in the file @recovery_path signs for it (ledger/succession.h); the ledger's key is a
 * new one. The store is kept as it was in the new file *ret_archive in the node's directory. Caller
 * frees. CONCERT_ERROR_CONFLICT when the ledger is not held. */
gboolean notary_relink(Notary *notary, const char *recovery_path, const char *previous,
                       guint64 seen, char **ret_archive, GError **error);

/* Seals the keys under @passphrase; NULL: puts them in the clear. */
gboolean notary_seal(Notary *notary, const char *passphrase, GError **error);

/* The key that cosigns others' checkpoints: the notary's. Errors as of keyring_signer();
 * CONCERT_ERROR_CONFLICT while the ledger is held, as what was cosigned since the backup is not
 * known either. */
const NoteSigner *notary_cosigner(Notary *notary, GError **error);

/* All keys as one text sealed under @passphrase, for a backup; NULL: under that of the keyring. Of
 * @vkeys those of the secret keys must be the present ones, so that the keys go with a copy of the
 * ledger that was made since these were read: CONCERT_ERROR_CONFLICT if one was changed meanwhile.
 * Other errors as of keyring_export(). Caller frees. */
char *notary_export(Notary *notary, const char *passphrase, const char *const vkeys[LEDGER_KEYS],
                    GError **error);

/* Brings the key files in line with the ledger after its entries came from elsewhere. What a key
 * lacks is told by what needs it. */
void notary_follow(Notary *notary);

/* What is served at /ledger/keys (docs/protocol.md): JSON text. Caller frees. */
char *notary_keys(Store *store, GError **error);
