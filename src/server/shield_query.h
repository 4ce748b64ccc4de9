/* shield_query.h - the parameters of a request for an export: the options that exports have
 * (shield/export_option.h) as far as they may be had over HTTP. */
#pragma once

#include "shield/export_option.h"

/* Parameters in one request. */
#define SHIELD_QUERY_MAX 64

/* Reads @query, what stands behind the "?" of a URI (NULL: nothing), into @options:
 * "kind=domain&kind=url&exact". *ret_texts are what the options then borrow; caller frees. Fails
 * with CONCERT_ERROR_INPUT naming the parameter that is not known, or not of @format, is given
 * twice, or has a value that it cannot have. */
gboolean shield_query_read(const char *query, const ExportFormat *format, ExportOptions *options,
                           GPtrArray **ret_texts, GError **error);
