/* cmd_sighting.c - `concert sighting`: what was seen of indicators, here and by partners. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "node/sighting_list.h"
#include "stix/identifier.h"
#include "stix/observable.h"
#include "store/objects.h"
#include "store/peers.h"

/* Values of one indicator that are shown. */
#define VALUES_SHOWN 16

/* --- What is asked for ------------------------------------------------------------------------
 */

static gboolean add_id(const ObjectsRow *row, gpointer user)
{
    g_hash_table_add(user, g_strdup(row->id));
    return TRUE;
}

/* The ids of what speaks of the value @text, or @text itself where it is an id. */
static GHashTable *find_ids(const CommandCall *call, Store *store, const char *text, GError **error)
{
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gsize type = identifier_type_length(text, strlen(text));
    g_autofree char *canonical = NULL;
    ObjectsQuery query = OBJECTS_QUERY_INIT;

    if (type > 0 && identifier_is_uuid(text + type + 2, strlen(text + type + 2), NULL)) {
        g_hash_table_add(ids, g_strdup(text));
        return g_steal_pointer(&ids);
    }
    query.kind = observable_classify(text, strlen(text), &canonical);
    query.value = canonical;
    if (!canonical) {
        command_usage(call, error, "%s is neither the id of an indicator nor a value", text);
        return NULL;
    }
    /* The MD5 of a file and a JA3 look alike: look for both. */
    if (query.kind == OBSERVABLE_MD5)
        query.kind = OBSERVABLE_NONE;
    return objects_find(store, &query, add_id, ids, NULL, error) ? g_steal_pointer(&ids) : NULL;
}

static gboolean read_time(const CommandCall *call, const char *option, gint64 *ret_time,
                          GError **error)
{
    const char *text = command_text(call, option);
    if (!text || timestamp_parse_lenient(text, strlen(text), ret_time))
        return TRUE;
    command_usage(call, error, "--%s %s: not a time such as 2024-05-01", option, text);
    return FALSE;
}

/* --- Showing ----------------------------------------------------------------------------------
 */

/* The first VALUES_SHOWN values that an indicator's pattern names. */
typedef struct {
    GPtrArray *texts; /* char * */
    guint more;
} Values;

static gboolean add_values(const ObjectsRow *row, gpointer user)
{
    Values *values = user;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(Object) object = object_read(bytes, length, row->spec, OBJECT_LENIENT, NULL);
    for (guint i = 0; object && object->values && i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        if (!value->from_pattern)
            continue;
        if (values->texts->len < VALUES_SHOWN)
            g_ptr_array_add(values->texts, g_strdup(value->text));
        else
            values->more++;
    }
    return FALSE;
}

static gboolean read_values(Store *store, const char *id, Values *ret_values, GError **error)
{
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = id;
    return objects_find(store, &query, add_values, ret_values, NULL, error);
}

static void add_sum(yyjson_mut_doc *doc, yyjson_mut_val *object, const SightingListSum *sum)
{
    char text[TIMESTAMP_MAX];
    yyjson_mut_obj_add_uint(doc, object, "count", sum->count);
    yyjson_mut_obj_add_uint(doc, object, "sightings", sum->sightings);
    if (sum->first == 0) {
        yyjson_mut_obj_add_null(doc, object, "first_seen");
        yyjson_mut_obj_add_null(doc, object, "last_seen");
        return;
    }
    yyjson_mut_obj_add_strcpy(doc, object, "first_seen", timestamp_format(text, sum->first, 3));
    yyjson_mut_obj_add_strcpy(doc, object, "last_seen", timestamp_format(text, sum->last, 3));
}

static void print_json(const SightingListRow *row, const Values *values)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_obj_add_str(doc, root, "id", row->id);
    yyjson_mut_val *texts = yyjson_mut_obj_add_arr(doc, root, "values");
    for (guint i = 0; i < values->texts->len; i++)
        yyjson_mut_arr_add_str(doc, texts, values->texts->pdata[i]);
    yyjson_mut_obj_add_uint(doc, root, "more_values", values->more);
    add_sum(doc, root, &row->sum);
    yyjson_mut_val *by = yyjson_mut_obj_add_arr(doc, root, "by");
    for (guint i = 0; i < row->parts->len; i++) {
        const SightingListPart *part = row->parts->pdata[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, by);
        yyjson_mut_obj_add_str(doc, object, "who", sighting_list_who_name(part->who));
        yyjson_mut_obj_add_str(doc, object, "source", part->source);
        add_sum(doc, object, &part->sum);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static const char *show_time(char buffer[OUTPUT_NUMBER_MAX], gint64 time)
{
    return time == 0 ? "-" : output_time(buffer, time);
}

static void add_rows(OutputTable *table, const SightingListRow *row, const Values *values)
{
    guint more = values->more + (values->texts->len > 1 ? values->texts->len - 1 : 0);
    g_autofree char *value = NULL;
    if (values->texts->len > 0)
        value = more > 0 ? g_strdup_printf("%s +%u", (char *)values->texts->pdata[0], more)
                         : g_strdup(values->texts->pdata[0]);
    for (guint i = 0; i < row->parts->len; i++) {
        const SightingListPart *part = row->parts->pdata[i];
        char count[OUTPUT_NUMBER_MAX], first[OUTPUT_NUMBER_MAX], last[OUTPUT_NUMBER_MAX];
        output_table_row(
            table, (const char *[]){
                       output_number(count, part->sum.count), show_time(first, part->sum.first),
                       show_time(last, part->sum.last),
                       part->who == SIGHTING_LIST_OWN ? "own" : part->source, value, row->id});
    }
}

static gboolean print_rows(const CommandCall *call, Store *store, const GPtrArray *rows,
                           GError **error)
{
    guint limit = (guint)command_int(call, "limit", 0), i;
    gboolean json = command_json(call);
    g_autoptr(OutputTable) table =
        output_table_new(">COUNT", "FIRST SEEN", "LAST SEEN", "BY", "VALUE", "OF", NULL);

    for (i = 0; i < rows->len && (limit == 0 || i < limit); i++) {
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        Values values = {.texts = texts};
        const SightingListRow *row = rows->pdata[i];
        if (!read_values(store, row->id, &values, error))
            return FALSE;
        if (json)
            print_json(row, &values);
        else
            add_rows(table, row, &values);
    }
    if (!json)
        output_table_print(g_steal_pointer(&table));
    if (i < rows->len)
        output_note("%u more were seen less; see --limit.", rows->len - i);
    return TRUE;
}

/* Why nothing is shown. */
static gboolean explain_nothing(Store *store, GError **error)
{
    const SightingListQuery all = SIGHTING_LIST_QUERY_INIT;
    guint64 count;
    char number[OUTPUT_NUMBER_MAX];
    if (!sighting_list_count(store, &all, &count, error))
        return FALSE;
    if (count > 0)
        output_note("None of the %s sightings that are stored is of that.",
                    output_number(number, count));
    else
        output_note("No sighting is stored yet. `concert match --record FILE` and `concert watch "
                    "--record` store what they find; peers' come when they return them.");
    return TRUE;
}

/* --- `concert sighting list` ------------------------------------------------------------------
 */

static int run_list(const CommandCall *call, GError **error)
{
    const char *name = command_text(call, "peer"), *source = command_text(call, "source");
    gboolean own = command_flag(call, "own");
    SightingListQuery query = SIGHTING_LIST_QUERY_INIT;
    guint64 left_out = 0;

    if ((name != NULL) + (source != NULL) + own > 1)
        return command_usage(call, error, "--own, --peer or --source, one of them");
    if (!read_time(call, "since", &query.since, error) ||
        !read_time(call, "until", &query.until, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    Store *store = node_store(node);
    g_autoptr(Peer) peer = name ? peers_get(store, name, error) : NULL;
    if (name && !peer)
        return command_file_error(error);
    query.source = peer  ? peer->node
                   : own ? config_string(node_config(node), SETTING_IMPORT_SOURCE)
                         : source;
    g_autoptr(GHashTable) ids =
        call->count > 0 ? find_ids(call, store, call->arguments[0], error) : NULL;
    if (call->count > 0 && !ids)
        return COMMAND_ERROR;
    query.ids = ids;
    g_autoptr(GPtrArray) rows = sighting_list_read(node, &query, &left_out, error);
    if (!rows ||
        !(rows->len > 0 ? print_rows(call, store, rows, error) : explain_nothing(store, error)))
        return COMMAND_ERROR;
    if (left_out > 0)
        output_note("%" G_GUINT64_FORMAT " sightings of more indicators are not counted", left_out);
    return rows->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static const Command sighting_list = {
    .name = "list",
    .summary = "how often indicators were seen, when, and by whom",
    .arguments = "[ID|VALUE]",
    .description =
        "Of each indicator, most seen first: what this node has counted (`match --record`, `watch "
        "--record`), and what each peer or other source said it saw. An address, network, domain, "
        "URL, hash or e-mail address finds the indicators whose pattern names it. A sighting "
        "counts whole, at the time it was last seen; those that were revoked or recalled do not "
        "count.",
    .options =
        (const CommandOption[]){
            {"own", 0, COMMAND_FLAG, .help = "only what this node has seen"},
            {"peer", 'p', COMMAND_TEXT, "NODE", .help = "only what this peer has seen"},
            {"source", 's', COMMAND_TEXT, "NAME", .help = "only what this source gave"},
            {"since", 0, COMMAND_TEXT, "TIME", .help = "only what was last seen then or later"},
            {"until", 0, COMMAND_TEXT, "TIME", .help = "only what was last seen before"},
            {"limit", 'n', COMMAND_INT, "N", .min = 0, .max = G_MAXINT32,
             .help = "the N most seen; 0: all (default)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert sighting list --since 2024-05-01", "what was seen since May"},
            {"concert sighting list beacon.alder.example", "who saw this name, and how often"},
            {"concert sighting list --peer cert.birch.example --json", "what Birch has told"},
            {NULL},
        },
    .nothing = "no such sighting is stored",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_list,
};

const Command cmd_sighting = {
    .name = "sighting",
    .summary = "what was seen of indicators, here and by partners",
    .subcommands = (const Command *const[]){&sighting_list, NULL},
};
