/* negotiate.h - what a client can read, and what it says it sends: Accept, Accept-Encoding and
 * Content-Type (RFC 9110 sections 8.3, 12.5; TAXII 2.1 section 1.6.8). */
#pragma once

#include <glib.h>

#define NEGOTIATE_TAXII "application/taxii+json;version=2.1"

/* Whether a client with this Accept header (NULL: none, which accepts everything) takes TAXII 2.1.
 * application/taxii+json without version, application/ * and * / * do; another version does not. */
gboolean negotiate_accepts_taxii(const char *accept);

/* Whether this Content-Type (NULL: none) is TAXII 2.1. */
gboolean negotiate_is_taxii(const char *content_type);

typedef enum {
    NEGOTIATE_IDENTITY,
    NEGOTIATE_GZIP,
    NEGOTIATE_ZSTD,
} NegotiateCoding;

/* The coding this Accept-Encoding (NULL: none) likes best; of equals zstd, then gzip. */
NegotiateCoding negotiate_coding(const char *accept_encoding);

/* "gzip", "zstd"; NULL for identity. */
const char *negotiate_coding_name(NegotiateCoding coding);
