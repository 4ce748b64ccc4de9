/* command_node.h - how commands get at a node. */
#pragma once

#include "cli/command.h"
#include "node/node.h"

/* Opens the node the call is for. That there is none is the user's mistake: CONCERT_ERROR_INPUT. */
Node *command_node_open(const CommandCall *call, NodeMode mode, GError **error);

/* Carries out operation @operation (node/operation.h) with @params, of which it frees the document.
 * *ret_result (may be NULL) is the result's document. */
gboolean command_node_call(Node *node, const char *operation, yyjson_mut_doc *params,
                           yyjson_doc **ret_result, GError **error);
