/* cmd_ledger_show.c - `concert ledger show`: one entry, its opening, an item of it. */
#include <string.h>

#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/ledger_entry.h"
#include "store/openings.h"

static int write_item(const CommandCall *call, const Opening *opening, guint64 index,
                      GError **error)
{
    static const char *const states[] = {"", "withheld", "erased"};
    guint place = (guint)command_int(call, "item", 0);
    if (opening->is_erased || place >= opening->n_items) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    opening->is_lost ? "entry %" G_GUINT64_FORMAT
                                       " is lost: item %u of it did not come back"
                    : opening->is_erased ? "entry %" G_GUINT64_FORMAT
                                           " is erased: item %u of it is gone"
                                         : "entry %" G_GUINT64_FORMAT " has no item %u",
                    index, place);
        return COMMAND_NOTHING;
    }
    const OpeningItem *item = &opening->items[place];
    if (item->state != OPENING_PRESENT) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "item %u of entry %" G_GUINT64_FORMAT " is %s", place, index,
                    states[item->state]);
        return COMMAND_NOTHING;
    }
    gsize length;
    const void *bytes = g_bytes_get_data(item->bytes, &length);
    return ledger_entry_write(command_text(call, "output"), bytes, length, error) ? COMMAND_OK
                                                                                  : COMMAND_ERROR;
}

static void print(guint64 index, const Opening *opening)
{
    static const char *const states[] = {"", "  withheld", "  erased"};
    g_autofree char *commitment = g_base64_encode(opening->entry + 1, SHA256_SIZE);
    output_line("index       %" G_GUINT64_FORMAT, index);
    output_line("commitment  %s", commitment);
    if (opening->is_lost) {
        output_line("lost        what the entry said did not come back with a restore; that it "
                    "stands here did");
        return;
    }
    if (opening->is_erased) {
        output_line("erased      what the entry said is destroyed; that it stands here is not");
        return;
    }
    char time[OUTPUT_NUMBER_MAX], size[OUTPUT_NUMBER_MAX];
    g_autofree char *audience = ledger_entry_audience(opening);
    output_line("kind        %s", opening->kind);
    output_line("time        %s", output_time(time, opening->time_us));
    output_line("audience    %s", audience);
    for (guint i = 0; i < opening->n_items; i++)
        output_line("item %-6u %s  %s%s", i, opening->items[i].type,
                    output_size(size, opening->items[i].length), states[opening->items[i].state]);
    output_line("header      %s", opening->header);
}

static int run(const CommandCall *call, GError **error)
{
    guint64 index;
    if (!ledger_entry_index(call, 0, &index, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Opening) opening = node ? openings_read(node_store(node), index, error) : NULL;
    if (!opening)
        return COMMAND_ERROR;
    if (command_int(call, "item", -1) >= 0)
        return write_item(call, opening, index, error);
    if (command_json(call))
        ledger_entry_json(index, opening);
    else
        print(index, opening);
    return COMMAND_OK;
}

const Command cmd_ledger_show = {
    .name = "show",
    .summary = "show an entry and what it says",
    .arguments = "INDEX",
    .min_arguments = 1,
    .options =
        (const CommandOption[]){
            {"item", 'i', COMMAND_INT, "K", .max = OPENING_ITEMS_MAX - 1,
             .help = "write the bytes of item K, from 0"},
            {"output", 'o', COMMAND_TEXT, "FILE",
             .help = "where to write the item (default: standard output)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is no such entry or item, or it was erased or lost",
    .uses_node = TRUE,
    .run = run,
};
