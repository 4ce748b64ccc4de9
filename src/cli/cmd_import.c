/* cmd_import.c - `concert import`: indicators and objects in, with a word on each that did not go
 * in as it was. */
#include <string.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/reading_options.h"
#include "node/importer.h"

/* Lines of one kind that a terminal is spared after. */
#define LINES_MAX 20

typedef struct {
    OutputProgress progress;
    gboolean json;
    gboolean all;      /* do not cap the lines */
    gboolean warnings; /* they are many, and seldom the importer's to mend: only when asked for */
    guint64 lines[IMPORTER_BROKEN + 1];
} Report;

static void print_event(ImporterEvent event, const char *where, const char *id, const char *message)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, root, "event", importer_event_name(event));
    jsontext_add(doc, root, "where", where);
    jsontext_add(doc, root, "id", id);
    jsontext_add(doc, root, "message", message);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void report_event(gpointer user, ImporterEvent event, const char *where, const char *id,
                         const char *message)
{
    Report *report = user;
    if (event == IMPORTER_ACCEPTED || event == IMPORTER_UNCHANGED)
        return;
    if (event == IMPORTER_VARIANT)
        message = "this version is there with other bytes; kept beside it";
    if (event == IMPORTER_CLAIM)
        message = "another source's object; kept as a claim";
    report->lines[event]++;
    if (report->json) {
        print_event(event, where, id, message);
        return;
    }
    if ((!report->all && report->lines[event] > LINES_MAX) ||
        (event == IMPORTER_WARNING && !report->warnings))
        return;
    output_progress_clear(&report->progress);
    output_line("%-9s %s%s%s%s%s", importer_event_name(event), where ? where : "", id ? ": " : "",
                id ? id : "", message ? ": " : "", message ? message : "");
}

static void report_progress(gpointer user, guint64 done, guint64 total,
                            const ImporterCounts *counts)
{
    Report *report = user;
    char number[OUTPUT_NUMBER_MAX], size[OUTPUT_NUMBER_MAX];
    output_number(number, counts->accepted + counts->unchanged + counts->variants + counts->claims +
                              counts->rejected);
    if (total > 0)
        output_progress(&report->progress, "%3u%%  %s objects",
                        (guint)(MIN(done, total) * 100 / total), number);
    else
        output_progress(&report->progress, "%s  %s objects", output_size(size, done), number);
}

static void print_summary(const Report *report, const ImporterCounts *counts, gint64 started)
{
    const struct {
        const char *word;
        guint64 count;
        gboolean always;
    } words[] = {
        {"accepted", counts->accepted, TRUE},  {"unchanged", counts->unchanged, TRUE},
        {"variants", counts->variants, FALSE}, {"claims", counts->claims, FALSE},
        {"rejected", counts->rejected, TRUE},  {"warnings", counts->warnings, FALSE},
        {"unmapped", counts->unmapped, FALSE}, {"ignored", counts->ignored, FALSE},
        {"broken", counts->broken, FALSE},
    };
    double seconds = (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC;
    if (report->json) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "event", "summary");
        for (guint i = 0; i < G_N_ELEMENTS(words); i++)
            yyjson_mut_obj_add_uint(doc, root, words[i].word, words[i].count);
        yyjson_mut_obj_add_uint(doc, root, "bytes", counts->bytes);
        yyjson_mut_obj_add_real(doc, root, "seconds", seconds);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    for (guint event = 0; event < G_N_ELEMENTS(report->lines); event++)
        if (!report->all && report->lines[event] > LINES_MAX && event != IMPORTER_WARNING)
            output_line("%-9s %" G_GUINT64_FORMAT " more; -v shows all", importer_event_name(event),
                        report->lines[event] - LINES_MAX);
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        char number[OUTPUT_NUMBER_MAX];
        if (words[i].always || words[i].count > 0)
            g_string_append_printf(line, "%s%s %s", line->len > 0 ? ", " : "",
                                   output_number(number, words[i].count), words[i].word);
    }
    if (report->lines[IMPORTER_WARNING] > 0 && !report->warnings)
        g_string_append(line, "; -v shows the warnings");
    output_line("%s (%.1f s)", line->str, seconds);
}

static gboolean read_time(const CommandCall *call, const char *option, gint64 *ret_us,
                          GError **error)
{
    const char *text = command_text(call, option);
    if (!text || timestamp_parse_lenient(text, strlen(text), ret_us))
        return TRUE;
    command_usage(call, error, "--%s %s: not a time such as 2024-05-01T10:20:30Z", option, text);
    return FALSE;
}

static gboolean intake_options(const CommandCall *call, const Config *config, const char *source,
                               IntakeOptions *ret_options, GError **error)
{
    static const IntakeFormat formats[] = {INTAKE_STIX, INTAKE_MISP, INTAKE_MISP_FEED, INTAKE_LIST,
                                           INTAKE_CSV};
    const char *kind = command_text(call, "kind");
    int format = command_choice(call, "format", -1);
    IntakeOptions options = {
        .format = format < 0 ? INTAKE_NONE : formats[format],
        .source = source,
        .csv_columns = command_text(call, "columns"),
        .confidence = (int)command_int(call, "confidence", -1),
        .tlp = command_text(call, "tlp"),
        .kind = kind ? observable_kind_from_name(kind) : OBSERVABLE_NONE,
        .fetch =
            {
                .max_bytes = config_size(config, SETTING_FETCH_MAX_BYTES),
                .timeout_seconds = config_duration(config, SETTING_FETCH_TIMEOUT),
                .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                .ca_file = config_path(config, SETTING_FETCH_CA_FILE),
            },
    };
    if (!read_time(call, "valid-from", &options.valid_from, error) ||
        !read_time(call, "valid-until", &options.valid_until, error))
        return FALSE;
    *ret_options = options;
    return TRUE;
}

/* Reads every input. One that cannot be read is named and costs the others nothing: *ret_unread
 * counts them. FALSE when the node takes no more. */
static gboolean read_inputs(const CommandCall *call, const IntakeOptions *options,
                            Importer *importer, guint *ret_unread, GError **error)
{
    const IntakeSink *sink = importer_sink(importer);
    guint unread = 0;
    for (guint i = 0; i < call->count; i++) {
        const char *input = call->arguments[i];
        gboolean url = g_str_has_prefix(input, "http://") || g_str_has_prefix(input, "https://");
        g_autoptr(GError) failure = NULL;
        if (url ? intake_url(input, options, sink, &failure)
                : intake_path(input, options, sink, &failure))
            continue;
        if (!importer_flush(importer, error))
            return FALSE;
        output_error(failure->message);
        unread++;
    }
    *ret_unread = unread;
    return TRUE;
}

static int run(const CommandCall *call, GError **error)
{
    static const ObjectLevel levels[] = {OBJECT_LENIENT, OBJECT_DEFAULT, OBJECT_STRICT};
    if (command_flag(call, "lenient") && command_flag(call, "strict"))
        return command_usage(call, error, "--lenient or --strict, not both");
    g_autoptr(Node) node =
        command_node_open(call, command_flag(call, "dry-run") ? NODE_READ : NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    const Config *config = node_config(node);
    const char *source = command_text(call, "source");
    const char *collection = command_text(call, "collection");
    source = source ? source : config_string(config, SETTING_IMPORT_SOURCE);
    collection = collection ? collection : config_string(config, SETTING_IMPORT_COLLECTION);

    IntakeOptions intake;
    if (!intake_options(call, config, source, &intake, error))
        return COMMAND_ERROR;
    Report report = {
        .json = command_json(call),
        .all = command_flag(call, "verbose") || !isatty(STDOUT_FILENO),
        .warnings = command_flag(call, "verbose"),
    };
    ImporterOptions options = {
        .source = source,
        .collection = command_flag(call, "no-collection") ? NULL : collection,
        .level = command_flag(call, "lenient")  ? OBJECT_LENIENT
                 : command_flag(call, "strict") ? OBJECT_STRICT
                                                : levels[config_enum(config, SETTING_IMPORT_LEVEL)],
        .dry_run = command_flag(call, "dry-run"),
        .report = report_event,
        .progress = report_progress,
        .user = &report,
    };
    gint64 started = g_get_monotonic_time();
    Importer *importer = importer_new(node, &options, error);
    if (!importer)
        return COMMAND_ERROR;
    ImporterCounts counts = {0};
    guint unread = 0;
    gboolean read = read_inputs(call, &intake, importer, &unread, error);
    /* What was read before an input broke off is durable all the same, and is counted. */
    gboolean kept = importer_finish(importer, &counts, read ? error : NULL);
    output_progress_clear(&report.progress);
    print_summary(&report, &counts, started);
    if (!read || !kept || unread > 0)
        return COMMAND_ERROR;
    return counts.rejected + counts.broken > 0 ? COMMAND_NOTHING : COMMAND_OK;
}

const Command cmd_import = {
    .name = "import",
    .summary = "put indicators and objects into the node",
    .arguments = "FILE|DIR|URL|-...",
    .description =
        "Reads STIX bundles and objects, MISP events and feed directories, plain lists of "
        "addresses, names, URLs and hashes (defanged or not), and CSV; plain or compressed with "
        "gzip, zstd or xz. The format is told from the content, and what it was taken for is "
        "said.\n\n"
        "STIX objects are kept byte for byte. Everything else becomes STIX objects whose ids "
        "follow from the content, so importing twice changes nothing. One bad object never costs "
        "its neighbours: each that is rejected, or kept beside another (variant, claim), is named "
        "with the reason; on a terminal the first 20 of a kind, with -v all. What is against a "
        "SHOULD of the specification is counted as a warning, and named with -v.",
    .options =
        (const CommandOption[]){
            {"source", 's', COMMAND_TEXT, "NAME",
             .help = "who gives it (default: [import] source)"},
            {"collection", 'c', COMMAND_TEXT, "NAME",
             .help = "collection the objects join (default: [import] collection)"},
            {"no-collection", 0, COMMAND_FLAG, .help = "keep the objects outside collections"},
            {"lenient", 0, COMMAND_FLAG, .help = "check only what storing needs"},
            {"strict", 0, COMMAND_FLAG, .help = "reject what the specification says SHOULD not be"},
            READING_OPTIONS,
            {"valid-from", 0, COMMAND_TEXT, "TIME", .help = "of the indicators made"},
            {"valid-until", 0, COMMAND_TEXT, "TIME", .help = "of the indicators made"},
            {"dry-run", 'n', COMMAND_FLAG, .help = "check everything and keep nothing"},
            {"verbose", 'v', COMMAND_FLAG,
             .help = "name every object that is not simply accepted, and every warning"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert import bundle.json feed.csv.gz", "two files of any format"},
            {"concert import --source birch --tlp amber https://feeds.birch.example/list.txt",
             "a list that Birch publishes"},
            {"zcat list.gz | concert import -k ja3 -", "a list of JA3 fingerprints"},
            {NULL},
        },
    .nothing = "at least one object was rejected or one entry broken",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run,
};
