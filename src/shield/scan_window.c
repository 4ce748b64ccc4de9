#include "shield/scan_window.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What is fetched lies behind room for what is kept of the window before. */
#define SCAN_WINDOW_ROOM (SCAN_WINDOW + SCAN_WINDOW_CAPACITY)

G_STATIC_ASSERT(2 * SPOT_CONTEXT <= SCAN_WINDOW);

ScanWindow *scan_window_new(void)
{
    ScanWindow *window = g_new0(ScanWindow, 1);
    /* Not cleared, which would take longer than looking through most files of a directory. */
    window->memory = g_malloc(SCAN_WINDOW_ROOM + 2 * SIEVE_MARGIN);
    memset(window->memory, 0, SIEVE_MARGIN);
    window->text = window->memory + SIEVE_MARGIN;
    window->places = g_array_new(FALSE, FALSE, sizeof(gsize));
    window->feeds = g_new0(guint32, SCAN_WINDOW_ROOM / SCAN_PIECE + 1);
    return window;
}

void scan_window_free(ScanWindow *window)
{
    if (!window)
        return;
    g_clear_error(&window->error);
    g_array_unref(window->places);
    g_free(window->feeds);
    g_free(window->memory);
    g_free(window);
}

gboolean scan_window_begin(ScanReader *reader, Stream *stream, GError **error)
{
    const char *start;
    gsize length;

    *reader = (ScanReader){.stream = stream};
    if (!stream_peek(stream, 2, &start, &length, error))
        return FALSE;
    reader->is_utf16 = utf16_detect(&reader->utf16, start, length);
    return TRUE;
}

static gboolean read_more(ScanReader *reader, ScanWindow *window)
{
    gsize size, room = SCAN_WINDOW_CAPACITY - window->length;
    char raw[16 * 1024];

    if (!reader->is_utf16) {
        if (!stream_read(reader->stream, window->text + window->length, room, &size,
                         &window->error))
            return FALSE;
        window->length += size;
        return size > 0;
    }
    if (!stream_read(reader->stream, raw, MIN(sizeof(raw), room / UTF16_GROWTH - 1), &size,
                     &window->error))
        return FALSE;
    window->length += utf16_convert(&reader->utf16, raw, size, window->text + window->length);
    return size > 0;
}

static void clear(ScanWindow *window)
{
    *window = (ScanWindow){.text = window->memory + SIEVE_MARGIN,
                           .memory = window->memory,
                           .places = window->places,
                           .feeds = window->feeds};
    g_array_set_size(window->places, 0);
}

/* What of the window before @window has, too, or has alone. */
static const char *kept_before(const ScanReader *reader, ScanWindow *window, gsize *ret_length)
{
    const ScanWindow *before = reader->before;

    *ret_length = 0;
    if (!before)
        return NULL;
    gboolean cut = before->stop < before->looked;
    gsize keep = cut ? before->stop - MIN(before->stop, SPOT_CONTEXT) : before->stop;
    window->from = before->stop - keep;
    *ret_length = before->length - keep;
    return before->text + keep;
}

/* Ends it behind a line, where it can. */
static void find_stop(ScanReader *reader, ScanWindow *window)
{
    window->stop = window->looked = window->length;
    if (!window->last) {
        const char *feed =
            memrchr(window->text + window->from, '\n', window->length - window->from);
        if (feed)
            window->stop = window->looked = (gsize)(feed - window->text) + 1;
        else
            window->stop = window->length - SPOT_CONTEXT;
    }
    reader->before = window;
}

void scan_window_read(ScanReader *reader, ScanWindow *window)
{
    gboolean line = FALSE;

    clear(window);
    const char *kept = kept_before(reader, window, &window->length);
    if (kept)
        memcpy(window->text, kept, window->length);
    while (!window->last && !line && SCAN_WINDOW_CAPACITY - window->length >= 2 * UTF16_GROWTH) {
        gsize length = window->length;
        window->last = !read_more(reader, window);
        line = memchr(window->text + length, '\n', window->length - length) != NULL;
    }
    find_stop(reader, window);
}

gboolean scan_window_place(ScanReader *reader)
{
    reader->placed = !reader->is_utf16 && !reader->before &&
                     stream_place(reader->stream, &reader->fd, &reader->offset);
    return reader->placed;
}

void scan_window_reserve(ScanReader *reader, ScanWindow *window)
{
    clear(window);
    window->offset = reader->offset;
    reader->offset += SCAN_WINDOW;
}

void scan_window_fetch(const ScanReader *reader, ScanWindow *window)
{
    window->text += SCAN_WINDOW;
    while (!window->last && window->length < SCAN_WINDOW) {
        ssize_t size =
            pread(reader->fd, window->text + window->length, SCAN_WINDOW - window->length,
                  (off_t)(window->offset + window->length));
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            stream_fail_reading(reader->stream, errno, &window->error);
        window->last = size <= 0;
        window->length += (gsize)MAX(size, 0);
    }
    stream_count(reader->stream, window->length);
}

void scan_window_join(ScanReader *reader, ScanWindow *window)
{
    gsize length;
    const char *kept = kept_before(reader, window, &length);

    if (kept)
        memcpy(window->text - length, kept, length);
    window->text -= length;
    window->length += length;
    find_stop(reader, window);
}

static int compare_offsets(gconstpointer a, gconstpointer b)
{
    const gsize *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static gsize count_feeds(const ScanWindow *window, gsize from, gsize length)
{
    return window->count_bytes((const guint8 *)window->text + from, length, '\n');
}

void scan_window_sieve(ScanWindow *window, Sieve *sieve)
{
    guint32 feeds = 0;

    g_array_set_size(window->places, 0);
    memset(window->text + window->length, 0, SIEVE_MARGIN);
    sieve_text(sieve, window->text, window->looked, window->places);
    g_array_sort(window->places, compare_offsets);
    window->count_bytes = sieve_counter(sieve);
    for (gsize at = 0; at <= window->looked; at += SCAN_PIECE) {
        window->feeds[at / SCAN_PIECE] = feeds;
        feeds += (guint32)count_feeds(window, at, MIN(window->looked - at, SCAN_PIECE));
    }
}

guint64 scan_window_count_feeds(const ScanWindow *window, gsize from, gsize to)
{
    gsize first = from / SCAN_PIECE, last = to / SCAN_PIECE;

    if (to - from <= SCAN_PIECE)
        return count_feeds(window, from, to - from);
    return window->feeds[last] - window->feeds[first] +
           count_feeds(window, last * SCAN_PIECE, to % SCAN_PIECE) -
           count_feeds(window, first * SCAN_PIECE, from % SCAN_PIECE);
}
