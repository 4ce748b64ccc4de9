#include "shield/packets/capture.h"

#include "shield/packets/bytes.h"
#include "shield/packets/lookahead.h"

/* Of a block of a pcapng file what is looked at: a packet, its header and a few options. */
#define BLOCK_SEEN (CAPTURE_MAX_PACKET + 64)

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6,
};

enum { OPTION_END = 0, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };

typedef struct {
    guint32 link;
    guint32 snaplen;
    guint64 units;  /* of time in a second */
    gint64 seconds; /* added to all times */
} Interface;

struct Capture {
    Lookahead ahead;
    gboolean started, ng, big, cut_off;
    guint64 skip; /* bytes between what was given and what comes next */
    guint64 number;

    guint header; /* bytes before each packet, pcap */
    Interface single;
    GArray *interfaces; /* Interface, pcapng */
};

/* The magic numbers of pcap as they read in the byte order they were written in. */
static const struct {
    guint32 magic;
    guint units;
    guint header;
} magics[] = {
    {0xa1b2c3d4, 1000000, 16},
    {0xa1b23c4d, 1000000000, 16},
    {0xa1b2cd34, 1000000, 24}, /* Kuznetzov's, of old Linux systems */
};

/* The row of magics[] and the byte order, or -1. */
static int find_magic(const guint8 *start, gboolean *ret_big)
{
    for (guint i = 0; i < G_N_ELEMENTS(magics); i++) {
        *ret_big = bytes_be32(start) == magics[i].magic;
        if (*ret_big || bytes_le32(start) == magics[i].magic)
            return (int)i;
    }
    return -1;
}

static guint32 read32(const Capture *capture, const guint8 *at)
{
    return capture->big ? bytes_be32(at) : bytes_le32(at);
}

static guint16 read16(const Capture *capture, const guint8 *at)
{
    return capture->big ? bytes_be16(at) : bytes_le16(at);
}

gboolean capture_detect(const char *start, gsize length)
{
    const guint8 *bytes = (const guint8 *)start;
    gboolean big;

    if (length < CAPTURE_MAGIC)
        return FALSE;
    if (find_magic(bytes, &big) >= 0) /* and the format's version, 2 for ever */
        return (big ? bytes_be16(bytes + 4) : bytes_le16(bytes + 4)) == 2;
    return bytes_be32(bytes) == BLOCK_SECTION &&
           (bytes_be32(bytes + 8) == 0x1a2b3c4d || bytes_le32(bytes + 8) == 0x1a2b3c4d);
}

Capture *capture_new(Stream *stream)
{
    Capture *capture = g_new0(Capture, 1);
    lookahead_init(&capture->ahead, stream, BLOCK_SEEN);
    capture->interfaces = g_array_new(FALSE, FALSE, sizeof(Interface));
    return capture;
}

void capture_free(Capture *capture)
{
    if (!capture)
        return;
    lookahead_clear(&capture->ahead);
    g_array_unref(capture->interfaces);
    g_free(capture);
}

gboolean capture_cut_off(const Capture *capture)
{
    return capture->cut_off;
}

static gboolean fail(const Capture *capture, GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "broken capture behind packet %" G_GUINT64_FORMAT ": %s", capture->number, what);
    return FALSE;
}

static gboolean pass(Capture *capture, guint64 count, GError **error)
{
    gboolean cut_off;

    if (!lookahead_skip(&capture->ahead, count, &cut_off, error))
        return FALSE;
    capture->cut_off = capture->cut_off || cut_off;
    return TRUE;
}

/* Microseconds of @count units since 1970. */
static gint64 to_time(const Interface *interface, guint64 count)
{
    guint64 seconds = count / interface->units, rest = count % interface->units;
    /* No capture is of a time that does not fit, but a broken one may say so. */
    if (seconds > G_MAXINT32 * (guint64)4)
        return 0;
    guint64 micro = (guint64)((__uint128_t)rest * 1000000 / interface->units);
    return ((gint64)seconds + interface->seconds) * 1000000 + (gint64)micro;
}

/* Gives the packet whose @captured bytes begin @before bytes from here, or what there is of it.
 * @size are all bytes it takes in the file. */
static gboolean give(Capture *capture, gsize before, guint64 size, guint32 captured,
                     guint32 original, CapturePacket *packet)
{
    gsize there = lookahead_ready(&capture->ahead) - MIN(lookahead_ready(&capture->ahead), before);

    packet->data = lookahead_data(&capture->ahead) + before;
    packet->length = MIN(captured, there);
    packet->original = MAX(original, captured);
    packet->number = ++capture->number;
    capture->cut_off = there < captured;
    gsize taken = MIN(size, lookahead_ready(&capture->ahead));
    capture->ahead.at += taken;
    capture->skip = size - taken; /* not now: that would move the packet */
    return TRUE;
}

/* --- pcap ------------------------------------------------------------------------------------ */

static gboolean start_pcap(Capture *capture, GError **error)
{
    int magic = lookahead_ready(&capture->ahead) < 24
                    ? -1
                    : find_magic(lookahead_data(&capture->ahead), &capture->big);

    if (magic < 0)
        return fail(capture, error, "its header is no pcap or pcapng header");
    capture->header = magics[magic].header;
    capture->single.units = magics[magic].units;
    /* The upper bits say whether and how long a check sequence follows each frame. */
    capture->single.link = read32(capture, lookahead_data(&capture->ahead) + 20) & 0xffff;
    capture->ahead.at += 24;
    return TRUE;
}

static gboolean next_pcap(Capture *capture, CapturePacket *packet, gboolean *ret_end,
                          GError **error)
{
    const Interface *interface = &capture->single;

    if (!lookahead_need(&capture->ahead, capture->header, error))
        return FALSE;
    *ret_end = lookahead_ready(&capture->ahead) < capture->header;
    if (*ret_end) {
        capture->cut_off = capture->cut_off || lookahead_ready(&capture->ahead) > 0;
        return TRUE;
    }
    const guint8 *at = lookahead_data(&capture->ahead);
    guint32 seconds = read32(capture, at), fraction = read32(capture, at + 4);
    guint32 captured = read32(capture, at + 8), original = read32(capture, at + 12);
    if (captured > CAPTURE_MAX_PACKET)
        return fail(capture, error, "a packet is longer than any may be");
    if (!lookahead_need(&capture->ahead, capture->header + captured, error))
        return FALSE;
    packet->link = interface->link;
    packet->time = (gint64)seconds * 1000000 +
                   (gint64)(interface->units == 1000000 ? fraction : fraction / 1000);
    return give(capture, capture->header, capture->header + (guint64)captured, captured, original,
                packet);
}

/* --- pcapng ---------------------------------------------------------------------------------- */

static gboolean begin_section(Capture *capture, const guint8 *block, GError **error)
{
    capture->big = bytes_be32(block + 8) == 0x1a2b3c4d;
    if (!capture->big && bytes_le32(block + 8) != 0x1a2b3c4d)
        return fail(capture, error, "a section without byte order");
    g_array_set_size(capture->interfaces, 0);
    return TRUE;
}

static void read_option(const Capture *capture, guint code, const guint8 *value, guint length,
                        Interface *interface)
{
    if (code == OPTION_RESOLUTION && length == 1) {
        guint exponent = value[0] & 0x7f;
        guint64 units = 1;
        if (value[0] & 0x80) {
            units = exponent < 60 ? (guint64)1 << exponent : 0;
        } else {
            for (guint i = 0; i < exponent && units; i++)
                units = units < G_MAXUINT64 / 16 / 10 ? units * 10 : 0;
        }
        if (units)
            interface->units = units;
    } else if (code == OPTION_OFFSET && length == 8) {
        guint64 high = read32(capture, value + (capture->big ? 0 : 4));
        guint64 low = read32(capture, value + (capture->big ? 4 : 0));
        gint64 seconds = (gint64)(high << 32 | low);
        if (ABS(seconds) < G_MAXINT32 * (gint64)4)
            interface->seconds = seconds;
    }
}

static gboolean add_interface(Capture *capture, const guint8 *block, gsize length, GError **error)
{
    Interface interface = {.units = 1000000};

    if (length < 20)
        return fail(capture, error, "a description of an interface is too short");
    if (capture->interfaces->len == CAPTURE_MAX_INTERFACES)
        return fail(capture, error, "too many interfaces");
    interface.link = read16(capture, block + 8);
    interface.snaplen = read32(capture, block + 12);
    for (gsize at = 16; at + 4 <= length - 4;) {
        guint code = read16(capture, block + at), size = read16(capture, block + at + 2);
        if (code == OPTION_END || size > length - 4 - at - 4)
            break;
        read_option(capture, code, block + at + 4, size, &interface);
        at += 4 + (size + 3u) / 4 * 4;
    }
    g_array_append_val(capture->interfaces, interface);
    return TRUE;
}

/* Where a block that holds a packet says what. */
typedef struct {
    guint interface; /* offset of its number; 0: it is the first */
    gboolean short_interface;
    guint time; /* 0: none */
    guint captured;
    guint original;
    guint data;
} PacketLayout;

static const PacketLayout *find_layout(guint32 type)
{
    static const PacketLayout packet = {8, FALSE, 12, 20, 24, 28}, old = {8, TRUE, 12, 20, 24, 28},
                              simple = {0, FALSE, 0, 0, 8, 12};
    return type == BLOCK_PACKET          ? &packet
           : type == BLOCK_OLD_PACKET    ? &old
           : type == BLOCK_SIMPLE_PACKET ? &simple
                                         : NULL;
}

static gboolean give_block(Capture *capture, const PacketLayout *layout, guint32 size,
                           CapturePacket *packet, GError **error)
{
    const guint8 *block = lookahead_data(&capture->ahead);

    if (size < layout->data + 4)
        return fail(capture, error, "a packet's block is too short");
    guint number = layout->short_interface ? read16(capture, block + layout->interface)
                   : layout->interface     ? read32(capture, block + layout->interface)
                                           : 0;
    if (number >= capture->interfaces->len)
        return fail(capture, error, "a packet of an interface that is not described");
    const Interface *interface = &g_array_index(capture->interfaces, Interface, number);
    guint32 original = read32(capture, block + layout->original);
    guint32 room = size - layout->data - 4, captured;
    if (layout->captured)
        captured = read32(capture, block + layout->captured);
    else
        captured = MIN(original, MIN(room, interface->snaplen ? interface->snaplen : room));
    if (captured > room || captured > CAPTURE_MAX_PACKET)
        return fail(capture, error, "a packet is longer than its block");
    packet->link = interface->link;
    packet->time = 0;
    if (layout->time)
        packet->time = to_time(interface, (guint64)read32(capture, block + layout->time) << 32 |
                                              read32(capture, block + layout->time + 4));
    return give(capture, layout->data, size, captured, original, packet);
}

static gboolean next_pcapng(Capture *capture, CapturePacket *packet, gboolean *ret_end,
                            GError **error)
{
    for (;;) {
        if (!lookahead_need(&capture->ahead, 12, error))
            return FALSE;
        *ret_end = lookahead_ready(&capture->ahead) < 12;
        if (*ret_end) {
            capture->cut_off = capture->cut_off || lookahead_ready(&capture->ahead) > 0;
            return TRUE;
        }
        const guint8 *block = lookahead_data(&capture->ahead);
        if (bytes_be32(block) == BLOCK_SECTION && !begin_section(capture, block, error))
            return FALSE;
        guint32 type = read32(capture, block), size = read32(capture, block + 4);
        if (size < 12 || size % 4 != 0)
            return fail(capture, error, "a block of an impossible length");
        const PacketLayout *layout = find_layout(type);
        if (layout || type == BLOCK_INTERFACE) {
            gsize seen = MIN(size, BLOCK_SEEN);
            if (!lookahead_need(&capture->ahead, seen, error))
                return FALSE;
            block = lookahead_data(&capture->ahead);
            if (lookahead_ready(&capture->ahead) < MIN(seen, 32)) {
                capture->cut_off = *ret_end = TRUE;
                return TRUE;
            }
            if (type == BLOCK_INTERFACE && lookahead_ready(&capture->ahead) >= seen &&
                !add_interface(capture, block, seen, error))
                return FALSE;
        }
        if (!layout) {
            if (!pass(capture, size, error))
                return FALSE;
            continue;
        }
        return give_block(capture, layout, size, packet, error);
    }
}

gboolean capture_next(Capture *capture, CapturePacket *ret_packet, gboolean *ret_end,
                      GError **error)
{
    if (!capture->started) {
        if (!lookahead_need(&capture->ahead, 24, error))
            return FALSE;
        capture->ng = lookahead_ready(&capture->ahead) >= 12 &&
                      bytes_be32(lookahead_data(&capture->ahead)) == BLOCK_SECTION;
        if (!capture->ng && !start_pcap(capture, error))
            return FALSE;
        capture->started = TRUE;
    }
    guint64 rest = capture->skip;
    capture->skip = 0;
    if (!pass(capture, rest, error))
        return FALSE;
    return capture->ng ? next_pcapng(capture, ret_packet, ret_end, error)
                       : next_pcap(capture, ret_packet, ret_end, error);
}
