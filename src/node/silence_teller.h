/* silence_teller.h - tells a coordinator that nobody answers in a dossier, where all sides of it
 * want that (dossier/silence.h), and takes it back when the clock stops. */
#pragma once

#include "dossier/docket.h"
#include "node/notary.h"

/* Tells what is to be told of the dossier at @now_us; once for each clock. @self: this node's
 * name. */
gboolean silence_teller_tell(Notary *notary, const Docket *docket, const char *self, gint64 now_us,
                             GError **error);

/* Takes back what was told of clocks that do not run any more, or that are not to be told of any
 * more. */
gboolean silence_teller_settle(Notary *notary, const char *self, gint64 now_us, GError **error);
