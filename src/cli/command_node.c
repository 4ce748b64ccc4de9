#include "cli/command_node.h"

#include <string.h>

#include "base/jsontext.h"

Node *command_node_open(const CommandCall *call, NodeMode mode, GError **error)
{
    Node *node = node_open(command_node_directory(call), mode, error);
    if (!node)
        command_file_error(error);
    return node;
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
    if (ret_result)
        *ret_result = yyjson_read(result ? result : "{}", result ? strlen(result) : 2, 0);
    return TRUE;
}
