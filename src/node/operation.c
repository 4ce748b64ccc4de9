#include "node/operation.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsontext.h"
#include "exchange/reach.h"
#include "identity/role.h"
#include "node/attachment_operation.h"
#include "node/card_publisher.h"
#include "node/community_operation.h"
#include "node/consumer_operation.h"
#include "node/contact_operation.h"
#include "node/desk_operation.h"
#include "node/dispatch_operation.h"
#include "node/docket_operation.h"
#include "node/docket_rebuild.h"
#include "node/follow_operation.h"
#include "node/ledger_operation.h"
#include "node/message_operation.h"
#include "node/notice_sender.h"
#include "node/operation_params.h"
#include "node/parcel_operation.h"
#include "node/peer_operation.h"
#include "node/release_operation.h"
#include "node/reminder.h"
#include "node/statement_operation.h"
#include "store/accounts.h"
#include "store/collections.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/witness.h"

/* One call on its way through the writer. */
typedef struct Operation Operation;
typedef struct {
    const Operation *operation;
    yyjson_val *params;
    yyjson_mut_doc *result; /* made anew at each apply */
} Call;

struct Operation {
    const char *name;
    /* In the batch's transaction, or else on the caller's thread, with transactions of its own. */
    gboolean (*apply)(StoreTx *tx, Call *call, GError **error);
    gboolean (*run)(Notary *notary, yyjson_val *params, yyjson_mut_doc *result, GError **error);
    /* As apply, of another file and without a result. */
    gboolean (*change)(StoreTx *tx, yyjson_val *params, GError **error);
    gboolean keys; /* after it the node's card may have to say something new */
};

static gboolean get_text(const Call *call, const char *name, gboolean required,
                         const char **ret_text, GError **error)
{
    return operation_params_text(call->params, call->operation->name, name, required, ret_text,
                                 error);
}

static gboolean get_bool(const Call *call, const char *name, gboolean *ret_bool, GError **error)
{
    return operation_params_bool(call->params, call->operation->name, name, ret_bool, error);
}

static gboolean get_int(const Call *call, const char *name, gint64 *ret_number, GError **error)
{
    return operation_params_int(call->params, call->operation->name, name, ret_number, error);
}

static gboolean get_sha256(const Call *call, const char *name, guint8 ret_sha256[SHA256_SIZE],
                           GError **error)
{
    return operation_params_sha256(call->params, call->operation->name, name, ret_sha256, error);
}

static gboolean get_roles(const Call *call, guint *ret_roles, GError **error)
{
    yyjson_val *list = yyjson_obj_get(call->params, "roles");
    if (!yyjson_is_arr(list)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: parameter \"roles\" must be a list", call->operation->name);
        return FALSE;
    }
    g_autoptr(GString) names = g_string_new(NULL);
    gsize i, count;
    yyjson_val *name;
    yyjson_arr_foreach (list, i, count, name) {
        g_string_append_printf(names, "%s%s", i > 0 ? "," : "",
                               yyjson_is_str(name) ? yyjson_get_str(name) : "?");
    }
    return role_parse(names->str, ret_roles, error);
}

static gboolean account_add(StoreTx *tx, Call *call, GError **error)
{
    const char *name, *source, *hash;
    guint roles;
    return get_text(call, "name", TRUE, &name, error) &&
           get_text(call, "source", FALSE, &source, error) &&
           get_text(call, "password_hash", FALSE, &hash, error) && get_roles(call, &roles, error) &&
           accounts_add(tx, name, source, roles, hash, error);
}

static gboolean account_disable(StoreTx *tx, Call *call, GError **error)
{
    const char *name;
    gboolean disabled;
    return get_text(call, "name", TRUE, &name, error) &&
           get_bool(call, "disabled", &disabled, error) &&
           accounts_set_disabled(tx, name, disabled, error);
}

static gboolean account_password(StoreTx *tx, Call *call, GError **error)
{
    const char *name, *hash;
    return get_text(call, "name", TRUE, &name, error) &&
           get_text(call, "password_hash", TRUE, &hash, error) &&
           accounts_set_password(tx, name, hash, error);
}

static gboolean account_roles(StoreTx *tx, Call *call, GError **error)
{
    const char *name;
    guint roles;
    return get_text(call, "name", TRUE, &name, error) && get_roles(call, &roles, error) &&
           accounts_set_roles(tx, name, roles, error);
}

static void set_result_int(Call *call, const char *name, gint64 number)
{
    yyjson_mut_obj_add_sint(call->result, yyjson_mut_doc_get_root(call->result), name, number);
}

static gboolean token_add(StoreTx *tx, Call *call, GError **error)
{
    const char *account, *label;
    guint8 sha256[SHA256_SIZE];
    gint64 expires, number;
    if (!get_text(call, "account", TRUE, &account, error) ||
        !get_text(call, "label", TRUE, &label, error) ||
        !get_sha256(call, "sha256", sha256, error) || !get_int(call, "expires", &expires, error) ||
        !accounts_add_token(tx, account, label, sha256, expires, &number, error))
        return FALSE;
    set_result_int(call, "number", number);
    return TRUE;
}

static gboolean token_remove(StoreTx *tx, Call *call, GError **error)
{
    const char *account;
    gint64 number;
    return get_text(call, "account", TRUE, &account, error) &&
           get_int(call, "number", &number, error) &&
           accounts_remove_token(tx, account, number, error);
}

static gboolean root_add(StoreTx *tx, Call *call, GError **error)
{
    const char *name, *title, *description;
    return get_text(call, "name", TRUE, &name, error) &&
           get_text(call, "title", FALSE, &title, error) &&
           get_text(call, "description", FALSE, &description, error) &&
           collections_add_root(tx, name, title, description, error);
}

static gboolean collection_add(StoreTx *tx, Call *call, GError **error)
{
    const char *root, *id, *name, *title, *description;
    gint64 number;
    if (!get_text(call, "root", FALSE, &root, error) || !get_text(call, "id", FALSE, &id, error) ||
        !get_text(call, "name", TRUE, &name, error) ||
        !get_text(call, "title", FALSE, &title, error) ||
        !get_text(call, "description", FALSE, &description, error))
        return FALSE;
    g_autofree char *made = id ? g_ascii_strdown(id, -1) : g_uuid_string_random();
    if (!collections_add(tx, root ? root : "main", made, name, title, description, &number, error))
        return FALSE;
    set_result_int(call, "number", number);
    yyjson_mut_obj_add_strcpy(call->result, yyjson_mut_doc_get_root(call->result), "id", made);
    return TRUE;
}

static gboolean collection_grant(StoreTx *tx, Call *call, GError **error)
{
    const char *collection, *account;
    gboolean read, write;
    gint64 number;
    return get_text(call, "collection", TRUE, &collection, error) &&
           get_text(call, "account", TRUE, &account, error) &&
           get_bool(call, "read", &read, error) && get_bool(call, "write", &write, error) &&
           collections_find_number(tx, collection, &number, error) &&
           (g_str_equal(account, COLLECTIONS_ANYONE) || accounts_exists(tx, account, error)) &&
           collections_grant(tx, number, account, read, write, error);
}

static gboolean collection_reach(StoreTx *tx, Call *call, GError **error)
{
    const char *collection, *reach = NULL;
    gint64 number;
    return get_text(call, "collection", TRUE, &collection, error) &&
           get_text(call, "reach", FALSE, &reach, error) && (!reach || reach_check(reach, error)) &&
           collections_find_number(tx, collection, &number, error) &&
           collections_set_reach(tx, number, reach, error) &&
           reach_review_collection(tx, number, error);
}

static gboolean object_adopt(StoreTx *tx, Call *call, GError **error)
{
    const char *id;
    gint64 version;
    guint8 sha256[SHA256_SIZE];
    return get_text(call, "id", TRUE, &id, error) && get_sha256(call, "sha256", sha256, error) &&
           objects_adopt(tx, id, sha256, &version, error) && reach_adopt(tx, version, error);
}

static gboolean witness_add_apply(StoreTx *tx, Call *call, GError **error)
{
    const char *vkey, *url;
    return get_text(call, "vkey", TRUE, &vkey, error) && get_text(call, "url", TRUE, &url, error) &&
           witness_add(tx, vkey, url, error);
}

static gboolean witness_remove_apply(StoreTx *tx, Call *call, GError **error)
{
    const char *name;
    return get_text(call, "name", TRUE, &name, error) && witness_remove(tx, name, error);
}

static gboolean witness_watch_apply(StoreTx *tx, Call *call, GError **error)
{
    const char *vkey, *origin;
    return get_text(call, "vkey", TRUE, &vkey, error) &&
           get_text(call, "origin", FALSE, &origin, error) &&
           witness_watch(tx, origin, vkey, error);
}

static gboolean witness_unwatch_apply(StoreTx *tx, Call *call, GError **error)
{
    const char *origin;
    return get_text(call, "origin", TRUE, &origin, error) && witness_unwatch(tx, origin, error);
}

/* A peer that goes on from the tree that is known here is followed again. */
static gboolean forgive_peer(StoreTx *tx, const char *origin, GError **error)
{
    g_autoptr(Peer) peer = peers_get_tx(tx, origin, NULL);
    return !peer || !peer->fork || peers_set_fork(tx, peer->number, NULL, error);
}

static gboolean witness_settle_apply(StoreTx *tx, Call *call, GError **error)
{
    static const char *const decisions[] = {"first", "second", "drop"}; /* a WitnessDecision */
    const char *origin, *keep;
    if (!get_text(call, "origin", TRUE, &origin, error) ||
        !get_text(call, "keep", TRUE, &keep, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(decisions); i++)
        if (g_str_equal(keep, decisions[i]))
            return witness_settle(tx, origin, (WitnessDecision)i, error) &&
                   (i != WITNESS_KEEP_FIRST || forgive_peer(tx, origin, error));
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s: \"keep\" is first, second or drop, not \"%s\"", call->operation->name, keep);
    return FALSE;
}

static const Operation operations[] = {
    {"account.add", account_add},
    {"account.disable", account_disable},
    {"account.password", account_password},
    {"account.roles", account_roles},
    {"token.add", token_add},
    {"token.remove", token_remove},
    {"root.add", root_add},
    {"collection.add", collection_add},
    {"collection.grant", collection_grant},
    {"object.adopt", object_adopt},
    {"collection.reach", collection_reach},
    {"dispatch.send", .run = dispatch_operation_send},
    {"dispatch.grant", .run = dispatch_operation_grant},
    {"dispatch.retract", .run = dispatch_operation_retract},
    {"dispatch.hold", .change = dispatch_operation_hold},
    {"dispatch.release", .change = dispatch_operation_release},
    {"exchange.follow", .run = dispatch_operation_follow},
    {"consumer.add", .change = consumer_operation_add},
    {"consumer.remove", .change = consumer_operation_remove},
    {"contact.put", .change = contact_operation_put},
    {"contact.remove", .change = contact_operation_remove},
    {"contact.stop", .change = contact_operation_stop},
    {"contact.release", .change = contact_operation_release},
    {"notice.send", .run = notice_sender_operation_send},
    {"notice.remind", .run = notice_sender_operation_remind},
    {"dossier.event", .run = docket_operation_event},
    {"attachment.keep", .change = attachment_operation_keep},
    {"attachment.check", .run = attachment_operation_check},
    {"evidence.sign", .run = attachment_operation_sign},
    {"dossier.rebuild", .run = docket_rebuild_operation},
    {"dossier.reminded", .change = reminder_operation_mark},
    {"dossier.assign", .change = desk_operation_assign},
    {"dossier.jot", .change = desk_operation_jot},
    {"witness.add", witness_add_apply},
    {"witness.remove", witness_remove_apply},
    {"witness.watch", witness_watch_apply},
    {"witness.unwatch", witness_unwatch_apply},
    {"witness.settle", witness_settle_apply},
    {"follow.add", .change = follow_operation_add},
    {"follow.remove", .change = follow_operation_remove},
    {"follow.pause", .change = follow_operation_pause},
    {"follow.mark", .change = follow_operation_mark},
    {"follow.finish", .change = follow_operation_finish},
    {"ledger.open", .run = ledger_operation_open},
    {"statement.sign", .run = statement_operation_sign},
    {"ledger.append", .run = ledger_operation_append},
    {"ledger.erase", .run = ledger_operation_erase},
    {"ledger.resume", .run = ledger_operation_resume, .keys = TRUE},
    {"key.rotate", .run = ledger_operation_rotate, .keys = TRUE},
    {"key.recover", .run = ledger_operation_recover, .keys = TRUE},
    {"key.export", .run = ledger_operation_export},
    {"key.seal", .run = ledger_operation_seal},
    {"key.unlock", .run = ledger_operation_unlock, .keys = TRUE},
    {"message.send", .run = message_operation_send},
    {"message.acknowledge", .run = message_operation_acknowledge},
    {"message.remove", .run = message_operation_remove},
    {"parcel.write", .run = parcel_operation_write},
    {"parcel.read", .run = parcel_operation_read},
    {"card.publish", .run = peer_operation_publish},
    {"peer.invite", .run = peer_operation_invite},
    {"peer.accept", .run = peer_operation_accept},
    {"peer.suspend", .run = peer_operation_suspend},
    {"peer.resume", .run = peer_operation_resume},
    {"peer.end", .run = peer_operation_end},
    {"peer.hear", .run = peer_operation_hear},
    {"peer.compared", .run = peer_operation_compared},
    {"peer.succeed", .run = peer_operation_succeed},
    {"community.create", .run = community_operation_create},
    {"community.rules", .run = community_operation_rules},
    {"community.add", .run = community_operation_add},
    {"community.remove", .run = community_operation_remove},
    {"community.leave", .run = community_operation_leave},
    {"release.propose", .run = release_operation_propose},
    {"release.approve", .run = release_operation_approve},
    {"release.rollback", .run = release_operation_rollback},
    {"never-block.add", .run = release_operation_never_add},
    {"never-block.remove", .run = release_operation_never_remove},
    {"standing.add", .run = release_operation_standing_add},
    {"standing.remove", .run = release_operation_standing_remove},
    {"standing.resume", .run = release_operation_standing_resume},
};

static const Operation *find_operation(const char *name, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        if (g_str_equal(operations[i].name, name))
            return &operations[i];
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "no operation \"%s\"", name);
    return NULL;
}

static void begin_result(Call *call)
{
    yyjson_mut_doc_free(call->result);
    call->result = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(call->result, yyjson_mut_obj(call->result));
}

static gboolean apply_call(StoreTx *tx, gpointer user, GError **error)
{
    Call *call = user;
    const Operation *operation = call->operation;
    begin_result(call);
    return operation->apply ? operation->apply(tx, call, error)
                            : operation->change(tx, call->params, error);
}

static gboolean run_call(Writer *writer, Notary *notary, Call *call, GError **error)
{
    if (call->operation->apply || call->operation->change)
        return writer_run(writer, 1, apply_call, call, error);
    begin_result(call);
    if (!call->operation->run(notary, call->params, call->result, error))
        return FALSE;
    /* What cannot be published now is when the node is served again. */
    if (call->operation->keys)
        card_publisher_refresh(notary, NULL, NULL);
    return TRUE;
}

gboolean operation_run(Writer *writer, Notary *notary, const char *operation, const char *params,
                       gsize length, char **ret_result, GError **error)
{
    Call call = {.operation = find_operation(operation, error)};
    if (!call.operation)
        return FALSE;
    yyjson_doc *doc = yyjson_read(params, length, 0);
    call.params = yyjson_doc_get_root(doc);
    gboolean good = FALSE;
    if (!yyjson_is_obj(call.params))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: parameters must be a JSON object", operation);
    else
        good = run_call(writer, notary, &call, error);
    g_autofree char *text = jsontext_take(call.result);
    if (good && ret_result)
        *ret_result = g_steal_pointer(&text);
    yyjson_doc_free(doc);
    return good;
}
