/* Whatever the frame: a message's parts lie within it. */
#include <stdint.h>

#include "shield/packets/dns.h"
#include "shield/packets/dnstap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const uint8_t *data, size_t size, const guint8 *part, gsize length,
                       Draft *draft)
{
    if (!part)
        return;
    g_assert_true(part >= data && length <= size && part <= data + size - length);
    draft_begin(draft);
    dns_read(part, length, draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Draft draft;
    DnstapMessage message;

    if (!dnstap_parse(data, size, &message))
        return 0;
    g_assert_true(message.query_end.length == 0 || message.query_end.length == 4 ||
                  message.query_end.length == 16);
    check_part(data, size, message.query, message.query_length, &draft);
    check_part(data, size, message.response, message.response_length, &draft);
    return 0;
}
