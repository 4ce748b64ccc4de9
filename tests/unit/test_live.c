/* Packets from an interface: the loopback, where the rights to listen there are given. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shield/packets/live.h"
#include "shield/packets/packet.h"

#define PORT 53999

static void send_datagram(const char *text)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to));
    close(fd);
}

/* Opens the loopback, or says why not and skips. */
static Live *open_loopback(const char *filter)
{
    const LiveOptions options = {.filter = filter, .snaplen = 200};
    g_autoptr(GError) error = NULL;
    Live *live = live_open("lo", &options, &error);

    if (!live) {
        g_print("# SKIP packets from an interface: %s\n", error->message);
        g_test_skip(error->message);
        g_assert_true(g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_DENIED) ||
                      g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND));
    }
    return live;
}

static void test_loopback(void)
{
    g_autoptr(Live) live = open_loopback("udp port 53999");
    CapturePacket captured;
    Packet packet;
    gboolean there = FALSE;

    if (!live)
        return;
    for (guint tries = 0; tries < 50 && !there; tries++) {
        send_datagram("alder.example");
        g_assert_true(live_next(live, &captured, &there, NULL));
    }
    g_assert_true(there);
    g_assert_cmpint(captured.time / G_USEC_PER_SEC, >, 1600000000);
    g_assert_cmpint(packet_parse(captured.link, captured.data, captured.length, &packet), ==,
                    PACKET_OK);
    g_assert_cmpuint(packet.destination_port, ==, PORT);
    g_assert_cmpmem(packet.payload, packet.length, "alder.example", 13);
    g_assert_cmpuint(live_dropped(live), ==, 0);
}

static void test_failures(void)
{
    const LiveOptions wrong = {.filter = "no such filter"}, all = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(Live) live = open_loopback(NULL);

    if (!live)
        return;
    g_assert_null(live_open("lo", &wrong, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(live_open("nosuch0", &all, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/live/loopback", test_loopback);
    g_test_add_func("/live/failures", test_failures);
    return g_test_run();
}
