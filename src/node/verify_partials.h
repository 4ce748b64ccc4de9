/* verify_partials.h - the partial tiles of smaller trees that are left in the mirror of a log. */
#pragma once

#include <glib.h>

#include "node/log_source.h"
#include "node/verify_tree.h"

/* Verifies that each is the beginning of the tile that it grew into, as verify_tree() has verified
 * that one in the tree of @size. What is wrong is added to @report. A URL tells nobody which there
 * are: then nothing is read. FALSE as of verify_tree(). */
gboolean verify_partials(const LogSource *source, guint64 size, gboolean hashes_only,
                         VerifyTreeReport *report, GError **error);
