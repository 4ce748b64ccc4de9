/* observable_address.h - IPv4 and IPv6 addresses and prefixes as text and as bytes.
 *
 * IPv4 is the dotted quad only: four decimal numbers without leading zeros, because "010" is 8 to
 * some readers and 10 to others, and a shield must not guess. IPv6 is every form of RFC 4291
 * section 2.2, written out in the one form of RFC 5952. A v4-mapped address is the IPv4 address it
 * maps. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

/* Longest canonical text, the terminating NUL included. */
#define OBSERVABLE_ADDRESS_MAX 48

typedef struct {
    guint8 bytes[16]; /* network order; IPv4 uses the first four, the rest is zero */
    guint8 prefix;    /* length in bits: 32 or 128 for one address */
    gboolean v6;
} ObservableAddress;

/* "192.0.2.1" in host order. */
gboolean observable_address_parse_v4(const char *text, gsize length, guint32 *ret_address);

/* "2001:db8::1", "::ffff:192.0.2.1", without brackets, zone and prefix; network order. */
gboolean observable_address_parse_v6(const char *text, gsize length, guint8 ret_bytes[16]);

/* Any of: an address, "[" IPv6 "]", either followed by "/" and a prefix length; a zone ("%eth0") is
 * dropped. Host bits are cleared, v4-mapped addresses and prefixes of /96 and longer become IPv4.
 */
gboolean observable_address_parse(const char *text, gsize length, ObservableAddress *ret_address);

/* OBSERVABLE_IPV4, OBSERVABLE_IPV6 or OBSERVABLE_CIDR. */
ObservableKind observable_address_kind(const ObservableAddress *address);

/* Writes the canonical text and returns its length. */
gsize observable_address_format(const ObservableAddress *address,
                                char buffer[OBSERVABLE_ADDRESS_MAX]);
