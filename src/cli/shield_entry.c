#include "cli/shield_entry.h"

char *shield_entry_words(const ReleaseEntry *entry)
{
    return entry->port != 0 ? g_strdup_printf("%s port %u", entry->value, entry->port)
                            : g_strdup(entry->value);
}

void shield_entry_add(yyjson_mut_doc *doc, yyjson_mut_val *row, const ReleaseEntry *entry)
{
    yyjson_mut_obj_add_str(doc, row, "type", observable_kind_name(entry->kind));
    yyjson_mut_obj_add_str(doc, row, "value", entry->value);
    if (entry->port != 0)
        yyjson_mut_obj_add_uint(doc, row, "port", entry->port);
}
