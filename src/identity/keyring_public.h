/* keyring_public.h - the part of a keyring that is not secret, and how its keys are named.
 *
 * public.json:
 *   {"concert": "keys/v1", "node": "cert.alder.example",
 *    "ledger": vkey, "cosign": vkey, "recovery": vkey} */
#pragma once

#include "identity/keyring.h"

#define KEYRING_PUBLIC_FILE "public.json"
#define KEYRING_NEXT_SUFFIX ".next"

typedef struct {
    char *node;
    NoteVerifier *keys[KEYRING_ROLES];
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

/* "ledger.key", "cosign.key"; static. */
const char *keyring_public_file(KeyringRole role);
