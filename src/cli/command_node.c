#include "cli/command_node.h"

#include <string.h>

#include "base/jsontext.h"
#include "cli/output.h"

Node *command_node_open(const CommandCall *call, NodeMode mode, GError **error)
{
    Node *node = node_open(command_node_directory(call), mode, error);
    if (!node)
        command_file_error(error);
    return node;
}

/* What the node wants a person to know beside the result: of many calls of one command, once. */
static void tell_note(const char *note)
{
    static gboolean is_told;
    if (note && !is_told)
        output_note("%s", note);
    is_told = is_told || note;
}

gboolean command_node_call(Node *node, const char *operation, yyjson_mut_doc *params,
                           yyjson_doc **ret_result, GError **error)
{
    g_autofree char *text = jsontext_take(params), *result = NULL;
    gboolean done = text ? node_call(node, operation, text, &result, error) : FALSE;
    if (!text)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not UTF-8 text", operation);
    if (!done)
        return FALSE;
    yyjson_doc *doc = yyjson_read(result ? result : "{}", result ? strlen(result) : 2, 0);
    tell_note(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "note")));
    if (ret_result)
        *ret_result = g_steal_pointer(&doc);
    yyjson_doc_free(doc);
    return TRUE;
}
