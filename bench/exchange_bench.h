/* exchange_bench.h - what the parts of bench-exchange share. */
#pragma once

#include <glib.h>

#include "node/node.h"

/* The value (double) below which @share of @values lies; they are sorted. 0: there are none. */
double exchange_bench_quantile(GArray *values, double share);

/* The lines of stdin, without their ends; caller unrefs. */
GPtrArray *exchange_bench_lines(void);

/* Sends the object @id of @node to the ledgers @to; *ret_entry is the dispatch. */
gboolean exchange_bench_send(Node *node, const char *const *to, const char *id, guint64 *ret_entry,
                             GError **error);

/* The commands "make" and "peers" (exchange_peers.c). */
gboolean exchange_bench_make(char **arguments, GError **error);
gboolean exchange_bench_peers(char **arguments, GError **error);
