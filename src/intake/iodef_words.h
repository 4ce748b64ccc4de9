/* iodef_words.h - the words of IODEF (RFC 7970, RFC 5070) and what they are here. */
#pragma once

#include <glib.h>

/* The class (intake/rsit.h) of an impact's type: "takeover-system"; NULL when it tells none. */
const char *iodef_words_class_of_impact(const char *type);

/* The class of a system's role: "c2-server"; NULL when it tells none. */
const char *iodef_words_class_of_role(const char *category);

/* The type of SystemImpact that a class is written as; never NULL. */
const char *iodef_words_impact_of_class(const char *word);

/* "amber" of the restriction "amber" or "partner"; NULL when it tells none. */
const char *iodef_words_tlp(const char *restriction);

/* The restriction a TLP is written as; NULL for NULL. */
const char *iodef_words_restriction(const char *tlp);

/* "tcp" of "6" and the number of "tcp"; 0 and NULL when unknown. */
const char *iodef_words_protocol(const char *number);
guint iodef_words_protocol_number(const char *name);
