/* letter.h - what `concert emergency` and `concert note` share: writing, listing and showing
 * messages between people. */
#pragma once

#include "cli/command_node.h"
#include "store/messages.h"

/* The message that a command's arguments from number @first on give, joined by blanks, or all of
 * standard input for a single "-": without blank lines at its ends. Caller frees; NULL with @error.
 */
char *letter_text(const CommandCall *call, guint first, GError **error);

/* The `run` of `send`, `list`, `show` and `remove` for messages of @kind. */
int letter_send(const CommandCall *call, MessageKind kind, GError **error);
int letter_list(const CommandCall *call, MessageKind kind, GError **error);
int letter_show(const CommandCall *call, MessageKind kind, GError **error);
int letter_remove(const CommandCall *call, MessageKind kind, GError **error);

/* Says so when what waits for a peer will not be delivered now. */
void letter_warn_unserved(const CommandCall *call);

/* Says so when the peering with the node @name is suspended, so that what is for it waits. Returns
 * whether it is. */
gboolean letter_warn_suspended(Node *node, const char *name);
