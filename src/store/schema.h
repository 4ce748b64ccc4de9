/* schema.h - the tables, and how an older store becomes a newer one.
 *
 * The schema is a list of steps; a store that has taken the first N is of schema N (SQLite's
 * user_version). A step, once released, is never changed: a new one is added. Private to the store.
 */
#pragma once

#include "store/sqlite.h"

/* SQLite's application_id of a Concert store: "Cnct". */
#define SCHEMA_APPLICATION_ID 0x436e6374

/* What this program writes: the number of steps. */
guint schema_latest(void);

/* Fails with CONCERT_ERROR_NEWER when @db is of a newer schema, CONCERT_ERROR_CONFLICT when of an
 * older one, CONCERT_ERROR_INPUT when it is no Concert store. */
gboolean schema_check(Sqlite *db, GError **error);

/* Brings @db to the newest schema, in one transaction. A store that is not new is copied to
 * "<path>.before-<newest>" first. */
gboolean schema_migrate(Sqlite *db, GError **error);

/* The same for the first @count steps alone: a store as it was, for tests of what came after. */
gboolean schema_migrate_to(Sqlite *db, guint count, GError **error);

/* The same with other steps: for tests of the mechanism. */
gboolean schema_migrate_steps(Sqlite *db, const char *const *steps, guint count, GError **error);
