#include "shield/packets/flow.h"

#include <string.h>

#define NONE G_MAXUINT32

/* Flows there is room for at first; doubled as needed. */
#define FLOW_TABLE_START 256

struct FlowTable {
    Flow *flows;    /* room for `room` of them, the first `used` in use */
    guint32 *heads; /* of the chains, as many as there is room for flows */
    guint limit, room, used;
    guint32 mask;
    guint32 oldest, newest;
    guint64 seed, count, out;
    FlowEnd end;
    gpointer user;
};

FlowTable *flow_table_new(guint limit, FlowEnd end, gpointer user)
{
    FlowTable *table = g_new0(FlowTable, 1);

    table->limit = limit;
    table->oldest = table->newest = NONE;
    /* Nobody shall know which flows share a chain. */
    table->seed = (guint64)g_random_int() << 32 | g_random_int();
    table->end = end;
    table->user = user;
    return table;
}

void flow_table_free(FlowTable *table)
{
    if (!table)
        return;
    flow_table_clear(table);
    g_free(table->flows);
    g_free(table->heads);
    g_free(table);
}

static guint64 mix(guint64 left, guint64 right)
{
    __uint128_t product = (__uint128_t)left * right;
    return (guint64)product ^ (guint64)(product >> 64);
}

static guint32 chain_of(const FlowTable *table, const FlowKey *key)
{
    guint64 words[sizeof(FlowKey) / 8], hash = table->seed;

    G_STATIC_ASSERT(sizeof(FlowKey) == 40);
    memcpy(words, key, sizeof(words));
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        hash = mix(hash ^ words[i], table->seed | 0x9e3779b97f4a7c15);
    return (guint32)(hash >> 32 ^ hash) & table->mask;
}

/* The key, and which of its ends sent @packet. */
static guint make_key(const Packet *packet, FlowKey *key)
{
    int order = memcmp(packet->source, packet->destination, 16);
    if (order == 0)
        order = (int)packet->source_port - (int)packet->destination_port;
    guint sender = order > 0;

    memset(key, 0, sizeof(*key));
    memcpy(key->address[sender], packet->source, 16);
    memcpy(key->address[!sender], packet->destination, 16);
    key->port[sender] = packet->source_port;
    key->port[!sender] = packet->destination_port;
    key->protocol = packet->protocol;
    key->v6 = packet->v6;
    return sender;
}

/* Takes the flow out of the order of silence. */
static void unlink_order(FlowTable *table, guint32 index)
{
    Flow *flow = &table->flows[index];

    if (flow->older != NONE)
        table->flows[flow->older].newer = flow->newer;
    else
        table->oldest = flow->newer;
    if (flow->newer != NONE)
        table->flows[flow->newer].older = flow->older;
    else
        table->newest = flow->older;
}

static void link_newest(FlowTable *table, guint32 index)
{
    Flow *flow = &table->flows[index];

    flow->older = table->newest;
    flow->newer = NONE;
    if (table->newest != NONE)
        table->flows[table->newest].newer = index;
    else
        table->oldest = index;
    table->newest = index;
}

static void unlink_chain(FlowTable *table, guint32 index)
{
    guint32 *link = &table->heads[chain_of(table, &table->flows[index].key)];

    while (*link != index)
        link = &table->flows[*link].chain;
    *link = table->flows[index].chain;
}

/* Ends the oldest flow and gives its place. */
static guint32 take_oldest(FlowTable *table)
{
    guint32 index = table->oldest;

    table->end(table->user, &table->flows[index]);
    unlink_chain(table, index);
    unlink_order(table, index);
    return index;
}

static void put_in_chain(FlowTable *table, guint32 index)
{
    guint32 *head = &table->heads[chain_of(table, &table->flows[index].key)];

    table->flows[index].chain = *head;
    *head = index;
}

static void clear_heads(FlowTable *table)
{
    if (table->heads)
        memset(table->heads, 0xff, (table->mask + (gsize)1) * sizeof(guint32));
}

/* Makes room for twice as many, up to the limit. */
static void grow(FlowTable *table)
{
    guint32 heads = table->heads ? 2 * (table->mask + 1) : FLOW_TABLE_START;

    table->room = MIN(heads, table->limit);
    table->flows = g_renew(Flow, table->flows, table->room);
    table->heads = g_renew(guint32, table->heads, heads);
    table->mask = heads - 1;
    clear_heads(table);
    for (guint32 index = 0; index < table->used; index++)
        put_in_chain(table, index);
}

static Flow *begin(FlowTable *table, const FlowKey *key)
{
    guint32 index;

    if (table->used == table->room && table->room < table->limit)
        grow(table);
    if (table->used < table->room) {
        index = table->used++;
    } else {
        index = take_oldest(table);
        table->out++;
    }
    Flow *flow = &table->flows[index];
    memset(flow, 0, sizeof(*flow));
    flow->key = *key;
    put_in_chain(table, index);
    link_newest(table, index);
    table->count++;
    return flow;
}

void flow_table_restart(FlowTable *table, Flow *flow)
{
    table->end(table->user, flow);
    flow->seen[0] = flow->seen[1] = 0;
    memset(flow->tcp, 0, sizeof(flow->tcp));
    table->count++;
}

Flow *flow_table_find(FlowTable *table, const Packet *packet, gint64 time, guint *ret_side)
{
    FlowKey key;
    guint side = make_key(packet, &key);
    guint32 index = table->heads ? table->heads[chain_of(table, &key)] : NONE;
    Flow *flow;

    while (index != NONE && memcmp(&table->flows[index].key, &key, sizeof(key)) != 0)
        index = table->flows[index].chain;
    if (index == NONE) {
        flow = begin(table, &key);
    } else {
        gint64 timeout = packet->protocol == PACKET_TCP ? FLOW_TCP_TIMEOUT : FLOW_OTHER_TIMEOUT;
        flow = &table->flows[index];
        if (time - flow->time > timeout)
            flow_table_restart(table, flow);
        if (index != table->newest) {
            unlink_order(table, index);
            link_newest(table, index);
        }
    }
    flow->time = time;
    *ret_side = side;
    return flow;
}

gboolean flow_table_end_oldest(FlowTable *table, const Flow *except)
{
    if (table->oldest == NONE || &table->flows[table->oldest] == except)
        return FALSE;
    /* It keeps its place: its ends are known, and it holds nothing any more. */
    Flow *flow = &table->flows[table->oldest];
    table->end(table->user, flow);
    flow->tcp[0].done = flow->tcp[1].done = TRUE;
    unlink_order(table, (guint32)(flow - table->flows));
    link_newest(table, (guint32)(flow - table->flows));
    table->out++;
    return TRUE;
}

void flow_table_clear(FlowTable *table)
{
    for (guint32 index = table->oldest; index != NONE; index = table->flows[index].newer)
        table->end(table->user, &table->flows[index]);
    clear_heads(table);
    table->oldest = table->newest = NONE;
    table->used = 0;
}

guint64 flow_table_count(const FlowTable *table)
{
    return table->count;
}

guint64 flow_table_out(const FlowTable *table)
{
    return table->out;
}
