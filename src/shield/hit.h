/* hit.h - how hits are written down: for programs as JSON, for people as a table. */
#pragma once

#include "shield/scan.h"

/* Appends one JSON object and a line feed: type, value, seen, indicator, source, name, file, line,
 * column, confidence, valid_until, tlp; of what stands in a record or a packet also format, field,
 * time, protocol, source_address, source_port, destination_address, destination_port. What is not
 * known is null. Bytes that are no UTF-8 become U+FFFD. */
void hit_append_json(GString *into, const char *file, const ScanHit *hit);

/* Appends the headings of the table. */
void hit_append_heading(GString *into);

/* Appends a row: where, type, value, what was seen when that differs, indicator, source, and what
 * more is known. Safe for terminals (base/escape.h). */
void hit_append_row(GString *into, const char *file, const ScanHit *hit);
