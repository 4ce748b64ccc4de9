/* docket_machine.h - what this node does by itself in dossiers: where a procedure says that its
 * machine has to act ("received"), it does. */
#pragma once

#include "node/notary.h"

/* Takes events whose time has come (dossier/docket_held.h), does all that is to be done now, and
 * sends attachments that wait and hashes those that came. What cannot be done (nobody can be told,
 * the ledger is held) stays to be done; what another thread does meanwhile is not done twice. On
 * any thread but the writer's. Returns how many events were made. */
guint docket_machine_run(Notary *notary);
