/* follow_run.h - one run of a followed source: fetches what is new there, stores it, and keeps how
 * far it came (store/followed.h).
 *
 * Objects are durable before the mark that covers them is written, so that whatever ends a run
 * costs a page that is read twice, never an object. Of a TAXII server the parts are its
 * collections, by URL, and their marks those of intake/taxii_walk.h. A list is one part, its URL,
 * whose mark has what a server needs to say that nothing changed (ETag, Last-Modified). Of a MISP
 * feed each event is a part; its mark is a digest of what the manifest says of it. */
#pragma once

#include "node/importer.h"
#include "store/followed.h"

typedef struct {
    /* As of ImporterOptions; may be NULL. */
    void (*report)(gpointer user, ImporterEvent event, const char *where, const char *id,
                   const char *message);
    void (*progress)(gpointer user, guint64 done, guint64 total, const ImporterCounts *counts);
    gpointer user;
    const gint *stop; /* set by another thread it ends the run, which is then still due */
} FollowRunOptions;

/* Runs the source @name now, whether it is due or not, in this process, whoever is the writer.
 * *ret_followed is how it stands afterwards: what failed there is in its failure, and no error
 * here. Errors: CONCERT_ERROR_NOT_FOUND when there is no such source (any more),
 * CONCERT_ERROR_BUSY when another process or thread is running it or the run was stopped, others
 * when the store fails. */
gboolean follow_run(Node *node, const char *name, const FollowRunOptions *options,
                    Followed **ret_followed, GError **error);

/* Whether a request to the source may bear its password or token, if it has one: over https, or to
 * this machine. CONCERT_ERROR_INPUT when not. */
gboolean follow_run_may_send(const Followed *followed, GError **error);

/* The options of a request to @followed, borrowed from it, from @config and from @secret, its
 * password or token. */
FetchOptions follow_run_fetch(const Config *config, const Followed *followed, const char *secret);
