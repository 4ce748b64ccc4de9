/* follow_core.h - what the files of a run share. Private to node/follow_*.c. */
#pragma once

#include "node/follow_run.h"

typedef struct {
    Node *node;
    const FollowRunOptions *options;
    Followed *followed; /* as it was before */
    GHashTable *marks;  /* as they were, part -> mark */
    Importer *importer;
    FetchOptions fetch;
    gint64 deadline;   /* monotonic; what is not done by then is left for the next run */
    guint64 max_bytes; /* likewise */
    guint64 requests, bytes;
    guint wait;    /* seconds that the server wants to be left alone; 0: it did not say */
    gboolean more; /* something was left */
    char *secret, *remark;
} FollowRun;

/* Makes durable what was handed to the importer, then keeps the marks: @count pairs of part and
 * mark. */
gboolean follow_run_keep(FollowRun *run, const char *const *pairs, guint count, GError **error);

gboolean follow_run_is_stopped(const FollowRun *run);

/* The sources by kind. FALSE with what failed there. */
gboolean follow_core_taxii(FollowRun *run, GError **error);
gboolean follow_core_list(FollowRun *run, GError **error);
