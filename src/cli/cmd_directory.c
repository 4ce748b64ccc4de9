/* cmd_directory.c - `concert directory`: lists of node cards that others publish. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/output.h"
#include "exchange/directory.h"

#define DIRECTORY_PATH "/.well-known/concert-directory"

/* What this node knows of the card's node; NULL with @error when the store cannot be read. */
static const char *judge(Store *store, const Card *card, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Peer) peer = peers_get(store, card->node, &local);
    if (!peer && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return "new";
    g_autoptr(KeyHistory) history = peer ? peers_history(peer, error) : NULL;
    if (!history) {
        if (local)
            g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return card_verify(card, history, NULL) ? peer_state_name(peer->state)
                                            : "OTHER KEYS THAN THOSE PINNED";
}

static void print_json(const Card *card, const char *verdict)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "node", card->node);
    jsontext_add(doc, root, "organisation", card->organisation);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "endpoints");
    for (guint i = 0; card->endpoints[i]; i++)
        yyjson_mut_arr_add_str(doc, list, card->endpoints[i]);
    yyjson_mut_obj_add_uint(doc, root, "number", card->number);
    yyjson_mut_obj_add_str(doc, root, "known", verdict);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static gboolean write_card(const CommandCall *call, const Card *card, GError **error)
{
    const char *directory = command_text(call, "save");
    if (!directory)
        return TRUE;
    /* The name is that of a host: no path hides in it. */
    g_autofree char *name = g_strconcat(card->node, ".json", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = card_format(card);
    g_autoptr(GError) local = NULL;
    if (g_file_set_contents(path, text, (gssize)strlen(text), &local))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, local->message);
    return FALSE;
}

static int show(const CommandCall *call, Store *store, const GPtrArray *entries, GError **error)
{
    guint bad = 0;
    g_autoptr(OutputTable) table =
        output_table_new("NODE", "ORGANISATION", "ENDPOINT", "KNOWN", NULL);
    for (guint i = 0; i < entries->len; i++) {
        const DirectoryEntry *entry = entries->pdata[i];
        if (!entry->card) {
            output_note("card %u: %s", i + 1, entry->failure);
            bad++;
            continue;
        }
        const Card *card = entry->card;
        const char *verdict = judge(store, card, error);
        if (!verdict || !write_card(call, card, error))
            return COMMAND_ERROR;
        if (command_json(call))
            print_json(card, verdict);
        else
            output_table_row(table, (const char *[]){card->node, card->organisation,
                                                     card->endpoints[0], verdict});
    }
    output_table_print(g_steal_pointer(&table));
    return bad == 0 && entries->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_import(const CommandCall *call, GError **error)
{
    gsize length;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *text = node
                                ? document_read(node_config(node), call->arguments[0],
                                                DIRECTORY_PATH, DIRECTORY_BYTES_MAX, &length, error)
                                : NULL;
    g_autoptr(GPtrArray) entries = text ? directory_parse(text, length, error) : NULL;
    return entries ? show(call, node_store(node), entries, error) : command_file_error(error);
}

static const Command command_import = {
    .name = "import",
    .summary = "show who is in a directory, and who of them is new",
    .arguments = "FILE|URL",
    .description = "Each card is verified by itself and compared with what was pinned here. Nobody "
                   "is invited: that is for a person, with `concert peer invite`.",
    .options =
        (const CommandOption[]){
            {"save", 0, COMMAND_TEXT, "DIR", .help = "write each card to DIR/NODE.json"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert directory import https://forum.example",
             "the cards that a coordinator lists"},
            {NULL},
        },
    .nothing = "nobody is in it, or a card is bad",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_import,
};

const Command cmd_directory = {
    .name = "directory",
    .summary = "look into directories of nodes",
    .description = "A directory is a list of node cards. Whoever publishes one vouches for "
                   "nothing; with [card] directory this node publishes one of its peers.",
    .subcommands = (const Command *const[]){&command_import, NULL},
};
