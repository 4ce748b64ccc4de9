/* cmd_convention.c - `concert convention`: which conventions hold for whom, and since when, as
 * organisations state it in public. No list is built in: it is a file that its owner keeps. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/output.h"
#include "ledger/origin.h"
#include "ledger/signed_json.h"
#include "store/ledger_read.h"
#include "store/records.h"

#define TYPE            "conventions"
#define MEDIA_TYPE      "application/vnd.concert.conventions+json"
#define STATEMENT       "statement" /* kind of entry */
#define BYTES_MAX       (256 * 1024)
#define CONVENTIONS_MAX 256
#define STATUSES_MAX    512 /* of a convention */
#define LINE_BYTES_MAX  512
#define ENTRIES_MAX     4096 /* that are looked through */

/* --- the file ----------------------------------------------------------------------------------
 */

static gboolean wrong(GError **error, const char *where, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", where, what);
    return FALSE;
}

static gboolean is_line(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0 || length > LINE_BYTES_MAX)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]))
            return FALSE;
    return TRUE;
}

static gboolean is_date(yyjson_val *value)
{
    gint64 us;
    return yyjson_is_str(value) && yyjson_get_len(value) == strlen("2026-01-01") &&
           timestamp_parse_lenient(yyjson_get_str(value), yyjson_get_len(value), &us);
}

static gboolean check_status(yyjson_val *status, const char *name, GError **error)
{
    static const char *const words[] = {"none",     "signed",    "ratified", "acceded",
                                        "in-force", "denounced", NULL};
    yyjson_val *reservation = yyjson_obj_get(status, "reservation");
    if (!is_line(yyjson_obj_get(status, "party")))
        return wrong(error, name, "a status names no \"party\"");
    if (!yyjson_is_str(yyjson_obj_get(status, "status")) ||
        !g_strv_contains(words, yyjson_get_str(yyjson_obj_get(status, "status"))))
        return wrong(error, name,
                     "a \"status\" is none, signed, ratified, acceded, in-force or denounced");
    if (!is_date(yyjson_obj_get(status, "since")) || !is_date(yyjson_obj_get(status, "checked")))
        return wrong(error, name,
                     "a status says \"since\" when it is so, and when that was \"checked\", as "
                     "2026-01-31");
    return !reservation || is_line(reservation) ||
           wrong(error, name, "a \"reservation\" is one line");
}

static gboolean check_convention(yyjson_val *convention, GError **error)
{
    yyjson_val *statuses = yyjson_obj_get(convention, "statuses"), *one;
    const char *name = yyjson_get_str(yyjson_obj_get(convention, "name"));
    size_t at, size;
    if (!is_line(yyjson_obj_get(convention, "name")) ||
        !is_line(yyjson_obj_get(convention, "title")))
        return wrong(error, "conventions", "one has no \"name\" or official \"title\"");
    if (!yyjson_is_arr(statuses) || yyjson_arr_size(statuses) > STATUSES_MAX)
        return wrong(error, name, "it has no list \"statuses\", or a long one");
    yyjson_arr_foreach (statuses, at, size, one)
        if (!check_status(one, name, error))
            return FALSE;
    return TRUE;
}

static gboolean check_conventions(yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *one;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > CONVENTIONS_MAX)
        return wrong(error, "conventions", "there is no list of them, or a long one");
    yyjson_arr_foreach (list, at, size, one)
        if (!check_convention(one, error))
            return FALSE;
    return TRUE;
}

/* --- publish -----------------------------------------------------------------------------------
 */

/* Signs the conventions in @list as this node's. Caller frees. */
static char *sign(Node *node, yyjson_val *list, GError **error)
{
    char time[TIMESTAMP_MAX];
    g_auto(LedgerReadState) ledger = {0};
    if (!ledger_read_state(node_store(node), &ledger, error))
        return NULL;
    g_autofree char *self = origin_node(ledger.origin);
    yyjson_doc *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "type", TYPE);
    yyjson_mut_val *body = yyjson_mut_obj_add_obj(params, root, "body");
    yyjson_mut_obj_add_str(params, body, "node", self);
    yyjson_mut_obj_add_str(params, body, "time", timestamp_format(time, timestamp_now(), 0));
    yyjson_mut_obj_add_val(params, body, "conventions", yyjson_val_mut_copy(params, list));
    if (!command_node_call(node, "statement.sign", params, &result, error))
        return NULL;
    char *text = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "text")));
    yyjson_doc_free(result);
    return text;
}

/* Appends it to the ledger, for everybody. */
static gboolean append(Node *node, const char *text, guint64 *ret_index, GError **error)
{
    g_autofree char *base64 = g_base64_encode((const guchar *)text, strlen(text));
    yyjson_doc *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "title", "Status of conventions");
    yyjson_mut_obj_add_bool(params, root, "public", TRUE);
    yyjson_mut_obj_add_arr(params, root, "audience");
    yyjson_mut_val *item =
        yyjson_mut_arr_add_obj(params, yyjson_mut_obj_add_arr(params, root, "items"));
    yyjson_mut_obj_add_str(params, item, "type", MEDIA_TYPE);
    yyjson_mut_obj_add_str(params, item, "bytes", base64);
    if (!command_node_call(node, "ledger.append", params, &result, error))
        return FALSE;
    *ret_index = yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(result), "index"));
    yyjson_doc_free(result);
    return TRUE;
}

static int run_publish(const CommandCall *call, GError **error)
{
    gsize length;
    guint64 index;
    g_autofree char *file =
        document_read(NULL, call->arguments[0], NULL, BYTES_MAX, &length, error);
    g_autoptr(yyjson_doc) doc = file ? jsonguard_read(file, length, error) : NULL;
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "conventions");
    if (!doc || !check_conventions(list, error)) {
        if (file)
            g_prefix_error(error, "%s: ", call->arguments[0]);
        return command_file_error(error);
    }
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autofree char *text = node ? sign(node, list, error) : NULL;
    if (!text || !append(node, text, &index, error))
        return COMMAND_ERROR;
    output_line("entry %" G_GUINT64_FORMAT " states the status of %zu conventions, for everybody",
                index, yyjson_arr_size(list));
    return COMMAND_OK;
}

static const Command cmd_convention_publish = {
    .name = "publish",
    .summary = "state in public which conventions hold for whom, and since when",
    .arguments = "FILE|-",
    .description = "A file of JSON that its owner keeps: {\"conventions\": [{\"name\", \"title\", "
                   "\"statuses\": [{\"party\", \"status\", \"since\", \"checked\"}]}]}. It is "
                   "signed and stands in the ledger; peers get it as they get the rest. See "
                   "docs/coordination.md.",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_publish,
};

/* --- list --------------------------------------------------------------------------------------
 */

/* What somebody stated last. */
typedef struct {
    SignedJson *json;
    gint64 made;
} Stated;

static void stated_free(gpointer data)
{
    Stated *stated = data;
    signed_json_free(stated->json);
    g_free(stated);
}

/* Takes what an item states if it is @node's own, and newer than what is known of it. */
static void take(GHashTable *known, const char *node, gint64 made, GBytes *bytes)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(SignedJson) json = signed_json_parse(text, length, BYTES_MAX, TYPE, NULL);
    const Stated *before = g_hash_table_lookup(known, node);
    if (!json || !yyjson_equals_str(yyjson_obj_get(json->body, "node"), node) ||
        !check_conventions(yyjson_obj_get(json->body, "conventions"), NULL) ||
        (before && before->made >= made))
        return;
    Stated *stated = g_new0(Stated, 1);
    stated->json = g_steal_pointer(&json);
    stated->made = made;
    g_hash_table_insert(known, g_strdup(node), stated);
}

static void take_opening(GHashTable *known, const Opening *opening)
{
    g_autofree char *node = opening->origin ? origin_node(opening->origin) : NULL;
    for (guint i = 0; node && i < opening->n_items; i++)
        if (opening->items[i].state == OPENING_PRESENT &&
            strcmp(opening->items[i].type, MEDIA_TYPE) == 0)
            take(known, node, opening->time_us, opening->items[i].bytes);
}

static gboolean collect_peers(Store *store, GHashTable *known, GError **error)
{
    const RecordsQuery query = {.kind = STATEMENT, .limit = ENTRIES_MAX};
    g_autoptr(GPtrArray) records = records_list(store, &query, error);
    for (guint i = 0; records && i < records->len; i++) {
        const Record *record = records->pdata[i];
        if (!record->origin)
            continue;
        g_autoptr(Opening) opening = records_opening(store, record->origin, record->entry, NULL);
        if (opening)
            take_opening(known, opening);
    }
    return records != NULL;
}

static gboolean collect_own(Store *store, GHashTable *known, GError **error)
{
    g_auto(LedgerReadState) ledger = {0};
    if (!ledger_read_state(store, &ledger, error))
        return FALSE;
    g_autofree char *self = origin_node(ledger.origin);
    g_autoptr(GArray) indexes = ledger_read_public(store, 0, ledger.size, ENTRIES_MAX, error);
    for (guint i = 0; indexes && i < indexes->len; i++) {
        guint64 index = g_array_index(indexes, guint64, i);
        g_autoptr(LedgerReadEntry) entry = ledger_read_entry(store, index, TRUE, error);
        if (!entry)
            return FALSE;
        if (entry->header && strstr(entry->header, MEDIA_TYPE) && entry->n_items > 0 &&
            entry->items[0].bytes)
            take(known, self, (gint64)index, entry->items[0].bytes);
    }
    return indexes != NULL;
}

static void print_status(const CommandCall *call, OutputTable *table, const char *node,
                         yyjson_val *convention, yyjson_val *status)
{
    static const char *const members[] = {"party", "status", "since", "checked", "reservation"};
    const char *cells[7] = {yyjson_get_str(yyjson_obj_get(convention, "name"))};
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        cells[i + 1] = yyjson_get_str(yyjson_obj_get(status, members[i]));
    cells[6] = node;
    if (!command_json(call)) {
        output_table_row(table, cells);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "convention", cells[0]);
    yyjson_mut_obj_add_str(doc, root, "title", yyjson_get_str(yyjson_obj_get(convention, "title")));
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        if (cells[i + 1])
            yyjson_mut_obj_add_str(doc, root, members[i], cells[i + 1]);
    yyjson_mut_obj_add_str(doc, root, "stated_by", node);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static guint print_stated(const CommandCall *call, OutputTable *table, const char *node,
                          const Stated *stated)
{
    const char *party = command_text(call, "party");
    yyjson_val *convention, *status;
    size_t at, size, place, count;
    guint shown = 0;
    yyjson_arr_foreach (yyjson_obj_get(stated->json->body, "conventions"), at, size, convention)
        yyjson_arr_foreach (yyjson_obj_get(convention, "statuses"), place, count, status) {
            if (party && !yyjson_equals_str(yyjson_obj_get(status, "party"), party))
                continue;
            print_status(call, table, node, convention, status);
            shown++;
        }
    return shown;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(GHashTable) known =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stated_free);
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !collect_own(node_store(node), known, error) ||
        !collect_peers(node_store(node), known, error))
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table = output_table_new("CONVENTION", "PARTY", "STATUS", "SINCE",
                                                    "CHECKED", "RESERVATION", "STATED BY", NULL);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(known), compare_names);
    guint shown = 0;
    for (const GList *name = names; name; name = name->next)
        shown += print_stated(call, table, name->data, g_hash_table_lookup(known, name->data));
    output_table_print(g_steal_pointer(&table));
    return shown > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command cmd_convention_list = {
    .name = "list",
    .summary = "list what this node and its peers state about conventions",
    .description =
        "Who says what, side by side: nothing of it is decided here, and whether a legal "
        "profile applies does not depend on it.",
    .options = (const CommandOption[]){{"party", 0, COMMAND_TEXT, "NAME",
                                        .help = "only what is said of this party"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "nobody has stated anything",
    .uses_node = TRUE,
    .run = run_list,
};

const Command cmd_convention = {
    .name = "convention",
    .summary = "state, and see, which conventions hold for whom and since when",
    .description = "See docs/coordination.md.",
    .subcommands = (const Command *const[]){&cmd_convention_list, &cmd_convention_publish, NULL},
};
