/* attachment_keeper.h - hashing attachments of which all chunks have come: only then is it known
 * that they are what they were announced as. */
#pragma once

#include "node/notary.h"

/* Hashes what waits for it: copies of one file, or of all (@sha256 NULL). Not on the writer's
 * thread, for it takes as long as reading them does. */
gboolean attachment_keeper_check(Notary *notary, const guint8 *sha256, GError **error);
