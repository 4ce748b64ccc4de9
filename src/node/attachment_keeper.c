#include "node/attachment_keeper.h"

#include <string.h>

#include "store/attachments.h"

typedef struct {
    gint64 number;
    AttachmentState state;
} Checked;

static gboolean apply_state(StoreTx *tx, gpointer user, GError **error)
{
    const Checked *checked = user;
    return attachments_set_state(tx, checked->number, checked->state, error);
}

static gboolean check(Notary *notary, const Attachment *copy, GError **error)
{
    GError *local = NULL;
    Checked checked = {copy->number, ATTACHMENT_WHOLE};
    if (!attachments_read(notary_store(notary), copy, NULL, NULL, &local)) {
        if (!g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_INPUT) &&
            !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
            g_propagate_error(error, local);
            return FALSE;
        }
        g_clear_error(&local);
        checked.state = ATTACHMENT_DAMAGED;
    }
    return writer_run(notary_writer(notary), 1, apply_state, &checked, error);
}

gboolean attachment_keeper_check(Notary *notary, const guint8 *sha256, GError **error)
{
    g_autoptr(GPtrArray) copies = attachments_unchecked(notary_store(notary), error);
    for (guint i = 0; copies && i < copies->len; i++) {
        const Attachment *copy = copies->pdata[i];
        if ((!sha256 || memcmp(copy->sha256, sha256, SHA256_SIZE) == 0) &&
            !check(notary, copy, error))
            return FALSE;
    }
    return copies != NULL;
}
