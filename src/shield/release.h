/* release.h - what a node lets block: which indicators' values were approved, what of a set may be
 * approved at all, and what in it is dangerous.
 *
 * Approved is always what one indicator says of one value, at the port it asks for if it does, so
 * that another one that says the same is not approved with it, nor the same one when it asks for
 * more, and that nothing stays blocked for an indicator that is gone. All here is pure: it knows
 * neither store nor clock. */
#pragma once

#include "base/sha256.h"
#include "shield/protect.h"
#include "shield/set.h"

/* What one indicator says of one value. */
typedef struct {
    ObservableKind kind;
    const char *value, *id, *source;
    guint16 port; /* 0: every */
} ReleaseEntry;

typedef struct Release Release;

/* An empty one; entries may be added in any order until it is finished. Texts are copied. */
Release *release_new(void);
void release_add(Release *release, const ReleaseEntry *entry);
void release_add_value(Release *release, const SetValue *value);
/* Sorts the entries and drops what is there twice. Only then may it be asked. */
void release_finish(Release *release);

void release_free(Release *release);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Release, release_free)

/* Entries, by kind, value, port, indicator and source; different values, at each port one. */
guint release_size(const Release *release);
const ReleaseEntry *release_get(const Release *release, guint i);
guint64 release_count_values(const Release *release);

/* What @value says, or more: the same at every port. */
gboolean release_has(const Release *release, const SetValue *value);
/* Likewise, whatever its indicator. */
gboolean release_has_value(const Release *release, const SetValue *value);

/* SHA-256 over the entries, which depends on nothing else. */
void release_digest(const Release *release, guint8 ret_digest[SHA256_SIZE]);

/* As it is kept: compressed. release_read() fails with CONCERT_ERROR_INPUT, or CONCERT_ERROR_LIMIT
 * beyond RELEASE_BYTES_MAX. */
#define RELEASE_BYTES_MAX (G_GUINT64_CONSTANT(2) << 30)
GBytes *release_write(const Release *release, GError **error);
Release *release_read(GBytes *bytes, GError **error);

/* Calls @added with the first entry of each value that only @after has, and @removed with those
 * that only @before has, in their order; a release that has a value at every port has it at each.
 * Either release may be NULL: an empty one. */
typedef void (*ReleaseEach)(gpointer user, const ReleaseEntry *entry);
void release_compare(const Release *before, const Release *after, ReleaseEach added,
                     ReleaseEach removed, gpointer user);

/* --- what may be approved ----------------------------------------------------------------------
 */

typedef enum {
    RELEASE_TAKEN,
    RELEASE_UNWANTED,    /* not what was asked for */
    RELEASE_UNMARKED,    /* nobody says what may be done with it (PAP) */
    RELEASE_FORBIDDEN,   /* its PAP level forbids blocking */
    RELEASE_SUPPRESSED,  /* on a warninglist */
    RELEASE_NEVER,       /* on the never-block list */
    RELEASE_OUT_OF_DATE, /* no longer valid */
    RELEASE_REASONS
} ReleaseReason;

/* "taken", "unwanted", ...; and in words. Static. */
const char *release_reason_name(ReleaseReason reason);
const char *release_reason_words(ReleaseReason reason);

typedef struct {
    gint64 now;           /* microseconds */
    MarkingPap unmarked;  /* the level of what bears none; MARKING_PAP_NONE: it may not block */
    const Protect *never; /* the never-block list */
} ReleaseRules;

/* May @value be blocked? RELEASE_TAKEN, or the first reason why not. What is not yet valid may be
 * approved: it is blocked from then on. */
ReleaseReason release_judge(const ReleaseRules *rules, const SetValue *value);

/* What is asked for; of each restriction that is not there everything. */
typedef struct {
    const char *const *sources; /* NULL: any */
    guint32 kinds;              /* bits 1 << ObservableKind; 0: any */
    int min_confidence;         /* 0: any; else what has none is left out */
} ReleaseSelection;

gboolean release_selects(const ReleaseSelection *selection, const SetValue *value);

/* --- what is dangerous -------------------------------------------------------------------------
 */

/* Prefixes that are shorter need a second approver. */
#define RELEASE_SHORTEST_V4 16
#define RELEASE_SHORTEST_V6 32

/* Why blocking @value needs a second approver: it touches something of @ground, or its prefix is
 * too short. NULL: it does not. */
const char *release_danger(const Protect *ground, ObservableKind kind, const char *value);

/* How much may change at once: at most so many values, or so much of what is in force, whichever
 * is more. */
typedef struct {
    guint percent;
    guint64 values;
} ReleaseLimit;

/* Reads "10%", "500" or "10% or 500". CONCERT_ERROR_INPUT. */
gboolean release_limit_parse(const char *text, ReleaseLimit *ret_limit, GError **error);

/* Values that may change when @in_force are in force. */
guint64 release_limit_values(const ReleaseLimit *limit, guint64 in_force);

/* --- standing approvals ------------------------------------------------------------------------
 */

/* An approval given beforehand, within bounds. */
typedef struct {
    gint64 number;
    const char *source;
    ObservableKind kind; /* OBSERVABLE_NONE: any */
    int min_confidence;  /* what has none is never taken, unless this is 0 */
    guint64 daily;       /* values a day */
    gint64 until;        /* microseconds */
    gboolean paused;
    gint64 day; /* on which `used` values were taken: days since 1970, UTC */
    guint64 used;
} ReleaseStanding;

/* Is it within the bounds of source, kind, confidence and time? */
gboolean release_standing_admits(const ReleaseStanding *standing, const SetValue *value,
                                 gint64 now);

/* Values that it may still take on the day of @now. */
guint64 release_standing_left(const ReleaseStanding *standing, gint64 now);

/* The day of @now, in days since 1970. */
gint64 release_day(gint64 now);
