/* cmd_notify_act.c - `concert notify approve`, `send`, `remind`, `reply` and `mails`: what is done
 * with notices, one or many. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_notify.h"
#include "cli/dossier_command.h"
#include "cli/letter.h"
#include "cli/output.h"
#include "cli/signatory.h"
#include "store/mails.h"

#define AT_ONCE 100 /* notices that are sent by one call of the node */

static void print_json(const char *dossier, const char *state, const char *failure)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "dossier", dossier);
    jsontext_add(doc, root, "state", state);
    jsontext_add(doc, root, "failure", failure);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* Tells of one; of many only what failed. */
static void tell(const CommandCall *call, const char *dossier, const char *state,
                 const char *failure, gboolean is_one)
{
    if (command_json(call))
        print_json(dossier, state, failure);
    else if (failure)
        output_note("%s: %s", dossier, failure);
    else if (is_one)
        output_line("%s is %s", dossier, state);
}

/* --- approve -----------------------------------------------------------------------------------
 */

static char *text_payload(const char *member, const char *text)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    if (text)
        yyjson_mut_obj_add_str(doc, yyjson_mut_doc_get_root(doc), member, text);
    return jsontext_take(doc);
}

static int run_approve(const CommandCall *call, GError **error)
{
    static const char *const states[] = {"drafted", NULL};
    guint failed = 0;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    const char *by = node ? signatory_of(call, node, error) : NULL;
    g_autoptr(GPtrArray) ids = by ? cmd_notify_choose(call, node_store(node), states, error) : NULL;
    g_autofree char *payload = text_payload("text", command_text(call, "text"));
    for (guint i = 0; ids && i < ids->len; i++) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *state = NULL;
        cmd_notify_event(node, ids->pdata[i], "approved", by, payload ? payload : "{}", &state,
                         &failure);
        failed += failure != NULL;
        tell(call, ids->pdata[i], state, failure ? failure->message : NULL, ids->len == 1);
    }
    if (!ids)
        return COMMAND_ERROR;
    if (!command_json(call) && ids->len > 1)
        output_line("%u approved, %u not", ids->len - failed, failed);
    return failed == 0 ? COMMAND_OK : COMMAND_ERROR;
}

const Command cmd_notify_approve = {
    .name = "approve",
    .summary = "approve what is to be sent, and to whom",
    .arguments = "[ID...]",
    .description = "Nothing is sent that a person has not approved. Where [notify] four_eyes is "
                   "set, that is somebody else than who drafted it.",
    .options =
        (const CommandOption[]){CMD_NOTIFY_CHOOSING,
                                {"text", 0, COMMAND_TEXT, "TEXT", .help = "a word for the record"},
                                DOSSIER_COMMAND_OPTION_AS,
                                COMMAND_OPTION_JSON,
                                COMMAND_OPTIONS_END},
    .nothing = "there is no such notice",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_approve,
};

/* --- send and remind ---------------------------------------------------------------------------
 */

/* How many went which way. */
typedef struct {
    guint by_node, by_mail, failed;
} Sent;

static void tell_part(const CommandCall *call, yyjson_doc *result, gboolean is_one, Sent *sent)
{
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(result), "notices"), *one;
    size_t at, count;
    yyjson_arr_foreach (list, at, count, one) {
        const char *failure = yyjson_get_str(yyjson_obj_get(one, "failure"));
        if (failure)
            sent->failed++;
        else if (yyjson_equals_str(yyjson_obj_get(one, "by"), "node"))
            sent->by_node++;
        else
            sent->by_mail++;
        tell(call, yyjson_get_str(yyjson_obj_get(one, "dossier")),
             yyjson_get_str(yyjson_obj_get(one, "state")), failure, is_one);
    }
}

static gboolean send_part(const CommandCall *call, Node *node, const char *operation,
                          const GPtrArray *ids, guint from, const char *by, Sent *sent,
                          GError **error)
{
    yyjson_doc *result = NULL;
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params), *list;
    gboolean reminds = g_str_equal(operation, "notice.remind");
    const char *text = reminds ? command_text(call, "text") : NULL;
    yyjson_mut_doc_set_root(params, root);
    yyjson_mut_obj_add_str(params, root, "signatory", by);
    jsontext_add(params, root, "text", text);
    list = yyjson_mut_obj_add_arr(params, root, "dossiers");
    for (guint i = from; i < ids->len && i < from + AT_ONCE; i++)
        yyjson_mut_arr_add_str(params, list, ids->pdata[i]);
    if (!command_node_call(node, operation, params, &result, error))
        return FALSE;
    tell_part(call, result, ids->len == 1, sent);
    yyjson_doc_free(result);
    return TRUE;
}

static int send_all(const CommandCall *call, Node *node, const char *operation,
                    const GPtrArray *ids, const char *by, GError **error)
{
    Sent sent = {0};
    OutputProgress progress = {0};
    for (guint from = 0; from < ids->len; from += AT_ONCE) {
        output_progress(&progress, "%u of %u", from, ids->len);
        if (!send_part(call, node, operation, ids, from, by, &sent, error))
            return COMMAND_ERROR;
    }
    output_progress_clear(&progress);
    if (!cmd_notify_deliver(node, FALSE, error))
        return COMMAND_ERROR;
    if (!command_json(call) && ids->len > 1)
        output_line("%u to peers, %u by mail, %u not sent", sent.by_node, sent.by_mail,
                    sent.failed);
    if (sent.by_node > 0)
        letter_warn_unserved(call);
    return sent.failed == 0 ? COMMAND_OK : COMMAND_ERROR;
}

static int run_send(const CommandCall *call, GError **error)
{
    static const char *const states[] = {"approved", NULL};
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    const char *by = node ? signatory_of(call, node, error) : NULL;
    if (!by)
        return COMMAND_ERROR;
    if (command_flag(call, "waiting"))
        return cmd_notify_deliver(node, TRUE, error) ? COMMAND_OK : COMMAND_ERROR;
    g_autoptr(GPtrArray) ids = cmd_notify_choose(call, node_store(node), states, error);
    return ids ? send_all(call, node, "notice.send", ids, by, error) : COMMAND_ERROR;
}

const Command cmd_notify_send = {
    .name = "send",
    .summary = "send what was approved",
    .arguments = "[ID...]",
    .description =
        "To a peer it goes as a dossier, to others by mail, signed and encrypted where there are "
        "keys ([mail] in concert.conf). The ledger keeps the hash of every mail. Mails wait until "
        "the mail server takes them, and within the limits of [mail]; while the node is served "
        "that goes on by itself.",
    .options = (const CommandOption[]){CMD_NOTIFY_CHOOSING,
                                       {"waiting", 'w', COMMAND_FLAG,
                                        .help = "only try again to deliver mails that wait"},
                                       DOSSIER_COMMAND_OPTION_AS,
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such notice",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_send,
};

/* Leaves those of which no clock ended. */
static GPtrArray *keep_overdue(Store *store, const GPtrArray *ids, GError **error)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < ids->len; i++) {
        g_autoptr(Dossier) dossier = dossiers_get(store, ids->pdata[i], error);
        if (!dossier)
            return NULL;
        if (dossier->due <= timestamp_now())
            g_ptr_array_add(kept, g_strdup(dossier->id));
    }
    if (kept->len > 0)
        return g_steal_pointer(&kept);
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "nothing is overdue");
    return NULL;
}

static int run_remind(const CommandCall *call, GError **error)
{
    static const char *const states[] = {"sent", "received", "acknowledged", "in-progress", NULL};
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    const char *by = node ? signatory_of(call, node, error) : NULL;
    g_autoptr(GPtrArray) ids = by ? cmd_notify_choose(call, node_store(node), states, error) : NULL;
    if (!ids)
        return COMMAND_ERROR;
    if (call->count > 0)
        return send_all(call, node, "notice.remind", ids, by, error);
    g_autoptr(GPtrArray) due = keep_overdue(node_store(node), ids, error);
    return due ? send_all(call, node, "notice.remind", due, by, error) : COMMAND_ERROR;
}

const Command cmd_notify_remind = {
    .name = "remind",
    .summary = "remind recipients of notices",
    .arguments = "[ID...]",
    .description = "With --all or --batch those are reminded of whose time to acknowledge or to "
                   "answer is over.",
    .options = (const CommandOption[]){CMD_NOTIFY_CHOOSING,
                                       {"text", 0, COMMAND_TEXT, "TEXT",
                                        .help = "a word to recipients that have a node"},
                                       DOSSIER_COMMAND_OPTION_AS,
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such notice, or nothing is overdue",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_remind,
};

/* --- reply -------------------------------------------------------------------------------------
 */

/* Which event says it; an outcome is said by "answered". */
static const char *event_of_state(const char *state)
{
    return g_str_equal(state, "acknowledged")  ? "acknowledged"
           : g_str_equal(state, "in-progress") ? "in-progress"
           : g_str_equal(state, "returned")    ? "returned"
                                               : "answered";
}

static int run_reply(const CommandCall *call, GError **error)
{
    const char *state = command_text(call, "state");
    if (!state)
        return command_usage(call, error, "say what was answered: --state");
    const char *type = event_of_state(state);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    const char *by = node ? signatory_of(call, node, error) : NULL;
    g_autofree char *id = by ? cmd_notify_id(node_store(node), call->arguments[0], error) : NULL;
    g_autofree char *text = id && call->count > 1 ? letter_text(call, 1, error) : NULL;
    g_autofree char *after = NULL;
    if (!id || (call->count > 1 && !text))
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    jsontext_add(doc, root, "text", text);
    if (g_str_equal(type, "answered"))
        yyjson_mut_obj_add_str(doc, root, "outcome", state);
    g_autofree char *payload = jsontext_take(doc);
    if (!payload || !cmd_notify_event(node, id, type, by, payload, &after, error))
        return COMMAND_ERROR;
    tell(call, id, after, NULL, TRUE);
    return COMMAND_OK;
}

const Command cmd_notify_reply = {
    .name = "reply",
    .summary = "record, or give, the answer to a notice",
    .arguments = "ID|REFERENCE [TEXT|-]",
    .description = "Of a notice that went out by mail, what its recipient said, by telephone for "
                   "instance; of one that this node got, its own answer.",
    .options =
        (const CommandOption[]){
            {"state", 's', COMMAND_CHOICE, "STATE",
             .choices = "acknowledged|in-progress|fixed|taken-down|not-ours|disputed|returned",
             .help = "what was said (required)"},
            DOSSIER_COMMAND_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is no such notice",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_reply,
};

/* --- mails -------------------------------------------------------------------------------------
 */

static const char *mail_state(const Mail *mail)
{
    return mail->sent ? "sent" : mail->next == 0 ? "given up" : "waits";
}

static void print_mail(const CommandCall *call, OutputTable *table, const Mail *mail)
{
    char made[OUTPUT_NUMBER_MAX], sent[OUTPUT_NUMBER_MAX], time[TIMESTAMP_MAX];
    const char *const cells[] = {mail->to,
                                 mail_state(mail),
                                 output_time(made, mail->made),
                                 mail->sent ? output_time(sent, mail->sent) : NULL,
                                 mail->message_id,
                                 mail->failure};
    if (!command_json(call)) {
        output_table_row(table, cells);
        return;
    }
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "to", mail->to);
    yyjson_mut_obj_add_str(doc, root, "state", mail_state(mail));
    yyjson_mut_obj_add_strcpy(doc, root, "made", timestamp_format(time, mail->made, 6));
    if (mail->sent)
        yyjson_mut_obj_add_strcpy(doc, root, "sent", timestamp_format(time, mail->sent, 6));
    yyjson_mut_obj_add_str(doc, root, "message_id", mail->message_id);
    yyjson_mut_obj_add_uint(doc, root, "tries", mail->tries);
    jsontext_add(doc, root, "failure", mail->failure);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_mails(const CommandCall *call, GError **error)
{
    gboolean raw = command_flag(call, "raw");
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id = node ? cmd_notify_id(node_store(node), call->arguments[0], error) : NULL;
    g_autoptr(GPtrArray) mails = id ? mails_of(node_store(node), id, raw, error) : NULL;
    if (!mails)
        return COMMAND_ERROR;
    g_autoptr(OutputTable) table =
        output_table_new("TO", "STATE", "WRITTEN", "SENT", "MESSAGE-ID", "FAILURE", NULL);
    for (guint i = 0; i < mails->len; i++) {
        const Mail *mail = mails->pdata[i];
        gsize length;
        if (!raw) {
            print_mail(call, table, mail);
            continue;
        }
        const char *bytes = g_bytes_get_data(mail->bytes, &length);
        fwrite(bytes, 1, length, stdout);
    }
    if (!raw)
        output_table_print(g_steal_pointer(&table));
    return mails->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_notify_mails = {
    .name = "mails",
    .summary = "show what became of the mails of a notice",
    .arguments = "ID|REFERENCE",
    .options = (const CommandOption[]){{"raw", 0, COMMAND_FLAG,
                                        .help = "their bytes, of which the ledger has the hash"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "no mail was made of it",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_mails,
};
