/* security_txt.h - security.txt (RFC 9116) out of a node card. */
#pragma once

#include "exchange/card.h"

#define SECURITY_TXT_DAYS 30 /* until it expires */

/* The text, not signed, as of @now (microseconds): the card's contacts with an e-mail address or a
 * telephone number, its languages, and where it stands below the card's endpoints. NULL when no
 * contact has either: RFC 9116 section 2.5.3 demands one. Caller frees. */
char *security_txt_make(const Card *card, gint64 now);
