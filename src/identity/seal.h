/* seal.h - secrets under a passphrase: one small text with all that is needed to open it again.
 *
 *   concert/v1 sealed <what>            "key" or "keyring": one is not taken for the other
 *   <line of the head>                  in the clear, one to eight: what is sealed
 *                                       (an empty line)
 *   argon2id <memory in KiB> <passes>   of version 1.3 with one lane (RFC 9106)
 *   <salt>                              16 bytes
 *   <nonce>                             24 bytes
 *   <sealed secret>                     XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): the
 *                                       ciphertext and its tag; bound to it as additional data: all
 *                                       lines before this one, with their newlines
 *
 * Lines are those of a note (UTF-8, no control characters) and end in a newline, numbers are
 * decimal, bytes are base64 with padding, and each text has one spelling only. The key of the
 * cipher is 32 bytes of Argon2id over passphrase and salt. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define SEAL_TEXT_MAX   (16 * 1024) /* bytes of a sealed text */
#define SEAL_HEAD_MAX   8           /* lines of its head */
#define SEAL_SALT_SIZE  16
#define SEAL_NONCE_SIZE 24

/* A sealed text taken apart. */
typedef struct {
    char *what;
    char *head; /* its lines, each with its newline */
    guint32 memory_kib;
    guint32 passes;
    guint8 salt[SEAL_SALT_SIZE];
    guint8 nonce[SEAL_NONCE_SIZE];
    GBytes *box;
} SealText;

/* Whether the text claims to be a sealed one, of whatever kind. */
gboolean seal_is_sealed(const char *text, gsize length);

/* CONCERT_ERROR_INPUT if it is no sealed text of kind @what, CONCERT_ERROR_LIMIT if it is too large
 * or asks for more than 256 MiB or 16 passes. Nothing is verified. */
SealText *seal_parse(const char *text, gsize length, const char *what, GError **error);
char *seal_format(const SealText *text);
void seal_text_free(SealText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealText, seal_text_free)

/* A key made of a passphrase, and how it was made; in memory that is not swapped out where the
 * system allows, and wiped when freed. */
typedef struct Seal Seal;

/* That of @passphrase with a new salt, for sealing; or with the salt and parameters of @text, for
 * opening it and whatever else bears the same. 64 MiB and 4 passes when new: a fifth of a second,
 * and one at a time in the whole process, as for passwords. CONCERT_ERROR_INPUT for a passphrase
 * that will not do (password_check()). */
Seal *seal_new(const char *passphrase, GError **error);
Seal *seal_new_for(const SealText *text, const char *passphrase, GError **error);
void seal_free(Seal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Seal, seal_free)

/* Whether @text bears the salt and parameters of @seal: whether trying it makes sense. */
gboolean seal_fits(const Seal *seal, const SealText *text);

/* Seals @secret (text). @head is one to SEAL_HEAD_MAX lines, each with its newline. */
char *seal_close(const Seal *seal, const char *what, const char *head, const char *secret,
                 GError **error);

/* The secret; free with seal_secret_free(). CONCERT_ERROR_DENIED if the passphrase was another one
 * or the text was changed. */
char *seal_open(const Seal *seal, const SealText *text, GError **error);

/* Overwrites and frees; NULL is fine. */
void seal_secret_free(char *secret);

/* For g_auto(). */
typedef char *SealSecret;

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(SealSecret, seal_secret_free, NULL)
