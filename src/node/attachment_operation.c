#include "node/attachment_operation.h"

#include <string.h>

#include "exchange/evidence_bundle.h"
#include "node/attachment_keeper.h"
#include "node/operation_params.h"
#include "store/attachments.h"

static gboolean refuse(const char *operation, const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", operation, what);
    return FALSE;
}

/* Reads which chunk it is; whether it may be is for chunk_parse() to tell. */
static gboolean read_chunk(yyjson_val *params, const char *operation, Chunk *chunk, GError **error)
{
    gint64 size, place;
    if (!operation_params_sha256(params, operation, "sha256", chunk->sha256, error) ||
        !operation_params_int(params, operation, "size", &size, error) ||
        !operation_params_int(params, operation, "place", &place, error))
        return FALSE;
    if (size < 0 || place < 0 || place > G_MAXUINT32)
        return refuse(operation, "there is no such chunk", error);
    chunk->size = (guint64)size;
    chunk->place = (guint)place;
    return TRUE;
}

gboolean attachment_operation_keep(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "attachment.keep";
    Chunk chunk, read;
    gboolean is_malicious;
    const char *text;
    gsize length;
    if (!read_chunk(params, operation, &chunk, error) ||
        !operation_params_bool(params, operation, "malicious", &is_malicious, error) ||
        !operation_params_text(params, operation, "bytes", TRUE, &text, error))
        return FALSE;
    g_autofree guchar *bytes = g_base64_decode(text, &length);
    g_autoptr(GBytes) item = chunk_make(&chunk, bytes, length);
    const void *whole = g_bytes_get_data(item, &length);
    return chunk_parse(whole, length, &read, error) &&
           attachments_keep(tx, &chunk, item, is_malicious, NULL, error);
}

gboolean attachment_operation_check(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error)
{
    guint8 sha256[SHA256_SIZE];
    if (!operation_params_sha256(params, "attachment.check", "sha256", sha256, error) ||
        !attachment_keeper_check(notary, sha256, error))
        return FALSE;
    g_autoptr(GPtrArray) copies = attachments_find(notary_store(notary), sha256, error);
    if (!copies)
        return FALSE;
    const Attachment *best = copies->len > 0 ? copies->pdata[0] : NULL;
    yyjson_mut_obj_add_str(result, yyjson_mut_doc_get_root(result), "state",
                           best ? attachment_state_name(best->state) : "none");
    return TRUE;
}

gboolean attachment_operation_sign(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    yyjson_val *body = yyjson_obj_get(params, "body");
    const NoteSigner *messenger = notary_messenger(notary, error);
    if (!messenger)
        return FALSE;
    if (!yyjson_is_obj(body))
        return refuse("evidence.sign", "\"body\" must be an object", error);
    g_autofree char *text = signed_json_make(EVIDENCE_BUNDLE_TYPE, body, &messenger, 1, error);
    if (!text)
        return FALSE;
    yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), "text", text);
    return TRUE;
}
