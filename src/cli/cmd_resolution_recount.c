/* cmd_resolution_recount.c - `concert resolution recount` and `export`: the count again, by whoever
 * has the events: this node, or anybody who was given them as a file. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_resolution.h"
#include "cli/document.h"
#include "cli/event_keys.h"
#include "cli/ledger_entry.h"
#include "cli/ledger_trust.h"
#include "cli/output.h"
#include "dossier/dossier_file.h"
#include "dossier/resolution_count.h"
#include "dossier/resolution_recount.h"

/* --- export ------------------------------------------------------------------------------------
 */

/* The events of a docket as a file, with the keys of their authors. */
static GString *make_file(Node *node, const Docket *docket, GError **error)
{
    g_auto(GStrv) keys = event_keys_known(node, docket->events, error);
    if (!keys)
        return NULL;
    GString *text = g_string_new(NULL);
    dossier_file_begin(text);
    for (guint i = 0; keys[i]; i++)
        dossier_file_add_key(text, keys[i]);
    for (guint i = 0; i < docket->stored->len; i++)
        dossier_file_add_event(text, ((const DossierEvent *)docket->stored->pdata[i])->bytes);
    return text;
}

static int run_export(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    g_autoptr(GString) text = docket ? make_file(node, docket, error) : NULL;
    if (!text || !ledger_entry_write(command_text(call, "output"), text->str, text->len, error))
        return COMMAND_ERROR;
    return COMMAND_OK;
}

const Command cmd_resolution_export = {
    .name = "export",
    .summary = "write all events of a resolution, with the keys that verify them, into a file",
    .arguments = "ID",
    .description = "Who has the file counts again with `concert resolution recount --file FILE`, "
                   "without a node. It holds what this node may see: give it to nobody who may "
                   "not.",
    .options = (const CommandOption[]){{"output", 'o', COMMAND_TEXT, "FILE",
                                        .help = "new file to write to (default: standard output)"},
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such resolution",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_export,
};

/* --- recount -----------------------------------------------------------------------------------
 */

/* What was counted, and what was found wrong. */
typedef struct {
    DossierFile *file;
    EngineResult *result;
    GPtrArray *faults, *notes;
} Recount;

static void recount_clear(Recount *recount)
{
    g_clear_pointer(&recount->result, engine_result_free);
    g_clear_pointer(&recount->file, dossier_file_free);
    g_clear_pointer(&recount->faults, g_ptr_array_unref);
    g_clear_pointer(&recount->notes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Recount, recount_clear)

static gboolean check_one_resolution(const DossierFile *file, GError **error)
{
    for (guint i = 0; i < file->events->len; i++) {
        const Event *event = file->events->pdata[i], *first = file->events->pdata[0];
        if (strcmp(event->dossier, first->dossier) == 0 &&
            strcmp(event->procedure, resolution_procedure.name) == 0)
            continue;
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the file holds something else than one resolution");
        return FALSE;
    }
    return TRUE;
}

static gboolean count_again(Recount *recount, const char *text, gsize length,
                            const GPtrArray *trusted, GError **error)
{
    recount->file = dossier_file_read(text, length, trusted, error);
    if (!recount->file || !check_one_resolution(recount->file, error))
        return FALSE;
    recount->result =
        engine_run((const Event *const *)recount->file->events->pdata, recount->file->events->len);
    recount->faults = g_ptr_array_new_with_free_func(g_free);
    recount->notes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < recount->file->faults->len; i++)
        g_ptr_array_add(recount->faults, g_strdup(recount->file->faults->pdata[i]));
    if (!recount->result->opening && recount->faults->len == 0)
        g_ptr_array_add(recount->faults,
                        g_strdup("the event that opens the resolution is missing"));
    resolution_recount_find(recount->result, recount->faults, recount->notes);
    return TRUE;
}

static void add_tally(yyjson_mut_doc *doc, yyjson_mut_val *object, const ResolutionTally *tally)
{
    yyjson_mut_obj_add_uint(doc, object, "yes", tally->yes);
    yyjson_mut_obj_add_uint(doc, object, "no", tally->no);
    yyjson_mut_obj_add_uint(doc, object, "abstain", tally->abstain);
}

static void add_texts(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *key,
                      const GPtrArray *texts)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, key);
    for (guint i = 0; i < texts->len; i++)
        yyjson_mut_arr_add_str(doc, list, texts->pdata[i]);
}

static const char *vote_of(const Event *ballot, gboolean is_amended)
{
    const char *if_amended = ballot ? event_text(ballot, "if_amended") : NULL;
    return !ballot ? NULL : is_amended && if_amended ? if_amended : event_text(ballot, "vote");
}

/* Calls @each for every voter with its vote on the text, NULL if it gave none. */
static void each_voter(const EngineResult *result, const ResolutionCount *count,
                       void (*each)(const char *node, const char *vote, gpointer user),
                       gpointer user)
{
    const Event *tabled = engine_last(result, "tabled");
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (tabled ? yyjson_obj_get(tabled->payload, "voters") : NULL, at, size, one) {
        const char *node = yyjson_get_str(one);
        each(node, vote_of(resolution_count_ballot(result, node), count->is_amended), user);
    }
}

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *list;
} Json;

static void add_voter(const char *node, const char *vote, gpointer user)
{
    Json *json = user;
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(json->doc, json->list);
    yyjson_mut_obj_add_str(json->doc, one, "member", node);
    jsontext_add(json->doc, one, "vote", vote);
}

static void add_amendments(yyjson_mut_doc *doc, yyjson_mut_val *root, const ResolutionCount *count)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "amendments");
    for (guint i = 0; i < count->amendments->len; i++) {
        const ResolutionAmendment *amendment =
            &g_array_index(count->amendments, ResolutionAmendment, i);
        char hex[2 * SHA256_SIZE + 1];
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_strcpy(doc, one, "event",
                                  event_hash_format(&amendment->event->hash, hex));
        yyjson_mut_obj_add_str(doc, one, "outcome", resolution_count_fate(amendment->fate));
        add_tally(doc, one, &amendment->tally);
    }
}

static void print_json(const Recount *recount, const ResolutionCount *count, gboolean shows_ballots)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    const ProcedureState *state = engine_state(recount->result);
    yyjson_mut_obj_add_bool(doc, root, "verified", recount->faults->len == 0);
    jsontext_add(doc, root, "id", recount->result->dossier);
    yyjson_mut_obj_add_bool(doc, root, "exercise",
                            recount->result->opening && recount->result->opening->is_exercise);
    if (state)
        yyjson_mut_obj_add_str(doc, root, "state", state->name);
    if (count) {
        yyjson_mut_obj_add_uint(doc, root, "voters", count->voters);
        yyjson_mut_obj_add_uint(doc, root, "ballots", count->ballots);
        yyjson_mut_obj_add_bool(doc, root, "quorum", count->is_quorum);
        yyjson_mut_obj_add_bool(doc, root, "two_thirds", count->two_thirds);
        yyjson_mut_obj_add_bool(doc, root, "adopted", count->is_adopted);
        add_tally(doc, root, &count->tally);
        add_amendments(doc, root, count);
    }
    if (count && shows_ballots) {
        Json json = {doc, yyjson_mut_obj_add_arr(doc, root, "votes")};
        each_voter(recount->result, count, add_voter, &json);
    }
    add_texts(doc, root, "faults", recount->faults);
    add_texts(doc, root, "notes", recount->notes);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_voter(const char *node, const char *vote, gpointer user)
{
    output_table_row(user, (const char *[]){node, vote ? vote : "(no vote)"});
}

static void print_amendments(const ResolutionCount *count)
{
    for (guint i = 0; i < count->amendments->len; i++) {
        const ResolutionAmendment *one = &g_array_index(count->amendments, ResolutionAmendment, i);
        char hex[2 * SHA256_SIZE + 1];
        output_line("amendment %.8s of %s: %s with %u yes, %u no, %u abstentions",
                    event_hash_format(&one->event->hash, hex), one->event->node,
                    resolution_count_fate(one->fate), one->tally.yes, one->tally.no,
                    one->tally.abstain);
    }
}

static void print_count(const Recount *recount, const ResolutionCount *count,
                        gboolean shows_ballots)
{
    output_line("%u of %u members voted: %s", count->ballots, count->voters,
                count->is_quorum ? "a quorum" : "no quorum");
    print_amendments(count);
    output_line("the text: %u yes, %u no, %u abstentions; it takes %s: %s", count->tally.yes,
                count->tally.no, count->tally.abstain,
                count->two_thirds ? "two thirds" : "more yes than no",
                count->is_adopted ? "carried" : "not carried");
    if (!shows_ballots)
        return;
    OutputTable *table = output_table_new("MEMBER", "VOTE", NULL);
    each_voter(recount->result, count, print_voter, table);
    output_table_print(table);
}

static void print_text(const Recount *recount, const ResolutionCount *count, gboolean shows_ballots)
{
    const ProcedureState *state = engine_state(recount->result);
    if (recount->result->opening && recount->result->opening->is_exercise)
        output_line("EXERCISE: this is an exercise");
    output_line("%s is %s", recount->result->dossier ? recount->result->dossier : "it",
                state ? state->name : "not open");
    if (count)
        print_count(recount, count, shows_ballots);
    else if (engine_last(recount->result, "silence-opened"))
        output_line("%u of %u members noted the text in silence",
                    resolution_count_noted(recount->result),
                    resolution_count_voters(recount->result));
    else
        output_line("there was no vote");
    for (guint i = 0; i < recount->notes->len; i++)
        output_line("void: %s", (const char *)recount->notes->pdata[i]);
    for (guint i = 0; i < recount->faults->len; i++)
        output_line("WRONG: %s", (const char *)recount->faults->pdata[i]);
    output_line(recount->faults->len == 0 ? "verified: all signatures and counts are right"
                                          : "NOT VERIFIED");
}

static int tell(const CommandCall *call, const Recount *recount)
{
    g_autoptr(ResolutionCount) count = resolution_count_new(recount->result);
    const ProcedureState *state = engine_state(recount->result);
    /* Before the end there are only the own ballot, and at the chair what is not to be seen yet. */
    gboolean shows_ballots = state && state->is_final;
    if (!shows_ballots && state)
        g_clear_pointer(&count, resolution_count_free);
    if (command_json(call))
        print_json(recount, count, shows_ballots);
    else
        print_text(recount, count, shows_ballots);
    return recount->faults->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static gboolean read_trusted(const CommandCall *call, GPtrArray **ret_trusted, GError **error)
{
    const char *const *vkeys = command_texts(call, "key");
    if (!vkeys)
        return TRUE;
    g_autoptr(GPtrArray) trusted =
        g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    for (guint i = 0; vkeys[i]; i++) {
        NoteVerifier *key = note_verifier_parse(vkeys[i], error);
        if (!key || !g_str_has_suffix(key->name, "/message")) {
            g_clear_pointer(&key, note_verifier_free);
            if (error && !*error)
                command_usage(call, error, "--key %s is no key for messages", vkeys[i]);
            return FALSE;
        }
        g_ptr_array_add(trusted, key);
    }
    *ret_trusted = g_steal_pointer(&trusted);
    return TRUE;
}

static int recount_file(const CommandCall *call, const char *path, GError **error)
{
    g_autoptr(GPtrArray) trusted = NULL;
    g_auto(Recount) recount = {0};
    gsize length;
    if (!read_trusted(call, &trusted, error))
        return COMMAND_ERROR;
    g_autofree char *text = document_read(NULL, path, NULL, DOSSIER_FILE_BYTES_MAX, &length, error);
    if (!text)
        return command_file_error(error);
    if (!count_again(&recount, text, length, trusted, error)) {
        g_prefix_error(error, "%s: ", path);
        return command_file_error(error);
    }
    int status = tell(call, &recount);
    for (guint i = 0; !trusted && !command_json(call) && i < recount.file->keys->len; i++) {
        g_autofree char *vkey = note_verifier_format(recount.file->keys->pdata[i]);
        output_line("by the key in the file: %s", vkey);
    }
    return status;
}

static int run_recount(const CommandCall *call, GError **error)
{
    const char *path = command_text(call, "file");
    if ((path != NULL) == (call->count > 0))
        return command_usage(call, error, "name a resolution of this node, or --file FILE");
    if (path)
        return recount_file(call, path, error);
    g_autoptr(GError) disagreement = NULL;
    g_auto(Recount) recount = {0};
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Docket) docket = node ? cmd_resolution_load(call, node, error) : NULL;
    g_autoptr(GString) text = docket ? make_file(node, docket, error) : NULL;
    if (!text || !count_again(&recount, text->str, text->len, NULL, error))
        return COMMAND_ERROR;
    if (!cmd_resolution_check_voters(docket, node, &disagreement))
        g_ptr_array_add(recount.notes,
                        g_strconcat("those who vote: ", disagreement->message, NULL));
    return tell(call, &recount);
}

const Command cmd_resolution_recount = {
    .name = "recount",
    .summary = "verify all signatures of a resolution and count the votes again",
    .arguments = "[ID]",
    .description =
        "Of a resolution of this node, or of a file that `concert resolution export` wrote: that "
        "needs no node and no network. What is wrong is named: an event that was changed, one "
        "that is missing, a count that is not right. The file brings its keys along; compare "
        "them with those that you know, or say with --key which ones to trust.",
    .options = (const CommandOption[]){{"file", 'f', COMMAND_TEXT, "FILE",
                                        .help = "count what is in this file"},
                                       {"key", 'k', COMMAND_TEXTS, "VKEY",
                                        .help = "with --file: trust this message key, and no "
                                                "other"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .nothing = "something is wrong with it, or there is no such resolution",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_recount,
};
