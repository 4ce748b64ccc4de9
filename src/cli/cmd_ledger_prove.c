/* cmd_ledger_prove.c - `concert ledger prove` and `disclose`: files that prove an entry to others.
 */
#include <string.h>

#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/ledger_entry.h"
#include "store/openings.h"

static int write_text(const CommandCall *call, const char *text, GError **error)
{
    if (!text || !ledger_entry_write(command_text(call, "output"), text, strlen(text), error))
        return COMMAND_ERROR;
    return COMMAND_OK;
}

static int prove(const CommandCall *call, GError **error)
{
    guint64 index;
    if (!ledger_entry_index(call, 0, &index, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autofree char *note = ledger_entry_best_note(node, index, error);
    g_autofree char *text = note ? openings_prove(node_store(node), index, note, error) : NULL;
    return write_text(call, text, error);
}

static int disclose(const CommandCall *call, GError **error)
{
    guint64 index;
    if (!ledger_entry_index(call, 0, &index, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    guint item = (guint)command_int(call, "item", OPENINGS_ALL_ITEMS);
    g_autofree char *note = ledger_entry_best_note(node, index, error);
    g_autofree char *text =
        note ? openings_disclose(node_store(node), index, item, note, error) : NULL;
    return write_text(call, text, error);
}

#define OUTPUT_OPTION                                                                              \
    {                                                                                              \
        "output", 'o', COMMAND_TEXT, "FILE",                                                       \
            .help = "new file to write to (default: standard output)"                              \
    }

const Command cmd_ledger_prove = {
    .name = "prove",
    .summary = "prove that an entry stands in the ledger",
    .arguments = "INDEX",
    .min_arguments = 1,
    .description =
        "Writes a proof in the format tlog-proof of C2SP: the path from the entry to a "
        "signed checkpoint, with the cosignatures of witnesses as far as there are. It "
        "shows where the entry stands, not what it says; for that see `concert ledger "
        "disclose`. `concert ledger verify-proof` verifies it, anywhere and offline; the "
        "entry itself, which that asks for, is \"entry\" of `concert ledger show INDEX "
        "--json`.",
    .options = (const CommandOption[]){OUTPUT_OPTION, COMMAND_OPTIONS_END},
    .nothing = "there is no such entry",
    .uses_node = TRUE,
    .run = prove,
};

const Command cmd_ledger_disclose = {
    .name = "disclose",
    .summary = "prove to anybody what an entry says",
    .arguments = "INDEX",
    .min_arguments = 1,
    .description =
        "Writes one file that holds the entry's opening, the proof that it stands in the "
        "ledger, and the ledger's key changes. Who has the file can read what it opens, "
        "so give it only to whom that may be shown. `concert ledger verify-disclosure` "
        "verifies it, anywhere and offline.",
    .options =
        (const CommandOption[]){
            {"item", 'i', COMMAND_INT, "K", .max = OPENING_ITEMS_MAX - 1,
             .help = "with item K only, from 0; of the others only their hashes"},
            OUTPUT_OPTION,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger disclose 17 --item 0 -o for-birch.json",
             "what item 0 of entry 17 says, and nothing else"},
            {NULL},
        },
    .nothing = "there is no such entry or item",
    .uses_node = TRUE,
    .run = disclose,
};
