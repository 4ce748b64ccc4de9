/* cmd_notify.c - `concert notify`: telling whoever is responsible what was found. */
#include "cli/cmd_notify.h"

#include <string.h>

#include "base/jsontext.h"
#include "cli/commands.h"
#include "cli/dossier_command.h"
#include "cli/letter.h"
#include "cli/output.h"
#include "dossier/notice.h"
#include "node/mailer.h"
#include "store/mails.h"

/* --- choosing ----------------------------------------------------------------------------------
 */

char *cmd_notify_id(Store *store, const char *name, GError **error)
{
    g_autofree char *dossier = NULL;
    if (!mails_find(store, name, NULL, &dossier, error))
        return NULL;
    if (dossier)
        return g_steal_pointer(&dossier);
    const char *prefix = g_str_has_prefix(name, "notice-") ? "" : "notice-";
    g_autofree char *id = g_strconcat(prefix, name, NULL);
    g_autoptr(Dossier) found = dossiers_get(store, id, error);
    return found ? g_strdup(found->id) : NULL;
}

/* Whether the notice was drafted in that batch. */
static gboolean is_of_batch(Store *store, const char *id, const char *batch)
{
    g_autoptr(Docket) docket = docket_load(store, id, NULL);
    const Event *opening = docket ? docket->result->opening : NULL;
    return opening && g_strcmp0(event_text(opening, "batch"), batch) == 0;
}

static gboolean choose_state(Store *store, const char *state, const char *batch, GPtrArray *ids,
                             GError **error)
{
    const DossiersQuery query = {.procedure = "notice", .state = state, .is_live = TRUE};
    g_autoptr(GPtrArray) dossiers = dossiers_list(store, &query, error);
    for (guint i = dossiers ? dossiers->len : 0; i > 0; i--) {
        const Dossier *one = dossiers->pdata[i - 1];
        if (!batch || is_of_batch(store, one->id, batch))
            g_ptr_array_add(ids, g_strdup(one->id));
    }
    return dossiers != NULL;
}

GPtrArray *cmd_notify_choose(const CommandCall *call, Store *store, const char *const *states,
                             GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    const char *batch = command_text(call, "batch");
    gboolean all = command_flag(call, "all");
    if ((call->count > 0) + (batch != NULL) + all != 1) {
        command_usage(call, error, "name notices, or choose them with --batch or --all");
        return NULL;
    }
    for (guint i = 0; i < call->count; i++) {
        char *id = cmd_notify_id(store, call->arguments[i], error);
        if (!id)
            return NULL;
        g_ptr_array_add(ids, id);
    }
    for (guint i = 0; call->count == 0 && states[i]; i++)
        if (!choose_state(store, states[i], batch, ids, error))
            return NULL;
    if (ids->len == 0) {
        g_autofree char *wanted = g_strjoinv(" or ", (char **)states);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "no notice%s%s is %s: `concert notify list --all` has all, and how they stand",
                    batch ? " of the batch " : "", batch ? batch : "", wanted);
        return NULL;
    }
    return g_steal_pointer(&ids);
}

/* --- doing -------------------------------------------------------------------------------------
 */

gboolean cmd_notify_event(Node *node, const char *dossier, const char *type, const char *signatory,
                          const char *payload, char **ret_state, GError **error)
{
    yyjson_doc *given = yyjson_read(payload, strlen(payload), 0), *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "dossier", dossier);
    yyjson_mut_obj_add_strcpy(params, root, "type", type);
    yyjson_mut_obj_add_strcpy(params, root, "signatory", signatory);
    yyjson_mut_obj_add_val(params, root, "payload",
                           yyjson_val_mut_copy(params, yyjson_doc_get_root(given)));
    yyjson_doc_free(given);
    if (!command_node_call(node, "dossier.event", params, &result, error))
        return FALSE;
    if (ret_state)
        *ret_state = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "state")));
    yyjson_doc_free(result);
    return TRUE;
}

gboolean cmd_notify_deliver(Node *node, gboolean early, GError **error)
{
    g_auto(MailerResult) result = {0};
    if (!node_writer(node))
        return TRUE;
    if (!mailer_run(node, early, NULL, &result, error))
        return FALSE;
    if (result.failed > 0)
        output_note("%u mails could not be sent yet: %s", result.failed, result.failure);
    if (result.held > 0)
        output_note("%u mails wait because of [mail] per_hour or per_contact_hour", result.held);
    if (result.failed + result.held > 0)
        output_note("they are tried again when the node is served, or by `concert notify send "
                    "--waiting`");
    return TRUE;
}

/* --- the command -------------------------------------------------------------------------------
 */

static const Command *const *list(const Command *self)
{
    static const Command *const own[] = {
        &cmd_notify_draft,  &cmd_notify_approve, &cmd_notify_send,
        &cmd_notify_remind, &cmd_notify_reply,   &cmd_notify_import_replies,
        &cmd_notify_mails,  &cmd_notify_stats,   NULL};
    return dossier_command_list(&notice_procedure, own);
}

const Command cmd_notify = {
    .name = "notify",
    .summary = "tell whoever is responsible what was found",
    .description =
        "`concert notify FILE` reads addresses, URLs, names, a log or a report (Shadowserver, "
        "X-ARF, IODEF, CSV, plain text), finds who answers for each, and drafts a notice to each "
        "of them in their language. Once a person has approved them `concert notify send` sends "
        "them: to peers by their nodes, to others by mail. See docs/notices.md.",
    .make_subcommands = list,
    .otherwise = "draft",
    .examples =
        (const CommandExample[]){
            {"concert notify report.csv", "draft notices of what is in a report"},
            {"concert notify approve --batch 2026-03-01T101500Z-report.csv", "approve all of them"},
            {"concert notify send --all", "send what is approved"},
            {NULL, NULL}},
};

const Command cmd_notice = {
    .name = "notice",
    .summary = "the same as notify",
    .make_subcommands = list,
    .otherwise = "draft",
    .hidden = TRUE,
};
