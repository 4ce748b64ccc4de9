/* cmd_status.c - `concert status`: what the node holds, whether it is served, what is wrong. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/disk.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/dispatch_view.h"
#include "cli/output.h"
#include "node/tls.h"
#include "store/accounts.h"
#include "store/collections.h"
#include "store/deliveries.h"
#include "store/dossiers.h"
#include "store/held_events.h"
#include "store/ledger_read.h"
#include "store/messages.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/releases.h"
#include "store/witness.h"

/* A disk with less than this is nearly full. */
#define DISK_MIN (G_GUINT64_CONSTANT(256) << 20)
/* Members dated further ahead than this mean that a clock was, or is, wrong. */
#define SKEW_MAX (60 * G_TIME_SPAN_SECOND)
/* A peer that failed so often in a row does not just start anew. */
#define FAILURES_WORTH_TELLING 5

/* How the exchange goes. */
typedef struct {
    guint active, failing, convicted;
    guint invitations;   /* that nobody here has answered */
    guint64 unconfirmed; /* entries that active peers have not confirmed, once for each */
} Exchange;

typedef struct {
    ObjectsStats objects;
    guint collections, accounts;
    guint64 disk_used, disk_free;
    gboolean no_inode;
    gint64 newest; /* date of the newest member of any collection; 0: none */
    WitnessSummary witness;
    GPtrArray *frozen; /* WitnessEvidence *, of logs that wait for a decision */
    GPtrArray *asked;  /* WitnessAsked * */
    gboolean held;     /* the ledger */
    char *ledger_node; /* whose ledger it is, by its origin; NULL: there is none */
    MessagesCounts messages;
    DossiersSummary requests;
    guint64 events_held;
    ReleasesSummary releases;
    Exchange exchange;
    GPtrArray *peers;    /* Peer * */
    char *listening;     /* of the running server; NULL: none */
    gint64 pid;          /* of the writing process; 0: none */
    guint64 memory;      /* bytes that it takes; 0: not known */
    GPtrArray *warnings; /* char * */
} Status;

static void status_clear(Status *status)
{
    g_free(status->listening);
    g_free(status->ledger_node);
    g_clear_pointer(&status->frozen, g_ptr_array_unref);
    g_clear_pointer(&status->asked, g_ptr_array_unref);
    g_clear_pointer(&status->peers, g_ptr_array_unref);
    g_clear_pointer(&status->warnings, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

static gboolean read_store(Store *store, Status *status, GError **error)
{
    g_autoptr(GPtrArray) collections = collections_list(store, NULL, error);
    g_autoptr(GPtrArray) accounts = collections ? accounts_list(store, error) : NULL;
    if (!accounts || !objects_stats(store, &status->objects, error))
        return FALSE;
    status->collections = collections->len;
    status->accounts = accounts->len;
    for (guint i = 0; i < collections->len; i++) {
        const Collection *collection = collections->pdata[i];
        status->newest = MAX(status->newest, collection->last_added);
    }
    return TRUE;
}

static gboolean read_ledger(Store *store, Status *status, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GError) local = NULL;
    if (ledger_read_state(store, &state, &local)) {
        status->held = state.held;
        status->ledger_node = dispatch_view_node(state.origin);
    } else if (!g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    status->frozen = witness_evidence(store, NULL, TRUE, error);
    status->asked = status->frozen ? witness_asked(store, error) : NULL;
    return status->asked && witness_summary(store, &status->witness, error) &&
           messages_count(store, &status->messages, error) &&
           dossiers_summary(store, timestamp_now(), &status->requests, error) &&
           held_events_count(store, &status->events_held, error) &&
           releases_summary(store, &status->releases, error);
}

static gboolean read_exchange(Store *store, Status *status, GError **error)
{
    Exchange *exchange = &status->exchange;
    status->peers = peers_list(store, error);
    for (guint i = 0; status->peers && i < status->peers->len; i++) {
        const Peer *peer = status->peers->pdata[i];
        guint64 waiting = 0;
        gboolean is_active = peer->state == PEER_ACTIVE;
        if (is_active && !deliveries_waiting(store, peer->origin, &waiting, error))
            return FALSE;
        exchange->active += is_active;
        exchange->failing += is_active && peer->failure;
        exchange->convicted += peer->fork;
        exchange->invitations += peer->state == PEER_ASKED;
        exchange->unconfirmed += waiting;
    }
    return status->peers != NULL;
}

static void read_disk(const char *directory, Status *status)
{
    static const char *const files[] = {"concert.db", "concert.db-wal", "concert.db-shm"};
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);
        GStatBuf info;
        if (g_stat(path, &info) == 0)
            status->disk_used += info.st_size;
    }
    struct statvfs disk;
    if (statvfs(directory, &disk) == 0) {
        status->disk_free = (guint64)disk.f_bavail * disk.f_frsize;
        status->no_inode = disk_counts_no_inode(&disk);
    }
}

/* What the process that writes says of itself, if there is one. */
static void read_live(Node *node, Status *status)
{
    g_autofree char *text = NULL;
    if (!node_call(node, "node.status", "{}", &text, NULL))
        return;
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    status->pid = yyjson_get_sint(yyjson_obj_get(root, "pid"));
    status->memory = yyjson_get_uint(yyjson_obj_get(root, "memory"));
    status->listening = g_strdup(yyjson_get_str(yyjson_obj_get(root, "listening")));
    yyjson_doc_free(doc);
}

/* Before all else. */
static void find_messages(Status *status)
{
    const MessagesCounts *messages = &status->messages;
    char text[OUTPUT_NUMBER_MAX];
    if (messages->emergencies > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("EMERGENCY: %u messages wait for a person to acknowledge "
                                        "them, the first since %s: `concert emergency list`",
                                        messages->emergencies,
                                        output_time(text, messages->oldest)));
    if (messages->exercises > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("EXERCISE: %u emergency messages of an exercise wait for a "
                                        "person to acknowledge them: `concert emergency list`",
                                        messages->exercises));
    if (messages->undelivered > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("%u emergency messages are not delivered yet: `concert "
                                        "emergency list`",
                                        messages->undelivered));
}

static void find_exchange_warnings(Status *status)
{
    for (guint i = 0; i < status->peers->len; i++) {
        const Peer *peer = status->peers->pdata[i];
        if (peer->fork)
            g_ptr_array_add(status->warnings,
                            g_strdup_printf("CONVICTED: %s: %s; nothing of it is accepted until "
                                            "you decide",
                                            peer->node, peer->fork_reason));
        else if (peer->state == PEER_ACTIVE && peer->failures >= FAILURES_WORTH_TELLING)
            g_ptr_array_add(status->warnings,
                            g_strdup_printf("peer %s: %s", peer->node, peer->failure));
    }
}

static void find_requests(Status *status)
{
    char text[OUTPUT_NUMBER_MAX];
    if (status->requests.due < timestamp_now())
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("a request has waited for this node beyond its time, since "
                                        "%s: `concert request list --waiting`",
                                        output_time(text, status->requests.due)));
}

static void find_held(Status *status)
{
    if (status->events_held > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("%" G_GUINT64_FORMAT " events claim times ahead and are "
                                        "held back: `concert dossier held`",
                                        status->events_held));
}

static void find_releases(Status *status)
{
    if (status->releases.waiting > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("%" G_GUINT64_FORMAT
                                        " values exceed the bounds of standing approvals and wait "
                                        "for a person: `concert shield propose`",
                                        status->releases.waiting));
    if (status->releases.proposed > 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("%" G_GUINT64_FORMAT
                                        " releases need a second approver: `concert shield "
                                        "releases`",
                                        status->releases.proposed));
}

static void find_ledger_warnings(Status *status)
{
    for (guint i = 0; i < status->frozen->len; i++) {
        const WitnessEvidence *evidence = status->frozen->pdata[i];
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("EQUIVOCATION: %s has signed two different trees; it is "
                                        "frozen until you decide, see `concert ledger witness "
                                        "evidence`",
                                        evidence->origin));
    }
    if (status->held)
        g_ptr_array_add(status->warnings,
                        g_strdup("the ledger is held, nothing is signed: see `concert ledger "
                                 "status`"));
    for (guint i = 0; i < status->asked->len; i++) {
        const WitnessAsked *asked = status->asked->pdata[i];
        /* That a peer cannot be reached is told of the peer. */
        if (asked->failure &&
            (!asked->peer || asked->status == WITNESS_COSIGN || asked->status == WITNESS_CONFLICT ||
             asked->status == WITNESS_INCONSISTENT))
            g_ptr_array_add(status->warnings,
                            g_strdup_printf("witness %s: %s", asked->name, asked->failure));
    }
}

/* Who forgot the name at `init` may try to give it afterwards. */
static void find_other_name(const char *name, Status *status)
{
    if (status->ledger_node && strcmp(status->ledger_node, name) != 0)
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("[node] name is %s, but the node's keys and ledger were "
                                        "made for %s, which is what peers see: set it back, or "
                                        "make a new node with `concert init --name %s`",
                                        name, status->ledger_node, name));
}

/* Peers go by the pin in the node's card; everybody else refuses a certificate that is over. */
static void find_certificate(const Config *config, Status *status)
{
    char *lapse = status->listening && strstr(status->listening, "https://")
                      ? tls_lapse(config_path(config, SETTING_SERVER_TLS_CERTIFICATE))
                      : NULL;
    if (lapse)
        g_ptr_array_add(status->warnings, lapse);
}

static void find_warnings(const Config *config, Status *status)
{
    status->warnings = g_ptr_array_new_with_free_func(g_free);
    find_messages(status);
    find_requests(status);
    find_held(status);
    find_releases(status);
    find_other_name(config_string(config, SETTING_NODE_NAME), status);
    find_ledger_warnings(status);
    find_exchange_warnings(status);
    find_certificate(config, status);
    if (status->newest > timestamp_now() + SKEW_MAX) {
        char text[OUTPUT_NUMBER_MAX];
        g_ptr_array_add(status->warnings,
                        g_strdup_printf("the clock is behind the newest entry (%s): is it right?",
                                        output_time(text, status->newest)));
    }
    if (status->disk_free < DISK_MIN) {
        char text[OUTPUT_NUMBER_MAX];
        g_ptr_array_add(status->warnings, g_strdup_printf("the disk has only %s left",
                                                          output_size(text, status->disk_free)));
    }
    if (status->no_inode)
        g_ptr_array_add(status->warnings, g_strdup(DISK_NO_INODE));
}

static void print_json(const Node *node, const Status *status)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "name", config_string(node_config(node), SETTING_NODE_NAME));
    yyjson_mut_obj_add_str(doc, root, "directory", node_directory(node));
    yyjson_mut_obj_add_str(doc, root, "version", CONCERT_VERSION);
    yyjson_mut_obj_add_bool(doc, root, "served", status->listening != NULL);
    jsontext_add(doc, root, "listening", status->listening);
    if (status->pid > 0)
        yyjson_mut_obj_add_int(doc, root, "pid", status->pid);
    if (status->memory > 0)
        yyjson_mut_obj_add_uint(doc, root, "memory", status->memory);
    yyjson_mut_obj_add_uint(doc, root, "objects", status->objects.objects);
    yyjson_mut_obj_add_uint(doc, root, "versions", status->objects.versions);
    yyjson_mut_obj_add_uint(doc, root, "variants", status->objects.variants);
    yyjson_mut_obj_add_uint(doc, root, "claims", status->objects.claims);
    yyjson_mut_obj_add_uint(doc, root, "bytes", status->objects.bytes);
    yyjson_mut_obj_add_uint(doc, root, "collections", status->collections);
    yyjson_mut_obj_add_uint(doc, root, "accounts", status->accounts);
    yyjson_mut_obj_add_bool(doc, root, "ledger_held", status->held);
    yyjson_mut_obj_add_uint(doc, root, "ledger_size", status->witness.newest);
    yyjson_mut_obj_add_uint(doc, root, "ledger_cosigned", status->witness.agreed);
    yyjson_mut_obj_add_uint(doc, root, "witnesses", status->witness.asked);
    yyjson_mut_obj_add_uint(doc, root, "witnesses_failing", status->witness.failing);
    yyjson_mut_obj_add_uint(doc, root, "witnesses_through_peering", status->witness.asked_peers);
    yyjson_mut_obj_add_uint(doc, root, "logs_watched", status->witness.watched);
    yyjson_mut_obj_add_uint(doc, root, "logs_watched_through_peering",
                            status->witness.watched_peers);
    yyjson_mut_val *frozen = yyjson_mut_obj_add_arr(doc, root, "logs_frozen");
    for (guint i = 0; i < status->frozen->len; i++)
        yyjson_mut_arr_add_str(doc, frozen,
                               ((const WitnessEvidence *)status->frozen->pdata[i])->origin);
    yyjson_mut_obj_add_uint(doc, root, "emergencies", status->messages.emergencies);
    yyjson_mut_obj_add_uint(doc, root, "emergency_exercises", status->messages.exercises);
    yyjson_mut_obj_add_uint(doc, root, "emergencies_undelivered", status->messages.undelivered);
    yyjson_mut_obj_add_uint(doc, root, "peers_active", status->exchange.active);
    yyjson_mut_obj_add_uint(doc, root, "peers_failing", status->exchange.failing);
    yyjson_mut_obj_add_uint(doc, root, "peers_convicted", status->exchange.convicted);
    yyjson_mut_obj_add_uint(doc, root, "invitations", status->exchange.invitations);
    yyjson_mut_obj_add_uint(doc, root, "entries_unconfirmed", status->exchange.unconfirmed);
    yyjson_mut_obj_add_uint(doc, root, "requests_waiting", status->requests.waiting);
    yyjson_mut_obj_add_uint(doc, root, "request_exercises_waiting", status->requests.exercises);
    dispatch_view_add_time(doc, root, "requests_due", status->requests.due);
    yyjson_mut_obj_add_uint(doc, root, "events_held", status->events_held);
    yyjson_mut_obj_add_sint(doc, root, "release_in_force", status->releases.in_force);
    yyjson_mut_obj_add_uint(doc, root, "releases_waiting", status->releases.proposed);
    yyjson_mut_obj_add_uint(doc, root, "values_waiting", status->releases.waiting);
    yyjson_mut_obj_add_uint(doc, root, "disk_used", status->disk_used);
    yyjson_mut_obj_add_uint(doc, root, "disk_free", status->disk_free);
    yyjson_mut_val *warnings = yyjson_mut_obj_add_arr(doc, root, "warnings");
    for (guint i = 0; i < status->warnings->len; i++)
        yyjson_mut_arr_add_str(doc, warnings, status->warnings->pdata[i]);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_requests(const DossiersSummary *requests)
{
    char number[OUTPUT_NUMBER_MAX], other[OUTPUT_NUMBER_MAX], time[OUTPUT_NUMBER_MAX];
    gboolean is_due = requests->due != G_MAXINT64;
    output_line("requests     %s wait for this node%s%s; %s of exercises",
                output_number(number, requests->waiting), is_due ? ", the first until " : "",
                is_due ? output_time(time, requests->due) : "",
                output_number(other, requests->exercises));
}

static void print_text(const Node *node, const Status *status)
{
    char a[OUTPUT_NUMBER_MAX], b[OUTPUT_NUMBER_MAX], c[OUTPUT_NUMBER_MAX], d[OUTPUT_NUMBER_MAX];
    output_line("node         %s in %s", config_string(node_config(node), SETTING_NODE_NAME),
                node_directory(node));
    if (status->listening)
        output_line("served       at %s by process %" G_GINT64_FORMAT, status->listening,
                    status->pid);
    else
        output_line("served       no");
    if (status->memory > 0)
        output_line("memory       %s", output_size(a, status->memory));
    output_line(
        "objects      %s in %s versions; %s variants, %s claims",
        output_number(a, status->objects.objects), output_number(b, status->objects.versions),
        output_number(c, status->objects.variants), output_number(d, status->objects.claims));
    output_line("collections  %u", status->collections);
    output_line("accounts     %u", status->accounts);
    output_line("ledger       %s entries, %s of them cosigned",
                output_number(a, status->witness.newest), output_number(b, status->witness.agreed));
    output_line(
        "witnesses    %u, %u of them failing; %u logs watched for others (%u and %u through "
        "peering)",
        status->witness.asked, status->witness.failing, status->witness.watched,
        status->witness.asked_peers, status->witness.watched_peers);
    output_line(
        "peers        %u active, %u of them failing; %u convicted; %u invitations to answer",
        status->exchange.active, status->exchange.failing, status->exchange.convicted,
        status->exchange.invitations);
    output_line("exchange     %s entries wait to be confirmed by peers",
                output_number(a, status->exchange.unconfirmed));
    print_requests(&status->requests);
    if (status->releases.in_force > 0)
        output_line("shield       release %" G_GINT64_FORMAT " is in force",
                    status->releases.in_force);
    else
        output_line("shield       no release is in force");
    output_line("disk         %s used for %s of objects, %s free",
                output_size(a, status->disk_used), output_size(b, status->objects.bytes),
                output_size(c, status->disk_free));
    for (guint i = 0; i < status->warnings->len; i++)
        output_line("warning      %s", (const char *)status->warnings->pdata[i]);
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_auto(Status) status = {0};
    if (!read_store(node_store(node), &status, error) ||
        !read_ledger(node_store(node), &status, error) ||
        !read_exchange(node_store(node), &status, error))
        return COMMAND_ERROR;
    read_disk(node_directory(node), &status);
    read_live(node, &status);
    find_warnings(node_config(node), &status);
    if (command_json(call))
        print_json(node, &status);
    else
        print_text(node, &status);
    return status.warnings->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_status = {
    .name = "status",
    .summary = "tell what the node holds and whether all is well",
    .description =
        "Warns when an emergency message waits for a person, when a request has waited "
        "for this node beyond its time, when what may block waits for a person, when a log "
        "that this node "
        "watches has signed two trees, when the node's "
        "own ledger is held or a witness does not cosign it, when a peer was convicted "
        "of two trees or cannot be followed, when the clock is behind "
        "what the node has dated already, and when the disk is nearly full.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "something needs attention",
    .uses_node = TRUE,
    .run = run,
};
