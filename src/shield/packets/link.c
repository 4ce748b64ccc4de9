#include "shield/packets/link.h"

#include "shield/packets/bytes.h"

/* A layer goes over its header and says what follows. */
typedef enum {
    NEXT_IP,
    NEXT_ETHERTYPE, /* `type` says of what */
    NEXT_ETHERNET,
    NEXT_LLC,
    NEXT_PPP,
    NEXT_OTHER,
    NEXT_SHORT,
    NEXT_WIFI,
} Next;

typedef struct {
    const guint8 *data;
    gsize length, at;
    guint16 type;
} Cursor;

static gboolean has(const Cursor *cursor, gsize count)
{
    return cursor->length - cursor->at >= count;
}

/* Goes over @header bytes, of which two at @type_at are an EtherType. */
static Next next_typed(Cursor *cursor, gsize header, gsize type_at)
{
    if (!has(cursor, header))
        return NEXT_SHORT;
    cursor->type = bytes_be16(cursor->data + cursor->at + type_at);
    cursor->at += header;
    return NEXT_ETHERTYPE;
}

static Next next_over(Cursor *cursor, gsize header, Next next)
{
    if (!has(cursor, header))
        return NEXT_SHORT;
    cursor->at += header;
    return next;
}

static Next read_ethernet(Cursor *cursor)
{
    return next_typed(cursor, 14, 12);
}

/* Logical link control (IEEE 802.2): only with a subnetwork header it carries IP. */
static Next read_llc(Cursor *cursor)
{
    const guint8 *at = cursor->data + cursor->at;

    if (!has(cursor, 8))
        return NEXT_SHORT;
    if (at[0] == 0xaa && at[1] == 0xaa)
        return next_typed(cursor, 8, 6);
    return at[0] == 6 && at[1] == 6 ? next_over(cursor, 3, NEXT_IP) : NEXT_OTHER;
}

/* RFC 1661, 1662: address and control may be left out, the protocol may be one byte. */
static Next read_ppp(Cursor *cursor)
{
    if (has(cursor, 2) && cursor->data[cursor->at] == 0xff && cursor->data[cursor->at + 1] == 3)
        cursor->at += 2;
    if (!has(cursor, 2))
        return NEXT_SHORT;
    const guint8 *at = cursor->data + cursor->at;
    gboolean one = at[0] & 1;
    guint protocol = one ? at[0] : bytes_be16(at);
    cursor->at += one ? 1 : 2;
    return protocol == 0x21 || protocol == 0x57 ? NEXT_IP : NEXT_OTHER;
}

static Next read_mpls(Cursor *cursor)
{
    for (guint labels = 0; labels < LINK_MAX_HEADERS; labels++) {
        if (!has(cursor, 5))
            return NEXT_SHORT;
        gboolean last = cursor->data[cursor->at + 2] & 1;
        cursor->at += 4;
        if (!last)
            continue;
        /* Nothing says what follows but its looks: IP, or Ethernet behind a control word. */
        guint version = cursor->data[cursor->at] >> 4;
        return version == 4 || version == 6 ? NEXT_IP
               : version == 0               ? next_over(cursor, 4, NEXT_ETHERNET)
                                            : NEXT_OTHER;
    }
    return NEXT_OTHER;
}

static Next read_ethertype(Cursor *cursor)
{
    switch (cursor->type) {
    case 0x0800:
    case 0x86dd:
        return NEXT_IP;
    case 0x8100: /* VLAN tags, one after the other */
    case 0x88a8:
    case 0x9100:
    case 0x9200:
        return next_typed(cursor, 4, 2);
    case 0x8847:
    case 0x8848:
        return read_mpls(cursor);
    case 0x8864: /* PPP over Ethernet, RFC 2516 */
        return next_over(cursor, 6, NEXT_PPP);
    case 0x8909: /* Cisco's metadata */
        return next_typed(cursor, 8, 6);
    case 0x6558: /* Ethernet, bridged */
        return NEXT_ETHERNET;
    case 0x880b:
        return NEXT_PPP;
    default: /* below 1536 it is a length, IEEE 802.3 */
        return cursor->type < 1536 ? NEXT_LLC : NEXT_OTHER;
    }
}

/* The family of addresses, in the byte order of the machine that captured, then IP. */
static Next read_null(Cursor *cursor)
{
    return next_over(cursor, 4, NEXT_IP);
}

static Next read_raw(Cursor *cursor)
{
    return NEXT_IP;
}

static Next read_sll(Cursor *cursor)
{
    return next_typed(cursor, 16, 14);
}

static Next read_sll2(Cursor *cursor)
{
    return next_typed(cursor, 20, 0);
}

/* Records of a type and a length, in the byte order of the machine; type 9 is the packet. */
static Next read_nflog(Cursor *cursor)
{
    if (!has(cursor, 4))
        return NEXT_SHORT;
    cursor->at += 4;
    for (guint records = 0; records < 64; records++) {
        if (!has(cursor, 4))
            return NEXT_SHORT;
        const guint8 *at = cursor->data + cursor->at;
        gboolean big = at[2] == 0 && at[3] != 0;
        guint size = big ? bytes_be16(at) : bytes_le16(at);
        guint type = big ? bytes_be16(at + 2) : bytes_le16(at + 2);
        if (type == 9)
            return next_over(cursor, 4, NEXT_IP);
        if (size < 4)
            return NEXT_OTHER;
        if (!has(cursor, (size + 3u) / 4 * 4))
            return NEXT_SHORT;
        cursor->at += (size + 3u) / 4 * 4;
    }
    return NEXT_OTHER;
}

/* RFC 2427: Q.922 address of two bytes, UI, then the network layer's identifier. */
static Next read_frame_relay(Cursor *cursor)
{
    const guint8 *at = cursor->data + cursor->at;

    if (!has(cursor, 4))
        return NEXT_SHORT;
    if (at[2] != 3) /* Cisco's own: an EtherType */
        return next_typed(cursor, 4, 2);
    if (at[3] == 0xcc || at[3] == 0x8e)
        return next_over(cursor, 4, NEXT_IP);
    if (has(cursor, 10) && at[3] == 0 && at[4] == 0x80)
        return next_typed(cursor, 10, 8);
    return NEXT_OTHER;
}

static Next read_radiotap(Cursor *cursor)
{
    if (!has(cursor, 4))
        return NEXT_SHORT;
    return next_over(cursor, bytes_le16(cursor->data + cursor->at + 2), NEXT_WIFI);
}

/* IEEE 802.11: unencrypted data frames. */
static Next read_wifi(Cursor *cursor)
{
    const guint8 *at = cursor->data + cursor->at;

    if (!has(cursor, 24))
        return NEXT_SHORT;
    gboolean data = (at[0] & 0x0c) == 0x08, empty = at[0] & 0x40, encrypted = at[1] & 0x40;
    if (!data || empty || encrypted)
        return NEXT_OTHER;
    gsize header = 24;
    if ((at[1] & 3) == 3)
        header += 6; /* a fourth address */
    if (at[0] & 0x80)
        header += at[1] & 0x80 ? 6 : 2; /* quality of service */
    return next_over(cursor, header, NEXT_LLC);
}

static const struct {
    guint32 link;
    Next (*read)(Cursor *cursor);
} links[] = {
    {LINK_ETHERNET, read_ethernet},
    {LINK_NULL, read_null},
    {LINK_LOOP, read_null},
    {LINK_RAW, read_raw},
    {LINK_RAW_BSD, read_raw},
    {LINK_RAW_OPENBSD, read_raw},
    {LINK_IPV4, read_raw},
    {LINK_IPV6, read_raw},
    {LINK_SLL, read_sll},
    {LINK_SLL2, read_sll2},
    {LINK_PPP, read_ppp},
    {LINK_NFLOG, read_nflog},
    {LINK_FRAME_RELAY, read_frame_relay},
    {LINK_RADIOTAP, read_radiotap},
    {LINK_WIFI, read_wifi},
};

/* Goes from layer to layer until there is IP. */
static LinkOutcome walk(Cursor *cursor, Next next, gsize *ret_at)
{
    for (guint headers = 0; headers < LINK_MAX_HEADERS; headers++) {
        switch (next) {
        case NEXT_IP:
            *ret_at = cursor->at;
            return LINK_FOUND;
        case NEXT_ETHERTYPE:
            next = read_ethertype(cursor);
            break;
        case NEXT_ETHERNET:
            next = read_ethernet(cursor);
            break;
        case NEXT_LLC:
            next = read_llc(cursor);
            break;
        case NEXT_PPP:
            next = read_ppp(cursor);
            break;
        case NEXT_WIFI:
            next = read_wifi(cursor);
            break;
        case NEXT_SHORT:
            return LINK_SHORT;
        case NEXT_OTHER:
            return LINK_OTHER;
        }
    }
    return LINK_OTHER;
}

LinkOutcome link_find_ip(guint32 link, const guint8 *data, gsize length, gsize *ret_at)
{
    Cursor cursor = {.data = data, .length = length};

    for (guint i = 0; i < G_N_ELEMENTS(links); i++)
        if (links[i].link == link)
            return walk(&cursor, links[i].read(&cursor), ret_at);
    return LINK_UNKNOWN;
}

LinkOutcome link_find_ip_ethertype(guint16 type, const guint8 *data, gsize length, gsize *ret_at)
{
    Cursor cursor = {.data = data, .length = length, .type = type};

    return walk(&cursor, NEXT_ETHERTYPE, ret_at);
}
