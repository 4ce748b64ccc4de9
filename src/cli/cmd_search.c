/* cmd_search.c - `concert search`: which objects speak of a value or contain a text. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "stix/observable.h"
#include "store/objects.h"
#include "store/records.h"

typedef struct {
    gboolean json;
    OutputTable *table;
    GHashTable *retired; /* records_retired() */
} Search;

static gboolean found(const ObjectsRow *row, gpointer user)
{
    Search *search = user;
    if (search->json) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        output_json(summary_json(doc, row, search->retired));
        yyjson_mut_doc_free(doc);
        return TRUE;
    }
    char modified[OUTPUT_NUMBER_MAX];
    g_autofree char *title = summary_title(row, 60);
    output_table_row(search->table,
                     (const char *[]){row->id,
                                      row->version == 0 ? "-" : output_time(modified, row->version),
                                      row->source, summary_state(row, search->retired), title});
    return TRUE;
}

/* Sets what to look for: a value when @text is one, else a text. */
static void understand(const CommandCall *call, const char *text, char **ret_canonical,
                       ObjectsQuery *query)
{
    int kind_choice = command_choice(call, "kind", -1);
    ObservableKind kind = OBSERVABLE_NONE;
    if (kind_choice >= 0) {
        kind = observable_kind_from_name(command_text(call, "kind"));
        *ret_canonical = observable_normalise(kind, text, strlen(text), &kind);
    } else if (!command_flag(call, "text")) {
        kind = observable_classify(text, strlen(text), ret_canonical);
        /* The MD5 of a file and a JA3 look alike: look for both. */
        if (kind == OBSERVABLE_MD5)
            kind = OBSERVABLE_NONE;
    }
    if (*ret_canonical) {
        query->kind = kind;
        query->value = *ret_canonical;
    } else {
        query->text = text;
    }
}

static int run(const CommandCall *call, GError **error)
{
    const char *after = command_text(call, "after");
    g_autofree char *canonical = NULL;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.type = command_text(call, "type");
    query.source = command_text(call, "source");
    query.all_versions = command_flag(call, "all-versions");
    query.limit = command_int(call, "limit", 100);
    if (after && !timestamp_parse_lenient(after, strlen(after), &query.modified_after))
        return command_usage(call, error, "--after %s: not a time such as 2024-05-01", after);
    understand(call, call->arguments[0], &canonical, &query);
    if (command_text(call, "kind") && !canonical)
        return command_usage(call, error, "%s: not of kind %s", call->arguments[0],
                             command_text(call, "kind"));

    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(GHashTable) retired = records_retired(node_store(node), error);
    if (!retired)
        return COMMAND_ERROR;
    Search search = {
        .json = command_json(call),
        .retired = retired,
        .table = output_table_new("ID", "MODIFIED", "SOURCE", "STATE", "NAME", NULL),
    };
    guint64 count = 0;
    if (!objects_find(node_store(node), &query, found, &search, &count, error)) {
        output_table_free(search.table);
        return COMMAND_ERROR;
    }
    output_table_print(search.table);
    if (query.limit > 0 && count >= query.limit)
        output_note("Stopped after %" G_GUINT64_FORMAT "; see --limit.", count);
    return count > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_search = {
    .name = "search",
    .summary = "find objects by a value or a text",
    .arguments = "VALUE|TEXT",
    .description =
        "An address, network, domain, URL, hash or e-mail address, in any spelling and defanged "
        "or not, finds the observables that are it and the indicators whose pattern names it. "
        "Anything else, or with --text, is looked for as a piece of the objects' text, upper and "
        "lower case alike, which takes longer.\n\n"
        "What every dispatch that brought it has recalled or withdrawn, or let expire, and nobody "
        "here put into a collection, is found all the same, as out of use.",
    .options =
        (const CommandOption[]){
            {"type", 't', COMMAND_TEXT, "TYPE", .help = "only objects of this type"},
            {"kind", 'k', COMMAND_CHOICE, "KIND",
             .choices = "ipv4|ipv6|cidr|domain|url|md5|sha1|sha256|sha512|email|ja3|ja4|other",
             .help = "take it for a value of this kind"},
            {"text", 0, COMMAND_FLAG, .help = "look for it as a text"},
            {"source", 's', COMMAND_TEXT, "NAME", .help = "only what this source gave"},
            {"after", 0, COMMAND_TEXT, "TIME", .help = "only versions later than this"},
            {"all-versions", 'a', COMMAND_FLAG, .help = "every version, not only the latest"},
            {"limit", 'n', COMMAND_INT, "N", .min = 0, .max = G_MAXINT32,
             .help = "stop after N objects; 0: never (default: 100)"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert search 'hxxp://login.bank[.]example/'", "a defanged URL"},
            {"concert search --text --type report 'Alder'", "reports that name Alder"},
            {NULL},
        },
    .nothing = "nothing was found",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
