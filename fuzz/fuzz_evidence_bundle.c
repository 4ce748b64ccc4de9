/* fuzz_evidence_bundle.c - files that are, or should be, evidence bundles. What anybody changed
 * must be told: only the seed itself holds. */
#include <stddef.h>
#include <stdint.h>

#include "dossier/evidence_case.h"
#include "exchange/evidence_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const EvidenceTrust trust = {0};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    g_autoptr(EvidenceVerifyReport) report = evidence_verify(stream, &trust, NULL);
    if (report && report->result->opening) {
        g_autofree char *text = evidence_case(report->result, report->chain);
        g_assert(text != NULL);
    }
    return 0;
}
