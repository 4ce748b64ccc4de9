#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512

typedef union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
} Address;

static socklen_t parse_address(const char *host, guint16 port, Address *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (inet_pton(AF_INET, host, &ret_address->in.sin_addr) == 1) {
        ret_address->in.sin_family = AF_INET;
        ret_address->in.sin_port = htons(port);
        return sizeof ret_address->in;
    }
    if (inet_pton(AF_INET6, host, &ret_address->in6.sin6_addr) == 1) {
        ret_address->in6.sin6_family = AF_INET6;
        ret_address->in6.sin6_port = htons(port);
        return sizeof ret_address->in6;
    }
    return 0;
}

int listen_open(const char *host, guint16 port, guint16 *ret_port, GError **error)
{
    Address address;
    socklen_t length = parse_address(host, port, &address);
    if (length == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is no IP address", host);
        return -1;
    }
    const int on = 1;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error_from_errno(error, errno, "socket for %s", host);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Each address is listed by itself: [::] must not take IPv4 away from 0.0.0.0. */
    if (address.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    /* Inherited by the connections: nobody holds one open by vanishing. */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (bind(fd, &address.any, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &address.any, &length) != 0) {
        int errnum = errno;
        close(fd);
        if (errnum == EADDRINUSE)
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                        "%s port %u is in use by another program: [server] listen chooses", host,
                        port);
        else if (errnum == EADDRNOTAVAIL)
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "this machine has no address %s: [server] listen chooses", host);
        else
            error_from_errno(error, errnum, "listening on %s port %u", host, port);
        return -1;
    }
    *ret_port =
        ntohs(address.any.sa_family == AF_INET ? address.in.sin_port : address.in6.sin6_port);
    return fd;
}
