/* communities.h - named sets of nodes with one owner each (docs/protocol.md, "Communities"), as the
 * owner's numbered records have them: own ones and those of others alike. */
#pragma once

#include "store/store.h"

#define COMMUNITIES_OF_OWNER_MAX 64
#define COMMUNITIES_MEMBERS_MAX  1024

typedef enum {
    COMMUNITY_ADMITTED,
    COMMUNITY_LEFT,
    COMMUNITY_REMOVED,
    COMMUNITY_LEAVING, /* said so itself; the owner has not recorded it yet. No member any more */
} CommunityStep;

/* "admitted", "left", "removed", "leaving". */
const char *communities_step_name(CommunityStep step);

/* One of the first three. */
gboolean communities_step_parse(const char *name, CommunityStep *ret_step);

typedef struct {
    char *origin;
    CommunityStep step;
    gboolean votes;
    guint64 record; /* the number of what was recorded last about it */
    gint64 since;   /* microseconds since 1970 */
} CommunityMember;

typedef struct {
    char *name;  /* "name@node" */
    char *owner; /* origin */
    char *title;
    guint64 rules_number;
    GBytes *rules;      /* text */
    guint64 records;    /* the newest record's number; 0: none */
    char *complaint;    /* what is wrong with what the owner sends; NULL: nothing */
    GPtrArray *members; /* CommunityMember *, by origin, those who left included */
} Community;

void communities_free(Community *community);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Community, communities_free)

/* What is known of @origin; NULL: it never was a member. */
const CommunityMember *communities_member(const Community *community, const char *origin);

/* Whether @origin is a member now. */
gboolean communities_has(const Community *community, const char *origin);

/* The origins of those who are members now, sorted by their bytes; NULL-terminated. Caller frees.
 */
char **communities_members(const Community *community);

/* By name. Elements: Community *. */
GPtrArray *communities_list(Store *store, GError **error);

/* CONCERT_ERROR_NOT_FOUND when it is not known. */
Community *communities_get(Store *store, const char *name, GError **error);
Community *communities_get_tx(StoreTx *tx, const char *name, GError **error);

/* The names of the communities of which @origin is a member now; NULL-terminated. Caller frees. */
char **communities_of(Store *store, const char *origin, GError **error);
char **communities_of_tx(StoreTx *tx, const char *origin, GError **error);

/* Makes or changes a community: title, rulebook, number of its newest record. A complaint about it
 * is settled. CONCERT_ERROR_LIMIT beyond COMMUNITIES_OF_OWNER_MAX of one owner. */
gboolean communities_put(StoreTx *tx, const char *name, const char *owner, const char *title,
                         guint64 rules_number, GBytes *rules, guint64 records, GError **error);

/* Records what became of a member; the community is known. CONCERT_ERROR_LIMIT beyond
 * COMMUNITIES_MEMBERS_MAX. */
gboolean communities_set_member(StoreTx *tx, const char *name, const CommunityMember *member,
                                GError **error);

/* Forgets all members, to be told them anew. */
gboolean communities_clear_members(StoreTx *tx, const char *name, GError **error);

gboolean communities_set_complaint(StoreTx *tx, const char *name, const char *complaint,
                                   GError **error);
