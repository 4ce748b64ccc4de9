/* followed.h - the foreign sources that a node follows, and how far it has come with each.
 *
 * A source is made of parts (the collections of a TAXII server, the events of a feed, or the one
 * file that a list is). Of each part a mark says how far it has been read: a short text that only
 * its reader understands (node/follow_run.h). A mark is written when everything before it is
 * durable, so that whoever goes on from it, after whatever end of the program, misses nothing.
 *
 * Passwords and tokens are not here: node/follow_secret.h. */
#pragma once

#include "store/store.h"

#define FOLLOWED_MAX       1000
#define FOLLOWED_NAME_MAX  64
#define FOLLOWED_URL_MAX   2048
#define FOLLOWED_TEXT_MAX  4096          /* bytes of any other text of a source */
#define FOLLOWED_PART_MAX  2048          /* bytes of a part's name */
#define FOLLOWED_MARK_MAX  (16 * 1024)   /* bytes of a mark */
#define FOLLOWED_MARKS_MAX 200000        /* of one source */
#define FOLLOWED_EVERY_MAX (366 * 86400) /* seconds */

/* Their numbers are stored: never renumber. */
typedef enum {
    FOLLOWED_TAXII = 0,
    FOLLOWED_LIST = 1,
} FollowedKind;

typedef enum {
    FOLLOWED_OPEN = 0,
    FOLLOWED_BASIC = 1,
    FOLLOWED_BEARER = 2,
} FollowedAuth;

/* What objects a run, or all of them, brought. */
typedef enum {
    FOLLOWED_ACCEPTED,
    FOLLOWED_UNCHANGED,
    FOLLOWED_VARIANTS,
    FOLLOWED_CLAIMS,
    FOLLOWED_REJECTED,
    FOLLOWED_BROKEN, /* pieces that are no objects */
    FOLLOWED_REQUESTS,
    FOLLOWED_BYTES, /* fetched, unpacked */
    FOLLOWED_COUNTS
} FollowedCount;

/* "accepted", "unchanged", "variants", "claims", "rejected", "broken", "requests", "bytes" */
const char *followed_count_name(FollowedCount count);

typedef struct {
    gint64 number; /* never used again once the source is removed */
    char *name;    /* 1 to FOLLOWED_NAME_MAX of A-Z, a-z, 0-9, '.', '_', '-', first a letter or
                      digit: it may be a file's name */
    FollowedKind kind;
    char *url;
    char *remote;     /* of TAXII: ids of the collections, separated by blanks; NULL: all */
    char *collection; /* that the objects join: name or id */
    char *source;     /* who gives them */
    ObjectLevel level;
    guint every; /* seconds from one run to the next */
    FollowedAuth auth;
    char *user;    /* of FOLLOWED_BASIC */
    gint64 since;  /* of TAXII: nothing added there before is wanted, microseconds; 0: all */
    char *reading; /* of a list: how it is read, a JSON object's text; NULL: as it looks */
    gboolean paused;
    gint64 added;             /* times in microseconds since 1970; 0: never */
    gint64 started, finished; /* of the last run */
    gint64 succeeded;         /* end of the last run without failure */
    gint64 due;               /* of the next run */
    gboolean more;            /* the last run ended before the source did: the next goes on */
    guint failures;           /* runs that failed, since the last that did not */
    char *failure;            /* of the last run; NULL: none */
    char *remark; /* why the first object that was refused in the last run was; NULL: none */
    guint64 last[FOLLOWED_COUNTS], total[FOLLOWED_COUNTS];
} Followed;

void followed_free(Followed *followed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Followed, followed_free)

/* CONCERT_ERROR_INPUT when @name may not be one. */
gboolean followed_check_name(const char *name, GError **error);

/* Adds a source, to be run at once: name, kind, url, remote, collection, source, level, every,
 * auth, user, since and reading of @followed are taken. CONCERT_ERROR_CONFLICT when the name is
 * taken, CONCERT_ERROR_NOT_FOUND when there is no such collection, CONCERT_ERROR_LIMIT when there
 * are FOLLOWED_MAX. */
gboolean followed_add(StoreTx *tx, const Followed *followed, GError **error);

/* Forgets it and its marks; what came from it stays. CONCERT_ERROR_NOT_FOUND when there is none. */
gboolean followed_remove(StoreTx *tx, const char *name, GError **error);

/* No more runs until it is resumed, which makes it due. */
gboolean followed_pause(StoreTx *tx, const char *name, gboolean paused, GError **error);

/* Sets the marks of @count parts; one that is NULL is forgotten. CONCERT_ERROR_NOT_FOUND when the
 * source was removed, CONCERT_ERROR_LIMIT when it has too many parts. */
gboolean followed_mark(StoreTx *tx, gint64 number, const char *const *parts,
                       const char *const *marks, guint count, GError **error);

/* The end of a run: started, finished, due, more, failure, remark and last of @followed are kept,
 * the rest of its state follows. CONCERT_ERROR_NOT_FOUND when the source was removed. */
gboolean followed_finish(StoreTx *tx, const Followed *followed, GError **error);

/* All sources by name. Element: Followed *. */
GPtrArray *followed_list(Store *store, GError **error);

/* CONCERT_ERROR_NOT_FOUND when there is none. */
Followed *followed_find(Store *store, const char *name, GError **error);

/* The source that has been due for the longest at @now and is not paused, but none whose number is
 * in @without (a table of gint64 *; may be NULL). *ret_followed NULL: none. */
gboolean followed_next(Store *store, gint64 now, GHashTable *without, Followed **ret_followed,
                       GError **error);

/* The marks of a source: part -> mark, both char *. */
GHashTable *followed_marks(Store *store, gint64 number, GError **error);
