#include "cli/ledger_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "ledger/quorum.h"

GByteArray *ledger_trust_read_file(const char *path, gsize max, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gboolean is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    gssize got = fd < 0 ? -1 : 1;
    while (got > 0 && bytes->len <= max) {
        guint8 block[16 * 1024];
        got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            g_byte_array_append(bytes, block, (guint)got);
    }
    int problem = errno;
    if (fd >= 0 && !is_stdin)
        close(fd);
    if (got < 0) {
        error_from_errno(error, problem, "%s", path);
        command_file_error(error);
        return NULL;
    }
    if (bytes->len > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "%s: larger than %" G_GSIZE_FORMAT " bytes", path, max);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

Trust *ledger_trust_read(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "policy");
    g_autoptr(GByteArray) policy = NULL;
    if (path && !(policy = ledger_trust_read_file(path, QUORUM_BYTES_MAX, error)))
        return NULL;
    if (policy) /* an empty file is a policy too, if a wrong one */
        g_byte_array_append(policy, (const guint8 *)"", 1);
    return trust_new(command_texts(call, "key"), policy ? (const char *)policy->data : NULL,
                     policy ? policy->len - 1 : 0, error);
}

char *ledger_trust_key_name(const TrustSignature *signature)
{
    return g_strdup_printf("%s+%08x", signature->name, signature->key_id);
}

void ledger_trust_print(const Trust *trust, const Note *note)
{
    for (guint i = 0; i < note->n_signatures; i++) {
        TrustSignature signature = trust_signature(trust, note, i);
        g_autofree char *key = ledger_trust_key_name(&signature);
        char time[OUTPUT_NUMBER_MAX];
        if (signature.verdict == TRUST_UNKNOWN)
            output_line("signature  %s (not checked: no key of yours)", key);
        else if (signature.verdict == TRUST_BAD)
            output_line("signature  %s (WRONG)", key);
        else if (signature.is_cosignature && signature.time_s < G_MAXINT64 / G_USEC_PER_SEC)
            output_line("cosigned   %s at %s", key,
                        output_time(time, (gint64)signature.time_s * G_USEC_PER_SEC));
        else
            output_line("signed     %s", key);
    }
}
