/* cmd_ledger_verify.c - `concert ledger verify`: recomputes all of a log. */
#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/ledger_trust.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "node/verify_log.h"

#define PROBLEMS_SHOWN 20 /* of the text; JSON has all of them */

static void show_progress(guint64 done, guint64 size, gpointer user_data)
{
    char numbers[2][OUTPUT_NUMBER_MAX];
    output_progress(user_data, "%3u%%  %s of %s entries",
                    (guint)((double)done / (double)size * 100), output_number(numbers[0], done),
                    output_number(numbers[1], size));
}

/* The log stands as far as was asked for. */
static gboolean is_verified(const CommandCall *call, const VerifyLogReport *report)
{
    return report->note && report->tree.problems->len == 0 &&
           (!report->distrust || command_flag(call, "any-key"));
}

static const char *kind_name(const VerifyTreeProblem *problem)
{
    return problem->kind == VERIFY_TREE_MISSING ? "missing" : "wrong";
}

static void print_text(const CommandCall *call, const Trust *trust, const VerifyLogReport *report)
{
    const GPtrArray *problems = report->tree.problems;
    char numbers[3][OUTPUT_NUMBER_MAX];
    if (report->note) {
        g_autofree char *root = g_base64_encode(report->checkpoint.root.bytes, SHA256_SIZE);
        output_line("log        %s", report->checkpoint.origin);
        output_line("size       %s", output_number(numbers[0], report->checkpoint.size));
        output_line("root       %s", root);
        ledger_trust_print(trust, report->note);
        output_line("read       %s entries, %s tiles of hashes, %s openings",
                    output_number(numbers[0], report->tree.entries),
                    output_number(numbers[1], report->tree.tiles),
                    output_number(numbers[2], report->tree.openings));
    }
    for (guint i = 0; i < problems->len && i < PROBLEMS_SHOWN; i++) {
        const VerifyTreeProblem *problem = g_ptr_array_index(problems, i);
        output_line("%-10s %s: %s", kind_name(problem), problem->path, problem->what);
    }
    if (problems->len > PROBLEMS_SHOWN)
        output_line("...and %s%s more", report->tree.gave_up ? "at least " : "",
                    output_number(numbers[0], problems->len - PROBLEMS_SHOWN));
    if (report->distrust && !command_flag(call, "any-key"))
        output_line("untrusted  checkpoint: %s", report->distrust);
    if (!is_verified(call, report))
        output_line("NOT VERIFIED");
    else if (report->distrust)
        output_line("whole, whoever signed it");
    else
        output_line("verified");
}

static void add_signatures(yyjson_mut_doc *doc, yyjson_mut_val *root, const Trust *trust,
                           const Note *note)
{
    static const char *const verdicts[] = {"unknown", "good", "wrong"};
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "signatures");
    for (guint i = 0; i < note->n_signatures; i++) {
        TrustSignature signature = trust_signature(trust, note, i);
        g_autofree char *key = ledger_trust_key_name(&signature);
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_strcpy(doc, entry, "key", key);
        yyjson_mut_obj_add_str(doc, entry, "verdict", verdicts[signature.verdict]);
        if (signature.is_cosignature)
            yyjson_mut_obj_add_uint(doc, entry, "time", signature.time_s);
    }
}

static void print_json(const CommandCall *call, const Trust *trust, const VerifyLogReport *report)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, root, "verified", is_verified(call, report));
    if (report->note) {
        g_autofree char *hash = g_base64_encode(report->checkpoint.root.bytes, SHA256_SIZE);
        yyjson_mut_obj_add_str(doc, root, "origin", report->checkpoint.origin);
        yyjson_mut_obj_add_uint(doc, root, "size", report->checkpoint.size);
        yyjson_mut_obj_add_strcpy(doc, root, "root", hash);
        add_signatures(doc, root, trust, report->note);
    }
    jsontext_add(doc, root, "untrusted", report->distrust);
    yyjson_mut_obj_add_uint(doc, root, "entries", report->tree.entries);
    yyjson_mut_obj_add_uint(doc, root, "tiles", report->tree.tiles);
    yyjson_mut_obj_add_uint(doc, root, "openings", report->tree.openings);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "problems");
    for (guint i = 0; i < report->tree.problems->len; i++) {
        const VerifyTreeProblem *problem = g_ptr_array_index(report->tree.problems, i);
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, entry, "kind", kind_name(problem));
        yyjson_mut_obj_add_str(doc, entry, "path", problem->path);
        yyjson_mut_obj_add_str(doc, entry, "what", problem->what);
    }
    yyjson_mut_obj_add_bool(doc, root, "gave_up", report->tree.gave_up);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run(const CommandCall *call, GError **error)
{
    OutputProgress progress = {0};
    const char *token_file = command_text(call, "token-file");
    g_auto(SecretText) token = NULL;
    g_autoptr(Trust) trust = ledger_trust_read(call, error);
    if (!trust)
        return COMMAND_ERROR;
    if (command_flag(call, "any-key") && !trust_is_nobody(trust))
        return command_usage(call, error, "--any-key goes with neither --key nor --policy");
    if (token_file && !(token = secret_from_file(token_file, error)))
        return COMMAND_ERROR;
    const FetchOptions fetch = {
        .allow_private = command_flag(call, "allow-private"),
        .ca_file = command_text(call, "ca-file"),
        .bearer = token,
    };
    g_autoptr(LogSource) source = log_source_open(call->arguments[0], &fetch, error);
    if (!source)
        return command_file_error(error);
    const VerifyTreeOptions options = {
        .hashes_only = command_flag(call, "hashes-only"),
        .threads = (guint)command_int(call, "threads", 0),
        .progress = show_progress,
        .user_data = &progress,
    };
    g_auto(VerifyLogReport) report = {0};
    gboolean good = verify_log(source, trust, &options, &report, error);
    output_progress_clear(&progress);
    if (!good)
        return command_file_error(error);
    (command_json(call) ? print_json : print_text)(call, trust, &report);
    return is_verified(call, &report) ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_verify = {
    .name = "verify",
    .summary = "recompute all of a served or mirrored log",
    .arguments = "DIR|URL",
    .description =
        "Reads the checkpoint and every tile of a log, from its URL or a directory that holds the "
        "same files; checks who signed the checkpoint, hashes every entry again, compares every "
        "hash of every tile, and names each file that is missing or wrong. The openings that lie "
        "in a directory are held against their entries; that some were erased is no fault.\n\n"
        "A log is verified only against keys or a policy of yours, which you have from its owner "
        "or from somebody else whom you trust. A log's key counts for the log of its name; a key "
        "for cosignatures is a witness's. Where the log tells how its keys were changed, that is "
        "followed from your key on; a recovery only if its recovery key is among yours.\n\n"
        "Any log that is laid out as c2sp.org/tlog-tiles says can be verified.",
    .options =
        (const CommandOption[]){
            LEDGER_TRUST_OPTIONS,
            {"any-key", 0, COMMAND_FLAG,
             .help = "only find out whether the log is whole, whoever signed it"},
            {"hashes-only", 0, COMMAND_FLAG,
             .help = "leave out the entries: for logs whose leaves are not their entries' hashes"},
            {"allow-private", 0, COMMAND_FLAG, .help = "the URL may lead into a private network"},
            {"ca-file", 0, COMMAND_TEXT, "FILE",
             .help = "trust this authority (PEM) for https too"},
            {"token-file", 0, COMMAND_TEXT, "FILE",
             .help = "send the token in the first line of FILE"},
            {"threads", 0, COMMAND_INT, "N", .min = 1, .max = 16,
             .help = "read so many files at once (default: 8 of a URL, else as many as there are "
                     "processors)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger verify mirror/ --key \"$(cat alder.vkey)\"",
             "a copy, without network"},
            {"concert ledger verify https://cert.alder.example/ledger --policy forum.policy",
             "as it is served, with the witnesses that a policy asks for"},
            {NULL},
        },
    .nothing = "something is missing or wrong, or no key of yours has signed",
    .min_arguments = 1,
    .run = run,
};
