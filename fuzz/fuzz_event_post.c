/* fuzz_event_post.c - posts of events of a peer whose peering is suspended. */
#include <stddef.h>
#include <stdint.h>

#include "exchange/event_post.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) events = event_post_parse((const char *)data, size, NULL);
    if (!events)
        return 0;
    if (events->len == 0 || events->len > EVENT_POST_EVENTS)
        g_error("a post has %u events", events->len);
    /* What is made of them is read as the same, as far as it fits. */
    g_autoptr(GBytes) body = event_post_make(events);
    if (!body)
        return 0;
    g_autoptr(GPtrArray) again =
        event_post_parse(g_bytes_get_data(body, NULL), g_bytes_get_size(body), NULL);
    if (!again || !g_bytes_equal(again->pdata[again->len - 1], events->pdata[events->len - 1]))
        g_error("a post that was read is not read again");
    return 0;
}
