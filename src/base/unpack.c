#include "base/unpack.h"

#include <bzlib.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define XZ_MEMORY (256 * 1024 * 1024) /* a dictionary of up to 192 MiB, xz -9 has 64 */
#define ZSTD_WLOG 27                  /* 128 MiB: what zstd takes without --long */

struct UnpackCoding {
    const char *name;
    gboolean (*is)(const char *begin, gsize length);
    gboolean (*start)(Unpack *unpack);
    gboolean (*step)(Unpack *unpack, UnpackInput *input, char *out, gsize size, gsize *ret_given,
                     gboolean *ret_end, GError **error);
    void (*end)(Unpack *unpack);
    char after;
    gboolean knows_end;
};

struct Unpack {
    const UnpackCoding *coding;
    union {
        z_stream gzip;
        bz_stream bzip2;
        lzma_stream xz;
        ZSTD_DStream *zstd;
    };
};

/* --- gzip ------------------------------------------------------------------------------------ */

static gboolean gzip_is(const char *begin, gsize length)
{
    return length >= 3 && memcmp(begin, "\x1f\x8b\x08", 3) == 0;
}

static gboolean gzip_start(Unpack *unpack)
{
    return inflateInit2(&unpack->gzip, 15 + 16) == Z_OK; /* 16: gzip wrapper only */
}

static gboolean gzip_step(Unpack *unpack, UnpackInput *input, char *out, gsize size,
                          gsize *ret_given, gboolean *ret_end, GError **error)
{
    z_stream *z = &unpack->gzip;
    z->next_in = (Bytef *)input->bytes + input->at;
    z->avail_in = (uInt)(input->length - input->at);
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)size;
    int result = inflate(z, Z_NO_FLUSH);
    input->at = input->length - z->avail_in;
    *ret_given = size - z->avail_out;
    *ret_end = result == Z_STREAM_END;
    if (result == Z_STREAM_END)
        inflateReset(z);
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return error_input(error, "broken gzip data (%s)", z->msg ? z->msg : "cannot be unpacked");
    return TRUE;
}

static void gzip_end(Unpack *unpack)
{
    inflateEnd(&unpack->gzip);
}

/* --- bzip2 ----------------------------------------------------------------------------------- */

/* "BZh9", and the first digits of pi, or, of nothing, those of its root. */
static gboolean bzip2_is(const char *begin, gsize length)
{
    return length >= 6 && memcmp(begin, "BZh", 3) == 0 && begin[3] >= '1' && begin[3] <= '9' &&
           (memcmp(begin + 4, "1A", 2) == 0 || memcmp(begin + 4, "\x17r", 2) == 0);
}

static gboolean bzip2_start(Unpack *unpack)
{
    return BZ2_bzDecompressInit(&unpack->bzip2, 0, 0) == BZ_OK;
}

static gboolean bzip2_step(Unpack *unpack, UnpackInput *input, char *out, gsize size,
                           gsize *ret_given, gboolean *ret_end, GError **error)
{
    bz_stream *bz = &unpack->bzip2;
    bz->next_in = input->bytes + input->at;
    bz->avail_in = (unsigned)(input->length - input->at);
    bz->next_out = out;
    bz->avail_out = (unsigned)size;
    int result = BZ2_bzDecompress(bz);
    input->at = input->length - bz->avail_in;
    *ret_given = size - bz->avail_out;
    *ret_end = result == BZ_STREAM_END;
    if (result == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(bz);
        *bz = (bz_stream){0};
        result = BZ2_bzDecompressInit(bz, 0, 0);
    }
    return result == BZ_OK || error_input(error, "broken bzip2 data");
}

static void bzip2_end(Unpack *unpack)
{
    BZ2_bzDecompressEnd(&unpack->bzip2);
}

/* --- zstd ------------------------------------------------------------------------------------ */

/* A frame, or a skippable frame (RFC 8878, 3.1.2), which pzstd puts first. */
static gboolean zstd_is(const char *begin, gsize length)
{
    return length >= 4 &&
           (memcmp(begin, "\x28\xb5\x2f\xfd", 4) == 0 ||
            ((begin[0] & 0xf0) == 0x50 && memcmp(begin + 1, "\x2a\x4d\x18", 3) == 0));
}

static gboolean zstd_start(Unpack *unpack)
{
    unpack->zstd = ZSTD_createDStream();
    return unpack->zstd &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, ZSTD_WLOG));
}

static gboolean zstd_step(Unpack *unpack, UnpackInput *input, char *out, gsize size,
                          gsize *ret_given, gboolean *ret_end, GError **error)
{
    ZSTD_inBuffer from = {input->bytes, input->length, input->at};
    ZSTD_outBuffer to = {out, size, 0};
    size_t result = ZSTD_decompressStream(unpack->zstd, &to, &from);
    input->at = from.pos;
    *ret_given = to.pos;
    *ret_end = result == 0;
    if (ZSTD_isError(result))
        return error_input(error, "broken zstd data (%s)", ZSTD_getErrorName(result));
    return TRUE;
}

static void zstd_end(Unpack *unpack)
{
    ZSTD_freeDStream(unpack->zstd);
}

/* --- xz -------------------------------------------------------------------------------------- */

static gboolean xz_is(const char *begin, gsize length)
{
    return length >= 6 && memcmp(begin, "\xfd\x37zXZ\0", 6) == 0;
}

static gboolean xz_start(Unpack *unpack)
{
    unpack->xz = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_stream_decoder(&unpack->xz, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
}

static gboolean xz_step(Unpack *unpack, UnpackInput *input, char *out, gsize size, gsize *ret_given,
                        gboolean *ret_end, GError **error)
{
    lzma_stream *xz = &unpack->xz;
    xz->next_in = (const uint8_t *)input->bytes + input->at;
    xz->avail_in = input->length - input->at;
    xz->next_out = (uint8_t *)out;
    xz->avail_out = size;
    /* With LZMA_CONCATENATED only the decoder knows whether the input may end here. */
    lzma_ret result = lzma_code(xz, input->end ? LZMA_FINISH : LZMA_RUN);
    input->at = input->length - xz->avail_in;
    *ret_given = size - xz->avail_out;
    *ret_end = result == LZMA_STREAM_END;
    if (result == LZMA_MEMLIMIT_ERROR)
        return error_set(error, CONCERT_ERROR_LIMIT,
                         "xz data need more than %d MiB of memory to unpack", XZ_MEMORY >> 20);
    if (result != LZMA_OK && result != LZMA_BUF_ERROR && result != LZMA_STREAM_END)
        return error_input(error, "broken xz data");
    return TRUE;
}

static void xz_end(Unpack *unpack)
{
    lzma_end(&unpack->xz);
}

/* --- What the header offers ------------------------------------------------------------------ */

static const UnpackCoding codings[] = {
    {"gzip", gzip_is, gzip_start, gzip_step, gzip_end, .after = '\x1f'},
    {"xz", xz_is, xz_start, xz_step, xz_end, .knows_end = TRUE},
    {"bzip2", bzip2_is, bzip2_start, bzip2_step, bzip2_end},
    {"zstd", zstd_is, zstd_start, zstd_step, zstd_end},
};

const UnpackCoding *unpack_tell(const char *begin, gsize length)
{
    for (guint i = 0; i < G_N_ELEMENTS(codings); i++)
        if (codings[i].is(begin, length))
            return &codings[i];
    return NULL;
}

Unpack *unpack_new(const UnpackCoding *coding)
{
    Unpack *unpack = g_new0(Unpack, 1);
    unpack->coding = coding;
    if (!coding->start(unpack))
        g_clear_pointer(&unpack, unpack_free);
    return unpack;
}

void unpack_free(Unpack *unpack)
{
    if (!unpack)
        return;
    unpack->coding->end(unpack);
    g_free(unpack);
}

const char *unpack_name(const UnpackCoding *coding)
{
    return coding->name;
}

char unpack_after(const UnpackCoding *coding)
{
    return coding->after;
}

gboolean unpack_knows_end(const UnpackCoding *coding)
{
    return coding->knows_end;
}

gboolean unpack_step(Unpack *unpack, UnpackInput *input, char *out, gsize size, gsize *ret_given,
                     gboolean *ret_end, GError **error)
{
    return unpack->coding->step(unpack, input, out, size, ret_given, ret_end, error);
}
