#include "shield/packets/quic.h"

#include "base/sha256.h"
#include "shield/packets/quic_frames.h"

typedef struct Connection Connection;

struct Connection {
    Connection *older;
    guint side; /* which end is the client */
    gboolean done;
    QuicPacketVersion version;
    QuicPacketId destination; /* which the keys are of */
    QuicPacketId source;      /* where servers answer to */
    QuicCipherKeys keys;
    QuicFrames frames;
};

struct QuicFlow {
    guint tries;
    gboolean deaf; /* no more is tried */
    guint unread;  /* ClientHellos that had to be left */
    Connection *newest;
    gboolean has_told;
    guint8 told[SHA256_SIZE]; /* the ClientHello told last */
};

/* A datagram being read. */
typedef struct {
    QuicCipher *cipher;
    QuicFlow *flow;
    guint side;
    const PayloadSink *sink;
    const QuicPacket *packet;
    QuicPacketVersion derived; /* version of these keys of its connection ID */
    QuicCipherKeys keys;
} Reading;

static gboolean same_id(const QuicPacketId *left, const QuicPacketId *right)
{
    return left->length == right->length && memcmp(left->bytes, right->bytes, left->length) == 0;
}

/* --- Connections ------------------------------------------------------------------------------ */

static void free_connection(Connection *connection, gsize *held)
{
    quic_frames_clear(&connection->frames, held);
    *held -= sizeof(*connection);
    g_free(connection);
}

guint quic_flow_free(QuicFlow *flow, gsize *held)
{
    if (!flow)
        return 0;
    /* What a Retry left behind is told under another ID. */
    gboolean pending = flow->newest && !flow->has_told && flow->unread == 0;
    guint unread = flow->unread + pending;
    for (Connection *connection = flow->newest, *older; connection; connection = older) {
        older = connection->older;
        free_connection(connection, held);
    }
    *held -= sizeof(*flow);
    g_free(flow);
    return unread;
}

static Connection *begin_connection(const Reading *reading)
{
    Connection *connection = g_new0(Connection, 1);
    guint count = 1;

    connection->older = reading->flow->newest;
    connection->side = reading->side;
    connection->version = reading->packet->version;
    connection->destination = reading->packet->destination;
    connection->source = reading->packet->source;
    connection->keys = reading->keys;
    reading->flow->newest = connection;
    *reading->sink->held += sizeof(*connection);
    for (Connection **link = &connection->older; *link; link = &(*link)->older) {
        if (++count > QUIC_MAX_CONNECTIONS) {
            reading->flow->unread += !(*link)->done;
            free_connection(*link, reading->sink->held);
            *link = NULL;
            break;
        }
    }
    return connection;
}

/* After a Retry the client says the same again, under another connection ID. */
static gboolean is_told(QuicFlow *flow, const GByteArray *hello)
{
    guint8 digest[SHA256_SIZE];

    sha256_digest(hello->data, hello->len, digest);
    gboolean told = flow->has_told && memcmp(flow->told, digest, sizeof(digest)) == 0;
    flow->has_told = TRUE;
    memcpy(flow->told, digest, sizeof(digest));
    return told;
}

static void take_payload(const Reading *reading, Connection *connection, const guint8 *payload,
                         gsize length)
{
    Hello hello;
    HelloOutcome outcome =
        quic_frames_add(&connection->frames, payload, length, reading->sink->held, &hello);

    if (outcome == HELLO_MORE)
        return;
    reading->flow->unread += outcome == HELLO_NONE;
    if (outcome == HELLO_FOUND && !is_told(reading->flow, connection->frames.hello))
        payload_emit_hello(reading->sink, &hello);
    connection->done = TRUE;
    quic_frames_clear(&connection->frames, reading->sink->held);
}

/* --- Packets ---------------------------------------------------------------------------------- */

static gboolean try_keys(const Reading *reading, const QuicCipherKeys *keys,
                         const guint8 **ret_payload, gsize *ret_length)
{
    QuicFlow *flow = reading->flow;

    if (flow->tries == QUIC_MAX_TRIES) {
        flow->unread += !flow->deaf;
        flow->deaf = TRUE;
        return FALSE;
    }
    flow->tries++;
    return quic_cipher_open(reading->cipher, keys, reading->packet, ret_payload, ret_length);
}

static gboolean try_connection(const Reading *reading, Connection *connection)
{
    const guint8 *payload;
    gsize length;

    if (!try_keys(reading, &connection->keys, &payload, &length))
        return FALSE;
    take_payload(reading, connection, payload, length);
    return TRUE;
}

/* Keys are derived once a datagram: it may be full of small packets. */
static gboolean derive(Reading *reading)
{
    const QuicPacket *packet = reading->packet;

    if (reading->derived != packet->version &&
        quic_cipher_derive(reading->cipher, packet->version, &packet->destination, &reading->keys))
        reading->derived = packet->version;
    return reading->derived == packet->version;
}

static gboolean try_new(Reading *reading)
{
    const guint8 *payload;
    gsize length;

    if (!derive(reading) || !try_keys(reading, &reading->keys, &payload, &length))
        return FALSE;
    take_payload(reading, begin_connection(reading), payload, length);
    return TRUE;
}

/* The connection whose keys the packet's own ID gives; or, sent by its server, one that the packet
 * answers to. */
static Connection *find_connection(const Reading *reading)
{
    const QuicPacket *packet = reading->packet;

    for (Connection *each = reading->flow->newest; each; each = each->older) {
        if (each->side == reading->side ? each->version == packet->version &&
                                              same_id(&each->destination, &packet->destination)
                                        : same_id(&each->source, &packet->destination))
            return each;
    }
    return NULL;
}

static gboolean read_initial(Reading *reading)
{
    Connection *connection = find_connection(reading);

    if (connection)
        return connection->side != reading->side || connection->done ||
               try_connection(reading, connection);
    /* A new connection, a Retry's, or one that goes on under the ID which its server chose. */
    if (try_new(reading))
        return TRUE;
    for (connection = reading->flow->newest; connection; connection = connection->older)
        if (connection->side == reading->side && !connection->done &&
            try_connection(reading, connection))
            return TRUE;
    return FALSE;
}

gboolean quic_add(QuicCipher *cipher, QuicFlow **flow, guint side, const PayloadSink *sink,
                  const guint8 *data, gsize length)
{
    QuicPacket first = {0}, packet;
    Reading reading = {cipher, *flow, side, sink, &packet};
    gboolean known = FALSE;

    while (quic_packet_next(&data, &length, &packet)) {
        if (first.version == QUIC_PACKET_NONE)
            first = packet;
        /* RFC 9000 section 12.2: all packets of a datagram have one destination. */
        if (!packet.initial || !same_id(&packet.destination, &first.destination))
            continue;
        if (!reading.flow) {
            reading.flow = *flow = g_new0(QuicFlow, 1);
            *sink->held += sizeof(**flow);
        }
        known |= !reading.flow->deaf && read_initial(&reading);
    }
    return known;
}
