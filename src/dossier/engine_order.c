#include "dossier/engine_order.h"

#include <stdlib.h>
#include <string.h>

/* An event on its way to its place. */
typedef struct {
    const Event *event;
    guint missing;     /* parents that have no place yet */
    guint first_child; /* where its children begin in the list of all */
    guint n_children;
    gboolean is_ready; /* all parents have their places, it has none */
    guint place;
} Node;

static int compare_hash(const void *a, const void *b)
{
    return event_hash_compare(&(*(const Event *const *)a)->hash, &(*(const Event *const *)b)->hash);
}

static int compare_time(const void *a, const void *b)
{
    const Event *left = *(const Event *const *)a, *right = *(const Event *const *)b;
    if (left->time_us != right->time_us)
        return left->time_us < right->time_us ? -1 : 1;
    return event_hash_compare(&left->hash, &right->hash);
}

static int compare_node_hash(const void *a, const void *b)
{
    return compare_hash(&(*(const Node *const *)a)->event, &(*(const Node *const *)b)->event);
}

/* Each event of the dossier once, by hash: so that what is left out is the same everywhere. */
static const Event **collect(const Event *const *events, guint n_events, guint max,
                             guint *ret_count)
{
    const Event **list = g_new(const Event *, n_events + 1);
    guint count = 0, kept = 0;
    for (guint i = 0; i < n_events; i++)
        if (strcmp(events[i]->dossier, events[0]->dossier) == 0)
            list[count++] = events[i];
    if (count > 0)
        qsort(list, count, sizeof *list, compare_hash);
    for (guint i = 0; i < count && kept < max; i++)
        if (kept == 0 || event_hash_compare(&list[kept - 1]->hash, &list[i]->hash) != 0)
            list[kept++] = list[i];
    *ret_count = kept;
    return list;
}

static Node *find_node(Node **by_hash, guint count, const EventHash *hash)
{
    guint low = 0, high = count;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        int order = event_hash_compare(hash, &by_hash[middle]->event->hash);
        if (order == 0)
            return by_hash[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Tells each node its children, and how many parents it waits for (those that are not there it
 * waits for in vain). The list of all children is the caller's. */
static guint *link_nodes(Node *nodes, Node **by_hash, guint count)
{
    guint total = 0;
    for (guint i = 0; i < count; i++)
        for (guint k = 0; k < nodes[i].event->n_parents; k++) {
            Node *parent = find_node(by_hash, count, &nodes[i].event->parents[k]);
            nodes[i].missing++;
            if (parent) {
                parent->n_children++;
                total++;
            }
        }
    guint *children = g_new(guint, total + 1);
    guint at = 0;
    for (guint i = 0; i < count; i++) {
        nodes[i].first_child = at;
        at += nodes[i].n_children;
        nodes[i].n_children = 0;
    }
    for (guint i = 0; i < count; i++)
        for (guint k = 0; k < nodes[i].event->n_parents; k++) {
            Node *parent = find_node(by_hash, count, &nodes[i].event->parents[k]);
            if (parent)
                children[parent->first_child + parent->n_children++] = i;
        }
    return children;
}

/* Gives places, always to the first by time of those that are ready. */
static void place_nodes(EngineOrder *order, Node *nodes, const guint *children)
{
    guint count = order->n_events, next = 0;
    for (guint i = 0; i < count; i++)
        nodes[i].is_ready = nodes[i].missing == 0;
    while (next < count) {
        Node *node = &nodes[next];
        if (!node->is_ready) {
            next++;
            continue;
        }
        node->is_ready = FALSE;
        node->place = order->n_placed;
        order->events[order->n_placed++] = node->event;
        next++;
        for (guint k = 0; k < node->n_children; k++) {
            guint child = children[node->first_child + k];
            if (--nodes[child].missing > 0)
                continue;
            nodes[child].is_ready = TRUE;
            next = MIN(next, child);
        }
    }
    guint place = order->n_placed;
    for (guint i = 0; i < count; i++)
        if (nodes[i].missing > 0) {
            nodes[i].place = place;
            order->events[place++] = nodes[i].event;
        }
}

void engine_order_init(EngineOrder *order, const Event *const *events, guint n_events, guint max)
{
    *order = (EngineOrder){0};
    order->events = collect(events, n_events, max, &order->n_events);
    guint count = order->n_events;
    order->words = (count + 63) / 64;
    order->by_hash = g_new(guint, count + 1);
    g_autofree Node *nodes = g_new0(Node, count + 1);
    g_autofree Node **by_hash = g_new(Node *, count + 1);
    if (count > 0)
        qsort(order->events, count, sizeof *order->events, compare_time);
    for (guint i = 0; i < count; i++) {
        nodes[i].event = order->events[i];
        by_hash[i] = &nodes[i];
    }
    if (count > 0)
        qsort(by_hash, count, sizeof *by_hash, compare_node_hash);
    g_autofree guint *children = link_nodes(nodes, by_hash, count);
    place_nodes(order, nodes, children);
    for (guint i = 0; i < count; i++)
        order->by_hash[i] = by_hash[i]->place;
}

void engine_order_clear(EngineOrder *order)
{
    g_clear_pointer(&order->events, g_free);
    g_clear_pointer(&order->by_hash, g_free);
    g_clear_pointer(&order->ancestors, g_free);
}

gboolean engine_order_find(const EngineOrder *order, const EventHash *hash, guint *ret_place)
{
    guint low = 0, high = order->n_events;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        guint place = order->by_hash[middle];
        int way = event_hash_compare(hash, &order->events[place]->hash);
        if (way == 0) {
            *ret_place = place;
            return TRUE;
        }
        if (way < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return FALSE;
}

static void fill_ancestors(EngineOrder *order)
{
    order->ancestors = g_new0(guint64, (gsize)order->n_placed * order->words + 1);
    for (guint i = 0; i < order->n_placed; i++) {
        guint64 *own = order->ancestors + (gsize)i * order->words;
        const Event *event = order->events[i];
        for (guint k = 0; k < event->n_parents; k++) {
            guint parent;
            if (!engine_order_find(order, &event->parents[k], &parent))
                continue;
            const guint64 *theirs = order->ancestors + (gsize)parent * order->words;
            for (guint w = 0; w < order->words; w++)
                own[w] |= theirs[w];
            own[parent / 64] |= G_GUINT64_CONSTANT(1) << (parent % 64);
        }
    }
}

const guint64 *engine_order_ancestors(EngineOrder *order, guint place)
{
    if (!order->ancestors)
        fill_ancestors(order);
    return order->ancestors + (gsize)place * order->words;
}
