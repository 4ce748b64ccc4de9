/* fuzz_iodef.c - reads IODEF in XML. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_IODEF);
}
