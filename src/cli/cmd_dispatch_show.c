/* cmd_dispatch_show.c - `concert dispatch show`: all that is known of one dispatch: what it says,
 * whom it is for, what became of it there, and what proves it. */
#include <string.h>

#include "cli/cmd_dispatch.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "exchange/coverage.h"
#include "exchange/dispatch_header.h"
#include "store/openings.h"

#define ITEMS_SHOWN 20 /* without --items */

/* Of an own dispatch: one recipient, and what its receipt says. */
typedef struct {
    const DeliveryState *state; /* borrowed */
    Record *receipt;            /* NULL: not confirmed yet */
    DispatchReceipt *says;      /* NULL likewise, or when it cannot be read any more */
} Recipient;

static void recipient_free(Recipient *recipient)
{
    record_free(recipient->receipt);
    dispatch_header_receipt_free(recipient->says);
    g_free(recipient);
}

/* All that is shown. */
typedef struct {
    Record *record;
    Opening *opening;
    DispatchHeader *header;       /* NULL: it is no dispatch, or was erased */
    GPtrArray *items;             /* RecordItem * */
    GPtrArray *states;            /* DeliveryState *, of an own one */
    GPtrArray *recipients;        /* Recipient *, of an own one */
    char *statement, *checkpoint; /* of one that came; NULL: none is kept */
} Shown;

static void shown_clear(Shown *shown)
{
    record_free(shown->record);
    opening_free(shown->opening);
    dispatch_header_free(shown->header);
    g_clear_pointer(&shown->items, g_ptr_array_unref);
    g_clear_pointer(&shown->recipients, g_ptr_array_unref);
    g_clear_pointer(&shown->states, g_ptr_array_unref);
    g_free(shown->statement);
    g_free(shown->checkpoint);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Shown, shown_clear)

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean read_recipient(Store *store, const DeliveryState *state, GPtrArray *recipients,
                               GError **error)
{
    Recipient *recipient = g_new0(Recipient, 1);
    recipient->state = state;
    g_ptr_array_add(recipients, recipient);
    if (state->receipt == DELIVERIES_NONE)
        return TRUE;
    recipient->receipt = records_get(store, state->origin, state->receipt, error);
    if (!recipient->receipt)
        return FALSE;
    g_autoptr(Opening) opening = records_opening(store, state->origin, state->receipt, NULL);
    recipient->says = opening ? dispatch_header_read_receipt(opening, NULL) : NULL;
    return TRUE;
}

static gboolean read_recipients(Store *store, Shown *shown, GError **error)
{
    shown->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    shown->states = deliveries_states(store, shown->record->entry, error);
    for (guint i = 0; shown->states && i < shown->states->len; i++) {
        const DeliveryState *state = shown->states->pdata[i];
        if (*state->origin != '\0' && !read_recipient(store, state, shown->recipients, error))
            return FALSE;
    }
    return shown->states != NULL;
}

static gboolean read_evidence(Store *store, Shown *shown, GError **error)
{
    const Record *record = shown->record;
    g_autoptr(GError) local = NULL;
    if (records_evidence(store, record->origin, record->entry, &shown->statement,
                         &shown->checkpoint, &local) ||
        g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean read_all(Store *store, const char *origin, guint64 entry, Shown *shown,
                         GError **error)
{
    shown->record = records_get(store, origin, entry, error);
    if (!shown->record)
        return FALSE;
    shown->opening =
        origin ? records_opening(store, origin, entry, error) : openings_read(store, entry, error);
    shown->items = shown->opening ? records_items(store, shown->record->number, error) : NULL;
    if (!shown->items)
        return FALSE;
    if (!shown->opening->is_erased && g_str_equal(shown->opening->kind, DISPATCH_HEADER_DISPATCH))
        shown->header = dispatch_header_read(shown->opening, NULL);
    return origin ? read_evidence(store, shown, error) : read_recipients(store, shown, error);
}

/* --- items -------------------------------------------------------------------------------------
 */

static const RecordItem *kept_item(const Shown *shown, guint place)
{
    /* As a rule all are kept. */
    if (place < shown->items->len &&
        ((const RecordItem *)shown->items->pdata[place])->place == place)
        return shown->items->pdata[place];
    for (guint i = 0; i < shown->items->len; i++) {
        const RecordItem *item = shown->items->pdata[i];
        if (item->place == place)
            return item;
    }
    return NULL;
}

/* "live", "erased", "refused: why", "recalled", "withdrawn by entry 7". Caller frees. */
static char *item_state(const Shown *shown, guint place, const RecordItem *kept)
{
    const OpeningItem *item = &shown->opening->items[place];
    if (kept && kept->refusal)
        return g_strdup_printf("refused: %s", kept->refusal);
    if (kept && kept->retracted)
        return g_strdup_printf("taken back by entry %" G_GUINT64_FORMAT, kept->retracted_by);
    if (item->state == OPENING_ERASED)
        return g_strdup("erased");
    return g_strdup(record_state_name(shown->record->state));
}

/* Calls @each for every recipient's refusal of the item. */
static void for_refusals(const Shown *shown, guint place,
                         void (*each)(const char *node, const char *reason, gpointer user),
                         gpointer user)
{
    for (guint i = 0; shown->recipients && i < shown->recipients->len; i++) {
        const Recipient *recipient = shown->recipients->pdata[i];
        g_autofree char *node = dispatch_view_node(recipient->state->origin);
        for (guint j = 0; recipient->says && j < recipient->says->n_refusals; j++) {
            const DispatchRefusal *refusal = &recipient->says->refusals[j];
            if (refusal->index == shown->record->entry && refusal->place == place)
                each(node, refusal->reason, user);
        }
    }
}

static void print_refusal(const char *node, const char *reason, gpointer user)
{
    output_line("             %s could not use it: %s", node, reason);
}

static void print_items(const Shown *shown, gboolean all)
{
    guint count = shown->opening->n_items;
    for (guint i = 0; i < count && (all || i < ITEMS_SHOWN); i++) {
        const RecordItem *kept = kept_item(shown, i);
        g_autofree char *state = item_state(shown, i, kept);
        output_line("item %-7u %s  %s", i,
                    kept && kept->id ? kept->id : shown->opening->items[i].type, state);
        for_refusals(shown, i, print_refusal, NULL);
    }
    if (!all && count > ITEMS_SHOWN)
        output_line("             and %u more: --items shows all", count - ITEMS_SHOWN);
}

/* --- text --------------------------------------------------------------------------------------
 */

static void print_header(const Shown *shown)
{
    const Record *record = shown->record;
    const DispatchHeader *header = shown->header;
    char time[OUTPUT_NUMBER_MAX];
    g_autofree char *node = record->origin ? dispatch_view_node(record->origin) : NULL;
    g_autofree char *marking = dispatch_view_marking(record->tlp, record->pap);
    g_autofree char *state = dispatch_view_state(record);
    if (record->exercise)
        output_line("EXERCISE     this is an exercise");
    output_line("entry        %" G_GUINT64_FORMAT " of %s", record->entry,
                node ? node : "this node's ledger");
    output_line("title        %s", dispatch_view_heading(record));
    output_line("time         %s", output_time(time, record->made));
    if (record->origin)
        output_line("arrived      %s", output_time(time, record->stored));
    if (record->title)
        output_line("marking      %s", marking);
    if (record->community)
        output_line("community    %s", record->community);
    if (header && header->purpose)
        output_line("purpose      %s", header->purpose);
    if (header && header->onward_origin)
        output_line("sent on      from entry %" G_GUINT64_FORMAT " of %s", header->onward_index,
                    header->onward_origin);
    if (record->expires != G_MAXINT64)
        output_line("expires      %s", output_time(time, record->expires));
    output_line("state        %s", state);
    if (record->held > 0)
        output_line("held         since %s: %s", output_time(time, record->held),
                    record->hold_reason);
    if (record->granted_by != RECORDS_NO_INDEX)
        output_line("granted      by entry %" G_GUINT64_FORMAT, record->granted_by);
}

static void print_recipient(const Recipient *recipient, const char *label)
{
    const DeliveryState *state = recipient->state;
    g_autofree char *node = dispatch_view_node(state->origin);
    g_autoptr(GString) line = g_string_new(NULL);
    char time[OUTPUT_NUMBER_MAX];
    if (recipient->receipt)
        g_string_append_printf(line, "confirmed by its entry %" G_GUINT64_FORMAT " of %s",
                               state->receipt, output_time(time, recipient->receipt->made));
    else
        g_string_append(line, "not confirmed yet");
    if (state->granted_by != DELIVERIES_NONE)
        g_string_append_printf(line, "; granted by entry %" G_GUINT64_FORMAT, state->granted_by);
    output_line("%-12s %s  %s", label, node, line->str);
}

static void print_audience(const Shown *shown)
{
    const Opening *opening = shown->opening;
    if (opening->is_erased) {
        output_line("erased       what it said is destroyed; that it stands in the ledger is not");
        return;
    }
    if (opening->is_public)
        output_line("audience     public");
    for (guint i = 0; shown->recipients && i < shown->recipients->len; i++)
        print_recipient(shown->recipients->pdata[i], i == 0 ? "audience" : "");
    for (guint i = 0; shown->record->origin && opening->audience && opening->audience[i]; i++) {
        g_autofree char *node = dispatch_view_node(opening->audience[i]);
        output_line("%-12s %s", i == 0 ? "audience" : "", node);
    }
}

static void print_evidence(const Shown *shown)
{
    if (!shown->statement)
        return;
    g_autoptr(Coverage) coverage = coverage_parse(shown->statement, strlen(shown->statement), NULL);
    char time[OUTPUT_NUMBER_MAX];
    if (coverage)
        output_line("evidence     signed at %s: of entries %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT
                    ", %u are for this node, in a tree of %" G_GUINT64_FORMAT
                    "; --json shows statement and checkpoint",
                    output_time(time, coverage->time_us), coverage->from,
                    coverage->end > 0 ? coverage->end - 1 : 0, coverage->n_indices, coverage->size);
}

/* --- JSON --------------------------------------------------------------------------------------
 */

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *item;
    yyjson_mut_val *list; /* made when there is one */
} RefusalList;

static void add_refusal(const char *node, const char *reason, gpointer user)
{
    RefusalList *refusals = user;
    if (!refusals->list)
        refusals->list = yyjson_mut_obj_add_arr(refusals->doc, refusals->item, "refused_by");
    yyjson_mut_val *refusal = yyjson_mut_arr_add_obj(refusals->doc, refusals->list);
    dispatch_view_add_text(refusals->doc, refusal, "node", node);
    dispatch_view_add_text(refusals->doc, refusal, "reason", reason);
}

static void add_items(yyjson_mut_doc *doc, yyjson_mut_val *root, const Shown *shown)
{
    static const char *const states[] = {"present", "withheld", "erased"};
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "item_list");
    for (guint i = 0; i < shown->opening->n_items; i++) {
        const OpeningItem *item = &shown->opening->items[i];
        const RecordItem *kept = kept_item(shown, i);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_uint(doc, object, "place", i);
        yyjson_mut_obj_add_str(doc, object, "type", item->type);
        yyjson_mut_obj_add_uint(doc, object, "length", item->length);
        yyjson_mut_obj_add_str(doc, object, "bytes", states[item->state]);
        if (kept) {
            dispatch_view_add_text(doc, object, "id", kept->id);
            dispatch_view_add_text(doc, object, "refusal", kept->refusal);
            dispatch_view_add_index(doc, object, "retracted_by", kept->retracted_by);
        }
        RefusalList refusals = {doc, object, NULL};
        for_refusals(shown, i, add_refusal, &refusals);
    }
}

static void add_audience(yyjson_mut_doc *doc, yyjson_mut_val *root, const Shown *shown)
{
    const Opening *opening = shown->opening;
    yyjson_mut_obj_add_bool(doc, root, "public", opening->is_public);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "audience");
    for (guint i = 0; shown->record->origin && opening->audience && opening->audience[i]; i++)
        dispatch_view_add_node(doc, yyjson_mut_arr_add_obj(doc, list), "node",
                               opening->audience[i]);
    for (guint i = 0; shown->recipients && i < shown->recipients->len; i++) {
        const Recipient *recipient = shown->recipients->pdata[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        dispatch_view_add_node(doc, object, "node", recipient->state->origin);
        yyjson_mut_obj_add_bool(doc, object, "confirmed", recipient->receipt != NULL);
        dispatch_view_add_index(doc, object, "granted_by", recipient->state->granted_by);
        dispatch_view_add_index(doc, object, "receipt", recipient->state->receipt);
        if (recipient->receipt)
            dispatch_view_add_time(doc, object, "confirmed_at", recipient->receipt->made);
    }
}

static void print_json(const Shown *shown)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    const DispatchHeader *header = shown->header;
    dispatch_view_add_record(doc, root, shown->record);
    yyjson_mut_obj_add_bool(doc, root, "erased", shown->opening->is_erased);
    if (header) {
        dispatch_view_add_text(doc, root, "purpose", header->purpose);
        if (header->onward_origin) {
            yyjson_mut_val *onward = yyjson_mut_obj_add_obj(doc, root, "onward");
            dispatch_view_add_text(doc, onward, "ledger", header->onward_origin);
            dispatch_view_add_index(doc, onward, "entry", header->onward_index);
        }
    }
    dispatch_view_add_text(doc, root, "header", shown->opening->header);
    add_audience(doc, root, shown);
    add_items(doc, root, shown);
    dispatch_view_add_text(doc, root, "statement", shown->statement);
    dispatch_view_add_text(doc, root, "checkpoint", shown->checkpoint);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run(const CommandCall *call, GError **error)
{
    g_autofree char *origin = NULL;
    guint64 entry;
    g_auto(Shown) shown = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !dispatch_view_parse(call, 0, node_store(node), &origin, &entry, error) ||
        !read_all(node_store(node), origin, entry, &shown, error))
        return COMMAND_ERROR;
    if (command_json(call)) {
        print_json(&shown);
        return COMMAND_OK;
    }
    print_header(&shown);
    print_audience(&shown);
    print_items(&shown, command_flag(call, "items"));
    print_evidence(&shown);
    return COMMAND_OK;
}

const Command cmd_dispatch_show = {
    .name = "show",
    .summary = "show a dispatch, and what became of it",
    .arguments = "[PEER:]INDEX",
    .description =
        "Of what this node sent, who has confirmed it by which entry of its own ledger, and which "
        "items it could not use. Of what came, the evidence: the sender's signed statement that "
        "covers the entry, and the checkpoint it stands under.",
    .options =
        (const CommandOption[]){
            {"items", 'i', COMMAND_FLAG, .help = "show all items, not only the first 20"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert dispatch show 17", "what this node sent by entry 17"},
            {"concert dispatch show cert.birch.example:12", "what Birch sent by its entry 12"},
            {NULL},
        },
    .nothing = "there is no such dispatch or peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
