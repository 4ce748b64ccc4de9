/* xarf.h - X-ARF reports: version 4 (xarf.org), versions 1 to 3 (Abusix' schemas and those of the
 * specification's samples), each a JSON object; one, an array, or one after the other. */
#pragma once

#include <yyjson.h>

#include "intake/finding_maker.h"

/* Largest report, evidence included. */
#define XARF_MAX_SIZE (32 * 1024 * 1024)

gboolean xarf_read(Stream *stream, FindingMaker *maker, GError **error);

/* Whether an object with such members is a report. */
gboolean xarf_is_report(yyjson_val *root);
