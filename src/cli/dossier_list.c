/* dossier_list.c - `concert PROCEDURE list`: what waits for this node first. */
#include "base/timestamp.h"
#include "cli/dispatch_view.h"
#include "cli/dossier_command.h"
#include "cli/dossier_view.h"
#include "cli/output.h"
#include "store/peers.h"

char *dossier_view_due(gint64 due, gint64 now)
{
    char time[OUTPUT_NUMBER_MAX];
    if (due == G_MAXINT64)
        return g_strdup("");
    return g_strdup_printf("%s%s", due < now ? "OVERDUE since " : "", output_time(time, due));
}

const char *dossier_view_silence(Store *store, const char *node)
{
    g_autoptr(Peer) peer = peers_get(store, node, NULL);
    return peer && peer->state == PEER_SUSPENDED ? "suspended"
           : peer && peer->state == PEER_ENDED   ? "ended"
                                                 : NULL;
}

char *dossier_view_waits_for(Store *store, const Dossier *dossier)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; dossier->waits_for[i]; i++) {
        const char *silence = dossier_view_silence(store, dossier->waits_for[i]);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", dossier->waits_for[i]);
        if (silence)
            g_string_append_printf(text, " (peering %s)", silence);
    }
    return g_string_free(text, FALSE);
}

void dossier_view_add_silent(yyjson_mut_doc *doc, yyjson_mut_val *root, Store *store,
                             const Dossier *dossier)
{
    yyjson_mut_val *silent = yyjson_mut_obj_add_arr(doc, root, "waits_for_silent");
    for (guint i = 0; dossier->waits_for[i]; i++)
        if (dossier_view_silence(store, dossier->waits_for[i]))
            yyjson_mut_arr_add_str(doc, silent, dossier->waits_for[i]);
}

void dossier_view_add(yyjson_mut_doc *doc, yyjson_mut_val *root, const Dossier *dossier, gint64 now)
{
    yyjson_mut_obj_add_str(doc, root, "id", dossier->id);
    dispatch_view_add_text(doc, root, "subject", dossier->title);
    dispatch_view_add_text(doc, root, "from", dossier->opener);
    dispatch_view_add_text(doc, root, "state", dossier->state);
    yyjson_mut_obj_add_bool(doc, root, "over", dossier->is_final);
    yyjson_mut_obj_add_bool(doc, root, "exercise", dossier->is_exercise);
    yyjson_mut_obj_add_bool(doc, root, "waits_here", dossier->waits_here);
    yyjson_mut_val *nodes = yyjson_mut_obj_add_arr(doc, root, "waits_for");
    for (guint i = 0; dossier->waits_for[i]; i++)
        yyjson_mut_arr_add_str(doc, nodes, dossier->waits_for[i]);
    dispatch_view_add_text(doc, root, "waits_what", dossier->waits_what);
    dispatch_view_add_time(doc, root, "opened", dossier->opened);
    dispatch_view_add_time(doc, root, "last", dossier->last);
    if (dossier->due != G_MAXINT64)
        dispatch_view_add_time(doc, root, "due", dossier->due);
    yyjson_mut_obj_add_bool(doc, root, "overdue", dossier->due < now);
    dispatch_view_add_text(doc, root, "tlp", marking_tlp_name((MarkingTlp)dossier->tlp));
    yyjson_mut_obj_add_uint(doc, root, "events", dossier->n_events);
    yyjson_mut_obj_add_uint(doc, root, "void", dossier->n_void);
    yyjson_mut_obj_add_uint(doc, root, "pending", dossier->n_pending);
}

/* What waits for this node comes first, the most urgent before the others; the rest by age. */
static int compare_dossiers(gconstpointer a, gconstpointer b)
{
    const Dossier *x = *(const Dossier *const *)a, *y = *(const Dossier *const *)b;
    if (x->waits_here != y->waits_here)
        return x->waits_here ? -1 : 1;
    gint64 of_x = x->waits_here ? x->due : -x->last, of_y = y->waits_here ? y->due : -y->last;
    return (of_x > of_y) - (of_x < of_y);
}

/* Whether what opens the procedure is for one party, a node or a mail address. */
static gboolean has_addressee(const Procedure *procedure)
{
    const ProcedureTransition *row = procedure ? procedure->transitions : NULL;
    while (row && row->type && row->from != 0)
        row++;
    for (const ProcedureField *field = row && row->type ? row->fields : NULL; field && field->name;
         field++)
        if (field->type == PROCEDURE_NODE && g_str_equal(field->name, "to"))
            return TRUE;
    return FALSE;
}

/* Whom it is for; "" where that is not known here. NULL with @error. Caller frees. */
static char *addressee(Store *store, const Dossier *dossier, GError **error)
{
    g_autoptr(Docket) docket = docket_load(store, dossier->id, error);
    if (!docket)
        return NULL;
    const Event *opening = docket->result->opening;
    const char *to = opening ? event_text(opening, "to") : NULL;
    if (opening && !to)
        to = event_text(opening, "contact");
    return g_strdup(to ? to : "");
}

/* @whole: the procedure is not known from the command. @to: NULL where the table has no such
 * column. */
static void add_row(OutputTable *table, Store *store, const Dossier *dossier, const char *to,
                    gboolean whole, gint64 now)
{
    g_autofree char *abridged = dossier_command_short(dossier->id);
    g_autofree char *id =
        whole ? g_strdup_printf("%s-%s", dossier->procedure, abridged) : g_strdup(abridged);
    g_autofree char *due = dossier_view_due(dossier->due, now);
    g_autofree char *others = dossier_view_waits_for(store, dossier);
    g_autofree char *title = dispatch_view_title(dossier->title ? dossier->title : "(not here yet)",
                                                 dossier->is_exercise);
    const char *cells[7], **cell = cells;
    *cell++ = id;
    *cell++ = dossier->opener ? dossier->opener : "?";
    if (to)
        *cell++ = to;
    *cell++ = dossier->state ? dossier->state : "?";
    *cell++ = dossier->waits_here ? "THIS NODE" : others;
    *cell++ = due;
    *cell = title;
    output_table_row(table, cells);
}

int dossier_view_list(const CommandCall *call, const Procedure *procedure, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    const DossiersQuery query = {.procedure = procedure ? procedure->name : NULL,
                                 .state = command_text(call, "state"),
                                 .is_live =
                                     !command_flag(call, "all") && !command_text(call, "state"),
                                 .waits_here = command_flag(call, "waiting"),
                                 .limit = (guint)command_int(call, "limit", 0)};
    g_autoptr(GPtrArray) dossiers = dossiers_list(node_store(node), &query, error);
    if (!dossiers)
        return COMMAND_ERROR;
    g_ptr_array_sort(dossiers, compare_dossiers);
    gint64 now = timestamp_now();
    gboolean has_to = has_addressee(procedure);
    g_autoptr(OutputTable) table =
        has_to ? output_table_new("ID", "FROM", "TO", "STATE", "WAITS FOR", "DUE", "SUBJECT", NULL)
               : output_table_new("ID", "FROM", "STATE", "WAITS FOR", "DUE", "SUBJECT", NULL);
    for (guint i = 0; i < dossiers->len; i++) {
        const Dossier *dossier = dossiers->pdata[i];
        g_autofree char *to = has_to ? addressee(node_store(node), dossier, error) : NULL;
        if (has_to && !to)
            return COMMAND_ERROR;
        if (command_json(call)) {
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            dossier_view_add(doc, root, dossier, now);
            dossier_view_add_silent(doc, root, node_store(node), dossier);
            if (to && to[0])
                yyjson_mut_obj_add_strcpy(doc, root, "to", to);
            output_json(root);
            yyjson_mut_doc_free(doc);
        } else {
            add_row(table, node_store(node), dossier, to, !procedure, now);
        }
    }
    output_table_print(g_steal_pointer(&table));
    return dossiers->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}
