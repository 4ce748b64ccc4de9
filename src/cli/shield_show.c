/* shield_show.c - `concert shield show` and `check`: what a compiled set holds, and whether it is
 * whole. */
#include "cli/cmd_shield.h"
#include "cli/output.h"
#include "cli/shield_set.h"

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Set) set = set_open(call->arguments[0], error);
    if (!set)
        return command_file_error(error);
    shield_set_print(set, call->arguments[0], command_json(call));
    return COMMAND_OK;
}

static int run_check(const CommandCall *call, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    g_autoptr(Set) set = set_open(call->arguments[0], &wrong);
    gboolean sound = set && set_check(set, &wrong);

    if (!sound && !g_error_matches(wrong, CONCERT_ERROR, CONCERT_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return command_file_error(error);
    }
    if (!sound)
        output_error(wrong->message);
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        g_autofree char *file = g_utf8_make_valid(call->arguments[0], -1);
        yyjson_mut_obj_add_str(doc, root, "file", file);
        yyjson_mut_obj_add_bool(doc, root, "sound", sound);
        if (!sound)
            yyjson_mut_obj_add_str(doc, root, "wrong", wrong->message);
        output_json(root);
        yyjson_mut_doc_free(doc);
    } else if (sound) {
        output_line("%s: sound", call->arguments[0]);
    }
    return sound ? COMMAND_OK : COMMAND_NOTHING;
}

static const CommandOption options[] = {COMMAND_OPTION_JSON, COMMAND_OPTIONS_END};

const Command shield_show = {
    .name = "show",
    .summary = "what a compiled set holds",
    .arguments = "FILE",
    .options = options,
    .min_arguments = 1,
    .run = run_show,
};

const Command shield_check = {
    .name = "check",
    .summary = "whether a compiled set is whole, to the last bit",
    .arguments = "FILE",
    .options = options,
    .nothing = "the file is damaged",
    .min_arguments = 1,
    .run = run_check,
};
