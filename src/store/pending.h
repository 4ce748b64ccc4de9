/* pending.h - rows of new objects, versions, values and members that wait to be written together.
 *
 * Within a request most objects are new and have nothing to do with each other, so their rows are
 * collected and written by four statements (bulk.h). Who is about to read rows of an object that
 * may wait calls pending_settle() first; the end of a request calls pending_flush(). Values wait
 * for the end of the transaction. Runs on the writer's thread. Private to the store. */
#pragma once

#include "store/bulk.h"
#include "store/membership.h"

Pending *pending_new(void);

void pending_free(Pending *pending);

/* Drops what waits: after a rollback it has no ground to stand on. */
void pending_forget(Pending *pending);

/* A new object. @id must live until the rows are written. */
gboolean pending_add_object(StoreTx *tx, gint64 key, const char *id, gint64 source,
                            gint64 *ret_number, GError **error);

/* A row of `version` without its number. */
typedef struct {
    gint64 object, version, flags, type, source, stored_at;
    PackSpan span;
    const guint8 *sha256; /* must live until the rows are written */
} PendingVersion;

gboolean pending_add_version(StoreTx *tx, const PendingVersion *version, gint64 *ret_number,
                             GError **error);

/* Version @version names the value of key @key; naming it twice is once. It is there from
 * pending_end() on. */
gboolean pending_add_value(StoreTx *tx, gint64 key, gint64 version, GError **error);

gboolean pending_add_member(StoreTx *tx, gint64 collection, const MembershipItem *item, gint64 date,
                            gboolean is_last, gboolean is_first, GError **error);

/* Writes what waits if rows of @object are among it. */
gboolean pending_settle(StoreTx *tx, gint64 object, GError **error);

gboolean pending_flush(StoreTx *tx, GError **error);

/* The same, and the values: before the commit. */
gboolean pending_end(StoreTx *tx, GError **error);
