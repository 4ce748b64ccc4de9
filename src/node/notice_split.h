/* notice_split.h - many findings divided among those who are to be told of them. */
#pragma once

#include "exchange/routing.h"

#define NOTICE_SPLIT_FINDINGS_MAX 1000000
#define NOTICE_SPLIT_LEFT_MAX     10000 /* of those left over, so many are named */
#define NOTICE_SPLIT_WHYS_MAX     4     /* reasons that are named for one recipient */

/* What one recipient is told. */
typedef struct {
    guint party;         /* of the routing */
    GPtrArray *findings; /* Finding *, in their order, none twice */
    GPtrArray *whys;     /* char *: why it is this recipient, different ones */
    guint n_whys;        /* how many there are */
    GHashTable *known;   /* finding_key() */
} NoticeGroup;

/* A finding that nobody is told of. */
typedef struct {
    RoutingVerdict verdict;
    guint64 line; /* of the input */
    char *value, *why;
    Finding *finding; /* if they are kept */
} NoticeLeft;

typedef struct {
    const Routing *routing; /* the caller's */
    gboolean keeps_left;    /* the findings that are left over are kept, to be tried again */
    gboolean victims;       /* who was attacked is told too, not only who has to mend something */
    GPtrArray *groups;      /* NoticeGroup *, in the order of their first finding */
    GPtrArray *left;        /* NoticeLeft * */
    GHashTable *by_party;
    guint64 findings, duplicates;
    guint64 other_roles;             /* that are about who was attacked, or took another part */
    guint64 count[ROUTING_HOLD + 1]; /* by verdict */
} NoticeSplit;

NoticeSplit *notice_split_new(const Routing *routing, gboolean victims);
void notice_split_free(NoticeSplit *split);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NoticeSplit, notice_split_free)

/* CONCERT_ERROR_LIMIT when there are too many. */
gboolean notice_split_add(NoticeSplit *split, const Finding *finding, GError **error);

/* Tries those again for which nobody was known, after something was added to the routing. */
void notice_split_again(NoticeSplit *split);
