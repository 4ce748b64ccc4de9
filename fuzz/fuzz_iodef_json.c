/* fuzz_iodef_json.c - reads IODEF in JSON. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_IODEF_JSON);
}
