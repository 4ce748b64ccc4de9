/* cmd_adopt.c - `concert adopt`: an analyst's decision that a claim or a variant holds. */
#include <string.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "store/objects.h"

typedef struct {
    const char *prefix;
    char sha256[2 * SHA256_SIZE + 1];
    guint matches;
} Wanted;

static gboolean match(const ObjectsRow *row, gpointer user)
{
    Wanted *wanted = user;
    char sha256[2 * SHA256_SIZE + 1];
    if (g_str_has_prefix(sha256_hex(row->sha256, sha256), wanted->prefix)) {
        memcpy(wanted->sha256, sha256, sizeof sha256);
        wanted->matches++;
    }
    return TRUE;
}

static int run(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    const char *id = call->arguments[0];
    g_autofree char *prefix = g_ascii_strdown(call->arguments[1], -1);
    Wanted wanted = {.prefix = prefix};
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = id;
    query.variants = TRUE;
    if (!objects_find(node_store(node), &query, match, &wanted, NULL, error))
        return COMMAND_ERROR;
    if (wanted.matches == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "%s has no version whose SHA-256 begins with %s", id, prefix);
        return COMMAND_NOTHING;
    }
    if (wanted.matches > 1)
        return command_usage(call, error, "%s: more than one version begins so", prefix);

    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "id", id);
    yyjson_mut_obj_add_str(params, root, "sha256", wanted.sha256);
    if (!command_node_call(node, "object.adopt", params, NULL, error))
        return COMMAND_ERROR;
    output_line("%s: the version %.12s is in effect now.", id, wanted.sha256);
    return COMMAND_OK;
}

const Command cmd_adopt = {
    .name = "adopt",
    .summary = "let a claim or a variant take effect",
    .arguments = "ID SHA256",
    .description =
        "A version from another source than the object's first is kept as that source's claim, and "
        "other bytes for a version that is there already as a variant; neither takes effect by "
        "itself. This makes one of them effective, in every collection the object is in. `concert "
        "show ID` lists them; the first digits of the SHA-256 are enough.",
    .nothing = "there is no such object or version",
    .min_arguments = 2,
    .uses_node = TRUE,
    .run = run,
};
