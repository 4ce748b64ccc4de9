/* The first byte says how the rest comes: whatever it is, it becomes the same lines in any pieces,
 * and from a place between records on with what was kept of it there; nothing is lost but what
 * parts records, and it grows by its line feeds at most. */
#include <stdint.h>
#include <string.h>

#include "shield/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM (3 * FRAME_ROOM)

typedef struct {
    const char *text;
    gsize length, at;
    GString *lines;
} Read;

static void read_piece(Read *read, Frame *frame, gsize piece)
{
    char into[ROOM];
    gsize taken, length = MIN(piece, read->length - read->at);
    g_autofree char *copy = g_memdup2(read->text + read->at, length);
    gsize written = frame_convert(frame, copy, length, &taken, into, ROOM);

    g_assert_cmpuint(written, <=, ROOM);
    g_assert_cmpuint(taken, <=, length);
    g_assert_true(taken > 0 || written > 0);
    g_string_append_len(read->lines, into, (gssize)written);
    read->at += taken;
}

static GString *read_all(Frame frame, const char *text, gsize length, gsize piece, gboolean copies)
{
    Read read = {text, length, 0, g_string_new(NULL)};
    char into[ROOM];
    gsize taken;

    while (read.at < length) {
        read_piece(&read, &frame, piece);
        if (copies && frame_is_between(&frame)) {
            const Frame kept = frame;
            memset(&frame, 0xff, sizeof(frame));
            frame = kept;
        }
    }
    for (gsize written = 1; written > 0;) {
        written = frame_convert(&frame, "", 0, &taken, into, ROOM);
        g_string_append_len(read.lines, into, (gssize)written);
    }
    g_string_append_len(read.lines, into, (gssize)frame_end(&frame, into, ROOM));
    return read.lines;
}

static gsize count(const char *text, gsize length, const char *without)
{
    gsize bytes = 0;
    for (gsize i = 0; i < length; i++)
        bytes += text[i] == '\0' || !strchr(without, text[i]);
    return bytes;
}

/* The same for what is UTF-16. */
static GString *reshape(Shape shape, const char *text, gsize length, gsize piece)
{
    GString *lines = g_string_new(NULL);
    char into[2 * SHAPE_ROOM];
    gsize at = 0, taken, written;

    do {
        gsize size = MIN(piece, length - at);
        g_autofree char *copy = g_memdup2(text + at, size);
        written = shape_convert(&shape, copy, size, &taken, into, sizeof(into));
        g_assert_cmpuint(written, <=, sizeof(into));
        g_string_append_len(lines, into, (gssize)written);
        at += taken;
    } while (taken + written > 0);
    g_assert_cmpuint(at, ==, length);
    g_string_append_len(lines, into, (gssize)shape_end(&shape, into, sizeof(into)));
    return lines;
}

static void check_shape(const char *text, gsize length, gsize piece)
{
    Shape shape;

    if (shape_detect(&shape, text, length, TRUE, TRUE) == FRAME_NO)
        return;
    g_autoptr(GString) whole = reshape(shape, text, length, G_MAXSIZE);
    g_autoptr(GString) pieces = reshape(shape, text, length, piece);
    g_assert_cmpuint(whole->len, ==, pieces->len);
    g_assert_cmpint(memcmp(whole->str, pieces->str, whole->len), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Frame frame;

    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size--;
    check_shape(text, size, 1 + data[0] % 64u);
    if (frame_detect(&frame, text, size, TRUE) != FRAME_YES)
        return 0;
    gsize parting = size < 3 || text[0] == '<' ? 0 : size;
    g_autoptr(GString) whole = read_all(frame, text, size, G_MAXSIZE, FALSE);
    g_autoptr(GString) pieces = read_all(frame, text, size, 1 + data[0] % 64u, TRUE);
    g_assert_cmpuint(whole->len, ==, pieces->len);
    g_assert_cmpint(memcmp(whole->str, pieces->str, whole->len), ==, 0);
    g_assert_cmpuint(whole->len, <=, 2 * size + FRAME_HELD);
    /* Of XML all is left but blanks. */
    if (parting == 0)
        g_assert_cmpuint(count(text, size, " \n"), ==, count(whole->str, whole->len, " \n"));
    return 0;
}
