/* cmd_exchange_report.c - `concert exchange report`: all that was ever shared with a peer, in both
 * directions, with what proves it. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_exchange.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "cli/ledger_entry.h"
#include "exchange/dispatch_header.h"
#include "store/openings.h"
#include "store/peers.h"

#define RECORDS_AT_ONCE 256

/* One direction, as it is summed up. */
typedef struct {
    const char *name; /* "sent", "received" */
    guint64 entries, dispatches, items, confirmed;
    guint64 end;   /* the digest is of the entries before this */
    guint64 count; /* of these; those granted later left out */
    guint8 digest[SHA256_SIZE];
} Side;

/* One entry, as it is shown; all borrowed. */
typedef struct {
    guint64 index;
    gint64 time; /* 0: not known any more */
    const char *kind, *title;
    guint tlp, n_items;
    gboolean is_public, is_exercise;
    guint64 granted_by, receipt; /* RECORDS_NO_INDEX */
    const Record *record;        /* NULL: it has no state */
    const char *state;           /* instead; NULL */
} Shared;

typedef struct {
    const CommandCall *call;
    Node *node;
    Peer *peer;
    const char *own;                           /* origin of this node's ledger */
    const char *directory;                     /* for disclosures; NULL: none are wanted */
    GHashTable *own_receipts, *their_receipts; /* guint64 * index to guint64 * of the entry that
                                                  confirms it */
    OutputTable *table;
} Report;

static void report_clear(Report *report)
{
    peer_free(report->peer);
    g_clear_pointer(&report->own_receipts, g_hash_table_unref);
    g_clear_pointer(&report->their_receipts, g_hash_table_unref);
    output_table_free(report->table);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Report, report_clear)

/* --- receipts ----------------------------------------------------------------------------------
 */

static GHashTable *new_receipts(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
}

static guint64 *copy_index(guint64 index)
{
    return g_memdup2(&index, sizeof index);
}

/* Notes what the receipt of @header at @index confirms of the ledger @ledger; the first counts. */
static void note_receipt(GHashTable *receipts, yyjson_val *header, const char *ledger,
                         guint64 index)
{
    const char *of = yyjson_get_str(yyjson_obj_get(header, "ledger"));
    yyjson_val *list = yyjson_obj_get(header, "indices"), *value;
    size_t i, count;
    if (!of || !ledger || !g_str_equal(of, ledger))
        return;
    yyjson_arr_foreach (list, i, count, value) {
        guint64 confirmed = yyjson_get_uint(value);
        if (!g_hash_table_contains(receipts, &confirmed))
            g_hash_table_insert(receipts, copy_index(confirmed), copy_index(index));
    }
}

static guint64 find_receipt(GHashTable *receipts, guint64 index)
{
    const guint64 *receipt = g_hash_table_lookup(receipts, &index);
    return receipt ? *receipt : RECORDS_NO_INDEX;
}

/* Calls @each for everything that came, in the order of the peer's ledger, a page at a time. */
static gboolean for_received(Report *report, void (*each)(Report *, Side *, const Record *),
                             Side *side, GError **error)
{
    for (guint64 from = 0;;) {
        g_autoptr(GPtrArray) page = records_page(node_store(report->node), report->peer->origin,
                                                 from, RECORDS_AT_ONCE, error);
        if (!page)
            return FALSE;
        for (guint i = 0; i < page->len; i++)
            each(report, side, page->pdata[i]);
        if (page->len < RECORDS_AT_ONCE)
            return TRUE;
        from = ((const Record *)page->pdata[page->len - 1])->entry + 1;
    }
}

static void note_their_receipt(Report *report, Side *side, const Record *record)
{
    if (!record->header || !g_str_equal(record->kind, DISPATCH_HEADER_RECEIPT))
        return;
    yyjson_doc *doc = yyjson_read(record->header, strlen(record->header), 0);
    note_receipt(report->their_receipts, yyjson_doc_get_root(doc), report->own, record->entry);
    yyjson_doc_free(doc);
}

/* --- showing an entry --------------------------------------------------------------------------
 */

/* What an entry without a title is about. Caller frees; NULL: nothing to say. */
static char *title_of(yyjson_val *header)
{
    const char *title = yyjson_get_str(yyjson_obj_get(header, "title"));
    const char *step = yyjson_get_str(yyjson_obj_get(header, "step"));
    const char *reason = yyjson_get_str(yyjson_obj_get(header, "reason"));
    yyjson_val *of = yyjson_obj_get(header, "of");
    yyjson_val *indices = yyjson_obj_get(header, "indices");
    if (title)
        return g_strdup(title);
    if (of)
        return g_strdup_printf("of entry %" G_GUINT64_FORMAT "%s%s", yyjson_get_uint(of),
                               reason ? ": " : "", reason ? reason : "");
    if (indices)
        return g_strdup_printf("of %zu entries", yyjson_arr_size(indices));
    return g_strdup(step);
}

static void print_json(const Report *report, const Side *side, const Shared *shared)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "event", "entry");
    yyjson_mut_obj_add_str(doc, root, "direction", side->name);
    yyjson_mut_obj_add_uint(doc, root, "entry", shared->index);
    dispatch_view_add_time(doc, root, "time", shared->time);
    dispatch_view_add_text(doc, root, "kind", shared->kind);
    dispatch_view_add_text(doc, root, "title", shared->title);
    dispatch_view_add_text(doc, root, "tlp", marking_tlp_name((MarkingTlp)shared->tlp));
    yyjson_mut_obj_add_uint(doc, root, "items", shared->n_items);
    yyjson_mut_obj_add_bool(doc, root, "public", shared->is_public);
    yyjson_mut_obj_add_bool(doc, root, "exercise", shared->is_exercise);
    dispatch_view_add_text(doc, root, "state",
                           shared->record ? record_state_name(shared->record->state)
                                          : shared->state);
    if (shared->record) {
        yyjson_mut_obj_add_uint(doc, root, "taken_back", shared->record->taken_back);
        dispatch_view_add_time(doc, root, "held", shared->record->held);
    }
    dispatch_view_add_index(doc, root, "granted_by", shared->granted_by);
    dispatch_view_add_index(doc, root, "receipt", shared->receipt);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void show(Report *report, Side *side, const Shared *shared)
{
    side->entries++;
    side->confirmed += shared->receipt != RECORDS_NO_INDEX;
    if (g_strcmp0(shared->kind, DISPATCH_HEADER_DISPATCH) == 0) {
        side->dispatches++;
        side->items += shared->n_items;
    }
    if (command_json(report->call)) {
        print_json(report, side, shared);
        return;
    }
    char time[OUTPUT_NUMBER_MAX] = "", items[OUTPUT_NUMBER_MAX];
    g_autofree char *index = g_strdup_printf("%" G_GUINT64_FORMAT, shared->index);
    g_autofree char *marking = dispatch_view_marking(shared->tlp, MARKING_PAP_NONE);
    g_autofree char *title = dispatch_view_title(shared->title, shared->is_exercise);
    g_autofree char *receipt = shared->receipt == RECORDS_NO_INDEX
                                   ? NULL
                                   : g_strdup_printf("%" G_GUINT64_FORMAT, shared->receipt);
    g_autofree char *granted = shared->granted_by == RECORDS_NO_INDEX
                                   ? NULL
                                   : g_strdup_printf("%" G_GUINT64_FORMAT, shared->granted_by);
    g_autofree char *state =
        shared->record ? dispatch_view_state_short(shared->record) : g_strdup(shared->state);
    if (shared->time > 0)
        output_time(time, shared->time);
    output_table_row(report->table,
                     (const char *[]){index, time, shared->kind ? shared->kind : "erased", marking,
                                      output_number(items, shared->n_items), granted, receipt,
                                      state, title});
}

/* --- sent --------------------------------------------------------------------------------------
 */

static gboolean disclose(const Report *report, guint64 index, GError **error)
{
    g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT ".json", index);
    g_autofree char *path = g_build_filename(report->directory, name, NULL);
    g_autofree char *note = ledger_entry_best_note(report->node, index, error);
    g_autofree char *text =
        note ? openings_disclose(node_store(report->node), index, OPENINGS_ALL_ITEMS, note, error)
             : NULL;
    return text && ledger_entry_write(path, text, strlen(text), error);
}

static void show_header(Report *report, Side *side, const Delivery *delivery, yyjson_val *header)
{
    g_autofree char *title = title_of(header);
    const char *time = yyjson_get_str(yyjson_obj_get(header, "time"));
    const char *kind = yyjson_get_str(yyjson_obj_get(header, "kind"));
    const char *tlp = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(header, "marking"), "tlp"));
    gboolean is_dispatch = g_strcmp0(kind, DISPATCH_HEADER_DISPATCH) == 0;
    g_autoptr(Record) record =
        is_dispatch ? records_get(node_store(report->node), NULL, delivery->entry, NULL) : NULL;
    Shared shared = {
        .index = delivery->entry,
        .kind = kind,
        .title = title,
        .tlp = tlp ? marking_tlp_from_name(tlp) : MARKING_TLP_NONE,
        .n_items = (guint)yyjson_arr_size(yyjson_obj_get(header, "items")),
        .is_public = delivery->is_public,
        .is_exercise = yyjson_is_true(yyjson_obj_get(header, "exercise")),
        .granted_by = delivery->granted_by,
        .receipt = delivery->receipt,
        .record = record,
        .state = header ? NULL : "erased",
    };
    if (time)
        timestamp_parse(time, strlen(time), &shared.time, NULL);
    if (shared.receipt == DELIVERIES_NONE)
        shared.receipt = find_receipt(report->their_receipts, delivery->entry);
    if (g_strcmp0(kind, DISPATCH_HEADER_RECEIPT) == 0)
        note_receipt(report->own_receipts, header, report->peer->origin, delivery->entry);
    show(report, side, &shared);
}

static gboolean report_sent(Report *report, Side *side, GError **error)
{
    Store *store = node_store(report->node);
    g_autoptr(GArray) deliveries = deliveries_all(store, report->peer->origin, error);
    if (!deliveries)
        return FALSE;
    for (guint i = 0; i < deliveries->len; i++) {
        const Delivery *delivery = &g_array_index(deliveries, Delivery, i);
        g_autoptr(LedgerReadEntry) entry = ledger_read_entry(store, delivery->entry, FALSE, error);
        if (!entry)
            return FALSE;
        yyjson_doc *doc =
            entry->header ? yyjson_read(entry->header, strlen(entry->header), 0) : NULL;
        show_header(report, side, delivery, yyjson_doc_get_root(doc));
        yyjson_doc_free(doc);
        if (report->directory && !disclose(report, delivery->entry, error))
            return FALSE;
    }
    return deliveries_digest(store, report->peer->origin, side->end, &side->count, side->digest,
                             error);
}

/* --- received ----------------------------------------------------------------------------------
 */

static void show_received(Report *report, Side *side, const Record *record)
{
    yyjson_doc *doc =
        record->header ? yyjson_read(record->header, strlen(record->header), 0) : NULL;
    yyjson_val *header = yyjson_doc_get_root(doc);
    g_autofree char *title = title_of(header);
    const char *audience = yyjson_get_str(yyjson_obj_get(header, "audience"));
    const Shared shared = {
        .index = record->entry,
        .time = record->made,
        .kind = record->kind[0] ? record->kind : NULL,
        .title = record->title ? record->title : title,
        .tlp = record->tlp,
        .n_items = record->n_items,
        .is_public = g_strcmp0(audience, "public") == 0,
        .is_exercise = record->exercise,
        .granted_by = record->granted_by,
        .receipt = find_receipt(report->own_receipts, record->entry),
        .record = record->title ? record : NULL,
        .state = header ? NULL : "erased",
    };
    show(report, side, &shared);
    yyjson_doc_free(doc);
}

static gboolean report_received(Report *report, Side *side, GError **error)
{
    return for_received(report, show_received, side, error) &&
           records_digest(node_store(report->node), report->peer->origin, side->end, &side->count,
                          side->digest, error);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static void begin_side(Report *report, const Side *side)
{
    if (command_json(report->call))
        return;
    output_line("%s", side->name);
    report->table = output_table_new(">ENTRY", "TIME", "KIND", "TLP", ">ITEMS", ">GRANTED BY",
                                     ">RECEIPT", "STATE", "TITLE", NULL);
}

static void end_side(Report *report, const Side *side)
{
    char hex[2 * SHA256_SIZE + 1];
    sha256_hex(side->digest, hex);
    if (!command_json(report->call)) {
        output_table_print(g_steal_pointer(&report->table));
        output_line("entries %" G_GUINT64_FORMAT ", of them confirmed %" G_GUINT64_FORMAT
                    "; dispatches %" G_GUINT64_FORMAT ", items in them %" G_GUINT64_FORMAT,
                    side->entries, side->confirmed, side->dispatches, side->items);
        output_line("before entry %" G_GUINT64_FORMAT ", without those granted later: entries "
                    "%" G_GUINT64_FORMAT ", SHA-256 %s",
                    side->end, side->count, hex);
        output_line("%s", "");
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "event", "summary");
    yyjson_mut_obj_add_str(doc, root, "direction", side->name);
    yyjson_mut_obj_add_uint(doc, root, "entries", side->entries);
    yyjson_mut_obj_add_uint(doc, root, "confirmed", side->confirmed);
    yyjson_mut_obj_add_uint(doc, root, "dispatches", side->dispatches);
    yyjson_mut_obj_add_uint(doc, root, "items", side->items);
    yyjson_mut_obj_add_uint(doc, root, "end", side->end);
    yyjson_mut_obj_add_uint(doc, root, "count", side->count);
    yyjson_mut_obj_add_str(doc, root, "sha256", hex);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_heading(const Report *report, const LedgerReadState *own)
{
    char now[OUTPUT_NUMBER_MAX];
    if (!command_json(report->call)) {
        output_line("All that %s and %s shared until %s.", own->origin, report->peer->origin,
                    output_time(now, timestamp_now()));
        output_line("%s", "");
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "event", "report");
    dispatch_view_add_text(doc, root, "ledger", own->origin);
    dispatch_view_add_text(doc, root, "peer", report->peer->origin);
    dispatch_view_add_time(doc, root, "time", timestamp_now());
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static gboolean prepare_output(const CommandCall *call, Report *report, GError **error)
{
    const char *path = command_text(call, "output");
    report->directory = command_text(call, "disclose");
    if (report->directory && g_mkdir(report->directory, 0700) != 0 && errno != EEXIST)
        return error_from_errno(error, errno, "%s", report->directory);
    return !path || g_str_equal(path, "-") || output_to_file(path, error);
}

static int run(const CommandCall *call, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_auto(Report) report = {.call = call, .node = node};
    report.peer = node ? peers_get(node_store(node), call->arguments[0], error) : NULL;
    if (!report.peer || !ledger_read_state(node_store(node), &own, error))
        return COMMAND_ERROR;
    report.own = own.origin;
    report.own_receipts = new_receipts();
    report.their_receipts = new_receipts();
    if (!for_received(&report, note_their_receipt, NULL, error) ||
        !prepare_output(call, &report, error))
        return COMMAND_ERROR;
    Side sent = {.name = "sent",
                 .end = (guint64)command_int(call, "sent-before", (gint64)own.size)};
    Side received = {
        .name = "received",
        .end = (guint64)command_int(call, "received-before", (gint64)report.peer->cursor)};
    print_heading(&report, &own);
    begin_side(&report, &sent);
    if (!report_sent(&report, &sent, error))
        return COMMAND_ERROR;
    end_side(&report, &sent);
    begin_side(&report, &received);
    if (!report_received(&report, &received, error))
        return COMMAND_ERROR;
    end_side(&report, &received);
    return COMMAND_OK;
}

const Command cmd_exchange_report = {
    .name = "report",
    .summary = "list all that was ever shared with a peer",
    .arguments = "PEER",
    .description =
        "Every entry that was for the peer, and every one that came, with the entry that confirms "
        "it. The two sums of each direction are computed alike by both nodes: what one sent before "
        "an entry is what the other received before it. They are of the entries themselves, those "
        "granted later left out.\n\n"
        "With --disclose each own entry is also written to DIR/INDEX.json, opened and with its "
        "proof: whoever has these files can verify what was sent with `concert ledger "
        "verify-disclosure`, and can read it.",
    .options =
        (const CommandOption[]){
            {"output", 'o', COMMAND_TEXT, "FILE",
             .help = "new file to write to (default: standard output)"},
            {"disclose", 'd', COMMAND_TEXT, "DIR", .help = "write what proves each own entry"},
            {"sent-before", 0, COMMAND_INT, "N", .max = G_MAXINT64,
             .help = "sum up own entries before N (default: all)"},
            {"received-before", 0, COMMAND_INT, "N", .max = G_MAXINT64,
             .help = "sum up the peer's entries before N (default: all that came)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert exchange report cert.birch.example --disclose proofs -o birch.txt",
             "a report, and what proves it"},
            {NULL},
        },
    .nothing = "there is no such peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
