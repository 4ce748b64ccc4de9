#include "cli/letter.h"

#include <string.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "cli/output.h"
#include "store/peers.h"

#define INPUT_MAX                                                                                  \
    (4 * MESSAGES_TEXT_MAX) /* bytes of standard input, blanks at its ends included                \
                             */
#define ID_SHOWN   8        /* characters of an id in a list */
#define TEXT_SHOWN 60       /* characters of a text in a list */

/* --- Writing --------------------------------------------------------------------------------- */

static char *read_input(GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[1024];
    gssize got;
    while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0 && text->len <= INPUT_MAX)
        g_string_append_len(text, buffer, got);
    if (got < 0 || text->len > INPUT_MAX || strlen(text->str) != text->len) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "standard input is no text of at most %d bytes", MESSAGES_TEXT_MAX);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *letter_text(const CommandCall *call, guint first, GError **error)
{
    char **words = call->arguments + MIN(first, call->count);
    char *text = words[0] && !words[1] && strcmp(words[0], "-") == 0 ? read_input(error)
                                                                     : g_strjoinv(" ", words);
    return text ? g_strstrip(text) : NULL;
}

void letter_warn_unserved(const CommandCall *call)
{
    if (!node_is_served(command_node_directory(call)))
        output_note("The node is not served: this waits until `concert serve` runs.");
}

gboolean letter_warn_suspended(Node *node, const char *name)
{
    g_autoptr(Peer) peer = peers_get(node_store(node), name, NULL);
    if (!peer || peer->state != PEER_SUSPENDED)
        return FALSE;
    output_note("The peering with %s is suspended: it gets this when that is over.", name);
    return TRUE;
}

static void tell_mode(MessageKind kind, const char *peer)
{
    if (kind == MESSAGE_NOTE)
        output_note("This note can be proven by nobody: %s will know that it is from this node, "
                    "and could have written it itself. It stands in no ledger. What has to be "
                    "provable is a dispatch or a statement.",
                    peer);
    else
        output_note("This message can be proven by nobody: %s will know that it is from this node, "
                    "and could have written it itself. It stands in no ledger. A person there is "
                    "asked to acknowledge it.",
                    peer);
}

int letter_send(const CommandCall *call, MessageKind kind, GError **error)
{
    g_autofree char *text = letter_text(call, 1, error);
    g_autoptr(Node) node = text ? command_node_open(call, NODE_WRITE, error) : NULL;
    if (!node)
        return COMMAND_ERROR;
    gboolean exercise = kind == MESSAGE_EMERGENCY && command_flag(call, "exercise");
    const char *reply_to = command_text(call, "reply-to");
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "kind", message_kind_name(kind));
    yyjson_mut_obj_add_str(params, root, "peer", call->arguments[0]);
    yyjson_mut_obj_add_str(params, root, "text", text);
    yyjson_mut_obj_add_bool(params, root, "exercise", exercise);
    jsontext_add(params, root, "reply_to", reply_to);
    yyjson_doc *result = NULL;
    if (!command_node_call(node, "message.send", params, &result, error))
        return COMMAND_ERROR;
    yyjson_val *answer = yyjson_doc_get_root(result);
    const char *to = yyjson_get_str(yyjson_obj_get(answer, "to"));
    tell_mode(kind, to);
    output_line("%s%s %s to %s", exercise ? "EXERCISE: " : "",
                kind == MESSAGE_NOTE ? "note" : "emergency message",
                yyjson_get_str(yyjson_obj_get(answer, "id")), to);
    yyjson_doc_free(result);
    g_clear_pointer(&node, node_close);
    letter_warn_unserved(call);
    return COMMAND_OK;
}

/* --- Showing --------------------------------------------------------------------------------- */

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, gint64 us)
{
    char text[OUTPUT_NUMBER_MAX];
    if (us)
        yyjson_mut_obj_add_strcpy(doc, root, name, output_time(text, us));
}

static void print_json(const MessageRecord *record)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    jsontext_add(doc, root, "id", record->id);
    jsontext_add(doc, root, "kind", message_kind_name(record->kind));
    jsontext_add(doc, root, record->incoming ? "from" : "to", record->node);
    yyjson_mut_obj_add_bool(doc, root, "exercise", record->exercise);
    jsontext_add(doc, root, "state", message_state_name(record->state));
    add_time(doc, root, "written", record->made);
    add_time(doc, root, record->incoming ? "arrived" : "stored", record->kept);
    jsontext_add(doc, root, "text", record->text);
    jsontext_add(doc, root, "reply_to", record->reply_to);
    add_time(doc, root, "delivered", record->delivered);
    add_time(doc, root, "acknowledged", record->acknowledged);
    jsontext_add(doc, root, "acknowledged_by", record->acknowledged_by);
    jsontext_add(doc, root, "acknowledgement", record->acknowledgement);
    if (record->acknowledgement_waits)
        yyjson_mut_obj_add_bool(doc, root, "acknowledgement_waits", TRUE);
    if (record->tries)
        yyjson_mut_obj_add_uint(doc, root, "tries", record->tries);
    jsontext_add(doc, root, "failure", record->failure);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* The first line of a text, as much as fits. */
static char *first_line(const MessageRecord *record)
{
    g_autofree char *line = g_strndup(record->text, strcspn(record->text, "\n"));
    gboolean fits = g_utf8_strlen(line, -1) <= TEXT_SHOWN;
    g_autofree char *cut = g_utf8_substring(line, 0, fits ? -1 : TEXT_SHOWN);
    return g_strconcat(record->exercise ? "EXERCISE: " : "", cut,
                       fits && strlen(line) == strlen(record->text) ? "" : " ...", NULL);
}

static void add_row(OutputTable *table, const MessageRecord *record)
{
    char time[OUTPUT_NUMBER_MAX];
    g_autofree char *id = g_strndup(record->id, ID_SHOWN);
    g_autofree char *with = g_strconcat(record->incoming ? "from " : "to ", record->node, NULL);
    g_autofree char *text = first_line(record);
    output_table_row(table, (const char *[]){id, with, output_time(time, record->kept),
                                             message_state_name(record->state), text});
}

/* 0: of all peers; FALSE when the one that is named is not known. */
static gboolean find_peer(const CommandCall *call, Store *store, gint64 *ret_peer, GError **error)
{
    const char *name = command_text(call, "peer");
    *ret_peer = 0;
    if (!name)
        return TRUE;
    g_autoptr(Peer) peer = peers_get(store, name, error);
    if (peer)
        *ret_peer = peer->number;
    return peer != NULL;
}

int letter_list(const CommandCall *call, MessageKind kind, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    MessagesFilter filter = {.kind = kind,
                             .open = kind == MESSAGE_EMERGENCY && !command_flag(call, "all")};
    if (!node || !find_peer(call, node_store(node), &filter.peer, error))
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = messages_list(node_store(node), &filter, error);
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("ID", "PEER", "SINCE", "STATE", "TEXT", NULL);
    for (guint i = 0; i < list->len; i++) {
        if (command_json(call))
            print_json(list->pdata[i]);
        else
            add_row(table, list->pdata[i]);
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static void print_acknowledgement(const MessageRecord *record)
{
    char time[OUTPUT_NUMBER_MAX];
    if (!record->acknowledged)
        return;
    output_line("acknowledged %s%s%s", output_time(time, record->acknowledged),
                record->acknowledged_by ? " by " : "",
                record->acknowledged_by ? record->acknowledged_by : "");
    if (record->acknowledgement_waits)
        output_line("             which %s does not know yet", record->node);
    if (record->acknowledgement)
        output_lines("    ", record->acknowledgement);
}

static void print_text(const MessageRecord *record)
{
    char time[OUTPUT_NUMBER_MAX];
    if (record->exercise)
        output_line("EXERCISE     this is an exercise");
    output_line("%s %s", record->incoming ? "from        " : "to          ", record->node);
    output_line("id           %s", record->id);
    if (record->reply_to)
        output_line("in reply to  %s", record->reply_to);
    output_line("written      %s", output_time(time, record->made));
    if (record->incoming)
        output_line("arrived      %s", output_time(time, record->kept));
    output_line("state        %s", message_state_name(record->state));
    if (record->delivered)
        output_line("delivered    %s", output_time(time, record->delivered));
    if (record->failure)
        output_line("last try     number %u: %s", record->tries, record->failure);
    output_lines("    ", record->text);
    print_acknowledgement(record);
}

int letter_show(const CommandCall *call, MessageKind kind, GError **error)
{
    const MessagesFilter filter = {.kind = kind};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(MessageRecord) record =
        node ? messages_find(node_store(node), &filter, call->arguments[0], error) : NULL;
    if (!record)
        return COMMAND_ERROR;
    if (command_json(call))
        print_json(record);
    else
        print_text(record);
    return COMMAND_OK;
}

int letter_remove(const CommandCall *call, MessageKind kind, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    for (guint i = 0; i < call->count; i++) {
        yyjson_mut_val *root;
        yyjson_mut_doc *params = jsontext_object(&root);
        yyjson_mut_obj_add_str(params, root, "kind", message_kind_name(kind));
        yyjson_mut_obj_add_str(params, root, "id", call->arguments[i]);
        if (!command_node_call(node, "message.remove", params, NULL, error))
            return COMMAND_ERROR;
        output_line("Removed %s.", call->arguments[i]);
    }
    return COMMAND_OK;
}
