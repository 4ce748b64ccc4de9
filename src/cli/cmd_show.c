/* cmd_show.c - `concert show`: all that is known of one object. */
#include <stdio.h>
#include <string.h>

#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/dispatch_view.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "stix/object.h"
#include "store/collections.h"
#include "store/records.h"

typedef struct {
    const CommandCall *call;
    Store *store;
    OutputTable *table;
    GHashTable *retired;   /* records_retired() */
    GPtrArray *dispatches; /* those that carry a version, and what became of them; char * */
    const char *wanted;    /* prefix of a SHA-256 to print raw; NULL: the version in effect */
    GBytes *raw;           /* what --raw prints */
    guint raw_matches;
    gint64 raw_version;
    char *title;
    GError *failure;
} Show;

static void choose_raw(Show *show, const ObjectsRow *row, const char *sha256)
{
    if (show->wanted ? !g_str_has_prefix(sha256, show->wanted) : row->variant || row->claim)
        return;
    show->raw_matches++;
    if (!show->wanted && show->raw && row->version < show->raw_version)
        return;
    g_clear_pointer(&show->raw, g_bytes_unref);
    show->raw = g_bytes_ref(row->bytes);
    show->raw_version = row->version;
}

static gboolean add_dispatches(Show *show, gint64 version)
{
    g_autoptr(GPtrArray) records = records_bearing(show->store, version, &show->failure);
    for (guint i = 0; records && i < records->len; i++) {
        Record *record = records->pdata[i];
        record->taken_back = 0; /* of its other items nobody asks */
        g_autofree char *name = dispatch_view_name(record->origin, record->entry);
        g_autofree char *state = dispatch_view_state(record);
        g_ptr_array_add(show->dispatches, g_strdup_printf("%s  %s", name, state));
    }
    return records != NULL;
}

static gboolean each_version(const ObjectsRow *row, gpointer user)
{
    Show *show = user;
    char sha256[2 * SHA256_SIZE + 1];
    sha256_hex(row->sha256, sha256);
    if (command_flag(show->call, "raw")) {
        choose_raw(show, row, sha256);
        return TRUE;
    }
    if (command_json(show->call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        output_json(summary_json(doc, row, show->retired));
        yyjson_mut_doc_free(doc);
        return TRUE;
    }
    char stored[OUTPUT_NUMBER_MAX];
    const char *state = summary_state(row, show->retired);
    g_autofree char *version =
        row->version == 0 ? g_strdup("-") : object_version_text(row->version, row->version_digits);
    output_table_row(show->table,
                     (const char *[]){version, state[0] ? state : "in effect", row->source,
                                      output_time(stored, row->stored_at), sha256});
    g_free(show->title);
    show->title = summary_title(row, 200);
    return add_dispatches(show, row->number);
}

static gboolean print_collections(Store *store, const char *id, GError **error)
{
    g_autoptr(GPtrArray) list = collections_list(store, NULL, error);
    if (!list)
        return FALSE;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const Collection *collection = list->pdata[i];
        gboolean contains;
        if (!collections_contains(store, collection->number, id, &contains, error))
            return FALSE;
        if (contains)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", collection->name);
    }
    output_line("collections  %s", names->len > 0 ? names->str : "none");
    return TRUE;
}

static gboolean print_all(Show *show, const char *id, GError **error)
{
    output_line("%s", id);
    if (show->title[0])
        output_line("name         %s", show->title);
    if (!print_collections(show->store, id, error))
        return FALSE;
    for (guint i = 0; i < show->dispatches->len; i++)
        output_line("dispatch     %s", (const char *)show->dispatches->pdata[i]);
    output_line("%s", "");
    output_table_print(g_steal_pointer(&show->table));
    return TRUE;
}

/* Clears what @show holds. */
static void show_clear(Show *show)
{
    output_table_free(show->table);
    g_clear_pointer(&show->retired, g_hash_table_unref);
    g_clear_pointer(&show->dispatches, g_ptr_array_unref);
    g_clear_pointer(&show->raw, g_bytes_unref);
    g_free(show->title);
    g_clear_error(&show->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Show, show_clear)

static int print_raw(const Show *show, GError **error)
{
    if (show->raw_matches > 1 && show->wanted) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: more than one version has it",
                    show->wanted);
        return COMMAND_ERROR;
    }
    if (!show->raw) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no such version");
        return COMMAND_NOTHING;
    }
    gsize length;
    const char *bytes = g_bytes_get_data(show->raw, &length);
    fwrite(bytes, 1, length, stdout);
    return COMMAND_OK;
}

static int run(const CommandCall *call, GError **error)
{
    const char *id = call->arguments[0];
    if (command_text(call, "sha256") && !command_flag(call, "raw"))
        return command_usage(call, error, "--sha256 says which version --raw prints");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_auto(Show) show = {
        .call = call,
        .store = node_store(node),
        .table = output_table_new("VERSION", "STATE", "SOURCE", "STORED", "SHA-256", NULL),
        .retired = records_retired(node_store(node), error),
        .dispatches = g_ptr_array_new_with_free_func(g_free),
        .wanted = command_text(call, "sha256"),
    };
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = id;
    query.variants = TRUE;
    guint64 count = 0;
    if (!show.retired || !objects_find(show.store, &query, each_version, &show, &count, error))
        return COMMAND_ERROR;
    if (show.failure) {
        g_propagate_error(error, g_steal_pointer(&show.failure));
        return COMMAND_ERROR;
    }
    if (count == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "no object %s", id);
        return COMMAND_NOTHING;
    }
    if (command_flag(call, "raw"))
        return print_raw(&show, error);
    return command_json(call) || print_all(&show, id, error) ? COMMAND_OK : COMMAND_ERROR;
}

const Command cmd_show = {
    .name = "show",
    .summary = "show all versions of an object, or its very bytes",
    .arguments = "ID",
    .description =
        "Lists every version that was received, in the order they were stored: those in effect, "
        "variants (the same id and version with other bytes), claims (versions from another source "
        "than the object's first) and revocations, with source and SHA-256, and the dispatches "
        "that "
        "carry them. Out of use is what all of these have recalled or withdrawn, or let expire.",
    .options =
        (const CommandOption[]){
            {"raw", 'r', COMMAND_FLAG, .help = "print the bytes of the latest version in effect"},
            {"sha256", 0, COMMAND_TEXT, "HEX",
             .help = "print the version whose SHA-256 begins so instead"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is no such object or version",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
