/* cmd_ledger_witness_follow.c - `concert ledger witness follow`: which key of a watched log signs
 * now, as its key changes prove. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "ledger/keychange.h"
#include "node/log_keys.h"
#include "node/log_source.h"
#include "store/witness.h"

static LogKeys *read_keys(const Node *node, const char *where, GError **error)
{
    const Config *config = node_config(node);
    const FetchOptions fetch = {.allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                .ca_file = config_path(config, SETTING_FETCH_CA_FILE)};
    g_autoptr(LogSource) source = log_source_open(where, &fetch, error);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    if (!source || !log_source_read(source, LOG_KEYS_PATH, LOG_KEYS_BYTES_MAX, bytes, error))
        return NULL;
    return log_keys_parse((const char *)bytes->data, bytes->len, error);
}

static WitnessLog *find_log(Node *node, const char *origin, GError **error)
{
    g_autoptr(GPtrArray) logs = witness_logs(node_store(node), error);
    for (guint i = 0; logs && i < logs->len; i++) {
        WitnessLog *log = logs->pdata[i];
        if (log->watched && g_str_equal(log->origin, origin))
            return g_ptr_array_steal_index(logs, i);
    }
    if (logs)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the log %s is not watched",
                    origin);
    return NULL;
}

/* The changes as they look to who has pinned @vkey. */
static KeyHistory *follow_from(const char *vkey, const LogKeys *keys, const char *recovery_vkey,
                               GError **error)
{
    g_autoptr(NoteVerifier) recovery = NULL;
    g_autoptr(NoteVerifier) pinned = note_verifier_parse(vkey, error);
    if (!pinned || (recovery_vkey && !(recovery = note_verifier_parse(recovery_vkey, error))))
        return NULL;
    g_autoptr(KeyHistory) history = keychange_history_new(pinned, NULL, recovery, error);
    if (!history || !keychange_history_add_list(history, (const char *const *)keys->changes,
                                                keys->n_changes, error))
        return NULL;
    return g_steal_pointer(&history);
}

static gboolean is_same(const NoteVerifier *one, const NoteVerifier *other)
{
    return one->id == other->id && g_bytes_equal(one->key, other->key);
}

/* From any key that is watched, the newest first: of several a thief may have made some. */
static KeyHistory *follow(const WitnessLog *log, const LogKeys *keys, const char *recovery,
                          GError **error)
{
    g_autoptr(GError) reason = NULL;
    for (guint i = g_strv_length(log->vkeys); i-- > 0;) {
        g_autoptr(GError) local = NULL;
        g_autoptr(KeyHistory) history = follow_from(log->vkeys[i], keys, recovery, &local);
        if (history && is_same(keychange_history_present(history, KEYCHANGE_LEDGER), keys->ledger))
            return g_steal_pointer(&history);
        if (local && !reason)
            reason = g_steal_pointer(&local);
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "no key of %s that is watched leads to the one that signs now%s%s", log->origin,
                reason ? ": " : "", reason ? reason->message : "");
    return NULL;
}

static gboolean has_void_key(const KeyHistory *history)
{
    for (guint i = 0; i < keychange_history_n_keys(history, KEYCHANGE_LEDGER); i++)
        if (keychange_history_key(history, KEYCHANGE_LEDGER, i).is_void)
            return TRUE;
    return FALSE;
}

static gboolean call_with(Node *node, const char *operation, const char *origin, const char *vkey,
                          GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(params, root, "origin", origin);
    jsontext_add(params, root, "vkey", vkey);
    return command_node_call(node, operation, params, NULL, error);
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(LogKeys) keys = node ? read_keys(node, call->arguments[0], error) : NULL;
    if (!keys)
        return command_file_error(error);
    g_autoptr(WitnessLog) log = find_log(node, keys->origin, error);
    g_autoptr(KeyHistory) history =
        log ? follow(log, keys, command_text(call, "recovery"), error) : NULL;
    if (!history)
        return COMMAND_ERROR;
    g_autofree char *vkey = note_verifier_format(keys->ledger);
    gboolean is_known = g_strv_contains((const char *const *)log->vkeys, vkey);
    gboolean drops = has_void_key(history) && g_strv_length(log->vkeys) > (is_known ? 1 : 0);
    /* A key that a recovery voided must not sign for the log any more. */
    if ((drops && !call_with(node, "witness.unwatch", log->origin, NULL, error)) ||
        ((drops || !is_known) && !call_with(node, "witness.watch", log->origin, vkey, error)))
        return COMMAND_ERROR;
    output_line("%s", vkey);
    output_note(drops      ? "%s signs with this key now, and with no other: the one before was "
                             "replaced"
                : is_known ? "%s signs with this key, as is known already"
                           : "%s signs with this key now too",
                log->origin);
    return COMMAND_OK;
}

const Command cmd_ledger_witness_follow = {
    .name = "follow",
    .summary = "accept the key that a watched log signs with now",
    .arguments = "DIR|URL",
    .description =
        "Reads the key changes that the log serves, or that stand in a mirror of it, and follows "
        "them from a key that is watched already. A rotation is signed by the key before it. A key "
        "that was lost or stolen is replaced by the recovery key, which you must have from the "
        "log's owner; then the keys before are no longer accepted. Prints the key.",
    .options =
        (const CommandOption[]){
            {"recovery", 'r', COMMAND_TEXT, "VKEY",
             .help = "the verifier key of the log's recovery key"},
            COMMAND_OPTIONS_END,
        },
    .nothing = "the log is not watched",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
