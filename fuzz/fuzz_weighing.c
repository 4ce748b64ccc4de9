/* fuzz_weighing.c - how a claim weighs hypotheses, as a peer may say it. */
#include <stddef.h>
#include <stdint.h>

#include "base/jsonguard.h"
#include "dossier/claim_evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_doc) doc = jsonguard_read((const char *)data, size, NULL);
    if (!doc)
        return 0;
    yyjson_val *root = yyjson_doc_get_root(doc);
    gboolean good = claim_evidence_check_weighing(root, &error);
    if (good == (error != NULL))
        g_error("it is neither good nor refused");
    if (good && yyjson_arr_size(yyjson_obj_get(root, "hypotheses")) > CLAIM_HYPOTHESES_MAX)
        g_error("there are too many hypotheses");
    return 0;
}
