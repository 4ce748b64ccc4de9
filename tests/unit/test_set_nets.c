/* Networks of IPv4 of all prefix lengths, against what containing means. */
#include "shield/set_builder.h"

#include <string.h>

#define NETS      3000
#define ADDRESSES 60000

typedef struct {
    guint32 first;
    guint prefix;
} Net;

static guint32 mask_of(guint prefix)
{
    return prefix > 0 ? G_MAXUINT32 << (32 - prefix) : 0;
}

static ObservableAddress address_of(guint32 number, guint prefix)
{
    ObservableAddress address = {.prefix = (guint8)prefix};
    number = GUINT32_TO_BE(number);
    memcpy(address.bytes, &number, sizeof(number));
    return address;
}

/* Networks that lie in each other and beside each other, no two the same. */
static GArray *make_nets(GRand *random)
{
    GArray *nets = g_array_new(FALSE, FALSE, sizeof(Net));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    while (nets->len < NETS) {
        Net net = {.prefix = (guint)g_rand_int_range(random, nets->len < 3 ? 2 : 9, 32)};
        /* A quarter of them near one place, so that many have the same address. */
        guint32 number = g_rand_boolean(random) && g_rand_boolean(random)
                             ? 0xc6336400 ^ (g_rand_int(random) & 0x3ff)
                             : g_rand_int(random);
        net.first = number & mask_of(net.prefix);
        gint64 key = (gint64)net.prefix << 32 | net.first;
        if (g_hash_table_add(seen, g_memdup2(&key, sizeof(key))))
            g_array_append_val(nets, net);
    }
    return nets;
}

static Set *make_set(const GArray *nets)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--0a000000-0000-4000-8000-00000000000a",
                              .source = "test",
                              .confidence = -1};
    g_autoptr(GError) error = NULL;

    g_assert_true(set_builder_add_indicator(builder, &indicator, &error));
    for (guint i = 0; i < nets->len; i++) {
        const Net *net = &g_array_index(nets, Net, i);
        ObservableAddress address = address_of(net->first, net->prefix);
        char text[OBSERVABLE_ADDRESS_MAX + 8];
        gsize length = observable_address_format(&address, text);
        if (!strchr(text, '/'))
            g_snprintf(text + length, 8, "/%u", net->prefix);
        g_assert_true(set_builder_add_value(builder, OBSERVABLE_CIDR, text, &error));
    }
    Set *set = set_builder_open(builder, &error);
    g_assert_no_error(error);
    return set;
}

/* How many have all of the network of @prefix bits at @number; the answer has no more than
 * SET_MAX_FOUND. */
static guint count_plainly(const GArray *nets, guint32 number, guint prefix)
{
    guint count = 0;
    for (guint i = 0; i < nets->len; i++) {
        const Net *net = &g_array_index(nets, Net, i);
        count += net->prefix <= prefix && (number & mask_of(net->prefix)) == net->first;
    }
    return MIN(count, SET_MAX_FOUND);
}

/* A number at random, or one at the edge of a network, within or beside it. */
static guint32 pick(GRand *random, const GArray *nets)
{
    const Net *net = &g_array_index(nets, Net, (guint)g_rand_int_range(random, 0, NETS));
    switch (g_rand_int_range(random, 0, 5)) {
    case 0:
        return net->first;
    case 1:
        return net->first - 1;
    case 2:
        return net->first | ~mask_of(net->prefix);
    case 3:
        return (net->first | ~mask_of(net->prefix)) + 1;
    default:
        return g_rand_int(random);
    }
}

static void test_nets(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20);
    g_autoptr(GArray) nets = make_nets(random);
    g_autoptr(Set) set = make_set(nets);
    SetEntry found[SET_MAX_FOUND];
    guint32 numbers[SET_TOGETHER];
    guint none = 0, passed = 0, waiting = 0;

    for (guint i = 0; i < ADDRESSES; i++) {
        guint32 number = pick(random, nets);
        guint prefix = i % 3 == 0 ? (guint)g_rand_int_range(random, 8, 32) : 32;
        number &= mask_of(prefix);
        ObservableAddress address = address_of(number, prefix);
        g_assert_cmpuint(set_find_address(set, &address, found), ==,
                         count_plainly(nets, number, prefix));
        numbers[waiting++] = number;
        /* As many as there may be, and fewer. */
        if (waiting < (i % 2 == 0 ? SET_TOGETHER : 7))
            continue;
        guint64 may_have = set_may_have_v4(set, numbers, waiting);
        for (guint n = 0; n < waiting; n++) {
            gboolean has = count_plainly(nets, numbers[n], 32) > 0;
            g_assert_true(!has || may_have >> n & 1);
            none += !has;
            passed += !has && may_have >> n & 1;
        }
        g_assert_true(waiting == 64 || may_have >> waiting == 0);
        waiting = 0;
    }
    g_assert_cmpuint(none, >, 1000);
    g_assert_cmpuint(passed, ==, 0); /* no URLs here: the answer is exact */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/set/nets", test_nets);
    return g_test_run();
}
