/* cmd_policy_explain.c - `concert policy explain`: which rule decides whether somebody may see an
 * object, for each dispatch that carries it. */
#include <string.h>

#include "cli/cmd_policy.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "exchange/subject.h"
#include "identity/role.h"
#include "stix/object.h"
#include "store/communities.h"
#include "store/ledger_read.h"
#include "store/objects.h"
#include "store/peers.h"

/* For whom it is asked. */
typedef struct {
    DecideViewer viewer;
    Peer *peer;         /* NULL: it is none */
    char **communities; /* of the peer */
} Asker;

static void asker_clear(Asker *asker)
{
    peer_free(asker->peer);
    g_strfreev(asker->communities);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asker, asker_clear)

static const struct {
    const char *name;
    DecideViewer viewer;
} classes[] = {
    {"officer", {.who = DECIDE_STAFF, .roles = ROLE_OFFICER}},
    {"staff", {.who = DECIDE_STAFF, .roles = ROLE_READER}},
    {"client", {.who = DECIDE_CLIENT, .roles = ROLE_READER}},
    {"anyone", {.who = DECIDE_ANYONE}},
};

static gboolean find_peer(Store *store, const char *name, Asker *asker, GError **error)
{
    static const DecidePeering peerings[] = {
        [PEER_INVITED] = DECIDE_PEERING_NONE,  [PEER_ASKED] = DECIDE_PEERING_NONE,
        [PEER_ACTIVE] = DECIDE_PEERING_ACTIVE, [PEER_SUSPENDED] = DECIDE_PEERING_SUSPENDED,
        [PEER_ENDED] = DECIDE_PEERING_ENDED,
    };
    asker->peer = peers_get(store, name, error);
    asker->communities = asker->peer ? communities_of(store, asker->peer->origin, error) : NULL;
    if (!asker->communities)
        return FALSE;
    asker->viewer = (DecideViewer){
        .who = DECIDE_PEER,
        .origin = asker->peer->origin,
        .peering = peerings[asker->peer->state],
        .communities = decide_list((const char *const *)asker->communities),
        .roles = ROLE_READER,
    };
    return TRUE;
}

static gboolean find_asker(Store *store, const char *name, Asker *asker, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (g_str_equal(classes[i].name, name)) {
            asker->viewer = classes[i].viewer;
            return TRUE;
        }
    return find_peer(store, name, asker, error);
}

/* --- answers -----------------------------------------------------------------------------------
 */

typedef struct {
    const CommandCall *call;
    Store *store;
    const Asker *asker;
    MarkingTlp unmarked;
    GHashTable *sources; /* names of peers' nodes */
    guint carried, yes;
    /* the version in effect: */
    gint64 version;
    MarkingTlp tlp;
    char *source; /* NULL: there is none */
    GError *failure;
} Explain;

static void explain_clear(Explain *explain)
{
    g_clear_pointer(&explain->sources, g_hash_table_unref);
    g_free(explain->source);
    g_clear_error(&explain->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Explain, explain_clear)

/* @record NULL: of no dispatch. */
static void answer(Explain *explain, const Record *record, const char *version,
                   const char *question, const DecideRule *rule)
{
    explain->yes += rule->allows;
    if (!command_json(explain->call)) {
        output_line("  %-15s %-4s %-20s %s", question, rule->allows ? "yes" : "no", rule->id,
                    rule->sentence);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "object", explain->call->arguments[0]);
    dispatch_view_add_text(doc, root, "version", version);
    if (record) {
        g_autofree char *name = dispatch_view_name(record->origin, record->entry);
        dispatch_view_add_text(doc, root, "dispatch", name);
    }
    yyjson_mut_obj_add_str(doc, root, "question", question);
    yyjson_mut_obj_add_bool(doc, root, "allows", rule->allows);
    yyjson_mut_obj_add_str(doc, root, "rule", rule->id);
    yyjson_mut_obj_add_str(doc, root, "sentence", rule->sentence);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void answer_all(Explain *explain, const Record *record, const char *version,
                       const DecideSubject *subject)
{
    const DecideViewer *viewer = &explain->asker->viewer;
    if (viewer->who == DECIDE_PEER)
        answer(explain, record, version, subject->is_own ? "may get it" : "may be sent it",
               decide_whether(subject->is_own ? DECIDE_DELIVER : DECIDE_ONWARD, subject, viewer));
    answer(explain, record, version, "may read it", decide_whether(DECIDE_READ, subject, viewer));
}

/* --- dispatches --------------------------------------------------------------------------------
 */

/* The header of an own dispatch lies in the ledger. */
static gboolean read_own_header(Store *store, Record *record, GError **error)
{
    g_autoptr(LedgerReadEntry) entry = ledger_read_entry(store, record->entry, FALSE, error);
    if (entry)
        record->header = g_steal_pointer(&entry->header);
    return entry != NULL;
}

/* The origins to which an own dispatch was granted later. Caller frees. */
static char **read_grants(Store *store, const Record *record, GError **error)
{
    g_autoptr(GPtrArray) states = deliveries_states(store, record->entry, error);
    if (!states)
        return NULL;
    GPtrArray *origins = g_ptr_array_new();
    for (guint i = 0; i < states->len; i++) {
        const DeliveryState *state = states->pdata[i];
        if (state->granted_by != DELIVERIES_NONE)
            g_ptr_array_add(origins, g_strdup(state->origin));
    }
    g_ptr_array_add(origins, NULL);
    return (char **)g_ptr_array_free(origins, FALSE);
}

static gboolean explain_record(Explain *explain, Record *record, const char *version,
                               MarkingTlp tlp, GError **error)
{
    g_auto(GStrv) grants = NULL;
    g_auto(Subject) subject = {0};
    if (!record->origin && (!read_own_header(explain->store, record, error) ||
                            !(grants = read_grants(explain->store, record, error))))
        return FALSE;
    subject_of_record(record, explain->unmarked, &subject);
    subject.subject.object_tlp = tlp;
    subject.subject.grants = decide_list((const char *const *)grants);
    if (!command_json(explain->call)) {
        g_autofree char *name = dispatch_view_name(record->origin, record->entry);
        g_autofree char *marking =
            dispatch_view_marking(decide_tlp(record->tlp, tlp, explain->unmarked), record->pap);
        g_autofree char *title = dispatch_view_title(record->title, record->exercise);
        output_line("dispatch %s: %s, %s, %s", name, title, marking,
                    record_state_name(record->state));
    }
    answer_all(explain, record, version, &subject.subject);
    return TRUE;
}

static MarkingTlp read_tlp(const ObjectsRow *row)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    yyjson_doc *doc = yyjson_read(bytes, length, 0);
    MarkingTlp tlp = marking_tlp_of_object(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return tlp;
}

/* Each version that is here, in the order they were stored. */
static gboolean each_version(const ObjectsRow *row, gpointer user)
{
    Explain *explain = user;
    MarkingTlp tlp = read_tlp(row);
    g_autofree char *version =
        row->version == 0 ? NULL : object_version_text(row->version, row->version_digits);
    g_autoptr(GPtrArray) records = records_bearing(explain->store, row->number, &explain->failure);
    for (guint i = 0; records && i < records->len && !explain->failure; i++) {
        explain->carried++;
        explain_record(explain, records->pdata[i], version, tlp, &explain->failure);
    }
    if (!explain->source || (!row->variant && !row->claim && row->version >= explain->version)) {
        explain->version = row->version;
        explain->tlp = tlp;
        g_free(explain->source);
        explain->source = g_strdup(row->source);
    }
    return !explain->failure;
}

/* --- without a dispatch ------------------------------------------------------------------------
 */

static void explain_alone(Explain *explain)
{
    const Asker *asker = explain->asker;
    gboolean is_own = !g_hash_table_contains(explain->sources, explain->source);
    DecideSubject subject = {
        .is_own = is_own, .object_tlp = explain->tlp, .unmarked = explain->unmarked};
    if (!command_json(explain->call))
        output_line(is_own ? "no dispatch carries it; given by %s"
                           : "no dispatch carries it; it is %s's",
                    explain->source);
    answer_all(explain, NULL, NULL, &subject);
    if (!is_own || !asker->peer)
        return;
    const char *const audience[] = {asker->peer->origin, NULL};
    subject.audience = subject.named = decide_list(audience);
    const DecideRule *rule = decide_whether(DECIDE_DELIVER, &subject, &asker->viewer);
    answer(explain, NULL, NULL, "if it were sent", rule);
    explain->yes -= rule->allows; /* it was not */
}

static gboolean remember_sources(Explain *explain, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(explain->store, error);
    explain->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; peers && i < peers->len; i++)
        g_hash_table_add(explain->sources, g_strdup(((const Peer *)peers->pdata[i])->node));
    return peers != NULL;
}

static int run(const CommandCall *call, GError **error)
{
    const char *whom = command_text(call, "for");
    if (!whom)
        return command_usage(call, error, "say for whom: --for");
    g_auto(Asker) asker = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !find_asker(node_store(node), whom, &asker, error))
        return COMMAND_ERROR;
    g_auto(Explain) explain = {
        .call = call,
        .store = node_store(node),
        .asker = &asker,
        .unmarked = (MarkingTlp)(config_enum(node_config(node), SETTING_EXCHANGE_UNMARKED) +
                                 MARKING_TLP_CLEAR),
    };
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = call->arguments[0];
    query.variants = TRUE;
    if (!remember_sources(&explain, error) ||
        !objects_find(explain.store, &query, each_version, &explain, NULL, error))
        return COMMAND_ERROR;
    if (explain.failure) {
        g_propagate_error(error, g_steal_pointer(&explain.failure));
        return COMMAND_ERROR;
    }
    if (!explain.source) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "there is no object %s",
                    call->arguments[0]);
        return COMMAND_NOTHING;
    }
    if (explain.carried == 0)
        explain_alone(&explain);
    return explain.yes > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_policy_explain = {
    .name = "explain",
    .summary = "tell who may see an object, and which rule decides",
    .arguments = "OBJECT",
    .description =
        "For each dispatch that carries the object, and if there is none for the object itself: "
        "whether a peer may get it from this node or be sent it on, and may read it here; or "
        "whether officers, staff, clients or anyone may read it. One yes is enough.",
    .options =
        (const CommandOption[]){
            {"for", 'f', COMMAND_TEXT, "PEER|officer|staff|client|anyone", .help = "whom"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert policy explain indicator--4f30afd5-... --for cert.birch.example",
             "what Birch may get of it, and why"},
            {NULL},
        },
    .nothing = "it may not be seen, or there is no such object or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
