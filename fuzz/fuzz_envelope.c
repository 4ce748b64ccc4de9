/* fuzz_envelope.c - pages of TAXII servers: what stands around their objects. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "intake/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        g_error("no page");
    g_auto(Envelope) envelope = {0};
    g_autoptr(GError) error = NULL;
    gboolean good = envelope_scan(fd, &envelope, &error);
    if (good == (error != NULL))
        g_error("a page that is neither good nor broken");
    if (good && envelope.next &&
        (strlen(envelope.next) > ENVELOPE_NEXT_MAX || !g_utf8_validate(envelope.next, -1, NULL)))
        g_error("a next that cannot be sent");
    close(fd);
    return 0;
}
