/* attachment_file.h - files of the user's that become attachments. */
#pragma once

#include <yyjson.h>

#include "node/node.h"

/* Adds the file @path to the node's attachments (what is there already is not added again, and what
 * was cut short goes on) and to @list what an event says of it: {"name", "type", "sha256", "size",
 * "malicious"?}, in @doc. The type is told from the name alone: the file is only hashed.
 * CONCERT_ERROR_INPUT if there is no such file, or it changed meanwhile. */
gboolean attachment_file_add(Node *node, const char *path, gboolean malicious, yyjson_mut_doc *doc,
                             yyjson_mut_val *list, GError **error);
