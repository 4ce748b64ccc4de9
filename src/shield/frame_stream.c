#include "shield/frame_stream.h"

#include <string.h>

#include "base/stream_ahead.h"
#include "shield/frame.h"
#include "shield/utf16.h"

#define CHUNK (64 * 1024)

typedef struct {
    Stream *under;
    Stream *ahead; /* what is compressed is unpacked on a thread of its own; NULL: it is plain */
    gboolean is_utf16, has_no_mark, is_framed, ended;
    Utf16 utf16;
    Frame frame;
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
    if (!source->is_utf16)
        return stream_read(under, source->text, CHUNK, &source->text_length, error);
    do {
        if (!stream_read(under, source->raw, CHUNK, &size, error))
            return FALSE;
        source->text_length = utf16_convert(&source->utf16, source->raw, size, source->text);
    } while (source->text_length == 0 && size > 0);
    return TRUE;
}

static gboolean read_lines(Source *source, GError **error)
{
    source->lines_at = source->lines_length = 0;
    while (source->lines_length == 0 && !source->ended) {
        gsize taken = 0;
        if (source->text_at == source->text_length && !read_text(source, error))
            return FALSE;
        source->ended = source->text_length == 0;
        if (source->ended)
            source->lines_length = frame_end(&source->frame, source->lines, CHUNK);
        else
            source->lines_length =
                frame_convert(&source->frame, source->text + source->text_at,
                              source->text_length - source->text_at, &taken, source->lines, CHUNK);
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

    if (!source->is_framed) {
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

/* What the first bytes say it is. */
static FrameAnswer look_at(Source *source, const char *start, gsize length, gboolean whole)
{
    if (!utf16_detect(&source->utf16, start, length)) {
        Utf16Answer answer = utf16_guess(&source->utf16, start, length);
        if (answer == UTF16_MORE && !whole)
            return FRAME_MORE;
        source->has_no_mark = answer == UTF16_YES;
        if (answer != UTF16_YES)
            return frame_detect(&source->frame, start, length, whole);
    }
    source->is_utf16 = TRUE;
    Utf16 state = source->utf16;
    g_autofree char *text = g_malloc(length * UTF16_GROWTH + 4);
    gsize size = utf16_convert(&state, start, length, text);
    return frame_detect(&source->frame, text, size, whole);
}

/* Looks at the first bytes, as few as will do. */
static gboolean look(Source *source, GError **error)
{
    FrameAnswer answer = FRAME_MORE;
    gsize wanted = 4, length = 0;
    const char *start;

    while (answer == FRAME_MORE) {
        if (!stream_peek(source->under, wanted, &start, &length, error))
            return FALSE;
        answer = look_at(source, start, length, length < wanted || length >= 2 * FRAME_SAMPLE);
        wanted = length + 1;
    }
    source->is_framed = answer == FRAME_YES;
    return TRUE;
}

gboolean frame_stream_open(Stream *under, Stream **ret_stream, GError **error)
{
    Source found = {.under = under};

    *ret_stream = NULL;
    if (!look(&found, error))
        return FALSE;
    /* UTF-16 with a mark is read by whoever reads text. */
    if (!found.is_framed && !found.has_no_mark)
        return TRUE;
    Source *source = g_memdup2(&found, sizeof(found));
    if (stream_compression(under))
        source->ahead = stream_ahead_borrow(under);
    source->text = g_malloc(source->is_utf16 ? CHUNK * UTF16_GROWTH + 4 : CHUNK);
    source->raw = source->is_utf16 ? g_malloc(CHUNK) : NULL;
    source->lines = source->is_framed ? g_malloc(CHUNK) : NULL;
    *ret_stream = stream_from_source(read_source, source, source_free, TRUE);
    stream_set_under(*ret_stream, under);
    return TRUE;
}
