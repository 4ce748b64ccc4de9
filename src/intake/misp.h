/* misp.h - MISP events in, STIX 2.1 objects out (MISP core format,
 * draft-dulaunoy-misp-core-format).
 *
 * Taken are an event ({"Event": {...}} or its content alone), {"response": [...]}, arrays and
 * sequences of events, and the attributes and objects that the REST searches of MISP give without
 * their event. One event is in memory at a time, at most MISP_MAX_EVENT bytes of JSON.
 *
 * docs/misp.md says what becomes of each type, object and field. Nothing is dropped in silence:
 * what STIX has no place for is kept as an x-misp-attribute or x-misp-object, or as an x_misp_...
 * property, and noted as INTAKE_UNMAPPED; what is broken is noted as INTAKE_BROKEN with its JSON
 * path, and its neighbours go on. The same input gives the same bytes at every import. */
#pragma once

#include "intake/intake.h"

#define MISP_MAX_EVENT ((gsize)256 * 1024 * 1024)

/* Reads @stream, called @name in messages. Fails when the stream fails or the sink stops; a broken
 * event is a note. */
gboolean misp_read(Stream *stream, const char *name, const IntakeOptions *options,
                   const IntakeSink *sink, GError **error);

/* Reads a MISP feed in the directory @path: manifest.json, then <uuid>.json for each event it
 * names, in the order of their UUIDs. Names that are no UUID are noted and never opened. */
gboolean misp_feed_directory(const char *path, const IntakeOptions *options, const IntakeSink *sink,
                             GError **error);

/* The same feed over HTTP, at the directory @url (with or without the "/" at its end). An event
 * that cannot be fetched is noted; ten in a row end the import. */
gboolean misp_feed_url(const char *url, const IntakeOptions *options, const IntakeSink *sink,
                       GError **error);
