#include "shield/frame_stream.h"

#include <string.h>

#include "base/stream_ahead.h"
#include "shield/shape.h"

#define CHUNK (64 * 1024)

typedef struct {
    Stream *under;
    Stream *ahead; /* what is compressed is unpacked on a thread of its own; NULL: it is plain */
    gboolean ended;
    Shape shape;
    char *raw;  /* of UTF-16 */
    char *text; /* UTF-8 */
    gsize text_at, text_length;
    char *lines; /* what becomes of it */
    gsize lines_at, lines_length;
} Source;

static void source_free(gpointer user)
{
    Source *source = user;
    stream_close(source->ahead);
    g_free(source->raw);
    g_free(source->text);
    g_free(source->lines);
    g_free(source);
}

/* The next piece of UTF-8; none at the end. */
static gboolean read_text(Source *source, GError **error)
{
    Stream *under = source->ahead ? source->ahead : source->under;
    gsize size = 0;

    source->text_at = source->text_length = 0;
    if (!source->shape.is_utf16)
        return stream_read(under, source->text, CHUNK, &source->text_length, error);
    do {
        if (!stream_read(under, source->raw, CHUNK, &size, error))
            return FALSE;
        source->text_length = utf16_convert(&source->shape.utf16, source->raw, size, source->text);
    } while (source->text_length == 0 && size > 0);
    return TRUE;
}

/* Can what was read be given? What stands before the first record comes with it, so that whoever
 * reads sees what it is. */
static gboolean is_enough(const Source *source)
{
    return source->ended || source->lines_length > CHUNK / 2 ||
           (source->lines_length > 0 && source->shape.frame.found);
}

static gboolean read_lines(Source *source, GError **error)
{
    Frame *frame = &source->shape.frame;

    source->lines_at = source->lines_length = 0;
    while (!is_enough(source)) {
        gsize taken = 0;
        if (source->text_at == source->text_length &&
            !read_text(source, source->lines_length > 0 ? NULL : error))
            return source->lines_length > 0; /* it fails again, after these */
        source->ended = source->text_length == 0;
        char *into = source->lines + source->lines_length;
        gsize room = CHUNK - source->lines_length;
        source->lines_length += source->ended ? frame_end(frame, into, room)
                                              : frame_convert(frame, source->text + source->text_at,
                                                              source->text_length - source->text_at,
                                                              &taken, into, room);
        source->text_at += taken;
    }
    return TRUE;
}

static gsize give(const char *from, gsize *at, gsize length, void *buffer, gsize size)
{
    gsize given = MIN(size, length - *at);
    memcpy(buffer, from + *at, given);
    *at += given;
    return given;
}

static gboolean read_source(gpointer user, void *buffer, gsize size, gsize *ret_read,
                            GError **error)
{
    Source *source = user;

    if (!source->shape.is_framed) {
        if (source->text_at == source->text_length && !read_text(source, error))
            return FALSE;
        *ret_read = give(source->text, &source->text_at, source->text_length, buffer, size);
        return TRUE;
    }
    if (source->lines_at == source->lines_length && !read_lines(source, error))
        return FALSE;
    *ret_read = give(source->lines, &source->lines_at, source->lines_length, buffer, size);
    return TRUE;
}

/* Looks at the first bytes, as few as will do. */
static gboolean look(Source *source, FrameAnswer *ret_answer, GError **error)
{
    gsize wanted = 4, length = 0;
    const char *start;

    do {
        if (!stream_peek(source->under, wanted, &start, &length, error))
            return FALSE;
        *ret_answer = shape_detect(&source->shape, start, length, length < wanted, TRUE);
        wanted = length + 1;
    } while (*ret_answer == FRAME_MORE);
    return TRUE;
}

gboolean frame_stream_open(Stream *under, gboolean records, Stream **ret_stream, GError **error)
{
    Source found = {.under = under};

    *ret_stream = NULL;
    FrameAnswer answer;
    if (!look(&found, &answer, error))
        return FALSE;
    found.shape.is_framed = found.shape.is_framed && records;
    /* UTF-16 with a mark is read by whoever reads text. */
    if (answer == FRAME_NO ||
        (!found.shape.is_framed && (found.shape.has_mark || !found.shape.is_utf16)))
        return TRUE;
    Source *source = g_memdup2(&found, sizeof(found));
    if (stream_compression(under))
        source->ahead = stream_ahead_borrow(under);
    source->text = g_malloc(source->shape.is_utf16 ? CHUNK * UTF16_GROWTH + 4 : CHUNK);
    source->raw = source->shape.is_utf16 ? g_malloc(CHUNK) : NULL;
    source->lines = source->shape.is_framed ? g_malloc(CHUNK) : NULL;
    *ret_stream = stream_from_source(read_source, source, source_free, TRUE);
    stream_set_under(*ret_stream, under);
    return TRUE;
}
