/* observable_domain.h - domain names: one text per name, whatever script, case or dots it came in.
 */
#pragma once

#include <glib.h>

/* Longest name in bytes, RFC 1035 section 2.3.4, without the root's dot. */
#define OBSERVABLE_DOMAIN_MAX 253

/* Longest label in bytes. */
#define OBSERVABLE_DOMAIN_LABEL_MAX 63

/* Writes the canonical form (A-labels, lower case, no trailing dot) of @text and a NUL into @buffer
 * and returns its length, or 0 when it is no host name of at least @min_labels labels.
 *
 * Labels have 1 to 63 letters, digits, '-' and '_' (underscores are in service names and in names
 * that malware uses; hyphens may stand anywhere, as the DNS itself allows). The last label is not a
 * number, decimal or 0x-hexadecimal: such a text is an attempt at an address. Other scripts go
 * through UTS #46, non-transitional, with libidn2. */
gsize observable_domain_canonical(const char *text, gsize length, guint min_labels,
                                  char buffer[OBSERVABLE_DOMAIN_MAX + 1]);

/* What the canonical name says in the scripts that its A-labels stand for; NULL when one of them
 * stands for nothing. */
char *observable_domain_to_unicode(const char *canonical);
