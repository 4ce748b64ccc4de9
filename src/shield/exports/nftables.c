/* nftables.c - a script for `nft -f`: two sets of intervals, and chains that drop and count what
 * comes from there or goes there. One transaction, and what was counted before goes on. */
#include <string.h>

#include "shield/exports/format.h"

/* Elements of one command: one long line needs much memory to be read. */
#define ELEMENTS_AT_ONCE 1024

typedef struct {
    GArray *addresses; /* ObservableAddress */
} State;

static void begin(Export *export)
{
    State *state = export->state;
    state->addresses = g_array_new(FALSE, FALSE, sizeof(ObservableAddress));
}

static void clear(Export *export)
{
    State *state = export->state;
    g_array_unref(state->addresses);
}

static ExportReason add(Export *export, const ExportValue *value)
{
    State *state = export->state;
    ObservableAddress address = format_address(value);
    g_array_append_val(state->addresses, address);
    return EXPORT_DONE;
}

/* By family, then by first address, then the wider before what it may cover. */
static gint compare(gconstpointer a, gconstpointer b)
{
    const ObservableAddress *x = a, *y = b;
    if (x->v6 != y->v6)
        return x->v6 ? 1 : -1;
    int order = memcmp(x->bytes, y->bytes, sizeof x->bytes);
    return order != 0 ? order : (gint)x->prefix - (gint)y->prefix;
}

static gboolean covers(const ObservableAddress *wide, const ObservableAddress *address)
{
    guint bytes = wide->prefix / 8, bits = wide->prefix % 8;
    return wide->v6 == address->v6 && wide->prefix <= address->prefix &&
           memcmp(wide->bytes, address->bytes, bytes) == 0 &&
           (bits == 0 || (wide->bytes[bytes] ^ address->bytes[bytes]) >> (8 - bits) == 0);
}

/* Intervals of a set may not overlap: keeps only what no other covers. */
static void drop_covered(Export *export, GArray *addresses)
{
    guint kept = 0;
    g_array_sort(addresses, compare);
    for (guint i = 0; i < addresses->len; i++) {
        ObservableAddress *each = &g_array_index(addresses, ObservableAddress, i);
        if (kept > 0 && covers(&g_array_index(addresses, ObservableAddress, kept - 1), each)) {
            ObservableKind kind = observable_address_kind(each);
            export->counts.values--;
            export->counts.entries--;
            export->counts.by_reason[EXPORT_DONE][kind]--;
            export->counts.by_reason[EXPORT_COVERED][kind]++;
            continue;
        }
        g_array_index(addresses, ObservableAddress, kept++) = *each;
    }
    g_array_set_size(addresses, kept);
}

static void append_elements(Export *export, const GArray *addresses, gboolean v6)
{
    guint count = 0;
    for (guint i = 0; i < addresses->len; i++) {
        const ObservableAddress *each = &g_array_index(addresses, ObservableAddress, i);
        char text[OBSERVABLE_ADDRESS_MAX];
        if (each->v6 != v6)
            continue;
        observable_address_format(each, text);
        if (count % ELEMENTS_AT_ONCE == 0)
            g_string_append_printf(export->out, "%sadd element inet concert blocked%c { %s",
                                   count > 0 ? " }\n" : "", v6 ? '6' : '4', text);
        else
            g_string_append_printf(export->out, ", %s", text);
        count++;
    }
    if (count > 0)
        g_string_append(export->out, " }\n");
}

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
        "add chain inet concert from { type filter hook prerouting priority -150; policy accept; "
        "}\n"
        "add chain inet concert to { type filter hook postrouting priority -150; policy accept; }\n"
        "flush chain inet concert from\n"
        "flush chain inet concert to\n"
        "add rule inet concert from iifname \"lo\" accept\n"
        "add rule inet concert from ip saddr @blocked4 counter name \"from4\" drop\n"
        "add rule inet concert from ip6 saddr @blocked6 counter name \"from6\" drop\n"
        "add rule inet concert to oifname \"lo\" accept\n"
        "add rule inet concert to ip daddr @blocked4 counter name \"to4\" drop\n"
        "add rule inet concert to ip6 daddr @blocked6 counter name \"to6\" drop\n"
        "flush set inet concert blocked4\n"
        "flush set inet concert blocked6\n");
    drop_covered(export, state->addresses);
    append_elements(export, state->addresses, FALSE);
    append_elements(export, state->addresses, TRUE);
}

const ExportFormat format_nftables = {
    .name = "nftables",
    .summary = "a script for nft: sets of addresses, in and out, with counters",
    .media_type = "text/plain; charset=utf-8",
    .blocks = TRUE,
    .kinds = FORMAT_ADDRESSES,
    .state_size = sizeof(State),
    .begin = begin,
    .value = add,
    .end = end,
    .clear = clear,
};
