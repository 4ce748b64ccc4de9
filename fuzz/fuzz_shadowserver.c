/* fuzz_shadowserver.c - reads Shadowserver's tables. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_SHADOWSERVER);
}
