/* finding.h - reports of abuse and weakness, whatever format they come in, as findings.
 *
 * A finding is one thing somebody has to be told of: an address, a name, a URL with what was seen
 * there and when. Shadowserver's tables, X-ARF, IODEF in XML and JSON, any other table, logs and
 * plain text all become the same findings, one at a time, in the order of the input. What cannot be
 * read is told with its place and the reason, and never costs its neighbours.
 *
 * docs/formats.md says which field of which format becomes what. */
#pragma once

#include "base/error.h"
#include "base/stream.h"
#include "stix/observable.h"

typedef enum {
    FINDING_FORMAT_NONE, /* not recognised */
    FINDING_FORMAT_SHADOWSERVER,
    FINDING_FORMAT_XARF,       /* versions 1 to 4, JSON */
    FINDING_FORMAT_XARF_MAIL,  /* version 0.2: a mail with a YAML part, or that part alone */
    FINDING_FORMAT_IODEF,      /* XML, version 2 and 1 */
    FINDING_FORMAT_IODEF_JSON, /* RFC 8727 */
    FINDING_FORMAT_STIX,       /* bundle with incidents, indicators, observables */
    FINDING_FORMAT_CSV,
    FINDING_FORMAT_TEXT, /* lists, logs, prose */
} FindingFormat;

/* "shadowserver", "xarf", "xarf-mail", "iodef", "iodef-json", "stix", "csv", "text"; NULL for
 * FINDING_FORMAT_NONE. */
const char *finding_format_name(FindingFormat format);

/* The format of that name, or FINDING_FORMAT_NONE. */
FindingFormat finding_format_from_name(const char *name);

/* What the finding's address has to do with what happened. */
typedef enum {
    FINDING_SUBJECT, /* it is what the report is about: whoever answers for it is to be told */
    FINDING_TARGET,  /* it was attacked, or is the destination */
    FINDING_OTHER,   /* it took some other part: watched, intermediate, a sensor */
} FindingRole;

/* Bounds of what is kept of one finding. */
#define FINDING_MAX_FIELDS      256
#define FINDING_MAX_TEXT        4096 /* bytes of a field's value or of any text; more is cut off */
#define FINDING_MAX_FIELDS_SIZE (32 * 1024) /* bytes of all fields together */

/* A field as the report has it: valid UTF-8, never empty. */
typedef struct {
    const char *name;
    const char *value;
} FindingField;

/* All texts are UTF-8, and NULL when the report does not say. At least one of address, prefix,
 * domain, url, email and hash is there. */
typedef struct {
    guint64 line; /* in the input, from 1; of JSON the number of the report, from 1 */
    gint64 time;  /* when it was seen, microseconds since 1970; 0: unknown */
    FindingRole role;
    const char *address;  /* canonical (stix/observable.h): "192.0.2.1", "2001:db8::1" */
    const char *prefix;   /* canonical: "192.0.2.0/24" */
    guint port;           /* that goes with the address, domain or url's host; 0: unknown */
    const char *protocol; /* lower case: "tcp", "udp", "icmp", ... */
    guint32 asn;          /* 0: unknown; as the report says, which may be wrong */
    const char *domain;   /* canonical */
    const char *url;      /* canonical */
    const char *email;    /* canonical: an account or sender the finding is about */
    const char *hash;     /* canonical: of a file */
    ObservableKind hash_kind;
    const char *classification; /* intake/rsit.h: "vulnerable.vulnerable-system"; never NULL */
    const char *severity;       /* "info", "low", "medium", "high", "critical" */
    const char *description;    /* one line */
    const char *report_id;      /* the report's own identifier of the finding or of itself */
    const char *report_type;    /* the report's own word for what this is: "scan_telnet", "ddos" */
    const char *reporter;       /* who found it, as the report says */
    const FindingField *fields; /* the original, in its order */
    guint field_count;
    gboolean fields_cut; /* some were left out or cut off at the bounds above */
} Finding;

/* What the finding is about, the most exact first: url, email, domain, address, prefix, hash. Gives
 * its canonical text; *ret_kind (may be NULL) says what it is. Never NULL. */
const char *finding_value(const Finding *finding, ObservableKind *ret_kind);

/* The value of the original field called @name (case does not matter), or NULL. */
const char *finding_field(const Finding *finding, const char *name);

/* A copy that lives on its own, in one piece of memory; free with finding_free(). */
Finding *finding_copy(const Finding *finding);

void finding_free(Finding *finding);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Finding, finding_free)

/* The same finding of two reports has the same key: SHA-256 over values, class, port and protocol,
 * not time, fields and report; in lower-case hex. Caller frees. */
char *finding_key(const Finding *finding);

/* What is handed on while reading. */
typedef struct {
    /* @finding and its texts live until the call returns. FALSE with @error stops reading. */
    gboolean (*found)(gpointer user, const Finding *finding, GError **error);
    /* May be NULL. A record that was passed over: @where is its place in the input ("line 7",
     * "$[3].Report.Source", "/IODEF-Document/Incident[1]/EventData[2]"), @why the reason. */
    void (*refused)(gpointer user, const char *where, const char *why);
    gpointer user;
} FindingSink;

typedef struct {
    FindingFormat format;    /* FINDING_FORMAT_NONE: detect */
    const char *name;        /* of the input, for messages; the names of Shadowserver's files say
                                which report it is ("2026-01-31-scan_telnet-alder.csv"). NULL: none */
    const char *report_type; /* of Shadowserver, if the name does not tell; NULL: by its columns */
    const char *classification; /* of findings of which the report says none; NULL:
                                   "other.undetermined" */
    const char
        *csv_columns; /* "address=2,time=1,...", see docs/formats.md; NULL: from the header */
} FindingOptions;

typedef struct {
    char *where, *why;
} FindingRefusal;

/* The first so many refusals are kept in the summary; all are counted. */
#define FINDING_MAX_REFUSALS 1000

typedef struct {
    FindingFormat format;
    char *what;      /* for people: "Shadowserver report scan_telnet", "IODEF 2.00, 2 incidents" */
    guint64 records; /* rows, reports, events, lines that are not blank */
    guint64 findings;
    guint64 empty; /* records that name nothing to be found */
    guint64 refused;
    GPtrArray *refusals; /* FindingRefusal *, at most FINDING_MAX_REFUSALS */
} FindingSummary;

void finding_summary_clear(FindingSummary *summary);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FindingSummary, finding_summary_clear)

/* Reads the findings of @stream to its end. *ret_summary (may be NULL) is what became of it; it is
 * also set when reading fails half-way. Fails with CONCERT_ERROR_INPUT when the input is nothing
 * that is known or holds no record that could be read, CONCERT_ERROR_LIMIT when it is too large for
 * its format, when the stream fails, or as @sink does. */
gboolean finding_read(Stream *stream, const FindingOptions *options, const FindingSink *sink,
                      FindingSummary *ret_summary, GError **error);
