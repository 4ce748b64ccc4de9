/* Lists of contacts and routes are read as people have them; what is wrong in them is passed over
 * with its line. */
#include "intake/contact_list.h"

#include <string.h>

static gboolean add_contact(gpointer user, const ContactListRow *row, GError **error)
{
    g_autofree char *networks = g_strjoinv(" ", (char **)row->networks);
    g_autofree char *as = g_strjoinv(" ", (char **)row->as);
    g_autofree char *domains = g_strjoinv(" ", (char **)row->domains);
    g_string_append_printf(user, "%s|%s|%s|%s|%s|%s|%s\n", row->email ? row->email : row->node,
                           row->name ? row->name : "", row->language ? row->language : "",
                           row->openpgp ? row->openpgp : "", networks, as, domains);
    return TRUE;
}

static gboolean add_route(gpointer user, const char *network, guint32 as, GError **error)
{
    g_string_append_printf(user, "%s AS%u\n", network, as);
    return TRUE;
}

static void add_refusal(gpointer user, guint64 line, const char *why)
{
    g_string_append_printf(user, "! %" G_GUINT64_FORMAT "\n", line);
}

static void check(const char *text, const char *expected)
{
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_memory(text, strlen(text));
    const ContactListSink sink = {add_contact, add_route, add_refusal, told};
    gboolean good = contact_list_read(stream, &sink, &error);
    if (!expected) {
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(good);
    g_assert_cmpstr(told->str, ==, expected);
}

static void test_tables(void)
{
    check("email,name,language,as,ip,domain\n"
          "abuse@birch.example,\"Birch, Ltd\",fr,AS64496;64497,192.0.2.77/24 2001:DB8::/32,\n"
          "noc@cedar.example,,,,,*.Cedar.example\n",
          "abuse@birch.example|Birch, Ltd|fr||192.0.2.0/24 2001:db8::/32|64496 64497|\n"
          "noc@cedar.example||||||cedar.example\n");
    check("node;asn\ncert.birch.example;AS 64496\n", "cert.birch.example|||||64496|\n");
    check(
        "mail\tpgp\nmailto:a@birch.example\t0x0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567\n",
        "a@birch.example|||0123456789ABCDEF0123456789ABCDEF01234567|||\n");
    check("prefix,asn,country\n192.0.2.0/24,64496,XA\n2001:db8::/32,AS64497,XB\n",
          "192.0.2.0/24 AS64496\n2001:db8::/32 AS64497\n");
    check("\xef\xbb\xbf"
          "email,ip\n",
          "");
}

static void test_without_header(void)
{
    check("192.0.2.0/24,64496\n198.51.100.0/24,64497\n",
          "192.0.2.0/24 AS64496\n198.51.100.0/24 AS64497\n");
    check("64496,abuse@birch.example\n", "abuse@birch.example|||||64496|\n");
    check("birch.example|abuse@birch.example\n", "abuse@birch.example||||||birch.example\n");
    check("one,two\n", NULL);
    check("192.0.2.1\n192.0.2.2\n", NULL);
}

static void test_refused(void)
{
    check("email,ip\nnobody,192.0.2.1\na@birch.example,192.0.2.300\n,192.0.2.1\n"
          "b@birch.example,192.0.2.1\n",
          "! 2\n! 3\n! 4\nb@birch.example||||192.0.2.1||\n");
    check("email,node\na@birch.example,cert.birch.example\n", "! 2\n");
    check("email,name\na@birch.example,\"open\n", "! 2\n");
}

static void test_json(void)
{
    check("[{\"email\":\"a@birch.example\",\"ip\":[\"192.0.2.0/24\"],\"as\":[64496,\"AS64497\"],"
          "\"domains\":\"birch.example\"},{\"email\":7},{\"name\":\"x\"},3]",
          "a@birch.example||||192.0.2.0/24|64496 64497|birch.example\n! 2\n! 3\n! 4\n");
    check("{\"contacts\":[{\"node\":\"cert.birch.example\"}]}", "cert.birch.example||||||\n");
    check("{\"contacts\":7}", NULL);
    check("[{\"email\":", NULL);
    check("[]", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/contact_list/tables", test_tables);
    g_test_add_func("/contact_list/without_header", test_without_header);
    g_test_add_func("/contact_list/refused", test_refused);
    g_test_add_func("/contact_list/json", test_json);
    return g_test_run();
}
