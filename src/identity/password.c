#include "identity/password.h"

#include <sodium.h>
#include <string.h>

#define MEMORY_BYTES (32u * 1024 * 1024) /* mapped by libsodium and unmapped at once */
#define PASSES       3

/* What a stored hash may ask of us at most: the database may have been written by others. */
#define MAX_MEMORY_KIB (256u * 1024)
#define MAX_PASSES     16

/* Argon2 takes turns, process-wide: a flood of log-ins must not take all memory and processors. */
static GMutex turn;

static void ensure_sodium(void)
{
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        if (sodium_init() < 0)
            g_error("libsodium has no source of randomness");
        g_once_init_leave(&ready, 1);
    }
}

gboolean password_check(const char *password, GError **error)
{
    gsize length = strlen(password);
    if (length < PASSWORD_MIN || length > PASSWORD_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "a password has %d to %d bytes, this one has %" G_GSIZE_FORMAT, PASSWORD_MIN,
                    PASSWORD_MAX, length);
        return FALSE;
    }
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_iscntrl(password[i])) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "a password has no control characters");
            return FALSE;
        }
    }
    return TRUE;
}

char *password_hash(const char *password, GError **error)
{
    ensure_sodium();
    if (!password_check(password, error))
        return NULL;
    char text[crypto_pwhash_STRBYTES];
    g_mutex_lock(&turn);
    int result = crypto_pwhash_str_alg(text, password, strlen(password), PASSES, MEMORY_BYTES,
                                       crypto_pwhash_ALG_ARGON2ID13);
    g_mutex_unlock(&turn);
    if (result != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                    "not enough memory to hash a password (%u MiB)", MEMORY_BYTES >> 20);
        return NULL;
    }
    return g_strdup(text);
}

gboolean password_is_bounded(guint32 memory_kib, guint32 passes, GError **error)
{
    if (memory_kib >= crypto_pwhash_MEMLIMIT_MIN / 1024 && memory_kib <= MAX_MEMORY_KIB &&
        passes >= 1 && passes <= MAX_PASSES)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "Argon2id with %u KiB and %u passes is out of bounds", memory_kib, passes);
    return FALSE;
}

gboolean password_derive(const char *password, const guint8 salt[PASSWORD_SALT_SIZE],
                         guint32 memory_kib, guint32 passes, guint8 *ret_key, gsize size,
                         GError **error)
{
    G_STATIC_ASSERT(PASSWORD_SALT_SIZE == crypto_pwhash_SALTBYTES);
    ensure_sodium();
    gsize length = strlen(password);
    if (length == 0 || length > PASSWORD_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "a password has at most %d bytes, and is not empty", PASSWORD_MAX);
        return FALSE;
    }
    if (!password_is_bounded(memory_kib, passes, error))
        return FALSE;
    g_mutex_lock(&turn);
    int result = crypto_pwhash(ret_key, size, password, length, salt, passes,
                               (gsize)memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    g_mutex_unlock(&turn);
    if (result != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                    "not enough memory for a passphrase (%u KiB)", memory_kib);
        return FALSE;
    }
    return TRUE;
}

/* Reads "<name><digits><end>" at *@cursor. */
static gboolean read_parameter(const char **cursor, const char *name, char end, guint max)
{
    if (!g_str_has_prefix(*cursor, name))
        return FALSE;
    const char *digits = *cursor + strlen(name);
    char *after;
    guint64 value = g_ascii_strtoull(digits, &after, 10);
    if (!g_ascii_isdigit(*digits) || *after != end || value < 1 || value > max)
        return FALSE;
    *cursor = after + 1;
    return TRUE;
}

gboolean password_hash_is_valid(const char *hash)
{
    static const char prefix[] = "$argon2id$v=19$";
    if (strlen(hash) >= crypto_pwhash_STRBYTES || !g_str_has_prefix(hash, prefix))
        return FALSE;
    const char *cursor = hash + sizeof prefix - 1;
    return read_parameter(&cursor, "m=", ',', MAX_MEMORY_KIB) &&
           read_parameter(&cursor, "t=", ',', MAX_PASSES) &&
           read_parameter(&cursor, "p=", '$', 1) && strchr(cursor, '$');
}

gboolean password_verify(const char *hash, const char *password)
{
    ensure_sodium();
    gsize length = strlen(password);
    if (length > PASSWORD_MAX || !password_hash_is_valid(hash))
        return FALSE;
    /* libsodium reads the whole array, not only the text. */
    char text[crypto_pwhash_STRBYTES] = "";
    g_strlcpy(text, hash, sizeof text);
    g_mutex_lock(&turn);
    int result = crypto_pwhash_str_verify(text, password, length);
    g_mutex_unlock(&turn);
    return result == 0;
}

char *password_generate(void)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    ensure_sodium();
    char *password = g_malloc0(21);
    for (guint i = 0; i < 20; i++)
        password[i] = letters[randombytes_uniform(sizeof letters - 1)];
    return password;
}

#define MAC_SIZE crypto_auth_hmacsha256_BYTES

typedef struct {
    guint8 mac[MAC_SIZE];
    gint64 until; /* monotonic microseconds; 0: free */
} CacheEntry;

/* A small table with a fixed number of places for each MAC: no growth, no lists. */
#define PLACES 4

struct PasswordCache {
    GMutex lock;
    guint8 key[crypto_auth_hmacsha256_KEYBYTES];
    gint64 lifetime;
    guint rows;
    CacheEntry *entries; /* rows * PLACES */
};

PasswordCache *password_cache_new(guint size, guint seconds)
{
    ensure_sodium();
    PasswordCache *cache = g_new0(PasswordCache, 1);
    g_mutex_init(&cache->lock);
    crypto_auth_hmacsha256_keygen(cache->key);
    cache->lifetime = (gint64)seconds * G_USEC_PER_SEC;
    cache->rows = MAX(1, (size + PLACES - 1) / PLACES);
    cache->entries = g_new0(CacheEntry, (gsize)cache->rows * PLACES);
    return cache;
}

void password_cache_free(PasswordCache *cache)
{
    sodium_memzero(cache->key, sizeof cache->key);
    g_mutex_clear(&cache->lock);
    g_free(cache->entries);
    g_free(cache);
}

/* Each text goes in with its NUL, so that no two triples give the same bytes. */
static void compute_mac(PasswordCache *cache, const char *name, const char *hash,
                        const char *password, guint8 ret_mac[MAC_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, cache->key, sizeof cache->key);
    crypto_auth_hmacsha256_update(&state, (const guint8 *)name, strlen(name) + 1);
    crypto_auth_hmacsha256_update(&state, (const guint8 *)hash, strlen(hash) + 1);
    crypto_auth_hmacsha256_update(&state, (const guint8 *)password, strlen(password) + 1);
    crypto_auth_hmacsha256_final(&state, ret_mac);
    sodium_memzero(&state, sizeof state);
}

static CacheEntry *row_of(PasswordCache *cache, const guint8 mac[MAC_SIZE])
{
    guint32 number;
    memcpy(&number, mac, sizeof number);
    return &cache->entries[(gsize)(number % cache->rows) * PLACES];
}

gboolean password_cache_has(PasswordCache *cache, const char *name, const char *hash,
                            const char *password)
{
    guint8 mac[MAC_SIZE];
    compute_mac(cache, name, hash, password, mac);
    gint64 now = g_get_monotonic_time();
    gboolean found = FALSE;
    g_mutex_lock(&cache->lock);
    CacheEntry *row = row_of(cache, mac);
    for (guint i = 0; i < PLACES; i++)
        if (row[i].until > now && sodium_memcmp(row[i].mac, mac, MAC_SIZE) == 0)
            found = TRUE;
    g_mutex_unlock(&cache->lock);
    return found;
}

void password_cache_add(PasswordCache *cache, const char *name, const char *hash,
                        const char *password)
{
    guint8 mac[MAC_SIZE];
    compute_mac(cache, name, hash, password, mac);
    g_mutex_lock(&cache->lock);
    CacheEntry *row = row_of(cache, mac), *place = row;
    for (guint i = 0; i < PLACES; i++) {
        if (row[i].until != 0 && sodium_memcmp(row[i].mac, mac, MAC_SIZE) == 0) {
            place = &row[i];
            break;
        }
        if (row[i].until < place->until)
            place = &row[i];
    }
    memcpy(place->mac, mac, MAC_SIZE);
    place->until = g_get_monotonic_time() + cache->lifetime;
    g_mutex_unlock(&cache->lock);
}
