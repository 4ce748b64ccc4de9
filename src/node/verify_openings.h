/* verify_openings.h - the openings that lie in the mirror of a log, against its entries. */
#pragma once

#include <glib.h>

#include "node/log_source.h"
#include "node/verify_tree.h"

#define VERIFY_OPENINGS_PATH      "openings"
#define VERIFY_OPENINGS_BYTES_MAX (64 * 1024 * 1024) /* of one */

/* Verifies the openings that @source holds of the log @origin, of @size entries: what is wrong is
 * added to @report, as is how many were read. That one is not there, or is erased, is no fault. A
 * URL tells nobody which there are: then nothing is read. FALSE as of verify_tree(). */
gboolean verify_openings(const LogSource *source, const char *origin, guint64 size,
                         VerifyTreeReport *report, GError **error);
