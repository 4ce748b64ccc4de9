/* cmd_ledger_witness.c - `concert ledger witness`: who cosigns this node's ledger, and whose
 * ledgers this node cosigns. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "node/policy_file.h"
#include "store/witness.h"

/* Calls @operation with the texts that are given as name and value; NULL values are left out. */
static gboolean call_node(const CommandCall *call, const char *operation, const char *const *texts,
                          GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return FALSE;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    for (; texts[0]; texts += 2)
        if (texts[1])
            yyjson_mut_obj_add_str(params, root, texts[0], texts[1]);
    return command_node_call(node, operation, params, NULL, error);
}

/* --- add and remove ----------------------------------------------------------------------------
 */

/* The witness of the policy that has that name there or bears it in its key. */
static gboolean find_in_policy(const CommandCall *call, const char *name, char **ret_vkey,
                               char **ret_url, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Quorum) policy = NULL;
    if (!node || !policy_file_load(node_config(node), &policy, error))
        return FALSE;
    for (guint i = 0; policy && i < quorum_n_witnesses(policy); i++) {
        QuorumMember member = quorum_witness(policy, i);
        if (!g_str_equal(member.name, name) && !g_str_equal(member.key->name, name))
            continue;
        *ret_vkey = note_verifier_format(member.key);
        *ret_url = g_strdup(member.url);
        return TRUE;
    }
    g_set_error(
        error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
        "\"%s\" is neither a verifier key (name+id+base64) nor a witness of [ledger] policy", name);
    return FALSE;
}

static int run_add(const CommandCall *call, GError **error)
{
    g_autofree char *vkey = NULL, *url = NULL;
    if (strchr(call->arguments[0], '+'))
        vkey = g_strdup(call->arguments[0]);
    else if (!find_in_policy(call, call->arguments[0], &vkey, &url, error))
        return COMMAND_ERROR;
    if (call->count > 1) {
        g_free(url);
        url = g_strdup(call->arguments[1]);
    }
    if (!url)
        return command_usage(call, error, "say the URL at which the witness is asked");
    if (!call_node(call, "witness.add", (const char *[]){"vkey", vkey, "url", url, NULL}, error))
        return COMMAND_ERROR;
    output_line("The witness %.*s will be asked to cosign this ledger.", (int)strcspn(vkey, "+"),
                vkey);
    return COMMAND_OK;
}

static int run_remove(const CommandCall *call, GError **error)
{
    const char *name = call->arguments[0];
    if (!call_node(call, "witness.remove", (const char *[]){"name", name, NULL}, error))
        return COMMAND_ERROR;
    output_line("%s is not asked any more, and its cosignatures are not served.", name);
    return COMMAND_OK;
}

/* --- watch, unwatch and settle -----------------------------------------------------------------
 */

static int run_watch(const CommandCall *call, GError **error)
{
    const char *vkey = call->arguments[0], *origin = command_text(call, "origin");
    if (!call_node(call, "witness.watch", (const char *[]){"vkey", vkey, "origin", origin, NULL},
                   error))
        return COMMAND_ERROR;
    if (origin)
        output_line("Checkpoints of %s will be cosigned.", origin);
    else
        output_line("Checkpoints of %.*s will be cosigned.", (int)strcspn(vkey, "+"), vkey);
    return COMMAND_OK;
}

static int run_unwatch(const CommandCall *call, GError **error)
{
    const char *origin = call->arguments[0];
    if (!call_node(call, "witness.unwatch", (const char *[]){"origin", origin, NULL}, error))
        return COMMAND_ERROR;
    output_line("%s is not cosigned any more. What was cosigned is remembered.", origin);
    return COMMAND_OK;
}

#define KEEP "first|second|drop"

static int run_settle(const CommandCall *call, GError **error)
{
    static const char *const outcomes[] = {
        "goes on from the first checkpoint",
        "goes on from the second checkpoint; what was cosigned before is not cosigned again",
        "is not watched any more",
    };
    const char *origin = call->arguments[0], *keep = command_text(call, "keep");
    if (!keep)
        return command_usage(call, error, "say what to keep: --keep " KEEP);
    if (!call_node(call, "witness.settle", (const char *[]){"origin", origin, "keep", keep, NULL},
                   error))
        return COMMAND_ERROR;
    output_line("%s %s. The evidence stays.", origin, outcomes[command_choice(call, "keep", 0)]);
    return COMMAND_OK;
}

/* --- list --------------------------------------------------------------------------------------
 */

/* How it came to be there: @peer is the node whose peering brought it, NULL a person did. */
static void add_through(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *peer)
{
    yyjson_mut_obj_add_str(doc, object, "through", peer ? "peering" : "hand");
    jsontext_add(doc, object, "peer", peer);
}

static void asked_json(const WitnessAsked *asked)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "is", "witness");
    yyjson_mut_obj_add_str(doc, root, "name", asked->name);
    yyjson_mut_obj_add_str(doc, root, "vkey", asked->vkey);
    add_through(doc, root, asked->peer);
    if (!asked->peer)
        yyjson_mut_obj_add_str(doc, root, "url", asked->url);
    yyjson_mut_obj_add_uint(doc, root, "size", asked->size);
    output_add_time(doc, root, "asked", asked->asked);
    output_add_time(doc, root, "cosigned", asked->cosigned);
    yyjson_mut_obj_add_uint(doc, root, "status", asked->status);
    jsontext_add(doc, root, "failure", asked->failure);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void log_json(const WitnessLog *log)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "is", "log");
    yyjson_mut_obj_add_str(doc, root, "origin", log->origin);
    yyjson_mut_val *vkeys = yyjson_mut_obj_add_arr(doc, root, "vkeys");
    for (guint i = 0; log->vkeys[i]; i++)
        yyjson_mut_arr_add_str(doc, vkeys, log->vkeys[i]);
    if (log->watched)
        add_through(doc, root, log->peer);
    yyjson_mut_obj_add_bool(doc, root, "watched", log->watched);
    yyjson_mut_obj_add_bool(doc, root, "frozen", log->frozen);
    if (log->state.is_known)
        yyjson_mut_obj_add_uint(doc, root, "size", log->state.size);
    jsontext_add(doc, root, "checkpoint", log->note);
    output_add_time(doc, root, "cosigned", log->cosigned_at);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_asked(const GPtrArray *list)
{
    OutputTable *table =
        output_table_new("WITNESS", ">SIZE", "COSIGNED", "ASKED", "WHERE", "FAILURE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const WitnessAsked *asked = list->pdata[i];
        char size[OUTPUT_NUMBER_MAX], cosigned[OUTPUT_NUMBER_MAX], when[OUTPUT_NUMBER_MAX];
        output_table_row(
            table,
            (const char *[]){asked->name, output_number(size, asked->size),
                             asked->cosigned > 0 ? output_time(cosigned, asked->cosigned) : "never",
                             asked->asked > 0 ? output_time(when, asked->asked) : "never",
                             asked->peer ? "through peering" : asked->url, asked->failure});
    }
    output_table_print(table);
}

static void print_logs(const GPtrArray *list)
{
    OutputTable *table = output_table_new("LOG", ">SIZE", "COSIGNED", "STATE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const WitnessLog *log = list->pdata[i];
        char size[OUTPUT_NUMBER_MAX], cosigned[OUTPUT_NUMBER_MAX];
        output_table_row(table, (const char *[]){log->origin, output_number(size, log->state.size),
                                                 log->cosigned_at > 0
                                                     ? output_time(cosigned, log->cosigned_at)
                                                     : "never",
                                                 log->frozen    ? "FROZEN: it has signed two trees"
                                                 : log->peer    ? "watched, through peering"
                                                 : log->watched ? "watched"
                                                                : "not watched any more"});
    }
    output_table_print(table);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) asked = node ? witness_asked(node_store(node), error) : NULL;
    g_autoptr(GPtrArray) logs = asked ? witness_logs(node_store(node), error) : NULL;
    if (!logs)
        return COMMAND_ERROR;
    if (command_json(call)) {
        for (guint i = 0; i < asked->len; i++)
            asked_json(asked->pdata[i]);
        for (guint i = 0; i < logs->len; i++)
            log_json(logs->pdata[i]);
    } else {
        print_asked(asked);
        if (asked->len > 0 && logs->len > 0)
            output_line("%s", "");
        print_logs(logs);
    }
    return asked->len > 0 || logs->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- evidence ----------------------------------------------------------------------------------
 */

static void evidence_json(const WitnessEvidence *evidence)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "origin", evidence->origin);
    output_add_time(doc, root, "found", evidence->found);
    yyjson_mut_obj_add_str(doc, root, "first", evidence->first);
    yyjson_mut_obj_add_str(doc, root, "second", evidence->second);
    jsontext_add(doc, root, "proof", evidence->proof);
    output_add_time(doc, root, "settled", evidence->settled);
    jsontext_add(doc, root, "decision", evidence->decision);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_lines(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        if (lines[i + 1] || *lines[i])
            output_line("    %s", lines[i]);
}

static void print_evidence(const WitnessEvidence *evidence)
{
    char found[OUTPUT_NUMBER_MAX], settled[OUTPUT_NUMBER_MAX];
    output_line("%s has signed two trees (found %s)", evidence->origin,
                output_time(found, evidence->found));
    output_line("  the first checkpoint:");
    print_lines(evidence->first);
    output_line("  the second checkpoint:");
    print_lines(evidence->second);
    if (evidence->proof) {
        output_line("  hashes that lead to the root of the second, but not from that of the first "
                    "(RFC 6962, section 2.1.2):");
        print_lines(evidence->proof);
    }
    if (evidence->settled > 0)
        output_line("  settled %s: %s", output_time(settled, evidence->settled),
                    evidence->decision);
    else
        output_line("  The log is frozen until `concert ledger witness settle %s --keep " KEEP "`.",
                    evidence->origin);
}

static int run_evidence(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? witness_evidence(node_store(node), call->arguments[0],
                                                        !command_flag(call, "all"), error)
                                     : NULL;
    if (!list)
        return COMMAND_ERROR;
    for (guint i = 0; i < list->len; i++) {
        if (command_json(call))
            evidence_json(list->pdata[i]);
        else
            print_evidence(list->pdata[i]);
    }
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

/* --- the table ---------------------------------------------------------------------------------
 */

static const Command command_add = {
    .name = "add",
    .summary = "ask a witness to cosign this node's ledger",
    .arguments = "NAME-or-VKEY [URL]",
    .description =
        "The witness is named by its verifier key, or by its name in the file of [ledger] policy. "
        "URL is its submission prefix, to which /add-checkpoint is added; that of another Concert "
        "node is https://HOST/ledger/witness. The witness has to watch this ledger: its owner "
        "needs this ledger's verifier key.",
    .examples =
        (const CommandExample[]){
            {"concert ledger witness add cert.birch.example/witness+5ddeb8a4+BI6T... "
             "https://cert.birch.example/ledger/witness",
             "Birch's node will be asked for cosignatures"},
            {NULL},
        },
    .min_arguments = 1,
    .max_arguments = 2,
    .uses_node = TRUE,
    .run = run_add,
};

static const Command command_list = {
    .name = "list",
    .summary = "list witnesses of this ledger, and logs that this node cosigns",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_remove = {
    .name = "remove",
    .summary = "ask a witness no more",
    .arguments = "NAME",
    .nothing = "there is no such witness",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_remove,
};

static const Command command_watch = {
    .name = "watch",
    .summary = "cosign a log's checkpoints when it asks",
    .arguments = "VKEY",
    .description = "VKEY is the verifier key that the log signs its checkpoints with. Given for a "
                   "log that is watched already it is added to those that may sign.",
    .options =
        (const CommandOption[]){
            {"origin", 'o', COMMAND_TEXT, "ORIGIN",
             .help = "the log's origin (default: the name of the key)"},
            COMMAND_OPTIONS_END,
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_watch,
};

static const Command command_unwatch = {
    .name = "unwatch",
    .summary = "cosign a log no more",
    .arguments = "ORIGIN",
    .description = "What was cosigned is remembered, so that no other tree of the log is cosigned "
                   "should it ever be watched again.",
    .nothing = "the log is not watched",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_unwatch,
};

static const Command command_evidence = {
    .name = "evidence",
    .summary = "show what convicts logs of having signed two trees",
    .arguments = "[ORIGIN]",
    .description =
        "Two checkpoints, both signed by the log, of one size with different roots; or of two "
        "sizes, with hashes that prove which root the second tree had at the size of the first. "
        "They convince everybody who has the log's verifier key.",
    .options =
        (const CommandOption[]){
            {"all", 'a', COMMAND_FLAG, .help = "also what has been settled"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .nothing = "there is none",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_evidence,
};

static const Command command_settle = {
    .name = "settle",
    .summary = "decide what becomes of a log that was frozen",
    .arguments = "ORIGIN",
    .description =
        "A log that has signed two trees is frozen: nothing of it is cosigned. Find out from its "
        "owner what happened (a copied node, a restored backup, a stolen key), then decide.",
    .options =
        (const CommandOption[]){
            {"keep", 'k', COMMAND_CHOICE, "WHAT", .choices = KEEP,
             .help = "go on from the first checkpoint, from the second, or drop the log"},
            COMMAND_OPTIONS_END,
        },
    .nothing = "the log is not frozen",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_settle,
};

const Command cmd_ledger_witness = {
    .name = "witness",
    .summary = "who cosigns this ledger, and whose ledgers this node cosigns",
    .description =
        "A witness confirms by a cosignature that it has seen a log only grow. With cosignatures "
        "of witnesses that do not depend on each other nobody can be shown a ledger that others "
        "do not see (c2sp.org/tlog-witness).",
    .subcommands =
        (const Command *const[]){&command_add, &command_list, &command_remove, &command_watch,
                                 &cmd_ledger_witness_follow, &command_unwatch, &command_evidence,
                                 &command_settle, NULL},
};
