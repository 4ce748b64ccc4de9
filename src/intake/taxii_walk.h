/* taxii_walk.h - all objects of a TAXII 2.1 collection that were added since the last time, page by
 * page, exactly: none is missed, whatever ends the program between two pages, and however the
 * server errs.
 *
 * Where the walk stands is a mark. It is told after each page, to be kept once that page's objects
 * are durable. The mark holds a date for `added_after`, and `next` only when that leads to the same
 * page whoever asks again: some servers give one `next` for a whole walk and count the pages
 * themselves, so that a page that was lost once is lost for good. The date is behind what was
 * read: by a page, until the following one has shown that the server sorts by date, and at the
 * end of a walk by a minute, in which a server may still be adding objects of the same date. What
 * is read twice costs a page now and then; the store knows it by its bytes.
 *
 * Tolerated: the same `next` or the same page for ever (the walk goes on by dates, or ends with an
 * error when those do not lead on either), empty pages that promise more, no `next`, no dates (the
 * manifest's are taken, else the last day is read again each time), dates in disorder, and objects
 * that are no JSON among others. */
#pragma once

#include "intake/intake.h"
#include "intake/taxii_client.h"

typedef struct {
    const IntakeSink *sink;
    const char *name; /* of the collection, for messages */
    guint limit;      /* objects to a page */
    gint64 since;     /* nothing added before is wanted, microseconds; 0: all */
    /* The walk ends early behind these, unless it could not be gone on with; 0: no such bound. */
    gint64 deadline;   /* monotonic */
    guint64 max_bytes; /* of client->bytes */
    /* Makes all durable that was handed to the sink, and then keeps @mark. */
    gboolean (*keep)(gpointer user, const char *mark, GError **error);
    gpointer user;
} TaxiiWalkOptions;

/* Reads the collection at @url (ending in "/") on from @mark, NULL: from the beginning. *ret_more:
 * the walk ended early. On failure the marks that were kept are good all the same. Errors as of
 * taxii_client_get(), of the sink and of keep; CONCERT_ERROR_INPUT when the server goes round in
 * circles. */
gboolean taxii_walk(TaxiiClient *client, const char *url, const char *mark,
                    const TaxiiWalkOptions *options, gboolean *ret_more, GError **error);
