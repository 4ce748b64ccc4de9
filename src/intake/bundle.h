/* bundle.h - STIX objects out of JSON: a bundle, a TAXII envelope, an array, a single object, or
 * one of these after the other (one a line or not).
 *
 * The objects are handed on exactly as they stand in the input, one at a time; the input is never
 * in memory as a whole. Broken text costs the object it is in: reading goes on at the next place
 * where a whole object with type and id begins. */
#pragma once

#include "intake/intake.h"

/* Reads @stream, called @name in messages. Fails when the stream or the sink does. */
gboolean bundle_read(Stream *stream, const char *name, const IntakeOptions *options,
                     const IntakeSink *sink, GError **error);
