#include "node/config.h"

#include <glib/gstdio.h>
#include <string.h>

static Config *parse(const char *text, GPtrArray **ret_problems)
{
    *ret_problems = g_ptr_array_new_with_free_func(g_free);
    return config_parse("/srv/concert", "concert.conf", text, strlen(text), *ret_problems);
}

/* Checks that @text has exactly the one problem @expected. */
static void assert_problem(const char *text, const char *expected)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(Config) config = parse(text, &problems);
    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_cmpstr(problems->pdata[0], ==, expected);
}

static void test_defaults(void)
{
    g_autoptr(Config) config = config_new("/srv/concert");
    g_assert_cmpstr(config_string(config, SETTING_NODE_NAME), ==, "localhost");
    g_assert_null(config_string(config, SETTING_NODE_ORGANISATION));
    g_assert_cmpstr(config_path(config, SETTING_SERVER_TLS_KEY), ==, "/srv/concert/tls/key.pem");
    g_assert_null(config_path(config, SETTING_FETCH_CA_FILE));
    g_assert_cmpuint(config_size(config, SETTING_SERVER_MAX_REQUEST_BYTES), ==, 32 << 20);
    g_assert_cmpuint(config_duration(config, SETTING_FETCH_TIMEOUT), ==, 300);
    g_assert_false(config_bool(config, SETTING_FETCH_ALLOW_PRIVATE));
    g_assert_cmpuint(config_enum(config, SETTING_IMPORT_LEVEL), ==, 1);
    g_assert_cmpuint(config_line(config, SETTING_SERVER_THREADS), ==, 0);

    guint count;
    const ConfigAddress *address = config_addresses(config, SETTING_SERVER_LISTEN, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(address->host, ==, "127.0.0.1");
    g_assert_cmpuint(address->port, ==, 8470);
    g_assert_true(address->loopback);
}

static void test_values(void)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(Config) config = parse("\xef\xbb\xbf# a comment\r\n"
                                     "  [server]  \r\n"
                                     "\tthreads=64\r\n"
                                     "; another\n"
                                     "request_deadline = 2 min\n"
                                     "max_request_bytes = 1GiB\n"
                                     "listen = 192.0.2.1:443 ,[2001:db8::1]:8443,[::1]:0\n"
                                     "tls_key = ../key.pem\n"
                                     "tls_certificate = /etc/ssl/alder.pem\n"
                                     "tls = off\n"
                                     "[taxii]\n"
                                     "title = \" Alder # 1; = \"\n"
                                     "[fetch]\n"
                                     "allow_private = true",
                                     &problems);
    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_cmpint(config_int(config, SETTING_SERVER_THREADS), ==, 64);
    g_assert_cmpuint(config_line(config, SETTING_SERVER_THREADS), ==, 3);
    g_assert_cmpuint(config_duration(config, SETTING_SERVER_REQUEST_DEADLINE), ==, 120);
    g_assert_cmpuint(config_size(config, SETTING_SERVER_MAX_REQUEST_BYTES), ==, 1 << 30);
    g_assert_cmpstr(config_path(config, SETTING_SERVER_TLS_KEY), ==, "/srv/key.pem");
    g_assert_cmpstr(config_path(config, SETTING_SERVER_TLS_CERTIFICATE), ==, "/etc/ssl/alder.pem");
    g_assert_cmpuint(config_enum(config, SETTING_SERVER_TLS), ==, 2);
    g_assert_cmpstr(config_string(config, SETTING_TAXII_TITLE), ==, " Alder # 1; = ");
    g_assert_true(config_bool(config, SETTING_FETCH_ALLOW_PRIVATE));

    guint count;
    const ConfigAddress *addresses = config_addresses(config, SETTING_SERVER_LISTEN, &count);
    g_assert_cmpuint(count, ==, 3);
    g_assert_false(addresses[0].loopback);
    g_assert_true(addresses[1].ipv6);
    g_assert_cmpstr(addresses[1].host, ==, "2001:db8::1");
    g_assert_cmpuint(addresses[1].port, ==, 8443);
    g_assert_true(addresses[2].loopback);
    g_assert_cmpuint(addresses[2].port, ==, 0);
}

static void test_problems(void)
{
    assert_problem("[server]\n\nthreads = 900\n",
                   "concert.conf:3: [server] threads = 900: must be a whole number from 1 to 64");
    assert_problem("[server]\nthreads = -1\n",
                   "concert.conf:2: [server] threads = -1: must be a whole number from 1 to 64");
    assert_problem("[server]\nthreads = 4x\n",
                   "concert.conf:2: [server] threads = 4x: must be a whole number from 1 to 64");
    assert_problem("[server]\nthreads = 99999999999999999999\n",
                   "concert.conf:2: [server] threads = 99999999999999999999: must be a whole "
                   "number from 1 to 64");
    assert_problem("[server]\nmax_request_bytes = 9007199254740993G\n",
                   "concert.conf:2: [server] max_request_bytes = 9007199254740993G: must be a size "
                   "from 64K to 1G, in bytes or with K, M or G");
    assert_problem("[server]\ntls = maybe\n",
                   "concert.conf:2: [server] tls = maybe: must be one of auto, on, off");
    assert_problem("[server]\nthread = 4\n",
                   "concert.conf:2: [server] thread: no such setting; did you mean \"threads\"?");
    assert_problem(
        "[server]\nmax_page_bytes = 4M\n",
        "concert.conf:2: [server] max_page_bytes: no such setting; there is one in [taxii]");
    assert_problem("[sever]\nthreads = 4\n",
                   "concert.conf:1: [sever]: no such section; did you mean \"server\"?");
    assert_problem("threads = 4\n",
                   "concert.conf:1: threads: a setting stands below its [section]");
    assert_problem("[server\n", "concert.conf:1: [server: a section is written [name]");
    assert_problem("[server]\nthreads\n",
                   "concert.conf:2: threads: a setting is written name = value");
    assert_problem("[server]\nthreads = 4\nthreads = 4\n",
                   "concert.conf:3: [server] threads: set at line 2 already");
    assert_problem("[server]\n[taxii]\n[server]\n",
                   "concert.conf:3: [server]: this section began at line 1 already");
    assert_problem("[taxii]\ntitle = Alder # ours\n",
                   "concert.conf:2: title = Alder # ours: a comment stands on a line of its own; a "
                   "value with \"#\" is written in double quotes");
    assert_problem(
        "[taxii]\ntitle = \"Alder\n",
        "concert.conf:2: title = \"Alder: the closing quote is missing or not at the end");
    assert_problem("[taxii]\ntitle = a\xff\n", "concert.conf:2: not UTF-8 text");
    assert_problem("[taxii]\ntitle = a\x1b[2J\n", "concert.conf:2: a control character (0x1b)");
    assert_problem("[node]\nname = -alder\n",
                   "concert.conf:2: [node] name = -alder: must be a name of letters, digits, \"-\" "
                   "and \".\", such as cert.alder.example");
}

static void test_addresses(void)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "::1:80",
                                      "[::1]80",
                                      "[127.0.0.1]:80",
                                      "host:80",
                                      "127.0.0.1:80,",
                                      "[::1:80",
                                      "127.0.0.1:8 0"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf("[server]\nlisten = %s\n", bad[i]);
        g_autoptr(GPtrArray) problems = NULL;
        g_autoptr(Config) config = parse(text, &problems);
        g_assert_cmpuint(problems->len, ==, 1);
        /* What was refused leaves the default alone. */
        guint count;
        const ConfigAddress *address = config_addresses(config, SETTING_SERVER_LISTEN, &count);
        g_assert_cmpuint(count, ==, 1);
        g_assert_cmpuint(address->port, ==, 8470);
    }
}

/* All problems are told at once, and those of a flood of nonsense are bounded. */
static void test_many_problems(void)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(Config) config =
        parse("[server]\nthreads = 0\ntls = no\n[nowhere]\nx = 1\n", &problems);
    g_assert_cmpuint(problems->len, ==, 3);

    g_autoptr(GString) flood = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append(flood, "nonsense\n");
    g_autoptr(GPtrArray) many = NULL;
    g_autoptr(Config) other = parse(flood->str, &many);
    g_assert_cmpuint(many->len, ==, 100);
}

/* The file `init` writes is read back to the same values. */
static void test_file(void)
{
    const char *values[SETTING_COUNT] = {
        [SETTING_NODE_NAME] = "cert.alder.example", [SETTING_SERVER_THREADS] = "3"};
    g_autofree char *text = settings_file(values);
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(Config) config = parse(text, &problems);
    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_cmpstr(config_string(config, SETTING_NODE_NAME), ==, "cert.alder.example");
    g_assert_cmpint(config_int(config, SETTING_SERVER_THREADS), ==, 3);

    /* Every commented default is a line that would be accepted. */
    g_autoptr(GRegex) commented = g_regex_new("^#(?=[a-z_]+ = .)", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *active = g_regex_replace(commented, text, -1, 0, "", 0, NULL);
    g_autoptr(GPtrArray) more = NULL;
    g_autoptr(Config) defaults = parse(active, &more);
    g_assert_cmpuint(more->len, ==, 0);
    g_assert_cmpuint(config_line(defaults, SETTING_FETCH_TIMEOUT), >, 0);
}

static void test_load(void)
{
    g_autofree char *directory = g_dir_make_tmp("concert-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "concert.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(config_load(path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);

    g_clear_error(&error);
    g_assert_true(g_file_set_contents(path, "[server]\nx = 1\ntls = 2\n", -1, NULL));
    g_assert_null(config_load(path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "concert.conf:2: "));
    g_assert_nonnull(strstr(error->message, "concert.conf:3: "));

    g_clear_error(&error);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_autoptr(Config) config = config_load(path, &error);
    g_assert_no_error(error);
    g_autofree char *key = g_build_filename(directory, "tls", "key.pem", NULL);
    g_assert_cmpstr(config_path(config, SETTING_SERVER_TLS_KEY), ==, key);
    g_unlink(path);
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/values", test_values);
    g_test_add_func("/config/problems", test_problems);
    g_test_add_func("/config/addresses", test_addresses);
    g_test_add_func("/config/many-problems", test_many_problems);
    g_test_add_func("/config/file", test_file);
    g_test_add_func("/config/load", test_load);
    return g_test_run();
}
