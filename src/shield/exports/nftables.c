/* nftables.c - a script for `nft -f`: sets of addresses and networks, alone and with a port, and
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

/* The sets. Addresses with a port have one without intervals: the kernel looks things up faster
 * there, and replaces tens of thousands at once, where intervals of two fields take it seconds. */
typedef struct {
    const char *name;
    gboolean v6, ports, networks;
} Kept;

static const Kept sets[] = {
    {"blocked4", FALSE, FALSE, TRUE}, {"blocked6", TRUE, FALSE, TRUE},
    {"ports4", FALSE, TRUE, FALSE},   {"ports6", TRUE, TRUE, FALSE},
    {"netports4", FALSE, TRUE, TRUE}, {"netports6", TRUE, TRUE, TRUE},
};

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

static gboolean is_in(const Element *element, const Kept *kept)
{
    gboolean network = element->address.prefix < (element->address.v6 ? 128 : 32);
    return !element->covered && element->address.v6 == kept->v6 &&
           (element->port != 0) == kept->ports && (!kept->ports || network == kept->networks);
}

static void append_elements(Export *export, const GArray *elements, const Kept *kept)
{
    guint count = 0;
    for (guint i = 0; i < elements->len; i++) {
        const Element *each = &g_array_index(elements, Element, i);
        char text[OBSERVABLE_ADDRESS_MAX];
        if (!is_in(each, kept))
            continue;
        observable_address_format(&each->address, text);
        if (count % ELEMENTS_AT_ONCE == 0)
            g_string_append_printf(export->out, "%sadd element inet concert %s { ",
                                   count > 0 ? " }\n" : "", kept->name);
        else
            g_string_append(export->out, ", ");
        g_string_append(export->out, text);
        if (kept->ports)
            g_string_append_printf(export->out, " . %u", each->port);
        count++;
    }
    if (count > 0)
        g_string_append(export->out, " }\n");
}

/* Protocols that begin with the ports of both ends. */
#define PORTS "meta l4proto { tcp, udp, sctp, dccp, udplite } "

/* A rule of the chain "from" or "to" for each set. */
static void append_rules(GString *out, const char *chain, char end)
{
    g_string_append_printf(out, "add rule inet concert %s %cifname \"lo\" accept\n", chain,
                           end == 's' ? 'i' : 'o');
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_string_append_printf(out, "add rule inet concert %s %s%s %caddr ", chain,
                               sets[i].ports ? PORTS : "", sets[i].v6 ? "ip6" : "ip", end);
        if (sets[i].ports)
            g_string_append_printf(out, ". th %cport ", end);
        g_string_append_printf(out, "@%s counter name \"%s%c\" drop\n", sets[i].name, chain,
                               sets[i].v6 ? '6' : '4');
    }
}

static void end(Export *export)
{
    State *state = export->state;
    GString *out = export->out;
    format_head(export, "#");
    g_string_append(
        out,
        "add table inet concert\n"
        "add counter inet concert from4\n"
        "add counter inet concert from6\n"
        "add counter inet concert to4\n"
        "add counter inet concert to6\n"
        "add chain inet concert from { type filter hook prerouting priority -150; policy accept; "
        "}\n"
        "add chain inet concert to { type filter hook postrouting priority -150; policy accept; }\n"
        "flush chain inet concert from\n"
        "flush chain inet concert to\n");
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        g_string_append_printf(
            out, "add set inet concert %s { type ipv%c_addr%s;%s }\nflush set inet concert %s\n",
            sets[i].name, sets[i].v6 ? '6' : '4', sets[i].ports ? " . inet_service" : "",
            sets[i].networks ? " flags interval;" : "", sets[i].name);
    append_rules(out, "from", 's');
    append_rules(out, "to", 'd');
    mark_covered(state->elements);
    count_covered(export, state->elements);
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        append_elements(export, state->elements, &sets[i]);
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
