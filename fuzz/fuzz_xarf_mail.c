/* fuzz_xarf_mail.c - reads X-ARF in mails. */
#include "finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return finding_fuzz(data, size, FINDING_FORMAT_XARF_MAIL);
}
