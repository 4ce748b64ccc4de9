/* dnstap.h - what name servers tell of their work: dnstap messages (dnstap.proto) in a file of
 * Frame Streams.
 *
 * Of the protocol buffers only the fields below are read, the others passed over. */
#pragma once

#include "base/stream.h"

/* Largest frame; two DNS messages fit. */
#define DNSTAP_MAX_FRAME (256 * 1024)

/* Bytes that dnstap_detect() wants to see. */
#define DNSTAP_MAGIC 12

typedef struct {
    gsize length; /* 0: not given; 4 or 16 */
    guint8 bytes[16];
    guint16 port;
} DnstapEnd;

typedef struct {
    guint64 number;                    /* from 1 */
    guint type;                        /* odd: a query, even: a response */
    gint64 time;                       /* microseconds since 1970; 0: not given */
    guint protocol;                    /* 1 UDP, 2 TCP, 3 DoT, 4 DoH, ...; 0: not given */
    DnstapEnd query_end, response_end; /* who asks, who answers */
    const guint8 *query, *response;    /* DNS messages; NULL: none */
    gsize query_length, response_length;
} DnstapMessage;

typedef struct Dnstap Dnstap;

/* Does a file of dnstap begin with these bytes? */
gboolean dnstap_detect(const char *start, gsize length);

/* Reads @stream, which must outlive it. */
Dnstap *dnstap_new(Stream *stream);

void dnstap_free(Dnstap *dnstap);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dnstap, dnstap_free)

/* The next message, good until the next call. *ret_end: there is none. Frames that hold no message
 * are passed over and counted. CONCERT_ERROR_INPUT when the file is broken. */
gboolean dnstap_next(Dnstap *dnstap, DnstapMessage *ret_message, gboolean *ret_end, GError **error);

/* Did the file end in the middle of a frame? Frames that held no message. */
gboolean dnstap_cut_off(const Dnstap *dnstap);
guint64 dnstap_broken(const Dnstap *dnstap);

/* Reads one frame's data; FALSE when it is no dnstap message. */
gboolean dnstap_parse(const guint8 *data, gsize length, DnstapMessage *ret_message);
