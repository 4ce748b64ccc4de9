/* observation.h - what a record of a log, or a packet, says happened: typed values, when, and
 * between whom; and which of the values a set has.
 *
 * The readers of structured logs (record.h) and of packets make observations; this module looks
 * their values up, so that all of them find the same. A value whose type the field's name gives is
 * looked up as just that: an MD5 in a field of JA3 fingerprints is none, a version in a field of
 * user agents no address. Values of no type are text and go through the spotter (spot.h). */
#pragma once

#include "shield/set.h"
#include "stix/observable_address.h"

/* Values one observation may have; what is more is counted, see `left_out`. */
#define OBSERVATION_MAX_VALUES 256

typedef struct {
    ObservableKind kind; /* OBSERVABLE_NONE: any text, the spotter looks through it;
                            OBSERVABLE_OTHER: the same, but it names a product: dotted quads in it
                            are versions */
    const char *text;    /* as it stands, escapes of the log's format undone; not NUL-terminated */
    gsize length;
    const char *field; /* the log's own name of it, "dns.rrname", "id.orig_h" */
    const char *path;  /* as a STIX pattern names it, "network-traffic:src_ref.value"; or NULL */
} ObservationValue;

typedef struct {
    gboolean known;
    ObservableAddress address;
    guint16 port; /* 0: none */
} ObservationEnd;

typedef struct {
    gint64 time; /* microseconds since 1970; 0: not known */
    ObservationEnd source, destination;
    const char *protocol; /* "tcp", "udp", "icmp", ...; NULL: not known */
    const char *format;   /* "eve", "zeek", "pcap", ... */
    ObservationValue values[OBSERVATION_MAX_VALUES];
    guint count;
    guint left_out; /* values beyond the limit */
} Observation;

/* Adds a value; beyond the limit it only counts it. The texts must outlive the observation. */
void observation_add(Observation *observation, ObservableKind kind, const char *text, gsize length,
                     const char *field, const char *path);

/* A value of the set, found in an observation. */
typedef struct {
    SetEntry entry; /* the first of its value; see set_next() */
    const ObservationValue *value;
    const char *seen; /* within value->text */
    gsize seen_length;
} ObservationHit;

/* Called for each; FALSE ends it. */
typedef gboolean (*ObservationFound)(gpointer user, const Observation *observation,
                                     const ObservationHit *hit);

/* Looks all values up, in their order; of a domain all parents, of an address all networks. A field
 * of names may hold an address. Of a URL what running text shows in it, its host before all, is
 * found too, but only what no value before it was: so host and path may be added first, and the URL
 * that they make together last. A text that is not of its field's type goes through the spotter;
 * fingerprints alone are that or nothing. FALSE when @found ended it. */
gboolean observation_look_up(const Set *set, const Observation *observation, ObservationFound found,
                             gpointer user);
