/* security_txt.h - security.txt (RFC 9116): out of a node card, and as others have it. */
#pragma once

#include "exchange/card.h"

#define SECURITY_TXT_DAYS 30 /* until it expires */

/* The text, not signed, as of @now (microseconds): the card's contacts with an e-mail address or a
 * telephone number, its languages, and where it stands below the card's endpoints. NULL when no
 * contact has either: RFC 9116 section 2.5.3 demands one. Caller frees. */
char *security_txt_make(const Card *card, gint64 now);

#define SECURITY_TXT_BYTES_MAX (32 * 1024)

/* The first contact of @text that is a mail address, and the first of the preferred languages
 * (NULL: none is named). A signature around it is not looked at. CONCERT_ERROR_INPUT when it has no
 * such contact, does not say when it expires, or has expired at @now. Caller frees both. */
gboolean security_txt_read(const char *text, gsize length, gint64 now, char **ret_email,
                           char **ret_language, GError **error);
