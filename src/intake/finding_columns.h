/* finding_columns.h - what the columns of a table of findings are: from names in its header, or
 * from what the user, or a rule, says. */
#pragma once

#include "intake/finding_maker.h"
#include "intake/record.h"

typedef enum {
    FINDING_COLUMNS_NONE,
    FINDING_COLUMNS_VALUE, /* whatever it is by its looks */
    FINDING_COLUMNS_ADDRESS,
    FINDING_COLUMNS_PREFIX,
    FINDING_COLUMNS_URL,
    FINDING_COLUMNS_EMAIL,
    FINDING_COLUMNS_DOMAIN,
    FINDING_COLUMNS_HASH,
    FINDING_COLUMNS_HOST, /* a name the address also has: counts where there is no address */
    FINDING_COLUMNS_PORT,
    FINDING_COLUMNS_PROTOCOL,
    FINDING_COLUMNS_ASN,
    FINDING_COLUMNS_TIME,
    FINDING_COLUMNS_CLASS,
    FINDING_COLUMNS_SEVERITY,
    FINDING_COLUMNS_DESCRIPTION,
    FINDING_COLUMNS_REPORT_ID,
    FINDING_COLUMNS_REPORT_TYPE,
    FINDING_COLUMNS_REPORTER,
    FINDING_COLUMNS_ROLE, /* "subject", "target", "other" */
} FindingColumnRole;

typedef struct {
    FindingColumnRole role;
    guint column; /* from 0 */
    guint rank;   /* of several columns of one role the lowest that says something counts */
} FindingColumn;

/* The columns that names in a header tell, FindingColumn, in the order they are to be used.
 * @fields: RecordField. */
GArray *finding_columns_from_header(const GArray *fields);

/* The columns that "address=ip,time=2" tells: a role, and the name or number (from 1) of a column.
 * @lenient: columns that are not there are passed over. Fails with CONCERT_ERROR_INPUT. */
GArray *finding_columns_from_text(const char *text, const GArray *fields, gboolean lenient,
                                  GError **error);

/* Whether any of @columns holds what a finding can be about. */
gboolean finding_columns_have_value(const GArray *columns);

/* Sets what the record's @fields say by @columns. FALSE, with a reason remembered, when a column
 * that should hold what the finding is about holds something else. */
gboolean finding_columns_use(const GArray *columns, const GArray *fields, FindingMaker *maker);

/* The name of a role as finding_columns_from_text() has it. */
const char *finding_columns_role_name(FindingColumnRole role);
