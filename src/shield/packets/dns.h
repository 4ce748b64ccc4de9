/* dns.h - DNS messages (RFC 1035, with the record types that carry names or addresses). */
#pragma once

#include "shield/packets/draft.h"

/* A name as text, every byte escaped. */
#define DNS_MAX_NAME (4 * 255 + 1)

/* Adds what the message asks for and what it answers: "dns.query" and, of each record, its name
 * ("dns.name") and its value by type ("dns.a", "dns.cname", ...). FALSE when the message is broken;
 * what stood before the break has been added. */
gboolean dns_read(const guint8 *message, gsize length, Draft *draft);

/* Writes the name at @at (compressed, RFC 1035 section 4.1.4) as text without the final dot and
 * gives its length; the root is empty. Bytes that are no part of host names are escaped as in
 * section 5.1. FALSE when it is broken: a pointer that does not point backwards, more than 255
 * bytes. *ret_end is the offset behind it. */
gboolean dns_read_name(const guint8 *message, gsize length, gsize at, char text[DNS_MAX_NAME],
                       gsize *ret_length, gsize *ret_end);
