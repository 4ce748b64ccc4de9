/* backup.h - a store as one file, taken beside a running writer, and back. */
#pragma once

#include "store/store.h"

/* Copies the store @path as of one moment into the new file @backup, with @attachment (may be NULL)
 * kept beside it. The copy is checked, synced and only then gets its name. Fails with
 * CONCERT_ERROR_CONFLICT when @backup exists. */
gboolean backup_write(const char *path, const char *backup, const char *attachment, GError **error);

/* Copies the backup @backup to the new store @path after checking that it is whole and of a schema
 * this program knows. The ledger in it is held (store/ledger.h) before the store is there under its
 * name: it may have come further since the backup was taken. *ret_attachment (NULL when there was
 * none) is what backup_write() was given.
 */
gboolean backup_read(const char *backup, const char *path, char **ret_attachment, GError **error);
