/* cmd_ledger_verify_proof.c - `concert ledger verify-proof`: that an entry stands in a log. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_ledger.h"
#include "cli/ledger_trust.h"
#include "cli/output.h"
#include "ledger/proof.h"
#include "ledger/tile.h"

/* The bytes of a text of hex digits; NULL if it is none. */
static GByteArray *read_hex(const char *text)
{
    gsize length = strlen(text);
    if (length == 0 || length % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != length)
        return NULL;
    GByteArray *bytes = g_byte_array_new();
    for (; *text; text += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static void print_json(const Trust *trust, const Proof *proof, const char *problem)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, root, "verified", !problem);
    yyjson_mut_obj_add_str(doc, root, "origin", proof->checkpoint.origin);
    yyjson_mut_obj_add_uint(doc, root, "index", proof->index);
    yyjson_mut_obj_add_uint(doc, root, "size", proof->checkpoint.size);
    jsontext_add(doc, root, "problem", problem);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_text(const Trust *trust, const Proof *proof, const char *problem)
{
    char number[OUTPUT_NUMBER_MAX];
    output_line("log        %s", proof->checkpoint.origin);
    output_line("size       %s", output_number(number, proof->checkpoint.size));
    ledger_trust_print(trust, proof->note);
    if (problem)
        output_line("NOT VERIFIED: %s", problem);
    else
        output_line("verified: it is entry %" G_GUINT64_FORMAT, proof->index);
}

static int run(const CommandCall *call, GError **error)
{
    const char *path = call->arguments[0], *entry_text = command_text(call, "entry");
    g_autoptr(GError) failure = NULL;
    MerkleHash leaf;
    if (!entry_text)
        return command_usage(call, error, "say with --entry which entry it is");
    g_autoptr(Trust) trust = ledger_trust_read(call, error);
    g_autoptr(GByteArray) text =
        trust ? ledger_trust_read_file(path, PROOF_BYTES_MAX, error) : NULL;
    if (!text)
        return COMMAND_ERROR;
    g_autoptr(GByteArray) entry = read_hex(entry_text);
    if (!entry && !(entry = ledger_trust_read_file(entry_text, TILE_ENTRY_MAX, error)))
        return COMMAND_ERROR;
    g_autoptr(Proof) proof = proof_parse((const char *)text->data, text->len, error);
    if (!proof) {
        g_prefix_error(error, "%s: ", path);
        return COMMAND_ERROR;
    }
    merkle_leaf_hash(entry->data, entry->len, &leaf);
    gboolean good = merkle_verify_inclusion(proof->index, proof->checkpoint.size, &leaf,
                                            &proof->path, &proof->checkpoint.root, &failure) &&
                    trust_check(trust, proof->note, &proof->checkpoint, &failure);
    (command_json(call) ? print_json : print_text)(trust, proof, good ? NULL : failure->message);
    return good ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_verify_proof = {
    .name = "verify-proof",
    .summary = "verify a proof that an entry stands in a log",
    .arguments = "FILE",
    .description =
        "The file is a c2sp.org/tlog-proof, of any log whose leaves are the hashes of its "
        "entries. Nothing else is needed but the entry itself and a key or policy of "
        "yours. Of a node's ledger the entry is \"entry\" of `concert ledger show INDEX "
        "--json`.",
    .options =
        (const CommandOption[]){
            {"entry", 'e', COMMAND_TEXT, "FILE|HEX",
             .help = "the entry, its bytes in a file or as hex digits"},
            LEDGER_TRUST_OPTIONS,
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger verify-proof 17.proof --entry 17.entry --policy forum.policy",
             "offline"},
            {NULL},
        },
    .nothing = "the proof does not hold, or no key of yours has signed",
    .min_arguments = 1,
    .run = run,
};
