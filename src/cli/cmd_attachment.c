/* cmd_attachment.c - `concert attachment`: files that belong to events of dossiers. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "node/attachment_wrap.h"

#define SHORT_DIGITS 12

/* What a file is called by those who sent it; NULL: nobody says. */
static char *first_name(Node *node, const guint8 sha256[SHA256_SIZE], GError **error)
{
    g_autoptr(GPtrArray) mentions = attachments_mentions(node_store(node), sha256, error);
    const AttachmentMention *first =
        mentions && mentions->len > 0 ? (const AttachmentMention *)mentions->pdata[0] : NULL;
    return g_strdup(first ? first->name : NULL);
}

static guint percent(const Attachment *copy)
{
    return (guint)((guint64)copy->here * 100 / chunk_count(copy->size));
}

static char *describe_state(const Attachment *copy)
{
    return copy->state == ATTACHMENT_ARRIVING
               ? g_strdup_printf("%s, %u%%", attachment_state_name(copy->state), percent(copy))
               : g_strdup(attachment_state_name(copy->state));
}

static void add_copy(yyjson_mut_doc *doc, yyjson_mut_val *root, const Attachment *copy)
{
    char time[OUTPUT_NUMBER_MAX];
    yyjson_mut_obj_add_uint(doc, root, "size", copy->size);
    yyjson_mut_obj_add_str(doc, root, "state", attachment_state_name(copy->state));
    yyjson_mut_obj_add_uint(doc, root, "chunks", chunk_count(copy->size));
    yyjson_mut_obj_add_uint(doc, root, "here", copy->here);
    jsontext_add(doc, root, "from", copy->origin);
    yyjson_mut_obj_add_bool(doc, root, "malicious", copy->is_malicious);
    yyjson_mut_obj_add_strcpy(doc, root, "added", output_time(time, copy->added));
}

/* --- list --------------------------------------------------------------------------------------
 */

static void list_json(const Attachment *copy, const char *name)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, root, "sha256", sha256_hex(copy->sha256, hex));
    jsontext_add(doc, root, "name", name);
    add_copy(doc, root, copy);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void list_row(OutputTable *table, const Attachment *copy, const char *name)
{
    char hex[2 * SHA256_SIZE + 1], size[OUTPUT_NUMBER_MAX];
    g_autofree char *state = describe_state(copy);
    sha256_hex(copy->sha256, hex);
    hex[SHORT_DIGITS] = '\0';
    output_table_row(table, (const char *[]){hex, output_size(size, copy->size), state,
                                             copy->origin ? copy->origin : "here",
                                             copy->is_malicious ? "malicious" : NULL, name});
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) copies = node ? attachments_list(node_store(node), error) : NULL;
    if (!copies)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("SHA-256", ">SIZE", "STATE", "FROM", "MARK", "NAME", NULL);
    for (guint i = 0; i < copies->len; i++) {
        const Attachment *copy = copies->pdata[i];
        g_autofree char *name = first_name(node, copy->sha256, NULL);
        if (command_json(call))
            list_json(copy, name);
        else
            list_row(table, copy, name);
    }
    if (!command_json(call))
        output_table_print(g_steal_pointer(&table));
    return copies->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- show --------------------------------------------------------------------------------------
 */

/* All that is known of a file. */
typedef struct {
    guint8 sha256[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    GPtrArray *copies, *mentions, *sendings;
} Known;

static void known_clear(Known *known)
{
    g_clear_pointer(&known->copies, g_ptr_array_unref);
    g_clear_pointer(&known->mentions, g_ptr_array_unref);
    g_clear_pointer(&known->sendings, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Known, known_clear)

static gboolean read_known(Store *store, const char *prefix, Known *known, GError **error)
{
    if (!attachments_resolve(store, prefix, known->sha256, error))
        return FALSE;
    sha256_hex(known->sha256, known->hex);
    known->copies = attachments_find(store, known->sha256, error);
    known->mentions = known->copies ? attachments_mentions(store, known->sha256, error) : NULL;
    known->sendings = known->mentions ? attachments_sendings(store, known->sha256, error) : NULL;
    return known->sendings != NULL;
}

static void show_json(const Known *known)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "sha256", known->hex);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "copies");
    for (guint i = 0; i < known->copies->len; i++)
        add_copy(doc, yyjson_mut_arr_add_obj(doc, list), known->copies->pdata[i]);
    list = yyjson_mut_obj_add_arr(doc, root, "named");
    for (guint i = 0; i < known->mentions->len; i++) {
        const AttachmentMention *mention = known->mentions->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "name", mention->name);
        yyjson_mut_obj_add_str(doc, one, "type", mention->type);
        yyjson_mut_obj_add_uint(doc, one, "size", mention->size);
        yyjson_mut_obj_add_bool(doc, one, "malicious", mention->is_malicious);
        yyjson_mut_obj_add_str(doc, one, "dossier", mention->dossier);
        yyjson_mut_obj_add_strcpy(doc, one, "event", sha256_hex(mention->event, hex));
    }
    list = yyjson_mut_obj_add_arr(doc, root, "sent");
    for (guint i = 0; i < known->sendings->len; i++) {
        const AttachmentSending *sending = known->sendings->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "to", sending->origin);
        yyjson_mut_obj_add_uint(doc, one, "chunks", sending->sent);
        jsontext_add(doc, one, "failure", sending->failure);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void show_text(const Known *known)
{
    char size[OUTPUT_NUMBER_MAX], time[OUTPUT_NUMBER_MAX];
    output_line("%s", known->hex);
    for (guint i = 0; i < known->copies->len; i++) {
        const Attachment *copy = known->copies->pdata[i];
        g_autofree char *state = describe_state(copy);
        output_line("  %s: %s, %s, since %s%s", copy->origin ? copy->origin : "added here",
                    output_size(size, copy->size), state, output_time(time, copy->added),
                    copy->is_malicious ? "; MALICIOUS: it is only given out wrapped" : "");
    }
    for (guint i = 0; i < known->mentions->len; i++) {
        const AttachmentMention *mention = known->mentions->pdata[i];
        output_line("  named \"%s\" (%s) in %s", mention->name, mention->type, mention->dossier);
    }
    for (guint i = 0; i < known->sendings->len; i++) {
        const AttachmentSending *sending = known->sendings->pdata[i];
        output_line("  sent to %s: %u of its parts%s%s", sending->origin, sending->sent,
                    sending->failure ? "; stopped: " : "",
                    sending->failure ? sending->failure : "");
    }
    if (known->copies->len == 0)
        output_line("  is not here");
}

static int run_show(const CommandCall *call, GError **error)
{
    g_auto(Known) known = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node || !read_known(node_store(node), call->arguments[0], &known, error))
        return COMMAND_ERROR;
    if (command_json(call))
        show_json(&known);
    else
        show_text(&known);
    return known.copies->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- save --------------------------------------------------------------------------------------
 */

/* The best copy. */
static const Attachment *choose(const Known *known, GError **error)
{
    const Attachment *best =
        known->copies->len > 0 ? (const Attachment *)known->copies->pdata[0] : NULL;
    if (best && best->here == chunk_count(best->size))
        return best;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                best ? "%s is not all here yet (%u%%)" : "%s is not here", known->hex,
                best ? percent(best) : 0);
    return NULL;
}

static int run_save(const CommandCall *call, GError **error)
{
    g_auto(Known) known = {0};
    gboolean wrapped;
    const char *path = call->arguments[1];
    char number[OUTPUT_NUMBER_MAX];
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    Store *store = node ? node_store(node) : NULL;
    if (!store || !read_known(store, call->arguments[0], &known, error))
        return COMMAND_ERROR;
    const Attachment *copy = choose(&known, error);
    if (!copy || !attachment_wrap_is_due(store, copy, &wrapped, error) ||
        !attachment_wrap_save(store, copy, wrapped, path, error))
        return COMMAND_ERROR;
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "sha256", known.hex);
        yyjson_mut_obj_add_str(doc, root, "file", path);
        yyjson_mut_obj_add_uint(doc, root, "size", copy->size);
        yyjson_mut_obj_add_bool(doc, root, "wrapped", wrapped);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    output_line("Wrote %s (%s).", path, output_size(number, copy->size));
    if (wrapped)
        output_note("It is wrapped: a ZIP archive with the password \"%s\". What is inside may do "
                    "harm.",
                    ATTACHMENT_WRAP_PASSWORD);
    return COMMAND_OK;
}

/* --- the table ---------------------------------------------------------------------------------
 */

static const Command cmd_attachment_list = {
    .name = "list",
    .summary = "the attachments that are here",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command cmd_attachment_show = {
    .name = "show",
    .summary = "where one came from, what events call it, and to whom it was sent",
    .arguments = "SHA256",
    .description = "SHA256 may be the beginning of it, four digits or more.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "events name it, but it is not here",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

static const Command cmd_attachment_save = {
    .name = "save",
    .summary = "write one to a new file",
    .arguments = "SHA256 FILE",
    .description =
        "The bytes are hashed on the way: a file is written only if they are what the "
        "attachment was announced as.\n\n"
        "What an event calls malicious, and what came without any event that names it, is wrapped: "
        "FILE is then a ZIP archive whose one file, called by its SHA-256, is encrypted with the "
        "password \"infected\". There is no option to write it as it is: who wants to examine it "
        "unpacks it where that does no harm.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){
            {"concert attachment save 7d865e95 disk.img", "write it to disk.img"}, {NULL, NULL}},
    .nothing = "it is not here, or not all of it",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_save,
};

const Command cmd_attachment = {
    .name = "attachment",
    .summary = "files that belong to events: what is here, and writing it out",
    .description =
        "Files are attached with the options of the commands that make events, such as `concert "
        "evidence identify`. They are known by the SHA-256 of their bytes, travel in parts to whom "
        "the event is for, and are never looked into here. See docs/attachments.md.",
    .subcommands = (const Command *const[]){&cmd_attachment_list, &cmd_attachment_show,
                                            &cmd_attachment_save, NULL},
};
