/* router.h - which row of a table a path belongs to.
 *
 * A row's path is a template such as "/{root}/collections/{id}/". The first row that fits wins, so
 * literal names stand before "{...}". A slash at the end makes no difference.
 *
 * A last "{...}" that ends in "+", as in "/tile/{path+}", takes all that is left of the path as it
 * came: with its slashes, one at the end too, and not decoded. */
#pragma once

#include <glib.h>

/* Variables in a template. */
#define ROUTER_MAX_VALUES 4

/* What "{...}" stood for, in order, percent-decoded. */
typedef struct {
    char *values[ROUTER_MAX_VALUES];
} RouterMatch;

void router_match_clear(RouterMatch *match);

/* Does @path (percent-encoded, up to a '?' or the end) fit @template? ret_match is filled then. A
 * variable is never empty and never contains a slash, not even an encoded one. */
gboolean router_fits(const char *template, const char *path, RouterMatch *ret_match);
