/* fuzz_finding.c - reads reports of any format, told from their content. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_NONE);
}
