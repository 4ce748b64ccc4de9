#include "store/hashkey.h"

#include <sodium.h>
#include <string.h>

G_STATIC_ASSERT(sizeof(((Hashkey *)0)->secret) == crypto_shorthash_KEYBYTES);

gboolean hashkey_load(Sqlite *db, Hashkey *ret_key, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT value FROM meta WHERE name = 'hash_key'", error);
    gboolean row;
    if (!statement || !sqlite_step(db, statement, &row, error))
        return FALSE;
    if (!row || sqlite3_column_bytes(statement, 0) != sizeof ret_key->secret) {
        sqlite3_reset(statement);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: the store's hash key is gone",
                    db->path);
        return FALSE;
    }
    memcpy(ret_key->secret, sqlite3_column_blob(statement, 0), sizeof ret_key->secret);
    sqlite3_reset(statement);
    return TRUE;
}

static gint64 hash(const Hashkey *key, const void *data, gsize length)
{
    gint64 number;
    G_STATIC_ASSERT(sizeof number == crypto_shorthash_BYTES);
    crypto_shorthash((unsigned char *)&number, data, length, key->secret);
    return number;
}

gint64 hashkey_text(const Hashkey *key, const char *text)
{
    return hash(key, text, strlen(text));
}

gint64 hashkey_value(const Hashkey *key, ObservableKind kind, const char *canonical)
{

    gsize length = strlen(canonical);
    char small[256];
    g_autofree char *large = length + 1 > sizeof small ? g_malloc(length + 1) : NULL;
    char *input = large ? large : small;
    input[0] = (char)kind;
    memcpy(input + 1, canonical, length);
    return hash(key, input, length + 1);
}
