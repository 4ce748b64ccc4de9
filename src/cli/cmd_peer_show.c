/* cmd_peer_show.c - `concert peer list` and `concert peer show`. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_card.h"
#include "cli/cmd_peer.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "exchange/words.h"
#include "store/outbox.h"
#include "store/own_card.h"
#include "store/peer_past.h"

#define SKEW_WORTH_TELLING_US (5 * G_USEC_PER_SEC)

char *cmd_peer_words(Store *store, const Peer *peer, GError **error)
{
    g_autofree char *text = NULL;
    if (!own_card_get(store, &text, error))
        return NULL;
    if (!text) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "this node has published no card yet: `concert card publish`");
        return NULL;
    }
    g_autoptr(Card) own = card_parse(text, strlen(text), error);
    g_autoptr(Card) card = own ? card_parse(peer->card, strlen(peer->card), error) : NULL;
    return card ? words_compute(own, card, error) : NULL;
}

static void add_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, char **list)
{
    yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, object, key);
    for (guint i = 0; list[i]; i++)
        yyjson_mut_arr_add_str(doc, array, list[i]);
}

void cmd_peer_json(const Peer *peer, const char *words, const PeerWitnessView *witness)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "peer", peer->node);
    yyjson_mut_obj_add_str(doc, root, "origin", peer->origin);
    jsontext_add(doc, root, "organisation", peer->organisation);
    yyjson_mut_obj_add_str(doc, root, "state", peer_state_name(peer->state));
    yyjson_mut_obj_add_bool(doc, root, "suspended_by_us", peer->suspended_by_us);
    yyjson_mut_obj_add_bool(doc, root, "suspended_by_them", peer->suspended_by_them);
    jsontext_add(doc, root, "reason", peer->reason);
    jsontext_add(doc, root, "words", words);
    yyjson_mut_obj_add_bool(doc, root, "compared", peer->compared);
    yyjson_mut_obj_add_uint(doc, root, "card", peer->card_number);
    add_list(doc, root, "endpoints", peer->urls);
    yyjson_mut_obj_add_uint(doc, root, "size", peer->size);
    yyjson_mut_obj_add_uint(doc, root, "held", peer->cursor);
    output_add_time(doc, root, "contacted", peer->contacted);
    jsontext_add(doc, root, "failure", peer->failure);
    yyjson_mut_obj_add_uint(doc, root, "failures", peer->failures);
    yyjson_mut_obj_add_real(doc, root, "clock_ahead_seconds", (double)peer->skew_us / 1e6);
    jsontext_add(doc, root, "fork", peer->fork_reason);
    if (witness)
        peer_witness_view_json(witness, doc, root);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* What a person should look at, or nothing. */
static char *describe(const Peer *peer)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (peer->fork)
        g_string_append(text, "CONVICTED OF TWO TREES, ");
    if (peer->state == PEER_ASKED)
        g_string_append(text, "waits for your answer, ");
    if (peer->state != PEER_ENDED && !peer->compared)
        g_string_append(text, "words not compared, ");
    if (peer->suspended_by_us)
        g_string_append(text, "suspended by this node, ");
    if (peer->suspended_by_them)
        g_string_append(text, "suspended by the peer, ");
    if (ABS(peer->skew_us) > SKEW_WORTH_TELLING_US)
        g_string_append_printf(text, "its clock is %" G_GINT64_FORMAT " s %s, ",
                               ABS(peer->skew_us) / G_USEC_PER_SEC,
                               peer->skew_us > 0 ? "ahead" : "behind");
    if (peer->failure)
        g_string_append_printf(text, "%s, ", peer->failure);
    if (text->len > 0)
        g_string_truncate(text, text->len - 2);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) peers = node ? peers_list(node_store(node), error) : NULL;
    if (!peers)
        return COMMAND_ERROR;
    OutputTable *table =
        output_table_new("PEER", "ORGANISATION", "STATE", ">HELD", "CONTACTED", "NOTE", NULL);
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        char held[OUTPUT_NUMBER_MAX], contacted[OUTPUT_NUMBER_MAX];
        g_autofree char *note = describe(peer);
        if (command_json(call))
            cmd_peer_json(peer, NULL, NULL);
        else
            output_table_row(
                table,
                (const char *[]){
                    peer->node, peer->organisation, peer_state_name(peer->state),
                    output_number(held, peer->cursor),
                    peer->contacted > 0 ? output_time(contacted, peer->contacted) : "never", note});
    }
    output_table_print(table);
    return peers->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static void print_posts(const GPtrArray *posts)
{
    for (guint i = 0; i < posts->len; i++) {
        const OutboxPost *post = posts->pdata[i];
        char made[OUTPUT_NUMBER_MAX];
        output_line("%-14s %s of %s%s%s%s", post->next == 0 ? "refused" : "waits", post->title,
                    output_time(made, post->made), post->failure ? " (" : "",
                    post->failure ? post->failure : "", post->failure ? ")" : "");
    }
}

/* The ledgers that were lost. */
static void print_past(const GPtrArray *past)
{
    for (guint i = 0; i < past->len; i++) {
        const PeerPastLedger *ledger = past->pdata[i];
        char held[OUTPUT_NUMBER_MAX], until[OUTPUT_NUMBER_MAX];
        output_line("%-14s %s, of which %s entries are held; followed until %s", "lost",
                    ledger->origin, output_number(held, ledger->cursor),
                    output_time(until, ledger->until));
    }
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Peer) peer = node ? peers_get(node_store(node), call->arguments[0], error) : NULL;
    g_autoptr(GPtrArray) posts = peer ? outbox_list(node_store(node), peer->number, error) : NULL;
    g_autoptr(GPtrArray) past =
        posts ? peer_past_ledgers(node_store(node), peer->number, error) : NULL;
    g_autoptr(Card) card = past ? card_parse(peer->card, strlen(peer->card), error) : NULL;
    g_auto(PeerWitnessView) witness = {0};
    if (!card || !peer_witness_view_read(node, peer, card, &witness, error))
        return COMMAND_ERROR;
    g_autofree char *words = cmd_peer_words(node_store(node), peer, NULL);
    if (command_json(call)) {
        cmd_peer_json(peer, words, &witness);
        return COMMAND_OK;
    }
    char number[OUTPUT_NUMBER_MAX], time[OUTPUT_NUMBER_MAX];
    g_autofree char *note = describe(peer);
    cmd_card_print(card);
    output_line("%-14s %s%s%s", "peering", peer_state_name(peer->state), *note ? ": " : "", note);
    if (peer->reason)
        output_line("%-14s %s", "they said", peer->reason);
    if (words)
        output_line("%-14s %s%s", "words", words, peer->compared ? "" : "  (not compared)");
    output_line("%-14s %s", "ledger", peer->origin);
    output_line("%-14s %s entries", "held", output_number(number, peer->cursor));
    peer_witness_view_print(&witness);
    print_past(past);
    if (peer->contacted > 0)
        output_line("%-14s %s", "contacted", output_time(time, peer->contacted));
    print_posts(posts);
    return COMMAND_OK;
}

const Command cmd_peer_list = {
    .name = "list",
    .summary = "list the nodes that this one knows, and what waits",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

const Command cmd_peer_show = {
    .name = "show",
    .summary = "show a peer's card, the words, and how far it was followed",
    .arguments = "PEER",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};
