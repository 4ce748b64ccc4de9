#include "exchange/directory.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"

#define DIRECTORY_TYPE "directory/v1"

char *directory_format(const GPtrArray *cards)
{
    GString *text = g_string_new("{\"cards\":[");
    for (guint i = 0; i < cards->len; i++) {
        if (i > 0)
            g_string_append_c(text, ',');
        g_string_append(text, cards->pdata[i]);
    }
    g_string_append(text, "],\"concert\":\"" DIRECTORY_TYPE "\"}");
    return g_string_free(text, FALSE);
}

void directory_entry_free(DirectoryEntry *entry)
{
    card_free(entry->card);
    g_free(entry->failure);
    g_free(entry);
}

static void add_card(GPtrArray *entries, yyjson_val *value)
{
    g_autoptr(GError) error = NULL;
    DirectoryEntry *entry = g_new0(DirectoryEntry, 1);
    entry->card = card_read(value, &error);
    if (!entry->card)
        entry->failure = g_strdup(error->message);
    g_ptr_array_add(entries, entry);
}

static gboolean check_list(yyjson_val *root, yyjson_val *list, GError **error)
{
    if (!yyjson_equals_str(yyjson_obj_get(root, "concert"), DIRECTORY_TYPE) ||
        !yyjson_is_arr(list)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is neither a directory nor a node card");
        return FALSE;
    }
    if (yyjson_arr_size(list) <= DIRECTORY_CARDS_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a directory has at most %d cards",
                DIRECTORY_CARDS_MAX);
    return FALSE;
}

GPtrArray *directory_parse(const char *text, gsize length, GError **error)
{
    if (length > DIRECTORY_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a directory has at most %d bytes",
                    DIRECTORY_BYTES_MAX);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc)
        return NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *list = yyjson_obj_get(root, "cards"), *value;
    g_autoptr(GPtrArray) entries =
        g_ptr_array_new_with_free_func((GDestroyNotify)directory_entry_free);
    if (yyjson_obj_get(root, "signatures")) {
        add_card(entries, root);
        return g_steal_pointer(&entries);
    }
    if (!check_list(root, list, error))
        return NULL;
    size_t at, count;
    yyjson_arr_foreach (list, at, count, value)
        add_card(entries, value);
    return g_steal_pointer(&entries);
}
