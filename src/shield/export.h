/* export.h - writes indicators in the languages of those who block and watch: resolvers, packet
 * filters, sensors, other programs.
 *
 * One table of formats, each a file in exports/. Only what is a value of its kind in canonical form
 * is ever written, so nothing that somebody else wrote reaches a configuration as it is. Nothing is
 * left out in silence: every value that a format cannot say, or that may not be said, is counted by
 * its kind and the reason. */
#pragma once

#include "base/error.h"
#include "policy/marking.h"
#include "stix/observable.h"

/* One indicator's claim about one value. */
typedef struct {
    ObservableKind kind;
    const char *text;   /* canonical */
    const char *id;     /* of the indicator */
    const char *source; /* who gives it */
    const char *name;   /* of the indicator; NULL: none */
    int confidence;     /* 0 to 100; -1: none */
    MarkingTlp tlp;
    MarkingPap pap;
    gint64 version;         /* `modified`, microseconds; 0: not known */
    gint64 valid_from;      /* microseconds; 0: always */
    gint64 valid_until;     /* 0: for good */
    guint16 port;           /* that its indicator asks for beside it; 0: any */
    const char *suppressed; /* the warninglists the value is on, "One; Two"; NULL: on none */
} ExportValue;

/* What a resolver answers to who asks for a name. */
typedef enum {
    EXPORT_NXDOMAIN,
    EXPORT_NODATA,
    EXPORT_REDIRECT,
    EXPORT_PASSTHRU,
} ExportAction;

#define EXPORT_ACTION_CHOICES "nxdomain|nodata|redirect|passthru"

/* Kinds of values that can be asked for. */
#define EXPORT_KIND_CHOICES "ipv4|ipv6|cidr|domain|url|md5|sha1|sha256|sha512|email|ja3|ja4"

/* What kept a value out, or made less of it. */
typedef enum {
    EXPORT_DONE,
    EXPORT_NARROWED,      /* written, but only the name itself, not the names under it */
    EXPORT_WIDENED,       /* looked for at every port, though its indicator asks for one */
    EXPORT_COVERED,       /* lies in a network that is written */
    EXPORT_ONE_PORT,      /* its indicator asks for a port, and the format cannot say it */
    EXPORT_NO_PLACE,      /* the format has no place for it */
    EXPORT_TOO_LONG,      /* for the format */
    EXPORT_UNSEEN,        /* who reads the format cannot see it: what is behind TLS */
    EXPORT_UNWANTED,      /* its kind was not asked for */
    EXPORT_SUPPRESSED,    /* on a warninglist */
    EXPORT_UNMARKED,      /* nobody says what may be done with it (PAP) */
    EXPORT_NOT_PERMITTED, /* its PAP level forbids blocking */
    EXPORT_TOO_WIDE,      /* a network so wide that only a release blocks it */
    EXPORT_OUT_OF_DATE,   /* no longer or not yet valid */
    EXPORT_MALFORMED,     /* not what its kind looks like */
    EXPORT_REASONS
} ExportReason;

/* "narrowed", "no-place", ...; and in words, "the format has no place for them". Static. */
const char *export_reason_name(ExportReason reason);
const char *export_reason_words(ExportReason reason);

typedef struct {
    guint64 values;  /* different values written */
    guint64 entries; /* rows, where the format has one for each indicator; else as values */
    guint64 bytes;
    guint64 by_reason[EXPORT_REASONS][OBSERVABLE_OTHER + 1]; /* values */
} ExportCounts;

/* All of one reason. */
guint64 export_counts_sum(const ExportCounts *counts, ExportReason reason);

typedef struct {
    gint64 now;           /* microseconds: what is not valid then is left out */
    gint64 time;          /* of the set: serial numbers and time stamps follow from it alone */
    int action;           /* an ExportAction; -1: what the format does by itself */
    const char *redirect; /* where EXPORT_REDIRECT leads: an address or a name */
    gboolean exact;       /* the names themselves, not the names under them */
    gboolean suppressed;  /* what is on warninglists, too */
    gboolean any_port;    /* for every port, where a port cannot be said */
    gboolean approved;    /* what comes is approved for blocking: PAP was seen to */
    MarkingPap unmarked;  /* the level of what bears none */
    guint32 kinds;        /* bits 1 << ObservableKind; 0: all */
    const char *maker;    /* who exports, for formats that say it; NULL: "concert" */
} ExportOptions;

typedef struct ExportFormat ExportFormat;

/* All formats, NULL-terminated, in the order they are shown. */
const ExportFormat *const *export_formats(void);

/* The format of that name; CONCERT_ERROR_INPUT, naming all of them, when there is none. */
const ExportFormat *export_format_find(const char *name, GError **error);

const char *export_format_name(const ExportFormat *format);
const char *export_format_summary(const ExportFormat *format);
const char *export_format_media_type(const ExportFormat *format);

/* Whether programs that read it block: then only what may be blocked is written. */
gboolean export_format_blocks(const ExportFormat *format);

/* Whether it has addresses or names and no place for the port that an indicator asks for: what has
 * one is left out, unless `any_port` is wanted. */
gboolean export_format_lacks_ports(const ExportFormat *format);

/* Whether `any_port` makes a difference: ports are lacking altogether, or for lookups of names. */
gboolean export_format_widens(const ExportFormat *format);

/* Takes the next bytes; FALSE ends the export. */
typedef gboolean (*ExportWrite)(gpointer user, const char *bytes, gsize length, GError **error);

typedef struct Export Export;

/* Begins an export. CONCERT_ERROR_INPUT when the format cannot do what @options ask. The options'
 * texts must outlive it. */
Export *export_new(const ExportFormat *format, const ExportOptions *options, ExportWrite write,
                   gpointer user, GError **error);

/* The next value. The claims about one value come one after the other. */
gboolean export_add(Export *export, const ExportValue *value, GError **error);

/* Writes what is left; ret_counts (may be NULL) is what became of the values. */
gboolean export_finish(Export *export, ExportCounts *ret_counts, GError **error);

void export_free(Export *export);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Export, export_free)
