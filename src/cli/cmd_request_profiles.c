/* cmd_request_profiles.c - `concert request profiles`: what requests can rest on. */
#include <string.h>

#include "base/timestamp.h"
#include "cli/cmd_request.h"
#include "cli/command_node.h"
#include "cli/document.h"
#include "cli/dossier_command.h"
#include "cli/output.h"
#include "dossier/docket.h"
#include "dossier/request.h"
#include "exchange/card.h"
#include "node/config.h"
#include "node/profile_files.h"

#define DAY_LENGTH 10 /* of a time, "2026-05-01" */

static char *day(gint64 us)
{
    char text[TIMESTAMP_MAX];
    return g_strndup(timestamp_format(text, us, 0), DAY_LENGTH);
}

/* --- list and show -----------------------------------------------------------------------------
 */

static void add_json(yyjson_mut_doc *doc, yyjson_mut_val *root, const Profile *profile)
{
    yyjson_mut_obj_add_str(doc, root, "name", profile->name);
    yyjson_mut_obj_add_str(doc, root, "title", profile->title);
    yyjson_mut_obj_add_str(doc, root, "sha256", profile->sha256);
    if (profile->status) {
        g_autofree char *since = day(profile->since);
        yyjson_mut_obj_add_str(doc, root, "status", profile->status);
        yyjson_mut_obj_add_strcpy(doc, root, "since", since);
    }
    yyjson_mut_obj_add_val(doc, root, "kinds", yyjson_val_mut_copy(doc, profile->kinds));
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "parties");
    for (guint i = 0; i < profile->parties->len; i++) {
        const ProfileParty *party = profile->parties->pdata[i];
        g_autofree char *since = day(party->since);
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, object, "party", party->name);
        yyjson_mut_obj_add_str(doc, object, "status", party->status);
        yyjson_mut_obj_add_strcpy(doc, object, "since", since);
    }
}

static void print_json(const Profile *profile)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    add_json(doc, root, profile);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) list = node ? profile_files_list(node_directory(node), error) : NULL;
    if (!list)
        return COMMAND_ERROR;
    OutputTable *table = output_table_new("NAME", "STATUS", "SINCE", ">PARTIES", "TITLE", NULL);
    for (guint i = 0; i < list->len; i++) {
        const Profile *profile = list->pdata[i];
        char parties[OUTPUT_NUMBER_MAX];
        g_autofree char *since = profile->status ? day(profile->since) : NULL;
        const char *const cells[] = {profile->name, profile->status, since,
                                     output_number(parties, profile->parties->len), profile->title};
        if (command_json(call))
            print_json(profile);
        else
            output_table_row(table, cells);
    }
    output_table_print(table);
    return list->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

static void print_words(const char *what, yyjson_val *list)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, size, one)
        g_string_append_printf(text, "%s%s", at > 0 ? ", " : "", yyjson_get_str(one));
    if (text->len > 0)
        output_line("    %-12s %s", what, text->str);
}

static void print_kind(const char *kind, yyjson_val *rules)
{
    yyjson_val *days = yyjson_obj_get(rules, "preservation_days");
    const char *provision = yyjson_get_str(yyjson_obj_get(rules, "provision"));
    output_line("%s%s%s", kind, provision ? ": " : "", provision ? provision : "");
    print_words("requires", yyjson_obj_get(rules, "requires"));
    print_words("grounds", yyjson_obj_get(rules, "grounds"));
    if (days)
        output_line("    %-12s at least %u days", "preserved", (guint)yyjson_get_uint(days));
}

static void print_text(const Profile *profile)
{
    size_t at, size;
    yyjson_val *kind, *rules;
    output_line("%s", profile->title);
    output_line("name    %s", profile->name);
    output_line("sha256  %s", profile->sha256);
    if (profile->status) {
        g_autofree char *since = day(profile->since);
        output_line("status  %s since %s", profile->status, since);
    }
    yyjson_obj_foreach (profile->kinds, at, size, kind, rules)
        print_kind(yyjson_get_str(kind), rules);
    for (guint i = 0; i < profile->parties->len; i++) {
        const ProfileParty *party = profile->parties->pdata[i];
        g_autofree char *since = day(party->since);
        output_line("party   %s: %s since %s", party->name, party->status, since);
    }
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Profile) profile =
        node ? profile_files_load(node_directory(node), call->arguments[0], error) : NULL;
    if (!profile)
        return COMMAND_ERROR;
    if (command_json(call))
        print_json(profile);
    else
        print_text(profile);
    return COMMAND_OK;
}

/* --- changing ----------------------------------------------------------------------------------
 */

static int run_add(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    gsize length = 0;
    if (!node)
        return COMMAND_ERROR;
    g_autofree char *text =
        document_read(NULL, call->arguments[0], NULL, PROFILE_FILE_MAX, &length, error);
    if (!text)
        return command_file_error(error);
    if (profile_files_put(node_directory(node), text, length, error))
        return COMMAND_OK;
    g_prefix_error(error, "%s: ", call->arguments[0]);
    return COMMAND_ERROR;
}

static int run_remove(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    return node && profile_files_remove(node_directory(node), call->arguments[0], error)
               ? COMMAND_OK
               : COMMAND_ERROR;
}

/* --- whether a request's terms are those that are known here -------------------------------------
 */

/* Whether the profile is in force for @node, as it is known here: this node or a peer. */
static gboolean is_in_force(Node *node, const Profile *profile, const char *name, GError **error)
{
    const char *affiliation = NULL;
    gint64 since;
    g_autoptr(Peer) peer = peers_get(node_store(node), name, NULL);
    g_autoptr(Card) card =
        peer && peer->card ? card_parse(peer->card, strlen(peer->card), NULL) : NULL;
    affiliation =
        card ? card->affiliation : config_string(node_config(node), SETTING_CARD_AFFILIATION);
    const char *names[] = {name, affiliation, NULL};
    return profile_in_force(profile, names, timestamp_now(), &since, error);
}

static int compare_terms(const CommandCall *call, Node *node, const Docket *docket, GError **error)
{
    const EngineResult *result = docket->result;
    yyjson_val *terms =
        result->opening ? yyjson_obj_get(result->opening->payload, "profile") : NULL;
    if (!terms) {
        output_line("the request names no profile: it is voluntary");
        return COMMAND_OK;
    }
    g_autoptr(Profile) profile =
        profile_files_load(node_directory(node), profile_terms_name(terms), error);
    if (!profile)
        return COMMAND_ERROR;
    int status = COMMAND_OK;
    if (!yyjson_equals_str(yyjson_obj_get(terms, "sha256"), profile->sha256)) {
        output_line("\"%s\" is not the same at the requester as here: compare %s", profile->name,
                    profile->sha256);
        status = COMMAND_NOTHING;
    }
    for (guint i = 0; i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        g_autoptr(GError) reason = NULL;
        if ((one->roles & procedure_role(&request_procedure, "observer")) ||
            is_in_force(node, profile, one->node, &reason))
            continue;
        output_line("%s", reason->message);
        status = COMMAND_NOTHING;
    }
    if (status == COMMAND_OK)
        output_line("\"%s\" applies, as it is known here", profile->name);
    return status;
}

static int run_check(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *id = dossier_command_id(call, &request_procedure);
    g_autoptr(Docket) docket = node ? docket_load(node_store(node), id, error) : NULL;
    return docket ? compare_terms(call, node, docket, error) : COMMAND_ERROR;
}

#define ONLY_JSON                                                                                  \
    (const CommandOption[])                                                                        \
    {                                                                                              \
        COMMAND_OPTION_JSON, COMMAND_OPTIONS_END                                                   \
    }

static const Command list = {.name = "list",
                             .summary = "list the legal profiles of this node",
                             .options = ONLY_JSON,
                             .nothing = "there is none: every request is voluntary",
                             .uses_node = TRUE,
                             .run = run_list};
static const Command show = {.name = "show",
                             .summary = "show what a profile demands, and for whom it is in force",
                             .arguments = "NAME",
                             .options = ONLY_JSON,
                             .nothing = "there is no such profile",
                             .min_arguments = 1,
                             .uses_node = TRUE,
                             .run = run_show};
static const Command add = {.name = "add",
                            .summary = "put in a profile, in the place of one of its name",
                            .arguments = "FILE",
                            .min_arguments = 1,
                            .uses_node = TRUE,
                            .run = run_add};
static const Command drop = {.name = "remove",
                             .summary = "take a profile away; requests keep the terms they have",
                             .arguments = "NAME",
                             .nothing = "there is no such profile",
                             .min_arguments = 1,
                             .uses_node = TRUE,
                             .run = run_remove};
static const Command check = {
    .name = "check",
    .summary = "see whether the profile that a request names applies, as it is known here",
    .arguments = "ID",
    .nothing = "it does not, or another one of its name is known here",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_check};

const Command cmd_request_profiles = {
    .name = "profiles",
    .summary = "what requests can rest on: legal profiles, which are data",
    .description = "A profile is a JSON file: an instrument's title, what a request under it must "
                   "say, how long data is preserved, on what grounds it may be refused, and who "
                   "is party to it since when. It applies only if it is in force for both sides; "
                   "otherwise a request is voluntary. See docs/requests.md.",
    .subcommands = (const Command *const[]){&list, &show, &add, &drop, &check, NULL},
};
