/* importer.h - from intake to the store: reads and checks objects on worker threads, hands batches
 * to the writer (or its control socket), and reports what became of each object. */
#pragma once

#include "intake/intake.h"
#include "node/node.h"
#include "store/objects.h"

typedef struct {
    guint64 accepted, unchanged, variants, claims, rejected, warnings;
    guint64 ignored, unmapped, broken; /* intake notes */
    guint64 bytes;
} ImporterCounts;

typedef enum {
    IMPORTER_ACCEPTED = OBJECTS_ACCEPTED,
    IMPORTER_UNCHANGED = OBJECTS_UNCHANGED,
    IMPORTER_VARIANT = OBJECTS_VARIANT,
    IMPORTER_CLAIM = OBJECTS_CLAIM,
    IMPORTER_REJECTED,
    IMPORTER_WARNING,
    IMPORTER_DETECTED, /* the intake notes of intake/intake.h */
    IMPORTER_IGNORED,
    IMPORTER_UNMAPPED,
    IMPORTER_BROKEN,
} ImporterEvent;

/* "accepted", "unchanged", "variant", "claim", "rejected", "warning", "detected", "ignored",
 * "unmapped", "broken" */
const char *importer_event_name(ImporterEvent event);

typedef struct {
    const char *source;     /* who gives the objects */
    const char *collection; /* name or id; NULL: none */
    ObjectLevel level;
    gboolean dry_run; /* check only */
    /* Called on the importing thread, in input order, for each object and note. @id may be NULL.
     * @message says why (with the JSON path) for rejections, warnings and notes, else NULL. */
    void (*report)(gpointer user, ImporterEvent event, const char *where, const char *id,
                   const char *message);
    void (*progress)(gpointer user, guint64 done, guint64 total, const ImporterCounts *counts);
    gpointer user;
} ImporterOptions;

typedef struct Importer Importer;

Importer *importer_new(Node *node, const ImporterOptions *options, GError **error);

/* The sink to read inputs into, any number one after the other. */
const IntakeSink *importer_sink(Importer *importer);

/* Waits until everything handed in so far is durable and reported. FALSE when the store failed. */
gboolean importer_flush(Importer *importer, GError **error);

/* Waits until everything handed in is durable, and counts. The importer is freed. FALSE when the
 * store failed (disk full, ...): what was counted before is durable. */
gboolean importer_finish(Importer *importer, ImporterCounts *ret_counts, GError **error);
