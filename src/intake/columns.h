/* columns.h - what the columns of a table are: from names in its header, or from what the user
 * says.
 */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "intake/record.h"
#include "stix/observable.h"

typedef enum {
    COLUMNS_NONE, /* not kept */
    COLUMNS_VALUE,
    COLUMNS_TYPE, /* what the values of the record are */
    COLUMNS_PORT, /* destination port that goes with the value */
    COLUMNS_NAME,
    COLUMNS_COMMENT,
    COLUMNS_FIRST_SEEN,
    COLUMNS_LAST_SEEN,
    COLUMNS_VALID_UNTIL,
    COLUMNS_CONFIDENCE, /* 0 to 100 */
    COLUMNS_TLP,
    COLUMNS_TAGS,
    COLUMNS_REFERENCE,
} ColumnsRole;

typedef struct {
    ColumnsRole role;
    ObservableKind kind; /* of a value, when the name tells */
} Column;

/* "value", "type", ...: as an option's text names it; NULL for COLUMNS_NONE. */
const char *columns_role_name(ColumnsRole role);

/* What columns of these names are, a Column each. */
GArray *columns_from_header(const GArray *fields);

/* Whether any of @columns holds values. */
gboolean columns_have_value(const GArray *columns);

/* The columns an option's text names: "value=2,type=1,comment=5", a role and the number (from 1) or
 * the name of a column in @header (NULL: there is none). A role may be named several times, and a
 * kind may stand for value: "sha256=3". *ret_named: a column was named, so there has to be a
 * header. Fails with CONCERT_ERROR_INPUT. @count is how many columns there are. */
GArray *columns_from_text(const char *text, const GArray *header, guint count, gboolean *ret_named,
                          GError **error);

/* The kind that a type column's text stands for ("ip:port", "domain-name", "FileHash-SHA256"), or
 * OBSERVABLE_NONE. */
ObservableKind columns_kind(const char *text);
