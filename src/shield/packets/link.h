/* link.h - link layers: where in a frame the IP packet begins. */
#pragma once

#include <glib.h>

/* Headers one after the other: VLAN tags, MPLS labels, ... */
#define LINK_MAX_HEADERS 16

/* Link layers by the numbers of capture files (the registry of LINKTYPE_ values). */
enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_OPENBSD = 14,
    LINK_RAW_BSD = 12,
    LINK_PPP = 9,
    LINK_RAW = 101,
    LINK_WIFI = 105,
    LINK_FRAME_RELAY = 107,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_RADIOTAP = 127,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_NFLOG = 239,
    LINK_SLL2 = 276,
};

typedef enum {
    LINK_FOUND,
    LINK_OTHER,   /* no IP in it */
    LINK_SHORT,   /* cut off before the IP packet */
    LINK_UNKNOWN, /* a link layer that is not known */
} LinkOutcome;

/* Where in @data the IP packet begins. */
LinkOutcome link_find_ip(guint32 link, const guint8 *data, gsize length, gsize *ret_at);

/* The same for what an EtherType names. */
LinkOutcome link_find_ip_ethertype(guint16 type, const guint8 *data, gsize length, gsize *ret_at);
