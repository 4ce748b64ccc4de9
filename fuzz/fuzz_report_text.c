/* fuzz_report_text.c - reads logs and prose as findings. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_TEXT);
}
