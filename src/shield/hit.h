/* hit.h - how hits are written down: for programs as JSON, for people as a table. */
#pragma once

#include "shield/scan.h"

/* Appends one JSON object and a line feed: type, value, seen, indicator, source, name, file, line,
 * column, confidence, valid_until, tlp; of a value on warninglists also suppressed_by; of what
 * stands in a record or a packet also format, field, time, proto, src_ip, src_port, dest_ip,
 * dest_port. What is not known is null. Bytes that are no UTF-8 become U+FFFD. */
void hit_append_json(GString *into, const char *file, const ScanHit *hit);

/* Appends the headings of the table. */
void hit_append_heading(GString *into);

/* Appends a row: where, type, value, what was seen when that differs, indicator, source, and what
 * more is known. Safe for terminals (base/escape.h). */
void hit_append_row(GString *into, const char *file, const ScanHit *hit);

/* Appends one document of the Elastic Common Schema and a line feed: @timestamp, event.*,
 * threat.indicator.*, source.*, destination.*, network.*, log.*, and what was seen where, as far
 * as known. @timestamp is the record's time, else @now (microseconds), when it was found. */
void hit_append_ecs(GString *into, const char *file, const ScanHit *hit, gint64 now);
