/* identifier.h - STIX identifiers (STIX 2.1 section 2.9, STIX 2.0 part 1 section 2.7): their
 * syntax, and the deterministic ones.
 *
 * An identifier is "object-type--UUID". Observables derive theirs from their own content, UUIDv5
 * over canonical JSON, so that everybody gives the same address the same name. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* The UUID namespace of STIX observables (STIX 2.1 section 2.9). */
#define IDENTIFIER_NAMESPACE_STIX "00abedb4-aa42-466c-9c01-fed23315a9b7"

/* Bytes of a UUID's text, without a NUL. */
#define IDENTIFIER_UUID_LENGTH 36

/* The length of the type before the first "--", or 0 when @text has no "--", no type before it or
 * nothing behind it. */
gsize identifier_type_length(const char *text, gsize length);

/* Whether @text is an RFC 4122 UUID: 8-4-4-4-12 hex digits of either case, variant 10x, version 1
 * to 5. *ret_version (may be NULL) is the version. */
gboolean identifier_is_uuid(const char *text, gsize length, guint *ret_version);

/* The UUIDv5 (RFC 4122 section 4.3) of @length bytes of @name in the namespace @space. */
void identifier_hash_v5(const guint8 space[16], const char *name, gsize length,
                        guint8 ret_uuid[16]);

/* Writes the text of a UUID and a NUL. */
void identifier_format_uuid(char text[IDENTIFIER_UUID_LENGTH + 1], const guint8 uuid[16]);

/* "@type--" and the UUIDv5 (RFC 4122 section 4.3) of @length bytes of @name in @namespace_uuid, a
 * UUID in text. For whatever Concert itself derives; caller frees. */
char *identifier_make_v5(const char *type, const char *namespace_uuid, const char *name,
                         gsize length);

/* The deterministic identifier that STIX 2.1 recommends for the observable @object, or NULL when
 * it has none: the type defines no contributing properties, or none of them is present. Caller
 * frees. */
char *identifier_of_observable(yyjson_val *object);
