/* cmd_config.c - `concert config`: what concert.conf says, and whether it is right. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "node/config.h"

/* Reads the configuration file of the call; NULL with @error when there is none to read. */
static Config *read_file(const CommandCall *call, char **ret_path, GPtrArray *problems,
                         GError **error)
{
    g_autofree char *path =
        call->count > 0 ? g_strdup(call->arguments[0])
                        : g_build_filename(command_node_directory(call), "concert.conf", NULL);
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(path, &text, &length, &failure)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, failure->message);
        return NULL;
    }
    g_autofree char *directory = g_path_get_dirname(path);
    Config *config = config_parse(directory, path, text, length, problems);
    *ret_path = g_steal_pointer(&path);
    return config;
}

static guint count_given(const Config *config)
{
    guint given = 0;
    for (SettingId id = 0; id < SETTING_COUNT; id++)
        given += config_line(config, id) > 0;
    return given;
}

static int run_check(const CommandCall *call, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = NULL;
    g_autoptr(Config) config = read_file(call, &path, problems, error);
    if (!config)
        return COMMAND_ERROR;

    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "file", path);
        yyjson_mut_obj_add_bool(doc, root, "fine", problems->len == 0);
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "problems");
        for (guint i = 0; i < problems->len; i++)
            yyjson_mut_arr_add_str(doc, list, problems->pdata[i]);
        output_json(root);
        yyjson_mut_doc_free(doc);
    } else {
        for (guint i = 0; i < problems->len; i++)
            output_line("%s", (const char *)problems->pdata[i]);
        if (problems->len == 0)
            output_line("%s: fine; sets %u of %u settings", path, count_given(config),
                        (guint)SETTING_COUNT);
    }
    return problems->len == 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static void show_json(const Config *config)
{
    for (SettingId id = 0; id < SETTING_COUNT; id++) {
        const Setting *setting = settings_get(id);
        g_autofree char *allowed = settings_allowed(setting);
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "section", setting->section);
        yyjson_mut_obj_add_str(doc, root, "name", setting->name);
        yyjson_mut_obj_add_str(doc, root, "value", config_text(config, id));
        yyjson_mut_obj_add_str(doc, root, "default", setting->fallback);
        if (config_line(config, id) > 0)
            yyjson_mut_obj_add_uint(doc, root, "line", config_line(config, id));
        yyjson_mut_obj_add_str(doc, root, "allowed", allowed);
        yyjson_mut_obj_add_str(doc, root, "help", setting->help);
        output_json(root);
        yyjson_mut_doc_free(doc);
    }
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = NULL;
    g_autoptr(Config) config = read_file(call, &path, problems, error);
    if (!config)
        return COMMAND_ERROR;
    if (problems->len > 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, problems->pdata[0]);
        return COMMAND_ERROR;
    }
    if (command_json(call)) {
        show_json(config);
        return COMMAND_OK;
    }
    OutputTable *table = output_table_new("SETTING", "VALUE", "FROM", NULL);
    for (SettingId id = 0; id < SETTING_COUNT; id++) {
        const Setting *setting = settings_get(id);
        g_autofree char *name = g_strdup_printf("[%s] %s", setting->section, setting->name);
        g_autofree char *from = config_line(config, id) > 0
                                    ? g_strdup_printf("line %u", config_line(config, id))
                                    : g_strdup("default");
        const char *value = config_text(config, id);
        output_table_row(table, (const char *[]){name, value ? value : "(not set)", from});
    }
    output_table_print(table);
    return COMMAND_OK;
}

static const CommandOption options[] = {COMMAND_OPTION_JSON, COMMAND_OPTIONS_END};

static const Command command_check = {
    .name = "check",
    .summary = "check concert.conf and name everything that is wrong with it",
    .arguments = "[FILE]",
    .description = "Each problem is printed with file, line and what would be allowed.",
    .options = options,
    .nothing = "something is wrong",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_check,
};

static const Command command_show = {
    .name = "show",
    .summary = "show every setting, its value and where it comes from",
    .arguments = "[FILE]",
    .options = options,
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_show,
};

const Command cmd_config = {
    .name = "config",
    .summary = "check and show the settings",
    .description = "The settings are in concert.conf in the node's directory; concert.conf(5) "
                   "explains each.",
    .subcommands = (const Command *const[]){&command_check, &command_show, NULL},
};
