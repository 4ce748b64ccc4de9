/* fuzz_dossier_file.c - files of events with the keys that verify them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dossier/dossier_file.h"
#include "dossier/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DossierFile) file = dossier_file_read((const char *)data, size, NULL, &error);
    if (!file) {
        if (!error)
            g_error("refused without a reason");
        return 0;
    }
    g_autoptr(EngineResult) result G_GNUC_UNUSED =
        engine_run((const Event *const *)file->events->pdata, file->events->len);
    /* Nothing that was read was verified by a key that is not there. */
    if (file->events->len > 0 && file->keys->len == 0)
        g_error("an event was verified by no key");
    return 0;
}
