/* The first byte says which format, if any, the second how the rest comes: whatever it is, records
 * have numbers that ascend and texts that can be read, what is counted is what was told, and it is
 * the same when the log comes in pieces. */
#include <stdint.h>
#include <string.h>

#include "shield/input_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    guint64 line, records, sum;
} Seen;

static void add(Seen *seen, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        seen->sum = (seen->sum ^ (guint8)text[i]) * G_GUINT64_CONSTANT(0x100000001b3);
    seen->sum = (seen->sum ^ length) * G_GUINT64_CONSTANT(0x100000001b3);
}

static gboolean take(gpointer user, const Observation *observation, guint64 line)
{
    Seen *seen = user;

    g_assert_cmpuint(line, >, seen->line);
    g_assert_cmpuint(observation->count, <=, OBSERVATION_MAX_VALUES);
    seen->line = line;
    seen->records++;
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        add(seen, value->field, strlen(value->field));
        add(seen, value->text, value->length);
    }
    return TRUE;
}

typedef struct {
    const uint8_t *data;
    gsize size, piece;
} Source;

static gboolean give(gpointer user, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    Source *source = user;
    gsize length = MIN(MIN(size, source->piece), source->size);

    if (length > 0)
        memcpy(buffer, source->data, length);
    source->data += length;
    source->size -= length;
    *ret_read = length;
    return TRUE;
}

static Seen read_pieces(const InputFormat *format, Source source, InputStreamCounts *ret_counts)
{
    g_autoptr(Stream) stream = stream_from_source(give, &source, NULL, FALSE);
    const InputFormat *is;
    Seen seen = {0};

    if (input_stream_read(stream, format, 1700000000000000, take, &seen, &is, ret_counts, NULL))
        g_assert_true(!format || is == format);
    g_assert_cmpuint(ret_counts->records, ==, seen.records);
    g_assert_cmpuint(ret_counts->cut, <=, seen.records);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const *names = input_format_names();
    guint formats = g_strv_length((char **)names);
    InputStreamCounts counts, others;

    if (size < 2)
        return 0;
    const InputFormat *format = data[0] < 0xff ? input_format_find(names[data[0] % formats]) : NULL;
    const Source whole = {data + 2, size - 2, G_MAXSIZE};
    const Source pieces = {data + 2, size - 2, 1 + data[1] % 64u};
    Seen seen = read_pieces(format, whole, &counts);
    /* What it is, is told from the lines that come first. */
    if (!format)
        return 0;
    Seen again = read_pieces(format, pieces, &others);
    g_assert_cmpuint(again.records, ==, seen.records);
    g_assert_cmpuint(again.sum, ==, seen.sum);
    g_assert_cmpuint(again.line, ==, seen.line);
    g_assert_cmpuint(others.others, ==, counts.others);
    g_assert_cmpuint(others.cut, ==, counts.cut);
    return 0;
}
