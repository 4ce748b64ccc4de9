#include "cli/command_node.h"

#include <string.h>

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
    char *text = yyjson_mut_write(params, 0, NULL);
    yyjson_mut_doc_free(params);
    g_autofree char *result = NULL;
    gboolean done = text ? node_call(node, operation, text, &result, error) : FALSE;
    if (!text)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not UTF-8 text", operation);
    free(text);
    if (!done)
        return FALSE;
    if (ret_result)
        *ret_result = yyjson_read(result ? result : "{}", result ? strlen(result) : 2, 0);
    return TRUE;
}
