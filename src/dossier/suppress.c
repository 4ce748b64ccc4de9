#include "dossier/suppress.h"

#define PRIME     G_GUINT64_CONSTANT(2147483647) /* 2^31 - 1: equations are solved modulo it */
#define UNBOUNDED (G_MAXINT64 / 4)
#define NONE      G_MAXUINT

typedef struct {
    const gint64 *values;
    guint n_values;
    const SuppressSum *sums;
    guint n_sums;
    gboolean *hidden;
    gint64 *low, *high; /* what each figure can be, for who sees what is shown */
    guint64 *matrix;    /* n_sums rows of n_values: what the sums say of hidden figures */
} Search;

static gboolean is_small(gint64 value)
{
    return value > 0 && value < SUPPRESS_BELOW;
}

/* --- what a reader can work out: exactly, by linear equations ---------------------------------
 */

static guint64 power(guint64 base, guint64 exponent)
{
    guint64 result = 1;
    for (; exponent > 0; exponent >>= 1, base = base * base % PRIME)
        if (exponent & 1)
            result = result * base % PRIME;
    return result;
}

static guint64 *row(const Search *search, guint i)
{
    return search->matrix + (gsize)i * search->n_values;
}

static void fill_matrix(Search *search)
{
    for (guint i = 0; i < search->n_sums; i++) {
        const SuppressSum *sum = &search->sums[i];
        guint64 *line = row(search, i);
        for (guint k = 0; k < search->n_values; k++)
            line[k] = 0;
        if (search->hidden[sum->total])
            line[sum->total] = PRIME - 1;
        for (guint k = 0; k < sum->n_parts; k++)
            if (search->hidden[sum->parts[k]])
                line[sum->parts[k]] = 1;
    }
}

static void eliminate(Search *search, guint from, guint pivot, guint column)
{
    guint64 *target = row(search, from), *source = row(search, pivot);
    guint64 factor = target[column];
    for (guint k = 0; factor != 0 && k < search->n_values; k++)
        target[k] = (target[k] + (PRIME - factor) * source[k]) % PRIME;
}

static void swap_rows(Search *search, guint a, guint b)
{
    for (guint k = 0; a != b && k < search->n_values; k++) {
        guint64 other = row(search, a)[k];
        row(search, a)[k] = row(search, b)[k];
        row(search, b)[k] = other;
    }
}

/* Brings the matrix into reduced row echelon form. Returns its rank. */
static guint reduce(Search *search)
{
    guint rank = 0;
    for (guint column = 0; column < search->n_values && rank < search->n_sums; column++) {
        guint pivot = rank;
        while (pivot < search->n_sums && row(search, pivot)[column] == 0)
            pivot++;
        if (pivot == search->n_sums)
            continue;
        swap_rows(search, rank, pivot);
        guint64 inverse = power(row(search, rank)[column], PRIME - 2);
        for (guint k = 0; k < search->n_values; k++)
            row(search, rank)[k] = row(search, rank)[k] * inverse % PRIME;
        for (guint i = 0; i < search->n_sums; i++)
            if (i != rank)
                eliminate(search, i, rank, column);
        rank++;
    }
    return rank;
}

/* A small hidden figure that the equations determine: it stands alone in a row. */
static guint find_determined(Search *search)
{
    fill_matrix(search);
    guint rank = reduce(search);
    for (guint i = 0; i < rank; i++) {
        guint found = NONE, count = 0;
        for (guint k = 0; k < search->n_values; k++)
            if (row(search, i)[k] != 0) {
                found = k;
                count++;
            }
        if (count == 1 && is_small(search->values[found]))
            return found;
    }
    return NONE;
}

/* --- and by bounds: no figure that is hidden is below 1 ----------------------------------------
 */

static gboolean narrow(Search *search, guint figure, gint64 low, gint64 high)
{
    gboolean changed = FALSE;
    if (low > search->low[figure]) {
        search->low[figure] = low;
        changed = TRUE;
    }
    if (high < search->high[figure]) {
        search->high[figure] = high;
        changed = TRUE;
    }
    return changed;
}

static gint64 add_up(const gint64 *bounds, const SuppressSum *sum)
{
    gint64 all = 0;
    for (guint k = 0; k < sum->n_parts; k++)
        all = MIN(UNBOUNDED, all + bounds[sum->parts[k]]);
    return all;
}

static gboolean narrow_sum(Search *search, const SuppressSum *sum)
{
    gint64 low = add_up(search->low, sum), high = add_up(search->high, sum);
    gboolean changed = narrow(search, sum->total, low, high);
    for (guint k = 0; k < sum->n_parts; k++) {
        guint part = sum->parts[k];
        gint64 most = search->high[sum->total] - (low - search->low[part]);
        gint64 least =
            high >= UNBOUNDED ? 0 : search->low[sum->total] - (high - search->high[part]);
        if (narrow(search, part, least, MIN(UNBOUNDED, most)))
            changed = TRUE;
    }
    return changed;
}

static void find_bounds(Search *search)
{
    gboolean changed = TRUE;
    for (guint i = 0; i < search->n_values; i++) {
        search->low[i] = search->hidden[i] ? 1 : search->values[i];
        search->high[i] = search->hidden[i] ? UNBOUNDED : search->values[i];
    }
    for (guint round = 0; changed && round < search->n_values + 8; round++) {
        changed = FALSE;
        for (guint i = 0; i < search->n_sums; i++)
            if (narrow_sum(search, &search->sums[i]))
                changed = TRUE;
    }
}

static guint find_narrow(Search *search)
{
    find_bounds(search);
    for (guint i = 0; i < search->n_values; i++)
        if (search->hidden[i] && is_small(search->values[i]) &&
            search->high[i] - search->low[i] + 1 < SUPPRESS_WIDTH)
            return i;
    return NONE;
}

/* --- hiding more -------------------------------------------------------------------------------
 */

static gboolean has_figure(const SuppressSum *sum, guint figure)
{
    if (sum->total == figure)
        return TRUE;
    for (guint k = 0; k < sum->n_parts; k++)
        if (sum->parts[k] == figure)
            return TRUE;
    return FALSE;
}

static void consider(const Search *search, guint figure, guint *best)
{
    if (!search->hidden[figure] && search->values[figure] > 0 &&
        (*best == NONE || search->values[figure] < search->values[*best]))
        *best = figure;
}

/* The least figure that is shown in one of the sums with @figure; or, when all of these are hidden,
 * in any sum with something hidden. A total is the last choice: it tells most. */
static guint find_victim(const Search *search, guint figure)
{
    for (guint pass = 0; pass < 3; pass++) {
        guint best = NONE;
        for (guint i = 0; i < search->n_sums; i++) {
            const SuppressSum *sum = &search->sums[i];
            if (pass < 2 && !has_figure(sum, figure))
                continue;
            for (guint k = 0; k < sum->n_parts; k++)
                consider(search, sum->parts[k], &best);
            if (pass > 0)
                consider(search, sum->total, &best);
        }
        if (best != NONE)
            return best;
    }
    return NONE;
}

void suppress_find(const gint64 *values, guint n_values, const SuppressSum *sums, guint n_sums,
                   gboolean *ret_hidden)
{
    gboolean fits = n_values <= SUPPRESS_FIGURES;
    for (guint i = 0; i < n_values; i++)
        ret_hidden[i] = !fits || is_small(values[i]);
    if (!fits || n_sums == 0)
        return;
    g_autofree gint64 *low = g_new(gint64, n_values), *high = g_new(gint64, n_values);
    g_autofree guint64 *matrix = g_new(guint64, (gsize)n_values * n_sums);
    Search search = {values, n_values, sums, n_sums, ret_hidden, low, high, matrix};
    for (;;) {
        guint exposed = find_narrow(&search);
        if (exposed == NONE)
            exposed = find_determined(&search);
        guint victim = exposed == NONE ? NONE : find_victim(&search, exposed);
        if (victim == NONE)
            return;
        ret_hidden[victim] = TRUE;
    }
}
