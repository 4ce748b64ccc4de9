/* shield_export.c - `concert shield export FORMAT`: a subcommand for each format there is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/timestamp.h"
#include "cli/cmd_shield.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "node/releaser.h"
#include "node/shield_cache.h"
#include "shield/export_option.h"
#include "shield/export_set.h"

static gboolean write_bytes(gpointer user, const char *bytes, gsize length, GError **error)
{
    errno = 0;
    return fwrite(bytes, 1, length, user) == length ||
           error_from_errno(error, errno ? errno : EIO, "writing");
}

/* What is exported: of @set all, or what @releaser (NULL: none) says is in force. */
typedef struct {
    Releaser *releaser;
    Set *own;                          /* NULL: the releaser's */
    const Set *set;                    /* either */
    guint64 left_out[RELEASE_REASONS]; /* of what was approved, what may not block now */
} Source;

static void source_clear(Source *source)
{
    releaser_free(source->releaser);
    set_free(source->own);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Source, source_clear)

typedef struct {
    const ExportFormat *format;
    const ExportOptions *options;
    Source *source;
    const char *path;    /* of the file; NULL: standard output */
    ExportCounts counts; /* of what was written */
} Writing;

/* Only root gives files away; to a group of one's own everybody does. */
static gboolean give(int fd, const struct stat *before)
{
    return fchown(fd, before->st_uid, before->st_gid) == 0 ||
           (errno == EPERM && (fchown(fd, (uid_t)-1, before->st_gid) == 0 || errno == EPERM));
}

/* Who reads an export is mostly another user, whoever may read what else the node writes. What was
 * chosen for the file that is there stays, as far as that can be. */
static gboolean give_access(int fd, const char *path, GError **error)
{
    struct stat before;
    gboolean there = stat(path, &before) == 0;
    if (there && (before.st_uid != geteuid() || before.st_gid != getegid()) && !give(fd, &before))
        return error_from_errno(error, errno, "%s", path);
    return fchmod(fd, there ? before.st_mode & 0777 : 0644) == 0 ||
           error_from_errno(error, errno, "%s", path);
}

/* An ExportSetAdmits: what is in force, counting what was approved and may not block now. */
static gboolean admit(gpointer user, const SetValue *value)
{
    Source *source = user;
    if (!release_has(source->releaser->approved, value))
        return FALSE;
    ReleaseReason reason = release_judge(&source->releaser->rules, value);
    source->left_out[reason] += reason != RELEASE_TAKEN;
    return reason == RELEASE_TAKEN;
}

/* A DurableFill. */
static gboolean write_set(FILE *stream, gpointer user, GError **error)
{
    Writing *writing = user;
    Source *source = writing->source;
    g_autoptr(Export) export =
        export_new(writing->format, writing->options, write_bytes, stream, error);
    if (writing->path && !give_access(fileno(stream), writing->path, error))
        return FALSE;
    if (!export ||
        !export_set_add(export, source->set, source->releaser ? admit : NULL, source, error) ||
        !export_finish(export, &writing->counts, error))
        return FALSE;
    errno = 0;
    return fflush(stream) == 0 || error_from_errno(error, errno ? errno : EIO, "writing");
}

/* What is in force. */
static gboolean open_release(Node *node, ExportOptions *options, Source *source, GError **error)
{
    source->releaser = releaser_open(node, options->now, error);
    if (!source->releaser)
        return FALSE;
    if (source->releaser->number == 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "no release is in force: `concert shield propose`");
        return FALSE;
    }
    source->set = source->releaser->set;
    options->approved = TRUE;
    return TRUE;
}

static gboolean open_source(const CommandCall *call, const ExportFormat *format,
                            ExportOptions *options, Source *source, GError **error)
{
    const char *from = command_text(call, "from");
    gboolean blocks = export_format_blocks(format);
    if (from) {
        source->set = source->own = set_open(from, error);
        command_file_error(error);
        return source->set != NULL;
    }
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return FALSE;
    if (blocks && !command_flag(call, "from-store"))
        return open_release(node, options, source, error);
    if (blocks && !command_text(call, "unmarked"))
        options->unmarked = releaser_unmarked(node_config(node));
    source->set = source->own = shield_cache_open(node, NULL, error);
    return source->set != NULL;
}

/* "domain 3, url 1" */
static char *describe_kinds(const ExportCounts *counts, ExportReason reason)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int kind = OBSERVABLE_IPV4; kind <= OBSERVABLE_OTHER; kind++)
        if (counts->by_reason[reason][kind] > 0)
            g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len > 0 ? ", " : "",
                                   observable_kind_name((ObservableKind)kind),
                                   counts->by_reason[reason][kind]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void print_notes(const ExportFormat *format, const Writing *writing)
{
    const ExportCounts *counts = &writing->counts;
    output_note("%s: %" G_GUINT64_FORMAT " values written", export_format_name(format),
                counts->values);
    for (int reason = EXPORT_DONE + 1; reason < EXPORT_REASONS; reason++) {
        guint64 sum = export_counts_sum(counts, (ExportReason)reason);
        g_autofree char *kinds = describe_kinds(counts, (ExportReason)reason);
        if (sum > 0)
            output_note("  %" G_GUINT64_FORMAT " %s: %s", sum,
                        export_reason_words((ExportReason)reason), kinds);
    }
    for (int reason = RELEASE_TAKEN + 1; reason < RELEASE_REASONS; reason++)
        if (writing->source->left_out[reason] > 0)
            output_note("  %" G_GUINT64_FORMAT " approved, and left out now: %s",
                        writing->source->left_out[reason],
                        release_reason_words((ReleaseReason)reason));
}

static void print_json(const ExportFormat *format, const ExportOptions *options, const char *path,
                       const Writing *writing)
{
    const ExportCounts *counts = &writing->counts;
    char time[TIMESTAMP_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(path, -1);
    yyjson_mut_obj_add_str(doc, root, "format", export_format_name(format));
    yyjson_mut_obj_add_str(doc, root, "file", file);
    yyjson_mut_obj_add_str(doc, root, "time", timestamp_format(time, options->time, 6));
    yyjson_mut_obj_add_uint(doc, root, "values", counts->values);
    yyjson_mut_obj_add_uint(doc, root, "entries", counts->entries);
    yyjson_mut_obj_add_uint(doc, root, "bytes", counts->bytes);
    for (int reason = EXPORT_DONE + 1; reason < EXPORT_REASONS; reason++) {
        if (export_counts_sum(counts, (ExportReason)reason) == 0)
            continue;
        yyjson_mut_val *kinds =
            yyjson_mut_obj_add_obj(doc, root, export_reason_name((ExportReason)reason));
        for (int kind = OBSERVABLE_IPV4; kind <= OBSERVABLE_OTHER; kind++)
            if (counts->by_reason[reason][kind] > 0)
                yyjson_mut_obj_add_uint(doc, kinds, observable_kind_name((ObservableKind)kind),
                                        counts->by_reason[reason][kind]);
    }
    if (writing->source->releaser) {
        yyjson_mut_val *left = yyjson_mut_obj_add_obj(doc, root, "left_out");
        for (int reason = RELEASE_TAKEN + 1; reason < RELEASE_REASONS; reason++)
            if (writing->source->left_out[reason] > 0)
                yyjson_mut_obj_add_uint(doc, left, release_reason_name((ReleaseReason)reason),
                                        writing->source->left_out[reason]);
    }
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* The options of the table, as they were given. */
static gboolean read_options(const CommandCall *call, const ExportFormat *format,
                             ExportOptions *options, GError **error)
{
    for (const ExportOption *option = export_options(); option->name; option++) {
        gboolean good = TRUE;
        if (!export_option_fits(option, format))
            continue;
        if (option->many) {
            const char *const *values = command_texts(call, option->name);
            for (; good && values && *values; values++)
                good = option->set(options, *values, error);
        } else if (option->argument) {
            const char *value = command_text(call, option->name);
            good = !value || option->set(options, value, error);
        } else if (command_flag(call, option->name)) {
            good = option->set(options, NULL, error);
        }
        if (!good) {
            g_prefix_error(error, "--%s: ", option->name);
            return FALSE;
        }
    }
    return TRUE;
}

static int run(const CommandCall *call, GError **error)
{
    const ExportFormat *format = export_format_find(call->command->name, error);
    const char *path = command_text(call, "output");
    gboolean to_file = path && strcmp(path, "-") != 0;
    gint64 now = timestamp_now();
    ExportOptions options = {.now = now, .time = now, .action = -1};
    if (!read_options(call, format, &options, error))
        return COMMAND_ERROR;
    if (export_format_blocks(format) && command_text(call, "unmarked") &&
        !command_text(call, "from") && !command_flag(call, "from-store"))
        return command_usage(call, error,
                             "--unmarked: with --from or --from-store; what may be "
                             "released, [shield] unmarked says");
    if (command_text(call, "from") && export_format_blocks(format) &&
        command_flag(call, "from-store"))
        return command_usage(call, error, "--from and --from-store do not go together");
    if (command_json(call) && !to_file)
        return command_usage(call, error, "--json says what was written to -o FILE");
    g_auto(Source) source = {0};
    Writing writing = {
        .format = format, .options = &options, .source = &source, .path = to_file ? path : NULL};
    if (!open_source(call, format, &options, &source, error))
        return COMMAND_ERROR;
    /* Who reloads the file while it is written reads the old one. */
    if (!(to_file ? durable_write_stream(path, 0644, write_set, &writing, error)
                  : write_set(stdout, &writing, error))) {
        if (to_file && error && !strstr((*error)->message, path))
            g_prefix_error(error, "%s: ", path);
        return command_file_error(error);
    }
    if (command_json(call))
        print_json(format, &options, path, &writing);
    else
        print_notes(format, &writing);
    return COMMAND_OK;
}

/* What the table of options does not have. */
static const CommandOption option_output = {
    "output", 'o', COMMAND_TEXT, "FILE",
    .help = "write to FILE, which changes only when all is written (default: standard output)"};
static const CommandOption option_from = {
    "from", 0, COMMAND_TEXT, "FILE",
    .help = "the indicators of a compiled set (default: the node's)"};
static const CommandOption option_from_store = {
    "from-store", 0, COMMAND_FLAG,
    .help = "take all indicators whose PAP level permits it, approved or not"};

/* The options of a format; kept for good, as the command is. */
static const CommandOption *make_options(const ExportFormat *format)
{
    const CommandOption json = COMMAND_OPTION_JSON, end = COMMAND_OPTIONS_END;
    GArray *options = g_array_new(FALSE, FALSE, sizeof(CommandOption));
    g_array_append_val(options, option_output);
    g_array_append_val(options, option_from);
    if (export_format_blocks(format))
        g_array_append_val(options, option_from_store);
    for (const ExportOption *row = export_options(); row->name; row++) {
        const CommandOption option = {
            .name = row->name,
            .letter = row->letter,
            .type = row->many       ? COMMAND_TEXTS
                    : row->choices  ? COMMAND_CHOICE
                    : row->argument ? COMMAND_TEXT
                                    : COMMAND_FLAG,
            .argument = row->argument,
            .choices = row->choices,
            .help = row->help,
        };
        if (export_option_fits(row, format))
            g_array_append_val(options, option);
    }
    g_array_append_val(options, json);
    g_array_append_val(options, end);
    return (const CommandOption *)(gpointer)g_array_free(options, FALSE);
}

/* One command for each row of the table of formats. */
static const Command *const *make_list(const Command *self)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (const ExportFormat *const *format = export_formats(); *format; format++) {
        Command *command = g_new0(Command, 1);
        command->name = export_format_name(*format);
        command->summary = export_format_summary(*format);
        command->options = make_options(*format);
        command->uses_node = TRUE;
        command->nothing = export_format_blocks(*format) ? "no release is in force" : NULL;
        command->run = run;
        g_ptr_array_add(list, command);
    }
    g_ptr_array_add(list, NULL);
    return (const Command *const *)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

const Command shield_export = {
    .name = "export",
    .summary = "write indicators for resolvers, packet filters, sensors and other programs",
    .description =
        "Formats that block take the release in force (see `concert shield propose`), and exit "
        "with "
        "1 when there is none; with --from-store, or of a compiled set, the indicators marked "
        "PAP:CLEAR or PAP:GREEN. The others take all indicators. Expired and revoked ones, and "
        "what is on warninglists, are left out.\n\n"
        "What a format cannot say is never left out in silence: how many values of which kind, and "
        "why, stands on standard error, and in --json.",
    .make_subcommands = make_list,
    .examples =
        (const CommandExample[]){
            {"concert shield export rpz -o /etc/bind/rpz.concert", "a zone for the resolver"},
            {"concert shield export nftables | nft -f -", "block at once, counted"},
            {NULL},
        },
};
