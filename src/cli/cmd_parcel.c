/* cmd_parcel.c - `concert parcel`: the same dispatches as files, for a stick or the mail. */
#include <string.h>
#include <unistd.h>

#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/parcel_file.h"
#include "node/config.h"
#include "node/parcel_box.h"

#define ID_SHOWN 12 /* characters of an id in a list */

static guint64 get_number(yyjson_val *object, const char *name)
{
    return yyjson_get_uint(yyjson_obj_get(object, name));
}

static const char *get_text(yyjson_val *object, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(object, name));
}

/* --- write ----------------------------------------------------------------------------------- */

static gboolean read_part_size(const CommandCall *call, guint64 *ret_size, GError **error)
{
    const char *text = command_text(call, "part-size");
    *ret_size = G_MAXINT64;
    if (!text)
        return TRUE;
    if (config_read_size(text, G_MAXINT64, ret_size) && *ret_size >= PARCEL_PART_MIN)
        return TRUE;
    command_usage(call, error, "--part-size is a number of bytes, of at least 1K: 1M, 500K");
    return FALSE;
}

static yyjson_mut_doc *write_params(const CommandCall *call)
{
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    gint64 from = command_int(call, "from", -1), size = command_int(call, "size", -1);
    yyjson_mut_doc_set_root(params, root);
    yyjson_mut_obj_add_str(params, root, "peer", call->arguments[0]);
    if (from >= 0)
        yyjson_mut_obj_add_int(params, root, "from", from);
    if (size >= 0)
        yyjson_mut_obj_add_int(params, root, "size", size);
    return params;
}

static void report_json(yyjson_val *result, char **names)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_val_mut_copy(doc, result);
    yyjson_mut_val *files = yyjson_mut_arr(doc);
    yyjson_mut_obj_remove_key(root, "file");
    for (guint i = 0; names[i]; i++)
        yyjson_mut_arr_add_str(doc, files, names[i]);
    yyjson_mut_obj_add_val(doc, root, "files", files);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void report_written(yyjson_val *result, char **names)
{
    char size[OUTPUT_NUMBER_MAX];
    guint count = g_strv_length(names);
    guint64 openings = get_number(result, "openings");
    if (count == 1)
        output_line("Wrote %s (%s) for %s.", names[0],
                    output_size(size, get_number(result, "bytes")), get_text(result, "peer"));
    else
        output_line("Wrote %u parts (%s) for %s, %s to %s: they may arrive in any order.", count,
                    output_size(size, get_number(result, "bytes")), get_text(result, "peer"),
                    names[0], names[count - 1]);
    output_line("It has entries %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                " of this ledger: %" G_GUINT64_FORMAT " for that peer.",
                get_number(result, "from"), get_number(result, "end") - 1, openings);
}

static int run_write(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "output");
    guint64 part_size;
    yyjson_doc *result = NULL;
    if (!path)
        return command_usage(call, error, "-o FILE is missing");
    if (command_int(call, "size", -1) >= 0 && command_int(call, "from", -1) < 0)
        return command_usage(call, error, "--size goes with --from");
    if (!read_part_size(call, &part_size, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !command_node_call(node, "parcel.write", write_params(call), &result, error))
        return COMMAND_ERROR;
    yyjson_val *root = yyjson_doc_get_root(result);
    const char *sealed = get_text(root, "file");
    g_auto(GStrv) names = parcel_file_write(sealed, get_text(root, "key"), path, part_size,
                                            command_flag(call, "armor"), error);
    unlink(sealed);
    if (names && command_json(call))
        report_json(root, names);
    else if (names)
        report_written(root, names);
    yyjson_doc_free(result);
    return names ? COMMAND_OK : command_file_error(error);
}

/* --- read ------------------------------------------------------------------------------------ */

/* Ids of the parcels that the files were parts of, each once, in order. */
static gboolean take_files(const CommandCall *call, GPtrArray *ids, GError **error)
{
    for (guint i = 0; i < call->count; i++) {
        char id[PARCEL_PART_ID_SIZE + 1];
        gboolean known;
        if (!parcel_box_take(command_node_directory(call), call->arguments[i], id, &known, error))
            return FALSE;
        if (!g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
            g_ptr_array_add(ids, g_strdup(id));
    }
    return TRUE;
}

static void report_read(const char *id, yyjson_val *result)
{
    const char *peer = get_text(result, "peer");
    if (get_number(result, "answers") == 0 && get_number(result, "known_answers") > 0)
        output_line("Parcel %.*s of %s has nothing that is not here already.", ID_SHOWN, id, peer);
    else
        output_line("Read parcel %.*s of %s: %" G_GUINT64_FORMAT " new entries, %" G_GUINT64_FORMAT
                    " dispatches; objects: %" G_GUINT64_FORMAT " stored, %" G_GUINT64_FORMAT
                    " known, %" G_GUINT64_FORMAT " refused.",
                    ID_SHOWN, id, peer, get_number(result, "openings"),
                    get_number(result, "dispatches"), get_number(result, "stored"),
                    get_number(result, "known"), get_number(result, "refused"));
    if (get_number(result, "unknown_records") > 0)
        output_line("%" G_GUINT64_FORMAT " of its records are of a kind that this version does not "
                    "know: passed over.",
                    get_number(result, "unknown_records"));
    if (get_number(result, "receipts") > 0)
        output_line("The receipt goes back with `concert parcel write %s -o FILE`, or by itself as "
                    "soon as the two nodes reach each other.",
                    peer);
}

static void print_state(const CommandCall *call, const ParcelBox *box, yyjson_val *result)
{
    g_autofree char *missing = parcel_box_missing(box);
    if (!command_json(call)) {
        if (result)
            report_read(box->id, result);
        else
            output_line("Parcel %.*s: %u of %u parts are here, missing: %s", ID_SHOWN, box->id,
                        box->n_has, box->parts, missing);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "parcel", box->id);
    yyjson_mut_obj_add_uint(doc, root, "parts", box->parts);
    yyjson_mut_obj_add_str(doc, root, "state", result ? "read" : *missing ? "waiting" : "complete");
    if (!result) {
        yyjson_mut_obj_add_str(doc, root, "missing", missing);
        yyjson_mut_obj_add_uint(doc, root, "bytes", box->bytes);
    } else {
        yyjson_mut_obj_add_val(doc, root, "result", yyjson_val_mut_copy(doc, result));
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* What an earlier run brought. */
static void print_earlier(const CommandCall *call, const ParcelBox *box)
{
    yyjson_doc *doc = yyjson_read(box->read, strlen(box->read), 0);
    if (!command_json(call))
        output_note("concert: parcel %.*s was read before", ID_SHOWN, box->id);
    if (doc)
        print_state(call, box, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
}

/* One parcel whose parts came; *ret_is_whole: there was nothing missing. */
static gboolean read_parcel(const CommandCall *call, const char *id, gboolean *ret_is_whole,
                            GError **error)
{
    g_autoptr(ParcelBox) box = parcel_box_find(command_node_directory(call), id, error);
    yyjson_doc *result = NULL;
    if (!box)
        return FALSE;
    *ret_is_whole = box->read || box->n_has == box->parts;
    if (box->read) {
        print_earlier(call, box);
        return TRUE;
    }
    if (!*ret_is_whole) {
        print_state(call, box, NULL);
        return TRUE;
    }
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    yyjson_mut_doc *params = node ? yyjson_mut_doc_new(NULL) : NULL;
    if (!node)
        return FALSE;
    yyjson_mut_doc_set_root(params, yyjson_mut_obj(params));
    yyjson_mut_obj_add_str(params, yyjson_mut_doc_get_root(params), "parcel", id);
    if (!command_node_call(node, "parcel.read", params, &result, error)) {
        g_prefix_error(error, "parcel %.*s: ", ID_SHOWN, id);
        return FALSE;
    }
    print_state(call, box, yyjson_doc_get_root(result));
    yyjson_doc_free(result);
    return TRUE;
}

static int run_read(const CommandCall *call, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    gboolean all = TRUE;
    /* Looked at first, so that nothing is kept where no node is. */
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_clear_pointer(&node, node_close);
    if (!take_files(call, ids, error))
        return command_file_error(error);
    for (guint i = 0; i < ids->len; i++) {
        gboolean is_whole;
        if (!read_parcel(call, g_ptr_array_index(ids, i), &is_whole, error))
            return COMMAND_ERROR;
        all = all && is_whole;
    }
    return all ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- list and remove ------------------------------------------------------------------------- */

static void list_row(OutputTable *table, const ParcelBox *box)
{
    char since[OUTPUT_NUMBER_MAX];
    g_autofree char *id = g_strndup(box->id, ID_SHOWN);
    g_autofree char *parts = g_strdup_printf("%u of %u", box->n_has, box->parts);
    g_autofree char *missing = parcel_box_missing(box);
    g_autofree char *state = box->read  ? g_strdup("read")
                             : *missing ? g_strconcat("waits for ", missing, NULL)
                                        : g_strdup("complete, not read yet");
    const char *const cells[] = {id, box->read ? "" : parts, output_time(since, box->since), state,
                                 NULL};
    output_table_row(table, cells);
}

static void list_json(const CommandCall *call, const ParcelBox *box)
{
    yyjson_doc *doc = box->read ? yyjson_read(box->read, strlen(box->read), 0) : NULL;
    print_state(call, box, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) boxes = node ? parcel_box_list(command_node_directory(call), error) : NULL;
    if (!boxes)
        return COMMAND_ERROR;
    if (boxes->len == 0)
        return COMMAND_NOTHING;
    OutputTable *table =
        command_json(call) ? NULL : output_table_new("PARCEL", "PARTS", "SINCE", "STATE", NULL);
    for (guint i = 0; i < boxes->len; i++) {
        if (table)
            list_row(table, g_ptr_array_index(boxes, i));
        else
            list_json(call, g_ptr_array_index(boxes, i));
    }
    if (table)
        output_table_print(table);
    return COMMAND_OK;
}

static int run_remove(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    for (guint i = 0; node && i < call->count; i++) {
        g_autoptr(ParcelBox) box =
            parcel_box_find(command_node_directory(call), call->arguments[i], error);
        if (!box || !parcel_box_remove(command_node_directory(call), box, error))
            return COMMAND_ERROR;
    }
    return node ? COMMAND_OK : COMMAND_ERROR;
}

static const Command command_write = {
    .name = "write",
    .summary = "write what a peer has not got yet into a file for it",
    .arguments = "PEER",
    .description =
        "Everything of this node's ledger that the peer may see and of which no receipt of it is "
        "here: dispatches, withdrawals, grants, receipts. It is sealed to the peer's parcel key, "
        "so it may go by any way: a stick, the mail, a courier.\n\n"
        "A peer that has more than its receipts say takes what is new to it. One that has less "
        "says how far it is: --from N --size N.",
    .options =
        (const CommandOption[]){
            {"output", 'o', COMMAND_TEXT, "FILE",
             .help = "the new file, or the beginning of the "
                     "names of its parts: FILE.001, FILE.002"},
            {.name = "part-size",
             .type = COMMAND_TEXT,
             .argument = "SIZE",
             .help = "write parts of at most SIZE bytes: 1M, 500K"},
            {.name = "armor", .type = COMMAND_FLAG, .help = "write text, to be sent by mail"},
            {.name = "from",
             .type = COMMAND_INT,
             .argument = "N",
             .min = 0,
             .max = G_MAXINT32,
             .help = "begin at entry N of this ledger, whatever receipts say"},
            {.name = "size",
             .type = COMMAND_INT,
             .argument = "N",
             .min = 0,
             .max = G_MAXINT32,
             .help = "with --from: how many entries the newest tree has that the peer knows"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is nothing new for the peer",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_write,
};

static const Command command_read = {
    .name = "read",
    .summary = "read a parcel, or keep the parts that are here until the others come",
    .arguments = "FILE...",
    .description =
        "Parts may come in any order, some twice, over days, as files or as texts out of mails. "
        "What came is kept in the node; as soon as a parcel is whole it is verified and takes "
        "effect like what comes by the wire. \"-\" is standard input.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "parts are missing",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_read,
};

static const Command command_list = {
    .name = "list",
    .summary = "list parcels that wait for their other parts, and those that were read",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_remove = {
    .name = "remove",
    .summary = "forget parcels, and drop the parts of them that are here",
    .arguments = "PARCEL...",
    .description = "The beginning of the id is enough. What was read stays.",
    .nothing = "there is no such parcel",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_remove,
};

const Command cmd_parcel = {
    .name = "parcel",
    .summary = "exchange by files, where no line is",
    .description = "A parcel is what the wire would carry, as a file: signed, compressed, sealed "
                   "to the recipient's key, in parts if wanted. The receipt comes back the same "
                   "way.",
    .subcommands = (const Command *const[]){&command_write, &command_read, &command_list,
                                            &command_remove, NULL},
    .examples =
        (const CommandExample[]){
            {"concert parcel write cert.birch.example -o /media/stick/birch.parcel",
             "take everything to Birch by hand"},
            {"concert parcel write cert.birch.example --armor --part-size 4M -o birch.txt",
             "texts for several mails"},
            {"concert parcel read /media/stick/*", "read what came"},
            {NULL, NULL}},
};
