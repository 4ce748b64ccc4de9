#include "cli/ledger_entry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "node/policy_file.h"
#include "store/witness.h"

gboolean ledger_entry_index(const CommandCall *call, guint place, guint64 *ret_index,
                            GError **error)
{
    const char *text = call->arguments[place];
    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, ret_index, NULL))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s: an entry is named by its index, a whole number from 0", text);
    return FALSE;
}

char *ledger_entry_audience(const Opening *opening)
{
    if (opening->is_erased)
        return g_strdup(opening->is_lost ? "lost" : "erased");
    if (opening->is_public)
        return g_strdup("public");
    return opening->audience[0] ? g_strjoinv(" ", opening->audience) : g_strdup("nobody");
}

static char *title_of(yyjson_doc *header)
{
    yyjson_val *root = yyjson_doc_get_root(header);
    yyjson_val *title = yyjson_obj_get(root, "title");
    yyjson_val *erased = yyjson_obj_get(root, "erased");
    if (yyjson_is_str(title))
        return g_strdup(yyjson_get_str(title));
    if (yyjson_is_uint(erased))
        return g_strdup_printf("of entry %" G_GUINT64_FORMAT, yyjson_get_uint(erased));
    return NULL;
}

void ledger_entry_row(OutputTable *table, guint64 index, const Opening *opening)
{
    char time[OUTPUT_NUMBER_MAX] = "";
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, index);
    g_autofree char *items = g_strdup_printf("%u", opening->n_items);
    g_autofree char *audience = ledger_entry_audience(opening);
    yyjson_doc *header = opening_header(opening);
    g_autofree char *title = title_of(header);
    if (!opening->is_erased)
        output_time(time, opening->time_us);
    output_table_row(table, (const char *[]){number, time, opening->kind, audience, items, title});
    yyjson_doc_free(header);
}

static const char *const state_names[] = {"present", "withheld", "erased"};

static void add_items(yyjson_mut_doc *doc, yyjson_mut_val *root, const Opening *opening)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "items");
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "type", item->type);
        yyjson_mut_obj_add_uint(doc, object, "length", item->length);
        yyjson_mut_obj_add_str(doc, object, "state", state_names[item->state]);
    }
}

void ledger_entry_json(guint64 index, const Opening *opening)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autoptr(GString) hex = g_string_new(NULL);
    for (guint i = 0; i < OPENING_ENTRY_SIZE; i++)
        g_string_append_printf(hex, "%02x", opening->entry[i]);
    yyjson_doc *header = opening_header(opening);
    yyjson_mut_obj_add_uint(doc, root, "index", index);
    yyjson_mut_obj_add_str(doc, root, "entry", hex->str);
    yyjson_mut_obj_add_bool(doc, root, "erased", opening->is_erased && !opening->is_lost);
    yyjson_mut_obj_add_bool(doc, root, "lost", opening->is_lost);
    if (header) {
        yyjson_mut_obj_add_val(doc, root, "header",
                               yyjson_val_mut_copy(doc, yyjson_doc_get_root(header)));
        add_items(doc, root, opening);
    }
    output_json(root);
    yyjson_doc_free(header);
    yyjson_mut_doc_free(doc);
}

char *ledger_entry_best_note(Node *node, guint64 index, GError **error)
{
    g_autoptr(Quorum) policy = NULL;
    g_auto(WitnessServed) served = {0};
    /* Of any time: the newest that was cosigned at all, and meets the policy if there is one. */
    if (!policy_file_load(node_config(node), &policy, error) ||
        !witness_served_checkpoint(node_store(node), policy, G_MAXINT64, &served, error))
        return NULL;
    if (!served.newest || index >= served.newest_size) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the ledger has no entry %" G_GUINT64_FORMAT, index);
        return NULL;
    }
    gboolean cosigned = served.earlier && index < served.earlier_size;
    return cosigned ? g_steal_pointer(&served.earlier) : g_steal_pointer(&served.newest);
}

gboolean ledger_entry_write(const char *path, const void *bytes, gsize length, GError **error)
{
    if (path && !g_str_equal(path, "-"))
        return durable_create(path, bytes, length, 0600, error);
    if (length == 0 || fwrite(bytes, 1, length, stdout) == length)
        return TRUE;
    return error_from_errno(error, errno, "standard output");
}
