/* docket.h - dossiers as a node keeps them: engine and store together.
 *
 * What a dispatch brings is verified, kept and judged here; what this node wants to do in a dossier
 * is drafted here, with its parents, what an end decides on, and whom it is for. Whoever calls
 * signs a draft (signed_json_make_text() with EVENT_SIGNED_TYPE and the message key), gives the
 * bytes to docket_receive() and puts them as an item of EVENT_MEDIA_TYPE into a dispatch to the
 * draft's audience, all in the transaction in which the draft was made: then no two drafts are of
 * one moment, and nothing is kept that does not go out. */
#pragma once

#include "dossier/engine.h"
#include "store/dossiers.h"
#include "store/peers.h"

/* Where and when. */
typedef struct {
    const char *origin;          /* of this node's ledger */
    const NoteVerifier *own_key; /* this node's message key, to know own events by that come back
                                    after a restore; may be NULL */
    const char *source;          /* node that the event comes from; NULL: it is made here */
    gint64 now_us;
} DocketPlace;

/* What became of an event that was received. */
typedef struct {
    char *refusal;    /* why it is not kept; NULL: it is, or was already */
    gboolean is_held; /* it claims a time ahead, and waits (docket_held.h): `refusal` says so */
    gboolean is_new;
    char *dossier; /* its id; NULL when it was refused */
    char *machine; /* the type of the event that this node's machine has to make now: make it by
                      docket_draft() with NULL for the signatory; NULL: none */
} DocketOutcome;

void docket_outcome_clear(DocketOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DocketOutcome, docket_outcome_clear)

/* Takes an event: reads it, verifies that the message key of its author's card signed it (the
 * author is this node or a peer that is known; of a peer also the key that its card had at the time
 * that the event bears), keeps it and judges its dossier anew. What is wrong
 * with the event is its refusal; FALSE only when the store fails. An event that is void is kept:
 * that is no refusal. What another node sent and claims a time far ahead is held back. */
gboolean docket_receive(StoreTx *tx, GBytes *bytes, const DocketPlace *place,
                        DocketOutcome *ret_outcome, GError **error);

/* Judges the dossiers with numbers above @after anew, at most @max of them, and writes what follows
 * from their events: for when the tables have changed. *ret_last is the last one's number, 0 when
 * there was none. */
gboolean docket_rejudge(StoreTx *tx, const char *self, gint64 after, guint max, gint64 *ret_last,
                        guint *ret_count, GError **error);

/* What the rows of dossiers follow from beside the events: another text means other tables
 * (dossiers_tables()). Caller frees. */
char *docket_tables(void);

/* What this node wants to do; borrowed. */
typedef struct {
    const char *dossier;   /* NULL: opens one */
    const char *procedure; /* only to open one */
    const char *type;
    const char *signatory; /* the person; NULL: the machine */
    const char *payload;   /* the text of a JSON object, without "decides"; NULL: empty */
    MarkingTlp tlp;        /* MARKING_TLP_NONE: that of the dossier's opening event */
    MarkingPap pap;
    gboolean is_exercise;   /* only to open one: the whole dossier is */
    const char *checkpoint; /* may be NULL */
} DocketAct;

typedef struct {
    char *body;    /* in RFC 8785 form, to be signed */
    char *dossier; /* its id */
    const Procedure *procedure;
    char *state;         /* in which the dossier will be */
    char **told;         /* names of nodes that it is for, sorted: peers of this node */
    char **untold;       /* of those that are none: the event says so, and others send it on */
    gboolean is_private; /* its transition is for nobody */
    MarkingTlp tlp;      /* the strictest of it and of what goes with it */
    MarkingPap pap;
    gboolean is_exercise; /* the dossier */
    GPtrArray *authors; /* names of nodes: who made what is carried; this node is not among them */
    GPtrArray *carried; /* GBytes: earlier events that some of the audience have not got, in
                           order: they go with it */
} DocketDraft;

void docket_draft_free(DocketDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DocketDraft, docket_draft_free)

/* Drafts an event that follows all that is there. Fails as engine_after() does, when it would not
 * be valid; CONCERT_ERROR_NOT_FOUND when there is no such dossier. Writes nothing. */
DocketDraft *docket_draft(StoreTx *tx, const DocketAct *act, const DocketPlace *place,
                          GError **error);

/* A dossier with its events, judged. */
typedef struct {
    Dossier *dossier;
    GPtrArray *stored;    /* DossierEvent *, as they arrived */
    GPtrArray *events;    /* Event *; what could not be read is not among them */
    EngineResult *result; /* its clocks count as clock_hours.h says */
    GPtrArray *hours;     /* ClockHours *, of its clocks */
} Docket;

void docket_free(Docket *docket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Docket, docket_free)

/* Loads a dossier by its id, or the beginning of one (dossiers_get()). */
Docket *docket_load(Store *store, const char *id, GError **error);

/* The same within a transaction, by the whole id: without `dossier`, and nobody's signature can be
 * verified. */
Docket *docket_load_tx(StoreTx *tx, const char *id, GError **error);

/* The stored form of an event of it: where it came from, its bytes; the docket's. */
const DossierEvent *docket_stored(const Docket *docket, const Event *event);
