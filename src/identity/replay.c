#include "identity/replay.h"

#include <string.h>

#define MAX_KEYS    4096
#define MAX_PER_KEY 4096

typedef struct {
    gint64 created_s;
    guint8 nonce[REPLAY_NONCE_SIZE];
} Seen;

typedef struct {
    GArray *seen;    /* of Seen, by created_s */
    gint64 refuse_s; /* what was created then or before is refused; G_MININT64: nothing is */
} Key;

struct Replay {
    ReplayOptions options;
    GMutex lock;
    GHashTable *keys; /* keyid -> Key */
};

static void key_free(gpointer data)
{
    Key *key = data;
    g_array_unref(key->seen);
    g_free(key);
}

static gint64 to_seconds(gint64 us)
{
    return us / G_USEC_PER_SEC - (us % G_USEC_PER_SEC < 0);
}

/* The first that was created after @created_s. */
static guint find_after(const Key *key, gint64 created_s)
{
    guint low = 0, high = key->seen->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(key->seen, Seen, middle).created_s <= created_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Forgets what is too old to be accepted in any case. */
static void key_expire(Key *key, gint64 oldest_s)
{
    guint expired = find_after(key, oldest_s - 1);
    if (expired > 0)
        g_array_remove_range(key->seen, 0, expired);
    if (key->refuse_s < oldest_s)
        key->refuse_s = G_MININT64;
}

static gboolean key_is_empty(gpointer keyid, gpointer data, gpointer user)
{
    Key *key = data;
    const gint64 *oldest_s = user;
    key_expire(key, *oldest_s);
    return key->seen->len == 0 && key->refuse_s == G_MININT64;
}

/* The key's memory; NULL with @error when there is no room for another. */
static Key *find_key(Replay *replay, const char *keyid, gint64 now_us, GError **error)
{
    gint64 oldest_s = to_seconds(now_us - replay->options.window_us);
    Key *key = g_hash_table_lookup(replay->keys, keyid);
    if (key) {
        key_expire(key, oldest_s);
        return key;
    }
    if (g_hash_table_size(replay->keys) >= replay->options.max_keys)
        g_hash_table_foreach_remove(replay->keys, key_is_empty, &oldest_s);
    if (g_hash_table_size(replay->keys) >= replay->options.max_keys) {
        error_set(error, CONCERT_ERROR_BUSY, "signed requests of too many keys come in at a time");
        return NULL;
    }
    key = g_new(Key, 1);
    key->seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    key->refuse_s = G_MININT64;
    g_hash_table_insert(replay->keys, g_strdup(keyid), key);
    return key;
}

static gboolean key_accept(Key *key, guint max, const Seen *request, GError **error)
{
    guint at = find_after(key, request->created_s);
    for (guint i = at; i-- > 0;) {
        const Seen *seen = &g_array_index(key->seen, Seen, i);
        if (seen->created_s < request->created_s)
            break;
        if (memcmp(seen->nonce, request->nonce, REPLAY_NONCE_SIZE) == 0)
            return error_set(error, CONCERT_ERROR_DENIED,
                             "the signed request was sent before: its nonce is known");
    }
    if (request->created_s <= key->refuse_s)
        return error_set(
            error, CONCERT_ERROR_DENIED,
            "the signed request is older than what is remembered of its key, and might "
            "have been sent before; it has to be signed anew");
    if (key->seen->len >= max) {
        if (at == 0)
            return error_set(error, CONCERT_ERROR_BUSY,
                             "the key sent too many requests that were created later");
        key->refuse_s = g_array_index(key->seen, Seen, 0).created_s;
        g_array_remove_index(key->seen, 0);
        at--;
    }
    g_array_insert_val(key->seen, at, *request);
    return TRUE;
}

gboolean replay_accept(Replay *replay, const char *keyid, const guint8 nonce[REPLAY_NONCE_SIZE],
                       gint64 created_us, gint64 now_us, GError **error)
{
    Seen request = {.created_s = to_seconds(created_us)};
    memcpy(request.nonce, nonce, sizeof request.nonce);
    /* Clocks go on between httpsig_verify() and here: what expired meanwhile was forgotten. */
    if (created_us < now_us - replay->options.window_us)
        return error_set(error, CONCERT_ERROR_DENIED, "the signed request is too old");
    g_mutex_lock(&replay->lock);
    Key *key = find_key(replay, keyid, now_us, error);
    gboolean good = key && key_accept(key, replay->options.max_per_key, &request, error);
    g_mutex_unlock(&replay->lock);
    return good;
}

Replay *replay_new(const ReplayOptions *options)
{
    Replay *replay = g_new0(Replay, 1);
    replay->options = *options;
    if (replay->options.max_keys == 0)
        replay->options.max_keys = MAX_KEYS;
    if (replay->options.max_per_key == 0)
        replay->options.max_per_key = MAX_PER_KEY;
    replay->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, key_free);
    g_mutex_init(&replay->lock);
    return replay;
}

void replay_free(Replay *replay)
{
    if (!replay)
        return;
    g_hash_table_unref(replay->keys);
    g_mutex_clear(&replay->lock);
    g_free(replay);
}
