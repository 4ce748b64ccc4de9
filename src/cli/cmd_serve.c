/* cmd_serve.c - `concert serve`: runs the node's server until it is told to stop. */
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "exchange/card.h"
#include "node/card_publisher.h"
#include "node/community_operation.h"
#include "node/cosigner.h"
#include "node/docket_rebuild.h"
#include "node/follow_schedule.h"
#include "node/mailer.h"
#include "node/release_standing.h"
#include "node/reminder.h"
#include "node/tile_files.h"
#include "node/tls.h"
#include "server/server.h"
#include "store/own_card.h"

/* Few arenas, and large buffers straight from the system and back: what a burst of pages took is
 * not kept for ever. */
static void tune_memory(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
}

static gboolean on_signal(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static void report(const CommandCall *call, const Server *server)
{
    const char *const *urls = server_urls(server);
    const char *fingerprint = server_fingerprint(server);
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "listening");
        for (guint i = 0; urls[i]; i++)
            yyjson_mut_arr_add_str(doc, list, urls[i]);
        jsontext_add(doc, root, "certificate_sha256", fingerprint);
        output_json(root);
        yyjson_mut_doc_free(doc);
    } else {
        for (guint i = 0; urls[i]; i++)
            output_line("listening on %s/taxii2/", urls[i]);
        if (fingerprint)
            output_line("certificate SHA-256 %s", fingerprint);
    }
    output_flush();
}

/* Peers go by the pin in the node's card; everybody else refuses it. */
static void tell_certificate(const Node *node, const Server *server)
{
    const char *path = config_path(node_config(node), SETTING_SERVER_TLS_CERTIFICATE);
    g_autofree char *lapse = server_fingerprint(server) ? tls_lapse(path) : NULL;
    if (lapse)
        output_note("%s", lapse);
}

static void tell_tiles(const char *message, gpointer user)
{
    if (message)
        output_note("the ledger's tiles cannot be written to files: %s", message);
    else
        output_note("the ledger's tiles are written to files again");
}

static void tell_witness(const char *witness, const char *message, gpointer user)
{
    if (message)
        output_note("witness %s: %s", witness, message);
    else
        output_note("witness %s cosigns the ledger again", witness);
}

static void tell_source(const char *source, const char *message, gpointer user)
{
    if (message)
        output_note("followed source %s: %s", source, message);
    else
        output_note("followed source %s can be read again", source);
}

static void tell_mail(const char *message, gpointer user)
{
    if (message)
        output_note("mail: %s", message);
    else
        output_note("mail is sent again");
}

static void tell_peer(const char *peer, const char *message, gpointer user)
{
    if (message)
        output_note("peer %s: %s", peer, message);
    else
        output_note("peer %s answers again", peer);
}

/* The server is told of the endpoints in the node's card, whoever publishes it. */
typedef struct {
    Node *node;
    Server *server;
    guint64 generation;
    guint64 number; /* of the card that the server was told of */
} CardWatch;

/* Who said that it leaves is recorded. What cannot be now is at the next commit. */
static void settle_communities(Node *node)
{
    if (node_notary(node))
        community_operation_settle(node_notary(node), NULL);
}

static gboolean watch_card(gpointer user)
{
    CardWatch *watch = user;
    guint64 generation = writer_generation(node_writer(watch->node));
    g_autofree char *text = NULL;
    if (generation == watch->generation || !own_card_get(node_store(watch->node), &text, NULL) ||
        !text)
        return G_SOURCE_CONTINUE;
    watch->generation = generation;
    settle_communities(watch->node);
    g_autoptr(Card) card = card_parse(text, strlen(text), NULL);
    if (card && card->number != watch->number) {
        server_set_endpoints(watch->server, (const char *const *)card->endpoints);
        watch->number = card->number;
    }
    return G_SOURCE_CONTINUE;
}

static void publish_card(Node *node)
{
    g_autoptr(GError) error = NULL;
    if (node_notary(node) && !card_publisher_refresh(node_notary(node), NULL, &error))
        output_note("the node's card cannot be published: %s", error->message);
}

static void tell_standing(const char *message, gpointer user)
{
    if (message)
        output_note("standing approvals cannot be applied: %s", message);
    else
        output_note("standing approvals are applied again");
}

static void tell_clocks(const char *message, gpointer user)
{
    if (message)
        output_note("somebody was not reminded: %s", message);
    else
        output_note("reminders are given again");
}

/* A new version may have other procedures. */
static gboolean rebuild_dossiers(Node *node, GError **error)
{
    guint64 count = 0;
    if (node_notary(node) && !docket_rebuild(node_notary(node), FALSE, &count, error))
        return FALSE;
    if (count > 0)
        output_note("%" G_GUINT64_FORMAT " dossiers were judged anew: the procedures have changed",
                    count);
    return TRUE;
}

/* The ledger's tiles become files as long as the node is served. */
static TileFiles *start_tiles(Node *node)
{
    g_autofree char *directory = g_build_filename(node_directory(node), "ledger", NULL);
    return tile_files_start(directory, node_store(node), node_writer(node), tell_tiles, NULL);
}

static int run(const CommandCall *call, GError **error)
{
    tune_memory();
    command_allow_files(); /* a connection is one, and the store has some */
    signal(SIGPIPE, SIG_IGN);
    g_autoptr(Node) node = command_node_open(call, NODE_SERVE, error);
    if (!node || !rebuild_dossiers(node, error))
        return COMMAND_ERROR;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    guint interrupt = g_unix_signal_add(SIGINT, on_signal, loop);
    guint terminate = g_unix_signal_add(SIGTERM, on_signal, loop);
    g_autoptr(Exchanger) exchanger =
        exchanger_start(node_config(node), node_notary(node), tell_peer, NULL, error);
    g_autoptr(Server) server =
        exchanger ? server_start(node_config(node), node_store(node), node_writer(node),
                                 node_notary(node), exchanger, error)
                  : NULL;
    if (server)
        server_set_node(server, node);
    const CosignerMeans means = {.config = node_config(node),
                                 .store = node_store(node),
                                 .writer = node_writer(node),
                                 .notary = node_notary(node)};
    g_autoptr(Cosigner) cosigner =
        server ? cosigner_start(&means, tell_witness, NULL, error) : NULL;
    ReminderWatch *clocks = cosigner ? reminder_start(node, tell_clocks, NULL, error) : NULL;
    if (clocks) {
        g_autofree char *urls = g_strjoinv(" ", (char **)server_urls(server));
        node_set_listening(node, urls);
        publish_card(node);
        CardWatch watch = {.node = node, .server = server, .generation = G_MAXUINT64};
        watch_card(&watch);
        guint watching = g_timeout_add_seconds(1, watch_card, &watch);
        report(call, server);
        tell_certificate(node, server);
        TileFiles *tiles = start_tiles(node);
        FollowSchedule *schedule = follow_schedule_start(node, tell_source, NULL);
        Mailer *mailer = mailer_start(node, tell_mail, NULL);
        ReleaseStandingWatch *standing = release_standing_start(node, tell_standing, NULL);
        g_main_loop_run(loop);
        g_source_remove(watching);
        output_note("stopping");
        g_clear_pointer(&server, server_stop);
        g_clear_pointer(&exchanger, exchanger_stop);
        follow_schedule_stop(schedule);
        mailer_stop(mailer);
        release_standing_stop(standing);
        g_clear_pointer(&cosigner, cosigner_stop);
        tile_files_stop(tiles);
        reminder_stop(clocks);
    }
    g_source_remove(interrupt);
    g_source_remove(terminate);
    /* A second SIGTERM must not cut the closing of the store short; a second Ctrl-C may. */
    signal(SIGTERM, SIG_IGN);
    return *error ? command_file_error(error) : COMMAND_OK;
}

const Command cmd_serve = {
    .name = "serve",
    .summary = "serve the node to TAXII 2.1 clients and to peers",
    .description =
        "Listens where [server] listen in concert.conf says, prints a line for each address, and "
        "serves until SIGINT or SIGTERM, after which running requests get [server] shutdown_grace "
        "to finish. While it runs, peers are followed and get what is for them, sources are read, "
        "mail goes out and clocks remind. Other commands work on the node meanwhile.\n\n"
        "Loopback addresses speak plain HTTP, all others TLS with the certificate of [server] "
        "tls_certificate, which the node makes for itself when there is none.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .uses_node = TRUE,
    .run = run,
};
