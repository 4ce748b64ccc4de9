/* cmd_evidence_verify.c - `concert evidence verify`: whether a bundle holds; needs no node. */
#include <glib/gstdio.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_evidence.h"
#include "cli/document.h"
#include "cli/evidence_custody.h"
#include "cli/output.h"
#include "exchange/evidence_verify.h"
#include "identity/certificate.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

static gboolean read_keys(const CommandCall *call, GPtrArray *keys, GError **error)
{
    const char *const *texts = command_texts(call, "key");
    for (guint i = 0; texts && texts[i]; i++) {
        NoteVerifier *key = note_verifier_parse(texts[i], error);
        if (!key)
            return FALSE;
        g_ptr_array_add(keys, key);
    }
    return TRUE;
}

static Quorum *read_policy(const CommandCall *call, GError **error)
{
    gsize length;
    g_autofree char *text =
        document_read(NULL, command_text(call, "policy"), NULL, QUORUM_BYTES_MAX, &length, error);
    return text ? quorum_parse(text, length, error) : NULL;
}

/* What may be a time stamp is kept. */
static gboolean read_small(const char *path, GPtrArray *small, GError **error)
{
    GStatBuf status;
    gsize length;
    if (g_stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > TIMESTAMP_TOKEN_MAX)
        return TRUE;
    char *bytes = document_read(NULL, path, NULL, TIMESTAMP_TOKEN_MAX, &length, error);
    if (bytes)
        g_ptr_array_add(small, g_bytes_new_take(bytes, length));
    return bytes != NULL;
}

/* Files beside the bundle. */
static gboolean read_files(const CommandCall *call, GPtrArray *hashes, GPtrArray *small,
                           GError **error)
{
    for (guint i = 1; i < call->count; i++) {
        EventHash *hash = g_new(EventHash, 1);
        g_ptr_array_add(hashes, hash);
        if (!evidence_custody_hash(call->arguments[i], hash, error) ||
            !read_small(call->arguments[i], small, error))
            return FALSE;
    }
    return TRUE;
}

static X509_STORE *read_authorities(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "tsa-certificates");
    gsize length;
    g_autofree char *text = document_read(NULL, path, NULL, CERTIFICATE_LIST_MAX, &length, error);
    X509_STORE *store = text ? certificate_store(text, length, error) : NULL;
    if (!store)
        g_prefix_error(error, "%s: ", path);
    return store;
}

/* Who names a file asks about it: one that the bundle knows nothing of is a problem. */
static void judge_file(const char *path, const EventHash *hash, EvidenceVerifyReport *report)
{
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < report->files->len; i++)
        if (memcmp(((EvidenceFile *)report->files->pdata[i])->sha256, hash, SHA256_SIZE) == 0)
            return;
    for (guint i = 0; i < report->stamps->len; i++)
        if (memcmp(((EvidenceStamp *)report->stamps->pdata[i])->sha256, hash, SHA256_SIZE) == 0)
            return;
    g_ptr_array_add(
        report->problems,
        g_strdup_printf("%s: nothing that was sealed has these bytes: their SHA-256 is %s", path,
                        event_hash_format(hash, hex)));
}

/* --- what came of it ---------------------------------------------------------------------------
 */

static void steps_json(yyjson_mut_doc *doc, yyjson_mut_val *root,
                       const EvidenceVerifyReport *report)
{
    char hex[2 * SHA256_SIZE + 1], time[TIMESTAMP_MAX];
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "steps");
    for (guint i = 0; i < report->steps->len; i++) {
        const EvidenceStep *step = report->steps->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "type", step->event->type);
        yyjson_mut_obj_add_str(doc, one, "by", step->event->node);
        jsontext_add(doc, one, "signatory", step->event->signatory);
        yyjson_mut_obj_add_strcpy(doc, one, "time",
                                  timestamp_format(time, step->event->time_us, 0));
        yyjson_mut_obj_add_strcpy(doc, one, "event", event_hash_format(&step->event->hash, hex));
        yyjson_mut_obj_add_bool(doc, one, "signed", step->is_signed);
        if (step->judged)
            yyjson_mut_obj_add_str(doc, one, "verdict", engine_verdict_name(step->judged->verdict));
        if (!step->is_proven)
            continue;
        yyjson_mut_obj_add_str(doc, one, "ledger", step->origin);
        yyjson_mut_obj_add_uint(doc, one, "index", step->index);
        yyjson_mut_obj_add_uint(doc, one, "size", step->size);
        yyjson_mut_obj_add_uint(doc, one, "cosigned", step->n_cosigned);
    }
}

static void copies_json(yyjson_mut_doc *doc, yyjson_mut_val *root,
                        const EvidenceVerifyReport *report)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "copies");
    for (guint i = 0; i < report->chain->copies->len; i++) {
        const EvidenceCopy *copy = report->chain->copies->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "copy", copy->name);
        yyjson_mut_obj_add_str(doc, one, "custodian", copy->custodian);
        yyjson_mut_obj_add_str(doc, one, "status", evidence_chain_status_name(copy->status));
    }
}

static void files_json(yyjson_mut_doc *doc, yyjson_mut_val *root,
                       const EvidenceVerifyReport *report)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "files");
    for (guint i = 0; i < report->files->len; i++) {
        const EvidenceFile *file = report->files->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        jsontext_add(doc, one, "name", file->name);
        yyjson_mut_obj_add_strcpy(doc, one, "sha256", sha256_hex(file->sha256, hex));
        yyjson_mut_obj_add_uint(doc, one, "size", file->size);
        yyjson_mut_obj_add_bool(doc, one, "sealed", file->is_sealed);
        yyjson_mut_obj_add_bool(doc, one, "here", file->is_here);
    }
}

static void stamps_json(yyjson_mut_doc *doc, yyjson_mut_val *root,
                        const EvidenceVerifyReport *report)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "timestamps");
    for (guint i = 0; i < report->stamps->len; i++) {
        const EvidenceStamp *stamp = report->stamps->pdata[i];
        char time[TIMESTAMP_MAX];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "name", stamp->name);
        yyjson_mut_obj_add_bool(doc, one, "here", stamp->is_here);
        yyjson_mut_obj_add_bool(doc, one, "verified", stamp->is_verified && !stamp->problem);
        if (stamp->time_us != 0)
            yyjson_mut_obj_add_strcpy(doc, one, "time", timestamp_format(time, stamp->time_us, 0));
        jsontext_add(doc, one, "of", stamp->of);
        jsontext_add(doc, one, "signer", stamp->signer);
        jsontext_add(doc, one, "problem", stamp->problem);
    }
}

static void print_json(const EvidenceVerifyReport *report)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
    yyjson_mut_obj_add_bool(doc, root, "verified", report->problems->len == 0);
    jsontext_add(doc, root, "dossier", report->dossier);
    jsontext_add(doc, root, "maker", report->maker);
    list = yyjson_mut_obj_add_arr(doc, root, "problems");
    for (guint i = 0; i < report->problems->len; i++)
        yyjson_mut_arr_add_str(doc, list, report->problems->pdata[i]);
    list = yyjson_mut_obj_add_arr(doc, root, "parties");
    for (guint i = 0; i < report->parties->len; i++) {
        const EvidenceParty *party = report->parties->pdata[i];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, one, "node", party->node);
        yyjson_mut_obj_add_str(doc, one, "key", party->ledger_vkey);
        yyjson_mut_obj_add_bool(doc, one, "known", party->is_known);
    }
    steps_json(doc, root, report);
    copies_json(doc, root, report);
    files_json(doc, root, report);
    stamps_json(doc, root, report);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_steps(const EvidenceVerifyReport *report)
{
    OutputTable *table =
        output_table_new(">STEP", "TIME", "WHAT", "BY", "SIGNED", "LEDGER", "VERDICT", NULL);
    for (guint i = 0; i < report->steps->len; i++) {
        const EvidenceStep *step = report->steps->pdata[i];
        char number[OUTPUT_NUMBER_MAX], time[OUTPUT_NUMBER_MAX];
        g_autofree char *by = g_strdup_printf(
            "%s, %s", step->event->signatory ? step->event->signatory : "the node itself",
            step->event->node);
        g_autofree char *place =
            step->is_proven
                ? g_strdup_printf("entry %" G_GUINT64_FORMAT " of %s", step->index, step->origin)
                : NULL;
        output_table_row(
            table,
            (const char *[]){output_number(number, i + 1), output_time(time, step->event->time_us),
                             step->event->type, by, step->is_signed ? "yes" : "NO",
                             place ? place : "not proven",
                             step->judged ? engine_verdict_name(step->judged->verdict) : NULL});
    }
    output_table_print(table);
}

static void print_files(const EvidenceVerifyReport *report)
{
    char hex[2 * SHA256_SIZE + 1], size[OUTPUT_NUMBER_MAX];
    for (guint i = 0; i < report->files->len; i++) {
        const EvidenceFile *file = report->files->pdata[i];
        output_line("%s  %s  %s%s%s", sha256_hex(file->sha256, hex), output_size(size, file->size),
                    file->name ? file->name : "", file->is_sealed ? "" : " (not sealed)",
                    file->is_here ? ": equal" : ": no file with these bytes is here");
    }
}

static void print_stamps(const EvidenceVerifyReport *report)
{
    for (guint i = 0; i < report->stamps->len; i++) {
        const EvidenceStamp *stamp = report->stamps->pdata[i];
        char time[OUTPUT_NUMBER_MAX];
        if (stamp->problem)
            output_line("time stamp %s: NOT VERIFIED", stamp->name);
        else if (!stamp->is_here)
            output_line("time stamp %s: not looked at, it is not here", stamp->name);
        else
            output_line("time stamp %s: %s was there at %s, signed by %s%s", stamp->name, stamp->of,
                        output_time(time, stamp->time_us),
                        stamp->signer ? stamp->signer : "somebody whose certificate is not in it",
                        stamp->is_verified
                            ? ""
                            : ", not verified: no certificates given (--tsa-certificates)");
    }
}

static void print_text(const EvidenceVerifyReport *report)
{
    char time[OUTPUT_NUMBER_MAX];
    const char *subject =
        report->result->opening ? event_text(report->result->opening, "subject") : NULL;
    output_line("evidence   %s%s%s", report->dossier ? report->dossier : "?", subject ? ": " : "",
                subject ? subject : "");
    output_line("bundle     by %s, %s", report->maker ? report->maker : "?",
                output_time(time, report->made_us));
    for (guint i = 0; i < report->parties->len; i++) {
        const EvidenceParty *party = report->parties->pdata[i];
        output_line("key        %s%s", party->ledger_vkey,
                    party->is_known ? "" : "  (on the bundle's word: compare it with the node's)");
    }
    print_steps(report);
    for (guint i = 0; i < report->chain->copies->len; i++) {
        const EvidenceCopy *copy = report->chain->copies->pdata[i];
        output_line("copy       %s: %s, in the hands of %s", copy->name,
                    evidence_chain_status_name(copy->status), copy->custodian);
    }
    print_files(report);
    print_stamps(report);
    for (guint i = 0; i < report->problems->len; i++)
        output_line("NOT VERIFIED: %s", (const char *)report->problems->pdata[i]);
    if (report->problems->len == 0)
        output_line("verified");
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) small = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(Quorum) quorum = command_text(call, "policy") ? read_policy(call, error) : NULL;
    if ((command_text(call, "policy") && !quorum) || !read_keys(call, keys, error) ||
        !read_files(call, hashes, small, error))
        return command_file_error(error);
    g_autoptr(X509_STORE) authorities =
        command_text(call, "tsa-certificates") ? read_authorities(call, error) : NULL;
    if (command_text(call, "tsa-certificates") && !authorities)
        return command_file_error(error);
    const EvidenceTrust trust = {.keys = keys,
                                 .quorum = quorum,
                                 .hashes = hashes,
                                 .small = small,
                                 .authorities = authorities};
    g_autoptr(Stream) stream = stream_open(call->arguments[0], error);
    g_autoptr(EvidenceVerifyReport) report = stream ? evidence_verify(stream, &trust, error) : NULL;
    if (!report) {
        if (!g_str_has_prefix((*error)->message, call->arguments[0]))
            g_prefix_error(error, "%s: ", call->arguments[0]);
        return command_file_error(error);
    }
    for (guint i = 0; i < hashes->len; i++)
        judge_file(call->arguments[i + 1], hashes->pdata[i], report);
    if (command_flag(call, "certificate")) {
        g_auto(GStrv) lines = g_strsplit(report->certificate ? report->certificate : "", "\n", -1);
        for (guint i = 0; lines[i] && (lines[i + 1] || *lines[i]); i++)
            output_line("%s", lines[i]);
        for (guint i = 0; i < report->problems->len; i++)
            output_note("NOT VERIFIED: %s", (const char *)report->problems->pdata[i]);
    } else if (command_json(call)) {
        print_json(report);
    } else {
        print_text(report);
    }
    return report->problems->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_evidence_verify = {
    .name = "verify",
    .summary = "tell whether a bundle holds; needs no node and no network",
    .arguments = "BUNDLE [FILE...]",
    .description =
        "Every signature, every place in a ledger, every hash and the rules of custody are "
        "verified, and what does not hold is named: the step, the proof, the file. FILEs are those "
        "that are not in the bundle; they are hashed and compared with what was sealed.\n\n"
        "The keys are in the bundle. That they are those of the nodes is for you to know: give "
        "the ledger keys that you have from elsewhere with --key, or compare those that are "
        "printed.",
    .options =
        (const CommandOption[]){
            {"key", 0, COMMAND_TEXTS, "VKEY",
             .help = "a ledger's key that you know; the bundle's own is not believed then"},
            {"policy", 0, COMMAND_TEXT, "FILE",
             .help = "a tlog-policy that the ledgers' witnesses have to satisfy"},
            {"tsa-certificates", 0, COMMAND_TEXT, "FILE",
             .help = "certificates, in PEM, of authorities whose time stamps you believe"},
            {"certificate", 0, COMMAND_FLAG,
             .help = "print the certificate of the collector instead"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert evidence verify web-3.evidence", "on any machine"},
            {"concert evidence verify --certificate web-3.evidence | lp", "print it"},
            {NULL, NULL}},
    .nothing = "something in it does not hold",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .run = run,
};
