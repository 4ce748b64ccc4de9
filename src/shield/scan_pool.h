/* scan_pool.h - the windows of a stream, in order, each with the places where something may be;
 * several threads look for them ahead when there are several. */
#pragma once

#include "base/stream.h"
#include "shield/scan_window.h"
#include "shield/set.h"

typedef struct ScanPool ScanPool;

/* @jobs: threads that look, the caller's included, when it asks. NULL when the
 * stream cannot be read. */
ScanPool *scan_pool_new(const Set *set, Stream *stream, guint jobs, GError **error);

/* Stops what is still being done. */
void scan_pool_free(ScanPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScanPool, scan_pool_free)

/* The next window, or NULL behind the last; the one before may be used no more. */
const ScanWindow *scan_pool_next(ScanPool *pool);
