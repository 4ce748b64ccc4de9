/* cmd_request.c - `concert request`: asking peers for advice, information, a takedown or help, and
 * answering them. */
#include "cli/cmd_request.h"

#include <string.h>

#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/letter.h"

#define SHORT_LENGTH 8 /* digits of an id in a list */
#define WANTED_MAX   (366 * 24 * 3600)

static const char prefix[] = "request-";

static const RequestStep steps[] = {
    {"acknowledged", "ack", ""},   {"answered", "answer", " TEXT"}, {"remark", "comment", " TEXT"},
    {"withdrawn", "withdraw", ""}, {"closed", "close", ""},
};

const RequestStep *cmd_request_step(const char *type)
{
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        if (g_str_equal(steps[i].type, type))
            return &steps[i];
    return NULL;
}

char *cmd_request_id(const CommandCall *call)
{
    const char *id = call->arguments[0];
    return g_strconcat(g_str_has_prefix(id, prefix) ? "" : prefix, id, NULL);
}

char *cmd_request_short(const char *id)
{
    const char *digits = g_str_has_prefix(id, prefix) ? id + strlen(prefix) : id;
    return g_strndup(digits, SHORT_LENGTH);
}

gboolean cmd_request_text(const CommandCall *call, guint first, char **ret_text, GError **error)
{
    char **words = call->arguments + MIN(first, call->count);
    g_autofree char *text = NULL;
    gsize length = 0;
    if (words[0] && !words[1] && g_str_equal(words[0], "-")) {
        text = document_read(NULL, "-", NULL, 2 * PROCEDURE_TEXT_MAX, &length, error);
        if (!text)
            return FALSE;
        if (strlen(text) != length) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "standard input is no text");
            return FALSE;
        }
    } else {
        text = g_strjoinv(" ", words);
    }
    g_strstrip(text);
    *ret_text = *text ? g_steal_pointer(&text) : NULL;
    return TRUE;
}

/* --- doing something ---------------------------------------------------------------------------
 */

RequestAct cmd_request_act(const char *type, const char *dossier)
{
    RequestAct act = {.params = yyjson_mut_doc_new(NULL)};
    yyjson_mut_val *root = yyjson_mut_obj(act.params);
    yyjson_mut_doc_set_root(act.params, root);
    if (dossier)
        yyjson_mut_obj_add_strcpy(act.params, root, "dossier", dossier);
    else
        yyjson_mut_obj_add_str(act.params, root, "procedure", "request");
    yyjson_mut_obj_add_str(act.params, root, "type", type);
    act.payload = yyjson_mut_obj_add_obj(act.params, root, "payload");
    return act;
}

void cmd_request_add(RequestAct *act, const char *member, const char *text)
{
    if (text)
        yyjson_mut_obj_add_str(act->params, act->payload, member, text);
}

gboolean cmd_request_add_time(RequestAct *act, const char *member, const CommandCall *call,
                              const char *option, GError **error)
{
    const char *text = command_text(call, option);
    char time[TIMESTAMP_MAX];
    gint64 us;
    guint seconds;
    if (!text)
        return TRUE;
    if (config_read_duration(text, WANTED_MAX, &seconds)) {
        us = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    } else if (!timestamp_parse_lenient(text, strlen(text), &us)) {
        command_usage(call, error,
                      "--%s %s: neither a time such as 2026-05-01T10:20Z nor a duration such as "
                      "48h",
                      option, text);
        return FALSE;
    }
    yyjson_mut_obj_add_strcpy(act->params, act->payload, member, timestamp_format(time, us, 0));
    return TRUE;
}

static gboolean add_signatory(const CommandCall *call, const Node *node, RequestAct *act,
                              GError **error)
{
    const char *name = command_text(call, "as");
    if (!name)
        name = config_string(node_config(node), SETTING_NODE_SIGNATORY);
    if (!name)
        name = config_string(node_config(node), SETTING_NODE_ORGANISATION);
    if (!name) {
        command_usage(call, error,
                      "say who signs: --as NAME, or `concert config` [node] signatory");
        return FALSE;
    }
    yyjson_mut_obj_add_strcpy(act->params, yyjson_mut_doc_get_root(act->params), "signatory", name);
    return TRUE;
}

static void tell_nodes(yyjson_val *result, const char *which, const char *what)
{
    gsize i, count;
    yyjson_val *node;
    yyjson_arr_foreach (yyjson_obj_get(result, which), i, count, node)
        output_note("%s %s", yyjson_get_str(node), what);
}

static void tell(const CommandCall *call, yyjson_doc *result)
{
    yyjson_val *root = yyjson_doc_get_root(result);
    const char *id = yyjson_get_str(yyjson_obj_get(root, "dossier"));
    g_autofree char *abridged = cmd_request_short(id);
    if (command_json(call)) {
        yyjson_mut_doc *copy = yyjson_doc_mut_copy(result, NULL);
        output_json(yyjson_mut_doc_get_root(copy));
        yyjson_mut_doc_free(copy);
        return;
    }
    output_line("%s is %s; see `concert request show %s`", id,
                yyjson_get_str(yyjson_obj_get(root, "state")), abridged);
    tell_nodes(root, "told", "is told.");
    tell_nodes(root, "untold", "is no peer of this node, and is not told.");
}

int cmd_request_run(const CommandCall *call, Node *node, RequestAct *act, GError **error)
{
    yyjson_doc *result = NULL;
    if (!add_signatory(call, node, act, error)) {
        yyjson_mut_doc_free(act->params);
        return COMMAND_ERROR;
    }
    if (!command_node_call(node, "dossier.event", act->params, &result, error))
        return COMMAND_ERROR;
    tell(call, result);
    yyjson_doc_free(result);
    return COMMAND_OK;
}

/* A step whose arguments are ID [TEXT]. @add (may be NULL) adds what options say. */
static int run_step(const CommandCall *call, const char *type,
                    gboolean (*add)(const CommandCall *call, RequestAct *act, GError **error),
                    GError **error)
{
    g_autofree char *id = cmd_request_id(call), *text = NULL;
    if (!cmd_request_text(call, 1, &text, error))
        return COMMAND_ERROR;
    RequestAct act = cmd_request_act(type, id);
    cmd_request_add(&act, "text", text);
    if (add && !add(call, &act, error)) {
        yyjson_mut_doc_free(act.params);
        return COMMAND_ERROR;
    }
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node) {
        yyjson_mut_doc_free(act.params);
        return COMMAND_ERROR;
    }
    int status = cmd_request_run(call, node, &act, error);
    g_clear_pointer(&node, node_close);
    if (status == COMMAND_OK)
        letter_warn_unserved(call);
    return status;
}

static gboolean add_expected(const CommandCall *call, RequestAct *act, GError **error)
{
    return cmd_request_add_time(act, "expected", call, "expect", error);
}

static gboolean add_outcome(const CommandCall *call, RequestAct *act, GError **error)
{
    const char *outcome = command_text(call, "outcome"), *ground = command_text(call, "ground");
    cmd_request_add(act, "outcome", outcome ? outcome : ground ? "refused" : "given");
    cmd_request_add(act, "ground", ground);
    cmd_request_add(act, "provision", command_text(call, "provision"));
    return TRUE;
}

static gboolean add_reason(const CommandCall *call, RequestAct *act, GError **error)
{
    cmd_request_add(act, "text", command_text(call, "reason"));
    return TRUE;
}

static int run_ack(const CommandCall *call, GError **error)
{
    return run_step(call, "acknowledged", add_expected, error);
}

static int run_answer(const CommandCall *call, GError **error)
{
    return run_step(call, "answered", add_outcome, error);
}

static int run_comment(const CommandCall *call, GError **error)
{
    return run_step(call, "remark", NULL, error);
}

static int run_withdraw(const CommandCall *call, GError **error)
{
    return run_step(call, "withdrawn", add_reason, error);
}

static int run_close(const CommandCall *call, GError **error)
{
    return run_step(call, "closed", NULL, error);
}

const Command cmd_request_ack = {
    .name = "ack",
    .summary = "say that somebody has seen a request and is on it",
    .arguments = "ID [TEXT|-]",
    .options = (const CommandOption[]){{"expect", 0, COMMAND_TEXT, "TIME|DURATION",
                                        .help = "when an answer can be expected"},
                                       CMD_REQUEST_OPTION_AS,
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_ack,
};

const Command cmd_request_answer = {
    .name = "answer",
    .summary = "give what was asked for, or refuse it",
    .arguments = "ID TEXT|-",
    .description = "With \"-\" the text is read from standard input. A refusal names its ground: a "
                   "word of docs/procedures.md, and the provision that it rests on.",
    .options =
        (const CommandOption[]){
            {"outcome", 0, COMMAND_CHOICE, "WORD", .choices = "given|partial|refused",
             .help = "how much of it is given (default: given)"},
            {"ground", 0, COMMAND_TEXT, "WORD", .help = "why it is refused, such as human-rights"},
            {"provision", 0, COMMAND_TEXT, "TEXT",
             .help = "the provision that the ground rests on"},
            CMD_REQUEST_OPTION_AS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 2,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_answer,
};

const Command cmd_request_comment = {
    .name = "comment",
    .summary = "add something for the others to read",
    .arguments = "ID TEXT|-",
    .options =
        (const CommandOption[]){CMD_REQUEST_OPTION_AS, COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 2,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_comment,
};

const Command cmd_request_withdraw = {
    .name = "withdraw",
    .summary = "take a request back",
    .arguments = "ID",
    .options = (const CommandOption[]){{"reason", 0, COMMAND_TEXT, "TEXT",
                                        .help = "a word to who was asked"},
                                       CMD_REQUEST_OPTION_AS,
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_withdraw,
};

const Command cmd_request_close = {
    .name = "close",
    .summary = "take note of the answer: the request is over",
    .arguments = "ID [TEXT|-]",
    .options =
        (const CommandOption[]){CMD_REQUEST_OPTION_AS, COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is no such request",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_close,
};

const Command cmd_request = {
    .name = "request",
    .summary = "ask peers for advice, information, a takedown or help, and answer them",
    .description = "A request is a record that both nodes keep alike: who asked for what, when it "
                   "arrived, when a person saw it, and what the answer was, each signed by who did "
                   "it. `concert request list` has what waits for an answer; `show` says what can "
                   "be done next. See docs/requests.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_request_send,
            &cmd_request_list,
            &cmd_request_show,
            &cmd_request_ack,
            &cmd_request_answer,
            &cmd_request_comment,
            &cmd_request_withdraw,
            &cmd_request_close,
            NULL,
        },
    .examples =
        (const CommandExample[]){
            {"concert request send cert.birch.example --kind advice --subject \"Scans of port "
             "445\" "
             "--text \"Are these yours?\"",
             "ask for an opinion"},
            {"concert request list --waiting", "what waits for an answer from here"},
            {"concert request answer 72ad55eb \"They are.\"", "answer"},
            {NULL, NULL}},
};
