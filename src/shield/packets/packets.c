#include "shield/packets/packets.h"

#include <string.h>

#include "shield/hit_port.h"
#include "shield/packets/dns.h"
#include "shield/packets/dnstap.h"
#include "shield/packets/draft.h"
#include "shield/packets/flow.h"
#include "shield/packets/fragments.h"

enum { PORT_DNS = 53, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

struct Packets {
    PacketsEach each;
    gpointer user;
    gboolean stopped;
    FlowTable *flows;
    Fragments *fragments; /* NULL: there were none yet */
    QuicCipher *cipher;   /* NULL: nothing was to be opened yet */
    gsize held;           /* bytes kept of connections */
    PacketsCounts counts;
    guint64 number; /* of the packet being read */
    gint64 time;
    Flow *flow; /* whose bytes are being read, and from which end they come */
    guint side;
    PayloadSink sink;
    Draft draft;
};

/* --- Observations ------------------------------------------------------------------------------
 */

static void emit(gpointer user)
{
    Packets *packets = user;
    Observation *observation = &packets->draft.observation;

    packets->counts.left_out += observation->left_out;
    if (!packets->stopped && observation->count > 0)
        packets->stopped = !packets->each(packets->user, observation, packets->number);
}

static void set_end(ObservationEnd *end, const guint8 *address, gboolean v6, guint16 port)
{
    end->known = TRUE;
    end->port = port;
    end->address = (ObservableAddress){.prefix = v6 ? 128 : 32, .v6 = v6};
    memcpy(end->address.bytes, address, v6 ? 16 : 4);
}

/* Says who speaks in the observations to come. */
static void set_ends(Packets *packets, Flow *flow, guint side)
{
    Observation *observation = &packets->draft.observation;
    const FlowKey *key = &flow->key;

    packets->flow = flow;
    packets->side = side;
    observation->time = packets->time;
    observation->format = "packets";
    observation->protocol = packet_protocol_name(key->protocol);
    set_end(&observation->source, key->address[side], key->v6, key->port[side]);
    set_end(&observation->destination, key->address[!side], key->v6, key->port[!side]);
}

static void observe_addresses(Packets *packets, const FlowKey *key, guint side)
{
    draft_begin(&packets->draft);
    draft_add_address(&packets->draft, key->address[side], key->v6, "ip.src",
                      "network-traffic:src_ref.value");
    draft_add_address(&packets->draft, key->address[!side], key->v6, "ip.dst",
                      "network-traffic:dst_ref.value");
    emit(packets);
}

/* --- TCP ---------------------------------------------------------------------------------------
 */

static gboolean finish_side(Packets *packets)
{
    Payload **payload = &packets->flow->payload[packets->side];

    payload_end(*payload, &packets->sink);
    *payload = NULL;
    return FALSE;
}

static gboolean is_dns(const FlowKey *key)
{
    for (guint i = 0; i < 2; i++)
        if (key->port[i] == PORT_DNS || key->port[i] == PORT_MDNS || key->port[i] == PORT_LLMNR)
            return TRUE;
    return FALSE;
}

static gboolean take_bytes(gpointer user, const guint8 *data, gsize length)
{
    Packets *packets = user;
    Payload **payload = &packets->flow->payload[packets->side];

    if (!*payload)
        *payload = payload_new(is_dns(&packets->flow->key));
    return (payload_add(*payload, &packets->sink, data, length) && !packets->stopped) ||
           finish_side(packets);
}

static gboolean take_gap(gpointer user, gsize length)
{
    Packets *packets = user;
    Payload *payload = packets->flow->payload[packets->side];

    packets->counts.gaps++;
    return !payload || payload_gap(payload, &packets->sink, length) || finish_side(packets);
}

static TcpSink tcp_sink(Packets *packets)
{
    return (TcpSink){take_bytes, take_gap, packets, &packets->held};
}

/* Reads what is still kept of a flow and frees it. */
static void end_flow(gpointer user, Flow *flow)
{
    Packets *packets = user;
    TcpSink sink = tcp_sink(packets);
    Flow *current = packets->flow;
    guint current_side = packets->side;

    if (flow->key.protocol == PACKET_UDP) {
        packets->counts.hellos += quic_flow_free(flow->quic, &packets->held);
        flow->quic = NULL;
        return;
    }
    for (guint side = 0; side < 2; side++) {
        if (!flow->payload[side] && !flow->tcp[side].pieces)
            continue;
        set_ends(packets, flow, side);
        packets->draft.observation.time = flow->time;
        tcp_side_end(&flow->tcp[side], &sink);
        finish_side(packets);
    }
    if (current)
        set_ends(packets, current, current_side);
}

static void keep_bounds(Packets *packets, const Flow *current)
{
    while (packets->held > PACKETS_MAX_HELD && flow_table_end_oldest(packets->flows, current))
        continue;
}

static void read_tcp(Packets *packets, Flow *flow, guint side, const Packet *packet)
{
    TcpSide *tcp = &flow->tcp[side];
    TcpSink sink = tcp_sink(packets);
    guint32 sequence = packet->sequence;

    if (packet->flags & PACKET_SYN)
        sequence++;
    if (packet->flags & PACKET_SYN && !tcp->begun)
        tcp_side_begin(tcp, sequence);
    tcp_side_add(tcp, &sink, sequence, packet->payload, packet->length, packet->missing);
    guint32 end = sequence + (guint32)(packet->length + packet->missing);
    if (packet->flags & PACKET_FIN && tcp->begun && tcp->next == end) {
        tcp->done = TRUE;
        finish_side(packets);
    }
    keep_bounds(packets, flow);
}

/* --- Packets -----------------------------------------------------------------------------------
 */

/* Whatever the port: what opens with the keys that it names itself is nothing else. */
static gboolean read_quic(Packets *packets, Flow *flow, guint side, const Packet *packet)
{
    if (!quic_packet_detect(packet->payload, packet->length))
        return FALSE;
    if (!packets->cipher)
        packets->cipher = quic_cipher_new();
    gboolean is = quic_add(packets->cipher, &flow->quic, side, &packets->sink, packet->payload,
                           packet->length);
    keep_bounds(packets, flow);
    return is;
}

static void read_udp(Packets *packets, Flow *flow, guint side, const Packet *packet)
{
    if (read_quic(packets, flow, side, packet))
        return;
    if (is_dns(&flow->key)) {
        draft_begin(&packets->draft);
        dns_read(packet->payload, packet->length, &packets->draft);
        emit(packets);
    } else if (payload_is_text(packet->payload, packet->length)) {
        payload_emit_text(&packets->sink, packet->payload, packet->length);
    }
}

static void read_packet(Packets *packets, const Packet *packet)
{
    guint side;
    Flow *flow = flow_table_find(packets->flows, packet, packets->time, &side);
    const TcpSide *tcp = &flow->tcp[side];
    gboolean opens = packet->protocol == PACKET_TCP && packet->flags & PACKET_SYN &&
                     !(packet->flags & PACKET_ACK);

    /* Another connection between the same ports. */
    if (opens && tcp->begun && tcp->first != packet->sequence + 1)
        flow_table_restart(packets->flows, flow);
    set_ends(packets, flow, side);
    if (!flow->seen[side]) {
        flow->seen[side] = TRUE;
        observe_addresses(packets, &flow->key, side);
    }
    if (!packet->fragment && packet->protocol == PACKET_TCP)
        read_tcp(packets, flow, side, packet);
    else if (!packet->fragment && packet->protocol == PACKET_UDP)
        read_udp(packets, flow, side, packet);
    packets->flow = NULL;
}

static void count_outcome(Packets *packets, PacketOutcome outcome)
{
    guint64 *const counts[] = {
        [PACKET_OTHER] = &packets->counts.other,
        [PACKET_SHORT] = &packets->counts.cut,
        [PACKET_BROKEN] = &packets->counts.broken,
        [PACKET_UNKNOWN] = &packets->counts.unknown,
    };

    ++*counts[outcome];
}

static gboolean put_together(Packets *packets, const Packet *part, Packet *ret_whole)
{
    if (!packets->fragments)
        packets->fragments = fragments_new();
    return fragments_add(packets->fragments, part, packets->time, ret_whole);
}

gboolean packets_add(Packets *packets, const CapturePacket *captured)
{
    Packet packet, next;

    packets->number = captured->number;
    packets->time = captured->time;
    packets->counts.packets++;
    packets->counts.bytes += captured->original;
    PacketOutcome outcome = packet_parse(captured->link, captured->data, captured->length, &packet);
    if (outcome != PACKET_OK) {
        count_outcome(packets, outcome);
        return TRUE;
    }
    /* A packet in a packet, and one that fragments make, comes after what brought it. */
    for (guint depth = 0; depth < PACKET_MAX_DEPTH && !packets->stopped; depth++) {
        read_packet(packets, &packet);
        if (!(packet.fragment ? put_together(packets, &packet, &next)
                              : packet_parse_inner(&packet, &next)))
            break;
        packet = next;
    }
    return !packets->stopped;
}

Packets *packets_new(PacketsEach each, gpointer user)
{
    Packets *packets = g_new0(Packets, 1);
    packets->each = each;
    packets->user = user;
    packets->flows = flow_table_new(PACKETS_MAX_FLOWS, end_flow, packets);
    packets->sink = (PayloadSink){&packets->draft, emit, packets, &packets->held};
    return packets;
}

void packets_free(Packets *packets)
{
    if (!packets)
        return;
    packets->stopped = TRUE;
    flow_table_free(packets->flows);
    fragments_free(packets->fragments);
    quic_cipher_free(packets->cipher);
    g_free(packets);
}

gboolean packets_end(Packets *packets)
{
    flow_table_clear(packets->flows);
    return !packets->stopped;
}

void packets_count(const Packets *packets, PacketsCounts *ret_counts)
{
    *ret_counts = packets->counts;
    ret_counts->flows = flow_table_count(packets->flows);
    ret_counts->out = flow_table_out(packets->flows);
    if (packets->fragments)
        ret_counts->fragments = fragments_lost(packets->fragments);
}

/* --- Files -------------------------------------------------------------------------------------
 */

gboolean packets_detect(Stream *stream, gboolean *ret_is, GError **error)
{
    const char *start;
    gsize length;

    if (!stream_peek(stream, MAX(CAPTURE_MAGIC, DNSTAP_MAGIC), &start, &length, error))
        return FALSE;
    *ret_is = capture_detect(start, length) || dnstap_detect(start, length);
    return TRUE;
}

static gboolean read_capture(Packets *packets, Stream *stream, GError **error)
{
    g_autoptr(Capture) capture = capture_new(stream);
    CapturePacket packet;
    gboolean end = FALSE, read;

    while ((read = capture_next(capture, &packet, &end, error)) && !end)
        if (!packets_add(packets, &packet))
            return TRUE;
    packets->counts.cut_off = capture_cut_off(capture);
    packets_end(packets);
    return read;
}

static void set_dnstap_end(ObservationEnd *end, const DnstapEnd *from)
{
    end->known = from->length > 0;
    if (end->known)
        set_end(end, from->bytes, from->length == 16, from->port);
}

static void add_dnstap_end(Draft *draft, const DnstapEnd *end, const char *field, const char *path)
{
    if (end->length > 0)
        draft_add_address(draft, end->bytes, end->length == 16, field, path);
}

static void read_message(Packets *packets, const DnstapMessage *message)
{
    static const char *const protocols[] = {NULL, "udp", "tcp"};
    static const char src[] = "network-traffic:src_ref.value",
                      dst[] = "network-traffic:dst_ref.value";
    Draft *draft = &packets->draft;
    gboolean response = message->type % 2 == 0;
    const DnstapEnd *source = response ? &message->response_end : &message->query_end;
    const DnstapEnd *destination = response ? &message->query_end : &message->response_end;

    packets->number = message->number;
    packets->counts.packets++;
    packets->counts.bytes += message->query_length + message->response_length;
    draft_begin(draft);
    draft->observation.time = message->time;
    draft->observation.format = "dnstap";
    draft->observation.protocol =
        message->protocol < G_N_ELEMENTS(protocols) ? protocols[message->protocol] : NULL;
    set_dnstap_end(&draft->observation.source, source);
    set_dnstap_end(&draft->observation.destination, destination);
    add_dnstap_end(draft, &message->query_end, "dnstap.query_address", response ? dst : src);
    add_dnstap_end(draft, &message->response_end, "dnstap.response_address", response ? src : dst);
    if (message->query && !dns_read(message->query, message->query_length, draft))
        packets->counts.broken++;
    if (message->response && !dns_read(message->response, message->response_length, draft))
        packets->counts.broken++;
    emit(packets);
}

static gboolean read_dnstap(Packets *packets, Stream *stream, GError **error)
{
    g_autoptr(Dnstap) dnstap = dnstap_new(stream);
    DnstapMessage message;
    gboolean end = FALSE, read;

    while ((read = dnstap_next(dnstap, &message, &end, error)) && !end && !packets->stopped)
        read_message(packets, &message);
    packets->counts.cut_off = dnstap_cut_off(dnstap);
    packets->counts.broken += dnstap_broken(dnstap);
    return read;
}

gboolean packets_read(Stream *stream, PacketsEach each, gpointer user, PacketsCounts *ret_counts,
                      GError **error)
{
    g_autoptr(Packets) packets = packets_new(each, user);
    const char *start;
    gsize length;

    if (!stream_peek(stream, DNSTAP_MAGIC, &start, &length, error))
        return FALSE;
    gboolean read = dnstap_detect(start, length) ? read_dnstap(packets, stream, error)
                                                 : read_capture(packets, stream, error);
    packets_count(packets, ret_counts);
    return read;
}

typedef struct {
    const Set *set;
    ScanFound found;
    gpointer user;
    guint64 packet;
} PacketsScan;

static gboolean report_hit(gpointer user, const Observation *observation, const ObservationHit *hit)
{
    PacketsScan *scan = user;
    ScanHit told = {
        .seen = hit->seen,
        .seen_length = hit->seen_length,
        .line = scan->packet,
        .observation = observation,
        .field = hit->value->field,
    };
    const char *end = hit->value->text + hit->value->length;
    gsize left = (gsize)(end - hit->seen) - hit->seen_length;

    for (SetEntry entry = hit->entry; entry != SET_NONE; entry = set_next(scan->set, entry)) {
        if (!set_read(scan->set, entry, &told.value))
            return FALSE;
        gboolean go_on = !hit_port_fits(&told, left) || scan->found(scan->user, &told);
        set_value_clear(&told.value);
        if (!go_on)
            return FALSE;
    }
    return TRUE;
}

gboolean packets_look_up(const Set *set, const Observation *observation, guint64 packet,
                         ScanFound found, gpointer user)
{
    PacketsScan scan = {.set = set, .found = found, .user = user, .packet = packet};
    return observation_look_up(set, observation, report_hit, &scan);
}

static gboolean look_up(gpointer user, const Observation *observation, guint64 packet)
{
    const PacketsScan *scan = user;
    return packets_look_up(scan->set, observation, packet, scan->found, scan->user);
}

gboolean packets_scan(const Set *set, Stream *stream, ScanFound found, gpointer user,
                      PacketsCounts *ret_counts, GError **error)
{
    PacketsScan scan = {.set = set, .found = found, .user = user};

    return packets_read(stream, look_up, &scan, ret_counts, error) && !set_failed(set, error);
}

void packets_explain(const PacketsCounts *counts, GString *into)
{
    const struct {
        guint64 count;
        const char *what;
    } rows[] = {
        {counts->unknown, "packets of a link layer that is not known"},
        {counts->cut, "packets cut off before their addresses or ports"},
        {counts->broken, "broken packets or messages"},
        {counts->fragments, "fragmented packets not whole"},
        {counts->hellos, "ClientHellos of QUIC not whole"},
        {counts->out, "conversations dropped early"},
        {counts->left_out, "values of crowded messages left out"},
        {counts->cut_off, "packet cut off by the end of the file"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].count > 0)
            g_string_append_printf(into, "%s%" G_GUINT64_FORMAT " %s", into->len > 0 ? ", " : "",
                                   rows[i].count, rows[i].what);
}
