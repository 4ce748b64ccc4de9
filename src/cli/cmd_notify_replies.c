/* cmd_notify_replies.c - `concert notify import-replies`: answers that came by mail. */
#include <string.h>
#include <sys/stat.h>

#include "base/jsontext.h"
#include "cli/cmd_notify.h"
#include "cli/document.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "cli/signatory.h"
#include "dossier/notice.h"
#include "intake/mail_reply.h"
#include "node/mail_smime.h"
#include "store/mails.h"

#define MBOX_MAX     (256 * 1024 * 1024) /* bytes */
#define MAILDIR_MAX  100000              /* mails */
#define RETURNED_MAX 4000                /* bytes that are kept of a return */

/* What became of the mails. */
typedef struct {
    const CommandCall *call;
    Node *node;
    const char *by;
    MailSmimeKey *smime; /* NULL: none */
    guint recorded, known, ignored, unknown, failed;
} Import;

/* --- one mail ----------------------------------------------------------------------------------
 */

/* The notice that it answers. Caller frees *ret_id; NULL: none. */
static gboolean find_notice(Store *store, const MailReply *reply, char **ret_id, GError **error)
{
    *ret_id = NULL;
    for (guint i = 0; reply->tokens[i] && !*ret_id; i++)
        if (!mails_find(store, reply->tokens[i], NULL, ret_id, error))
            return FALSE;
    for (guint i = 0; reply->references[i] && !*ret_id; i++)
        if (!mails_find(store, NULL, reply->references[i], ret_id, error))
            return FALSE;
    return TRUE;
}

/* Whether an event of the dossier says already that it came with this mail. */
static gboolean is_known(const Docket *docket, const MailReply *reply)
{
    const GArray *events = docket->result->events;
    for (guint i = 0; reply->message_id && i < events->len; i++) {
        const Event *event = g_array_index(events, EngineEvent, i).event;
        if (g_strcmp0(event_text(event, "message_id"), reply->message_id) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Which event says what the mail says, in the state in which the notice is: an answer, that
 * somebody is at it, that somebody has seen it, else a remark. NULL: it is to be ignored. */
static const char *choose_event(const Docket *docket, const MailReply *reply,
                                const char **ret_outcome)
{
    static const char *const outcomes[] = {"fixed", "taken-down", "not-ours", "disputed", NULL};
    const Procedure *procedure = docket->result->procedure;
    const char *candidates[] = {NULL, "acknowledged", "remark"};
    *ret_outcome = NULL;
    if (reply->is_bounce)
        return "returned";
    if (reply->is_automatic)
        return NULL;
    if (reply->status && g_strv_contains(outcomes, reply->status)) {
        *ret_outcome = reply->status;
        candidates[0] = "answered";
    } else if (g_strcmp0(reply->status, "in-progress") == 0) {
        candidates[0] = "in-progress";
    }
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        const ProcedureTransition *row =
            candidates[i] ? procedure_transition(procedure, candidates[i]) : NULL;
        if (row && docket->result->state >= 0 && (row->from & PROCEDURE_BIT(docket->result->state)))
            return row->type;
    }
    return "remark";
}

static char *make_payload(const MailReply *reply, const char *type, const char *outcome)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    gboolean returned = g_str_equal(type, "returned");
    const char *text = *reply->text ? reply->text
                       : returned   ? "it could not be delivered"
                                    : reply->subject;
    g_autofree char *kept =
        text ? g_utf8_make_valid(text, (gssize)MIN(strlen(text), RETURNED_MAX * 4)) : NULL;
    g_autofree char *said = reply->from && !returned
                                ? g_strdup_printf("%s: %s", reply->from, kept ? kept : "")
                                : g_strndup(kept ? kept : "", RETURNED_MAX);
    g_autofree char *valid = g_utf8_make_valid(said, -1);
    yyjson_mut_doc_set_root(doc, root);
    if (g_str_equal(type, "answered"))
        yyjson_mut_obj_add_str(doc, root, "outcome", outcome);
    if (*valid)
        yyjson_mut_obj_add_strcpy(doc, root, "text", valid);
    jsontext_add(doc, root, "message_id", reply->message_id);
    return jsontext_take(doc);
}

static void tell(const Import *import, const char *where, const MailReply *reply, const char *id,
                 const char *what, const char *state)
{
    if (!command_json(import->call)) {
        if (id)
            output_line("%s: %s, %s%s%s", id, reply->from ? reply->from : where, what,
                        state ? ": now " : "", state ? state : "");
        else
            output_note("%s: %s", where, what);
        return;
    }
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "mail", where);
    if (reply && reply->from)
        yyjson_mut_obj_add_str(doc, root, "from", reply->from);
    jsontext_add(doc, root, "dossier", id);
    yyjson_mut_obj_add_str(doc, root, "event", what);
    jsontext_add(doc, root, "state", state);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static gboolean record(Import *import, const char *where, const MailReply *reply, const char *id,
                       GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *state = NULL;
    const char *outcome = NULL;
    g_autoptr(Docket) docket = docket_load(node_store(import->node), id, error);
    if (!docket)
        return FALSE;
    const char *type = is_known(docket, reply) ? NULL : choose_event(docket, reply, &outcome);
    if (!type) {
        guint *count = is_known(docket, reply) ? &import->known : &import->ignored;
        (*count)++;
        return TRUE;
    }
    g_autofree char *payload = make_payload(reply, type, outcome);
    if (!payload ||
        !cmd_notify_event(import->node, id, type, import->by, payload, &state, &failure)) {
        import->failed++;
        tell(import, where, reply, id, failure ? failure->message : "cannot be recorded", NULL);
        return TRUE;
    }
    import->recorded++;
    tell(import, where, reply, id, type, state);
    return TRUE;
}

static char *open_closed(const void *cms, gsize length, gsize *ret_length, gpointer user,
                         GError **error)
{
    const Import *import = user;
    return mail_smime_open(import->smime, cms, length, ret_length, error);
}

static gboolean take_mail(Import *import, const char *where, const char *bytes, gsize length,
                          GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *id = NULL;
    const MailReplyOpener opener = {open_closed, import};
    g_autoptr(MailReply) reply = mail_reply_parse(bytes, length, &opener, &failure);
    if (!reply || reply->closed) {
        import->failed++;
        tell(import, where, reply, NULL, reply ? reply->closed : failure->message, NULL);
        return TRUE;
    }
    if (!find_notice(node_store(import->node), reply, &id, error))
        return FALSE;
    if (id)
        return record(import, where, reply, id, error);
    import->unknown++;
    tell(import, where, reply, NULL, "answers no notice that is known here", NULL);
    return TRUE;
}

/* --- many --------------------------------------------------------------------------------------
 */

static gboolean take_file(Import *import, const char *path, gsize max, GError **error)
{
    gsize length;
    g_autofree char *bytes = document_read(NULL, path, NULL, max, &length, error);
    if (!bytes)
        return FALSE;
    if (!g_str_has_prefix(bytes, "From "))
        return take_mail(import, path, bytes, length, error);
    gsize skip, size, at = 0;
    for (guint number = 1; (size = mail_reply_mbox_next(bytes + at, length - at, &skip)) > 0;
         number++) {
        g_autofree char *where = g_strdup_printf("%s, mail %u", path, number);
        if (!take_mail(import, where, bytes + at + skip, size, error))
            return FALSE;
        at += skip + size;
    }
    return TRUE;
}

/* The files of a Maildir's new and cur. They are left as they are. */
static gboolean take_folder(Import *import, const char *maildir, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(maildir, folder, NULL);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;
    guint count = 0;
    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (name[0] == '.' || !g_file_test(file, G_FILE_TEST_IS_REGULAR))
            continue;
        if (++count > MAILDIR_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "%s has more than %d mails: move old ones away", path, MAILDIR_MAX);
            return FALSE;
        }
        if (!take_file(import, file, MAIL_REPLY_BYTES_MAX, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean take_all(Import *import, const char *path, GError **error)
{
    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        return take_file(import, path, MBOX_MAX, error);
    return take_folder(import, path, "new", error) && take_folder(import, path, "cur", error);
}

static gboolean read_key(Import *import, GError **error)
{
    const Config *config = node_config(import->node);
    return mail_smime_key_read(config_path(config, SETTING_MAIL_SMIME_CERTIFICATE),
                               config_path(config, SETTING_MAIL_SMIME_KEY), &import->smime, error);
}

static int run(const CommandCall *call, GError **error)
{
    Import import = {.call = call};
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    import.node = node;
    import.by = node ? signatory_of(call, node, error) : NULL;
    gboolean good =
        import.by && read_key(&import, error) && take_all(&import, call->arguments[0], error);
    mail_smime_key_free(import.smime);
    if (!good)
        return COMMAND_ERROR;
    if (!command_json(call))
        output_line("%u recorded, %u known already, %u automatic, %u of no notice, %u not readable "
                    "or not possible",
                    import.recorded, import.known, import.ignored, import.unknown, import.failed);
    return import.recorded + import.known > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_notify_import_replies = {
    .name = "import-replies",
    .summary = "record answers that came by mail",
    .arguments = "MAILDIR|FILE|-",
    .description =
        "A Maildir, an mbox, or one mail. Which notice a mail answers is told by its reference, in "
        "the address it went to, in the subject, or by the mail it replies to. A line \"Status: "
        "fixed\" (taken-down, in-progress, not-ours, disputed) says what became of it; without "
        "one the notice counts as acknowledged. A mail that could not be delivered is recorded "
        "too; automatic answers are passed over. What is encrypted by S/MIME is decrypted with "
        "[mail] "
        "smime_key. Mails are left where they are, and one that was "
        "recorded is not recorded again.",
    .options = (const CommandOption[]){DOSSIER_COMMAND_OPTION_AS, COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "no mail answers a notice",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
