#include "exchange/routing_index.h"

#include <string.h>

#define NONE G_MAXUINT32

/* All of IPv4 comes before all of IPv6. */
typedef struct {
    gboolean v6;
    guint64 high, low; /* the first address; IPv4 in the first bits */
    guint length;      /* of the prefix */
    guint rank;
    guint32 value;
    guint32 added;  /* the how many-th */
    guint32 parent; /* the next less exact, or what is filed under the same; NONE */
} Network;

typedef struct {
    guint rank;
    guint32 value;
} Filed;

struct RoutingIndex {
    GArray *networks;    /* Network; sorted when sealed */
    GHashTable *as;      /* of GUINT_TO_POINTER: GArray of Filed */
    GHashTable *domains; /* of char *: GArray of Filed */
};

RoutingIndex *routing_index_new(void)
{
    RoutingIndex *index = g_new0(RoutingIndex, 1);
    index->networks = g_array_new(FALSE, FALSE, sizeof(Network));
    index->as = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    index->domains =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    return index;
}

void routing_index_free(RoutingIndex *index)
{
    if (!index)
        return;
    g_array_unref(index->networks);
    g_hash_table_unref(index->as);
    g_hash_table_unref(index->domains);
    g_free(index);
}

/* --- filling -----------------------------------------------------------------------------------
 */

static Network to_network(const ObservableAddress *address)
{
    guint64 high, low;
    memcpy(&high, address->bytes, 8);
    memcpy(&low, address->bytes + 8, 8);
    return (Network){.v6 = address->v6,
                     .high = GUINT64_FROM_BE(high),
                     .low = GUINT64_FROM_BE(low),
                     .length = address->prefix,
                     .parent = NONE};
}

static ObservableAddress from_network(const Network *network)
{
    guint64 high = GUINT64_TO_BE(network->high), low = GUINT64_TO_BE(network->low);
    ObservableAddress address = {.v6 = network->v6, .prefix = (guint8)network->length};
    memcpy(address.bytes, &high, 8);
    memcpy(address.bytes + 8, &low, 8);
    return address;
}

void routing_index_add_network(RoutingIndex *index, const ObservableAddress *network, guint rank,
                               guint32 value)
{
    Network one = to_network(network);
    one.rank = rank;
    one.value = value;
    one.added = index->networks->len;
    g_array_append_val(index->networks, one);
}

static void file(GArray *list, guint rank, guint32 value)
{
    const Filed filed = {rank, value};
    guint at = list->len;
    while (at > 0 && g_array_index(list, Filed, at - 1).rank > rank)
        at--;
    g_array_insert_val(list, at, filed);
}

void routing_index_add_as(RoutingIndex *index, guint32 as, guint rank, guint32 value)
{
    GArray *list = g_hash_table_lookup(index->as, GUINT_TO_POINTER(as));
    if (!list) {
        list = g_array_new(FALSE, FALSE, sizeof(Filed));
        g_hash_table_insert(index->as, GUINT_TO_POINTER(as), list);
    }
    file(list, rank, value);
}

void routing_index_add_domain(RoutingIndex *index, const char *domain, guint rank, guint32 value)
{
    GArray *list = g_hash_table_lookup(index->domains, domain);
    if (!list) {
        list = g_array_new(FALSE, FALSE, sizeof(Filed));
        g_hash_table_insert(index->domains, g_strdup(domain), list);
    }
    file(list, rank, value);
}

/* Where networks begin and how long they are: less exact ones first. */
static int compare_places(const Network *a, const Network *b)
{
    if (a->v6 != b->v6)
        return a->v6 ? 1 : -1;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return a->length < b->length ? -1 : a->length > b->length;
}

/* Of what is filed under the same, what comes first last: it is met first from below. */
static int compare_networks(gconstpointer a, gconstpointer b)
{
    const Network *x = a, *y = b;
    int places = compare_places(x, y);
    if (places != 0)
        return places;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return x->added > y->added ? -1 : x->added < y->added;
}

/* Whether all of @inner lies in @outer. */
static gboolean holds(const Network *outer, const Network *inner)
{
    guint bits = outer->length;
    guint64 mask_high = bits == 0 ? 0 : bits >= 64 ? G_MAXUINT64 : G_MAXUINT64 << (64 - bits);
    guint64 mask_low = bits <= 64 ? 0 : bits >= 128 ? G_MAXUINT64 : G_MAXUINT64 << (128 - bits);
    return outer->v6 == inner->v6 && bits <= inner->length &&
           (inner->high & mask_high) == outer->high && (inner->low & mask_low) == outer->low;
}

void routing_index_seal(RoutingIndex *index)
{
    g_array_sort(index->networks, compare_networks);
    for (guint32 i = 1; i < index->networks->len; i++) {
        Network *one = &g_array_index(index->networks, Network, i);
        guint32 above = i - 1;
        while (above != NONE && !holds(&g_array_index(index->networks, Network, above), one))
            above = g_array_index(index->networks, Network, above).parent;
        one->parent = above;
    }
}

/* --- finding -----------------------------------------------------------------------------------
 */

/* The last network that does not come after @wanted. */
static guint32 last_before(const GArray *networks, const Network *wanted)
{
    guint32 from = 0, to = networks->len;
    while (from < to) {
        guint32 middle = from + (to - from) / 2;
        if (compare_places(&g_array_index(networks, Network, middle), wanted) > 0)
            to = middle;
        else
            from = middle + 1;
    }
    return from == 0 ? NONE : from - 1;
}

void routing_index_network(const RoutingIndex *index, const ObservableAddress *network,
                           RoutingVisit visit, gpointer user)
{
    const Network wanted = to_network(network);
    for (guint32 at = last_before(index->networks, &wanted); at != NONE;) {
        const Network *one = &g_array_index(index->networks, Network, at);
        if (holds(one, &wanted)) {
            const RoutingHit hit = {.value = one->value, .network = from_network(one)};
            if (!visit(user, &hit))
                return;
        }
        at = one->parent;
    }
}

/* Whether the visitor wants no more. */
static gboolean visit_list(const GArray *list, const char *domain, RoutingVisit visit,
                           gpointer user)
{
    for (guint i = 0; list && i < list->len; i++) {
        const RoutingHit hit = {.value = g_array_index(list, Filed, i).value, .domain = domain};
        if (!visit(user, &hit))
            return TRUE;
    }
    return FALSE;
}

void routing_index_as(const RoutingIndex *index, guint32 as, RoutingVisit visit, gpointer user)
{
    visit_list(g_hash_table_lookup(index->as, GUINT_TO_POINTER(as)), NULL, visit, user);
}

void routing_index_domain(const RoutingIndex *index, const char *domain, RoutingVisit visit,
                          gpointer user)
{
    for (const char *at = domain; at;) {
        gpointer key, list;
        if (g_hash_table_lookup_extended(index->domains, at, &key, &list) &&
            visit_list(list, key, visit, user))
            return;
        at = strchr(at, '.');
        at = at ? at + 1 : NULL;
    }
}
