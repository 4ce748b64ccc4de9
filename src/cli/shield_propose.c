/* shield_propose.c - `concert shield propose`: what would block from now on, before anybody says
 * yes.
 */
#include <unistd.h>

#include "base/durable.h"
#include "base/jsontext.h"
#include "base/texts.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/shield_dry_run.h"
#include "cli/shield_entry.h"
#include "cli/shield_set.h"
#include "cli/signatory.h"
#include "ledger/origin.h"
#include "node/release_operation.h"
#include "node/releaser.h"
#include "store/communities.h"

/* Rows of each list for people; with --json there are all. */
#define ROWS_MAX 10

/* Values that would be added, or removed. */
typedef struct {
    GPtrArray *entries; /* const ReleaseEntry * */
    guint64 kinds[OBSERVABLE_OTHER + 1];
    GHashTable *sources; /* name -> count */
} Side;

typedef struct {
    Releaser *releaser;
    Release *before, *after;
    ReleaserCounts counts;
    Side added, removed;
    GPtrArray *dangers; /* const ReleaseEntry * */
    GPtrArray *reasons; /* const char *, of the same places; the ground's */
    Protect *ground;
    GPtrArray *unknown; /* ReleaserUnknown * */
    char *selection;    /* what was asked for, in words; NULL: everything */
    guint64 limit, changes;
    const char *over_limit;
    gboolean looked; /* into logs */
    DryRun run;
    gint64 number; /* 0: not proposed */
} Proposal;

static void side_init(Side *side)
{
    side->entries = g_ptr_array_new();
    side->sources = g_hash_table_new(g_str_hash, g_str_equal);
}

static void side_clear(Side *side)
{
    g_clear_pointer(&side->entries, g_ptr_array_unref);
    g_clear_pointer(&side->sources, g_hash_table_unref);
}

static void proposal_clear(Proposal *proposal)
{
    side_clear(&proposal->added);
    side_clear(&proposal->removed);
    g_clear_pointer(&proposal->dangers, g_ptr_array_unref);
    g_clear_pointer(&proposal->reasons, g_ptr_array_unref);
    g_clear_pointer(&proposal->ground, protect_free);
    g_clear_pointer(&proposal->unknown, g_ptr_array_unref);
    shield_dry_run_clear(&proposal->run);
    g_clear_pointer(&proposal->before, release_free);
    g_clear_pointer(&proposal->after, release_free);
    g_clear_pointer(&proposal->releaser, releaser_free);
    g_clear_pointer(&proposal->selection, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Proposal, proposal_clear)

static void add_entry(Side *side, const ReleaseEntry *entry)
{
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(side->sources, entry->source));
    g_ptr_array_add(side->entries, (gpointer)entry);
    side->kinds[entry->kind]++;
    g_hash_table_insert(side->sources, (gpointer)entry->source, GUINT_TO_POINTER(count + 1));
}

static void take_added(gpointer user, const ReleaseEntry *entry)
{
    Proposal *proposal = user;
    const char *danger = release_danger(proposal->ground, entry->kind, entry->value);
    add_entry(&proposal->added, entry);
    if (danger) {
        g_ptr_array_add(proposal->dangers, (gpointer)entry);
        g_ptr_array_add(proposal->reasons, (gpointer)danger);
    }
}

static void take_removed(gpointer user, const ReleaseEntry *entry)
{
    Proposal *proposal = user;
    add_entry(&proposal->removed, entry);
}

/* --- what is asked for -------------------------------------------------------------------------
 */

/* The members of the communities are sources. */
static gboolean add_members(Store *store, const char *const *names, GPtrArray *sources,
                            GError **error)
{
    for (; *names; names++) {
        g_autoptr(Community) community = communities_get(store, *names, error);
        if (!community)
            return FALSE;
        g_auto(GStrv) members = communities_members(community);
        for (guint i = 0; members[i]; i++)
            g_ptr_array_add(sources, origin_node(members[i]));
    }
    return TRUE;
}

/* --source and --community; NULL-terminated, empty: any source. */
static GPtrArray *read_sources(const CommandCall *call, Store *store, GError **error)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    const char *const *named = command_texts(call, "source");
    const char *const *communities = command_texts(call, "community");
    for (; named && *named; named++)
        g_ptr_array_add(sources, g_strdup(*named));
    if (communities && !add_members(store, communities, sources, error))
        return NULL;
    g_ptr_array_add(sources, NULL);
    return g_steal_pointer(&sources);
}

static void describe_texts(GString *words, const char *what, const char *const *texts)
{
    for (; texts && *texts; texts++)
        g_string_append_printf(words, "%s%s %s", words->len > 0 ? ", " : "", what, *texts);
}

static char *describe_selection(const CommandCall *call)
{
    g_autoptr(GString) words = g_string_new(NULL);
    gint64 confidence = command_int(call, "min-confidence", 0);
    describe_texts(words, "source", command_texts(call, "source"));
    describe_texts(words, "community", command_texts(call, "community"));
    describe_texts(words, "kind", command_texts(call, "kind"));
    if (confidence > 0)
        g_string_append_printf(words, "%sconfidence %" G_GINT64_FORMAT " and above",
                               words->len > 0 ? ", " : "", confidence);
    if (words->len > RELEASE_OPERATION_TEXT_MAX)
        g_string_assign(words, "many sources");
    return words->len > 0 ? g_string_free(g_steal_pointer(&words), FALSE) : NULL;
}

static gboolean make(const CommandCall *call, Node *node, Proposal *proposal, GError **error)
{
    Store *store = node_store(node);
    ReleaseLimit limit;
    ReleaseSelection selection = {.min_confidence = (int)command_int(call, "min-confidence", 0)};
    g_autoptr(GPtrArray) sources = read_sources(call, store, error);
    if (!sources || !shield_set_kinds(call, &selection.kinds, error) ||
        !releaser_limit(node_config(node), &limit, error) ||
        !(proposal->releaser = releaser_open(node, timestamp_now(), error)) ||
        !(proposal->ground = releaser_ground(node_config(node), store, &proposal->unknown, error)))
        return FALSE;
    if (sources->len > 1)
        selection.sources = (const char *const *)sources->pdata;
    proposal->before = releaser_in_force(proposal->releaser);
    proposal->after = releaser_candidate(proposal->releaser, &selection, &proposal->counts);
    proposal->selection = describe_selection(call);
    proposal->over_limit = command_text(call, "over-limit");
    side_init(&proposal->added);
    side_init(&proposal->removed);
    proposal->dangers = g_ptr_array_new();
    proposal->reasons = g_ptr_array_new();
    release_compare(proposal->before, proposal->after, take_added, take_removed, proposal);
    proposal->changes = proposal->added.entries->len + proposal->removed.entries->len;
    proposal->limit = release_limit_values(&limit, release_count_values(proposal->before));
    return TRUE;
}

static gboolean look_into_logs(const CommandCall *call, Node *node, Proposal *proposal,
                               GError **error)
{
    const char *const own[] = {config_path(node_config(node), SETTING_SHIELD_DRY_RUN_LOGS), NULL};
    const char *const *logs = command_texts(call, "logs");
    /* A dry run on what is not there would say that nobody is hit. */
    for (const char *const *path = logs; path && *path; path++)
        if (strcmp(*path, "-") != 0 && !g_file_test(*path, G_FILE_TEST_EXISTS)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "--logs %s: there is no such file", *path);
            return FALSE;
        }
    if (!logs)
        logs = own;
    proposal->looked = *logs && proposal->added.entries->len > 0;
    return !proposal->looked ||
           shield_dry_run(proposal->added.entries, logs, &proposal->run, error);
}

/* --- for people --------------------------------------------------------------------------------
 */

/* "domain 2, ipv4 1; birch 3" */
static char *describe_side(const Side *side)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint count;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(side->sources, &count);
    qsort(names, count, sizeof(*names), texts_compare);
    for (int kind = OBSERVABLE_IPV4; kind < OBSERVABLE_OTHER; kind++)
        if (side->kinds[kind] > 0)
            g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len > 0 ? ", " : "",
                                   observable_kind_name((ObservableKind)kind), side->kinds[kind]);
    for (guint i = 0; i < MIN(count, ROWS_MAX); i++)
        g_string_append_printf(text, "%s%s %u", i > 0 ? ", " : "; from ", (const char *)names[i],
                               GPOINTER_TO_UINT(g_hash_table_lookup(side->sources, names[i])));
    if (count > ROWS_MAX)
        g_string_append_printf(text, ", and %u other sources", count - ROWS_MAX);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void print_more(guint all)
{
    if (all > ROWS_MAX)
        output_line("  ... and %u more", all - ROWS_MAX);
}

static void print_side(const char *what, const Side *side)
{
    g_autofree char *words = describe_side(side);
    if (side->entries->len == 0)
        return;
    output_line("%-9s %u values: %s", what, side->entries->len, words);
    for (guint i = 0; i < MIN(side->entries->len, ROWS_MAX); i++) {
        const ReleaseEntry *entry = side->entries->pdata[i];
        g_autofree char *value = shield_entry_words(entry);
        output_line("  %-7s %s  (%s)", observable_kind_name(entry->kind), value, entry->source);
    }
    print_more(side->entries->len);
}

static void print_dry_run(const Proposal *proposal)
{
    const DryRun *run = &proposal->run;
    if (!proposal->looked)
        return;
    output_line("dry run   %" G_GUINT64_FORMAT " hits of %u added values in %" G_GUINT64_FORMAT
                " files%s",
                run->hits, run->values->len, run->files,
                run->unreadable > 0 ? "; some could not be read" : "");
    for (guint i = 0; i < MIN(run->values->len, ROWS_MAX); i++) {
        const DryRunHits *hits = &g_array_index(run->values, DryRunHits, i);
        g_autofree char *words = shield_entry_words(hits->entry);
        output_line("  %6" G_GUINT64_FORMAT "  %s", hits->hits, words);
    }
    print_more(run->values->len);
}

/* What was not looked at for want of a table. */
static void print_unknown(const Proposal *proposal)
{
    g_autofree char *words = releaser_unknown_words(proposal->unknown);
    if (proposal->unknown->len == 0)
        return;
    output_line("not known what lies in %s: no route of them was imported, and what is blocked "
                "there is not called dangerous (`concert contact import`)",
                words);
}

static void print_text(const Proposal *proposal)
{
    char number[OUTPUT_NUMBER_MAX], other[OUTPUT_NUMBER_MAX];
    output_line("in force  %s values; proposed: %s values",
                output_number(number, release_count_values(proposal->before)),
                output_number(other, release_count_values(proposal->after)));
    print_side("added", &proposal->added);
    print_side("removed", &proposal->removed);
    if (proposal->dangers->len > 0)
        output_line("dangerous %u values, which need a second approver:", proposal->dangers->len);
    for (guint i = 0; i < MIN(proposal->dangers->len, ROWS_MAX); i++) {
        const ReleaseEntry *entry = proposal->dangers->pdata[i];
        g_autofree char *words = shield_entry_words(entry);
        output_line("  %-7s %s: %s", observable_kind_name(entry->kind), words,
                    (const char *)proposal->reasons->pdata[i]);
    }
    print_more(proposal->dangers->len);
    print_unknown(proposal);
    print_dry_run(proposal);
    for (int reason = RELEASE_TAKEN + 1; reason < RELEASE_REASONS; reason++)
        if (proposal->counts.left_out[reason] > 0)
            output_line("left out  %s: %s",
                        output_number(number, proposal->counts.left_out[reason]),
                        release_reason_words((ReleaseReason)reason));
    if (proposal->number > 0)
        output_line("release %" G_GINT64_FORMAT
                    " is proposed: `concert shield approve %" G_GINT64_FORMAT " --as NAME`",
                    proposal->number, proposal->number);
}

/* --- for programs ------------------------------------------------------------------------------
 */

static void add_side(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, const Side *side)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, name);
    yyjson_mut_obj_add_uint(doc, object, "values", side->entries->len);
    yyjson_mut_val *kinds = yyjson_mut_obj_add_obj(doc, object, "kinds");
    for (int kind = OBSERVABLE_IPV4; kind < OBSERVABLE_OTHER; kind++)
        if (side->kinds[kind] > 0)
            yyjson_mut_obj_add_uint(doc, kinds, observable_kind_name((ObservableKind)kind),
                                    side->kinds[kind]);
    yyjson_mut_val *sources = yyjson_mut_obj_add_obj(doc, object, "sources");
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, side->sources);
    while (g_hash_table_iter_next(&iter, &key, &value))
        yyjson_mut_obj_add_uint(doc, sources, key, GPOINTER_TO_UINT(value));
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "list");
    for (guint i = 0; i < side->entries->len; i++) {
        const ReleaseEntry *entry = side->entries->pdata[i];
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
        shield_entry_add(doc, row, entry);
        yyjson_mut_obj_add_str(doc, row, "indicator", entry->id);
        yyjson_mut_obj_add_str(doc, row, "source", entry->source);
    }
}

static void add_unknown(yyjson_mut_doc *doc, yyjson_mut_val *root, const GPtrArray *unknown)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "unresolved");
    for (guint i = 0; i < unknown->len; i++) {
        const ReleaserUnknown *each = unknown->pdata[i];
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_uint(doc, row, "as", each->as);
        yyjson_mut_obj_add_str(doc, row, "of", each->whose);
    }
}

static void add_dry_run(yyjson_mut_doc *doc, yyjson_mut_val *root, const DryRun *run)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, "dry_run");
    yyjson_mut_obj_add_uint(doc, object, "files", run->files);
    yyjson_mut_obj_add_uint(doc, object, "unreadable", run->unreadable);
    yyjson_mut_obj_add_uint(doc, object, "hits", run->hits);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "values");
    for (guint i = 0; i < run->values->len; i++) {
        const DryRunHits *hits = &g_array_index(run->values, DryRunHits, i);
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
        shield_entry_add(doc, row, hits->entry);
        yyjson_mut_obj_add_uint(doc, row, "hits", hits->hits);
    }
}

static void print_json(const Proposal *proposal)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    if (proposal->number > 0)
        yyjson_mut_obj_add_sint(doc, root, "release", proposal->number);
    else
        yyjson_mut_obj_add_null(doc, root, "release");
    yyjson_mut_obj_add_sint(doc, root, "in_force", proposal->releaser->number);
    yyjson_mut_obj_add_uint(doc, root, "values", release_count_values(proposal->after));
    yyjson_mut_obj_add_uint(doc, root, "limit", proposal->limit);
    yyjson_mut_obj_add_bool(doc, root, "over_limit", proposal->changes > proposal->limit);
    jsontext_add(doc, root, "selection", proposal->selection);
    add_side(doc, root, "added", &proposal->added);
    add_side(doc, root, "removed", &proposal->removed);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "dangerous");
    for (guint i = 0; i < proposal->dangers->len; i++) {
        const ReleaseEntry *entry = proposal->dangers->pdata[i];
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, list);
        shield_entry_add(doc, row, entry);
        yyjson_mut_obj_add_str(doc, row, "why", proposal->reasons->pdata[i]);
    }
    add_unknown(doc, root, proposal->unknown);
    if (proposal->looked)
        add_dry_run(doc, root, &proposal->run);
    yyjson_mut_val *left = yyjson_mut_obj_add_obj(doc, root, "left_out");
    for (int reason = RELEASE_TAKEN + 1; reason < RELEASE_REASONS; reason++)
        if (proposal->counts.left_out[reason] > 0)
            yyjson_mut_obj_add_uint(doc, left, release_reason_name((ReleaseReason)reason),
                                    proposal->counts.left_out[reason]);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* --- the command -------------------------------------------------------------------------------
 */

/* Lays the candidate down for the writer; caller removes it. */
static char *write_candidate(Node *node, const Proposal *proposal, char **ret_name, GError **error)
{
    gsize length;
    g_autoptr(GBytes) content = release_write(proposal->after, error);
    g_autofree char *name = g_strdup_printf("candidate.%ld", (long)getpid());
    g_autofree char *directory =
        g_build_filename(node_directory(node), RELEASE_OPERATION_DIRECTORY, NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    const void *data = content ? g_bytes_get_data(content, &length) : NULL;
    if (!content || !durable_make_directory(directory, 0700, error) ||
        !durable_write(path, data, length, 0600, error))
        return NULL;
    *ret_name = g_steal_pointer(&name);
    return g_steal_pointer(&path);
}

static gboolean propose(const CommandCall *call, Node *node, Proposal *proposal, GError **error)
{
    const char *by = signatory_of(call, node, error);
    g_autofree char *name = NULL;
    g_autofree char *path = by ? write_candidate(node, proposal, &name, error) : NULL;
    if (!path)
        return FALSE;
    yyjson_mut_doc *params = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(params);
    yyjson_doc *result = NULL;
    yyjson_mut_doc_set_root(params, root);
    yyjson_mut_obj_add_str(params, root, "file", name);
    yyjson_mut_obj_add_str(params, root, "by", by);
    yyjson_mut_obj_add_sint(params, root, "base", proposal->releaser->number);
    jsontext_add(params, root, "selection", proposal->selection);
    jsontext_add(params, root, "over_limit", proposal->over_limit);
    gboolean good = command_node_call(node, "release.propose", params, &result, error);
    unlink(path);
    if (good)
        proposal->number = yyjson_get_sint(yyjson_obj_get(yyjson_doc_get_root(result), "release"));
    yyjson_doc_free(result);
    return good;
}

static void print(const CommandCall *call, const Proposal *proposal)
{
    if (command_json(call))
        print_json(proposal);
    else
        print_text(proposal);
}

static int run(const CommandCall *call, GError **error)
{
    g_auto(Proposal) proposal = {0};
    gboolean only_look = command_flag(call, "check");
    g_autoptr(Node) node = command_node_open(call, only_look ? NODE_READ : NODE_WRITE, error);
    if (!node || !make(call, node, &proposal, error) ||
        !look_into_logs(call, node, &proposal, error))
        return COMMAND_ERROR;
    /* What exceeds the limit is refused when it is proposed, and shown for all that. */
    gboolean good = proposal.changes == 0 || only_look || propose(call, node, &proposal, error);
    if (!good && proposal.changes <= proposal.limit)
        return COMMAND_ERROR;
    print(call, &proposal);
    if (!good)
        return COMMAND_ERROR;
    if (proposal.changes == 0)
        output_note("nothing would change");
    return proposal.changes == 0 ? COMMAND_NOTHING : COMMAND_OK;
}

const Command shield_propose = {
    .name = "propose",
    .summary = "propose what is to block from now on, and say what that changes",
    .description =
        "Takes, of the node's indicators, the values that may block: those that bear PAP:CLEAR or "
        "PAP:GREEN (what bears no level counts as [shield] unmarked says), are on no warninglist "
        "and not on the never-block list, and are valid. What was asked for is then all that "
        "blocks, with what standing approvals have let block.\n\n"
        "It says what would be added and removed, what was left out and why, how often logs (of "
        "--logs, else of [shield] dry_run_logs) have what would be added, and what of it is "
        "dangerous: what touches the constituency or the endpoints of this node or a peer, a "
        "resolver, and prefixes shorter than /16 or, of IPv6, /32. What lies in the AS numbers of "
        "a constituency tells the table of routes (`concert contact import`); of which number it "
        "does not, is said. Nothing blocks before "
        "`concert shield approve`.",
    .options =
        (const CommandOption[]){
            {"source", 's', COMMAND_TEXTS, "NAME", .help = "only what this source gave"},
            {"community", 0, COMMAND_TEXTS, "NAME",
             .help = "only what members of this community gave"},
            {"kind", 'k', COMMAND_TEXTS, "KIND",
             .help = "only values of this kind: " SHIELD_SET_KINDS},
            {"min-confidence", 0, COMMAND_INT, "N", .min = 0, .max = 100,
             .help = "only of indicators of at least this confidence"},
            {"logs", 'l', COMMAND_TEXTS, "FILE",
             .help = "look how often this file or directory "
                     "has what would be added"},
            {"over-limit", 0, COMMAND_TEXT, "REASON",
             .help = "change more than [shield] change_limit, and say why"},
            {"check", 0, COMMAND_FLAG, .help = "only look, propose nothing"},
            {"as", 0, COMMAND_TEXT, "NAME", .help = "who proposes it (default: [node] signatory)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert shield propose --logs /var/log/unbound --as 'Duty Officer'", "everything"},
            {"concert shield propose --check --source cert.birch.example --json", "only look"},
            {NULL},
        },
    .nothing = "nothing would change",
    .uses_node = TRUE,
    .run = run,
};
