/* dossiers.h - dossiers and their events as they are kept.
 *
 * An event's bytes are kept as they came and never change. What a dossier is like because of them
 * (its state, who has to act, when) stands in its row only so that many can be listed quickly: it
 * follows from the events, by the engine (dossier/engine.h), and dossier/docket.h, the one caller
 * that adds events, writes it in the same transaction. */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

#define DOSSIERS_EVENTS_MAX   2048 /* of one dossier */
#define DOSSIERS_AUTHOR_MAX   512  /* of one author's in it, so that none can fill it */
#define DOSSIERS_BYTES_MAX    (16 * 1024 * 1024) /* of one dossier */
#define DOSSIERS_LIVE_MAX     10000 /* dossiers that another node opened and that are not over */
#define DOSSIERS_UNOPENED_MAX 256   /* that came from one source without their opening event */

/* --- events ------------------------------------------------------------------------------------
 */

/* An event that is to be kept; borrowed. All names of nodes are without "/ledger". */
typedef struct {
    const char *dossier, *procedure;
    const guint8 *hash; /* SHA256_SIZE */
    const char *author; /* node */
    GBytes *bytes;
    gint64 arrived;     /* microseconds since 1970, as all times */
    const char *source; /* the node that it came from; NULL: made here */
} DossiersEvent;

/* *ret_new FALSE: it is there already, and nothing happens. CONCERT_ERROR_LIMIT beyond the bounds
 * above; what was made here is bounded by DOSSIERS_EVENTS_MAX and DOSSIERS_BYTES_MAX alone. */
gboolean dossiers_add_event(StoreTx *tx, const DossiersEvent *event, gint64 *ret_dossier,
                            gboolean *ret_new, GError **error);

/* Whether the event is there. */
gboolean dossiers_is_known(StoreTx *tx, const guint8 hash[SHA256_SIZE], gboolean *ret_known,
                           GError **error);

/* Remembers in which entry of the own ledger an event went out. */
gboolean dossiers_set_entry(StoreTx *tx, const guint8 hash[SHA256_SIZE], guint64 entry,
                            GError **error);

#define DOSSIERS_NO_ENTRY G_MAXUINT64

typedef struct {
    guint8 hash[SHA256_SIZE];
    GBytes *bytes;
    gint64 arrived;
    char *source;  /* NULL: made here */
    guint64 entry; /* of the own ledger; DOSSIERS_NO_ENTRY */
} DossierEvent;

void dossier_event_free(DossierEvent *event);

/* The events of a dossier as they arrived. Elements: DossierEvent *. Empty when there is none. */
GPtrArray *dossiers_events(Store *store, const char *id, GError **error);
GPtrArray *dossiers_events_tx(StoreTx *tx, const char *id, GError **error);

/* --- dossiers ----------------------------------------------------------------------------------
 */

typedef struct {
    char *id, *procedure;
    char *title;         /* NULL: not known */
    char *opener;        /* node; NULL: its opening event is not here yet */
    char *state;         /* NULL: not open, or of a procedure that is not known */
    gboolean is_final;   /* it is over */
    gint64 opened;       /* by its author's clock; 0: not yet */
    gint64 last;         /* of the newest event that counts, by its author's clock */
    char **waits_for;    /* nodes that have to act; empty: none. Never NULL */
    char *waits_what;    /* "acknowledge the request"; NULL */
    gboolean waits_here; /* this node is one of them */
    gint64 due;          /* of the clock that ends first; G_MAXINT64: none runs */
    char *machine;       /* the event that this node's machine has to make; NULL: none */
    guint tlp;           /* MarkingTlp: the strictest of its events */
    gboolean is_exercise;
    guint n_events, n_void, n_pending;
} Dossier;

void dossier_free(Dossier *dossier);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dossier, dossier_free)

/* Writes what follows from the events into the row of the dossier @number. id and procedure are not
 * read. */
gboolean dossiers_put_state(StoreTx *tx, gint64 number, const Dossier *dossier, GError **error);

/* The dossiers with numbers above @after, in their order, at most @max. Elements:
 * DossiersNumber. Caller frees the array. */
typedef struct {
    gint64 number;
    char *id;
} DossiersNumber;

GArray *dossiers_after_tx(StoreTx *tx, gint64 after, guint max, GError **error);

/* By which tables the rows were written last: a text that docket.c gives and knows again. NULL
 * without @error: by none yet. Caller frees. */
gboolean dossiers_tables(Store *store, char **ret_tables, GError **error);
gboolean dossiers_set_tables(StoreTx *tx, const char *tables, GError **error);

typedef struct {
    const char *procedure; /* NULL: any */
    const char *state;     /* NULL: any */
    gboolean is_live;      /* only those that are not over */
    gboolean waits_here;   /* only those in which this node has to act */
    gboolean has_machine;  /* only those in which its machine has to */
    gint64 due_before;     /* only those of which a clock ends before; 0: any */
    guint limit;           /* 0: all */
} DossiersQuery;

/* Those with the newest events first. Elements: Dossier *. */
GPtrArray *dossiers_list(Store *store, const DossiersQuery *query, GError **error);

/* CONCERT_ERROR_NOT_FOUND when there is none. @id may be the beginning of one, if it is that of no
 * other: CONCERT_ERROR_CONFLICT. */
Dossier *dossiers_get(Store *store, const char *id, GError **error);

/* Counts for status. Exercises are counted apart. */
typedef struct {
    guint64 live, waiting, overdue; /* not over; in which this node has to act; a clock of which
                                       ended before @now */
    guint64 exercises;              /* exercises in which this node has to act */
    gint64 due; /* of those that wait for this node, when the first clock ends; G_MAXINT64: none */
} DossiersSummary;

gboolean dossiers_summary(Store *store, gint64 now, DossiersSummary *ret_summary, GError **error);
