#include "cli/summary.h"

#include "base/timestamp.h"
#include "stix/object.h"

/* Looked at in this order. */
static const char *const telling[] = {
    "name",     "pattern",           "value",   "path",           "key", "subject", "command_line",
    "abstract", "relationship_type", "opinion", "definition_type"};

static const char *find_title(yyjson_val *root)
{
    for (guint i = 0; i < G_N_ELEMENTS(telling); i++) {
        const char *text = yyjson_get_str(yyjson_obj_get(root, telling[i]));
        if (text && text[0])
            return text;
    }
    yyjson_val *hashes = yyjson_obj_get(root, "hashes");
    yyjson_obj_iter iter = yyjson_obj_iter_with(hashes);
    yyjson_val *key = yyjson_obj_iter_next(&iter);
    const char *hash = key ? yyjson_get_str(yyjson_obj_iter_get_val(key)) : NULL;
    return hash ? hash : "";
}

char *summary_title(const ObjectsRow *row, guint width)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    yyjson_doc *doc = yyjson_read(bytes, length, 0);
    const char *title = find_title(yyjson_doc_get_root(doc));
    char *text = (guint)g_utf8_strlen(title, -1) <= width ? g_strdup(title) : NULL;
    if (!text) {
        g_autofree char *head = g_utf8_substring(title, 0, width - 3);
        text = g_strconcat(head, "...", NULL);
    }
    yyjson_doc_free(doc);
    return text;
}

static gboolean is_out_of_use(const ObjectsRow *row, GHashTable *retired)
{
    return g_hash_table_contains(retired, &row->number);
}

const char *summary_state(const ObjectsRow *row, GHashTable *retired)
{
    return row->claim                    ? "claim"
           : row->variant                ? "variant"
           : row->revoked                ? "revoked"
           : is_out_of_use(row, retired) ? "out of use"
                                         : "";
}

yyjson_mut_val *summary_json(yyjson_mut_doc *doc, const ObjectsRow *row, GHashTable *retired)
{
    char hex[2 * SHA256_SIZE + 1], stored[TIMESTAMP_MAX];
    g_autofree char *version = object_version_text(row->version, row->version_digits);
    g_autofree char *title = summary_title(row, 200);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "id", row->id);
    yyjson_mut_obj_add_str(doc, root, "type", row->type);
    if (row->version != 0)
        yyjson_mut_obj_add_strcpy(doc, root, "version", version);
    yyjson_mut_obj_add_str(doc, root, "spec", row->spec == OBJECT_SPEC_20 ? "2.0" : "2.1");
    yyjson_mut_obj_add_str(doc, root, "source", row->source);
    yyjson_mut_obj_add_strcpy(doc, root, "stored", timestamp_format(stored, row->stored_at, 6));
    yyjson_mut_obj_add_strcpy(doc, root, "sha256", sha256_hex(row->sha256, hex));
    yyjson_mut_obj_add_bool(doc, root, "revoked", row->revoked);
    yyjson_mut_obj_add_bool(doc, root, "variant", row->variant);
    yyjson_mut_obj_add_bool(doc, root, "claim", row->claim);
    yyjson_mut_obj_add_bool(doc, root, "out_of_use", is_out_of_use(row, retired));
    yyjson_mut_obj_add_strcpy(doc, root, "name", title);
    return root;
}
