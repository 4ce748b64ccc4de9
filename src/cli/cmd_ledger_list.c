/* cmd_ledger_list.c - `concert ledger list`: the entries, newest first. */
#include <string.h>

#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/ledger_entry.h"
#include "cli/output.h"
#include "store/openings.h"

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_auto(LedgerReadState) state = {0};
    if (!node || !ledger_read_state(node_store(node), &state, error))
        return COMMAND_ERROR;
    const char *kind = command_text(call, "kind");
    guint64 limit = (guint64)command_int(call, "limit", 50);
    g_autoptr(OutputTable) table =
        output_table_new(">INDEX", "TIME", "KIND", "AUDIENCE", ">ITEMS", "TITLE", NULL);
    guint64 shown = 0;
    for (guint64 i = state.size; i > 0 && shown < limit; i--) {
        g_autoptr(Opening) opening = openings_read(node_store(node), i - 1, error);
        if (!opening)
            return COMMAND_ERROR;
        if (kind && g_strcmp0(opening->kind, kind) != 0)
            continue;
        shown++;
        if (command_json(call))
            ledger_entry_json(i - 1, opening);
        else
            ledger_entry_row(table, i - 1, opening);
    }
    output_table_print(g_steal_pointer(&table));
    return shown > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_list = {
    .name = "list",
    .summary = "list entries, newest first",
    .options =
        (const CommandOption[]){
            {"kind", 'k', COMMAND_TEXT, "KIND", .help = "only entries of this kind"},
            {"limit", 'n', COMMAND_INT, "N", .min = 1, .max = G_MAXINT64,
             .help = "at most so many (default: 50)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run,
};
