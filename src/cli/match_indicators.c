#include "cli/match_indicators.h"

#include <string.h>

#include "cli/command_node.h"
#include "cli/shield_set.h"
#include "node/shield_cache.h"

gboolean match_indicators_check_files(const CommandCall *call, const char *files, GError **error)
{
    static const char *const options[] = {"format", "columns", "kind"};

    if (command_texts(call, files))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (command_text(call, options[i])) {
            command_usage(call, error,
                          "--%s says how the files of --%s are read, and there are none",
                          options[i], files);
            return FALSE;
        }
    return TRUE;
}

gboolean match_indicators_check(const CommandCall *call, GError **error)
{
    const char *nothing = command_texts(call, "suppress")     ? "suppress"
                          : command_flag(call, "observables") ? "observables"
                                                              : NULL;

    if (command_text(call, "set") && command_texts(call, "indicators"))
        command_usage(call, error, "--set and -i do not go together");
    else if (command_text(call, "set") && nothing)
        command_usage(call, error, "--%s does nothing to what --set names: it is compiled already",
                      nothing);
    else
        return match_indicators_check_files(call, "indicators", error);
    return FALSE;
}

/* The source is the file's own name. */
gboolean match_indicators_read(const CommandCall *call, const char *const *inputs, LoadTake take,
                               gpointer into, const LoadOptions *options, gboolean partly,
                               LoadCounts *counts, GError **error)
{
    static const IntakeFormat formats[] = {INTAKE_STIX, INTAKE_MISP, INTAKE_MISP_FEED, INTAKE_LIST,
                                           INTAKE_CSV};
    const char *kind = command_text(call, "kind");
    int format = command_choice(call, "format", -1);

    for (; *inputs; inputs++) {
        g_autofree char *name = g_path_get_basename(*inputs);
        IntakeOptions intake = {
            .format = format < 0 ? INTAKE_NONE : formats[format],
            .source = strcmp(name, "-") == 0 ? "stdin" : name,
            .csv_columns = command_text(call, "columns"),
            .confidence = -1,
            .kind = kind ? observable_kind_from_name(kind) : OBSERVABLE_NONE,
        };
        if (!match_set_read_input(take, into, *inputs, &intake, options, partly, counts, error)) {
            /* That a file is not there is the user's mistake, not a search without a result. */
            if (error && g_error_matches(*error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
                (*error)->code = CONCERT_ERROR_INPUT;
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_node(Node *node, LoadTake take, gpointer into, const LoadOptions *options,
                         LoadCounts *counts, GError **error)
{
    return match_set_read_store(take, into, node_store(node), NULL, options, counts, error);
}

gboolean match_indicators_add(const CommandCall *call, LoadTake take, gpointer into,
                              const LoadOptions *options, LoadCounts *counts, GError **error)
{
    const char *const *inputs = command_texts(call, "indicators");
    g_autoptr(Node) node = inputs ? NULL : command_node_open(call, NODE_READ, error);
    if (inputs)
        return match_indicators_read(call, inputs, take, into, options, FALSE, counts, error);
    return node && add_node(node, take, into, options, counts, error);
}

void match_indicators_explain(const CommandCall *call, const LoadCounts *counts, GError **error)
{
    const char *const *inputs = command_texts(call, "indicators");
    g_autofree char *files = inputs ? g_strjoinv(", ", (char **)inputs) : NULL;
    g_autoptr(GString) why = g_string_new(files);
    g_string_append(why,
                    files ? ": no indicators to look for" : "there are no indicators to look for");
    if (counts->out_of_date > 0)
        g_string_append_printf(why, "; %" G_GUINT64_FORMAT " are out of date (see --expired)",
                               counts->out_of_date);
    if (counts->observables > 0)
        g_string_append_printf(why, "; %" G_GUINT64_FORMAT " are observables (see --observables)",
                               counts->observables);
    if (counts->empty > 0)
        g_string_append_printf(why, "; %" G_GUINT64_FORMAT " name nothing a text can show",
                               counts->empty);
    if (counts->patterns > 0)
        g_string_append_printf(why, "; %" G_GUINT64_FORMAT " are patterns (see --patterns)",
                               counts->patterns);
    if (counts->misread > 0)
        g_string_append_printf(why, "; the patterns of %" G_GUINT64_FORMAT " cannot be read",
                               counts->misread);
    if (counts->broken > 0)
        g_string_append_printf(why, "; %" G_GUINT64_FORMAT " could not be read", counts->broken);
    if (counts->lost > 0)
        g_string_append(why, "; of what was given not all could be read");
    if (!files && !strchr(why->str, ';'))
        g_string_append(why, ": put some into the node with `concert import`, or name a file of "
                             "them with -i");
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, why->str);
}

static Set *build_set(const CommandCall *call, const LoadOptions *options, gboolean whole,
                      guint64 *ret_lost, GError **error)
{
    const char *const *inputs = command_texts(call, "indicators");
    g_autoptr(Node) node = inputs ? NULL : command_node_open(call, NODE_READ, error);
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(Warninglist) lists = NULL;
    g_autoptr(Set) set = NULL;
    LoadCounts counts = {0};

    if ((!inputs && !node) ||
        !shield_set_lists(call, node ? node_config(node) : NULL, &lists, error))
        return NULL;
    set_builder_use_lists(builder, lists);
    if (inputs ? match_indicators_read(call, inputs, match_set_take, builder, options, FALSE,
                                       &counts, error)
               : add_node(node, match_set_take, builder, options, &counts, error))
        set = set_builder_open(builder, error);
    if (set && whole && counts.lost > 0)
        return error_input_null(error,
                                "%" G_GUINT64_FORMAT " inputs of -i could not be read to their end",
                                counts.lost);
    if (set && set_count_values(set) == 0) {
        match_indicators_explain(call, &counts, error);
        return NULL;
    }
    if (set && ret_lost)
        *ret_lost = counts.lost;
    return g_steal_pointer(&set);
}

Set *match_indicators_open(const CommandCall *call, const LoadOptions *options, gboolean whole,
                           guint64 *ret_lost, GError **error)
{
    const char *path = command_text(call, "set");
    if (path) {
        Set *set = set_open(path, error);
        if (!set)
            command_file_error(error);
        return set;
    }
    if (command_texts(call, "indicators") || command_texts(call, "suppress") || options->expired ||
        options->observables)
        return build_set(call, options, whole, ret_lost, error);
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Set) set = node ? shield_cache_open(node, NULL, error) : NULL;
    if (!set || set_count_values(set) > 0)
        return g_steal_pointer(&set);
    return build_set(call, options, whole, ret_lost, error); /* says why there are none */
}
