/* observable_url.h - URLs: one text per resource.
 *
 * RFC 3986 section 6.2.2 and 6.2.3, and where browsers go further (WHATWG URL), as they do, because
 * what they fetch is what counts:
 * - scheme and host in lower case; host as observable_domain.h or observable_address.h says;
 *   addresses written as one number, in octal or in hexadecimal parts become dotted quads;
 * - user name and password dropped: they do not say where the request goes, and are used to
 * mislead;
 * - default port, fragment, and "." and ".." segments dropped; an empty path is "/";
 * - "%" escapes of unreserved characters decoded, the others in upper case; what may not stand in a
 *   URL (blanks, quotes, other scripts, a "%" that escapes nothing) is escaped;
 * - tab and line feed inside, and blanks around, are no part of a URL here: such a text is refused;
 * - a backslash counts as a slash up to the query. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

typedef struct {
    gsize host;               /* offset of the host in the canonical text */
    gsize host_length;        /* brackets included */
    gsize path;               /* offset of the path; what lies between is ":port" */
    ObservableKind host_kind; /* OBSERVABLE_IPV4, OBSERVABLE_IPV6, OBSERVABLE_DOMAIN, or
                                 OBSERVABLE_OTHER for a name of one label ("localhost") */
} ObservableUrlParts;

/* Appends the canonical form of @text, "scheme://host...", to @into. FALSE with @into unchanged
 * when it is no URL with a host. ret_parts (may be NULL) has offsets from the start of what was
 * appended. */
gboolean observable_url_append(const char *text, gsize length, GString *into,
                               ObservableUrlParts *ret_parts);

/* Given @url, the canonical form of the first @length bytes of @text, makes it that of the first
 * @longer bytes, as if these had been read anew, in the time that what is more of them takes. FALSE
 * with @url spoiled when they have to be read anew: more may undo what was. */
gboolean observable_url_extend(const char *text, gsize length, gsize longer, GString *url);
