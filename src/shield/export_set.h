/* export_set.h - a compiled set as what is exported. */
#pragma once

#include "base/sha256.h"
#include "shield/export.h"
#include "shield/set.h"

/* Whether a value is exported at all. */
typedef gboolean (*ExportSetAdmits)(gpointer user, const SetValue *value);

/* Gives all of @set that @admits (NULL: everything) to @export. FALSE when it could not be written.
 */
gboolean export_set_add(Export *export, const Set *set, ExportSetAdmits admits, gpointer user,
                        GError **error);

/* A digest of all that exports of @set depend on at @now: which values are admitted and valid, and
 * what is known of them. *ret_until is when that changes by itself; G_MAXINT64: never. */
void export_set_digest(const Set *set, ExportSetAdmits admits, gpointer user, gint64 now,
                       guint8 ret_digest[SHA256_SIZE], gint64 *ret_until);
