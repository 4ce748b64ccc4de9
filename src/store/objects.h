/* objects.h - STIX objects in the store: versions, variants, claims, and finding them again.
 *
 * A version is what one id was at one `modified`. Other bytes for the same id and version are a
 * variant: kept and reported, never served in place of the first of its collection. A version from
 * another source than the object's first is a claim: kept and shown, but it takes no effect until
 * adopted. */
#pragma once

#include "store/store.h"

typedef enum {
    OBJECTS_ACCEPTED,  /* new */
    OBJECTS_UNCHANGED, /* these very bytes were there, and in the collection, already */
    OBJECTS_VARIANT,   /* id and version were there with other bytes; kept as a variant */
    OBJECTS_CLAIM,     /* a version from another source than the object's first; kept as a claim */
} ObjectsOutcome;

/* "accepted", "unchanged", "variant", "claim" */
const char *objects_outcome_name(ObjectsOutcome outcome);

/* What became of an object that was put. */
typedef struct {
    ObjectsOutcome outcome;
    gint64 date;    /* the member's date_added, microseconds; 0: it is no member */
    gint64 version; /* number of the stored version that has its bytes */
    gboolean joins; /* it has effect: it may be a member of collections */
} ObjectsResult;

/* Stores @count objects that @source gave and makes them members of @collection (0: of none), in
 * this order. ret_results has room for @count. */
gboolean objects_put(StoreTx *tx, const char *source, gint64 collection, Object *const *objects,
                     gsize count, ObjectsResult *ret_results, GError **error);

/* Makes stored versions members of @collection, or takes them out of it; which are, or are not,
 * already is passed over. */
gboolean objects_join(StoreTx *tx, gint64 collection, const gint64 *versions, gsize count,
                      GError **error);
gboolean objects_leave(StoreTx *tx, gint64 collection, const gint64 *versions, gsize count,
                       GError **error);

/* The bytes of a stored version. CONCERT_ERROR_NOT_FOUND when there is none. */
GBytes *objects_read(StoreTx *tx, gint64 version, GError **error);

/* Makes the version of @id with the given SHA-256 effective although another source gave it: the
 * analyst's adoption of a claim or a variant. It joins the collections the object is in, but none
 * that has a reach: what is in these exchange/reach.h decides. */
gboolean objects_adopt(StoreTx *tx, const char *id, const guint8 sha256[SHA256_SIZE],
                       gint64 *ret_version, GError **error);

/* A version takes the place, in one collection, of whatever is there of its object and time. */
gboolean objects_replace(StoreTx *tx, gint64 collection, gint64 version, GError **error);

/* Is any version of the object that @version is of in the collection? */
gboolean objects_is_in(StoreTx *tx, gint64 collection, gint64 version, gboolean *ret_is_in,
                       GError **error);

/* What is known of one stored version. */
typedef struct {
    gint64 number; /* of the version in the store */
    char *id;
    char *type;
    char *source;
    ObjectSpec spec;
    gint64 version;
    guint version_digits;
    gint64 stored_at; /* microseconds */
    guint8 sha256[SHA256_SIZE];
    gboolean revoked;
    gboolean variant;
    gboolean claim;
    GBytes *bytes; /* exactly as received */
} ObjectsRow;

void objects_row_free(ObjectsRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObjectsRow, objects_row_free)

/* Called per row; return FALSE to stop. The row is freed afterwards. */
typedef gboolean (*ObjectsEach)(const ObjectsRow *row, gpointer user);

typedef struct {
    const char *id;        /* NULL: any */
    const char *type;      /* NULL: any */
    const char *source;    /* NULL: any */
    ObservableKind kind;   /* with value: OBSERVABLE_NONE for any kind */
    const char *value;     /* canonical; NULL: any. A domain finds exactly that domain */
    const char *text;      /* substring of the bytes, ASCII case folded; NULL: any */
    gint64 collection;     /* 0: whole store */
    gint64 modified_after; /* versions later than this; G_MININT64: any */
    gboolean all_versions; /* else only each object's latest effective version */
    gboolean variants;     /* variants and claims too; implies all_versions */
    guint64 limit;         /* 0: none */
    gboolean ahead; /* read the next rows on a thread of its own while some are shown: for who
                       reads very many */
} ObjectsQuery;

#define OBJECTS_QUERY_INIT                                                                         \
    {                                                                                              \
        .modified_after = G_MININT64                                                               \
    }

/* Calls @each for each version the query finds, in the order they were stored; what is stored after
 * the call began is left out, also when it is newer. @each may take its time: no read transaction
 * is open meanwhile. ret_count may be NULL. */
gboolean objects_find(Store *store, const ObjectsQuery *query, ObjectsEach each, gpointer user,
                      guint64 *ret_count, GError **error);

typedef struct {
    guint64 objects;  /* distinct ids */
    guint64 versions; /* stored versions, variants and claims included */
    guint64 variants;
    guint64 claims;
    guint64 bytes; /* of all versions' JSON */
} ObjectsStats;

gboolean objects_stats(Store *store, ObjectsStats *ret_stats, GError **error);
