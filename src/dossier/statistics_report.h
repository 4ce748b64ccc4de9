/* statistics_report.h - statistics as the body of a report, signed JSON of the type "report"
 * (docs/reports.md). */
#pragma once

#include <yyjson.h>

#include "dossier/statistics.h"
#include "ledger/signed_json.h"

#define STATISTICS_REPORT_TYPE      "report"
#define STATISTICS_REPORT_BYTES_MAX (1024 * 1024)
#define STATISTICS_REPORT_TABLES    64
#define STATISTICS_REPORT_FIGURES   1024 /* of a table */

typedef struct {
    const char *node, *organisation; /* organisation may be NULL */
    gint64 time_us;
    const char *checkpoint; /* of the node's ledger, "SIZE ROOT"; NULL: none */
} StatisticsReportHead;

/* The body. A hidden figure says so instead of its value. Caller frees the document. */
yyjson_mut_doc *statistics_report_body(const Statistics *statistics,
                                       const StatisticsReportHead *head);

/* Whether @body is one of a report; CONCERT_ERROR_INPUT says why it is none. Adds to @faults (char
 * *) each figure in which it contradicts itself: totals are no less than what is shown of their
 * parts, and equal to them where all are shown; values are whole numbers, or hidden; nothing small
 * is shown, nothing is there twice. */
gboolean statistics_report_check(yyjson_val *body, GPtrArray *faults, GError **error);

/* Adds to @faults each figure of the checked @body that is not as @again has it, or is
 * there too much or too little: "requests, "advice, given": it says 7, and is 8". @with_store: also
 * what is not counted from dossiers. */
void statistics_report_compare(yyjson_val *body, const Statistics *again, gboolean with_store,
                               GPtrArray *faults);
