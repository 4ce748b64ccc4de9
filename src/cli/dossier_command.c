#include "cli/dossier_command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/dossier_core.h"
#include "cli/dossier_view.h"
#include "cli/letter.h"
#include "cli/output.h"
#include "cli/signatory.h"

#define SHORT_LENGTH 8 /* digits of an id in a list */

/* A subcommand that was made. */
typedef struct {
    Command command; /* first: a call's command is one of these */
    const Procedure *procedure;
    const ProcedureTransition *row; /* NULL: list or show */
    const CommandOption *option;    /* instead of that of the field of its name; NULL: none */
    gboolean (*fill)(const CommandCall *call, Node *node, DossierAct *act, GError **error);
} Made;

static const Made *made_of(const CommandCall *call)
{
    return (const Made *)(gconstpointer)call->command;
}

const ProcedureField *dossier_core_argument(const ProcedureTransition *row)
{
    const char *name = row->from == 0 ? "to" : "text";
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (g_str_equal(field->name, name) &&
            (row->from == 0 ? dossier_core_is_nodes(field) : field->type == PROCEDURE_TEXT))
            return field;
    return NULL;
}

/* --- ids ---------------------------------------------------------------------------------------
 */

char *dossier_command_id(const CommandCall *call, const Procedure *procedure)
{
    g_autofree char *prefix = g_strconcat(procedure->name, "-", NULL);
    const char *id = call->arguments[0];
    return g_strconcat(g_str_has_prefix(id, prefix) ? "" : prefix, id, NULL);
}

char *dossier_command_short(const char *id)
{
    /* PROCEDURE-UUID: a procedure's name has no dash, an UUID's first group has eight digits. */
    const char *dash = strchr(id, '-');
    return g_strndup(dash ? dash + 1 : id, SHORT_LENGTH);
}

/* --- doing something ---------------------------------------------------------------------------
 */

DossierAct dossier_command_act(const Procedure *procedure, const char *type, const char *dossier)
{
    DossierAct act = {.params = yyjson_mut_doc_new(NULL)};
    yyjson_mut_val *root = yyjson_mut_obj(act.params);
    yyjson_mut_doc_set_root(act.params, root);
    if (dossier)
        yyjson_mut_obj_add_strcpy(act.params, root, "dossier", dossier);
    else
        yyjson_mut_obj_add_str(act.params, root, "procedure", procedure->name);
    yyjson_mut_obj_add_strcpy(act.params, root, "type", type);
    act.payload = yyjson_mut_obj_add_obj(act.params, root, "payload");
    return act;
}

void dossier_command_act_clear(DossierAct *act)
{
    g_clear_pointer(&act->params, yyjson_mut_doc_free);
    act->payload = NULL;
}

static gboolean add_signatory(const CommandCall *call, const Node *node, DossierAct *act,
                              GError **error)
{
    const char *name = signatory_of(call, node, error);
    if (!name)
        return FALSE;
    yyjson_mut_obj_add_strcpy(act->params, yyjson_mut_doc_get_root(act->params), "signatory", name);
    return TRUE;
}

/* When each node that it is for gets it. */
static void tell_told(Node *node, const char *procedure, yyjson_val *result)
{
    const Procedure *known = procedure_find(procedure);
    gsize i, count;
    yyjson_val *name;
    yyjson_arr_foreach (yyjson_obj_get(result, "told"), i, count, name)
        if ((known && known->goes_on) || !letter_warn_suspended(node, yyjson_get_str(name)))
            output_note("%s is told as soon as it is reached.", yyjson_get_str(name));
}

static void tell_untold(yyjson_val *result)
{
    gsize i, count;
    yyjson_val *name;
    yyjson_arr_foreach (yyjson_obj_get(result, "untold"), i, count, name)
        output_note("%s is no peer of this node: others who are peers of it send it on.",
                    yyjson_get_str(name));
}

static void tell(const CommandCall *call, Node *node, yyjson_doc *result)
{
    yyjson_val *root = yyjson_doc_get_root(result);
    const char *id = yyjson_get_str(yyjson_obj_get(root, "dossier"));
    g_autofree char *abridged = dossier_command_short(id);
    g_autofree char *procedure = g_strndup(id, strcspn(id, "-"));
    if (command_json(call)) {
        yyjson_mut_doc *copy = yyjson_doc_mut_copy(result, NULL);
        output_json(yyjson_mut_doc_get_root(copy));
        yyjson_mut_doc_free(copy);
        return;
    }
    output_line("%s is %s; see `concert %s show %s`", id,
                yyjson_get_str(yyjson_obj_get(root, "state")), procedure_command(procedure),
                abridged);
    tell_told(node, procedure, root);
    tell_untold(root);
    if (yyjson_arr_size(yyjson_obj_get(root, "told")) > 0)
        letter_warn_unserved(call);
}

int dossier_command_do(const CommandCall *call, Node *node, DossierAct *act, GError **error)
{
    yyjson_doc *result = NULL;
    if (!add_signatory(call, node, act, error))
        return COMMAND_ERROR;
    yyjson_mut_doc *params = g_steal_pointer(&act->params);
    if (!command_node_call(node, "dossier.event", params, &result, error))
        return COMMAND_ERROR;
    tell(call, node, result);
    yyjson_doc_free(result);
    return COMMAND_OK;
}

/* Names all options that have to be given at once, not one after the other. */
static gboolean has_required(const CommandCall *call, const ProcedureTransition *row,
                             const DossierAct *act, GError **error)
{
    const char *first = NULL;
    g_autoptr(GString) options = g_string_new(NULL);
    for (const ProcedureField *field = row->fields; field && field->name; field++) {
        if (!field->is_required || yyjson_mut_obj_get(act->payload, field->name))
            continue;
        g_autofree char *option = dossier_core_option(field);
        first = first ? first : field->name;
        g_string_append_printf(options, " --%s ...", option);
    }
    if (first)
        command_usage(call, error, "\"%s\" is missing: give%s", first, options->str);
    return first == NULL;
}

static int run_step(const CommandCall *call, GError **error)
{
    const Made *made = made_of(call);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    g_autofree char *id = made->row->from == 0 ? NULL : dossier_command_id(call, made->procedure);
    g_auto(DossierAct) act = dossier_command_act(made->procedure, made->row->type, id);
    if (!dossier_command_fill(call, node, made->procedure, made->row, &act, error))
        return COMMAND_ERROR;
    if (made->fill && !made->fill(call, node, &act, error))
        return COMMAND_ERROR;
    if (!has_required(call, made->row, &act, error))
        return COMMAND_ERROR;
    return dossier_command_do(call, node, &act, error);
}

gboolean dossier_core_is_own(const CommandCall *call, const ProcedureField *field)
{
    if (call->command->run != run_step)
        return FALSE;
    g_autofree char *option = dossier_core_option(field);
    return made_of(call)->option && g_str_equal(made_of(call)->option->name, option);
}

static int run_list(const CommandCall *call, GError **error)
{
    return dossier_view_list(call, made_of(call)->procedure, error);
}

static int run_show(const CommandCall *call, GError **error)
{
    return dossier_view_show(call, made_of(call)->procedure, error);
}

/* --- the tables --------------------------------------------------------------------------------
 */

static char *join_words(const ProcedureWord *words, const char *separator)
{
    GString *text = g_string_new(NULL);
    for (const ProcedureWord *word = words; word && word->word; word++)
        g_string_append_printf(text, "%s%s", text->len > 0 ? separator : "", word->word);
    return g_string_free(text, FALSE);
}

/* How each type of field is given. */
static const struct {
    CommandOptionType type;
    const char *argument;
} kinds[] = {
    [PROCEDURE_TEXT] = {COMMAND_TEXT, "TEXT|-"},
    [PROCEDURE_LINE] = {COMMAND_TEXT, "TEXT"},
    [PROCEDURE_WORD] = {COMMAND_CHOICE, "WORD"},
    [PROCEDURE_TIME] = {COMMAND_TEXT, "TIME|DURATION"},
    [PROCEDURE_NODE] = {COMMAND_TEXT, "PEER"},
    [PROCEDURE_NODES] = {COMMAND_TEXTS, "PEER"},
    [PROCEDURE_HASHES] = {COMMAND_TEXTS, "EVENT"},
    [PROCEDURE_WORDS] = {COMMAND_TEXTS, "WORD"},
    [PROCEDURE_LINES] = {COMMAND_TEXTS, "TEXT"},
    [PROCEDURE_NUMBER] = {COMMAND_INT, "N"},
    [PROCEDURE_FLAG] = {COMMAND_FLAG, NULL},
    [PROCEDURE_EVENT] = {COMMAND_TEXT, "EVENT"},
    [PROCEDURE_FILES] = {COMMAND_TEXTS, "FILE"},
    [PROCEDURE_DATA] = {COMMAND_TEXT, "FILE"},
};

static char *option_help(const ProcedureField *field)
{
    GString *text = g_string_new(field->help);
    if (field->type == PROCEDURE_WORDS) {
        g_autofree char *words = join_words(field->words, ", ");
        g_string_append_printf(text, ": some of %s", words);
    }
    if (field->type == PROCEDURE_DATA)
        g_string_append(text, ", as JSON");
    const char *otherwise = field->otherwise ? field->otherwise : field->filled;
    if (otherwise)
        g_string_append_printf(text, " (default: %s)", otherwise);
    else if (field->is_required)
        g_string_append(text, " (required)");
    return g_string_free(text, FALSE);
}

static CommandOption field_option(const ProcedureField *field)
{
    guint max = field->max > 0 ? field->max : PROCEDURE_NUMBER_MAX;
    return (CommandOption){.name = dossier_core_option(field),
                           .type = kinds[field->type].type,
                           .argument = kinds[field->type].argument,
                           .choices =
                               field->type == PROCEDURE_WORD ? join_words(field->words, "|") : NULL,
                           .max = field->type == PROCEDURE_NUMBER ? max : 0,
                           .help = option_help(field)};
}

static gboolean has_files(const ProcedureTransition *row)
{
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (field->type == PROCEDURE_FILES)
            return TRUE;
    return FALSE;
}

static void add_option(GArray *options, const ProcedureField *field, const CommandOption *own)
{
    g_autofree char *name = dossier_core_option(field);
    const CommandOption option = own && g_str_equal(own->name, name) ? *own : field_option(field);
    g_array_append_val(options, option);
}

/* @own (may be NULL) comes in the place of that of its name. */
static const CommandOption *step_options(const ProcedureTransition *row, const CommandOption *own)
{
    static const CommandOption common[] = {
        {"tlp", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|amber+strict|red",
         .help = "its TLP level (default: that of the dossier)"},
        {"pap", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|red",
         .help = "its PAP level"},
        DOSSIER_COMMAND_OPTION_AS,
        COMMAND_OPTION_JSON,
        COMMAND_OPTIONS_END,
    };
    static const CommandOption exercise = {.name = "exercise",
                                           .type = COMMAND_FLAG,
                                           .help = "this is an exercise: it is shown as one"};
    static const CommandOption malicious = {
        .name = DOSSIER_CORE_MALICIOUS,
        .type = COMMAND_FLAG,
        .help = "the files are harmful: they are never given out unwrapped"};
    const ProcedureField *argument = dossier_core_argument(row);
    GArray *options = g_array_new(FALSE, FALSE, sizeof(CommandOption));
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (field != argument)
            add_option(options, field, own);
    if (has_files(row))
        g_array_append_val(options, malicious);
    if (row->from == 0)
        g_array_append_val(options, exercise);
    g_array_append_vals(options, common, G_N_ELEMENTS(common));
    return (const CommandOption *)(gpointer)g_array_free(options, FALSE);
}

/* "ID TEXT|-" and the like, and how many arguments that is. */
static void set_arguments(Command *command, const ProcedureTransition *row)
{
    const ProcedureField *field = dossier_core_argument(row);
    gboolean opens = row->from == 0, is_list = field && field->type == PROCEDURE_NODES;
    command->min_arguments = (opens ? 0 : 1) + (field && field->is_required ? 1 : 0);
    command->max_arguments = !field ? (opens ? 0 : 1) : opens && !is_list ? 1 : COMMAND_ANY_NUMBER;
    if (opens && field)
        command->arguments = is_list ? "PEER..." : field->is_required ? "PEER" : "[PEER]";
    else if (!opens)
        command->arguments = !field ? "ID" : field->is_required ? "ID TEXT|-" : "ID [TEXT|-]";
}

static Made *made_new(const Procedure *procedure, const ProcedureTransition *row,
                      int (*run)(const CommandCall *call, GError **error))
{
    Made *made = g_new0(Made, 1);
    made->procedure = procedure;
    made->row = row;
    made->command.uses_node = TRUE;
    made->command.run = run;
    made->command.nothing = run == run_list ? "there is none"
                            : row && row->from == 0
                                ? "there is no such peer"
                                : g_strdup_printf("there is no such %s", procedure->name);
    return made;
}

static Made *make_step(const Procedure *procedure, const ProcedureTransition *row,
                       const CommandOption *own)
{
    Made *made = made_new(procedure, row, run_step);
    g_autofree char *who = procedure_roles(procedure, row->who);
    g_autoptr(GString) description = g_string_new(NULL);
    made->command.name = row->command ? row->command : row->verb;
    made->command.summary = row->help;
    made->option = own;
    made->command.options = step_options(row, own);
    set_arguments(&made->command, row);
    if (row->from != 0)
        g_string_append_printf(description, "Only its %s can.", who);
    for (guint i = 0; row->rules && row->rules[i]; i++)
        g_string_append_printf(description, "%sWhat must hold: %s.",
                               description->len > 0 ? "\n\n" : "", row->rules[i]->rule);
    made->command.description = description->len > 0 ? g_strdup(description->str) : NULL;
    return made;
}

const Command *dossier_command_with(const Procedure *procedure, const char *type,
                                    const CommandOption *option,
                                    gboolean (*fill)(const CommandCall *call, Node *node,
                                                     DossierAct *act, GError **error))
{
    Made *made = make_step(procedure, procedure_transition(procedure, type), option);
    made->fill = fill;
    return &made->command;
}

static const Command *make_list(const Procedure *procedure)
{
    static const CommandOption options[] = {
        {"waiting", 'w', COMMAND_FLAG, .help = "only those that wait for this node"},
        {"all", 'a', COMMAND_FLAG, .help = "also those that are over"},
        {"state", 0, COMMAND_TEXT, "STATE", .help = "only those in this state"},
        {"limit", 'n', COMMAND_INT, "N", .min = 1, .max = G_MAXINT32,
         .help = "at most so many, the newest"},
        COMMAND_OPTION_JSON,
        COMMAND_OPTIONS_END,
    };
    Made *made = made_new(procedure, NULL, run_list);
    made->command.name = "list";
    made->command.summary = "list them, those that wait for this node first";
    made->command.options = options;
    return &made->command;
}

static const Command *make_show(const Procedure *procedure)
{
    static const CommandOption options[] = {COMMAND_OPTION_JSON, COMMAND_OPTIONS_END};
    Made *made = made_new(procedure, NULL, run_show);
    made->command.name = "show";
    made->command.summary = "show one with all that was said, and what can be done next";
    made->command.description =
        "The beginning of its id is enough. Events that are void are kept and shown with the "
        "reason: they change nothing.";
    made->command.arguments = "ID";
    made->command.min_arguments = 1;
    made->command.options = options;
    return &made->command;
}

/* Adds @command, unless there is one of its name. */
static void add(GPtrArray *list, const Command *command)
{
    for (guint i = 0; i < list->len; i++)
        if (g_str_equal(((const Command *)list->pdata[i])->name, command->name))
            return;
    g_ptr_array_add(list, (gpointer)command);
}

static gboolean has_own(const Command *const *own, const char *name)
{
    for (; own && *own; own++)
        if (g_str_equal((*own)->name, name))
            return TRUE;
    return FALSE;
}

const Command *const *dossier_command_list(const Procedure *procedure, const Command *const *own)
{
    static GHashTable *lists; /* Procedure -> the list that was made of it */
    if (!lists)
        lists = g_hash_table_new(NULL, NULL);
    const Command *const *known = g_hash_table_lookup(lists, procedure);
    if (known)
        return known;
    GPtrArray *list = g_ptr_array_new();
    if (!has_own(own, "list"))
        add(list, make_list(procedure));
    if (!has_own(own, "show"))
        add(list, make_show(procedure));
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        if (row->maker == PROCEDURE_PERSON &&
            !has_own(own, row->command ? row->command : row->verb))
            add(list, &make_step(procedure, row, NULL)->command);
    for (; own && *own; own++)
        add(list, *own);
    g_ptr_array_add(list, NULL);
    known = (const Command *const *)g_ptr_array_free(list, FALSE);
    g_hash_table_insert(lists, (gpointer)procedure, (gpointer)known);
    return known;
}
