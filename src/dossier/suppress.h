/* suppress.h - which figures of a publication are left out, so that nobody is told a small count,
 * neither by the figure nor by the difference of others.
 *
 * A count of 1 to SUPPRESS_BELOW - 1 is hidden. Figures that are sums of others tell more: who has
 * the sum and all parts but one has that one. So further figures are hidden until, for everybody
 * who knows these rules and all figures that are shown, each small count could have at least
 * SUPPRESS_WIDTH values. Zeros are shown. */
#pragma once

#include <glib.h>

#define SUPPRESS_BELOW   5
#define SUPPRESS_WIDTH   5
#define SUPPRESS_FIGURES 4096 /* at most; beyond, all are hidden */

/* values[total] is the sum of values[parts[0]], ...: at least one part, all at other places. */
typedef struct {
    guint total;
    const guint *parts;
    guint n_parts;
} SuppressSum;

/* Fills ret_hidden[0 .. n_values - 1]. Values are not negative. */
void suppress_find(const gint64 *values, guint n_values, const SuppressSum *sums, guint n_sums,
                   gboolean *ret_hidden);
