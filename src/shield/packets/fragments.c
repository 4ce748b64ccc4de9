#include "shield/packets/fragments.h"

#include <string.h>

enum { UNIT = 8, UNITS = (FRAGMENTS_MAX_LENGTH + UNIT) / UNIT };

/* A packet being put together. */
typedef struct {
    gboolean used;
    gint64 time;      /* of its first fragment */
    guint64 order;    /* which came first */
    Packet key;       /* its addresses, protocol and number */
    gboolean first;   /* the first fragment was there */
    gsize total;      /* 0: not known yet */
    guint covered;    /* units that are there */
    GByteArray *data; /* UNIT bytes a unit */
    guint8 there[UNITS / 8 + 1];
} Whole;

struct Fragments {
    Whole packets[FRAGMENTS_MAX_PACKETS];
    guint64 order, lost;
    GByteArray *given; /* what was put together last */
};

Fragments *fragments_new(void)
{
    return g_new0(Fragments, 1);
}

static void clear_whole(Whole *whole)
{
    if (whole->data)
        g_byte_array_unref(whole->data);
    memset(whole, 0, sizeof(*whole));
}

void fragments_free(Fragments *fragments)
{
    if (!fragments)
        return;
    for (guint i = 0; i < FRAGMENTS_MAX_PACKETS; i++)
        clear_whole(&fragments->packets[i]);
    if (fragments->given)
        g_byte_array_unref(fragments->given);
    g_free(fragments);
}

guint64 fragments_lost(const Fragments *fragments)
{
    return fragments->lost;
}

/* RFC 8200: the protocol of IPv6 may differ between fragments and does not count. */
static gboolean is_of(const Whole *whole, const Packet *part)
{
    const Packet *key = &whole->key;
    return whole->used && key->fragment_id == part->fragment_id && key->v6 == part->v6 &&
           (part->v6 || key->protocol == part->protocol) &&
           memcmp(key->source, part->source, 16) == 0 &&
           memcmp(key->destination, part->destination, 16) == 0;
}

/* The packet that @part belongs to, or the place of the oldest for a new one. */
static Whole *find(Fragments *fragments, const Packet *part, gint64 time)
{
    Whole *oldest = &fragments->packets[0];

    for (guint i = 0; i < FRAGMENTS_MAX_PACKETS; i++) {
        Whole *whole = &fragments->packets[i];
        if (is_of(whole, part)) {
            if (ABS(time - whole->time) <= FRAGMENTS_TIMEOUT)
                return whole;
            oldest = whole;
            break;
        }
        if (whole->order < oldest->order)
            oldest = whole;
    }
    fragments->lost += oldest->used;
    clear_whole(oldest);
    oldest->used = TRUE;
    oldest->time = time;
    oldest->order = ++fragments->order;
    oldest->key = *part;
    oldest->data = g_byte_array_new();
    return oldest;
}

static void add_units(Whole *whole, gsize at, const guint8 *data, gsize length)
{
    if (whole->data->len < at + length)
        g_byte_array_set_size(whole->data, (guint)(at + length));
    for (gsize done = 0; done < length; done += UNIT) {
        gsize unit = (at + done) / UNIT;
        if (whole->there[unit / 8] & 1 << unit % 8)
            continue;
        whole->there[unit / 8] |= (guint8)(1 << unit % 8);
        whole->covered++;
        memcpy(whole->data->data + at + done, data + done, MIN(UNIT, length - done));
    }
}

gboolean fragments_add(Fragments *fragments, const Packet *part, gint64 time, Packet *ret_whole)
{
    gsize at = part->fragment_at, length = part->length;

    /* Only the last may end within a unit; what was not captured cannot be put together. */
    if (!part->fragment_last)
        length -= length % UNIT;
    if (part->missing > 0 || length == 0 || at + length > FRAGMENTS_MAX_LENGTH) {
        fragments->lost++;
        return FALSE;
    }
    Whole *whole = find(fragments, part, time);
    if (part->fragment_last && whole->total == 0)
        whole->total = at + length;
    if (at == 0)
        whole->key.protocol = part->protocol;
    add_units(whole, at, part->payload, length);
    if (whole->total == 0 || whole->covered < (whole->total + UNIT - 1) / UNIT ||
        whole->data->len < whole->total)
        return FALSE;
    Packet packet = whole->key;
    if (fragments->given)
        g_byte_array_unref(fragments->given);
    fragments->given = g_steal_pointer(&whole->data);
    packet.fragment = FALSE;
    packet.payload = fragments->given->data;
    packet.length = whole->total;
    packet.missing = 0;
    clear_whole(whole);
    if (packet_parse_transport(&packet) != PACKET_OK)
        return FALSE;
    *ret_whole = packet;
    return TRUE;
}
