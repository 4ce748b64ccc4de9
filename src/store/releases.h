/* releases.h - the releases of the shield (shield/release.h): which were proposed, who approved
 * them, which is in force; the never-block list; standing approvals. */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

/* Releases whose content is kept: those that were in force last, to go back to, and the newest
 * proposals. Of older ones only that they were is left. */
#define RELEASES_KEPT         10

#define RELEASES_NEVER_MAX    100000
#define RELEASES_STANDING_MAX 256

/* Times are microseconds since 1970, 0: never. */
typedef struct {
    gint64 number; /* from 1 */
    gint64 base;   /* the one that was in force when it was made; 0: none */
    gint64 made;
    char *by;         /* who proposed it, or gave the standing approval */
    char *selection;  /* what was asked for, in words; NULL: everything */
    char *over_limit; /* why so much may change at once; NULL: it is within the limit */
    guint8 digest[SHA256_SIZE];
    guint64 entries, values, added, removed;
    guint64 dangerous; /* of what is added; needs a second approver */
    gint64 standing;   /* the standing approval it was made by; 0: none */
    char *approvers[2];
    gint64 approved[2];
    gint64 since, until; /* in force; the last time, if several */
    gboolean in_force;
    gboolean has_content;
} ReleasesRow;

void releases_row_free(ReleasesRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReleasesRow, releases_row_free)

/* --- reading -----------------------------------------------------------------------------------
 */

/* Newest first, at most @limit (0: all). Elements: ReleasesRow *. */
GPtrArray *releases_list(Store *store, guint limit, GError **error);

/* CONCERT_ERROR_NOT_FOUND. */
ReleasesRow *releases_get(Store *store, gint64 number, GError **error);

/* What release_write() made of it. CONCERT_ERROR_NOT_FOUND when it is not kept any more. */
GBytes *releases_content(Store *store, gint64 number, GError **error);

/* The number of the one in force; 0: none. */
gboolean releases_in_force(Store *store, gint64 *ret_number, GError **error);

/* A text that is another one when another release came into force or the never-block list was
 * changed. Caller frees. */
char *releases_state(Store *store, GError **error);

typedef struct {
    char *kind, *value; /* canonical */
    char *by, *reason;  /* reason NULL: none was given */
    gint64 made;
} ReleasesNever;

/* By value. Elements: ReleasesNever *. */
GPtrArray *releases_never(Store *store, GError **error);

typedef struct {
    gint64 number;
    char *source, *kind; /* kind NULL: any */
    int min_confidence;
    guint64 daily;
    gint64 made, until;
    char *by;
    gboolean paused;
    gint64 day;
    guint64 used, waiting; /* values: taken on `day`; that exceed the bound, as last seen */
} ReleasesStanding;

/* By number. Elements: ReleasesStanding *. */
GPtrArray *releases_standing(Store *store, GError **error);

typedef struct {
    gint64 in_force;  /* 0: none */
    guint64 proposed; /* releases that one person approved and that wait for a second */
    guint64 waiting;  /* values beyond the bounds of standing approvals */
} ReleasesSummary;

gboolean releases_summary(Store *store, ReleasesSummary *ret_summary, GError **error);

/* --- changing ----------------------------------------------------------------------------------
 */

/* The number that the next release (standing approval) gets. */
gboolean releases_next(StoreTx *tx, gint64 *ret_number, GError **error);
gboolean releases_next_standing(StoreTx *tx, gint64 *ret_number, GError **error);

/* The one in force, and one release, as this transaction has them. */
gboolean releases_in_force_tx(StoreTx *tx, gint64 *ret_number, GError **error);
ReleasesRow *releases_get_tx(StoreTx *tx, gint64 number, GError **error);

/* Keeps a release of row->number with its content. */
gboolean releases_add(StoreTx *tx, const ReleasesRow *row, GBytes *content, GError **error);

/* Keeps who approved it: @place 0 is the first approver, 1 the second. */
gboolean releases_approve(StoreTx *tx, gint64 number, guint place, const char *by, gint64 now,
                          GError **error);

/* Puts release @number in force (0: none is), and forgets the content of old ones. */
gboolean releases_enforce(StoreTx *tx, gint64 number, gint64 now, GError **error);

/* CONCERT_ERROR_CONFLICT when it is there already, CONCERT_ERROR_LIMIT beyond RELEASES_NEVER_MAX.
 */
gboolean releases_add_never(StoreTx *tx, const ReleasesNever *never, GError **error);
/* CONCERT_ERROR_NOT_FOUND. */
gboolean releases_remove_never(StoreTx *tx, const char *value, GError **error);

/* CONCERT_ERROR_LIMIT beyond RELEASES_STANDING_MAX. */
gboolean releases_add_standing(StoreTx *tx, const ReleasesStanding *standing, GError **error);
/* CONCERT_ERROR_NOT_FOUND, both. */
gboolean releases_remove_standing(StoreTx *tx, gint64 number, GError **error);
gboolean releases_resume_standing(StoreTx *tx, gint64 number, GError **error);

/* After a rollback: none takes anything until a person resumes it. */
gboolean releases_pause_standing(StoreTx *tx, GError **error);

/* CONCERT_ERROR_CONFLICT unless the standing approval may still take something at @now: it is
 * there, not paused, and not over. */
gboolean releases_check_standing(StoreTx *tx, gint64 number, gint64 now, GError **error);

/* @count more values were taken on @day. */
gboolean releases_use_standing(StoreTx *tx, gint64 number, gint64 day, guint64 count,
                               GError **error);
gboolean releases_wait_standing(StoreTx *tx, gint64 number, guint64 waiting, GError **error);
