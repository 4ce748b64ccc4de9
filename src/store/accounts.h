/* accounts.h - accounts and tokens as the store keeps them. What a role may do is in
 * identity/role.h; how a password is checked, in identity/password.h. */
#pragma once

#include "store/store.h"

typedef struct {
    char *name;   /* 1 to 64 of a-z 0-9 . _ - */
    char *source; /* what the account gives counts as from this source; its name by default */
    guint roles;  /* bit set of Role (identity/role.h) */
    char *password_hash; /* argon2id string, or NULL when none is set */
    gboolean disabled;
    gint64 created; /* microseconds */
} Account;

void account_free(Account *account);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)

typedef struct {
    gint64 number;
    char *account;
    char *label;
    gint64 created;
    gint64 expires; /* microseconds; 0: never */
} AccountToken;

void account_token_free(AccountToken *token);

gboolean accounts_add(StoreTx *tx, const char *name, const char *source, guint roles,
                      const char *password_hash, GError **error);
gboolean accounts_set_password(StoreTx *tx, const char *name, const char *password_hash,
                               GError **error);
gboolean accounts_set_roles(StoreTx *tx, const char *name, guint roles, GError **error);
gboolean accounts_set_disabled(StoreTx *tx, const char *name, gboolean disabled, GError **error);

/* Fails with CONCERT_ERROR_NOT_FOUND when there is no such account. */
gboolean accounts_exists(StoreTx *tx, const char *name, GError **error);

/* Keeps only the SHA-256 of the token's text. */
gboolean accounts_add_token(StoreTx *tx, const char *account, const char *label,
                            const guint8 sha256[SHA256_SIZE], gint64 expires, gint64 *ret_number,
                            GError **error);
gboolean accounts_remove_token(StoreTx *tx, const char *account, gint64 number, GError **error);

/* CONCERT_ERROR_NOT_FOUND when there is none. */
Account *accounts_lookup(Store *store, const char *name, GError **error);
Account *accounts_lookup_token(Store *store, const guint8 sha256[SHA256_SIZE], gint64 now,
                               GError **error);

/* Elements: Account *, AccountToken *, by name and number. @account NULL: of all. */
GPtrArray *accounts_list(Store *store, GError **error);
GPtrArray *accounts_tokens(Store *store, const char *account, GError **error);
