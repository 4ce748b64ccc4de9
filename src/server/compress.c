#include "server/compress.h"

#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way of asking for a gzip header */

typedef struct {
    const char *data;
    gsize length;
} Part;

/* Both compressors give up when @room is filled: it is one byte less than the input. */
static gsize compress_gzip(const Part *parts, guint count, char *out, gsize room)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    int result = Z_OK;
    stream.next_out = (Bytef *)out;
    gsize out_left = room;
    for (guint i = 0; i < count && result == Z_OK; i++) {
        stream.next_in = (Bytef *)parts[i].data;
        gsize in_left = parts[i].length;
        do {
            /* zlib counts in unsigned int. */
            uInt in_step = (uInt)MIN(in_left, 1u << 30), out_step = (uInt)MIN(out_left, 1u << 30);
            stream.avail_in = in_step;
            stream.avail_out = out_step;
            gboolean last = i + 1 == count && in_step == in_left;
            result = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
            in_left -= in_step - stream.avail_in;
            out_left -= out_step - stream.avail_out;
        } while (result == Z_OK && out_left > 0 && (in_left > 0 || i + 1 == count));
    }
    deflateEnd(&stream);
    return result == Z_STREAM_END ? room - out_left : 0;
}

static gsize compress_zstd(const Part *parts, guint count, char *out, gsize room)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return 0;
    gsize total = 0;
    for (guint i = 0; i < count; i++)
        total += parts[i].length;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setPledgedSrcSize(context, total);
    ZSTD_outBuffer output = {out, room, 0};
    gsize left = 1;
    for (guint i = 0; i < count; i++) {
        ZSTD_inBuffer input = {parts[i].data, parts[i].length, 0};
        ZSTD_EndDirective end = i + 1 == count ? ZSTD_e_end : ZSTD_e_continue;
        do {
            left = ZSTD_compressStream2(context, &output, &input, end);
        } while (!ZSTD_isError(left) && output.pos < output.size &&
                 (input.pos < input.size || (end == ZSTD_e_end && left > 0)));
    }
    ZSTD_freeCCtx(context);
    return left == 0 ? output.pos : 0;
}

char *compress_joined(NegotiateCoding coding, const char *head, gsize head_length, const char *body,
                      gsize body_length, gsize *ret_length)
{
    gsize total = head_length + body_length;
    if (coding == NEGOTIATE_IDENTITY || total < 2)
        return NULL;
    const Part both[] = {{head, head_length}, {body, body_length}};
    const Part *parts = head_length > 0 ? both : both + 1;
    guint count = head_length > 0 ? 2 : 1;
    g_autofree char *out = g_malloc(total - 1);
    gsize length = coding == NEGOTIATE_GZIP ? compress_gzip(parts, count, out, total - 1)
                                            : compress_zstd(parts, count, out, total - 1);
    if (length == 0)
        return NULL;
    *ret_length = length;
    return g_realloc(g_steal_pointer(&out), length);
}
