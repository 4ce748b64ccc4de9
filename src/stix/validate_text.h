/* validate_text.h - the forms of strings that STIX demands: addresses, URLs, names, tags. */
#pragma once

#include "stix/validate_schema.h"

/* NULL when @text is of the form @kind; else a static message that says what it should be, and in
 * *ret_must whether that is a MUST. */
const char *validate_text_check(ValidateText kind, ObjectSpec spec, const char *text, gsize length,
                                gboolean *ret_must);

/* Whether @text names a property: in STIX 2.1 a letter first, then letters, digits and underscores,
 * 3 to 250 characters in all; all in lower case. */
gboolean validate_text_is_property(ObjectSpec spec, const char *text, gsize length);

/* Whether @text names a type of object. */
gboolean validate_text_is_type(ObjectSpec spec, const char *text, gsize length);

/* Whether @text may be a key of a dictionary. */
gboolean validate_text_is_key(ObjectSpec spec, const char *text, gsize length);

gboolean validate_text_is_hex(const char *text, gsize length);
gboolean validate_text_is_base64(const char *text, gsize length);
