/* nftables.c - a script for `nft -f`: two sets of intervals and two of intervals with a port, and
 * chains that drop and count what comes from there or goes there. One transaction, and what was
 * counted before goes on. */
#include <string.h>

#include "shield/exports/format.h"

/* Elements of one command: one long line needs much memory to be read. */
#define ELEMENTS_AT_ONCE 1024

typedef struct {
    ObservableAddress address;
    guint16 port; /* 0: every */
    gboolean covered;
} Element;

typedef struct {
    GArray *elements;
} State;

static void begin(Export *export)
{
    State *state = export->state;
    state->elements = g_array_new(FALSE, FALSE, sizeof(Element));
}

static void clear(Export *export)
{
    State *state = export->state;
    g_array_unref(state->elements);
}

static ExportReason add(Export *export, const ExportValue *value)
{
    State *state = export->state;
    const Element element = {.address = format_address(value), .port = value->port};
    g_array_append_val(state->elements, element);
    return EXPORT_DONE;
}

/* By family, then by first address, then the wider before what it may cover. */
static gint compare_addresses(const ObservableAddress *a, const ObservableAddress *b)
{
    if (a->v6 != b->v6)
        return a->v6 ? 1 : -1;
    int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
    return order != 0 ? order : (gint)a->prefix - (gint)b->prefix;
}

/* A set after the other. */
static gint compare_in_sets(gconstpointer a, gconstpointer b)
{
    const Element *x = a, *y = b;
    return x->port != y->port ? (gint)x->port - (gint)y->port
                              : compare_addresses(&x->address, &y->address);
}

static gint compare_by_value(gconstpointer a, gconstpointer b)
{
    const Element *x = a, *y = b;
    gint order = compare_addresses(&x->address, &y->address);
    return order != 0 ? order : (gint)x->port - (gint)y->port;
}

static gboolean covers(const ObservableAddress *wide, const ObservableAddress *address)
{
    guint bytes = wide->prefix / 8, bits = wide->prefix % 8;
    return wide->v6 == address->v6 && wide->prefix <= address->prefix &&
           memcmp(wide->bytes, address->bytes, bytes) == 0 &&
           (bits == 0 || (wide->bytes[bytes] ^ address->bytes[bytes]) >> (8 - bits) == 0);
}

/* The last of the @count elements, which are sorted, that does not begin behind @address. */
static const Element *find_before(const Element *elements, guint count,
                                  const ObservableAddress *address)
{
    guint low = 0, high = count;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (compare_addresses(&elements[middle].address, address) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &elements[low - 1] : NULL;
}

/* Intervals of a set may not overlap, and what is dropped at every port needs no port: marks what
 * another one covers. */
static void mark_covered(GArray *elements)
{
    Element *all = (Element *)(gpointer)elements->data;
    g_autoptr(GArray) every = g_array_new(FALSE, FALSE, sizeof(Element));
    const Element *kept = NULL;

    g_array_sort(elements, compare_in_sets);
    for (guint i = 0; i < elements->len; i++) {
        Element *each = &all[i];
        const Element *wide = each->port == 0 ? NULL
                                              : find_before((const Element *)(gpointer)every->data,
                                                            every->len, &each->address);
        each->covered =
            (kept && kept->port == each->port && covers(&kept->address, &each->address)) ||
            (wide && covers(&wide->address, &each->address));
        if (each->covered)
            continue;
        kept = each;
        if (each->port == 0)
            g_array_append_vals(every, each, 1);
    }
}

/* A value is covered when all of its ports are. */
static void count_covered(Export *export, GArray *elements)
{
    const Element *all = (const Element *)(gconstpointer)elements->data;
    g_array_sort(elements, compare_by_value);
    for (guint i = 0, end; i < elements->len; i = end) {
        guint covered = 0;
        for (end = i;
             end < elements->len && compare_addresses(&all[i].address, &all[end].address) == 0;
             end++)
            covered += all[end].covered;
        export->counts.entries -= covered;
        if (covered < end - i)
            continue;
        ObservableKind kind = observable_address_kind(&all[i].address);
        export->counts.values--;
        export->counts.by_reason[EXPORT_DONE][kind]--;
        export->counts.by_reason[EXPORT_COVERED][kind]++;
    }
}

static void append_elements(Export *export, const GArray *elements, const char *set, gboolean v6,
                            gboolean ports)
{
    guint count = 0;
    for (guint i = 0; i < elements->len; i++) {
        const Element *each = &g_array_index(elements, Element, i);
        char text[OBSERVABLE_ADDRESS_MAX];
        if (each->covered || each->address.v6 != v6 || (each->port != 0) != ports)
            continue;
        observable_address_format(&each->address, text);
        if (count % ELEMENTS_AT_ONCE == 0)
            g_string_append_printf(export->out, "%sadd element inet concert %s%c { ",
                                   count > 0 ? " }\n" : "", set, v6 ? '6' : '4');
        else
            g_string_append(export->out, ", ");
        g_string_append(export->out, text);
        if (ports)
            g_string_append_printf(export->out, " . %u", each->port);
        count++;
    }
    if (count > 0)
        g_string_append(export->out, " }\n");
}

/* Protocols that begin with the ports of both ends. */
#define PORTS "meta l4proto { tcp, udp, sctp, dccp, udplite } "

static void end(Export *export)
{
    State *state = export->state;
    format_head(export, "#");
    g_string_append(
        export->out,
        "add table inet concert\n"
        "add counter inet concert from4\n"
        "add counter inet concert from6\n"
        "add counter inet concert to4\n"
        "add counter inet concert to6\n"
        "add set inet concert blocked4 { type ipv4_addr; flags interval; }\n"
        "add set inet concert blocked6 { type ipv6_addr; flags interval; }\n"
        "add set inet concert ports4 { type ipv4_addr . inet_service; flags interval; }\n"
        "add set inet concert ports6 { type ipv6_addr . inet_service; flags interval; }\n"
        "add chain inet concert from { type filter hook prerouting priority -150; policy accept; "
        "}\n"
        "add chain inet concert to { type filter hook postrouting priority -150; policy accept; }\n"
        "flush chain inet concert from\n"
        "flush chain inet concert to\n"
        "add rule inet concert from iifname \"lo\" accept\n"
        "add rule inet concert from ip saddr @blocked4 counter name \"from4\" drop\n"
        "add rule inet concert from ip6 saddr @blocked6 counter name \"from6\" drop\n"
        "add rule inet concert from " PORTS
        "ip saddr . th sport @ports4 counter name \"from4\" drop\n"
        "add rule inet concert from " PORTS
        "ip6 saddr . th sport @ports6 counter name \"from6\" drop\n"
        "add rule inet concert to oifname \"lo\" accept\n"
        "add rule inet concert to ip daddr @blocked4 counter name \"to4\" drop\n"
        "add rule inet concert to ip6 daddr @blocked6 counter name \"to6\" drop\n"
        "add rule inet concert to " PORTS "ip daddr . th dport @ports4 counter name \"to4\" drop\n"
        "add rule inet concert to " PORTS "ip6 daddr . th dport @ports6 counter name \"to6\" drop\n"
        "flush set inet concert blocked4\n"
        "flush set inet concert blocked6\n"
        "flush set inet concert ports4\n"
        "flush set inet concert ports6\n");
    mark_covered(state->elements);
    count_covered(export, state->elements);
    append_elements(export, state->elements, "blocked", FALSE, FALSE);
    append_elements(export, state->elements, "blocked", TRUE, FALSE);
    append_elements(export, state->elements, "ports", FALSE, TRUE);
    append_elements(export, state->elements, "ports", TRUE, TRUE);
}

const ExportFormat format_nftables = {
    .name = "nftables",
    .summary = "a script for nft: sets of addresses, and of addresses with ports, in and out, with "
               "counters",
    .media_type = "text/plain; charset=utf-8",
    .blocks = TRUE,
    .ports = TRUE,
    .kinds = FORMAT_ADDRESSES,
    .state_size = sizeof(State),
    .begin = begin,
    .value = add,
    .end = end,
    .clear = clear,
};
