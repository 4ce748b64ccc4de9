/* hit_port.h - indicators that name an address or a host together with a port. Private to the
 * shield.
 *
 * A set knows them by the address or name; the port lies before the indicator's name, so that
 * others need no room for it. A hit whose place says another port is none. Where nothing says a
 * port, it is one: most logs have it somewhere else, and to lose the hit is worse. */
#pragma once

#include "shield/scan.h"

/* The port that a pattern asks for: one dst_port or src_port, joined by AND with all the rest of
 * its only observation. 0: none, or several, or it is no pattern. */
guint16 hit_port_of_pattern(const char *pattern, gsize length);

/* @name (NULL: none) as a set keeps it, with @port before it; NULL when that is @name itself.
 * Caller frees. */
char *hit_port_join(guint16 port, const char *name);

/* The name of what hit_port_join() made, within it; NULL: none. */
const char *hit_port_split(const char *kept, guint16 *ret_port);

/* Is @hit what its indicator means? @left bytes stand behind what was seen. */
gboolean hit_port_fits(const ScanHit *hit, gsize left);
