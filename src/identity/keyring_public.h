/* keyring_public.h - the part of a keyring that is not secret, and how its keys are named.
 *
 * public.json:
 *   {"concert": "keys/v1", "node": "cert.alder.example",
 *    "ledger": vkey, "cosign": vkey, "recovery": vkey, "message": vkey, "parcel": vkey}
 * The last two are absent until these keys are made; older nodes had none. */
#pragma once

#include "identity/keyring.h"

#define KEYRING_PUBLIC_FILE "public.json"

/* The key files, in the order in which a bundle has them. */
typedef enum {
    KEYRING_PLACE_LEDGER,
    KEYRING_PLACE_LEDGER_NEXT,
    KEYRING_PLACE_COSIGN,
    KEYRING_PLACE_COSIGN_NEXT,
    KEYRING_PLACE_MESSAGE,
    KEYRING_PLACE_PARCEL,
    KEYRING_PLACE_PARCEL_PREVIOUS,
} KeyringPlace;

#define KEYRING_PLACES 7

typedef struct {
    char *node;
    NoteVerifier *keys[KEYRING_ROLES]; /* NULL only for those beyond KEYRING_PINNED */
} KeyringPublic;

/* CONCERT_ERROR_INPUT if it is no such text, or a key has not the name or algorithm of its role. */
KeyringPublic *keyring_public_parse(const char *text, gsize length, GError **error);
char *keyring_public_format(const KeyringPublic *keys);
void keyring_public_free(KeyringPublic *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyringPublic, keyring_public_free)

/* A new key for @role of the node. CONCERT_ERROR_INPUT if the node's name will not do. */
NoteSigner *keyring_public_generate(const char *node, KeyringRole role, GError **error);

/* Whether a key has the name and algorithm of the node's @role: CONCERT_ERROR_INPUT if not. */
gboolean keyring_public_check(const char *node, KeyringRole role, const NoteVerifier *key,
                              GError **error);

/* Whether two are the same key under the same name. */
gboolean keyring_public_is_same(const NoteVerifier *one, const NoteVerifier *other);

/* The node's name in that of its recovery key; NULL if it is the name of no recovery key. */
char *keyring_public_node_of(const NoteVerifier *recovery);

/* The kind of @role's keys. */
NoteAlgorithm keyring_public_algorithm(KeyringRole role);

/* Where the present key of @role is (not KEYRING_RECOVERY); whose key is in @place; the name of its
 * file ("ledger.key.next"), and what it is called in a bundle ("ledger.next"). All static. */
KeyringPlace keyring_public_place(KeyringRole role);
KeyringRole keyring_public_place_role(KeyringPlace place);
const char *keyring_public_file(KeyringPlace place);
const char *keyring_public_place_name(KeyringPlace place);
