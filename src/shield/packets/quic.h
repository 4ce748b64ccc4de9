/* quic.h - the ClientHello of QUIC's clients (RFC 9000, 9001, 9369), on any port.
 *
 * What looks like a client's Initial packet is opened with the keys that its connection ID gives;
 * what opens is one, whatever else it may look like. One conversation of UDP may be several
 * connections, at the same time, too, and a connection has several connection IDs: the keys are of
 * the first, until a Retry, and a server's answer makes the client use another one. */
#pragma once

#include "shield/packets/payload.h"
#include "shield/packets/quic_cipher.h"

/* Connections of one flow that are known at the same time; the oldest has to go. */
#define QUIC_MAX_CONNECTIONS 4

/* Times that packets of one flow are tried to be opened; after that it is not listened to. */
#define QUIC_MAX_TRIES 256

/* What is kept of a flow. */
typedef struct QuicFlow QuicFlow;

/* Takes a datagram that the end @side of a flow sent, 0 or 1; *flow is NULL at first. TRUE when it
 * belongs to a connection that is known, now or before. */
gboolean quic_add(QuicCipher *cipher, QuicFlow **flow, guint side, const PayloadSink *sink,
                  const guint8 *data, gsize length);

/* Forgets what is kept, which is counted in @held, and says how many ClientHellos of the flow were
 * not read: not whole, beyond the bounds, or none; once for all after QUIC_MAX_TRIES. */
guint quic_flow_free(QuicFlow *flow, gsize *held);
