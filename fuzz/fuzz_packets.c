/* Whatever the capture: it is read to its end within bounds, every value lies within its bounds,
 * and reading it from small pieces gives the same. */
#include <stdint.h>
#include <string.h>

#include "shield/packets/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte of every value is read, so that one that is not there is seen. */
static gboolean sum(gpointer user, const Observation *observation, guint64 packet)
{
    guint64 *all = user;

    g_assert_cmpuint(observation->count, >, 0);
    g_assert_cmpuint(observation->count, <=, OBSERVATION_MAX_VALUES);
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        g_assert_nonnull(value->field);
        g_assert_cmpuint(value->length, >, 0);
        for (gsize k = 0; k < value->length; k++)
            *all = *all * 31 + (guint8)value->text[k];
    }
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint64 first = 0, second = 0;
    PacketsCounts counts = {0}, again = {0};

    for (guint round = 0; round < 2; round++) {
        g_autoptr(Stream) stream = stream_from_memory(data, size);
        const char *start;
        gsize length;
        /* What has been looked at before is read in other pieces. */
        if (round == 1 && !stream_peek(stream, 100, &start, &length, NULL))
            return 0;
        packets_read(stream, sum, round == 0 ? &first : &second, round == 0 ? &counts : &again,
                     NULL);
    }
    g_assert_cmpuint(first, ==, second);
    g_assert_cmpuint(counts.packets, ==, again.packets);
    return 0;
}
