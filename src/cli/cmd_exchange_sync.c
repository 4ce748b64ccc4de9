/* cmd_exchange_sync.c - `concert exchange sync`: follows peers now, instead of when it is due. */
#include "base/jsontext.h"
#include "cli/cmd_exchange.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "store/peers.h"

static const struct {
    const char *name, *word;
} counts[] = {
    {"openings", "entries"}, {"dispatches", "dispatches"}, {"stored", "new items"},
    {"known", "known ones"}, {"refused", "refused ones"},
};

static void print_json(const char *peer, yyjson_val *result, const char *failure)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    dispatch_view_add_text(doc, root, "peer", peer);
    dispatch_view_add_text(doc, root, "failure", failure);
    yyjson_val *key, *value;
    size_t i, count;
    yyjson_obj_foreach (result, i, count, key, value)
        yyjson_mut_obj_add(root, yyjson_val_mut_copy(doc, key), yyjson_val_mut_copy(doc, value));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_text(const char *peer, yyjson_val *result)
{
    char number[OUTPUT_NUMBER_MAX];
    guint64 bytes = yyjson_get_uint(yyjson_obj_get(result, "bytes"));
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        guint64 count = yyjson_get_uint(yyjson_obj_get(result, counts[i].name));
        if (count > 0 || i == 0)
            g_string_append_printf(line, "%s %s, ", output_number(number, count), counts[i].word);
    }
    output_line("%s: %s%s", peer, line->str, output_size(number, bytes));
}

/* FALSE when the peer could not be followed, which is said and costs the others nothing. */
static gboolean sync_peer(const CommandCall *call, Node *node, const Peer *peer)
{
    OutputProgress progress = {0};
    g_autoptr(GError) local = NULL;
    yyjson_doc *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "peer", peer->origin);
    output_progress(&progress, "following %s", peer->node);
    gboolean good = command_node_call(node, "exchange.follow", params, &result, &local);
    output_progress_clear(&progress);
    if (command_json(call)) {
        print_json(peer->node, yyjson_doc_get_root(result), good ? NULL : local->message);
    } else if (good) {
        print_text(peer->node, yyjson_doc_get_root(result));
    } else {
        g_autofree char *message = g_strdup_printf("%s: %s", peer->node, local->message);
        output_error(message);
    }
    yyjson_doc_free(result);
    return good;
}

static int sync_all(const CommandCall *call, Node *node, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(node_store(node), error);
    if (!peers)
        return COMMAND_ERROR;
    guint active = 0, failed = 0;
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        if (peer->state != PEER_ACTIVE)
            continue;
        active++;
        failed += !sync_peer(call, node, peer);
    }
    return active > 0 && failed == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    if (call->count == 0)
        return sync_all(call, node, error);
    g_autoptr(Peer) peer = peers_get(node_store(node), call->arguments[0], error);
    if (!peer)
        return COMMAND_ERROR;
    return sync_peer(call, node, peer) ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_exchange_sync = {
    .name = "sync",
    .summary = "follow peers now",
    .arguments = "[PEER]",
    .description = "Asks the peer, or each active one, for what is new until there is nothing "
                   "more. While the node is served that happens by itself.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such peer, no active one, or one could not be followed",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
