/* store.h - what a node keeps, and the one way to it.
 *
 * Reading: a Store opens the database read-only and may be used by many threads; each call takes a
 * connection from a small pool, reads a consistent snapshot and gives the connection back. No call
 * hands out anything that lives in the database: no read transaction outlives its call.
 *
 * Writing: only through a Writer (writer.h), whose thread owns the one connection that writes. The
 * functions in objects.h, collections.h and accounts.h that take a StoreTx run on that thread,
 * inside the transaction of a batch. */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "stix/object.h"

typedef struct Store Store;
typedef struct StoreTx StoreTx;

/* Opens the database file @path for reading. Fails with CONCERT_ERROR_NOT_FOUND when there is none,
 * CONCERT_ERROR_NEWER when a newer Concert wrote it. A database of an older schema is refused with
 * CONCERT_ERROR_CONFLICT; opening it with a Writer migrates it, after a backup. */
Store *store_open(const char *path, GError **error);

void store_close(Store *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)
