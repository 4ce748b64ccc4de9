/* listen.h - listening sockets. */
#pragma once

#include <glib.h>

#include "base/error.h"

/* Opens, binds and listens on a numeric @host ("192.0.2.1", "::1", "0.0.0.0", "::") and @port (0: a
 * free one). Returns the descriptor, *ret_port the port; -1 with CONCERT_ERROR_BUSY when the
 * address is in use, CONCERT_ERROR_INPUT when @host is no address, else CONCERT_ERROR_IO. */
int listen_open(const char *host, guint16 port, guint16 *ret_port, GError **error);
