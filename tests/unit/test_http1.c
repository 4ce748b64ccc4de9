/* Heads of HTTP/1 messages: hosts, URLs put together, and where the next message begins. */
#include <string.h>
#include <sys/mman.h>

#include "shield/packets/http1.h"

#define PAGE 65536

/* A copy of @text, behind which nothing can be read, by nobody: what GLib's functions and the C
 * library's read too much AddressSanitizer does not see. Holds until the next call. */
static const guint8 *at_edge(const char *text)
{
    static char *pages;
    gsize length = strlen(text);

    if (!pages) {
        pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert_true(pages != MAP_FAILED);
        g_assert_cmpint(mprotect(pages + PAGE, PAGE, PROT_NONE), ==, 0);
    }
    g_assert_cmpuint(length, <=, PAGE);
    return memcpy(pages + PAGE - length, text, length);
}

static char *values_of(const Draft *draft)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < draft->observation.count; i++) {
        const ObservationValue *value = &draft->observation.values[i];
        g_string_append_printf(text, "%s=%.*s; ", value->field, (int)value->length, value->text);
    }
    return g_string_free(text, FALSE);
}

static Http1Rest check_request(const char *head, const char *expected)
{
    g_autofree Draft *draft = g_new0(Draft, 1);

    draft->observation.destination.known = TRUE;
    draft->observation.destination.port = 8080;
    g_assert_true(
        observable_address_parse("192.0.2.1", 9, &draft->observation.destination.address));
    draft_begin(draft);
    Http1Rest rest = http1_read_request(at_edge(head), strlen(head), draft);
    g_autofree char *text = values_of(draft);
    g_assert_cmpstr(text, ==, expected);
    return rest;
}

static void test_request(void)
{
    check_request("GET /a?b HTTP/1.1\r\nHost: alder.example\r\n\r\n",
                  "http.host=alder.example; http.url=http://alder.example/a?b; ");
    check_request("POST /a HTTP/1.0\nHOST:  Alder.example:81 \nUser-Agent: agent/1.2.3.4\n\n",
                  "http.host=Alder.example; http.user_agent=agent/1.2.3.4; "
                  "http.url=http://Alder.example:81/a; ");
    check_request("GET http://user@birch.example:80/x HTTP/1.1\r\nHost: alder.example\r\n\r\n",
                  "http.host=birch.example; http.host=alder.example; "
                  "http.url=http://user@birch.example:80/x; ");
    /* A path that only looks like a URL. */
    check_request("GET /r?to=http://birch.example/ HTTP/1.1\r\nHost: alder.example\r\n\r\n",
                  "http.host=alder.example; "
                  "http.url=http://alder.example/r?to=http://birch.example/; ");
    check_request("OPTIONS * HTTP/1.1\r\nHost: alder.example\r\n\r\n", "http.host=alder.example; ");
    /* Without a host it goes to the address. */
    check_request("GET /a HTTP/1.0\r\n\r\n", "http.url=http://192.0.2.1:8080/a; ");
    check_request("GET /a\r\n", "http.url=http://192.0.2.1:8080/a; ");
    check_request("GET /with blank HTTP/1.1\r\nHost: alder.example\r\n\r\n",
                  "http.host=alder.example; http.url=http://alder.example/with blank; ");
    check_request("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
                  "http.host=[2001:db8::1]; http.url=http://[2001:db8::1]:8080/; ");
}

/* Fields that go on in the next line, that are not there, that are cut off. */
static void test_fields(void)
{
    check_request("GET / HTTP/1.1\r\nHost: alder.example\r\nReferer: http://birch.example/\r\n"
                  "X-Forwarded-For: 192.0.2.9,\r\n 192.0.2.10\r\nCookie: a=cedar.example\r\n\r\n",
                  "http.host=alder.example; http.referer=http://birch.example/; "
                  "http.x_forwarded_for=192.0.2.9,\r\n 192.0.2.10; "
                  "http.url=http://alder.example/; ");
    check_request("GET / HTTP/1.1\r\nHost: alder.exam", "http.host=alder.exam; "
                                                        "http.url=http://alder.exam/; ");
    check_request("GET / HTTP/1.1\r\nHost:\r\n: x\r\nno colon\r\n\r\n",
                  "http.url=http://192.0.2.1:8080/; ");
    check_request("GET ", "");
    check_request("GET", "");
}

static void test_rest(void)
{
    Http1Rest rest = check_request("POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n",
                                   "http.url=http://192.0.2.1:8080/; ");
    g_assert_cmpint(rest.body, ==, HTTP1_BODY_LENGTH);
    g_assert_cmpuint(rest.length, ==, 12);
    rest = check_request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 12\r\n"
                         "\r\n",
                         "http.url=http://192.0.2.1:8080/; ");
    g_assert_cmpint(rest.body, ==, HTTP1_BODY_CHUNKS);
    rest = check_request("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                         "http.url=http://192.0.2.1:8080/; ");
    g_assert_cmpuint(rest.length, ==, 0);
    /* Cut off, and longer than any number. */
    rest =
        check_request("POST / HTTP/1.1\r\nContent-Length: 12", "http.url=http://192.0.2.1:8080/; ");
    g_assert_cmpuint(rest.length, ==, 12);
    rest = check_request("POST / HTTP/1.1\r\nContent-Length: 00000000000000000000012",
                         "http.url=http://192.0.2.1:8080/; ");
    g_assert_cmpuint(rest.length, ==, 0);
    rest = check_request("CONNECT alder.example:443 HTTP/1.1\r\n\r\n", "http.host=alder.example; ");
    g_assert_cmpint(rest.body, ==, HTTP1_BODY_TUNNEL);
}

static void test_response(void)
{
    static const char head[] =
        "HTTP/1.1 302 Found\r\nLocation: http://birch.example/b\r\nServer: x/1.2.3.4\r\n\r\n";
    g_autofree Draft *draft = g_new0(Draft, 1);

    draft_begin(draft);
    http1_read_response((const guint8 *)head, strlen(head), draft);
    g_autofree char *text = values_of(draft);
    g_assert_cmpstr(text, ==, "http.location=http://birch.example/b; http.server=x/1.2.3.4; ");
}

static void test_detect(void)
{
    static const struct {
        const char *text;
        Http1Kind kind;
    } cases[] = {
        {"GET / HTTP", HTTP1_REQUEST},
        {"GET", HTTP1_MAYBE},
        {"G", HTTP1_MAYBE},
        {"GETX", HTTP1_NO},
        {"get /", HTTP1_NO},
        {"HTTP/1.1 200", HTTP1_RESPONSE},
        {"HTTP/", HTTP1_MAYBE},
        {"HTTP/2", HTTP1_NO},
        {"PROPFIND /", HTTP1_REQUEST},
        {"RPC_IN_DATA /rpc/rpcproxy.dll", HTTP1_REQUEST},
        {"BITS_", HTTP1_MAYBE},
        {"\x16\x03", HTTP1_NO},
        {"EHLO x", HTTP1_NO},
        {"CONNECT a:1", HTTP1_REQUEST},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(http1_detect((const guint8 *)cases[i].text, strlen(cases[i].text)), ==,
                        cases[i].kind);
}

static void test_length(void)
{
    static const struct {
        const char *text;
        gsize length;
    } cases[] = {
        {"GET /\r\n\r\nrest", 9}, {"GET /\n\nrest", 7}, {"GET /\r\n\nrest", 8},
        {"GET /\r\n\r", 0},       {"GET /\r\n", 0},     {"", 0},
        {"GET /\n\r\n", 8},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(http1_head_length((const guint8 *)cases[i].text, strlen(cases[i].text)),
                         ==, cases[i].length);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http1/request", test_request);
    g_test_add_func("/http1/fields", test_fields);
    g_test_add_func("/http1/rest", test_rest);
    g_test_add_func("/http1/response", test_response);
    g_test_add_func("/http1/detect", test_detect);
    g_test_add_func("/http1/length", test_length);
    return g_test_run();
}
