/* collections.h - TAXII collections: who is a member since when, and pages of members.
 *
 * A member is one version in one collection. Its date_added is max(now, last + 1 us), assigned by
 * the writer in commit order, so it is unique within the collection and a reader that has seen
 * everything up to one date_added has missed nothing before it.
 *
 * A page is a pure function of (collection, filter, after, until): the same today and tomorrow,
 * from any process; only a deletion may change it. So "the last version" always means the last one
 * as of `until`. */
#pragma once

#include "store/store.h"

typedef struct {
    gint64 number; /* the store's own, > 0 */
    char *id;      /* UUID, TAXII's id */
    char *root;    /* name of the API root, the first part of its path */
    char *name;    /* short name, unique in the node; TAXII's alias */
    char *title;
    char *description; /* NULL when there is none */
    char *reach;       /* who reads it, when the policy says what is in it; NULL */
    gint64 members;    /* versions in it */
    gint64 last_added; /* date_added of the newest member ever, 0 when none */
} Collection;

void collection_free(Collection *collection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collection, collection_free)

typedef struct {
    char *name; /* path component */
    char *title;
    char *description; /* may be NULL */
} CollectionRoot;

void collection_root_free(CollectionRoot *root);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CollectionRoot, collection_root_free)

/* Creates an API root; CONCERT_ERROR_CONFLICT when the name is taken, CONCERT_ERROR_INPUT when it
 * is not 1 to 64 of a-z, 0-9, '-', or is taken by the server itself:
 * "taxii2", "health", "metrics", "ledger". */
gboolean collections_add_root(StoreTx *tx, const char *name, const char *title,
                              const char *description, GError **error);

/* Creates a collection. @id NULL makes a random UUID. */
gboolean collections_add(StoreTx *tx, const char *root, const char *id, const char *name,
                         const char *title, const char *description, gint64 *ret_number,
                         GError **error);

/* The number of the collection with that UUID or name. */
gboolean collections_find_number(StoreTx *tx, const char *id_or_name, gint64 *ret_number,
                                 GError **error);

/* Rights of an account (by name; COLLECTIONS_ANYONE for who did not log in) on a collection. Both
 * FALSE removes the grant. */
#define COLLECTIONS_ANYONE "anyone"

gboolean collections_grant(StoreTx *tx, gint64 number, const char *account, gboolean read,
                           gboolean write, GError **error);

/* Element: CollectionRoot *, in order of creation; the first is the default. */
GPtrArray *collections_roots(Store *store, GError **error);

/* Element: Collection *, in order of creation; of one API root, or of all when @root is NULL. */
GPtrArray *collections_list(Store *store, const char *root, GError **error);

/* By UUID or name, within @root unless that is NULL. CONCERT_ERROR_NOT_FOUND when there is none. */
Collection *collections_lookup(Store *store, const char *root, const char *id_or_name,
                               GError **error);

typedef struct {
    char *account;
    gboolean read, write;
} CollectionGrant;

void collection_grant_free(CollectionGrant *grant);

/* Element: CollectionGrant *. */
GPtrArray *collections_grants(Store *store, gint64 number, GError **error);

/* What @account may do there; COLLECTIONS_ANYONE's rights are everybody's. */
gboolean collections_rights(Store *store, gint64 number, const char *account, gboolean *ret_read,
                            gboolean *ret_write, GError **error);

/* A collection whose members follow from the policy (exchange/reach.h), and who reads it. */
typedef struct {
    gint64 number;
    char *reach;
} CollectionReach;

void collection_reach_free(CollectionReach *reach);

/* Elements: CollectionReach *. */
GPtrArray *collections_reaches(StoreTx *tx, GError **error);

/* @reach NULL: members are added by hand alone. */
gboolean collections_set_reach(StoreTx *tx, gint64 number, const char *reach, GError **error);

/* A filter of TAXII 2.1 section 3.4. All lists are NULL-terminated, or NULL for "not given". */
typedef struct {
    char **ids;
    char **types;
    gboolean spec20, spec21;   /* match[spec_version]; both FALSE: not given, that is only
                                  the highest specification version of each object */
    gboolean first, last, all; /* match[version]; none and no exact: last */
    GArray *versions;          /* gint64: exact versions; NULL when none */
} CollectionFilter;

/* One member, for manifests and version lists. */
typedef struct {
    const char *id; /* owned by the page */
    ObjectSpec spec;
    gint64 date_added;
    gint64 version;
    guint version_digits;
} CollectionMember;

typedef struct {
    gint64 number; /* the collection */
    CollectionFilter filter;
    gint64 after;    /* members later than this; G_MININT64 for all */
    gint64 until;    /* members no later than this; G_MAXINT64 for all there are now */
    guint limit;     /* at least 1 */
    gsize max_bytes; /* of objects: a page ends early past this, but never with nothing */
} CollectionQuery;

typedef struct {
    GPtrArray *ids;   /* private: owns the members' ids */
    GArray *members;  /* CollectionMember, ascending by date_added; NULL from pages of objects */
    GString *objects; /* the objects' bytes joined by ","; NULL from pages of members */
    guint count;
    gint64 first, last; /* date_added of the first and last member of the page, when count > 0 */
    gint64 until;       /* the upper bound that was used: pass it on for the next page */
    gboolean more;      /* members remain between last and until */
} CollectionPage;

void collection_page_free(CollectionPage *page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CollectionPage, collection_page_free)

/* A page of objects. @into (may be NULL) is a buffer whose memory is used again. */
CollectionPage *collections_objects(Store *store, const CollectionQuery *query, GString *into,
                                    GError **error);

/* A page of the manifest: the same members without their objects. */
CollectionPage *collections_manifest(Store *store, const CollectionQuery *query, GError **error);

/* Is any version of @id in the collection? */
gboolean collections_contains(Store *store, gint64 number, const char *id, gboolean *ret_contains,
                              GError **error);

/* Takes the versions of @id that @filter selects out of the collection (TAXII DELETE; ids and types
 * of the filter are ignored): those that a page with the same filter shows; without first, last and
 * versions all of them. The store keeps what it was told. */
gboolean collections_remove(StoreTx *tx, gint64 number, const char *id,
                            const CollectionFilter *filter, guint *ret_removed, GError **error);
