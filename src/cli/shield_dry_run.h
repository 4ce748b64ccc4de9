/* shield_dry_run.h - how often logs have what a release would newly block. */
#pragma once

#include "shield/release.h"

typedef struct {
    const ReleaseEntry *entry; /* of what was looked for */
    guint64 hits;
} DryRunHits;

typedef struct {
    guint64 files, unreadable, hits;
    GArray *values; /* DryRunHits, of what was found, most first */
} DryRun;

void shield_dry_run_clear(DryRun *run);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DryRun, shield_dry_run_clear)

/* Looks for the values of @added (elements: const ReleaseEntry *) in the files and directories
 * @paths (NULL-terminated). What cannot be read is told on standard error, and counted. */
gboolean shield_dry_run(const GPtrArray *added, const char *const *paths, DryRun *ret_run,
                        GError **error);
