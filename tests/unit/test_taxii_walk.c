/* Reading a TAXII collection against a server that follows a script: which page is asked for next,
 * and what a mark says after each. */
#include "intake/taxii_walk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "intake_sink.h"

/* --- a server with a script --------------------------------------------------------------------
 */

/* One request, in the order of the script. */
typedef struct {
    const char *asked; /* what the request's path and query are, behind /c/ */
    guint status;      /* 0: 200 */
    const char *dates; /* "FIRST LAST"; NULL: none */
    const char *body;
    const char *type; /* NULL: TAXII 2.1 */
} Line;

typedef struct {
    int fd;
    char *url;
    GThread *thread;
    const Line *lines;
    guint count, at; /* at: of the next line; past the end when too much was asked */
    char *problem;   /* the first request that was not as scripted */
} Server;

static void send_line(int fd, const Line *line)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(GStrv) dates = line->dates ? g_strsplit(line->dates, " ", 2) : NULL;
    g_string_append_printf(text, "HTTP/1.1 %u x\r\nContent-Type: %s\r\nConnection: close\r\n",
                           line->status ? line->status : 200,
                           line->type ? line->type : "application/taxii+json;version=2.1");
    if (dates)
        g_string_append_printf(text,
                               "X-TAXII-Date-Added-First: %s\r\nX-TAXII-Date-Added-Last: %s\r\n",
                               dates[0], dates[1]);
    g_string_append_printf(text, "Content-Length: %zu\r\n\r\n%s", strlen(line->body), line->body);
    for (gsize sent = 0; sent < text->len;) {
        gssize got = send(fd, text->str + sent, text->len - sent, MSG_NOSIGNAL);
        if (got <= 0)
            return;
        sent += (gsize)got;
    }
}

static gpointer serve(gpointer data)
{
    Server *server = data;
    int fd;
    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        char request[8192];
        gsize length = 0;
        gssize got = 1;
        while (got > 0 && length < sizeof request - 1) {
            got = recv(fd, request + length, sizeof request - 1 - length, 0);
            length += (gsize)MAX(got, 0);
            request[length] = '\0';
            if (strstr(request, "\r\n\r\n"))
                break;
        }
        static const Line unexpected = {.status = 500, .body = "{}"};
        const Line *line = server->at < server->count ? &server->lines[server->at] : &unexpected;
        g_autofree char *head =
            g_strdup_printf("GET /c/%s HTTP/1.1\r\n", line->asked ? line->asked : "");
        if (!g_str_has_prefix(request, head) && !server->problem)
            server->problem = g_strdup_printf("line %u: %.300s", server->at, request);
        server->at++;
        send_line(fd, line);
        shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, 0) > 0)
            ;
        close(fd);
    }
    return NULL;
}

static void server_start(Server *server, const Line *lines, guint count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *server = (Server){.lines = lines, .count = count};
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(server->fd, 8), ==, 0);
    g_assert_cmpint(getsockname(server->fd, (struct sockaddr *)&address, &length), ==, 0);
    server->url = g_strdup_printf("http://127.0.0.1:%u/c/", ntohs(address.sin_port));
    server->thread = g_thread_new("server", serve, server);
}

static void server_stop(Server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    g_thread_join(server->thread);
    close(server->fd);
    g_assert_cmpstr(server->problem, ==, NULL);
    g_assert_cmpuint(server->at, ==, server->count);
    g_free(server->url);
}

/* --- a walk ------------------------------------------------------------------------------------
 */

typedef struct {
    GPtrArray *marks; /* in the order they were told */
    guint fail_at;    /* number of the mark that cannot be kept; 0: none */
    gint *stop;       /* set at the first mark */
} Marks;

static gboolean keep(gpointer user, const char *mark, GError **error)
{
    Marks *marks = user;
    g_test_message("mark %s", mark);
    g_ptr_array_add(marks->marks, g_strdup(mark));
    if (marks->stop)
        g_atomic_int_set(marks->stop, 1);
    if (marks->marks->len != marks->fail_at)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_FULL, "no room");
    return FALSE;
}

/* What a walk is to come to. */
typedef struct {
    const Line *lines;
    guint n_lines;
    const char *mark; /* that it begins with */
    gint64 since;
    guint64 max_bytes;
    guint fail_at;
    gboolean stop;
    const char *const *marks; /* told, each; NULL: whatever */
    const char *last;         /* told last */
    guint objects;
    int code;          /* of the failure */
    const char *words; /* in it; NULL: none */
    gboolean more;
} Case;

static void check(const Case *walk)
{
    Server server;
    Kept kept;
    IntakeSink sink;
    gint stop = 0;
    gboolean more = FALSE;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    Marks marks = {.marks = list, .fail_at = walk->fail_at, .stop = walk->stop ? &stop : NULL};
    server_start(&server, walk->lines, walk->n_lines);
    kept_init(&kept, &sink);
    TaxiiClient client = {.fetch = {.allow_private = TRUE, .stop = &stop}};
    const TaxiiWalkOptions options = {.sink = &sink,
                                      .name = "one",
                                      .limit = 2,
                                      .since = walk->since,
                                      .max_bytes = walk->max_bytes,
                                      .keep = keep,
                                      .user = &marks};
    gboolean good = taxii_walk(&client, server.url, walk->mark, &options, &more, &error);
    server_stop(&server);
    if (!walk->words) {
        g_assert_no_error(error);
        g_assert_true(good);
        g_assert_cmpint(more, ==, walk->more);
    } else {
        g_assert_false(good);
        g_assert_error(error, CONCERT_ERROR, walk->code);
        g_assert_nonnull(strstr(error->message, walk->words));
    }
    g_assert_cmpuint(kept.objects->len, ==, walk->objects);
    for (guint i = 0; walk->marks && walk->marks[i]; i++) {
        g_assert_cmpuint(i, <, list->len);
        g_assert_cmpstr(list->pdata[i], ==, walk->marks[i]);
    }
    if (walk->last) {
        g_assert_cmpuint(list->len, >, 0);
        g_assert_cmpstr(list->pdata[list->len - 1], ==, walk->last);
    }
    kept_clear(&kept);
}

#define CHECK(...)  check(&(const Case){__VA_ARGS__})
#define LINES(list) .lines = list, .n_lines = G_N_ELEMENTS(list)

#define O(n)        "{\"type\":\"x-a\",\"id\":\"x-a--0000000" n "\"}"
#define D(s)        "2024-01-01T00:00:" s "Z"
#define L           "objects/?limit=2"
#define A(s)        "&added_after=2024-01-01T00:00:" s "Z"

static const char *const no_marks[] = {NULL};

/* --- the tests ---------------------------------------------------------------------------------
 */

static void test_pages(void)
{
    static const Line lines[] = {
        {L, .dates = D("01") " " D("02"),
         .body = "{\"objects\":[" O("1") "," O("2") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("03") " " D("04"),
         .body = "{\"more\":true,\"next\":\"b /\",\"objects\":[" O("3") "," O("4") "]}"},
        {L "&next=b%20%2F", .dates = D("05") " " D("05.5"), .body = "{\"objects\":[" O("5") "]}"},
    };
    /* The mark is a page behind in dates, and has `next` when that is another each time. */
    static const char *const marks[] = {
        "{}",
        "{\"after\":\"2024-01-01T00:00:01.999999Z\",\"next\":\"b /\"}",
        "{\"after\":\"2024-01-01T00:00:05.500000Z\"}",
        NULL,
    };
    CHECK(LINES(lines), .marks = marks, .objects = 5);

    static const Line idle[] = {{L A("05.500000"), .body = "{}"}};
    CHECK(LINES(idle), .mark = marks[2], .last = marks[2]);
    static const Line news[] = {
        {L A("05.500000"), .dates = D("06") " " D("06"), .body = "{\"objects\":[" O("6") "]}"}};
    CHECK(LINES(news), .mark = marks[2], .last = "{\"after\":\"2024-01-01T00:00:06.000000Z\"}",
          .objects = 1);

    /* What was broken off goes on with `next`, or when that is refused, by the date. */
    static const Line on[] = {
        {L "&next=b%20%2F", .dates = D("05") " " D("05.5"), .body = "{\"objects\":[" O("5") "]}"}};
    CHECK(LINES(on), .mark = marks[1], .last = marks[2], .objects = 1);
    static const Line refused[] = {
        {L "&next=b%20%2F", .status = 404, .body = "{\"title\":\"expired\"}"},
        {L A("01.999999"), .dates = D("02") " " D("05.5"),
         .body = "{\"objects\":[" O("2") "," O("5") "]}"},
    };
    CHECK(LINES(refused), .mark = marks[1], .last = marks[2], .objects = 2);

    static const Line since[] = {{L A("02.999999"), .body = "{}"}};
    gint64 three = 0;
    timestamp_parse(D("03"), 20, &three, NULL);
    CHECK(LINES(since), .since = three);
}

/* A server that counts the pages of one `next`: asked for twice, a page would be lost. */
static void test_counting(void)
{
    static const Line lines[] = {
        {L, .dates = D("01") " " D("02"),
         .body = "{\"objects\":[" O("1") "," O("2") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("03") " " D("04"),
         .body = "{\"objects\":[" O("3") "," O("4") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("05") " " D("06"),
         .body = "{\"objects\":[" O("5") "," O("6") "],\"more\":true,\"next\":\"a\"}"},
    };
    static const char *const marks[] = {"{}", "{\"after\":\"2024-01-01T00:00:01.999999Z\"}",
                                        "{\"after\":\"2024-01-01T00:00:03.999999Z\"}", NULL};
    CHECK(LINES(lines), .marks = marks, .objects = 6, .fail_at = 3, .code = CONCERT_ERROR_FULL,
          .words = "no room");
}

/* Newest first, or at random: no date may be trusted until the end. */
static void test_unordered(void)
{
    static const Line lines[] = {
        {L, .dates = D("08") " " D("09"),
         .body = "{\"objects\":[" O("1") "," O("2") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("03") " " D("04"),
         .body = "{\"objects\":[" O("3") "," O("4") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("05") " " D("06"), .body = "{\"objects\":[" O("5") "]}"},
    };
    static const char *const marks[] = {"{}", "{}", "{\"after\":\"2024-01-01T00:00:09.000000Z\"}",
                                        NULL};
    CHECK(LINES(lines), .marks = marks, .objects = 5);
}

static void test_circles(void)
{
#define PAGE "{\"objects\":[" O("1") "," O("2") "],\"more\":true,\"next\":\"a\"}"
    static const Line by_date[] = {
        {L, .dates = D("01") " " D("02"), .body = PAGE},
        {L "&next=a", .dates = D("01") " " D("02"), .body = PAGE},
        {L A("01.999999"), .dates = D("02") " " D("03"),
         .body = "{\"objects\":[" O("2") "," O("3") "]}"},
    };
    CHECK(LINES(by_date), .objects = 6, .last = "{\"after\":\"2024-01-01T00:00:03.000000Z\"}");
    static const Line nowhere[] = {
        {L, .dates = D("01") " " D("02"), .body = PAGE},
        {L "&next=a", .dates = D("01") " " D("02"), .body = PAGE},
        {L A("01.999999"), .dates = D("01") " " D("02"), .body = PAGE},
    };
    CHECK(LINES(nowhere), .objects = 6, .code = CONCERT_ERROR_INPUT, .words = "again and again");
    static const Line nameless[] = {
        {L, .dates = D("01") " " D("01"),
         .body = "{\"objects\":[" O("1") "," O("2") "],\"more\":true}"},
        {L A("00.999999"), .dates = D("01") " " D("01"),
         .body = "{\"objects\":[" O("1") "," O("3") "],\"more\":true}"},
    };
    CHECK(LINES(nameless), .objects = 4, .code = CONCERT_ERROR_INPUT, .words = "not where");
    static const Line hollow[] = {
        {L, .body = "{\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .body = "{\"more\":true,\"next\":\"b\",\"objects\":[]}"},
        {L "&next=b", .dates = D("01") " " D("01"), .body = "{\"objects\":[" O("1") "]}"},
    };
    CHECK(LINES(hollow), .objects = 1, .last = "{\"after\":\"2024-01-01T00:00:01.000000Z\"}");
}

static void test_undated(void)
{
    static const Line manifest[] = {
        {L, .body = "{\"objects\":[" O("1") "," O("2") "]}"},
        {"manifest/?limit=2", .body = "{\"objects\":[{\"date_added\":\"" D(
                                  "01") "\"},{\"date_added\":\"" D("02") "\"}],\"more\":true}"},
        {"manifest/?limit=2" A("01.999999"),
         .body = "{\"objects\":[{\"date_added\":\"" D("03") "\"}]}"},
        {L, .body = "{\"objects\":[" O("1") "," O("2") "," O("3") "]}"},
    };
    static const char mark[] = "{\"after\":\"2024-01-01T00:00:03.000000Z\",\"dates\":\"manifest\"}";
    CHECK(LINES(manifest), .objects = 5, .last = mark);
    static const Line idle[] = {{"manifest/?limit=2" A("03.000000"), .body = "{}"}};
    CHECK(LINES(idle), .mark = mark, .marks = no_marks);
    static const Line news[] = {
        {"manifest/?limit=2" A("03.000000"),
         .body = "{\"objects\":[{\"date_added\":\"" D("04") "\"}]}"},
        {L A("03.000000"), .body = "{\"objects\":[" O("4") "]}"},
    };
    CHECK(LINES(news), .mark = mark, .objects = 1,
          .last = "{\"after\":\"2024-01-01T00:00:04.000000Z\",\"dates\":\"manifest\"}");
    /* A manifest that fails today says nothing of tomorrow. */
    static const Line fails[] = {
        {"manifest/?limit=2" A("03.000000"), .status = 500, .body = "{}"},
        {L A("03.000000"), .body = "{\"objects\":[" O("4") "]}"},
    };
    CHECK(LINES(fails), .mark = mark, .objects = 1, .last = mark);
    static const Line none[] = {
        {L, .body = "{\"objects\":[" O("1") "]}"},
        {"manifest/?limit=2", .status = 404, .body = "{}"},
        {L, .body = "{\"objects\":[" O("1") "]}"},
    };
    CHECK(LINES(none), .objects = 2);
}

static void test_failures(void)
{
    static const Line good = {L, .dates = D("01") " " D("01"),
                              .body = "{\"objects\":[" O("1") "]}"};
    const Line full[] = {good};
    CHECK(LINES(full), .objects = 1, .fail_at = 1, .code = CONCERT_ERROR_FULL, .words = "no room");
    static const Line cut[] = {
        {L, .dates = D("01") " " D("02"), .body = "{\"objects\":[" O("1") "," O("2")}};
    CHECK(LINES(cut), .objects = 2, .last = "{}", .code = CONCERT_ERROR_INPUT,
          .words = "too early");
    static const Line empty[] = {{L, .body = ""}};
    CHECK(LINES(empty), .marks = no_marks, .code = CONCERT_ERROR_INPUT, .words = "nothing");
    static const Line old[] = {
        {L, .body = "{}", .type = "application/vnd.oasis.stix+json; version=2.0"}};
    CHECK(LINES(old), .code = CONCERT_ERROR_INPUT, .words = "TAXII 2.0");
    static const Line ranges[] = {{L, .status = 206, .body = "{}"}};
    CHECK(LINES(ranges), .code = CONCERT_ERROR_INPUT, .words = "TAXII 2.0");
    static const Line denied[] = {{L, .status = 401, .body = "{\"title\":\"who are you?\"}"}};
    CHECK(LINES(denied), .code = CONCERT_ERROR_DENIED, .words = "who are you?");
    static const Line busy[] = {{L, .status = 503, .body = "not JSON"}};
    CHECK(LINES(busy), .code = CONCERT_ERROR_BUSY, .words = "503");

    static const Line pages[] = {
        {L, .dates = D("01") " " D("02"),
         .body = "{\"objects\":[" O("1") "," O("2") "],\"more\":true,\"next\":\"a\"}"},
        {L "&next=a", .dates = D("03") " " D("04"),
         .body = "{\"objects\":[" O("3") "," O("4") "],\"more\":true,\"next\":\"b\"}"},
    };
    /* It has had enough, but not before it has something to go on from. */
    CHECK(LINES(pages), .objects = 4, .max_bytes = 1, .more = TRUE,
          .last = "{\"after\":\"2024-01-01T00:00:01.999999Z\",\"next\":\"b\"}");
    CHECK(.lines = pages, .n_lines = 1, .objects = 2, .stop = TRUE, .code = CONCERT_ERROR_BUSY,
          .words = "stop");
}

/* At the end of a walk the last minute is left open: its objects may still be on their way. */
static void test_settling(void)
{
    char now[TIMESTAMP_MAX];
    timestamp_format(now, timestamp_now() - G_USEC_PER_SEC, 6);
    g_autofree char *dates = g_strdup_printf("%s %s", now, now);
    const Line lines[] = {{L, .dates = dates, .body = "{\"objects\":[" O("1") "]}"}};
    Server server;
    Kept kept;
    IntakeSink sink;
    gboolean more;
    gint64 after = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    Marks marks = {.marks = list};
    server_start(&server, lines, 1);
    kept_init(&kept, &sink);
    TaxiiClient client = {.fetch = {.allow_private = TRUE}};
    const TaxiiWalkOptions options = {
        .sink = &sink, .name = "one", .limit = 2, .keep = keep, .user = &marks};
    g_assert_true(taxii_walk(&client, server.url, NULL, &options, &more, &error));
    server_stop(&server);
    kept_clear(&kept);
    const char *mark = list->pdata[0];
    g_assert_true(g_str_has_prefix(mark, "{\"after\":\""));
    g_assert_true(timestamp_parse(mark + 10, 27, &after, NULL));
    gint64 age = timestamp_now() - after;
    g_assert_cmpint(age, >=, 60 * G_USEC_PER_SEC);
    g_assert_cmpint(age, <, 70 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/taxii_walk/pages", test_pages);
    g_test_add_func("/taxii_walk/counting", test_counting);
    g_test_add_func("/taxii_walk/unordered", test_unordered);
    g_test_add_func("/taxii_walk/circles", test_circles);
    g_test_add_func("/taxii_walk/undated", test_undated);
    g_test_add_func("/taxii_walk/failures", test_failures);
    g_test_add_func("/taxii_walk/settling", test_settling);
    return g_test_run();
}
