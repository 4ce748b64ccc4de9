/* packets.h - from captured packets, and from what name servers tell of theirs (dnstap), to
 * observations.
 *
 * Each conversation gives one observation of its addresses for each direction, with its first
 * packet that way; and one for each thing said in it: a DNS message, a ClientHello, the head of an
 * HTTP message, a piece of text. Memory is bounded, whatever the packets are: what had to be left
 * is counted. */
#pragma once

#include "shield/observation.h"
#include "shield/packets/capture.h"
#include "shield/scan.h"

/* Conversations known at the same time. */
#define PACKETS_MAX_FLOWS 65536

/* Bytes kept of all conversations together. */
#define PACKETS_MAX_HELD (64 * 1024 * 1024)

typedef struct {
    guint64 packets, bytes; /* on the wire */
    guint64 flows;
    guint64 other;     /* packets that are no IP */
    guint64 unknown;   /* packets of a link layer that is not known */
    guint64 cut;       /* packets cut off before their addresses or ports */
    guint64 broken;    /* packets, or messages of dnstap, that contradict themselves */
    guint64 fragments; /* packets of which fragments were missing */
    guint64 gaps;      /* places in TCP connections where bytes were missing */
    guint64 hellos;    /* ClientHellos of QUIC that were not whole, or beyond the bounds */
    guint64 out;       /* flows that had to go early */
    guint64 left_out;  /* values for which an observation had no room */
    gboolean cut_off;  /* the file ends in the middle of a packet */
} PacketsCounts;

/* Called for each observation, with the number of the packet (from 1) that made it whole. The
 * observation is good for the call. FALSE ends it. */
typedef gboolean (*PacketsEach)(gpointer user, const Observation *observation, guint64 packet);

typedef struct Packets Packets;

Packets *packets_new(PacketsEach each, gpointer user);

/* Drops what is still kept. */
void packets_free(Packets *packets);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packets, packets_free)

/* Takes one packet, in the order of the capture. FALSE when @each ended it. */
gboolean packets_add(Packets *packets, const CapturePacket *packet);

/* Says that no more packets come: what was waiting for more is read as it is. */
gboolean packets_end(Packets *packets);

void packets_count(const Packets *packets, PacketsCounts *ret_counts);

/* Is @stream a capture or dnstap? Takes nothing from it. */
gboolean packets_detect(Stream *stream, gboolean *ret_is, GError **error);

/* Reads a capture or dnstap to its end. *ret_counts is set also when reading fails. */
gboolean packets_read(Stream *stream, PacketsEach each, gpointer user, PacketsCounts *ret_counts,
                      GError **error);

/* Finds the values of @set in a capture or dnstap, to its end; a hit's line is the number of the
 * packet, its column 0. *ret_counts is set also when reading fails. */
gboolean packets_scan(const Set *set, Stream *stream, ScanFound found, gpointer user,
                      PacketsCounts *ret_counts, GError **error);

/* Tells @found of the values of @set in one observation, as packets_scan() does. FALSE when it said
 * so, or set_failed(). */
gboolean packets_look_up(const Set *set, const Observation *observation, guint64 packet,
                         ScanFound found, gpointer user);

/* Appends what of the packets could not be looked at, for people; nothing when all could. */
void packets_explain(const PacketsCounts *counts, GString *into);
