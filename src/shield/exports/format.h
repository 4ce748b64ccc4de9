/* format.h - what a format of exports is. To add one: a file of its own with a `const ExportFormat
 * format_x`, its name below, in export.c and in meson.build. Private to export.c and exports/.
 *
 * A format's functions append to @out; export.c writes it out, and sees to it that every value is
 * canonical, wanted and permitted before the format gets it. What is not text of Concert's own or a
 * canonical value (ids, sources, names) the format has to escape. */
#pragma once

#include "shield/export.h"
#include "stix/observable_address.h"

#define FORMAT_KIND(kind)   (1u << OBSERVABLE_##kind)
#define FORMAT_ACTION(name) (1u << EXPORT_##name)
#define FORMAT_ADDRESSES    (FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6) | FORMAT_KIND(CIDR))
/* What a set can hold. */
#define FORMAT_ALL_KINDS ((1u << OBSERVABLE_OTHER) - 2)

/* What an entry for a domain says of the names under it. */
typedef enum {
    FORMAT_UNDER,  /* always includes them */
    FORMAT_EXACT,  /* never does */
    FORMAT_EITHER, /* as `exact` wants it */
} FormatNames;

struct ExportFormat {
    const char *name;
    const char *summary; /* half a sentence, lower case, no full stop */
    const char *media_type;
    gboolean blocks;
    gboolean every;    /* takes every claim about a value, not only the first */
    gboolean ports;    /* says the port that an indicator asks for: takes a claim for each port */
    gboolean lookups;  /* of names it also has a place that has no port: for `any_port` alone */
    guint32 kinds;     /* bits FORMAT_KIND() */
    guint32 actions;   /* bits FORMAT_ACTION(); 0: there is nothing to choose */
    guint32 redirects; /* kinds of what may be redirected to */
    FormatNames names;
    gsize state_size;

    void (*begin)(Export *export);
    ExportReason (*value)(Export *export, const ExportValue *value);
    void (*end)(Export *export);   /* NULL: nothing to do */
    void (*clear)(Export *export); /* frees what `state` holds; NULL: nothing to do */
};

struct Export {
    const ExportFormat *format;
    ExportOptions options;
    ExportAction action;
    char *redirect; /* canonical */
    ObservableKind redirect_kind;
    GString *out;
    gpointer state; /* state_size zeroed bytes */

    /* Of export.c alone. */
    ExportWrite write;
    gpointer user;
    gboolean begun;
    ExportCounts counts;
    ObservableKind kind; /* of the value whose claims are coming; NONE: none was yet */
    GString *text;
    GArray *ports; /* guint16; that it is written for, 0: every */
    ExportReason outcome;
};

/* Seconds since 1970 in 32 bits: a serial number that grows (RFC 1982). */
guint32 format_serial(const Export *export);

/* The time of the set as timestamp_format() writes it, with three digits. */
const char *format_time(const Export *export, char *buffer);

/* The parsed form of a value of FORMAT_ADDRESSES. */
ObservableAddress format_address(const ExportValue *value);

/* Appends a comment in the manner of most: @mark, who made this, when, and a line feed. */
void format_head(Export *export, const char *mark);

extern const ExportFormat format_rpz;
extern const ExportFormat format_unbound;
extern const ExportFormat format_dnsmasq;
extern const ExportFormat format_hosts;
extern const ExportFormat format_nftables;
extern const ExportFormat format_suricata;
extern const ExportFormat format_suricata_drop;
extern const ExportFormat format_suricata_sets;
extern const ExportFormat format_suricata_domain;
extern const ExportFormat format_suricata_ip;
extern const ExportFormat format_suricata_md5;
extern const ExportFormat format_suricata_sha1;
extern const ExportFormat format_suricata_sha256;
extern const ExportFormat format_suricata_ja3;
extern const ExportFormat format_suricata_iprep;
extern const ExportFormat format_zeek;
extern const ExportFormat format_csv;
extern const ExportFormat format_plain;
extern const ExportFormat format_stix;
extern const ExportFormat format_misp;
