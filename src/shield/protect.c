#include "shield/protect.h"

#include <string.h>

#include "stix/observable_url.h"

#define LENGTHS 129 /* of prefixes, 0 to 128 */

typedef struct {
    GTree *tree;                  /* ObservableAddress -> label, by address, then length */
    gboolean lengths[2][LENGTHS]; /* that they have, of IPv4 and IPv6 */
} Networks;

struct Protect {
    GStringChunk *texts;
    GHashTable *names;   /* domain -> label */
    GHashTable *parents; /* every name above one of them -> its label */
    Networks networks;
    Networks routes;  /* those that have a label */
    Networks nearest; /* these, and what lies in them and belongs to others: label NULL */
};

static int compare_networks(gconstpointer a, gconstpointer b, gpointer unused)
{
    const ObservableAddress *first = a, *second = b;
    if (first->v6 != second->v6)
        return first->v6 ? 1 : -1;
    int order = memcmp(first->bytes, second->bytes, sizeof(first->bytes));
    return order != 0 ? order : first->prefix - second->prefix;
}

Protect *protect_new(void)
{
    Protect *protect = g_new0(Protect, 1);
    protect->texts = g_string_chunk_new(4096);
    protect->names = g_hash_table_new(g_str_hash, g_str_equal);
    protect->parents = g_hash_table_new(g_str_hash, g_str_equal);
    protect->networks.tree = g_tree_new_full(compare_networks, NULL, g_free, NULL);
    protect->routes.tree = g_tree_new_full(compare_networks, NULL, g_free, NULL);
    protect->nearest.tree = g_tree_new_full(compare_networks, NULL, g_free, NULL);
    return protect;
}

void protect_free(Protect *protect)
{
    if (!protect)
        return;
    g_string_chunk_free(protect->texts);
    g_hash_table_unref(protect->names);
    g_hash_table_unref(protect->parents);
    g_tree_unref(protect->networks.tree);
    g_tree_unref(protect->routes.tree);
    g_tree_unref(protect->nearest.tree);
    g_free(protect);
}

static void add_name(Protect *protect, const char *name, const char *label)
{
    char *kept = g_string_chunk_insert_const(protect->texts, name);
    char *why = g_string_chunk_insert_const(protect->texts, label);
    if (g_hash_table_contains(protect->names, kept))
        return;
    g_hash_table_insert(protect->names, kept, why);
    for (char *dot = strchr(kept, '.'); dot; dot = strchr(dot + 1, '.'))
        if (!g_hash_table_contains(protect->parents, dot + 1))
            g_hash_table_insert(protect->parents, dot + 1, why);
}

static void add_network(Networks *networks, const ObservableAddress *network, const char *label)
{
    if (g_tree_lookup_node(networks->tree, network))
        return;
    networks->lengths[network->v6][network->prefix] = TRUE;
    g_tree_insert(networks->tree, g_memdup2(network, sizeof *network), (gpointer)label);
}

void protect_add(Protect *protect, ObservableKind kind, const char *canonical, const char *label)
{
    ObservableAddress address;
    if (kind == OBSERVABLE_DOMAIN)
        add_name(protect, canonical, label);
    else if (observable_address_parse(canonical, strlen(canonical), &address))
        add_network(&protect->networks, &address,
                    g_string_chunk_insert_const(protect->texts, label));
}

/* The host of a URL, or what stands behind the "@" of an e-mail address, and what it is. */
static ObservableKind read_host(ObservableKind kind, const char *text, char **ret_host)
{
    g_autoptr(GString) url = g_string_new(NULL);
    ObservableUrlParts parts;
    const char *at = strrchr(text, '@');

    if (kind == OBSERVABLE_EMAIL && at) {
        *ret_host = g_strdup(at + 1);
        return OBSERVABLE_DOMAIN;
    }
    if (kind != OBSERVABLE_URL || !observable_url_append(text, strlen(text), url, &parts))
        return OBSERVABLE_NONE;
    *ret_host = g_strndup(url->str + parts.host, parts.host_length);
    return parts.host_kind == OBSERVABLE_OTHER ? OBSERVABLE_DOMAIN : parts.host_kind;
}

gboolean protect_add_text(Protect *protect, const char *text, const char *label)
{
    g_autofree char *canonical = NULL, *host = NULL;
    ObservableKind kind = observable_classify(text, strlen(text), &canonical);

    if (kind == OBSERVABLE_NONE) { /* names of one label have no looks */
        canonical = observable_normalise(OBSERVABLE_DOMAIN, text, strlen(text), &kind);
        kind = canonical ? OBSERVABLE_DOMAIN : OBSERVABLE_NONE;
    }
    if (kind == OBSERVABLE_URL) {
        kind = read_host(kind, canonical, &host);
        if (host)
            protect_add(protect, kind, host, label);
        return host != NULL;
    }
    if (kind != OBSERVABLE_DOMAIN && kind != OBSERVABLE_IPV4 && kind != OBSERVABLE_IPV6 &&
        kind != OBSERVABLE_CIDR)
        return FALSE;
    protect_add(protect, kind, canonical, label);
    return TRUE;
}

static const char *find_name(const Protect *protect, const char *name)
{
    const char *label = g_hash_table_lookup(protect->parents, name);
    for (const char *rest = name; rest && !label; rest = strchr(rest, '.')) {
        rest += *rest == '.';
        label = g_hash_table_lookup(protect->names, rest);
    }
    return label;
}

static void mask(ObservableAddress *address, guint length)
{
    guint whole = length / 8, bits = length % 8;
    if (bits > 0)
        address->bytes[whole++] &= (guint8)(0xff << (8 - bits));
    memset(address->bytes + whole, 0, sizeof(address->bytes) - whole);
    address->prefix = (guint8)length;
}

/* The longest of @networks that holds all of @address; NULL: none does. */
static GTreeNode *find_around(const Networks *networks, const ObservableAddress *address)
{
    GTreeNode *found = NULL;
    for (int length = address->prefix; length >= 0 && !found; length--) {
        ObservableAddress wider = *address;
        if (!networks->lengths[address->v6][length])
            continue;
        mask(&wider, (guint)length);
        found = g_tree_lookup_node(networks->tree, &wider);
    }
    return found;
}

/* One of @networks that lies in @address, or is it. */
static GTreeNode *find_inside(const Networks *networks, const ObservableAddress *address)
{
    GTreeNode *node = g_tree_lower_bound(networks->tree, address);
    if (!node)
        return NULL;
    ObservableAddress next = *(const ObservableAddress *)g_tree_node_key(node);
    if (next.v6 != address->v6 || next.prefix < address->prefix)
        return NULL;
    mask(&next, address->prefix);
    return compare_networks(&next, address, NULL) == 0 ? node : NULL;
}

static const char *find_network(const Protect *protect, const ObservableAddress *address)
{
    GTreeNode *node = find_around(&protect->networks, address);
    if (!node)
        node = find_inside(&protect->networks, address);
    if (!node) {
        node = find_around(&protect->nearest, address);
        if (!node || !g_tree_node_value(node))
            node = find_inside(&protect->routes, address);
    }
    return node ? g_tree_node_value(node) : NULL;
}

void protect_add_route(Protect *protect, const char *prefix, const char *label)
{
    ObservableAddress address;
    if (!observable_address_parse(prefix, strlen(prefix), &address))
        return;
    if (label) {
        const char *kept = g_string_chunk_insert_const(protect->texts, label);
        add_network(&protect->routes, &address, kept);
        add_network(&protect->nearest, &address, kept);
    } else if (find_around(&protect->routes, &address)) {
        add_network(&protect->nearest, &address, NULL);
    }
}

const char *protect_find(const Protect *protect, ObservableKind kind, const char *canonical)
{
    g_autofree char *host = NULL;
    ObservableAddress address;

    if (g_hash_table_size(protect->names) == 0 && g_tree_nnodes(protect->networks.tree) == 0 &&
        g_tree_nnodes(protect->routes.tree) == 0)
        return NULL;
    if (kind == OBSERVABLE_URL || kind == OBSERVABLE_EMAIL) {
        kind = read_host(kind, canonical, &host);
        canonical = host;
    }
    switch (kind) {
    case OBSERVABLE_DOMAIN:
        return find_name(protect, canonical);
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
    case OBSERVABLE_CIDR:
        return observable_address_parse(canonical, strlen(canonical), &address)
                   ? find_network(protect, &address)
                   : NULL;
    default:
        return NULL;
    }
}
