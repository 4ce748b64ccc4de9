/* evidence_custody.h - what the commands of the custody steps of an evidence fill in by themselves:
 * which copy is meant, which offer is answered, and the hashes, which are worked out anew each
 * time.
 */
#pragma once

#include "cli/dossier_command.h"

/* The subcommands, NULL-terminated; made by the first call and kept. */
const Command *const *evidence_custody_commands(void);

/* The dossier that the call's first argument names. */
Docket *evidence_custody_load(const CommandCall *call, Node *node, GError **error);

/* The SHA-256 of a file. */
gboolean evidence_custody_hash(const char *path, EventHash *ret_hash, GError **error);
