/* signatory.h - who signs for what is done at the command line. */
#pragma once

#include "cli/command_node.h"

/* --as, else [node] signatory, else [node] organisation. NULL with @error when none says so. The
 * call's or the node's. */
const char *signatory_of(const CommandCall *call, const Node *node, GError **error);
