#include "cli/shield_set.h"

#include <sys/stat.h>
#include <yyjson.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "cli/output.h"
#include "node/shield_cache.h"
#include "shield/set_summary.h"

gboolean shield_set_lists(const CommandCall *call, const Config *config, Warninglist **ret_lists,
                          GError **error)
{
    const char *const *paths = command_texts(call, "suppress");
    gboolean settings = config && config_path(config, SETTING_SHIELD_SUPPRESS);
    g_autoptr(Warninglist) lists = paths || settings ? warninglist_new() : NULL;

    if (settings && !shield_cache_add_lists(config, lists, error))
        return FALSE;
    for (; paths && *paths; paths++)
        if (!warninglist_add(lists, *paths, error))
            return FALSE;
    if (lists)
        warninglist_finish(lists);
    *ret_lists = g_steal_pointer(&lists);
    return TRUE;
}

gboolean shield_set_kinds(const CommandCall *call, guint32 *ret_kinds, GError **error)
{
    const char *const *kinds = command_texts(call, "kind");
    guint32 wanted = 0;
    for (; kinds && *kinds; kinds++) {
        ObservableKind kind = observable_kind_from_name(*kinds);
        if (kind == OBSERVABLE_NONE || kind == OBSERVABLE_OTHER) {
            command_usage(call, error, "--kind %s: there are " SHIELD_SET_KINDS, *kinds);
            return FALSE;
        }
        wanted |= 1u << kind;
    }
    *ret_kinds = wanted;
    return TRUE;
}

static void print_info(const Set *set, gboolean json, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    gsize length;
    const char *info = set_info(set, &length);
    g_autoptr(yyjson_doc) read = jsonguard_read(info, length, NULL);
    yyjson_val *object = read ? yyjson_doc_get_root(read) : NULL, *key, *value;
    gsize index, max;

    if (!yyjson_is_obj(object))
        return;
    if (json) {
        yyjson_obj_foreach (object, index, max, key, value) {
            yyjson_mut_obj_add(root, yyjson_val_mut_copy(doc, key),
                               yyjson_val_mut_copy(doc, value));
        }
        return;
    }
    const char *suffixes = yyjson_get_str(yyjson_obj_get(object, "public_suffixes"));
    if (suffixes)
        output_line("public suffixes: %s", suffixes);
    gint64 count = yyjson_get_sint(yyjson_obj_get(object, "refused_count"));
    if (count <= 0)
        return;
    g_autoptr(GString) names = g_string_new(NULL);
    yyjson_arr_foreach (yyjson_obj_get(object, "refused"), index, max, value) {
        if (yyjson_is_str(value))
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", yyjson_get_str(value));
    }
    output_line("refused as public suffixes: %" G_GINT64_FORMAT ": %s%s", count, names->str,
                (guint64)count > max ? ", ..." : "");
}

static void print_text(const Set *set, const char *path, const SetSummary *summary, gint64 written)
{
    char number[OUTPUT_NUMBER_MAX], other[OUTPUT_NUMBER_MAX];
    guint64 values = set_count_values(set);

    output_line("%s: %s indicators, %s values", path,
                output_number(number, set_count_indicators(set)), output_number(other, values));
    for (int kind = OBSERVABLE_IPV4; kind < OBSERVABLE_OTHER; kind++)
        if (summary->kinds[kind] > 0)
            output_line("  %-7s %s", observable_kind_name((ObservableKind)kind),
                        output_number(number, summary->kinds[kind]));
    if (set_count_patterns(set) > 0)
        output_line("  whole patterns, for `concert match --patterns`: %s",
                    output_number(number, set_count_patterns(set)));
    if (summary->not_yet > 0)
        output_line("  not yet valid: %s", output_number(number, summary->not_yet));
    if (summary->expired > 0)
        output_line("  no longer valid: %s", output_number(number, summary->expired));
    output_line("read while scanning: %s%s", output_size(number, set_scanned_size(set)),
                values > 0 || set_count_patterns(set) > 0 ? "" : " (it is empty)");
    if (summary->newest > 0)
        output_line("newest indicator: %s", output_time(number, summary->newest));
    if (written > 0)
        output_line("written: %s", output_time(number, written));
    for (guint i = 0; i < set_count_lists(set); i++) {
        SetList list;
        set_read_list(set, i, &list);
        if (list.values > 0)
            output_line("suppressed by \"%s\" (%s): %s values", list.name, list.version,
                        output_number(number, list.values));
    }
    print_info(set, FALSE, NULL, NULL);
}

static void add_lists(const Set *set, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    yyjson_mut_val *lists = yyjson_mut_obj_add_arr(doc, root, "lists");
    for (guint i = 0; i < set_count_lists(set); i++) {
        SetList list;
        set_read_list(set, i, &list);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, lists);
        yyjson_mut_obj_add_str(doc, object, "name", list.name);
        yyjson_mut_obj_add_str(doc, object, "version", list.version);
        yyjson_mut_obj_add_uint(doc, object, "values", list.values);
    }
}

static void print_json(const Set *set, const char *path, const SetSummary *summary, gint64 written)
{
    char newest[TIMESTAMP_MAX], when[TIMESTAMP_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(path, -1);

    yyjson_mut_obj_add_str(doc, root, "file", file);
    yyjson_mut_obj_add_uint(doc, root, "indicators", set_count_indicators(set));
    yyjson_mut_obj_add_uint(doc, root, "values", set_count_values(set));
    yyjson_mut_obj_add_uint(doc, root, "patterns", set_count_patterns(set));
    yyjson_mut_val *kinds = yyjson_mut_obj_add_obj(doc, root, "kinds");
    for (int kind = OBSERVABLE_IPV4; kind < OBSERVABLE_OTHER; kind++)
        if (summary->kinds[kind] > 0)
            yyjson_mut_obj_add_uint(doc, kinds, observable_kind_name((ObservableKind)kind),
                                    summary->kinds[kind]);
    yyjson_mut_obj_add_uint(doc, root, "not_yet_valid", summary->not_yet);
    yyjson_mut_obj_add_uint(doc, root, "no_longer_valid", summary->expired);
    yyjson_mut_obj_add_uint(doc, root, "scanned_bytes", set_scanned_size(set));
    if (summary->newest > 0)
        yyjson_mut_obj_add_str(doc, root, "newest", timestamp_format(newest, summary->newest, 3));
    if (written > 0)
        yyjson_mut_obj_add_str(doc, root, "written", timestamp_format(when, written, 3));
    add_lists(set, doc, root);
    print_info(set, TRUE, doc, root);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

void shield_set_print(const Set *set, const char *path, gboolean json)
{
    SetSummary summary;
    struct stat status;
    gint64 written = stat(path, &status) == 0 ? (gint64)status.st_mtime * G_USEC_PER_SEC : 0;

    set_summary_read(set, timestamp_now(), &summary);
    if (json)
        print_json(set, path, &summary, written);
    else
        print_text(set, path, &summary, written);
}
