/* releaser.h - what this node lets block: its own set of indicators, the rules of concert.conf, the
 * never-block list and the release in force (store/releases.h), looked at together.
 *
 * What is approved is blocked only as long as all of that still says so: what was recalled, revoked
 * or has expired, what bears a stricter level now, or came onto a list, leaves at once and without
 * anybody's approval. */
#pragma once

#include "node/node.h"
#include "shield/release.h"
#include "store/releases.h"

typedef struct {
    Set *set;            /* all indicators of the node (node/shield_cache.h) */
    Protect *never;      /* the never-block list */
    ReleaseRules rules;  /* of concert.conf, and of the moment of looking */
    gint64 number;       /* of the release in force; 0: none ever was */
    Release *approved;   /* its content; of none an empty one */
    GPtrArray *standing; /* ReleasesStanding *, expired and paused ones included */
} Releaser;

/* Looks at the node as it is at @now (microseconds). */
Releaser *releaser_open(Node *node, gint64 now, GError **error);

/* The same, of the parts of a node. */
Releaser *releaser_open_parts(const char *directory, const Config *config, Store *store, gint64 now,
                              GError **error);

void releaser_free(Releaser *releaser);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Releaser, releaser_free)

/* Is @value blocked? An ExportSetAdmits (shield/export_set.h) of a const Releaser *. */
gboolean releaser_blocks(gpointer releaser, const SetValue *value);

/* What is blocked, as a release. */
Release *releaser_in_force(const Releaser *releaser);

/* What was left out, in values of one indicator each, by reason. */
typedef struct {
    guint64 left_out[RELEASE_REASONS];
} ReleaserCounts;

/* What @selection would let block: all of it that may be, and what standing approvals have let
 * block and still do. */
Release *releaser_candidate(const Releaser *releaser, const ReleaseSelection *selection,
                            ReleaserCounts *ret_counts);

/* An AS number of a card that no route of the table belongs to: what lies in it is not known. */
typedef struct {
    guint32 as;
    char *whose; /* "this node", or the name of the peer */
} ReleaserUnknown;

/* What must not be blocked lightly: the constituency of this node and of its peers, its AS numbers
 * by the table of routes (store/contacts.h), their endpoints, and the resolvers of this machine and
 * of [shield] resolvers. ret_unknown: elements ReleaserUnknown *, this node's first, each number
 * once; caller unrefs. */
Protect *releaser_ground(const Config *config, Store *store, GPtrArray **ret_unknown,
                         GError **error);

/* "AS64500 of this node, AS64501 of cert.birch.example, ..."; caller frees. */
char *releaser_unknown_words(const GPtrArray *unknown);

/* [shield] unmarked: the level of what bears none; MARKING_PAP_NONE: it may not block. */
MarkingPap releaser_unmarked(const Config *config);

/* [shield] change_limit. */
gboolean releaser_limit(const Config *config, ReleaseLimit *ret_limit, GError **error);

/* A standing approval as shield/release.h has it; borrows from @row. */
ReleaseStanding releaser_standing(const ReleasesStanding *row);
