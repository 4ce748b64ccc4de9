/* password.h - passwords: hashed with Argon2id, and what was verified remembered for a while.
 *
 * Argon2id (RFC 9106) is meant to be slow and to take memory. So only one runs at a time in the
 * whole process, its memory goes back to the system afterwards, and a password that was verified is
 * remembered - not itself, but a MAC of it under a key that exists only in this process - so that
 * clients which send it with every request pay once. */
#pragma once

#include <glib.h>

#include "base/error.h"

/* Bounds on a password in bytes. */
#define PASSWORD_MIN 8
#define PASSWORD_MAX 256

/* The Argon2id string ("$argon2id$v=19$...") of @password, with 32 MiB, 3 passes and one lane:
 * about a tenth of a second, and little enough memory for a small machine. CONCERT_ERROR_INPUT when
 * @password is too short, too long or has control characters. Caller frees. */
char *password_hash(const char *password, GError **error);

/* Whether @password will do for a new one: CONCERT_ERROR_INPUT when it is too short, too long or
 * has control characters. */
gboolean password_check(const char *password, GError **error);

#define PASSWORD_SALT_SIZE 16

/* Whether this process would compute Argon2id with these parameters, which others may have written:
 * CONCERT_ERROR_LIMIT if not. 8 KiB to 256 MiB, 1 to 16 passes. */
gboolean password_is_bounded(guint32 memory_kib, guint32 passes, GError **error);

/* Fills @ret_key with what Argon2id makes of @password and @salt, in one lane; waits for its turn.
 * CONCERT_ERROR_INPUT for an empty or too long password, CONCERT_ERROR_LIMIT as above. */
gboolean password_derive(const char *password, const guint8 salt[PASSWORD_SALT_SIZE],
                         guint32 memory_kib, guint32 passes, guint8 *ret_key, gsize size,
                         GError **error);

/* Whether @hash is an Argon2id string that password_verify() can work with, and asks for no more
 * than 256 MiB and 16 passes. */
gboolean password_hash_is_valid(const char *hash);

/* Whether @hash was made of @password. Takes about a tenth of a second; waits for its turn. */
gboolean password_verify(const char *hash, const char *password);

/* A random password of 20 letters and digits that cannot be taken for one another (about 100 bits).
 * Caller frees. */
char *password_generate(void);

/* What was verified lately. May be used by many threads. */
typedef struct PasswordCache PasswordCache;

/* Remembers up to @size verified passwords, each for @seconds. */
PasswordCache *password_cache_new(guint size, guint seconds);
void password_cache_free(PasswordCache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PasswordCache, password_cache_free)

/* Was @password verified against @hash for the account @name lately? Another hash is another
 * password: what an administrator changes takes effect at once. */
gboolean password_cache_has(PasswordCache *cache, const char *name, const char *hash,
                            const char *password);

void password_cache_add(PasswordCache *cache, const char *name, const char *hash,
                        const char *password);
