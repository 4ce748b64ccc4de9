/* live.h - packets from a network interface as they come, through libpcap. */
#pragma once

#include "shield/packets/capture.h"

/* Longest wait of live_next(), in milliseconds. */
#define LIVE_WAIT 100

typedef struct {
    const char *filter;   /* pcap-filter(7); NULL: everything */
    guint snaplen;        /* bytes of each packet; 0: all */
    gboolean promiscuous; /* also what is not for this machine */
} LiveOptions;

typedef struct Live Live;

/* Opens an interface ("eth0", "any"). CONCERT_ERROR_DENIED without the right to,
 * CONCERT_ERROR_INPUT when the filter is none, CONCERT_ERROR_NOT_FOUND when there is no such
 * interface. */
Live *live_open(const char *interface, const LiveOptions *options, GError **error);

void live_close(Live *live);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Live, live_close)

/* The next packet, good until the next call; *ret_there is FALSE when none came within LIVE_WAIT:
 * time to look at other things. Fails when the interface goes. */
gboolean live_next(Live *live, CapturePacket *ret_packet, gboolean *ret_there, GError **error);

/* Packets that the system dropped because they were not taken in time. */
guint64 live_dropped(Live *live);
