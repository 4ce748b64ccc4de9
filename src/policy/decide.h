/* decide.h - who may see what, and why: the one policy function.
 *
 * TLP is a ceiling, the audience is the delivery list, sending on needs both. What no rule allows
 * is denied, and an empty audience is nobody. The truth table and the rules are data
 * (decide_cell(), decide_rules()); docs/policy.md shows both and is held equal to them by a test.
 *
 * A subject is a dispatch, or one object in it. An object that came in several dispatches may be
 * seen when one of them allows it: ask for each. A withdrawal or recall is a subject of its own:
 * live, with the audience, grants and marking of what it takes back.
 *
 * Nothing is allocated or kept here, everything is borrowed, and any thread may ask. The answer is
 * the same for all viewers with the same fields, and for all objects of a dispatch with the same
 * marking: who asks for many objects asks once for each marking that occurs. */
#pragma once

#include <glib.h>

#include "policy/marking.h"

/* Names sorted by their bytes, none twice. Out of order, some are not found, which denies. */
typedef struct {
    const char *const *names;
    guint count;
} DecideList;

/* The list of a NULL-terminated, sorted array (NULL is empty), borrowed: what an Opening has for
 * its audience, and audience.h for one that is being made. */
DecideList decide_list(const char *const *names);

/* Whether @name (may be NULL) stands in @list. */
gboolean decide_list_has(DecideList list, const char *name);

typedef enum {
    DECIDE_LIVE,
    DECIDE_WITHDRAWN, /* its author does not stand by it any more */
    DECIDE_RECALLED,  /* its author wants it out of use at once */
    DECIDE_EXPIRED,
} DecideState;

typedef struct {
    gboolean is_own;       /* this node is the author; else it was received from the author */
    gboolean is_public;    /* the audience is "public": the lists below are not looked at */
    DecideList audience;   /* origins, as resolved at the commit */
    DecideList named;      /* those of the audience that were named one by one, not by way of a
                              community: all of it unless the dispatch says otherwise */
    DecideList grants;     /* origins to whom later entries granted it */
    const char *community; /* "name@node" that it was addressed to; NULL: none */
    MarkingTlp tlp;        /* of the dispatch; MARKING_TLP_NONE: it says nothing */
    MarkingTlp object_tlp; /* of the object: what is stricter, this or that of the dispatch, counts;
                              of several, the strictest that decide_tlp() gives for each */
    MarkingTlp unmarked;   /* what counts if neither says anything; MARKING_TLP_NONE: AMBER */
    MarkingPap pap;        /* binds what is done with it, and what carries it on */
    DecideState state;
    gint64 expires;       /* microseconds since 1970, 0: never; looked at by decide_carry() alone */
    DecideList readers;   /* RED, received: names of accounts of this node that may read it; empty:
                             its officers */
    gboolean is_exercise; /* who may see it does not depend on this */
} DecideSubject;

typedef enum {
    DECIDE_PEER,   /* a peer node; for DECIDE_READ an account that stands for it */
    DECIDE_STAFF,  /* an account of this node's own organisation */
    DECIDE_CLIENT, /* an account that is flagged as a client of the organisation */
    DECIDE_ANYONE, /* not logged in */
} DecideWho;

typedef enum {
    DECIDE_PEERING_NONE, /* never agreed, or not yet */
    DECIDE_PEERING_ACTIVE,
    DECIDE_PEERING_SUSPENDED,
    DECIDE_PEERING_ENDED,
} DecidePeering;

typedef struct {
    DecideWho who;
    const char *origin;     /* of the peer */
    DecidePeering peering;  /* with the peer */
    DecideList communities; /* of which the peer is a member now, "name@node" */
    const char *account;    /* name of the account; NULL for a class of accounts */
    guint roles;            /* of the account (identity/role.h); of a class, those that all of it
                               have: of a class without any it is assumed that it may read */
} DecideViewer;

typedef enum {
    DECIDE_DELIVER, /* may this node, the author, give it to the peer over the exchange */
    DECIDE_READ,    /* may this account read it here */
    DECIDE_ONWARD,  /* may this node, which received it, send it on to the peer */
} DecideQuestion;

typedef struct {
    const char *id; /* "audience-empty": stable, for programs and for looking it up */
    gboolean allows;
    const char *sentence; /* for a duty officer */
} DecideRule;

/* The answer: the rule that decides, static. Asks are total: numbers that are none of the above are
 * taken for the strictest, or denied. */
const DecideRule *decide_whether(DecideQuestion question, const DecideSubject *subject,
                                 const DecideViewer *viewer);

/* A dispatch that is to carry on what was received. */
typedef struct {
    gboolean is_public;
    MarkingTlp tlp;        /* of the dispatch */
    MarkingTlp object_tlp; /* of the object as it goes out */
    MarkingPap pap;
    const char *community; /* that it is addressed to; NULL: none */
    gint64 expires;        /* microseconds since 1970, 0: never */
    gboolean is_exercise;
} DecideCarrier;

/* Sending on needs two yeses: DECIDE_ONWARD for each peer of the new audience, and this once for
 * the new dispatch: its terms must not be looser than those of @subject, since all that the next
 * node knows is these. */
const DecideRule *decide_carry(const DecideSubject *subject, const DecideCarrier *carrier);

/* The level that counts: the strictest of dispatch and object, @unmarked if neither says anything,
 * AMBER if that says nothing either. Of a dispatch as a whole: the strictest of its parts. */
MarkingTlp decide_tlp(MarkingTlp dispatch, MarkingTlp object, MarkingTlp unmarked);

/* Whether a dispatch that came may be kept at all: the node of @origin is among those it is for
 * (public, audience, grants). The marking is not looked at. */
gboolean decide_is_for(const DecideSubject *subject, const char *origin);

/* All rules, in the order in which they are asked; *ret_count of them, static. */
const DecideRule *decide_rules(guint *ret_count);

/* The columns of the truth table: what is asked, of whom, and where. */
typedef enum {
    DECIDE_COLUMN_DELIVER,
    DECIDE_COLUMN_ONWARD,
    DECIDE_COLUMN_STAFF,
    DECIDE_COLUMN_CLIENT,
    DECIDE_COLUMN_PEER_OWN,        /* account of a peer, at the author */
    DECIDE_COLUMN_PEER_RECEIVED,   /* account of a peer, at a recipient */
    DECIDE_COLUMN_ANYONE_OWN,      /* not logged in, at the author */
    DECIDE_COLUMN_ANYONE_RECEIVED, /* not logged in, at a recipient */
    DECIDE_COLUMNS,
} DecideColumn;

/* The heading of a column, and what a cell demands, in the words that docs/policy.md explains;
 * static, NULL if there is none. */
const char *decide_column(DecideColumn column);
const char *decide_cell(MarkingTlp tlp, DecideColumn column);
