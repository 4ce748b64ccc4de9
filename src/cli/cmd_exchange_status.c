/* cmd_exchange_status.c - `concert exchange status`: each peer, how far it was followed, and what
 * waits for it. */
#include "base/timestamp.h"
#include "cli/cmd_exchange.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "store/outbox.h"
#include "store/peers.h"

#define DAY_US                (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)
#define SKEW_WORTH_TELLING_US (5 * G_USEC_PER_SEC)

/* A peer, and what waits. */
typedef struct {
    const Peer *peer;
    guint64 unconfirmed;    /* entries for it */
    guint posts, given_up;  /* of the outbox */
    guint64 received, sent; /* bytes today */
} Line;

static gboolean read_line(Store *store, const Peer *peer, Line *ret_line, GError **error)
{
    g_autoptr(GPtrArray) posts = outbox_list(store, peer->number, error);
    Line line = {.peer = peer};
    if (!posts || !deliveries_waiting(store, peer->origin, &line.unconfirmed, error))
        return FALSE;
    for (guint i = 0; i < posts->len; i++) {
        const OutboxPost *post = posts->pdata[i];
        line.posts += post->next != 0;
        line.given_up += post->next == 0;
    }
    if (peer->traffic_day == timestamp_now() / DAY_US) {
        line.received = peer->received;
        line.sent = peer->sent;
    }
    *ret_line = line;
    return TRUE;
}

static void print_json(const Line *line)
{
    const Peer *peer = line->peer;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    dispatch_view_add_text(doc, root, "peer", peer->node);
    dispatch_view_add_text(doc, root, "ledger", peer->origin);
    dispatch_view_add_text(doc, root, "state", peer_state_name(peer->state));
    yyjson_mut_obj_add_bool(doc, root, "compared", peer->compared);
    yyjson_mut_obj_add_uint(doc, root, "followed", peer->cursor);
    yyjson_mut_obj_add_uint(doc, root, "size", peer->size);
    dispatch_view_add_time(doc, root, "contacted", peer->contacted);
    yyjson_mut_obj_add_uint(doc, root, "failures", peer->failures);
    dispatch_view_add_text(doc, root, "failure", peer->failure);
    dispatch_view_add_time(doc, root, "failed", peer->failure ? peer->failed : 0);
    yyjson_mut_obj_add_real(doc, root, "clock_ahead_seconds", (double)peer->skew_us / 1e6);
    yyjson_mut_obj_add_uint(doc, root, "unconfirmed", line->unconfirmed);
    yyjson_mut_obj_add_uint(doc, root, "posts_waiting", line->posts);
    yyjson_mut_obj_add_uint(doc, root, "posts_given_up", line->given_up);
    yyjson_mut_obj_add_uint(doc, root, "received_today", line->received);
    yyjson_mut_obj_add_uint(doc, root, "sent_today", line->sent);
    dispatch_view_add_text(doc, root, "fork", peer->fork_reason);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void append_note(GString *notes, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append_note(GString *notes, const char *format, ...)
{
    va_list args;
    if (notes->len > 0)
        g_string_append(notes, "; ");
    va_start(args, format);
    g_string_append_vprintf(notes, format, args);
    va_end(args);
}

/* What a person should look at; "" when all is well. Caller frees. */
static char *describe(const Line *line)
{
    const Peer *peer = line->peer;
    g_autoptr(GString) notes = g_string_new(NULL);
    if (peer->fork)
        append_note(notes, "CONVICTED: %s", peer->fork_reason);
    if (peer->state == PEER_ASKED)
        append_note(notes, "it invites this node: concert peer accept %s", peer->node);
    if (peer->failure)
        append_note(notes, "%u failures in a row: %s", peer->failures, peer->failure);
    if (ABS(peer->skew_us) >= SKEW_WORTH_TELLING_US)
        append_note(notes, "its clock is %" G_GINT64_FORMAT " s %s",
                    ABS(peer->skew_us) / G_USEC_PER_SEC, peer->skew_us > 0 ? "ahead" : "behind");
    if (line->given_up > 0)
        append_note(notes, "it refused %u posts: concert peer show %s", line->given_up, peer->node);
    return g_string_free(g_steal_pointer(&notes), FALSE);
}

static void add_row(OutputTable *table, const Line *line)
{
    const Peer *peer = line->peer;
    char contacted[OUTPUT_NUMBER_MAX], unconfirmed[OUTPUT_NUMBER_MAX], posts[OUTPUT_NUMBER_MAX];
    char in[OUTPUT_NUMBER_MAX], out[OUTPUT_NUMBER_MAX];
    g_autofree char *followed =
        g_strdup_printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, peer->cursor, peer->size);
    g_autofree char *today = g_strdup_printf("%s in, %s out", output_size(in, line->received),
                                             output_size(out, line->sent));
    g_autofree char *note = describe(line);
    output_table_row(
        table,
        (const char *[]){peer->node, peer_state_name(peer->state), followed,
                         peer->contacted > 0 ? output_time(contacted, peer->contacted) : "never",
                         output_number(unconfirmed, line->unconfirmed),
                         output_number(posts, line->posts), today, note});
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) peers = node ? peers_list(node_store(node), error) : NULL;
    if (!peers)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("PEER", "STATE", "FOLLOWED", "LAST CONTACT", ">UNCONFIRMED", ">POSTS",
                         "TODAY", "NOTE", NULL);
    for (guint i = 0; i < peers->len; i++) {
        Line line;
        if (!read_line(node_store(node), peers->pdata[i], &line, error))
            return COMMAND_ERROR;
        if (command_json(call))
            print_json(&line);
        else
            add_row(table, &line);
    }
    output_table_print(g_steal_pointer(&table));
    return peers->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_exchange_status = {
    .name = "status",
    .summary = "show how far each peer was followed, and what waits for it",
    .description =
        "FOLLOWED is how many entries of how many that the peer's newest known tree has; "
        "UNCONFIRMED how many entries for the peer it has not confirmed yet, what is for "
        "everybody left out; POSTS how many steps and messages wait to be delivered.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no peer",
    .uses_node = TRUE,
    .run = run,
};
