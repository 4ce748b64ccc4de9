/* taxii_envelope.h - a TAXII envelope (TAXII 2.1 section 3.7) cut into its objects, byte for byte.
 */
#pragma once

#include <glib.h>

#include "base/error.h"

/* Values in "objects". */
#define TAXII_ENVELOPE_MAX_OBJECTS 1000000

typedef struct {
    const char *bytes; /* in the envelope's text */
    gsize length;
} TaxiiEnvelopeItem;

/* Finds the values in the "objects" of the envelope @text. They are not checked themselves: broken
 * ones are among them. Fails with CONCERT_ERROR_INPUT when the text is no JSON object, has no
 * "objects", or has it twice; with CONCERT_ERROR_LIMIT when there are too many. */
GArray *taxii_envelope_split(const char *text, gsize length, GError **error);
