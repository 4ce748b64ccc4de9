/* cmd_ledger_verify_disclosure.c - `concert ledger verify-disclosure`: what an entry of a ledger
 * says, out of one file. */
#include "cli/cmd_ledger.h"
#include "cli/ledger_trust.h"
#include "cli/output.h"
#include "ledger/disclosure.h"

#define DISCLOSURE_MAX (64 * 1024 * 1024) /* bytes */

/* Tries each key of yours for the log, or the policy alone. */
static gboolean verify(const Disclosure *disclosure, const Trust *trust,
                       DisclosureResult *ret_result, GError **error)
{
    const char *origin = disclosure->proof->checkpoint.origin;
    DisclosureTrust asked = {.quorum = trust_policy(trust),
                             .recovery = trust_recovery_key(trust, origin)};
    guint place = 0;
    asked.ledger = trust_log_key(trust, origin, place);
    if (!asked.ledger && !asked.quorum) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "checkpoint: it is of the log \"%s\", and no key of yours is (--key, --policy)",
                    origin);
        return FALSE;
    }
    do {
        g_clear_error(error);
        if (disclosure_verify(disclosure, &asked, ret_result, error))
            return TRUE;
        asked.ledger = trust_log_key(trust, origin, ++place);
    } while (asked.ledger);
    return FALSE;
}

static const char *item_state(const OpeningItem *item)
{
    static const char *const names[] = {
        [OPENING_PRESENT] = "present",
        [OPENING_WITHHELD] = "withheld",
        [OPENING_ERASED] = "erased",
    };
    return names[item->state];
}

static void print_items(const Opening *opening)
{
    OutputTable *table = output_table_new(">ITEM", "STATE", ">BYTES", "TYPE", "SHA-256", NULL);
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        char number[OUTPUT_NUMBER_MAX], length[OUTPUT_NUMBER_MAX], hex[2 * SHA256_SIZE + 1] = "";
        guint8 digest[SHA256_SIZE];
        if (item->bytes) {
            sha256_digest(g_bytes_get_data(item->bytes, NULL), g_bytes_get_size(item->bytes),
                          digest);
            sha256_hex(digest, hex);
        }
        const char *const cells[] = {output_number(number, i), item_state(item),
                                     output_number(length, item->length), item->type, hex};
        output_table_row(table, cells);
    }
    output_table_print(table);
}

static void print_text(const Disclosure *disclosure, const Trust *trust,
                       const DisclosureResult *result, const char *problem)
{
    char number[OUTPUT_NUMBER_MAX];
    output_line("log        %s", disclosure->proof->checkpoint.origin);
    output_line("entry      %" G_GUINT64_FORMAT " of %s", disclosure->proof->index,
                output_number(number, disclosure->proof->checkpoint.size));
    ledger_trust_print(trust, disclosure->proof->note);
    if (problem) {
        output_line("NOT VERIFIED: %s", problem);
        return;
    }
    if (result->is_erased) {
        output_line("opening    erased: it stands there, what it said is gone");
    } else {
        output_line("kind       %s", result->kind);
        output_line("time       %s by its author's clock", output_time(number, result->time_us));
        output_line("header     %s", disclosure->opening->header);
        print_items(disclosure->opening);
    }
    output_line("verified");
}

static void print_json(const Disclosure *disclosure, const Trust *trust,
                       const DisclosureResult *result, const char *problem)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_bool(doc, root, "verified", !problem);
    yyjson_mut_obj_add_str(doc, root, "origin", disclosure->proof->checkpoint.origin);
    yyjson_mut_obj_add_uint(doc, root, "index", disclosure->proof->index);
    yyjson_mut_obj_add_uint(doc, root, "size", disclosure->proof->checkpoint.size);
    if (problem) {
        yyjson_mut_obj_add_str(doc, root, "problem", problem);
    } else {
        yyjson_mut_obj_add_uint(doc, root, "cosigned", result->n_cosigned);
        yyjson_mut_obj_add_bool(doc, root, "erased", result->is_erased);
    }
    if (!problem && !result->is_erased) {
        yyjson_mut_obj_add_str(doc, root, "kind", result->kind);
        yyjson_mut_obj_add_str(doc, root, "header", disclosure->opening->header);
        yyjson_mut_val *items = yyjson_mut_obj_add_arr(doc, root, "items");
        for (guint i = 0; i < disclosure->opening->n_items; i++) {
            const OpeningItem *item = &disclosure->opening->items[i];
            yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, items);
            yyjson_mut_obj_add_str(doc, entry, "state", item_state(item));
            yyjson_mut_obj_add_str(doc, entry, "type", item->type);
            yyjson_mut_obj_add_uint(doc, entry, "length", item->length);
        }
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* Writes the bytes of an item that was verified. */
static gboolean write_item(const CommandCall *call, const Disclosure *disclosure, GError **error)
{
    guint item = (guint)command_int(call, "item", 0);
    const char *path = command_text(call, "output");
    const Opening *opening = disclosure->opening;
    g_autoptr(GError) failure = NULL;
    if (item >= opening->n_items || !opening->items[item].bytes) {
        command_usage(call, error, "the disclosure does not hold item %u", item);
        return FALSE;
    }
    gsize length;
    const char *bytes = g_bytes_get_data(opening->items[item].bytes, &length);
    if (g_file_set_contents(path, bytes, (gssize)length, &failure))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, failure->message);
    return FALSE;
}

static int run(const CommandCall *call, GError **error)
{
    const char *path = call->arguments[0];
    g_autoptr(GError) failure = NULL;
    DisclosureResult result = {0};
    g_autoptr(Trust) trust = ledger_trust_read(call, error);
    g_autoptr(GByteArray) text = trust ? ledger_trust_read_file(path, DISCLOSURE_MAX, error) : NULL;
    if (!text)
        return COMMAND_ERROR;
    g_autoptr(Disclosure) disclosure =
        disclosure_parse((const char *)text->data, text->len, DISCLOSURE_MAX, error);
    if (!disclosure) {
        g_prefix_error(error, "%s: this is no disclosure: ", path);
        return COMMAND_ERROR;
    }
    gboolean good = verify(disclosure, trust, &result, &failure);
    /* So that the signatures of keys that changed are shown for what they are. */
    trust_follow(trust, disclosure->proof->checkpoint.origin,
                 (const char *const *)disclosure->changes, disclosure->n_changes, NULL);
    if (good && command_text(call, "output") && !write_item(call, disclosure, error))
        return COMMAND_ERROR;
    (command_json(call) ? print_json : print_text)(disclosure, trust, &result,
                                                   good ? NULL : failure->message);
    return good ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_ledger_verify_disclosure = {
    .name = "verify-disclosure",
    .summary = "verify what an entry of a ledger says",
    .arguments = "FILE",
    .description =
        "The file holds an entry's opening, the proof that it stands in the ledger, and the "
        "ledger's key changes. Shows what is proven: that the owner of the ledger said this at "
        "the time of the checkpoint; not that it is true. Items that are withheld or were erased "
        "are told as such; they are no failure.\n\n"
        "Needs no network and no account, only a key of the ledger or a policy that you trust. Of "
        "keys that changed since, the file tells; a recovery is followed only if the node's "
        "recovery key is among yours.",
    .options =
        (const CommandOption[]){
            LEDGER_TRUST_OPTIONS,
            {"item", 'i', COMMAND_INT, "K", .min = 0, .max = OPENING_ITEMS_MAX - 1,
             .help = "the item to write with --output (default: 0)"},
            {"output", 'o', COMMAND_TEXT, "FILE", .help = "write an item's bytes into FILE"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert ledger verify-disclosure 17.json --key \"$(cat alder.vkey)\"",
             "what entry 17 of Alder's ledger says"},
            {NULL},
        },
    .nothing = "something in it does not hold, or no key of yours has signed",
    .min_arguments = 1,
    .run = run,
};
