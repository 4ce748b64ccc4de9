/* capture.h - packets out of capture files: pcap (draft-ietf-opsawg-pcap; both byte orders,
 * microseconds and nanoseconds, and the variant with longer packet headers) and pcapng
 * (draft-ietf-opsawg-pcapng).
 *
 * Packets are given where they lie in the buffer that the file was read into, without a copy. */
#pragma once

#include "base/stream.h"

/* Largest packet; what libpcap allows. A file that claims more is broken. */
#define CAPTURE_MAX_PACKET (256 * 1024)

/* Interfaces a section of a pcapng file may have. */
#define CAPTURE_MAX_INTERFACES 4096

/* Bytes that capture_detect() wants to see. */
#define CAPTURE_MAGIC 12

typedef struct {
    guint64 number; /* from 1 */
    gint64 time;    /* microseconds since 1970; 0: the file does not say */
    guint32 link;   /* LINKTYPE_..., see link.h */
    const guint8 *data;
    gsize length;   /* bytes in the file */
    gsize original; /* bytes on the wire; never less */
} CapturePacket;

typedef struct Capture Capture;

/* Does a capture file begin with these bytes? */
gboolean capture_detect(const char *start, gsize length);

/* Reads @stream, which must outlive it. */
Capture *capture_new(Stream *stream);

void capture_free(Capture *capture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capture, capture_free)

/* The next packet, good until the next call. *ret_end: there is none. A file that is cut off in the
 * middle of a packet ends with what is there of it. CONCERT_ERROR_INPUT when the file is broken. */
gboolean capture_next(Capture *capture, CapturePacket *ret_packet, gboolean *ret_end,
                      GError **error);

/* Did the file end in the middle of a packet? */
gboolean capture_cut_off(const Capture *capture);
