/* fuzz_report_stix.c - reads STIX incidents as findings. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_STIX);
}
