/* shield_cache.h - the node's own compiled set: all of its indicators, marked by the warninglists
 * of [shield] suppress. It lies in the node's directory and is made again when the store, the lists
 * or the settings have changed since. */
#pragma once

#include "node/node.h"
#include "shield/set.h"
#include "shield/warninglist.h"

/* What a node's secret for its sets is derived for; see store/content.h. */
#define SHIELD_CACHE_SECRET "shield"

/* Opens it, made anew if it must be. Who may not write to the node's directory gets the same set in
 * memory. *ret_made (may be NULL): all indicators were read. */
Set *shield_cache_open(Node *node, gboolean *ret_made, GError **error);

/* Adds to @lists those of [shield] suppress, for who compiles the node's indicators otherwise. */
gboolean shield_cache_add_lists(const Config *config, Warninglist *lists, GError **error);

/* The same, of the parts of a node. */
Set *shield_cache_open_parts(const char *directory, const Config *config, Store *store,
                             gboolean *ret_made, GError **error);
