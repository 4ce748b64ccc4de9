#include "cli/signatory.h"

const char *signatory_of(const CommandCall *call, const Node *node, GError **error)
{
    const char *name = command_text(call, "as");
    if (!name)
        name = config_string(node_config(node), SETTING_NODE_SIGNATORY);
    if (!name)
        name = config_string(node_config(node), SETTING_NODE_ORGANISATION);
    if (!name)
        command_usage(call, error,
                      "say who signs: --as NAME, or [node] signatory in %s/concert.conf",
                      command_node_directory(call));
    return name;
}
