/* finding_csv.h - tables of findings: Shadowserver's reports, and any other with a header. */
#pragma once

#include "intake/finding_columns.h"

typedef struct {
    char separator;
    gboolean shadowserver;
    guint recognised; /* columns whose names are known */
} FindingCsv;

/* Looks whether @sample, the beginning of a text, is a table with a header of which a column holds
 * what a finding can be about. */
gboolean finding_csv_sniff(const char *sample, gsize length, FindingCsv *ret_csv);

/* Reads the rows of the table. The header is the first record; columns are those of the maker's
 * options, or Shadowserver's when @shadowserver, or what the header tells. */
gboolean finding_csv_read(Stream *stream, char separator, gboolean shadowserver,
                          FindingMaker *maker, GError **error);
