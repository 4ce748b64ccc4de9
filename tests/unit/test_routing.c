/* Who is told of what, and why: by contacts as the store keeps them, tables of routes, hosts that
 * say so themselves, opt-outs and holds. Peers and the node's own constituency are in
 * test_notify.py.
 */
#include "exchange/routing.h"

#include <glib/gstdio.h>
#include <string.h>

#include "exchange/security_txt.h"
#include "store/writer.h"

#define NOW (G_GINT64_CONSTANT(1767323045) * G_USEC_PER_SEC)

typedef struct {
    char *directory, *path;
    Writer *writer;
    Store *store;
    Routing *routing;
} Fixture;

static const struct {
    const char *email, *name;
    struct {
        ContactsKind kind;
        const char *value;
    } scopes[4];
} contacts[] = {
    {"wide@birch.example", "Wide", {{CONTACTS_NETWORK, "198.51.100.0/24"}}},
    {"narrow@birch.example", "Narrow", {{CONTACTS_NETWORK, "198.51.100.128/25"}}},
    {"as@birch.example", "AS", {{CONTACTS_AS, "64496"}}},
    {"other@birch.example", "Other", {{CONTACTS_AS, "64497"}}},
    {"names@cedar.example",
     "Names",
     {{CONTACTS_DOMAIN, "cedar.example"}, {CONTACTS_NETWORK, "2001:db8::/32"}}},
};

static gboolean fill(StoreTx *tx, gpointer user, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(contacts); i++) {
        const Contact contact = {.email = (char *)contacts[i].email,
                                 .name = (char *)contacts[i].name,
                                 .source = (char *)"list"};
        gint64 number;
        if (!contacts_put(tx, &contact, &number, error))
            return FALSE;
        for (guint k = 0; k < 4 && contacts[i].scopes[k].kind; k++)
            if (!contacts_put_scope(tx, number, contacts[i].scopes[k].kind,
                                    contacts[i].scopes[k].value, "list", error))
                return FALSE;
    }
    const ContactsStop stops[] = {
        {CONTACTS_OPT_OUT, CONTACTS_NETWORK, (char *)"198.51.100.7", NULL, NULL, NOW, 0},
        {CONTACTS_HOLD, CONTACTS_DOMAIN, (char *)"held.cedar.example", (char *)"Order 7", NULL, NOW,
         0},
        {CONTACTS_HOLD, CONTACTS_NETWORK, (char *)"198.51.100.9", NULL, NULL, NOW, NOW},
        {CONTACTS_OPT_OUT, CONTACTS_ADDRESS, (char *)"other@birch.example", NULL, NULL, NOW, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(stops); i++)
        if (!contacts_put_stop(tx, &stops[i], error))
            return FALSE;
    return contacts_put_route(tx, "203.0.113.0/24", 64496, "routes", error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-test-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "store.db", NULL);
    fixture->writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    writer_run(fixture->writer, 1, fill, NULL, &error);
    g_assert_no_error(error);
    fixture->store = store_open(fixture->path, &error);
    g_assert_no_error(error);
    fixture->routing = routing_load(fixture->store, NOW, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    routing_free(fixture->routing);
    store_close(fixture->store);
    writer_close(fixture->writer);
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat(fixture->path, suffixes[i], NULL);
        g_unlink(name);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->directory);
}

static void check(const Fixture *fixture, Finding finding, RoutingVerdict verdict, const char *key,
                  const char *why)
{
    g_auto(RoutingResult) result = {0};
    routing_find(fixture->routing, &finding, &result);
    g_assert_cmpstr(routing_verdict_name(result.verdict), ==, routing_verdict_name(verdict));
    if (verdict == ROUTING_PARTY)
        g_assert_cmpstr(routing_party(fixture->routing, result.party).key, ==, key);
    if (!strstr(result.why, why))
        g_error("\"%s\" is not in \"%s\"", why, result.why);
}

static void test_found(Fixture *fixture, gconstpointer data)
{
    check(fixture, (Finding){.address = "198.51.100.1"}, ROUTING_PARTY, "wide@birch.example",
          "198.51.100.0/24: the list list says");
    check(fixture, (Finding){.address = "198.51.100.200"}, ROUTING_PARTY, "narrow@birch.example",
          "198.51.100.128/25");
    check(fixture, (Finding){.prefix = "198.51.100.0/25"}, ROUTING_PARTY, "wide@birch.example", "");
    check(fixture, (Finding){.prefix = "198.51.96.0/20"}, ROUTING_NOBODY, NULL, "nobody");
    check(fixture, (Finding){.address = "203.0.113.5"}, ROUTING_PARTY, "as@birch.example",
          "AS64496, to which 203.0.113.0/24 belongs");
    check(fixture, (Finding){.address = "192.0.2.1", .asn = 64496}, ROUTING_PARTY,
          "as@birch.example", "AS64496, as the report says");
    /* The table of routes comes before the report. */
    check(fixture, (Finding){.address = "203.0.113.5", .asn = 64497}, ROUTING_PARTY,
          "as@birch.example", "belongs");
    /* A name before the address it is at. */
    check(fixture, (Finding){.url = "http://www.cedar.example/x", .address = "198.51.100.1"},
          ROUTING_PARTY, "names@cedar.example", "cedar.example");
    check(fixture, (Finding){.url = "http://dora.example/x", .address = "198.51.100.1"},
          ROUTING_PARTY, "wide@birch.example", "");
    check(fixture, (Finding){.url = "http://[2001:db8::7]/"}, ROUTING_PARTY, "names@cedar.example",
          "2001:db8::/32");
    check(fixture, (Finding){.email = "user@mail.cedar.example"}, ROUTING_PARTY,
          "names@cedar.example", "");
    check(fixture, (Finding){.domain = "notcedar.example"}, ROUTING_NOBODY, NULL, "nobody");
    check(fixture, (Finding){.hash = "00"}, ROUTING_NOBODY, NULL, "nobody");
}

static void test_stops(Fixture *fixture, gconstpointer data)
{
    check(fixture, (Finding){.address = "198.51.100.7"}, ROUTING_OPT_OUT, NULL,
          "opt-out of 198.51.100.7");
    check(fixture, (Finding){.address = "198.51.100.9"}, ROUTING_PARTY, "wide@birch.example", "");
    check(fixture, (Finding){.domain = "x.held.cedar.example"}, ROUTING_HOLD, NULL, "Order 7");
    /* A hold comes before an opt-out. */
    check(fixture, (Finding){.domain = "held.cedar.example", .address = "198.51.100.7"},
          ROUTING_HOLD, NULL, "");
    check(fixture, (Finding){.address = "192.0.2.1", .asn = 64497}, ROUTING_OPT_OUT, NULL,
          "other@birch.example");
}

/* A host speaks for itself alone, and only where nobody else does. */
static void test_hosts(Fixture *fixture, gconstpointer data)
{
    routing_add_host(fixture->routing, "Sec@dora.example", "fr", "www.dora.example", "its file");
    routing_add_host(fixture->routing, "sec@cedar.example", NULL, "www.cedar.example", "its file");
    check(fixture, (Finding){.url = "https://www.dora.example/"}, ROUTING_PARTY, "sec@dora.example",
          "www.dora.example: its file says");
    check(fixture, (Finding){.domain = "dora.example"}, ROUTING_NOBODY, NULL, "");
    check(fixture, (Finding){.domain = "a.www.dora.example"}, ROUTING_NOBODY, NULL, "");
    check(fixture, (Finding){.domain = "www.cedar.example"}, ROUTING_PARTY, "names@cedar.example",
          "");
}

static void assert_security_txt(const char *text, const char *email, const char *language)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = NULL, *spoken = NULL;
    gboolean good = security_txt_read(text, strlen(text), NOW, &found, &spoken, &error);
    g_assert_cmpint(good, ==, email != NULL);
    g_assert_cmpstr(found, ==, email);
    g_assert_cmpstr(spoken, ==, language);
    if (!good)
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_security_txt(void)
{
    assert_security_txt("# a comment\r\nContact: https://dora.example/report\r\n"
                        "Contact: mailto:security%2Buk@dora.example?subject=x\r\n"
                        "Contact: mailto:second@dora.example\r\n"
                        "Expires: 2030-01-01T00:00:00.000Z\r\npreferred-languages: fr, en\r\n",
                        "security+uk@dora.example", "fr");
    assert_security_txt("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
                        "Contact: mailto:a@dora.example\nExpires: 2030-01-01T00:00:00Z\n"
                        "-----BEGIN PGP SIGNATURE-----\n",
                        "a@dora.example", NULL);
    assert_security_txt("Contact: mailto:a@dora.example\nExpires: 2020-01-01T00:00:00Z\n", NULL,
                        NULL);
    assert_security_txt("Contact: mailto:a@dora.example\n", NULL, NULL);
    assert_security_txt("Contact: mailto:a@dora.example\nExpires: soon\n", NULL, NULL);
    assert_security_txt("Contact: tel:+1\nExpires: 2030-01-01T00:00:00Z\n", NULL, NULL);
    assert_security_txt(
        "Contact: mailto:a%0d%0aBcc:b@dora.example\nExpires: 2030-01-01T00:00:00Z\n", NULL, NULL);
    assert_security_txt("<html>", NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/routing/found", Fixture, NULL, set_up, test_found, tear_down);
    g_test_add("/routing/stops", Fixture, NULL, set_up, test_stops, tear_down);
    g_test_add("/routing/hosts", Fixture, NULL, set_up, test_hosts, tear_down);
    g_test_add_func("/routing/security_txt", test_security_txt);
    return g_test_run();
}
