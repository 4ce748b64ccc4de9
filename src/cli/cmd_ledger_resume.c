/* cmd_ledger_resume.c - `concert ledger resume`: lets a held ledger go on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/secret.h"

/* Whether the person at the terminal says so; without a terminal --yes does. */
static gboolean is_said(const CommandCall *call)
{
    if (command_flag(call, "yes"))
        return TRUE;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return FALSE;
    char answer[16];
    fprintf(stderr,
            "Was nothing appended to this ledger after the backup was taken? If something "
            "was, and anybody has seen it, the ledger will be taken for a fraud. Type yes: ");
    return fgets(answer, sizeof answer, stdin) && g_str_equal(g_strstrip(answer), "yes");
}

static yyjson_mut_doc *make_params(const CommandCall *call, const char *token)
{
    const char *from = command_text(call, "from"), *recovery = command_text(call, "recovery-key");
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    g_autofree char *path =
        from && !strstr(from, "://") ? g_canonicalize_filename(from, NULL) : g_strdup(from);
    g_autofree char *recovery_path =
        command_flag(call, "relink") ? g_canonicalize_filename(recovery, NULL) : NULL;
    jsontext_add(params, root, "from", path);
    if (token)
        yyjson_mut_obj_add_str(params, root, "token", token);
    jsontext_add(params, root, "recovery_path", recovery_path);
    yyjson_mut_obj_add_bool(params, root, "nothing_was_signed",
                            command_flag(call, "nothing-was-signed"));
    return params;
}

static const char *get_text(yyjson_val *object, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(object, name));
}

static guint64 get_uint(yyjson_val *object, const char *name)
{
    return yyjson_get_uint(yyjson_obj_get(object, name));
}

static void print_witnesses(yyjson_val *list)
{
    static const struct {
        const char *answer, *meaning;
    } meanings[] = {
        {"agrees", "has seen as much as is here"},
        {"ahead", "HAS SEEN MORE than is here"},
        {"fork", "HAS SEEN ANOTHER TREE"},
        {"unknown", "does not know this ledger"},
        {"silent", "gave no answer"},
    };
    gsize i, count;
    yyjson_val *witness;
    g_autoptr(OutputTable) table = output_table_new("WITNESS", ">ENTRIES", "ANSWER", NULL);
    yyjson_arr_foreach (list, i, count, witness) {
        char number[OUTPUT_NUMBER_MAX];
        const char *answer = get_text(witness, "answer"), *failure = get_text(witness, "failure");
        const char *meaning = answer;
        for (guint k = 0; k < G_N_ELEMENTS(meanings); k++)
            if (g_strcmp0(answer, meanings[k].answer) == 0)
                meaning = meanings[k].meaning;
        g_autofree char *whole =
            failure ? g_strdup_printf("%s: %s", meaning, failure) : g_strdup(meaning);
        output_table_row(table,
                         (const char *[]){get_text(witness, "name"),
                                          yyjson_obj_get(witness, "size")
                                              ? output_number(number, get_uint(witness, "size"))
                                              : NULL,
                                          whole});
    }
    output_table_print(g_steal_pointer(&table));
}

static void print_text(yyjson_val *result)
{
    char number[OUTPUT_NUMBER_MAX], other[OUTPUT_NUMBER_MAX];
    print_witnesses(yyjson_obj_get(result, "witnesses"));
    guint64 regained = get_uint(result, "regained");
    if (regained > 0)
        output_line("Got back %s entries, with the openings of %s; what the others say is lost.",
                    output_number(number, regained),
                    output_number(other, get_uint(result, "openings")));
    if (get_text(result, "archive"))
        output_line("A new ledger follows, %s. The store as it was is in %s.",
                    get_text(result, "origin"), get_text(result, "archive"));
    if (yyjson_get_bool(yyjson_obj_get(result, "released")))
        output_line("The ledger goes on with %s entries.",
                    output_number(number, get_uint(result, "size")));
    else
        output_line("The ledger stays HELD with %s entries: %s.",
                    output_number(number, get_uint(result, "size")), get_text(result, "obstacle"));
}

static gboolean check(const CommandCall *call, GError **error)
{
    gboolean relinks = command_flag(call, "relink");
    if (relinks && !command_text(call, "recovery-key"))
        command_usage(call, error,
                      "--relink needs --recovery-key FILE: it signs for the new ledger");
    else if (relinks && command_flag(call, "nothing-was-signed"))
        command_usage(call, error, "--relink and --nothing-was-signed contradict each other");
    else if (command_flag(call, "nothing-was-signed") && !is_said(call))
        command_usage(call, error, "the ledger stays held; --yes says that it is meant");
    else
        return TRUE;
    return FALSE;
}

static int run(const CommandCall *call, GError **error)
{
    const char *token_file = command_text(call, "token-file");
    g_auto(SecretText) token = NULL;
    yyjson_doc *result;
    if (!check(call, error) || (token_file && !(token = secret_from_file(token_file, error))))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node ||
        !command_node_call(node, "ledger.resume", make_params(call, token), &result, error))
        return command_file_error(error);
    yyjson_val *root = yyjson_doc_get_root(result);
    gboolean released = yyjson_get_bool(yyjson_obj_get(root, "released"));
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        output_json(yyjson_val_mut_copy(doc, root));
        yyjson_mut_doc_free(doc);
    } else {
        print_text(root);
    }
    yyjson_doc_free(result);
    return released ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_resume = {
    .name = "resume",
    .summary = "let a ledger that is held after a restore go on",
    .description =
        "Asks the node's witnesses how far they have seen the ledger. When none has seen more than "
        "is here and enough of them agree, it goes on. When one has, entries are missing: --from "
        "gets them back from a mirror or a peer that serves the log, with the openings that are "
        "for everybody. Nothing is signed for that, and nothing believed that the ledger's own "
        "key has not signed.\n\n"
        "When the entries cannot be had, --relink opens a new ledger that names the last "
        "checkpoint of the old one, which is kept in the node's directory. When there are no "
        "witnesses, only a person can know: --nothing-was-signed.\n\n"
        "See docs/ledger.md, \"Restoring\".",
    .options =
        (const CommandOption[]){
            {"from", 'f', COMMAND_TEXT, "DIR",
             .help = "get missing entries from this mirror, or the URL that serves the log"},
            {"token-file", 0, COMMAND_TEXT, "FILE",
             .help = "send the token in the first line of FILE to that URL"},
            {"relink", 0, COMMAND_FLAG, .help = "open a new ledger that follows this one"},
            {"recovery-key", 0, COMMAND_TEXT, "FILE",
             .help = "the recovery key, which signs for the new ledger"},
            {"nothing-was-signed", 0, COMMAND_FLAG,
             .help = "state that nothing was signed after the backup was taken"},
            {"yes", 'y', COMMAND_FLAG, .help = "do not ask"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger resume", "ask the witnesses"},
            {"concert ledger resume --from https://cert.birch.example/mirror/alder",
             "get back what was signed after the backup"},
            {NULL},
        },
    .nothing = "the ledger stays held",
    .uses_node = TRUE,
    .run = run,
};
