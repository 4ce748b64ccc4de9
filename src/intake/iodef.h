/* iodef.h - IODEF documents: XML, version 2 (RFC 7970) and 1 (RFC 5070), read as a stream, an event
 * at a time; and JSON (RFC 8727).
 *
 * XML is parsed by libxml2 without network, external files or entities of its own: a document with
 * a DOCTYPE is refused before anything of it is parsed. */
#pragma once

#include "intake/finding_maker.h"

/* Largest element below Incident or IndicatorData in XML, and largest document in JSON. */
#define IODEF_MAX_ELEMENT (16 * 1024 * 1024)
#define IODEF_MAX_JSON    (128 * 1024 * 1024)

gboolean iodef_read_xml(Stream *stream, FindingMaker *maker, GError **error);

gboolean iodef_read_json(Stream *stream, FindingMaker *maker, GError **error);
