#include "exchange/parcel.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>

#include "base/sha256.h"

#define LABEL        "concert/parcel/v1"
#define WINDOW_LOG   23 /* bits: 8 MiB of memory to read it */
#define LEVEL        9
#define SEALED_CHUNK (PARCEL_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES)
#define STREAM_KEY   crypto_secretstream_xchacha20poly1305_KEYBYTES
#define STREAM_HEAD  crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define HEAD         (PARCEL_KEY_SIZE + STREAM_HEAD)

void parcel_key_id(const guint8 public_key[PARCEL_KEY_SIZE], char ret_id[PARCEL_KEY_ID_SIZE + 1])
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest_pair(LABEL, strlen(LABEL), public_key, PARCEL_KEY_SIZE, digest);
    g_strlcpy(ret_id, sha256_hex(digest, hex), PARCEL_KEY_ID_SIZE + 1);
}

/* The key of the stream: of what both agree on, and bound to both public keys. */
static gboolean agree(const guint8 *secret, const guint8 *other, const guint8 *ephemeral,
                      const guint8 *recipient, guint8 ret_key[STREAM_KEY])
{
    guint8 shared[crypto_scalarmult_BYTES];
    crypto_generichash_state state;
    if (crypto_scalarmult(shared, secret, other) != 0)
        return FALSE;
    crypto_generichash_init(&state, NULL, 0, STREAM_KEY);
    crypto_generichash_update(&state, (const guint8 *)LABEL, strlen(LABEL));
    crypto_generichash_update(&state, shared, sizeof shared);
    crypto_generichash_update(&state, ephemeral, PARCEL_KEY_SIZE);
    crypto_generichash_update(&state, recipient, PARCEL_KEY_SIZE);
    crypto_generichash_final(&state, ret_key, STREAM_KEY);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&state, sizeof state);
    return TRUE;
}

/* Sealing. */

struct ParcelSeal {
    ParcelSink sink;
    gpointer user;
    ZSTD_CCtx *zstd;
    crypto_secretstream_xchacha20poly1305_state stream;
    guint8 head[HEAD];
    gboolean is_begun;
    guint8 plain[PARCEL_CHUNK], sealed[SEALED_CHUNK];
    gsize used; /* of plain */
};

ParcelSeal *parcel_seal_new(const guint8 public_key[PARCEL_KEY_SIZE], ParcelSink sink,
                            gpointer user, GError **error)
{
    guint8 secret[PARCEL_KEY_SIZE], key[STREAM_KEY];
    g_autoptr(ParcelSeal) seal = g_new0(ParcelSeal, 1);
    seal->sink = sink;
    seal->user = user;
    randombytes_buf(secret, sizeof secret);
    crypto_scalarmult_base(seal->head, secret);
    gboolean good = agree(secret, public_key, seal->head, public_key, key);
    sodium_memzero(secret, sizeof secret);
    if (!good) {
        error_input(error, "the recipient's parcel key is none");
        return NULL;
    }
    crypto_secretstream_xchacha20poly1305_init_push(&seal->stream, seal->head + PARCEL_KEY_SIZE,
                                                    key);
    sodium_memzero(key, sizeof key);
    seal->zstd = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(seal->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(seal->zstd, ZSTD_c_windowLog, WINDOW_LOG);
    return g_steal_pointer(&seal);
}

void parcel_seal_free(ParcelSeal *seal)
{
    if (!seal)
        return;
    ZSTD_freeCCtx(seal->zstd);
    sodium_memzero(seal, sizeof *seal);
    g_free(seal);
}

/* Seals what is in plain. */
static gboolean push(ParcelSeal *seal, guint8 tag, GError **error)
{
    unsigned long long length;
    if (!seal->is_begun && !seal->sink(seal->head, HEAD, seal->user, error))
        return FALSE;
    seal->is_begun = TRUE;
    crypto_secretstream_xchacha20poly1305_push(&seal->stream, seal->sealed, &length, seal->plain,
                                               seal->used, NULL, 0, tag);
    seal->used = 0;
    return seal->sink(seal->sealed, (gsize)length, seal->user, error);
}

/* Compresses, sealing a chunk whenever one is full. */
static gboolean compress(ParcelSeal *seal, ZSTD_inBuffer *in, ZSTD_EndDirective directive,
                         GError **error)
{
    for (;;) {
        ZSTD_outBuffer out = {seal->plain, PARCEL_CHUNK, seal->used};
        gsize left = ZSTD_compressStream2(seal->zstd, &out, in, directive);
        if (ZSTD_isError(left)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "zstd: %s",
                        ZSTD_getErrorName(left));
            return FALSE;
        }
        seal->used = out.pos;
        gboolean is_done = directive == ZSTD_e_end ? left == 0 : in->pos == in->size;
        if (seal->used == PARCEL_CHUNK &&
            !push(seal, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, error))
            return FALSE;
        if (is_done)
            return TRUE;
    }
}

gboolean parcel_seal_add(ParcelSeal *seal, const void *bytes, gsize length, GError **error)
{
    ZSTD_inBuffer in = {bytes, length, 0};
    return compress(seal, &in, ZSTD_e_continue, error);
}

gboolean parcel_seal_end(ParcelSeal *seal, GError **error)
{
    ZSTD_inBuffer in = {NULL, 0, 0};
    return compress(seal, &in, ZSTD_e_end, error) &&
           push(seal, crypto_secretstream_xchacha20poly1305_TAG_FINAL, error);
}

/* Opening. */

struct ParcelOpen {
    ParcelSource source;
    gpointer user;
    guint8 secret[PARCEL_KEY_SIZE];
    ZSTD_DCtx *zstd;
    crypto_secretstream_xchacha20poly1305_state stream;
    gboolean is_begun, is_last; /* the last chunk was opened */
    gboolean is_whole;          /* the compressed stream has ended */
    guint8 plain[PARCEL_CHUNK], sealed[SEALED_CHUNK + 1];
    gsize used, at; /* of plain */
    guint64 taken, given;
};

ParcelOpen *parcel_open_new(const guint8 secret_key[PARCEL_KEY_SIZE], ParcelSource source,
                            gpointer user)
{
    ParcelOpen *open = g_new0(ParcelOpen, 1);
    open->source = source;
    open->user = user;
    memcpy(open->secret, secret_key, PARCEL_KEY_SIZE);
    open->zstd = ZSTD_createDCtx();
    ZSTD_DCtx_setParameter(open->zstd, ZSTD_d_windowLogMax, WINDOW_LOG);
    return open;
}

void parcel_open_free(ParcelOpen *open)
{
    if (!open)
        return;
    ZSTD_freeDCtx(open->zstd);
    sodium_memzero(open, sizeof *open);
    g_free(open);
}

/* Reads @size bytes, or as many as there are. */
static gboolean fill(ParcelOpen *open, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    gsize done = 0, n = 1;
    while (done < size && n > 0) {
        if (!open->source((guint8 *)buffer + done, size - done, &n, open->user, error))
            return FALSE;
        done += n;
    }
    *ret_read = done;
    return TRUE;
}

static gboolean begin(ParcelOpen *open, GError **error)
{
    guint8 head[HEAD], public_key[PARCEL_KEY_SIZE], key[STREAM_KEY];
    gsize length;
    if (!fill(open, head, sizeof head, &length, error))
        return FALSE;
    if (length < sizeof head)
        return error_input(error, "the parcel is cut off at its beginning");
    crypto_scalarmult_base(public_key, open->secret);
    if (!agree(open->secret, head, head, public_key, key))
        return error_input(error, "the parcel does not begin with a key");
    crypto_secretstream_xchacha20poly1305_init_pull(&open->stream, head + PARCEL_KEY_SIZE, key);
    sodium_memzero(key, sizeof key);
    open->is_begun = TRUE;
    return TRUE;
}

/* Opens the next chunk into plain. */
static gboolean pull(ParcelOpen *open, GError **error)
{
    gsize length;
    unsigned long long opened;
    guint8 tag;
    gboolean is_first = open->taken == 0;
    if (!open->is_begun && !begin(open, error))
        return FALSE;
    if (!fill(open, open->sealed, SEALED_CHUNK, &length, error))
        return FALSE;
    if (length == 0)
        return error_input(error, "the parcel is cut off");
    if (length < crypto_secretstream_xchacha20poly1305_ABYTES ||
        crypto_secretstream_xchacha20poly1305_pull(&open->stream, open->plain, &opened, &tag,
                                                   open->sealed, length, NULL, 0) != 0)
        return error_input(error, "%s",
                           is_first ? "the parcel is sealed to another key, or damaged"
                                    : "the parcel is cut off or damaged");
    open->taken += length;
    open->used = (gsize)opened;
    open->at = 0;
    open->is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    if (!open->is_last)
        return length == SEALED_CHUNK || error_input(error, "the parcel is cut off");
    if (!fill(open, open->sealed, 1, &length, error))
        return FALSE;
    return length == 0 || error_input(error, "the parcel goes on after its end");
}

/* Decompresses what is in plain into @out. */
static gboolean decompress(ParcelOpen *open, ZSTD_outBuffer *out, GError **error)
{
    ZSTD_inBuffer in = {open->plain, open->used, open->at};
    if (open->is_whole && open->at < open->used)
        return error_input(error, "the parcel's content goes on after its end");
    gsize left = ZSTD_decompressStream(open->zstd, out, &in);
    if (ZSTD_isError(left)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the parcel's content: %s",
                    ZSTD_getErrorName(left));
        return FALSE;
    }
    open->at = in.pos;
    open->is_whole = left == 0;
    open->given += out->pos;
    if (open->given > PARCEL_RATIO_GRACE && open->given / PARCEL_RATIO_MAX > open->taken) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the parcel unpacks to more than %d times its size", PARCEL_RATIO_MAX);
        return FALSE;
    }
    return TRUE;
}

gboolean parcel_open_read(ParcelOpen *open, void *buffer, gsize size, gsize *ret_read,
                          GError **error)
{
    ZSTD_outBuffer out = {buffer, size, 0};
    while (out.pos == 0 && size > 0) {
        if (open->is_last && open->at == open->used && open->is_whole)
            break;
        gsize before = open->at;
        if (open->at < open->used || (open->is_begun && !open->is_whole)) {
            if (!decompress(open, &out, error))
                return FALSE;
            if (out.pos > 0 || open->at > before)
                continue;
        }
        if (open->is_last)
            return error_input(error, "the parcel's content is cut off");
        if (!pull(open, error))
            return FALSE;
    }
    *ret_read = out.pos;
    return TRUE;
}
