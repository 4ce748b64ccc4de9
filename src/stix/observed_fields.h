/* observed_fields.h - an observation made of single values, each with the object path that a
 * pattern would ask for it by: what a record of a log, or a packet, says.
 *
 * Values of one type of object go into one object, and what references name becomes an object of
 * its own, of the type that the reference or the value calls for:
 *
 *     network-traffic:dst_ref.value  192.0.2.1   {"type": "network-traffic", "dst_ref": "1",
 *     network-traffic:dst_port       443          "dst_port": 443},
 *                                                 {"type": "ipv4-addr", "value": "192.0.2.1"}
 *
 * A second value of a path begins a second object. Ports, sizes and the like become numbers, names
 * of hosts and hashes lower case, as published patterns have them. */
#pragma once

#include "stix/observed.h"

/* The path of an address whose version its text tells; likewise names that are addresses. */
#define OBSERVED_FIELDS_ADDRESS   "ipv4-addr:value"

#define OBSERVED_FIELDS_MAX       1000 /* values of one observation */
#define OBSERVED_FIELDS_MAX_PATHS 1000 /* different paths */

typedef struct ObservedFields ObservedFields;

ObservedFields *observed_fields_new(void);
void observed_fields_free(ObservedFields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ObservedFields, observed_fields_free)

/* Begins an observation that was made once, at @us. @id (may be NULL) is copied. */
void observed_fields_begin(ObservedFields *fields, const char *id, gint64 us);

/* Adds the value @text, which is copied; bytes that are no UTF-8 become U+FFFD. FALSE, with nothing
 * added, when @path is no object path or a bound is met. */
gboolean observed_fields_add(ObservedFields *fields, const char *path, const char *text,
                             gsize length);

/* The observation; what it borrows lives until the next observed_fields_begin(). */
Observed *observed_fields_end(ObservedFields *fields);
