/* Whatever the frames in packets that open, of several connections of one flow: what is read lies
 * within its bounds, what is kept is bounded, and all of it is given back. A record is a byte that
 * says from which end, of which version, under which connection ID and with the keys of which one;
 * two bytes of length; and the frames. */
#include <stdint.h>

#include "../tests/unit/quic_maker.h"
#include "shield/packets/quic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_draft(gpointer user)
{
    const Draft *draft = user;

    for (guint i = 0; i < draft->observation.count; i++) {
        const ObservationValue *value = &draft->observation.values[i];
        g_assert_cmpuint(value->length, >, 0);
        g_assert_cmpuint(value->length, <=, HELLO_MAX_NAME);
        g_autofree char *copy = g_memdup2(value->text, value->length);
        g_assert_nonnull(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"8394c8f03e515708", "f067a5502a4262b5", "", "c0ffee01"};
    static const guint32 versions[] = {1, 0x6b3343cf};
    static Draft draft;
    g_autoptr(QuicCipher) cipher = quic_cipher_new();
    QuicFlow *flow = NULL;
    gsize held = 0;
    PayloadSink sink = {&draft, read_draft, &draft, &held};

    while (size >= 3) {
        guint how = data[0], length = MIN(bytes_be16(data + 1), (guint)size - 3);
        QuicMade made = {
            .version = versions[how >> 1 & 1],
            .type = how >> 1 & 1,
            .destination = ids[how >> 2 & 3],
            .keys = ids[how >> 4 & 3],
            .source = ids[how >> 6],
        };
        GByteArray *frames = g_byte_array_new();
        frames_bytes(frames, data + 3, length);
        g_autoptr(GByteArray) packet = quic_seal(&made, frames, 0);
        quic_add(cipher, &flow, how & 1, &sink, packet->data, packet->len);
        g_assert_cmpuint(held, <, 1024 + QUIC_MAX_CONNECTIONS * (2 * HELLO_MAX + 4096));
        data += 3 + length;
        size -= 3 + length;
    }
    quic_flow_free(flow, &held);
    g_assert_cmpuint(held, ==, 0);
    return 0;
}
