/* fuzz_chunk.c - what a peer sends as a piece of a file: what is taken is what would be made. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "store/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Chunk chunk;
    if (!chunk_parse(data, size, &chunk, NULL))
        return 0;
    g_assert(chunk.place < chunk_count(chunk.size));
    g_autoptr(GBytes) again = chunk_make(&chunk, data + CHUNK_HEAD, size - CHUNK_HEAD);
    g_assert(g_bytes_get_size(again) == size &&
             memcmp(g_bytes_get_data(again, NULL), data, size) == 0);
    return 0;
}
