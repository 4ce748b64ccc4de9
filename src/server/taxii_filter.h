/* taxii_filter.h - the query of a TAXII request: filters and paging (TAXII 2.1 sections 3.4, 3.5).
 *
 * What the specification calls malformed is refused, a known parameter given twice too; parameters
 * and match fields it does not define are ignored, as it allows.
 *
 * `next` is stateless: it says where the page begins and up to which date_added the whole reading
 * goes, so the same `next` gives the same page from any process, today and tomorrow. It carries a
 * digest of the collection and the filters it was made for, and refuses to be used with others. It
 * conveys no right; so it needs no secret. */
#pragma once

#include "store/collections.h"

/* Values in one comma-separated list. */
#define TAXII_FILTER_MAX_VALUES 1000

/* Which parameters an endpoint knows. */
typedef enum {
    TAXII_FILTER_PAGE = 1 << 0, /* added_after, limit, next */
    TAXII_FILTER_ID = 1 << 1,
    TAXII_FILTER_TYPE = 1 << 2,
    TAXII_FILTER_VERSION = 1 << 3,
    TAXII_FILTER_SPEC_VERSION = 1 << 4,
} TaxiiFilterParts;

typedef struct {
    CollectionFilter match;
    gboolean nothing;   /* match[spec_version] names only versions that no object here has */
    gint64 added_after; /* G_MININT64: not given */
    guint limit;        /* 0: not given */
    char *next;         /* NULL: not given */
} TaxiiFilter;

/* Parses @query, what stands after the '?' of a URI, percent-encoded (NULL: nothing). Fails with
 * CONCERT_ERROR_INPUT naming the parameter. */
gboolean taxii_filter_parse(const char *query, guint parts, TaxiiFilter *ret_filter,
                            GError **error);

void taxii_filter_clear(TaxiiFilter *filter);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TaxiiFilter, taxii_filter_clear)

/* Percent-decodes @length bytes (RFC 3986). NULL when an escape is broken, or the result is not
 * UTF-8 or has a NUL. Caller frees. */
char *taxii_filter_decode(const char *text, gsize length);

/* The `next` for members of @collection (its id) under @filter later than @after, none later than
 * @until. Caller frees. */
char *taxii_filter_next(const TaxiiFilter *filter, const char *collection, gint64 after,
                        gint64 until);

/* Where the page that @filter asks for begins and ends: from its `next`, else from added_after.
 * CONCERT_ERROR_INPUT when `next` is none of ours or was made for another collection or filter. */
gboolean taxii_filter_position(const TaxiiFilter *filter, const char *collection, gint64 *ret_after,
                               gint64 *ret_until, GError **error);
