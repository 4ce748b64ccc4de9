#include "store/accounts.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/collections.h"
#include "store/reader.h"
#include "store/tx.h"

void account_free(Account *account)
{
    if (!account)
        return;
    g_free(account->name);
    g_free(account->source);
    g_free(account->password_hash);
    g_free(account);
}

void account_token_free(AccountToken *token)
{
    if (!token)
        return;
    g_free(token->account);
    g_free(token->label);
    g_free(token);
}

static gboolean check_name(const char *name, GError **error)
{
    gsize length = strlen(name);
    if (length >= 1 && length <= 64 && !g_str_equal(name, COLLECTIONS_ANYONE) &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "account \"%s\": a name is 1 to 64 of a-z, 0-9, '.', '_', '-', and not \"%s\"",
                name, COLLECTIONS_ANYONE);
    return FALSE;
}

gboolean accounts_add(StoreTx *tx, const char *name, const char *source, guint roles,
                      const char *password_hash, GError **error)
{
    if (!check_name(name, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO account (name, source, roles, password_hash, created)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    sqlite_bind_text(statement, 2, source ? source : name);
    sqlite3_bind_int64(statement, 3, roles);
    sqlite_bind_text(statement, 4, password_hash);
    sqlite3_bind_int64(statement, 5, timestamp_now());
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "account \"%s\" exists already",
                    name);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

/* Runs an UPDATE of one account whose name is bound to ?1. */
static gboolean update(StoreTx *tx, sqlite3_stmt *statement, const char *name, GError **error)
{
    sqlite_bind_text(statement, 1, name);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no account \"%s\"", name);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

gboolean accounts_set_password(StoreTx *tx, const char *name, const char *password_hash,
                               GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE account SET password_hash = ?2 WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 2, password_hash);
    return update(tx, statement, name, error);
}

gboolean accounts_set_roles(StoreTx *tx, const char *name, guint roles, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE account SET roles = ?2 WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 2, roles);
    return update(tx, statement, name, error);
}

gboolean accounts_set_disabled(StoreTx *tx, const char *name, gboolean disabled, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE account SET disabled = ?2 WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int(statement, 2, disabled != FALSE);
    return update(tx, statement, name, error);
}

gboolean accounts_exists(StoreTx *tx, const char *name, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "SELECT 1 FROM account WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, name);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    sqlite3_reset(statement);
    if (!row)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no account \"%s\"", name);
    return row;
}

gboolean accounts_add_token(StoreTx *tx, const char *account, const char *label,
                            const guint8 sha256[SHA256_SIZE], gint64 expires, gint64 *ret_number,
                            GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO token (account, label, sha256, created, expires)"
                       " SELECT name, ?2, ?3, ?4, ?5 FROM account WHERE name = ?1",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 2, label);
    sqlite3_bind_blob(statement, 3, sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, timestamp_now());
    sqlite3_bind_int64(statement, 5, expires);
    if (!update(tx, statement, account, error))
        return FALSE;
    *ret_number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

gboolean accounts_remove_token(StoreTx *tx, const char *account, gint64 number, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "DELETE FROM token WHERE account = ?1 AND number = ?2", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, account);
    sqlite3_bind_int64(statement, 2, number);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    if (sqlite3_changes(tx->db->handle) == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "account \"%s\" has no token %" G_GINT64_FORMAT, account, number);
        return FALSE;
    }
    tx->changed = TRUE;
    return TRUE;
}

#define ACCOUNT_COLUMNS "a.name, a.source, a.roles, a.password_hash, a.disabled, a.created"

static gpointer read_account(sqlite3_stmt *statement)
{
    Account *account = g_new0(Account, 1);
    account->name = sqlite_dup_text(statement, 0);
    account->source = sqlite_dup_text(statement, 1);
    account->roles = (guint)sqlite3_column_int64(statement, 2);
    account->password_hash = sqlite_dup_text(statement, 3);
    account->disabled = sqlite3_column_int(statement, 4) != 0;
    account->created = sqlite3_column_int64(statement, 5);
    return account;
}

/* The account of the one row that the bound @statement gives. */
static Account *read_one(const Reader *reader, sqlite3_stmt *statement, const char *not_found,
                         GError **error)
{
    gboolean row;
    if (!sqlite_step(reader->db, statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, not_found);
        return NULL;
    }
    Account *account = read_account(statement);
    sqlite3_reset(statement);
    return account;
}

Account *accounts_lookup(Store *store, const char *name, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.name = ?1", error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, name);
    g_autofree char *not_found = g_strdup_printf("no account \"%s\"", name);
    return read_one(&reader, statement, not_found, error);
}

Account *accounts_lookup_token(Store *store, const guint8 sha256[SHA256_SIZE], gint64 now,
                               GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT " ACCOUNT_COLUMNS " FROM token t JOIN account a ON a.name ="
                       " t.account WHERE t.sha256 = ?1 AND (t.expires = 0 OR t.expires > ?2)",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now);
    return read_one(&reader, statement, "no such token", error);
}

GPtrArray *accounts_list(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(
        reader.db, "SELECT " ACCOUNT_COLUMNS " FROM account a ORDER BY a.name", error);
    return sqlite_collect(reader.db, statement, read_account, (GDestroyNotify)account_free, error);
}

static gpointer read_token(sqlite3_stmt *statement)
{
    AccountToken *token = g_new0(AccountToken, 1);
    token->number = sqlite3_column_int64(statement, 0);
    token->account = sqlite_dup_text(statement, 1);
    token->label = sqlite_dup_text(statement, 2);
    token->created = sqlite3_column_int64(statement, 3);
    token->expires = sqlite3_column_int64(statement, 4);
    return token;
}

GPtrArray *accounts_tokens(Store *store, const char *account, GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db,
                       "SELECT number, account, label, created, expires FROM token"
                       " WHERE ?1 IS NULL OR account = ?1 ORDER BY number",
                       error);
    if (!statement)
        return NULL;
    sqlite_bind_text(statement, 1, account);
    return sqlite_collect(reader.db, statement, read_token, (GDestroyNotify)account_token_free,
                          error);
}
