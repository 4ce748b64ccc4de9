/* cmd_account.c - `concert account`: who may log in, as what, and with which tokens. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "identity/password.h"
#include "identity/role.h"
#include "identity/token.h"
#include "store/accounts.h"

#define DAY_US (24 * 3600 * G_TIME_SPAN_SECOND)

/* An empty object as the root of new parameters. */
static yyjson_mut_val *params_new(yyjson_mut_doc **ret_params)
{
    yyjson_mut_val *root;
    *ret_params = jsontext_object(&root);
    return root;
}

static gboolean add_roles(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *text,
                          GError **error)
{
    guint roles = 0;
    if (text && !role_parse(text, &roles, error))
        return FALSE;
    g_autofree const char **names = role_names(roles);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "roles");
    for (guint i = 0; names[i]; i++)
        yyjson_mut_arr_add_str(doc, list, names[i]);
    return TRUE;
}

static int run_add(const CommandCall *call, GError **error)
{
    const char *name = call->arguments[0];
    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "name", name);
    if (command_text(call, "source"))
        yyjson_mut_obj_add_str(params, root, "source", command_text(call, "source"));

    g_auto(SecretText) password = NULL;
    g_autofree char *hash = NULL;
    gboolean made = FALSE;
    g_autoptr(Node) node = NULL;
    if (!add_roles(params, root, command_text(call, "roles"), error) ||
        !secret_new_password(call, &password, &made, error) ||
        (password && !(hash = password_hash(password, error))) ||
        !(node = command_node_open(call, NODE_WRITE, error))) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    jsontext_add(params, root, "password_hash", hash);
    if (!command_node_call(node, "account.add", params, NULL, error))
        return COMMAND_ERROR;
    if (made)
        output_line("%s", password);
    else if (!password)
        output_note("Added %s. It has no password; see `concert account password` and `concert "
                    "account token add`.",
                    name);
    return COMMAND_OK;
}

static int run_password(const CommandCall *call, GError **error)
{
    g_auto(SecretText) password = NULL;
    gboolean made = FALSE;
    if (!secret_new_password(call, &password, &made, error))
        return COMMAND_ERROR;
    if (!password)
        return command_usage(call, error,
                             "say where the password comes from: --password, "
                             "--password-stdin, --password-file or --password-new");
    g_autofree char *hash = password_hash(password, error);
    if (!hash)
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "name", call->arguments[0]);
    yyjson_mut_obj_add_str(params, root, "password_hash", hash);
    if (!command_node_call(node, "account.password", params, NULL, error))
        return COMMAND_ERROR;
    if (made)
        output_line("%s", password);
    return COMMAND_OK;
}

static int run_roles(const CommandCall *call, GError **error)
{
    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "name", call->arguments[0]);
    g_autoptr(Node) node = NULL;
    if (!add_roles(params, root, call->arguments[1], error) ||
        !(node = command_node_open(call, NODE_WRITE, error))) {
        yyjson_mut_doc_free(params);
        return COMMAND_ERROR;
    }
    return command_node_call(node, "account.roles", params, NULL, error) ? COMMAND_OK
                                                                         : COMMAND_ERROR;
}

static int set_disabled(const CommandCall *call, gboolean disabled, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "name", call->arguments[0]);
    yyjson_mut_obj_add_bool(params, root, "disabled", disabled);
    return command_node_call(node, "account.disable", params, NULL, error) ? COMMAND_OK
                                                                           : COMMAND_ERROR;
}

static int run_disable(const CommandCall *call, GError **error)
{
    return set_disabled(call, TRUE, error);
}

static int run_enable(const CommandCall *call, GError **error)
{
    return set_disabled(call, FALSE, error);
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us)
{
    char text[TIMESTAMP_MAX];
    yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(text, us, 6));
}

static void account_json(const Account *account)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "name", account->name);
    yyjson_mut_obj_add_str(doc, root, "source", account->source);
    g_autofree const char **names = role_names(account->roles);
    yyjson_mut_val *roles = yyjson_mut_obj_add_arr(doc, root, "roles");
    for (guint i = 0; names[i]; i++)
        yyjson_mut_arr_add_str(doc, roles, names[i]);
    yyjson_mut_obj_add_bool(doc, root, "password", account->password_hash != NULL);
    yyjson_mut_obj_add_bool(doc, root, "disabled", account->disabled);
    add_time(doc, root, "created", account->created);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = accounts_list(node_store(node), error);
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table =
        output_table_new("NAME", "ROLES", "SOURCE", "PASSWORD", "STATE", "CREATED", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Account *account = list->pdata[i];
        if (command_json(call)) {
            account_json(account);
            continue;
        }
        g_autofree char *roles = role_format(account->roles);
        char created[OUTPUT_NUMBER_MAX];
        output_time(created, account->created);
        output_table_row(table,
                         (const char *[]){account->name, roles, account->source,
                                          account->password_hash ? "yes" : "no",
                                          account->disabled ? "disabled" : "active", created});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_token_add(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    g_auto(SecretText) token = token_generate();
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    token_digest(token, digest);
    gint64 days = command_int(call, "days", 0);
    const char *label = command_text(call, "label");

    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "account", call->arguments[0]);
    yyjson_mut_obj_add_str(params, root, "label", label ? label : "");
    yyjson_mut_obj_add_str(params, root, "sha256", sha256_hex(digest, hex));
    yyjson_mut_obj_add_int(params, root, "expires", days > 0 ? timestamp_now() + days * DAY_US : 0);
    yyjson_doc *result = NULL;
    if (!command_node_call(node, "token.add", params, &result, error))
        return COMMAND_ERROR;
    gint64 number = yyjson_get_sint(yyjson_obj_get(yyjson_doc_get_root(result), "number"));
    yyjson_doc_free(result);
    output_line("%s", token);
    output_note("This is token %" G_GINT64_FORMAT
                " of %s. It is not kept and cannot be shown again.",
                number, call->arguments[0]);
    return COMMAND_OK;
}

static int run_token_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) list = accounts_tokens(node_store(node), call->arguments[0], error);
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table =
        output_table_new("ACCOUNT", ">NUMBER", "LABEL", "CREATED", "EXPIRES", NULL);
    for (guint i = 0; i < list->len; i++) {
        const AccountToken *token = list->pdata[i];
        if (command_json(call)) {
            yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
            yyjson_mut_val *root = yyjson_mut_obj(doc);
            yyjson_mut_obj_add_str(doc, root, "account", token->account);
            yyjson_mut_obj_add_int(doc, root, "number", token->number);
            yyjson_mut_obj_add_str(doc, root, "label", token->label);
            add_time(doc, root, "created", token->created);
            if (token->expires > 0)
                add_time(doc, root, "expires", token->expires);
            output_json(root);
            yyjson_mut_doc_free(doc);
            continue;
        }
        char number[OUTPUT_NUMBER_MAX], created[OUTPUT_NUMBER_MAX], expires[OUTPUT_NUMBER_MAX];
        g_snprintf(number, sizeof number, "%" G_GINT64_FORMAT, token->number);
        output_time(created, token->created);
        output_table_row(
            table,
            (const char *[]){token->account, number, token->label, created,
                             token->expires > 0 ? output_time(expires, token->expires) : "never"});
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static int run_token_remove(const CommandCall *call, GError **error)
{
    gint64 number;
    if (!g_ascii_string_to_signed(call->arguments[1], 10, 1, G_MAXINT64, &number, NULL))
        return command_usage(call, error, "%s: not the number of a token", call->arguments[1]);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_doc *params;
    yyjson_mut_val *root = params_new(&params);
    yyjson_mut_obj_add_str(params, root, "account", call->arguments[0]);
    yyjson_mut_obj_add_int(params, root, "number", number);
    return command_node_call(node, "token.remove", params, NULL, error) ? COMMAND_OK
                                                                        : COMMAND_ERROR;
}

#define NO_ACCOUNT "there is no such account"

static const Command command_add = {
    .name = "add",
    .summary = "add an account",
    .arguments = "NAME",
    .description =
        "Roles: reader (reads what was granted), contributor (also gives objects), analyst (also "
        "removes and adopts objects), officer (acts for the node towards partners), approver "
        "(approves the acts of others), auditor (sees how the node is used, not what is in it), "
        "admin (runs the node, which is not reading what is in it).\n\n"
        "What an account may touch is said for each collection: see `concert collection grant`.",
    .options =
        (const CommandOption[]){
            {"roles", 'r', COMMAND_TEXT, "ROLE,...", .help = "what it may do (default: nothing)"},
            {"source", 's', COMMAND_TEXT, "NAME",
             .help = "whom the objects it gives count as from (default: its own name)"},
            SECRET_OPTIONS,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert account add birch --roles reader --password",
             "a reader; asks for a password"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_add,
};

static const Command command_list = {
    .name = "list",
    .summary = "list the accounts",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

static const Command command_password = {
    .name = "password",
    .summary = "set an account's password",
    .arguments = "NAME",
    .options = (const CommandOption[]){SECRET_OPTIONS, COMMAND_OPTIONS_END},
    .nothing = NO_ACCOUNT,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_password,
};

static const Command command_roles = {
    .name = "roles",
    .summary = "set an account's roles",
    .arguments = "NAME ROLE,...",
    .nothing = NO_ACCOUNT,
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_roles,
};

static const Command command_disable = {
    .name = "disable",
    .summary = "keep an account from logging in",
    .arguments = "NAME",
    .nothing = NO_ACCOUNT,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_disable,
};

static const Command command_enable = {
    .name = "enable",
    .summary = "let a disabled account log in again",
    .arguments = "NAME",
    .nothing = NO_ACCOUNT,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_enable,
};

static const Command command_token_add = {
    .name = "add",
    .summary = "make a token for an account and print it, once",
    .arguments = "ACCOUNT",
    .description = "The token goes to standard output and nowhere else; the node keeps only its "
                   "SHA-256.",
    .options =
        (const CommandOption[]){
            {"label", 'l', COMMAND_TEXT, "TEXT", .help = "what it is for"},
            {"days", 'd', COMMAND_INT, "N", .min = 1, .max = 36500,
             .help = "it expires after N days (default: never)"},
            COMMAND_OPTIONS_END,
        },
    .nothing = NO_ACCOUNT,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_token_add,
};

static const Command command_token_list = {
    .name = "list",
    .summary = "list the tokens of an account, or of all",
    .arguments = "[ACCOUNT]",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_token_list,
};

static const Command command_token_remove = {
    .name = "remove",
    .summary = "remove a token; it is refused from now on",
    .arguments = "ACCOUNT NUMBER",
    .nothing = "there is no such token",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run_token_remove,
};

static const Command command_token = {
    .name = "token",
    .summary = "add, list and remove tokens for programs",
    .subcommands = (const Command *const[]){&command_token_add, &command_token_list,
                                            &command_token_remove, NULL},
};

const Command cmd_account = {
    .name = "account",
    .summary = "add, list and change accounts, their passwords and tokens",
    .description = "Accounts log in to the node's services with a password or, for programs, with "
                   "a token. Whoever can write to the node's directory needs no account.",
    .subcommands =
        (const Command *const[]){&command_add, &command_list, &command_password, &command_roles,
                                 &command_disable, &command_enable, &command_token, NULL},
};
