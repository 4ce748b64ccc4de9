#include "dossier/docket_files.h"

#include "store/attachments.h"

#define FILES_MAX (4 * PROCEDURE_FILES_MAX)

static gboolean read_file(yyjson_val *value, DocketFile *ret_file)
{
    yyjson_val *sha256 = yyjson_obj_get(value, "sha256");
    yyjson_val *size = yyjson_obj_get(value, "size");
    DocketFile file = {.name = yyjson_get_str(yyjson_obj_get(value, "name")),
                       .type = yyjson_get_str(yyjson_obj_get(value, "type")),
                       .is_malicious = yyjson_obj_get(value, "malicious") != NULL};
    if (!file.name || !file.type || !yyjson_is_str(sha256) || !yyjson_is_uint(size) ||
        !sha256_parse(yyjson_get_str(sha256), yyjson_get_len(sha256), file.sha256))
        return FALSE;
    file.size = yyjson_get_uint(size);
    *ret_file = file;
    return file.size <= CHUNK_SIZE_MAX;
}

GArray *docket_files_list(const Event *event)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(DocketFile));
    const Procedure *procedure = procedure_find(event->procedure);
    const ProcedureTransition *row =
        procedure ? procedure_transition(procedure, event->type) : NULL;
    for (const ProcedureField *field = row ? row->fields : NULL; field && field->name; field++) {
        size_t at, size;
        yyjson_val *value;
        yyjson_val *list = yyjson_obj_get(event->payload, field->name);
        if (field->type != PROCEDURE_FILES || !yyjson_is_arr(list))
            continue;
        yyjson_arr_foreach (list, at, size, value) {
            DocketFile file;
            if (files->len < FILES_MAX && read_file(value, &file))
                g_array_append_val(files, file);
        }
    }
    return files;
}

gboolean docket_files_mention(StoreTx *tx, const Event *event, GError **error)
{
    g_autoptr(GArray) files = docket_files_list(event);
    for (guint i = 0; i < files->len; i++) {
        const DocketFile *file = &g_array_index(files, DocketFile, i);
        const AttachmentsMention mention = {.event = event->hash.bytes,
                                            .place = i,
                                            .dossier = event->dossier,
                                            .name = file->name,
                                            .type = file->type,
                                            .sha256 = file->sha256,
                                            .size = file->size,
                                            .is_malicious = file->is_malicious};
        if (!attachments_mention(tx, &mention, error))
            return FALSE;
    }
    return TRUE;
}
