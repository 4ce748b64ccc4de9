/* cmd_resolution_commitments.c - `concert resolution commitments`: what members promised about what
 * was adopted, by when, and how far they are. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_resolution.h"
#include "cli/dispatch_view.h"
#include "cli/output.h"

/* A commitment and what became of it. */
typedef struct {
    const Docket *docket;
    const Event *event;
    const Event *progress, *fulfilled; /* NULL: none */
    gint64 due_us;
} Commitment;

static const Event *last_about(const EngineResult *dossier, const char *type, const Event *about)
{
    const Event *one, *found = NULL;
    for (guint i = 0; (one = engine_nth(dossier, type, i)) != NULL; i++)
        if (engine_named(dossier, one, "commitment") == about)
            found = one;
    return found;
}

static void collect(const Docket *docket, GArray *commitments)
{
    const Event *one;
    for (guint i = 0; (one = engine_nth(docket->result, "commitment", i)) != NULL; i++) {
        const char *due = event_text(one, "due");
        Commitment commitment = {
            .docket = docket,
            .event = one,
            .progress = last_about(docket->result, "progress", one),
            .fulfilled = last_about(docket->result, "fulfilled", one),
        };
        if (timestamp_parse(due, strlen(due), &commitment.due_us, NULL))
            g_array_append_val(commitments, commitment);
    }
}

static int compare_commitments(gconstpointer a, gconstpointer b)
{
    const Commitment *x = a, *y = b;
    if ((x->fulfilled != NULL) != (y->fulfilled != NULL))
        return x->fulfilled ? 1 : -1;
    return (x->due_us > y->due_us) - (x->due_us < y->due_us);
}

static const char *status_of(const Commitment *commitment, gint64 now)
{
    return commitment->fulfilled      ? "fulfilled"
           : commitment->due_us < now ? "OVERDUE"
           : commitment->progress     ? "under way"
                                      : "open";
}

static void print_json(const Commitment *commitment, gint64 now)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *status = g_ascii_strdown(status_of(commitment, now), -1);
    yyjson_mut_obj_add_str(doc, root, "resolution", commitment->docket->dossier->id);
    dispatch_view_add_text(doc, root, "title", commitment->docket->dossier->title);
    yyjson_mut_obj_add_bool(doc, root, "exercise", commitment->docket->dossier->is_exercise);
    yyjson_mut_obj_add_str(doc, root, "event", event_hash_format(&commitment->event->hash, hex));
    yyjson_mut_obj_add_str(doc, root, "member", commitment->event->node);
    dispatch_view_add_text(doc, root, "provision", event_text(commitment->event, "provision"));
    yyjson_mut_obj_add_str(doc, root, "text", event_text(commitment->event, "text"));
    dispatch_view_add_time(doc, root, "due", commitment->due_us);
    yyjson_mut_obj_add_str(doc, root, "status", status);
    if (commitment->progress)
        dispatch_view_add_text(doc, root, "progress", event_text(commitment->progress, "text"));
    if (commitment->fulfilled)
        dispatch_view_add_time(doc, root, "fulfilled", commitment->fulfilled->time_us);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_row(OutputTable *table, const Commitment *commitment, gint64 now)
{
    char due[OUTPUT_NUMBER_MAX], hex[2 * SHA256_SIZE + 1];
    g_autofree char *id = dossier_command_short(commitment->docket->dossier->id);
    g_autofree char *what = dispatch_view_title(event_text(commitment->event, "text"),
                                                commitment->docket->dossier->is_exercise);
    event_hash_format(&commitment->event->hash, hex);
    hex[8] = '\0';
    output_table_row(table, (const char *[]){id, hex, commitment->event->node,
                                             output_time(due, commitment->due_us),
                                             status_of(commitment, now), what});
}

/* The latest word of each voter on how far it does what the text says. */
static void print_tracker(const CommandCall *call, const Docket *docket)
{
    const Event *tabled = engine_last(docket->result, "tabled"), *one;
    g_autoptr(OutputTable) table = output_table_new("MEMBER", "IMPLEMENTATION", "SAYS", NULL);
    size_t at, size;
    yyjson_val *voter;
    if (command_json(call) || engine_count(docket->result, "implementation") == 0)
        return;
    yyjson_arr_foreach (yyjson_obj_get(tabled->payload, "voters"), at, size, voter) {
        const Event *latest = NULL;
        for (guint i = 0; (one = engine_nth(docket->result, "implementation", i)) != NULL; i++)
            if (yyjson_equals_str(voter, one->node))
                latest = one;
        output_table_row(table, (const char *[]){yyjson_get_str(voter),
                                                 latest ? event_text(latest, "status") : "no word",
                                                 latest ? event_text(latest, "text") : NULL});
    }
    output_table_print(g_steal_pointer(&table));
}

/* The adopted resolutions, or the one that is named. Elements: Docket *. */
static GPtrArray *load_all(const CommandCall *call, Node *node, GError **error)
{
    g_autoptr(GPtrArray) dockets = g_ptr_array_new_with_free_func((GDestroyNotify)docket_free);
    const DossiersQuery query = {.procedure = resolution_procedure.name, .state = "adopted"};
    if (call->count > 0) {
        Docket *docket = cmd_resolution_load(call, node, error);
        if (!docket)
            return NULL;
        g_ptr_array_add(dockets, docket);
        return g_steal_pointer(&dockets);
    }
    g_autoptr(GPtrArray) dossiers = dossiers_list(node_store(node), &query, error);
    if (!dossiers)
        return NULL;
    for (guint i = 0; i < dossiers->len; i++) {
        Docket *docket =
            docket_load(node_store(node), ((const Dossier *)dossiers->pdata[i])->id, error);
        if (!docket)
            return NULL;
        g_ptr_array_add(dockets, docket);
    }
    return g_steal_pointer(&dockets);
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) dockets = node ? load_all(call, node, error) : NULL;
    g_autoptr(GArray) commitments = g_array_new(FALSE, FALSE, sizeof(Commitment));
    g_autoptr(OutputTable) table = NULL;
    gint64 now = timestamp_now();
    if (!dockets)
        return COMMAND_ERROR;
    for (guint i = 0; i < dockets->len; i++)
        collect(dockets->pdata[i], commitments);
    g_array_sort(commitments, compare_commitments);
    table = output_table_new("RESOLUTION", "COMMITMENT", "MEMBER", "DUE", "STATUS", "WHAT", NULL);
    for (guint i = 0; i < commitments->len; i++) {
        const Commitment *one = &g_array_index(commitments, Commitment, i);
        if (command_json(call))
            print_json(one, now);
        else
            print_row(table, one, now);
    }
    output_table_print(g_steal_pointer(&table));
    if (call->count > 0)
        print_tracker(call, dockets->pdata[0]);
    return commitments->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_resolution_commitments = {
    .name = "commitments",
    .summary = "list what members promised about what was adopted, by when, and how far they are",
    .arguments = "[ID]",
    .description = "Of one resolution, or of all that were adopted. Commitments are made with "
                   "`concert resolution commit`, and followed by `progress` and `fulfil`; "
                   "`implement` says how far a member does what the text says.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
