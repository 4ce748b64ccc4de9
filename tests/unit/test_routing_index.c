/* What is filed under networks, AS numbers and domains is found again: the longest prefix first,
 * against a search that looks at everything. */
#include "exchange/routing_index.h"

#include <string.h>

typedef struct {
    ObservableAddress network;
    guint rank;
    guint32 value;
} Filed;

static ObservableAddress address(const char *text)
{
    ObservableAddress parsed;
    g_assert_true(observable_address_parse(text, strlen(text), &parsed));
    return parsed;
}

static gboolean collect(gpointer user, const RoutingHit *hit)
{
    g_array_append_val((GArray *)user, hit->value);
    return TRUE;
}

static gboolean collect_one(gpointer user, const RoutingHit *hit)
{
    g_array_append_val((GArray *)user, hit->value);
    return FALSE;
}

static void assert_values(const GArray *found, guint count, const guint32 *values)
{
    g_assert_cmpmem(found->data, found->len * sizeof(guint32), values, count * sizeof(guint32));
}

static void test_nested(void)
{
    static const char *const networks[] = {"192.0.2.0/24", "192.0.2.128/25", "192.0.2.0/24",
                                           "0.0.0.0/0",    "192.0.2.200",    "2001:db8::/32"};
    static const guint ranks[] = {1, 0, 0, 0, 0, 0};
    g_autoptr(RoutingIndex) index = routing_index_new();
    for (guint i = 0; i < G_N_ELEMENTS(networks); i++) {
        ObservableAddress network = address(networks[i]);
        routing_index_add_network(index, &network, ranks[i], i);
    }
    routing_index_seal(index);
    static const struct {
        const char *text;
        guint count;
        guint32 values[6];
    } cases[] = {
        {"192.0.2.200", 5, {4, 1, 2, 0, 3}}, /* the lower rank of one network first */
        {"192.0.2.201", 4, {1, 2, 0, 3}},
        {"192.0.2.0/24", 3, {2, 0, 3}}, /* only what holds all of it */
        {"192.0.2.0/23", 1, {3}},
        {"198.51.100.1", 1, {3}},
        {"2001:db8::1", 1, {5}},
        {"2001:db9::1", 0, {0}}, /* 0.0.0.0/0 holds no IPv6 */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint32));
        ObservableAddress wanted = address(cases[i].text);
        routing_index_network(index, &wanted, collect, found);
        assert_values(found, cases[i].count, cases[i].values);
    }
}

/* Of a network itself the hit is told as it was given. */
static gboolean check_hit(gpointer user, const RoutingHit *hit)
{
    char text[OBSERVABLE_ADDRESS_MAX];
    observable_address_format(&hit->network, text);
    g_assert_cmpstr(text, ==, user);
    return FALSE;
}

static void test_hit(void)
{
    static const char *const networks[] = {"192.0.2.0/24", "2001:db8::/32", "::/0",
                                           "0.0.0.0/0",    "2001:db8::1",   "198.51.100.9"};
    for (guint i = 0; i < G_N_ELEMENTS(networks); i++) {
        g_autoptr(RoutingIndex) index = routing_index_new();
        ObservableAddress network = address(networks[i]);
        routing_index_add_network(index, &network, 0, 7);
        routing_index_seal(index);
        routing_index_network(index, &network, check_hit, (gpointer)networks[i]);
    }
}

static gboolean holds(const ObservableAddress *outer, const ObservableAddress *inner)
{
    if (outer->v6 != inner->v6 || outer->prefix > inner->prefix)
        return FALSE;
    for (guint bit = 0; bit < outer->prefix; bit++)
        if ((outer->bytes[bit / 8] ^ inner->bytes[bit / 8]) & (0x80 >> (bit % 8)))
            return FALSE;
    return TRUE;
}

static ObservableAddress random_network(GRand *random)
{
    ObservableAddress network = {.v6 = g_rand_boolean(random)};
    guint bits = network.v6 ? 128 : 32;
    network.prefix = (guint8)g_rand_int_range(random, 0, (gint32)bits + 1);
    for (guint bit = 0; bit < network.prefix; bit++)
        /* Few bits vary, so that much is nested. */
        if (bit % 5 == 0 && g_rand_boolean(random))
            network.bytes[bit / 8] |= (guint8)(0x80 >> (bit % 8));
    return network;
}

static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    Filed filed[400];
    g_autoptr(RoutingIndex) index = routing_index_new();
    for (guint i = 0; i < G_N_ELEMENTS(filed); i++) {
        filed[i] = (Filed){random_network(random), 0, i};
        routing_index_add_network(index, &filed[i].network, 0, i);
    }
    routing_index_seal(index);
    for (guint i = 0; i < 2000; i++) {
        ObservableAddress wanted = random_network(random);
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint32));
        guint expected = 0, last = G_MAXUINT;
        routing_index_network(index, &wanted, collect, found);
        for (guint j = 0; j < G_N_ELEMENTS(filed); j++)
            expected += holds(&filed[j].network, &wanted);
        g_assert_cmpuint(found->len, ==, expected);
        for (guint j = 0; j < found->len; j++) {
            const Filed *one = &filed[g_array_index(found, guint32, j)];
            g_assert_true(holds(&one->network, &wanted));
            g_assert_cmpuint(one->network.prefix, <=, last);
            last = one->network.prefix;
        }
    }
}

static void test_names(void)
{
    g_autoptr(RoutingIndex) index = routing_index_new();
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint32));
    routing_index_add_domain(index, "example", 0, 1);
    routing_index_add_domain(index, "birch.example", 1, 2);
    routing_index_add_domain(index, "birch.example", 0, 3);
    routing_index_add_as(index, 64496, 0, 4);
    routing_index_seal(index);
    routing_index_domain(index, "www.birch.example", collect, found);
    assert_values(found, 3, (const guint32[]){3, 2, 1});
    g_array_set_size(found, 0);
    routing_index_domain(index, "elmbirch.example", collect, found);
    assert_values(found, 1, (const guint32[]){1});
    g_array_set_size(found, 0);
    routing_index_domain(index, "www.birch.example", collect_one, found);
    assert_values(found, 1, (const guint32[]){3});
    g_array_set_size(found, 0);
    routing_index_as(index, 64496, collect, found);
    routing_index_as(index, 64497, collect, found);
    assert_values(found, 1, (const guint32[]){4});
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/routing_index/nested", test_nested);
    g_test_add_func("/routing_index/hit", test_hit);
    g_test_add_func("/routing_index/random", test_random);
    g_test_add_func("/routing_index/names", test_names);
    return g_test_run();
}
